//! The six entry points of the module, as libpam calls them (pam(8), "writing modules").
//!
//! Whatever happens behind them, each returns a code: pam-bindings catches panics and answers
//! `PAM_ABORT`, and here they are kept from printing to the user's terminal.

pub mod args;
pub mod code;
mod ffi;
mod handle;
mod password;
mod refused;
mod session;
mod trace;

use std::ffi::CStr;
use std::sync::Once;
use std::time::Instant;

use pam::constants::{PamFlag, PamResultCode};
use pam::module::{PamHandle, PamHooks};

use crate::config::{self, Config};
use crate::directory::Cause;
use crate::log::{Log, Subject};
use crate::login::{self, Decision};
use crate::memory::{self, Remarks};
use crate::outcome::{Outcome, Phase};
use crate::policy;
use crate::sys;
use crate::transaction::HostError;
use args::Args;
use handle::{Handle, Manner, Remembered};

/// The exported symbols, `pam_sm_authenticate` and its five kin, which hand over to [`Module`].
#[allow(missing_docs)]
mod symbols {
    use super::Module;

    pam::pam_hooks!(Module);
}

/// The warning of each login that asks a server which has not proven who it is.
const NOT_VERIFIED: &str = "tls.verify = false: whoever is on the way to the server can read passwords \
     and let anybody in; set tls.ca_file and take the line out";

struct Module;

impl PamHooks for Module {
    fn sm_authenticate(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        decide(Phase::Auth, pamh, &args, flags)
    }

    fn acct_mgmt(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        decide(Phase::Account, pamh, &args, flags)
    }

    fn sm_setcred(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        session::set_credentials(pamh, &args, flags);
        code::SETCRED
    }

    fn sm_open_session(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        session::open(pamh, &args, flags);
        code::SESSION
    }

    fn sm_close_session(_: &mut PamHandle, _: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        code::SESSION
    }

    fn sm_chauthtok(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        password::change(pamh, &args, flags)
    }
}

/// A caught panic would still print to the terminal of whoever is logging in.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

