//! The use cases, as an order of steps. What is decided is in [`policy`](crate::policy), what is
//! sent is in [`directory`](crate::directory).
//!
//! Changing a password is in [`change`].
//!
//! The password decides before the gates do: whoever does not know it learns nothing about them.

mod announce;
mod canonical;
pub mod change;
mod gates;
mod listing;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use crate::account_state::{self, Attributes, Circumstances, State, Warning};
use crate::config::{Config, UserLookup};
use crate::directory::{Cause, Directory, DirectoryError, Entry, UserBindVerdict};
use crate::names::{Dn, FlagName, ServiceName, UserName};
use crate::notice::Notice;
use crate::outcome::{Expired, Outcome, Phase};
use crate::policy;
use crate::sys;
use crate::transaction::{HostError, Transaction};
pub use session::Groups;

pub use announce::announce;
use gates::pass_gates;
use listing::is_listed;
pub use listing::listings;

/// Who wants in, by which way, under which rules.
#[derive(Clone, Copy)]
struct Request<'a> {
    config: &'a Config,
    user: &'a UserName,
    service: &'a ServiceName,
    /// The uid that the user has on this host, if the name is one of its accounts.
    local_uid: Option<u32>,
}

/// How a phase ended, and what the log and the session need to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in words; empty where the outcome says it all.
    pub reason: String,
    /// The kind of failure, for [`Outcome::Unavailable`].
    pub cause: Option<Cause>,
    /// The server that answered, or the last one tried.
    pub server: Option<String>,
    /// The servers before it that could not be used, and why; empty for [`Outcome::Unavailable`], whose
    /// reason has all of them.
    pub passed_over: String,
    /// The account that the user is, where the name typed was another spelling or an alias.
    pub canonical: Option<UserName>,
    /// Who the user is in the directory, for [`Outcome::Granted`] and [`Outcome::MustChange`].
    pub identity: Option<Identity>,
    /// What there is to tell the user; see [`announce`].
    pub notice: Option<Notice>,
    /// How far the login came: what a refusal is about.
    pub stage: Stage,
    /// Part of the answer was remembered, not asked for.
    pub cached: bool,
}

/// What a refusal is about, in the order in which a login gets there: whoever is refused at one stage
/// has passed those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The entry, and the state of the account.
    Account,
    /// Whether the entry lists this host.
    Host,
    /// Whether the entry lists this service.
    Listed,
    /// The gates before every service.
    Gates,
    /// The gate before this service alone.
    Service,
}

impl Stage {
    /// Every stage, in that order.
    pub const ALL: [Stage; 5] = [
        Stage::Account,
        Stage::Host,
        Stage::Listed,
        Stage::Gates,
        Stage::Service,
    ];
}

/// Who the user is in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The entry's name.
    pub dn: Dn,
    /// The flags that are true; empty unless the session environment is wanted.
    pub flags: BTreeSet<FlagName>,
    /// Key of `[user.attributes]` in upper case → first value.
    pub attributes: BTreeMap<String, String>,
    /// What the local groups of the session are chosen from.
    pub groups: Groups,
}

impl Decision {
    /// A decision that needed no server.
    pub fn local(outcome: Outcome, reason: impl Into<String>) -> Self {
        Decision {
            outcome,
            reason: reason.into(),
            cause: None,
            server: None,
            passed_over: String::new(),
            canonical: None,
            identity: None,
            stage: Stage::Account,
            cached: false,
            notice: None,
        }
    }
}

/// Runs a phase for a name and a service as PAM has them: what can be decided without the directory
/// is, before any prompt and any traffic.
///
/// # Errors
/// The password could not be asked for.
pub fn decide(
    phase: Phase,
    config: &Config,
    (name, service): (&[u8], &[u8]),
    local_uid: Option<u32>,
    transaction: &mut dyn Transaction,
    directory: &mut dyn Directory,
) -> Result<Decision, HostError> {
    let user = match screen(name, local_uid, config) {
        Ok(user) => user,
        Err((outcome, reason)) => return Ok(Decision::local(outcome, reason)),
    };
    let service = ServiceName::of_transaction(service);
    let request = Request {
        config,
        user: &user,
        service: &service,
        local_uid,
    };
    match phase {
        Phase::Auth => authenticate(request, transaction, directory),
        Phase::Account => Ok(account(request, transaction, directory)),
    }
}

