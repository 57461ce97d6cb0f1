//! The use cases, as an order of steps. What is decided is in [`policy`](crate::policy), what is
//! sent is in [`directory`](crate::directory).
//!
//! The password decides before the gates do: whoever does not know it learns nothing about them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::account_state::{self, Attributes, Circumstances, State};
use crate::config::{Config, UserLookup};
use crate::directory::{Cause, Directory, DirectoryError, Entry, UserBindVerdict};
use crate::names::{Dn, FlagName, ServiceName, UserName};
use crate::outcome::{Expired, Outcome, Phase};
use crate::policy::{self, Answer, Facts, Question, Verdict};
use crate::transaction::{HostError, Transaction};

/// Who wants in, by which way, under which rules.
#[derive(Clone, Copy)]
struct Request<'a> {
    config: &'a Config,
    user: &'a UserName,
    service: &'a ServiceName,
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
    /// Who the user is in the directory, for [`Outcome::Granted`].
    pub identity: Option<Identity>,
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
    /// The gates before every service.
    Gates,
    /// The gate before this service alone.
    Service,
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
            identity: None,
            stage: Stage::Account,
            cached: false,
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
    };
    match phase {
        Phase::Auth => authenticate(request, transaction, directory),
        Phase::Account => Ok(account(request, directory)),
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
    let result = (|| {
        let (entry, change) = match &request.config.user.lookup {
            UserLookup::Search(_) => {
                let entry = identify(request, directory)?;
                let change = check(directory.verify(&entry.dn, &password)?)?;
                (entry, change)
            }
            UserLookup::Template(template) => {
                let dn = template.expand(request.user).ok_or_else(no_such_dn)?;
                let change = check(directory.verify(&dn, &password)?)?;
                (identify(request, directory)?, change)
            }
        };
        admit(request, entry, Some(change), directory)
    })();
    Ok(conclude(result, directory))
}

/// May the user in, however authentication was done? Needs no password and no earlier phase.
fn account(request: Request<'_>, directory: &mut dyn Directory) -> Decision {
    let result =
        identify(request, directory).and_then(|entry| admit(request, entry, None, directory));
    conclude(result, directory)
}

/// The way out of a login: what ended it, short of a grant.
enum End {
    Decided(Outcome, String),
    /// A gate is shut.
    Shut(Stage, String),
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

/// The one entry whose name is the user's.
fn identify(request: Request<'_>, directory: &mut dyn Directory) -> Result<Entry, End> {
    let unknown = |why: &str| End::Decided(Outcome::UnknownUser, why.to_owned());
    let entry = policy::only_one(directory.find(request.user)?).map_err(unknown)?;
    let attribute = request.config.user.name_attribute.as_str();
    if !policy::is_named(entry.values(attribute), request.user) {
        return Err(unknown(&format!(
            "no value of {attribute} is exactly this name"
        )));
    }
    Ok(entry)
}

/// Whether a right password has to be changed before anything else.
struct MustChange(bool);

fn check(verdict: UserBindVerdict) -> Result<MustChange, End> {
    match verdict.outcome() {
        None => Ok(MustChange(false)),
        Some(Outcome::MustChange) => Ok(MustChange(true)),
        Some(outcome) => Err(End::Decided(outcome, verdict.reason().to_owned())),
    }
}

/// What is left once the password, if there was one, is right: the state of the account, then the
/// gates.
fn admit(
    request: Request<'_>,
    entry: Entry,
    password: Option<MustChange>,
    directory: &mut dyn Directory,
) -> Result<Identity, End> {
    let state = state(request.config, &entry, password.is_some());
    let bind_says_change = password.is_some_and(|MustChange(change)| change);
    let change = match &state {
        State::MustChange(why) => Some(why.clone()),
        State::Fine(_) if bind_says_change => Some(UserBindVerdict::MustChange.reason().to_owned()),
        State::Fine(_) => None,
        State::PasswordExpired(_) | State::Unreadable(_) | State::Closed(..) => {
            let outcome = state.outcome().unwrap_or(Outcome::Refused);
            return Err(End::Decided(outcome, state.reason().to_owned()));
        }
    };
    let identity = pass_gates(request, entry, directory)?;
    match change {
        None => Ok(identity),
        // `must_change` would let the user in to change the password, which the module cannot do:
        // pam_unix would change the local one in its place, and the login would go on.
        Some(why) => Err(End::Decided(
            Outcome::Expired(Expired::Password),
            format!("{why}; the password has to be changed, which this login cannot do"),
        )),
    }
}

fn state(config: &Config, entry: &Entry, just_bound: bool) -> State {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    let circumstances = Circumstances {
        now,
        just_bound,
        lockout_duration: None,
    };
    let families = config.access.account_state.as_ref();
    let values = |name: &str| entry.values(name);
    account_state::evaluate(&Attributes::new(&values), families, &circumstances)
}

/// Asks until every gate is decided; then, for the session, until every flag is.
fn pass_gates(
    request: Request<'_>,
    entry: Entry,
    directory: &mut dyn Directory,
) -> Result<Identity, End> {
    let Request {
        config, service, ..
    } = request;
    let gates = policy::gates(config, service);
    let mut facts = Facts::new();
    loop {
        match policy::verdict(&gates, &config.flags, &facts) {
            Verdict::Open => break,
            Verdict::Shut(why) => return Err(End::Shut(Stage::Gates, why)),
            Verdict::ShutForService(why) => return Err(End::Shut(Stage::Service, why)),
            Verdict::Misconfigured(why) => return Err(End::Decided(Outcome::ConfigError, why)),
            Verdict::Ask(open) => ask(request, directory, &entry, open, &mut facts)?,
        }
    }
    let mut flags = BTreeSet::new();
    if config.session.environment {
        flags = loop {
            match policy::flags_set(&config.flags, &facts) {
                Ok(flags) => break flags,
                Err(open) => ask(request, directory, &entry, open, &mut facts)?,
            }
        };
    }
    let attributes = config
        .user
        .attributes
        .iter()
        .filter_map(|(key, attribute)| {
            Some((
                key.clone(),
                entry.first_text(attribute.as_str())?.to_owned(),
            ))
        });
    Ok(Identity {
        attributes: attributes.collect(),
        dn: entry.dn,
        flags,
    })
}

/// Adds a fact for each of the questions, whatever the directory does: asking ends.
fn ask(
    request: Request<'_>,
    directory: &mut dyn Directory,
    entry: &Entry,
    questions: Vec<Question>,
    facts: &mut Facts,
) -> Result<(), DirectoryError> {
    let mut answers = directory.ask(request.user, entry, &questions)?.into_iter();
    let unanswered = || Answer::Withheld("no answer".to_owned());
    facts.extend(
        questions
            .into_iter()
            .map(|question| (question, answers.next().unwrap_or_else(unanswered))),
    );
    Ok(())
}

fn conclude(result: Result<Identity, End>, directory: &dyn Directory) -> Decision {
    let server = directory.server();
    let decision = match result {
        Ok(identity) => Decision {
            identity: Some(identity),
            ..Decision::local(Outcome::Granted, "")
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
