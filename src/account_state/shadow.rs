//! The shadowAccount attributes (RFC 2307 §3), with the meaning of shadow(5) and the answers of
//! pam_unix(8)'s account phase. No server enforces them: only the host does.
//!
//! Days are those since 1970-01-01 in UTC, and a limit is over on the day that it names. -1 and an
//! absent attribute are "no limit"; any other negative number makes no sense.

use super::{Attributes, Circumstances, Closed, DAY, State, Unreadable, Warning, today, worst};

/// What a search has to ask for.
pub const ATTRIBUTES: &[&str] = &[
    "shadowLastChange",
    "shadowMin",
    "shadowMax",
    "shadowWarning",
    "shadowInactive",
    "shadowExpire",
];

/// The state that these attributes tell.
pub(super) fn state(attributes: &Attributes<'_>, at: &Circumstances) -> State {
    worst([expiry(attributes, at), aging(attributes, at)])
}

/// shadow(5) leaves open what 0 is: "no expiration, or an expiration on Jan 1, 1970". The stricter one.
fn expiry(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let over = limit(attributes, "shadowExpire")?.is_some_and(|last| today(at.now) >= last);
    Ok(if over {
        State::Closed(
            Closed::Expired,
            "shadowExpire: the account's last day is over".to_owned(),
        )
    } else {
        State::Fine(None)
    })
}

fn aging(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let changed = limit(attributes, "shadowLastChange")?;
    let lifetime = limit(attributes, "shadowMax")?;
    let inactive = limit(attributes, "shadowInactive")?;
    let warning = limit(attributes, "shadowWarning")?.unwrap_or(0);
    limit(attributes, "shadowMin")?; // Matters to a change, but nonsense does now.
    if changed == Some(0) {
        let why = "shadowLastChange: an administrator wants a new password";
        return Ok(State::MustChange(why.to_owned()));
    }
    let (Some(changed), Some(lifetime)) = (changed, lifetime) else {
        return Ok(State::Fine(None));
    };
    // A change in the future is a clock's fault: pam_unix(8) says fine, and so does this.
    let age = today(at.now).saturating_sub(changed);
    if age < 0 {
        return Ok(State::Fine(None));
    }
    if inactive.is_some_and(|inactive| age >= lifetime.saturating_add(inactive)) {
        let why = "shadowInactive: the password ran out too long ago to be changed";
        return Ok(State::PasswordExpired(why.to_owned()));
    }
    if age >= lifetime {
        let why = "shadowMax: the password has run out";
        return Ok(State::MustChange(why.to_owned()));
    }
    if warning > 0 && age >= lifetime.saturating_sub(warning) {
        let end = changed.saturating_add(lifetime).saturating_mul(DAY);
        let left = u32::try_from(end.saturating_sub(at.now)).unwrap_or(u32::MAX);
        return Ok(State::Fine(Some(Warning::ExpiresIn(left))));
    }
    Ok(State::Fine(None))
}

/// For how many days the password may not be changed again; none if it may be now.
///
/// # Errors
/// An attribute makes no sense.
pub fn days_until_change(attributes: &Attributes<'_>, now: i64) -> Result<Option<i64>, Unreadable> {
    let changed = limit(attributes, "shadowLastChange")?;
    let least = limit(attributes, "shadowMin")?;
    // 0 asks for a change.
    let (Some(changed @ 1..), Some(least)) = (changed, least) else {
        return Ok(None);
    };
    let left = changed.saturating_add(least).saturating_sub(today(now));
    Ok((left > 0 && today(now) >= changed).then_some(left))
}

/// A day, or a number of days; None for "no limit".
fn limit(attributes: &Attributes<'_>, name: &str) -> Result<Option<i64>, Unreadable> {
    match attributes.number(name)? {
        None | Some(-1) => Ok(None),
        Some(days) if days >= 0 => Ok(Some(days)),
        Some(_) => Err(Unreadable(format!("{name} is no number of days"))),
    }
}