/// Runs a phase: decides, remembers, logs, and returns the code.
fn decide(
    phase: Phase,
    pamh: &mut PamHandle,
    arguments: &[&CStr],
    flags: PamFlag,
) -> PamResultCode {
    keep_panics_quiet();
    let started = Instant::now();
    let args = Args::parse(arguments);
    let mut handle = Handle::new(pamh, flags);
    let service = handle.service();
    let rhost = handle.rhost();
    let mut manner = Manner::without_configuration(&args);
    let decided = handle.user().and_then(|user| {
        handle.is_about(&user, &args);
        let decision = decision(phase, &mut handle, (&user, &service), &args, &mut manner)?;
        Ok((user, decision))
    });
    let log = Log::new(&manner.log, args.debug, &service, phase.name());
    match decided {
        Ok((user, decision)) => {
            let subject = Subject {
                user: &user,
                rhost: &rhost,
            };
            log.decision(subject, &decision, started.elapsed());
            if policy::deserves_delay(phase, decision.outcome) {
                handle.delay_failure();
            }
            code::return_code(phase, decision.outcome, &manner.fallback)
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

/// Decides, or takes over what auth has decided; sets `manner` once the configuration is known.
fn decision(
    phase: Phase,
    handle: &mut Handle<'_>,
    (user, service): (&[u8], &[u8]),
    args: &Args,
    manner: &mut Manner,
) -> Result<Decision, HostError> {
    let earlier = handle.recall(user, service, args);
    let carries_over = |earlier: &&Remembered| policy::carries_over(earlier.decision.outcome);
    if let (Phase::Account, Some(earlier)) = (phase, earlier.filter(carries_over)) {
        *manner = earlier.manner.clone();
        let decision = earlier.decision.clone();
        login::announce(phase, true, &decision, handle);
        return Ok(decision);
    }
    let (config, local_uid) = match prepare(user, args) {
        Ok(prepared) => prepared,
        Err(decision) => return Ok(*decision),
    };
    *manner = Manner::of(&config);
    let subject = (user, service);
    let decision = ask(phase, handle, subject, args, (&config, local_uid))?;
    let (name, decision) = go_on_as(handle, user, decision);
    login::announce(phase, false, &decision, handle);
    remember(handle, (name, service), args, &config, &decision);
    Ok(decision)
}

/// Asks the directory, with the help of what this machine remembers.
fn ask(
    phase: Phase,
    handle: &mut Handle<'_>,
    subject: (&[u8], &[u8]),
    args: &Args,
    (config, local_uid): (&Config, Option<u32>),
) -> Result<Decision, HostError> {
    let log = Log::new(&config.log, args.debug, subject.1, phase.name());
    let mut remarks = Remarks::default();
    let decision = trace::ask(&log, config, |directory| {
        memory::decide(
            phase,
            config,
            subject,
            local_uid,
            handle,
            directory,
            &mut remarks,
        )
    });
    remarks.warnings.iter().for_each(|text| log.warning(text));
    remarks.steps.iter().for_each(|text| log.debug(text));
    let decision = decision?;
    if decision.server.is_some() {
        warn_of_servers_that_prove_nothing(config, args, subject.1, phase.name());
    }
    Ok(decision)
}

/// Leaves a decision, and what follows from it, for the phases behind.
fn remember(
    handle: &mut Handle<'_>,
    (name, service): (Vec<u8>, &[u8]),
    args: &Args,
    config: &Config,
    decision: &Decision,
) {
    handle.remember(Remembered {
        subject: (name, service.to_vec()),
        args: args.clone(),
        at: Instant::now(),
        decision: Decision {
            canonical: None,
            ..decision.clone()
        },
        manner: Manner::of(config),
        environment: session::environment(config, decision),
        groups: session::groups(config, decision),
    });
}

/// Changes `PAM_USER` to the account that a user is who is in by another name, and gives the name back
/// under which the phases behind go on.
fn go_on_as(handle: &mut Handle<'_>, user: &[u8], decision: Decision) -> (Vec<u8>, Decision) {
    let is_in = matches!(decision.outcome, Outcome::Granted | Outcome::MustChange);
    match &decision.canonical {
        Some(account) if is_in && handle.set_user(account) => {
            (account.as_str().as_bytes().to_vec(), decision)
        }
        Some(_) if is_in => {
            let refused = Decision {
                server: decision.server,
                ..Decision::local(Outcome::UnknownUser, "PAM_USER could not be changed")
            };
            (user.to_vec(), refused)
        }
        Some(_) | None => (user.to_vec(), decision),
    }
}

/// The warning of each login that asks a server which has not proven who it is.
fn warn_of_servers_that_prove_nothing(config: &Config, args: &Args, service: &[u8], phase: &str) {
    if !config.tls.verify {
        Log::new(&config.log, args.debug, service, phase).warning(NOT_VERIFIED);
    }
}

/// What comes before the configuration is known: root stays local whatever it says, and then it has
/// to be readable. Gives back the configuration and the user's uid on this host.
fn prepare(user: &[u8], args: &Args) -> Result<(Config, Option<u32>), Box<Decision>> {
    let local_uid = sys::local_uid(user);
    if policy::is_root(user, local_uid.as_ref().ok().copied().flatten()) {
        return Err(Box::new(Decision::local(Outcome::Exempt, "")));
    }
    let config_error = |problem: String| Box::new(Decision::local(Outcome::ConfigError, problem));
    if let Some(problem) = &args.problem {
        return Err(config_error(problem.clone()));
    }
    let mut config = config::load(&args.config).map_err(|error| config_error(error.to_string()))?;
    if sys::effective_uid() != 0 {
        // Only root can set groups, so nobody needs to ask for them.
        config.session.give_no_groups();
    }
    let local_uid = local_uid.map_err(|error| {
        let reason = format!("the host's own user database: {error}");
        let decision = Decision::local(Outcome::Unavailable, reason);
        Box::new(Decision {
            cause: Some(Cause::Host),
            ..decision
        })
    })?;
    Ok((config, local_uid))
}
