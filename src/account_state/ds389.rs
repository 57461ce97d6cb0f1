//! 389 Directory Server (and Red Hat Directory Server, FreeIPA): nsAccountLock and its kin, as in "User
//! management and authentication" of the Red Hat Directory Server documentation.

use super::{Attributes, Circumstances, Closed, State, Unreadable, worst};

/// What a search has to ask for.
pub const ATTRIBUTES: &[&str] = &[
    "nsAccountLock",
    "accountUnlockTime",
    "passwordExpirationTime",
];

/// `19700101000000Z` is no time: in accountUnlockTime it is "when an administrator says so", in
/// passwordExpirationTime "at the first login".
const NO_TIME: i64 = 0;
/// `19700101000001Z` in passwordExpirationTime: the first login has been.
const FIRST_LOGIN_DONE: i64 = 1;

/// The state that these attributes tell.
pub(super) fn state(attributes: &Attributes<'_>, at: &Circumstances) -> State {
    worst([
        disabled(attributes),
        lock(attributes, at),
        password(attributes, at),
    ])
}

fn disabled(attributes: &Attributes<'_>) -> Result<State, Unreadable> {
    Ok(if attributes.is_true("nsAccountLock")? {
        let why = "nsAccountLock: inactivated";
        State::Closed(Closed::Disabled, why.to_owned())
    } else {
        State::Fine(None)
    })
}

fn lock(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let until = match attributes.single("accountUnlockTime")? {
        Some(b"0") => Some(NO_TIME),
        _ => attributes.time("accountUnlockTime")?,
    };
    let locked = until.is_some_and(|until| until <= NO_TIME || at.now < until);
    Ok(if locked && !at.just_bound {
        let why = "accountUnlockTime: locked after wrong passwords";
        State::Closed(Closed::Locked, why.to_owned())
    } else {
        State::Fine(None)
    })
}

/// The server says in the bind itself what the policy makes of this time: whether a first login has to
/// change the password, and whether grace logins are left. Without a bind the time counts as written.
fn password(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let end = attributes.time("passwordExpirationTime")?;
    Ok(match end {
        _ if at.just_bound => State::Fine(None),
        Some(..=NO_TIME) => State::MustChange(
            "passwordExpirationTime: an administrator has set the password".to_owned(),
        ),
        Some(end) if end != FIRST_LOGIN_DONE && at.now >= end => {
            State::PasswordExpired("passwordExpirationTime: the password has run out".to_owned())
        }
        Some(_) | None => State::Fine(None),
    })
}
