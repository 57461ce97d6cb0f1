//! How each kind of group lists its members, and so how to ask whether somebody is one.

use tokio::time::Instant;

use super::active_directory::Token;
use super::nested::{Closure, Links, Primary};
use super::operations::{self, Time};
use super::session::Session;
use super::together::together;
use super::{DirectoryError, Entry, member_of, sid};
use crate::account_state::wanted_attributes as wanted_of_state;
use crate::config::{Config, Group, GroupSchema};
use crate::names::{AttributeName, Dn, UserName};
use crate::policy::{Answer, Proof, Question};
use crate::template::Filter;

/// Why nobody is proven to be outside of a group.
pub const NO_PRIMARY_GROUP: &str = "the user's entry does not show its primary group";

/// What a server has said about the groups of one user, for the questions behind.
pub struct Memberships {
    user: Dn,
    closure: Closure,
    token: Token,
}

impl Memberships {
    /// Of this user, before anything is asked.
    pub fn new(user: &Dn) -> Self {
        Memberships {
            user: user.clone(),
            closure: Closure::new(user),
            token: Token::default(),
        }
    }

    /// Whether this is about this user.
    pub fn are_of(&self, user: &Dn) -> bool {
        self.user == *user
    }

    /// Answers the questions about this user, in their order.
    ///
    /// # Errors
    /// The server gave no answer. A group that cannot be read is an answer.
    pub async fn answer(
        &mut self,
        config: &Config,
        (session, time): (&Session, Time),
        (user, entry): (&UserName, &Entry),
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        let at = (session, time);
        let dn = entry.dn.as_str().as_bytes();
        let (listed, primary) = (AttributeName::known("member"), primary_group(entry));
        let membership = match (
            &config.group.schema,
            links(&config.group, &listed, primary.as_ref()),
        ) {
            (GroupSchema::ActiveDirectory, Some(links)) => {
                return self
                    .token
                    .answer(&mut self.closure, at, links, entry, questions)
                    .await;
            }
            (_, Some(links)) => return self.closure.answer(session, time, links, questions).await,
            (GroupSchema::MemberOf, None) => return member_of::answer(at, entry, questions).await,
            (GroupSchema::MemberDn(member), None) => Membership::sure(Filter::equality(member, dn)),
            (GroupSchema::ActiveDirectory, None) => Membership::in_active_directory(entry),
            (GroupSchema::Posix, None) => Membership::posix(user, entry),
        };
        let limit = time.limit();
        let asking = questions
            .iter()
            .map(|question| direct(session, limit, (&entry.dn, question), &membership));
        together(asking).await
    }
}

impl Memberships {
    /// The names of all the groups of this user.
    ///
    /// # Errors
    /// There is no complete answer.
    pub async fn names(
        &mut self,
        config: &Config,
        (session, time): (&Session, Time),
        (user, entry): (&UserName, &Entry),
    ) -> Result<Vec<String>, DirectoryError> {
        let group = &config.group;
        let (search, name) = (group.search.as_slice(), &group.name_attribute);
        let (listed, primary) = (AttributeName::known("member"), primary_group(entry));
        let filters = match (&group.schema, links(group, &listed, primary.as_ref())) {
            // In Active Directory distribution groups are links here; for the domain controller they are
            // none.
            (_, Some(links)) => self.closure.listing_all(session, time, links).await?,
            (GroupSchema::MemberOf, None) => {
                return member_of::names((session, time), entry, search, name).await;
            }
            (GroupSchema::MemberDn(member), None) => {
                vec![Filter::equality(member, entry.dn.as_str().as_bytes())]
            }
            (GroupSchema::ActiveDirectory, None) => {
                vec![Membership::in_active_directory(entry).filter]
            }
            (GroupSchema::Posix, None) => vec![Membership::posix(user, entry).filter],
        };
        let limit = time.limit();
        let searching = search.iter().flat_map(|search| {
            filters.iter().map(move |filter| {
                let filter = search.filter.and(filter);
                operations::group_names(session, limit, search, filter, name)
            })
        });
        Ok(together(searching).await?.concat())
    }
}

