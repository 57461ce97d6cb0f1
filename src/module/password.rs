//! pam_sm_chauthtok(3): libpam calls it twice, first to find out whether all modules of the stack can do
//! it, and then to have it done.

use std::ffi::CStr;
use std::time::Instant;

use pam::constants::{PamFlag, PamResultCode};
use pam::module::PamHandle;

use super::args::Args;
use super::handle::{Handle, Manner, Prepared};
use super::{code, keep_panics_quiet, prepare, trace, warn_of_servers_that_prove_nothing};
use crate::config::Config;
use crate::log::{self, Log};
use crate::login::Decision;
use crate::login::change::{self, Changing, Subject};
use crate::memory;
use crate::names::UserName;
use crate::outcome::{ChangeOutcome, Outcome, Pass};
use crate::sys;
use crate::transaction::{HostError, PasswordDialogue as _};

/// What security/pam_modules.h adds to the flags of an application.
const PAM_PRELIM_CHECK: PamFlag = 0x4000;
/// Only passwords that have expired are to be changed.
const PAM_CHANGE_EXPIRED_AUTHTOK: PamFlag = 0x20;

/// One pass.
struct Attempt<'a> {
    args: &'a Args,
    user: &'a [u8],
    service: &'a [u8],
    /// root, not on behalf of the user.
    by_root: bool,
}

impl<'a> Attempt<'a> {
    fn subject(&self, local_uid: Option<u32>) -> Subject<'a> {
        Subject {
            name: self.user,
            service: self.service,
            local_uid,
        }
    }

    fn log(&self, config: &Config) -> Log {
        Log::new(&config.log, self.args.debug, self.service, "chauthtok")
    }
}

/// Runs a pass, logs how it ended, and returns the code.
pub fn change(pamh: &mut PamHandle, arguments: &[&CStr], flags: PamFlag) -> PamResultCode {
    keep_panics_quiet();
    let started = Instant::now();
    let args = Args::parse(arguments);
    let mut handle = Handle::new(pamh, flags);
    let service = handle.service();
    let rhost = handle.rhost();
    let pass = match flags & PAM_PRELIM_CHECK {
        0 => Pass::Update,
        _ => Pass::Prelim,
    };
    let mut manner = Manner::without_configuration(&args);
    let ended = handle.user().and_then(|user| {
        handle.is_about(&user, &args);
        let attempt = Attempt {
            args: &args,
            user: &user,
            service: &service,
            by_root: sys::real_uid() == 0 && flags & PAM_CHANGE_EXPIRED_AUTHTOK == 0,
        };
        let end = match pass {
            Pass::Prelim => first(&mut handle, &attempt, &mut manner)?,
            Pass::Update => second(&mut handle, &attempt, &mut manner)?,
        };
        Ok((user, end))
    });
    let log = Log::new(&manner.log, args.debug, &service, "chauthtok");
    match ended {
        Ok((user, end)) => {
            let subject = log::Subject {
                user: &user,
                rhost: &rhost,
            };
            // Of a user who is not ours, the first pass has told.
            if pass == Pass::Prelim || !is_for_others(end.outcome) {
                log.changing(subject, &end, started.elapsed());
            }
            if end.outcome == ChangeOutcome::BadPassword {
                handle.delay_failure();
            }
            code::change_code(pass, end.outcome, &manner.fallback)
        }
        Err(error) => {
            log.debug(&format!(
                "{} failed with PAM return code {}",
                error.action, error.code
            ));
            code::host_error(error)
        }
    }
}

/// The first pass. How it ended is left for the second.
fn first(
    handle: &mut Handle<'_>,
    attempt: &Attempt<'_>,
    manner: &mut Manner,
) -> Result<Changing, HostError> {
    let end = examine(handle, attempt, manner)?;
    handle.prepared(Prepared {
        user: attempt.user.to_vec(),
        args: attempt.args.clone(),
        outcome: end.outcome,
    });
    Ok(end)
}

