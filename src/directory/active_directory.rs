//! Nested membership in Active Directory, as the domain controller computes it.
//!
//! `tokenGroups` of the user (MS-ADTS 3.1.1.4.5.19) has the security identifier of every security
//! group that the user is in, directly, through others, and by the primary group. It is read together
//! with the identifiers of the groups that gates name: one round trip, whatever the depth.
//!
//! The other way would be the rule LDAP_MATCHING_RULE_IN_CHAIN in a filter (MS-ADTS 3.1.1.3.4.4.3).
//! It does not know of the primary group; on the group's side a Samba domain controller walks
//! through all its members (8 times slower already for 1,500); and on the user's side the negation
//! matches too where the group does not exist or `memberOf` is hidden, so nothing can be denied by it.
//! `tokenGroups` that is hidden is absent, and proves nothing.
//!
//! It does not have everything, and what it does not have is found by levels ([`nested`](super::nested)):
//! distribution groups, which are no security principals; the groups of `CN=Builtin`, whose identifiers
//! are the same in every domain; and all groups of a server that is no domain controller. A global
//! catalog leaves out domain-local groups of other domains: that nobody is in these is never proven.

use std::collections::BTreeSet;

use super::nested::{Closure, Links};
use super::operations::{self, Found, Time};
use super::result_code::Operation;
use super::session::Session;
use super::sid::{DomainSid, object_sid};
use super::together::together;
use super::{DirectoryError, Entry};
use crate::ordered::ordered;
use crate::policy::{Answer, Proof, Question};

/// Bits of `groupType` (MS-ADTS 2.2.12): GROUP_TYPE_RESOURCE_GROUP, domain-local.
const DOMAIN_LOCAL: i32 = 0x4;
/// GROUP_TYPE_SECURITY_ENABLED, the sign bit.
const SECURITY: i32 = i32::MIN;

/// What a domain controller has said about one user.
#[derive(Default)]
pub struct Token {
    /// None until it is asked for; empty where there is none.
    groups: Option<BTreeSet<DomainSid>>,
}

impl Token {
    /// Answers the questions about `user`; by levels what the token does not have.
    ///
    /// # Errors
    /// The server gave no answer. A group that cannot be read is an answer.
    pub async fn answer(
        &mut self,
        closure: &mut Closure,
        (session, time): (&Session, Time),
        links: Links<'_>,
        user: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        let read = self.read(session, time, user, questions).await?;
        let mut answers = Vec::new();
        let mut left = Vec::new();
        for (question, found) in questions.iter().zip(read) {
            match self.by_token(user, question, found) {
                Some(answer) => answers.push(Some(answer)),
                None => {
                    answers.push(None);
                    left.push(question.clone());
                }
            }
        }
        let by_levels = match links.search {
            _ if left.is_empty() => Vec::new(),
            [] => {
                let why = "no security group of the domain, so nesting needs group.search";
                vec![Answer::Withheld(why.to_owned()); left.len()]
            }
            _ => closure.answer(session, time, links, &left).await?,
        };
        let mut by_levels = by_levels.into_iter();
        let unanswered = || Answer::Withheld("no answer".to_owned());
        Ok(answers
            .into_iter()
            .map(|answer| {
                answer
                    .or_else(|| by_levels.next())
                    .unwrap_or_else(unanswered)
            })
            .collect())
    }

    /// Reads the groups, and with them the token, if it is not known yet.
    async fn read(
        &mut self,
        session: &Session,
        time: Time,
        user: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Found>, DirectoryError> {
        let limit = time.limit();
        let token = &["tokenGroups"][..];
        let token = self.groups.is_none().then_some((&user.dn, token));
        let groups = questions.iter().map(|question| {
            let wanted = &["objectSid", "groupType"][..];
            (&question.group, wanted)
        });
        // A token that the server will not show is none, as a group that it will not show.
        let operation = Operation::GroupRead;
        let reading = token
            .into_iter()
            .chain(groups)
            .map(|(dn, wanted)| operations::read_at(session, limit, dn, wanted, operation));
        let mut read = together(reading).await?.into_iter();
        if self.groups.is_none() {
            let values = |found: Found| match found {
                Found::Entry(user) => {
                    let identifiers = user.values("tokenGroups").iter();
                    ordered(identifiers.filter_map(|sid| DomainSid::parse(sid)))
                }
                Found::Nothing | Found::NoSuchEntry | Found::Withheld(_) => BTreeSet::new(),
            };
            self.groups = Some(read.next().map(values).unwrap_or_default());
        }
        Ok(read.collect())
    }

    /// The answer that the token gives, if it gives one.
    fn by_token(&self, user: &Entry, question: &Question, found: Found) -> Option<Answer> {
        let group = match found {
            Found::Entry(group) => group,
            Found::NoSuchEntry => return Some(Answer::NoSuchGroup),
            Found::Withheld(why) => return Some(Answer::Withheld(why)),
            Found::Nothing => return Some(Answer::NotProven),
        };
        let token = self.groups.as_ref().filter(|token| !token.is_empty())?;
        let sid = object_sid(&group)?;
        let kind: i32 = group.first_text("groupType")?.parse().ok()?;
        if kind & SECURITY == 0 {
            return None;
        }
        let is_member = token.contains(&sid);
        let may_be_left_out = kind & DOMAIN_LOCAL != 0
            && object_sid(user).is_none_or(|user| !user.shares_domain(&sid));
        Some(match question.proof {
            Proof::Member if is_member => Answer::Proven,
            Proof::NonMember if !is_member && may_be_left_out => {
                Answer::Withheld("a domain-local group of another domain".to_owned())
            }
            Proof::NonMember if !is_member => Answer::Proven,
            Proof::Member | Proof::NonMember => Answer::NotProven,
        })
    }
}