/// Is the name one that never reaches the directory?
fn screen(
    name: &[u8],
    local_uid: Option<u32>,
    config: &Config,
) -> Result<UserName, (Outcome, &'static str)> {
    let user = UserName::parse(name).map_err(|bad| (Outcome::UnknownUser, bad.reason()))?;
    if policy::is_exempt(&user, local_uid, &config.user) {
        return Err((Outcome::Exempt, ""));
    }
    Ok(user)
}

/// Is the password right, and may the user in?
///
/// # Errors
/// The password could not be asked for.
fn authenticate(
    request: Request<'_>,
    transaction: &mut dyn Transaction,
    directory: &mut dyn Directory,
) -> Result<Decision, HostError> {
    let password = match transaction.password()? {
        Ok(password) => password,
        Err(nothing) => return Ok(Decision::local(Outcome::BadPassword, nothing.reason())),
    };
    if transaction.was_refused(&password) {
        return Ok(Decision::local(Outcome::BadPassword, REFUSED_BEFORE));
    }
    let mut canonical = None;
    let result = (|| {
        let (found, proven) = match &request.config.user.lookup {
            UserLookup::Search(_) => {
                let found = identify(request, transaction, directory)?;
                let proven = check(directory.verify(&found.entry.dn, &password)?)?;
                (found, proven)
            }
            UserLookup::Template(template) => {
                let dn = template.expand(request.user).ok_or_else(no_such_dn)?;
                let proven = check(directory.verify(&dn, &password)?)?;
                (identify(request, transaction, directory)?, proven)
            }
        };
        canonical.clone_from(&found.canonical);
        admit(
            found.request(request),
            found.entry.clone(),
            Some(proven),
            directory,
        )
    })();
    let decision = Decision {
        canonical,
        ..conclude(result, directory)
    };
    if decision.outcome == Outcome::BadPassword {
        transaction.note_refused(&password);
    }
    Ok(decision)
}

/// A password that would be counted once more for nothing.
const REFUSED_BEFORE: &str =
    "the directory has just refused this password in this transaction, nothing was sent";

/// May the user in, however authentication was done? Needs no password and no earlier phase.
fn account(
    request: Request<'_>,
    transaction: &mut dyn Transaction,
    directory: &mut dyn Directory,
) -> Decision {
    let mut canonical = None;
    let result = identify(request, transaction, directory).and_then(|found| {
        canonical.clone_from(&found.canonical);
        admit(found.request(request), found.entry.clone(), None, directory)
    });
    Decision {
        canonical,
        ..conclude(result, directory)
    }
}

/// The way out of a login: what ended it, short of a grant.
enum End {
    Decided(Outcome, String),
    /// A gate is shut.
    Shut(Stage, String),
    /// The same, with something to tell the user.
    TurnedAway(Outcome, String, Option<Notice>),
    Failed(DirectoryError),
}

impl From<DirectoryError> for End {
    fn from(error: DirectoryError) -> Self {
        End::Failed(error)
    }
}

fn no_such_dn() -> End {
    End::Decided(
        Outcome::UnknownUser,
        "the name cannot be part of a DN".to_owned(),
    )
}

/// The user's entry, and the account that it is.
struct Identified {
    entry: Entry,
    canonical: Option<UserName>,
}

impl Identified {
    /// The same request, for the account.
    fn request<'a>(&'a self, request: Request<'a>) -> Request<'a> {
        Request {
            user: self.canonical.as_ref().unwrap_or(request.user),
            ..request
        }
    }
}

/// The one entry whose name is the user's, or may be taken for it.
fn identify(
    request: Request<'_>,
    transaction: &mut (impl Transaction + ?Sized),
    directory: &mut dyn Directory,
) -> Result<Identified, End> {
    let unknown = |why: &str| End::Decided(Outcome::UnknownUser, why.to_owned());
    let entry = policy::only_one(directory.find(request.user)?).map_err(unknown)?;
    let attribute = request.config.user.name_attribute.as_str();
    let canonical = if policy::is_named(entry.values(attribute), request.user) {
        None
    } else if request.config.user.canonical_name {
        Some(canonical::account_of(request, &entry, transaction)?)
    } else {
        return Err(unknown(&format!(
            "no value of {attribute} is exactly this name"
        )));
    };
    Ok(Identified { entry, canonical })
}

/// What a bind that succeeded says besides.
#[derive(Clone, Copy)]
struct Proven {
    must_change: bool,
    warning: Option<Warning>,
}