/// How groups of groups are found, where they count.
fn links<'a>(
    group: &'a Group,
    listed: &'a AttributeName,
    primary: Option<&'a Filter>,
) -> Option<Links<'a>> {
    let (member, primary) = match &group.schema {
        _ if !group.nested => return None,
        GroupSchema::MemberDn(member) => (member, Primary::None),
        GroupSchema::ActiveDirectory => (listed, primary.map_or(Primary::Unknown, Primary::Group)),
        GroupSchema::MemberOf | GroupSchema::Posix => return None,
    };
    Some(Links {
        member,
        search: &group.search,
        primary,
        references_count: group.schema != GroupSchema::ActiveDirectory,
    })
}

/// What makes a group the user's, without other groups in between.
struct Membership {
    /// The filter that a group matches if this user is a member.
    filter: Filter,
    /// Whether a group that does not match it may be the user's all the same.
    doubt: Doubt,
}

/// Whether a user may have a primary group that is not known here.
enum Doubt {
    /// No.
    None,
    /// Yes.
    PrimaryGroup,
    /// Unless the user's entry shows that it has no such attribute.
    PrimaryGroupIn(AttributeName),
}

impl Membership {
    fn sure(filter: Filter) -> Self {
        let doubt = Doubt::None;
        Membership { filter, doubt }
    }

    fn in_active_directory(entry: &Entry) -> Self {
        let dn = entry.dn.as_str().as_bytes();
        let listed = Filter::equality(&AttributeName::known("member"), dn);
        match primary_group(entry) {
            Some(primary) => Membership::sure(listed.or(&primary)),
            None => Membership {
                filter: listed,
                doubt: Doubt::PrimaryGroup,
            },
        }
    }

    /// The primary group does not list its members (RFC 2307 §2.2).
    fn posix(user: &UserName, entry: &Entry) -> Self {
        let member_uid = AttributeName::known("memberUid");
        let listed = Filter::equality(&member_uid, user.as_str().as_bytes());
        let gid_number = AttributeName::known("gidNumber");
        match entry.values("gidNumber").first() {
            Some(gid) => Membership::sure(listed.or(&Filter::equality(&gid_number, gid))),
            None => Membership {
                filter: listed,
                doubt: Doubt::PrimaryGroupIn(gid_number),
            },
        }
    }
}

/// The filter that the primary group of a user of Active Directory matches.
fn primary_group(entry: &Entry) -> Option<Filter> {
    let sid = sid::primary_group(entry)?;
    Some(Filter::equality(
        &AttributeName::known("objectSid"),
        sid.as_bytes(),
    ))
}

/// Asks a group itself, and the user's entry where the group alone is no proof.
async fn direct(
    session: &Session,
    limit: Instant,
    (user, question): (&Dn, &Question),
    membership: &Membership,
) -> Result<Answer, DirectoryError> {
    let answer = operations::answer(session, limit, question, &membership.filter).await?;
    if question.proof == Proof::Member || answer != Answer::Proven {
        return Ok(answer);
    }
    let sure = match &membership.doubt {
        Doubt::None => true,
        Doubt::PrimaryGroup => false,
        Doubt::PrimaryGroupIn(attribute) => {
            let none = Question {
                group: user.clone(),
                proof: Proof::NonMember,
            };
            let shown = Filter::presence(attribute);
            operations::answer(session, limit, &none, &shown).await? == Answer::Proven
        }
    };
    match sure {
        true => Ok(Answer::Proven),
        false => Ok(Answer::Withheld(NO_PRIMARY_GROUP.to_owned())),
    }
}

/// The attributes of a user's entry that a login needs, and no more.
pub fn wanted_attributes(config: &Config) -> Vec<&str> {
    let mut wanted = vec![config.user.name_attribute.as_str()];
    wanted.extend(
        config
            .user
            .attributes
            .values()
            .map(|attribute| attribute.as_str()),
    );
    let listing = [
        &config.access.host_attribute,
        &config.access.service_attribute,
    ];
    wanted.extend(
        listing
            .into_iter()
            .flatten()
            .map(|attribute| attribute.as_str()),
    );
    wanted.extend(wanted_of_state(config.access.account_state.as_ref()));
    wanted.extend(match config.group.schema {
        GroupSchema::MemberDn(_) => &[][..],
        GroupSchema::ActiveDirectory => &["objectSid", "primaryGroupID"],
        GroupSchema::MemberOf => &[member_of::MEMBER_OF],
        GroupSchema::Posix => &["gidNumber"],
    });
    wanted
}
