//! setcred and open_session: what a session gets, from what an earlier phase of this process left,
//! or by asking again where the session begins in another process or without them. The question is
//! that of the account phase: a user who may not in gets nothing.

use std::ffi::CStr;

use pam::constants::{PAM_ESTABLISH_CRED, PAM_REINITIALIZE_CRED, PamFlag};
use pam::module::PamHandle;

use super::args::Args;
use super::handle::{Handle, Remembered, SessionGroups};
use super::{ask, keep_panics_quiet, prepare, remember};
use crate::config::{Config, Log as LogSettings, Session as Settings};
use crate::log::Log;
use crate::login::Decision;
use crate::outcome::{Outcome, Phase};
use crate::session;
use crate::sys;

/// The session's variables, if they are wanted and the user is in.
pub fn environment(config: &Config, decision: &Decision) -> Vec<(String, String)> {
    match &decision.identity {
        Some(identity) if config.session.environment => session::environment(identity),
        _ => Vec::new(),
    }
}

/// The session's local groups, if there are any and the user is in.
pub fn groups(config: &Config, decision: &Decision) -> SessionGroups {
    let (wanted, problem) = match &decision.identity {
        Some(identity) => {
            let wanted = session::groups::wanted(&config.session, &identity.groups);
            (wanted, identity.groups.problem.clone())
        }
        None => {
            let unknown = matches!(
                decision.outcome,
                Outcome::Unavailable | Outcome::ConfigError
            );
            let problem = format!("{}: {}", decision.outcome, decision.reason);
            let concerned = unknown && config.session.gives_groups();
            (Vec::new(), concerned.then_some(problem))
        }
    };
    SessionGroups { wanted, problem }
}

/// Sets the session's environment.
pub fn open(pamh: &mut PamHandle, arguments: &[&CStr], flags: PamFlag) {
    keep_panics_quiet();
    let args = Args::parse(arguments);
    let mut handle = Handle::new(pamh, flags);
    let service = handle.service();
    let Ok(user) = handle.user() else { return };
    let wanted = |session: &Settings| session.environment;
    let found = recall_or_ask(&mut handle, (&user, &service), &args, wanted);
    let variables = found.map_or_else(Vec::new, |found| found.environment.clone());
    let log = Log::new(&LogSettings::default(), args.debug, &service, "session");
    for (name, value) in variables {
        if !handle.put_environment(&name, &value) {
            log.warning(&format!(
                "{name} could not be set in the session's environment"
            ));
        }
    }
}

/// Adds the session's local groups to this process, which becomes the session or starts it. The
/// application has set the groups of group(5) before (pam_setcred(3)).
pub fn set_credentials(pamh: &mut PamHandle, arguments: &[&CStr], flags: PamFlag) {
    keep_panics_quiet();
    if flags & (PAM_ESTABLISH_CRED | PAM_REINITIALIZE_CRED) == 0 {
        return;
    }
    let args = Args::parse(arguments);
    let mut handle = Handle::new(pamh, flags);
    let service = handle.service();
    let Ok(user) = handle.user() else { return };
    let uid = sys::effective_uid();
    if uid != 0 {
        let log = Log::new(&LogSettings::default(), args.debug, &service, "setcred");
        log.debug(&format!(
            "no groups for the session: uid {uid} cannot add any"
        ));
        return;
    }
    let wanted = Settings::gives_groups;
    let Some(found) = recall_or_ask(&mut handle, (&user, &service), &args, wanted) else {
        return;
    };
    let log = Log::new(&found.manner.log, args.debug, &service, "setcred");
    let added = session::groups::add(&found.groups.wanted);
    if !added.names.is_empty() {
        log.groups(&user, &added.names);
    }
    let user = String::from_utf8_lossy(&user);
    for problem in found.groups.problem.iter().chain(&added.problems) {
        log.warning(&format!("groups of {user}'s session: {problem}"));
    }
}

/// What an earlier phase left; otherwise, where the configuration gives what is `wanted`, what the
/// directory says now.
fn recall_or_ask<'a>(
    handle: &'a mut Handle<'_>,
    (user, service): (&[u8], &[u8]),
    args: &Args,
    wanted: impl FnOnce(&Settings) -> bool,
) -> Option<&'a Remembered> {
    if handle.recall(user, service, args).is_none() {
        let (config, local_uid) = prepare(user, args).ok()?;
        if !wanted(&config.session) {
            return None;
        }
        let (phase, subject) = (Phase::Account, (user, service));
        let decision = ask(phase, handle, subject, args, (&config, local_uid)).ok()?;
        remember(handle, (user.to_vec(), service), args, &config, &decision);
    }
    handle.recall(user, service, args)
}