fn check(verdict: UserBindVerdict) -> Result<Proven, End> {
    let proven = |must_change, warning| Proven {
        must_change,
        warning,
    };
    match (&verdict, verdict.outcome()) {
        (UserBindVerdict::Right(warning), None) => Ok(proven(false, *warning)),
        (_, None) => Ok(proven(false, None)),
        (_, Some(Outcome::MustChange)) => Ok(proven(true, None)),
        (_, Some(outcome)) => Err(End::TurnedAway(
            outcome,
            verdict.reason().to_owned(),
            verdict.notice(),
        )),
    }
}

/// Somebody whom every gate lets in.
struct Admitted {
    identity: Identity,
    /// Why the password has to be changed first.
    must_change: Option<String>,
    notice: Option<Notice>,
}

/// What is left once the password, if there was one, is right: the state of the account, then the
/// gates, then whether the password has to be changed.
fn admit(
    request: Request<'_>,
    entry: Entry,
    password: Option<Proven>,
    directory: &mut dyn Directory,
) -> Result<Admitted, End> {
    let config = request.config;
    let state = state(config, &entry, password.is_some());
    let bind_says_change = password.is_some_and(|proven| proven.must_change);
    let (must_change, notice) = match &state {
        State::MustChange(why) => (Some(why.clone()), state.notice()),
        State::Fine(_) if bind_says_change => {
            let why = UserBindVerdict::MustChange.reason().to_owned();
            (Some(why), Some(Notice::MustChange))
        }
        State::Fine(of_entry) => {
            let of_bind = password.and_then(|proven| proven.warning);
            let warning = match (of_bind, *of_entry) {
                (Some(one), Some(two)) => Some(one.more_urgent(two)),
                (one, two) => one.or(two),
            };
            (None, warning.map(Notice::Warning))
        }
        State::PasswordExpired(_) | State::Unreadable(_) | State::Closed(..) => {
            let outcome = state.outcome().unwrap_or(Outcome::Refused);
            let reason = state.reason().to_owned();
            return Err(End::TurnedAway(outcome, reason, state.notice()));
        }
    };
    is_listed(request, &entry)?;
    let identity = pass_gates(request, entry, directory)?;
    match must_change {
        Some(why) if !config.password.is_offered() => Err(End::TurnedAway(
            Outcome::Expired(Expired::Password),
            format!("{why}; [password] does not let it be changed on this host"),
            Some(prohibition(config).unwrap_or(Notice::PasswordExpired)),
        )),
        must_change => Ok(Admitted {
            identity,
            must_change,
            notice,
        }),
    }
}

/// The administrator's own words on changing passwords.
fn prohibition(config: &Config) -> Option<Notice> {
    let text = config.password.prohibit_message.clone()?;
    Some(Notice::Prohibited(Some(text)))
}

fn state(config: &Config, entry: &Entry, just_bound: bool) -> State {
    let families = config.access.account_state.as_ref();
    let values = |name: &str| entry.values(name);
    let at = circumstances(just_bound);
    account_state::evaluate(&Attributes::new(&values), families, &at)
}

/// What the state of the account depends on besides the entry.
#[must_use]
pub fn circumstances(just_bound: bool) -> Circumstances {
    Circumstances {
        now: sys::now(),
        just_bound,
        lockout_duration: None,
    }
}

fn conclude(result: Result<Admitted, End>, directory: &dyn Directory) -> Decision {
    let server = directory.server();
    let decision = match result {
        Ok(admitted) => {
            let decision = match admitted.must_change {
                None => Decision::local(Outcome::Granted, ""),
                Some(why) => Decision::local(Outcome::MustChange, why),
            };
            Decision {
                identity: Some(admitted.identity),
                notice: admitted.notice,
                ..decision
            }
        }
        Err(End::TurnedAway(outcome, reason, notice)) => Decision {
            notice,
            ..Decision::local(outcome, reason)
        },
        Err(End::Decided(outcome, reason)) => Decision::local(outcome, reason),
        Err(End::Shut(stage, reason)) => Decision {
            stage,
            ..Decision::local(Outcome::Refused, reason)
        },
        Err(End::Failed(DirectoryError::Config(problem))) => {
            Decision::local(Outcome::ConfigError, problem)
        }
        Err(End::Failed(DirectoryError::Unavailable(unavailable))) => {
            return Decision {
                cause: Some(unavailable.cause),
                server: unavailable.server.or(server),
                ..Decision::local(Outcome::Unavailable, unavailable.detail)
            };
        }
    };
    Decision {
        server,
        passed_over: directory.passed_over(),
        ..decision
    }
}

#[cfg(test)]
mod tests;
