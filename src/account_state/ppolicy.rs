//! The operational attributes of draft-behera-ldap-password-policy-11 §5.3, as OpenLDAP's
//! slapo-ppolicy(5) and others keep them in the user's entry.
//!
//! The rules are those of §7.1 (locked) and §7.2 (must be changed). They need parts of the policy, which
//! is another entry: what is not known of it counts against the login.

use super::{Attributes, Circumstances, Closed, State, Unreadable, worst};

/// What a search has to ask for.
pub const ATTRIBUTES: &[&str] = &[
    "pwdAccountLockedTime",
    "pwdReset",
    "pwdStartTime",
    "pwdEndTime",
];

/// `000001010000Z`: only an administrator can unlock the account.
const FOR_EVER: i64 = -62_167_219_200;

/// The state that these attributes tell.
pub(super) fn state(attributes: &Attributes<'_>, at: &Circumstances) -> State {
    worst([
        lock(attributes, at),
        validity(attributes, at),
        reset(attributes),
    ])
}

/// slapd leaves the time of a lock-out in the entry until the next good bind, long after the lock-out.
fn lock(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let Some(since) = attributes.time("pwdAccountLockedTime")? else {
        return Ok(State::Fine(None));
    };
    let why = if since == FOR_EVER {
        "pwdAccountLockedTime: locked by an administrator"
    } else if at.just_bound || is_over(since, at) {
        return Ok(State::Fine(None));
    } else {
        "pwdAccountLockedTime: locked after wrong passwords"
    };
    Ok(State::Closed(Closed::Locked, why.to_owned()))
}

/// Whether a lock-out that began then has ended. One of unknown length has not.
pub(super) fn is_over(since: i64, at: &Circumstances) -> bool {
    match at.lockout_duration {
        None | Some(..=0) => false,
        Some(duration) => at.now >= since.saturating_add(duration),
    }
}

fn validity(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let start = attributes.time("pwdStartTime")?;
    let end = attributes.time("pwdEndTime")?;
    let why = if end.is_some_and(|end| at.now >= end) {
        "pwdEndTime: the account's time is over"
    } else if start.is_some_and(|start| at.now < start) {
        "pwdStartTime: the account's time has not begun"
    } else {
        return Ok(State::Fine(None));
    };
    Ok(State::Closed(Closed::Expired, why.to_owned()))
}

fn reset(attributes: &Attributes<'_>) -> Result<State, Unreadable> {
    Ok(if attributes.is_true("pwdReset")? {
        State::MustChange("pwdReset: an administrator has set the password".to_owned())
    } else {
        State::Fine(None)
    })
}
