//! What this host remembers of the user, and what a login would make of it. Nothing of that is used for the
//! explanation, or changed.

use pam_rsldap::config::Config;
use pam_rsldap::memory::date::date;
use pam_rsldap::memory::inspect::{self, CacheState, Content, OfflineState, Scope};
use pam_rsldap::module::code::return_code;
use pam_rsldap::names::{ServiceName, UserName};
use pam_rsldap::outcome::{Outcome, Phase};
use pam_rsldap::sys;
use serde::Serialize;

use super::Question;

/// The names of the fields are those of `--json`.
#[derive(Serialize)]
pub struct Remembered {
    /// Groups that a login may still be granted by (`cache.groups`).
    pub groups_fresh: bool,
    /// What stands while no server answers.
    pub refusal: Option<Refusal>,
    /// A password may be tried while no server answers (`offline.credentials`).
    pub offline_usable: bool,
}

#[derive(Serialize)]
pub struct Refusal {
    pub outcome: &'static str,
    pub reason: String,
    #[serde(skip)]
    pub decided: Outcome,
}

/// None where this process may not look: what is remembered is root's.
pub fn of(config: &Config, user: &UserName, service: &str) -> Option<Remembered> {
    if sys::effective_uid() != 0 {
        return None;
    }
    let service = ServiceName::of_transaction(service.as_bytes());
    let counts = |scope: &Scope| match scope {
        Scope::Every => true,
        Scope::Services(names) => names.contains(&service),
        Scope::None => false,
    };
    let mut found = Remembered {
        groups_fresh: false,
        refusal: None,
        offline_usable: false,
    };
    for item in inspect::list(config, std::slice::from_ref(&service)) {
        match item.content {
            Content::Cache(owner, _, state) if owner == *user => {
                found.groups_fresh = state == CacheState::Fresh;
            }
            Content::Refusals(owner, refusals) if owner == *user => {
                let standing = refusals.into_iter().rev().find(|(_, scope)| counts(scope));
                found.refusal = standing.map(|(last, _)| Refusal {
                    outcome: last.outcome.name(),
                    reason: format!("of {}: {}", date(last.date), last.reason),
                    decided: last.outcome,
                });
            }
            Content::Offline(owner, facts) if owner == *user => {
                let granted = facts.grants.iter().any(|(scope, ..)| counts(scope));
                found.offline_usable = granted && facts.state == OfflineState::Usable;
            }
            Content::Cache(..)
            | Content::Refusals(..)
            | Content::Offline(..)
            | Content::Marker(..)
            | Content::Unusable(_) => {}
        }
    }
    // Nobody gets in by an answer that is older than a refusal.
    found.groups_fresh &= found.refusal.is_none();
    Some(found)
}

/// How a login on this host ends: while no server answers, the last known refusal stands.
pub fn end(outcome: Outcome, remembered: Option<&Remembered>) -> Outcome {
    let refusal = remembered.and_then(|remembered| remembered.refusal.as_ref());
    match (outcome, refusal) {
        (Outcome::Unavailable, Some(last)) => last.decided,
        (outcome, _) => outcome,
    }
}

/// The return codes in auth and account, as far as they are known.
pub fn codes(
    question: &Question<'_>,
    config: &Config,
    outcome: Outcome,
    remembered: Option<&Remembered>,
) -> (Option<String>, Option<String>) {
    let ends = end(outcome, remembered);
    let code = |phase| format!("{:?}", return_code(phase, ends, &config.fallback));
    let is_down = ends == Outcome::Unavailable;
    let may = |kept: fn(&Remembered) -> bool| is_down && remembered.is_some_and(kept);
    let is_tried = question.password_stdin || ends != Outcome::Granted;
    let auth = is_tried && !may(|kept| kept.offline_usable);
    let account = ends != Outcome::BadPassword && !may(|kept| kept.groups_fresh);
    (
        auth.then(|| code(Phase::Auth)),
        account.then(|| code(Phase::Account)),
    )
}
