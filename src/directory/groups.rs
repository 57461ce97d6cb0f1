//! How each kind of group lists its members, and so how to ask whether somebody is one.

use futures_util::future::try_join_all;

use super::active_directory::Token;
use super::nested::{Closure, Links, Primary};
use super::operations::{self, Time};
use super::session::Session;
use super::{DirectoryError, Entry, sid};
use crate::account_state::wanted_attributes as wanted_of_state;
use crate::config::{Config, GroupSchema};
use crate::names::{AttributeName, Dn, UserName};
use crate::policy::{Answer, Proof, Question};
use crate::template::Filter;

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
        let search = config.group.search.as_slice();
        match &config.group.schema {
            GroupSchema::MemberDn(member) if config.group.nested => {
                let primary = Primary::None;
                let links = Links {
                    member,
                    search,
                    primary,
                };
                self.closure.answer(session, time, links, questions).await
            }
            GroupSchema::ActiveDirectory if config.group.nested => {
                let member = &AttributeName::known("member");
                let filter = primary_group(entry);
                let primary = filter.as_ref().map_or(Primary::Unknown, Primary::Group);
                let links = Links {
                    member,
                    search,
                    primary,
                };
                let at = (session, time);
                self.token
                    .answer(&mut self.closure, at, links, entry, questions)
                    .await
            }
            GroupSchema::MemberDn(_) | GroupSchema::ActiveDirectory | GroupSchema::Posix => {
                let membership = membership(config, user, entry);
                let limit = time.limit();
                let asking = questions
                    .iter()
                    .map(|question| direct(session, limit, question, &membership));
                try_join_all(asking).await
            }
        }
    }
}

/// What makes a group the user's, without other groups in between.
struct Membership {
    /// The filter that a group matches if this user is a member.
    filter: Filter,
    /// Why a group that does not match it may be the user's all the same.
    doubt: Option<&'static str>,
}

fn membership(config: &Config, user: &UserName, entry: &Entry) -> Membership {
    let dn = entry.dn.as_str().as_bytes();
    let sure = |filter| Membership {
        filter,
        doubt: None,
    };
    match &config.group.schema {
        GroupSchema::MemberDn(attribute) => sure(Filter::equality(attribute, dn)),
        GroupSchema::ActiveDirectory => {
            let listed = Filter::equality(&AttributeName::known("member"), dn);
            match primary_group(entry) {
                Some(primary) => sure(listed.or(&primary)),
                None => Membership {
                    filter: listed,
                    doubt: Some("the user's entry does not show its primary group"),
                },
            }
        }
        GroupSchema::Posix => {
            let member_uid = AttributeName::known("memberUid");
            let listed = Filter::equality(&member_uid, user.as_str().as_bytes());
            // The primary group does not list its members (RFC 2307 §2.2).
            sure(match entry.values("gidNumber").first() {
                Some(gid) => listed.or(&Filter::equality(&AttributeName::known("gidNumber"), gid)),
                None => listed,
            })
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

async fn direct(
    session: &Session,
    limit: tokio::time::Instant,
    question: &Question,
    membership: &Membership,
) -> Result<Answer, DirectoryError> {
    let answer = operations::answer(session, limit, question, &membership.filter).await?;
    Ok(match (question.proof, answer, membership.doubt) {
        (Proof::NonMember, Answer::Proven, Some(doubt)) => Answer::Withheld(doubt.to_owned()),
        (_, answer, _) => answer,
    })
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
    wanted.extend(wanted_of_state(config.access.account_state.as_ref()));
    wanted.extend(match config.group.schema {
        GroupSchema::MemberDn(_) => &[][..],
        GroupSchema::ActiveDirectory => &["objectSid", "primaryGroupID"],
        GroupSchema::Posix => &["gidNumber"],
    });
    wanted
}
