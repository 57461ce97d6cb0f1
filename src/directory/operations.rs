//! The single operations of a login: what is sent, and what the answer says.

use std::collections::BTreeSet;
use std::time::Duration;

use ldap3::SearchOptions;
use ldap3::controls::{Control, RawControl};
use tokio::time::Instant;

use super::entry::read_entry;
use super::ppolicy::{PASSWORD_POLICY, PolicyControls};
use super::result_code::{self, Operation, Reading};
use super::session::{BoundAs, Session};
use super::{Cause, DirectoryError, Entry, MAX_GROUPS, UserBindVerdict};
use crate::account_state::counts;
use crate::config::{AccountState, BindIdentity, BindSecret, GroupSearch, Scope, read_secret};
use crate::names::{AttributeName, Dn};
use crate::policy::{Answer, Proof, Question};
use crate::secret::Password;
use crate::template::Filter;
use crate::transport::Trouble;

/// The attribute selector for "none" (RFC 4511 §4.5.1.8).
const NO_ATTRIBUTES: &[&str] = &["1.1"];

/// The request control of a password policy (draft-behera-ldap-password-policy-11 §6.1). A server that
/// does not know it passes over it.
pub fn ask_for_policy() -> RawControl {
    RawControl {
        ctype: PASSWORD_POLICY.to_owned(),
        crit: false,
        val: None,
    }
}

/// How long there is for what comes next.
#[derive(Clone, Copy)]
pub struct Time {
    /// The end of the call.
    pub deadline: Instant,
    /// The longest that one operation may take.
    pub operation: Duration,
}

impl Time {
    /// The time by which an operation has to end that begins now.
    pub fn limit(self) -> Instant {
        self.deadline.min(Instant::now() + self.operation)
    }
}

/// A configured scope as ldap3 has it.
fn scope_of(scope: Scope) -> ldap3::Scope {
    match scope {
        Scope::Base => ldap3::Scope::Base,
        Scope::OneLevel => ldap3::Scope::OneLevel,
        Scope::Subtree => ldap3::Scope::Subtree,
    }
}

/// The user's bind, with what the controls of its answer say of the families that count.
///
/// # Errors
/// There is no verdict.
pub async fn bind_user(
    session: &mut Session,
    limit: Instant,
    (dn, password): (&Dn, &Password),
    families: Option<&BTreeSet<AccountState>>,
) -> Result<UserBindVerdict, DirectoryError> {
    session.bound_as = BoundAs::Unknown;
    let what = "user's bind";
    let mut ldap = session.ldap.clone();
    if counts(families, AccountState::Ppolicy) {
        ldap.with_controls(ask_for_policy());
    }
    let binding = ldap.simple_bind(dn.as_str(), password.expose());
    let mut result = session.wait(limit, what, binding).await?;
    let controls = result.ctrls.iter().map(|Control(_, raw)| {
        let RawControl { ctype, val, .. } = raw;
        (ctype.as_str(), val.as_deref())
    });
    let controls = PolicyControls::read(controls, families);
    let verdict = result_code::bind_verdict(result.rc, &result.text, controls);
    password.strike_from(&mut result.text);
    match verdict {
        UserBindVerdict::Misconfigured => {
            Err(session.failure(what, &result, Reading::Misconfigured))
        }
        UserBindVerdict::Unavailable(cause) => {
            Err(session.failure(what, &result, Reading::Unavailable(cause)))
        }
        verdict @ UserBindVerdict::Right(_) => {
            session.bound_as = BoundAs::User;
            Ok(verdict)
        }
        UserBindVerdict::MustChange => {
            session.bound_as = BoundAs::UserToChange;
            Ok(UserBindVerdict::MustChange)
        }
        verdict => Ok(verdict),
    }
}

/// One search for the user.
pub struct Search {
    /// Where.
    pub base: Dn,
    /// How deep.
    pub scope: Scope,
    /// What.
    pub filter: Filter,
    /// How its result code is to be read.
    pub operation: Operation,
}