fn examine(
    handle: &mut Handle<'_>,
    attempt: &Attempt<'_>,
    manner: &mut Manner,
) -> Result<Changing, HostError> {
    let (config, local_uid) = match prepare(attempt.user, attempt.args) {
        Ok(prepared) => prepared,
        Err(decision) => return Ok(unprepared(*decision)),
    };
    *manner = Manner::of(&config);
    let (subject, log) = (attempt.subject(local_uid), attempt.log(&config));
    let found = trace::ask(&log, &config, |directory| {
        change::find(&config, subject, attempt.by_root, handle, directory)
    });
    let entry = match found {
        Ok(entry) => entry,
        Err(end) => return Ok(end),
    };
    // A new connection and a new deadline: the user types in between.
    let end = trace::ask(&log, &config, |directory| {
        change::verify(&config, &entry, handle, directory)
    })?;
    if end.server.is_some() {
        warn_of_servers_that_prove_nothing(&config, attempt.args, attempt.service, "chauthtok");
    }
    Ok(end)
}

/// The second pass. What the first has found out about the user is not asked again, and decides: to
/// change one's mind here would leave the password to pam_unix.
fn second(
    handle: &mut Handle<'_>,
    attempt: &Attempt<'_>,
    manner: &mut Manner,
) -> Result<Changing, HostError> {
    let outcome = match handle.preparation(attempt.user, attempt.args) {
        Some(outcome) => outcome,
        // Nobody has made a first pass in this handle.
        None => first(handle, attempt, manner)?.outcome,
    };
    if outcome != ChangeOutcome::Ready {
        if !attempt.args.use_authtok && is_for_others(outcome) {
            // As in auth, the first module of the stack asks. pam_unix behind it, which Debian gives
            // use_authtok, would find nothing.
            let _ = handle.new_password();
        }
        return Ok(Changing::local(outcome, ""));
    }
    let (config, local_uid) = match prepare(attempt.user, attempt.args) {
        Ok(prepared) => prepared,
        // It was readable a moment ago, and the user is the directory's.
        Err(decision) => {
            let reason = decision.reason;
            return Ok(Changing::local(ChangeOutcome::ConfigError, reason));
        }
    };
    *manner = Manner::of(&config);
    let (subject, log) = (attempt.subject(local_uid), attempt.log(&config));
    let end = trace::ask(&log, &config, |directory| {
        change::update(&config, subject, handle, directory)
    })?;
    if end.outcome == ChangeOutcome::Changed {
        handle.password_is_changed(attempt.user);
    }
    // Without an answer, it may be the new one.
    let may_be_new = matches!(
        end.outcome,
        ChangeOutcome::Changed | ChangeOutcome::Unavailable
    );
    if may_be_new {
        forget(attempt.user, end.account.as_ref(), &log);
    }
    Ok(end)
}

/// The old password and what rests on it, by the name typed and by the account's own.
fn forget(typed: &[u8], account: Option<&UserName>, log: &Log) {
    let typed = UserName::parse(typed).ok();
    for user in typed.iter().chain(account) {
        for problem in memory::password_changed(user) {
            log.warning(&problem);
        }
    }
}

/// Whether the password is another module's to change.
fn is_for_others(outcome: ChangeOutcome) -> bool {
    matches!(
        outcome,
        ChangeOutcome::Exempt | ChangeOutcome::UnknownUser | ChangeOutcome::Unconfigured
    )
}

/// What stood in the way before the configuration was known.
fn unprepared(decision: Decision) -> Changing {
    let outcome = match decision.outcome {
        Outcome::Exempt => ChangeOutcome::Exempt,
        Outcome::ConfigError => ChangeOutcome::Unconfigured,
        Outcome::Granted
        | Outcome::UnknownUser
        | Outcome::BadPassword
        | Outcome::Refused
        | Outcome::Expired(_)
        | Outcome::MustChange
        | Outcome::Unavailable => ChangeOutcome::Unavailable,
    };
    Changing {
        cause: decision.cause,
        ..Changing::local(outcome, decision.reason)
    }
}
