//! Active Directory (and Samba): userAccountControl and its kin.
//!
//! The bits are those of MS-ADTS §2.2.16. Times are counted in 100 ns since 1601-01-01 UTC.

use super::{Attributes, Circumstances, Closed, State, Unreadable, ppolicy, worst};

/// What a search has to ask for. The computed attribute is constructed, and sent only when named.
pub const ATTRIBUTES: &[&str] = &[
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "accountExpires",
    "lockoutTime",
    "pwdLastSet",
];

/// ADS_UF_ACCOUNTDISABLE
const DISABLED: u32 = 0x2;
/// ADS_UF_LOCKOUT: kept in the computed attribute; in userAccountControl by old servers only.
const LOCKED_OUT: u32 = 0x10;
/// ADS_UF_PASSWORD_EXPIRED, likewise.
const PASSWORD_EXPIRED: u32 = 0x80_0000;
/// Passwords that do not run out (MS-SAMR §3.1.5.14.4): ADS_UF_DONT_EXPIRE_PASSWD,
/// ADS_UF_SMARTCARD_REQUIRED, and the three kinds of trust account.
const NO_AGING: u32 = 0x1_0000 | 0x4_0000 | 0x800 | 0x1000 | 0x2000;

/// From 1601-01-01 to 1970-01-01, in seconds.
const SECONDS_TO_1970: i64 = 11_644_473_600;
const TICKS_A_SECOND: i64 = 10_000_000;

/// The state that these attributes tell.
pub(super) fn state(attributes: &Attributes<'_>, at: &Circumstances) -> State {
    worst([
        disabled(attributes),
        lock(attributes, at),
        expiry(attributes, at),
        password(attributes, at),
    ])
}

fn disabled(attributes: &Attributes<'_>) -> Result<State, Unreadable> {
    let bits = bits(attributes, "userAccountControl")?.unwrap_or(0);
    Ok(if bits & DISABLED == 0 {
        State::Fine(None)
    } else {
        let why = "userAccountControl: disabled";
        State::Closed(Closed::Disabled, why.to_owned())
    })
}

/// lockoutTime stays in the entry when the lock-out is over, until the next good login. The computed
/// attribute knows the domain's lockoutDuration (MS-ADTS §3.1.1.4.5.17), so where there is one, it decides.
fn lock(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let stored = bits(attributes, "userAccountControl")?.unwrap_or(0);
    let computed = bits(attributes, "msDS-User-Account-Control-Computed")?;
    let since = time(attributes, "lockoutTime")?;
    let why = match computed {
        _ if at.just_bound => return Ok(State::Fine(None)),
        Some(computed) if computed & LOCKED_OUT != 0 => {
            "msDS-User-Account-Control-Computed: locked after wrong passwords"
        }
        None if stored & LOCKED_OUT != 0 => "userAccountControl: locked after wrong passwords",
        None if since.is_some_and(|since| !ppolicy::is_over(since, at)) => {
            "lockoutTime: locked after wrong passwords"
        }
        Some(_) | None => return Ok(State::Fine(None)),
    };
    Ok(State::Closed(Closed::Locked, why.to_owned()))
}

fn expiry(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let over = time(attributes, "accountExpires")?.is_some_and(|end| at.now >= end);
    Ok(if over {
        let why = "accountExpires: the account's last day is over";
        State::Closed(Closed::Expired, why.to_owned())
    } else {
        State::Fine(None)
    })
}

/// A bind with a password that has run out fails, so its owner cannot change it by himself. One that an
/// administrator has reset (pwdLastSet 0) is there to be changed.
fn password(attributes: &Attributes<'_>, at: &Circumstances) -> Result<State, Unreadable> {
    let stored = bits(attributes, "userAccountControl")?.unwrap_or(0);
    let computed = bits(attributes, "msDS-User-Account-Control-Computed")?.unwrap_or(0);
    let last_set = ticks(attributes, "pwdLastSet")?;
    Ok(if stored & NO_AGING != 0 {
        State::Fine(None)
    } else if last_set == Some(0) {
        State::MustChange("pwdLastSet: an administrator wants a new password".to_owned())
    } else if (stored | computed) & PASSWORD_EXPIRED != 0 && !at.just_bound {
        State::PasswordExpired("userAccountControl: the password has run out".to_owned())
    } else {
        State::Fine(None)
    })
}

/// A set of 32 bits, which the directory writes as a number with a sign.
fn bits(attributes: &Attributes<'_>, name: &str) -> Result<Option<u32>, Unreadable> {
    let Some(number) = attributes.number(name)? else {
        return Ok(None);
    };
    let signed = i64::from(i32::MIN)..0;
    let unsigned = if signed.contains(&number) {
        number + (1 << 32)
    } else {
        number
    };
    match u32::try_from(unsigned) {
        Ok(bits) => Ok(Some(bits)),
        Err(_) => Err(Unreadable(format!("{name} has more than 32 bits"))),
    }
}

/// A time in seconds since 1970. 0 and the largest number both say "never" (MS-ADTS §2.2.18 and
/// MS-ADA1 accountExpires), as does an absent attribute.
fn time(attributes: &Attributes<'_>, name: &str) -> Result<Option<i64>, Unreadable> {
    let ticks = ticks(attributes, name)?;
    let ticks = ticks.filter(|ticks| !matches!(*ticks, 0 | i64::MAX));
    Ok(ticks.map(|ticks| ticks / TICKS_A_SECOND - SECONDS_TO_1970))
}

fn ticks(attributes: &Attributes<'_>, name: &str) -> Result<Option<i64>, Unreadable> {
    match attributes.number(name)? {
        Some(..0) => Err(Unreadable(format!("{name} is before 1601"))),
        ticks => Ok(ticks),
    }
}