impl Search {
    /// The entries that it finds; no more than two are of use.
    ///
    /// # Errors
    /// Anything but a complete answer.
    pub async fn run(
        &self,
        session: &Session,
        limit: Instant,
        wanted: &[&str],
        references_count: bool,
    ) -> Result<Vec<Entry>, DirectoryError> {
        let scope = scope_of(self.scope);
        let mut ldap = session.ldap.clone();
        // Two are enough to know that there is more than one.
        ldap.with_search_options(SearchOptions::new().sizelimit(2));
        let searching = ldap.search(self.base.as_str(), scope, self.filter.as_str(), wanted);
        let ldap3::SearchResult(found, result) = session
            .wait(limit, "search for the user", searching)
            .await?;
        let entries: Option<Vec<Entry>> = found.into_iter().map(read_entry).collect();
        let entries = entries.ok_or_else(|| {
            session.unavailable(Trouble::new(
                Cause::Protocol,
                "an entry that makes no sense",
            ))
        })?;
        if references_count && entries.is_empty() && !result.refs.is_empty() {
            return Err(session.only_referred(&self.base));
        }
        match result_code::read(self.operation, result.rc) {
            Reading::Done => Ok(entries),
            Reading::NoSuchEntry => Ok(Vec::new()),
            Reading::TooMany if entries.len() > 1 => Ok(entries),
            reading => {
                Err(session.failure(&format!("search below {}", self.base), &result, reading))
            }
        }
    }
}

/// The names of the groups of one base that match the filter, [`MAX_GROUPS`] at most.
///
/// # Errors
/// Anything but a complete answer: with too many groups, which of them come is the server's whim.
pub async fn group_names(
    session: &Session,
    limit: Instant,
    search: &GroupSearch,
    filter: Filter,
    name: &AttributeName,
) -> Result<Vec<String>, DirectoryError> {
    let wanted = &[name.as_str()][..];
    let mut ldap = session.ldap.clone();
    ldap.with_search_options(SearchOptions::new().sizelimit(MAX_GROUPS.into()));
    let (base, scope) = (search.base.as_str(), scope_of(search.scope));
    let searching = ldap.search(base, scope, filter.as_str(), wanted);
    let what = "search for the user's groups";
    let ldap3::SearchResult(found, result) = session.wait(limit, what, searching).await?;
    match result_code::read(Operation::GroupSearch, result.rc) {
        Reading::Done => Ok(found
            .into_iter()
            .filter_map(read_entry)
            .filter_map(|group| group.first_text(name.as_str()).map(str::to_owned))
            .collect()),
        Reading::TooMany => Err(DirectoryError::Config(format!(
            "more than {MAX_GROUPS} groups below {base}; narrow group.search"
        ))),
        reading => Err(session.failure(&format!("search below {base}"), &result, reading)),
    }
}

/// The bind for lookups.
///
/// # Errors
/// It was not accepted.
pub async fn bind_service(
    session: &Session,
    limit: Instant,
    as_who: &BindIdentity,
) -> Result<(), DirectoryError> {
    let mut ldap = session.ldap.clone();
    let (what, result) = match as_who {
        BindIdentity::Anonymous => {
            let what = "anonymous bind";
            (
                what,
                session.wait(limit, what, ldap.simple_bind("", "")).await?,
            )
        }
        BindIdentity::Simple(dn, secret) => {
            let what = "service account's bind";
            let password = match secret {
                BindSecret::Inline(password) => password.clone(),
                BindSecret::File(path) => {
                    read_secret(path).map_err(|error| DirectoryError::Config(error.to_string()))?
                }
            };
            let binding = ldap.simple_bind(dn.as_str(), password.expose());
            let mut result = session.wait(limit, what, binding).await?;
            password.strike_from(&mut result.text);
            (what, result)
        }
        // RFC 4513 §5.2.3: who we are, TLS or the socket has told already.
        BindIdentity::External => {
            let what = "SASL EXTERNAL bind";
            let binding = ldap.sasl_external_bind();
            (what, session.wait(limit, what, binding).await?)
        }
    };
    match result_code::read(Operation::ServiceBind, result.rc) {
        Reading::Done => Ok(()),
        reading => Err(session.failure(what, &result, reading)),
    }
}

/// Reads the group itself, if it has the user as a member (or has not, where that is to be proven):
/// the server applies its matching rules, and the answer is one bare entry or none.
///
/// # Errors
/// The server gave no answer. A group that cannot be read is an answer.
pub async fn answer(
    session: &Session,
    limit: Instant,
    question: &Question,
    membership: &Filter,
) -> Result<Answer, DirectoryError> {
    let filter = match question.proof {
        Proof::Member => membership.clone(),
        Proof::NonMember => membership.negated(),
    };
    let mut ldap = session.ldap.clone();
    let base = question.group.as_str();
    let searching = ldap.search(base, ldap3::Scope::Base, filter.as_str(), NO_ATTRIBUTES);
    let ldap3::SearchResult(found, result) =
        session.wait(limit, "group question", searching).await?;
    let found: Vec<Option<Entry>> = found.into_iter().map(read_entry).collect();
    let reading = result_code::read(Operation::GroupRead, result.rc);
    match (reading, found.as_slice()) {
        (Reading::Done, [Some(entry)]) if entry.dn.may_be(&question.group) => Ok(Answer::Proven),
        (Reading::Done, []) if result.refs.is_empty() => Ok(Answer::NotProven),
        (Reading::Done, []) => Err(session.only_referred(&question.group)),
        (Reading::Done, _) => Err(session.unavailable(Trouble::new(
            Cause::Protocol,
            format!("asked for the group {base}, the server sent another entry"),
        ))),
        (Reading::NoSuchEntry, _) => Ok(Answer::NoSuchGroup),
        (Reading::Withheld, _) => Ok(Answer::Withheld(result_code::name(result.rc).to_owned())),
        (reading, _) => Err(session.failure(&format!("group {base}"), &result, reading)),
    }
}

/// The groups that a search has found.
pub struct FoundGroups {
    /// Their names.
    pub groups: Vec<Dn>,
    /// Why there may be more.
    pub incomplete: Option<String>,
    /// Parts of the tree are on another server. References are never followed.
    pub elsewhere: bool,
}

/// Searches for groups; only their names are sent. One more than `most` is asked for, to know that
/// there are more.
///
/// # Errors
/// The server gave no answer, or the base of the search does not exist.
pub async fn find_groups(
    session: &Session,
    limit: Instant,
    search: &GroupSearch,
    filter: Filter,
    most: usize,
) -> Result<FoundGroups, DirectoryError> {
    let mut ldap = session.ldap.clone();
    let size = i32::try_from(most).unwrap_or(i32::MAX).saturating_add(1);
    ldap.with_search_options(SearchOptions::new().sizelimit(size));
    let (base, scope) = (search.base.as_str(), scope_of(search.scope));
    let searching = ldap.search(base, scope, filter.as_str(), NO_ATTRIBUTES);
    let ldap3::SearchResult(found, result) =
        session.wait(limit, "search for groups", searching).await?;
    let sent = found.len();
    let groups: Vec<Dn> = found
        .into_iter()
        .filter_map(|entry| read_entry(entry).map(|entry| entry.dn))
        .collect();
    let code = result_code::name(result.rc);
    let incomplete = match result_code::read(Operation::GroupSearch, result.rc) {
        Reading::Done if groups.len() == sent => None,
        Reading::Done => Some("a group whose name is no DN".to_owned()),
        Reading::TooMany if sent > most => Some(format!("more than {most} groups")),
        Reading::TooMany => Some(format!(
            "the server sends {sent} groups and no more ({code})"
        )),
        Reading::Withheld => Some(format!("the search below {base}: {code}")),
        reading => return Err(session.failure(&format!("search below {base}"), &result, reading)),
    };
    Ok(FoundGroups {
        groups,
        incomplete,
        elsewhere: !result.refs.is_empty(),
    })
}

/// What reading one entry has come to.
pub enum Found {
    /// The entry.
    Entry(Entry),
    /// It is not shown.
    Nothing,
    /// It does not exist.
    NoSuchEntry,
    /// The server would not say; its reason.
    Withheld(String),
}

/// Reads the entry of this name.
///
/// # Errors
/// The server gave no answer.
pub async fn read_at(
    session: &Session,
    limit: Instant,
    dn: &Dn,
    wanted: &[&str],
    operation: Operation,
) -> Result<Found, DirectoryError> {
    let mut ldap = session.ldap.clone();
    let filter = Filter::any();
    let reading = ldap.search(dn.as_str(), ldap3::Scope::Base, filter.as_str(), wanted);
    let ldap3::SearchResult(found, result) =
        session.wait(limit, "reading of an entry", reading).await?;
    let mut found = found.into_iter().map(read_entry);
    match result_code::read(operation, result.rc) {
        Reading::Done => match (found.next(), found.next()) {
            (None, _) if result.refs.is_empty() => Ok(Found::Nothing),
            (None, _) => Err(session.only_referred(dn)),
            (Some(Some(entry)), None) if entry.dn.may_be(dn) => Ok(Found::Entry(entry)),
            (Some(_), _) => Err(session.unavailable(Trouble::new(
                Cause::Protocol,
                format!("asked for {dn}, the server sent another entry"),
            ))),
        },
        Reading::NoSuchEntry => Ok(Found::NoSuchEntry),
        Reading::Withheld => Ok(Found::Withheld(result_code::name(result.rc).to_owned())),
        reading => Err(session.failure(&format!("reading {dn}"), &result, reading)),
    }
}
