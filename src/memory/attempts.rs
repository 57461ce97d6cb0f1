//! Whether an offline login may be tried now: facts in, verdict out.
//!
//! Time is the wall clock, which may jump: one that is behind what it has shown before is not believed,
//! so setting it back gives nobody more time; and within one boot, the clock that nobody can set has to
//! agree.

use std::fmt;
use std::time::Duration;

use super::date::date;
use crate::store::Moment;
use crate::store::offline::{Grant, Kept};

/// So many wrong passwords in a row, and nobody may try for [`DELAY`]: what sssd calls
/// offline_failed_login_attempts, which has no limit by default, and offline_failed_login_delay.
const ATTEMPTS: u64 = 5;
/// In seconds.
const DELAY: u64 = 5 * 60;

/// The clocks, and how long a grant counts.
pub struct Times {
    /// The wall clock, in seconds since 1970.
    pub now: u64,
    /// The clock that nobody can set.
    pub moment: Moment,
    /// `offline.expire`
    pub expire: Duration,
}

/// Why an offline login may not be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The directory has not granted what is asked: other gates, or none for this service.
    NeverGranted,
    /// The last grant is older than `offline.expire`.
    Expired(u64),
    /// The clock shows an earlier time than it did.
    ClockBehind(u64),
    /// Too many wrong passwords; nobody may try for so many seconds.
    TooMany(u64),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::NeverGranted => {
                f.write_str("the directory has not granted this service with these gates")
            }
            Denied::Expired(date) => write!(f, "the last grant was on {}", self::date(*date)),
            Denied::ClockBehind(date) => {
                write!(
                    f,
                    "the clock is behind {}, which it has shown",
                    self::date(*date)
                )
            }
            Denied::TooMany(seconds) => {
                write!(
                    f,
                    "{ATTEMPTS} wrong passwords; the next may come in {seconds} s"
                )
            }
        }
    }
}

/// Whether nothing of it can be granted again, whatever the clock does from now on.
#[must_use]
pub fn is_over(kept: &Kept, times: &Times) -> bool {
    times.now >= kept.seen && kept.grants.iter().all(|grant| is_old(grant, times))
}

fn is_old(grant: &Grant, times: &Times) -> bool {
    let age = times.now.checked_sub(grant.date).map(Duration::from_secs);
    let too_old = |age: Duration| age >= times.expire;
    age.is_none_or(too_old) || grant.moment.age(&times.moment).is_some_and(too_old)
}

/// May a password be tried? `granted` is what the directory said to each part of the question.
///
/// # Errors
/// Not now, or never again.
pub fn judge(kept: &Kept, granted: &[Option<&Grant>], times: &Times) -> Result<(), Denied> {
    if times.now < kept.seen {
        return Err(Denied::ClockBehind(kept.seen));
    }
    if granted.is_empty() {
        return Err(Denied::NeverGranted);
    }
    for grant in granted {
        let grant = grant.ok_or(Denied::NeverGranted)?;
        if is_old(grant, times) {
            return Err(Denied::Expired(grant.date));
        }
    }
    let since = times.now.saturating_sub(kept.failed);
    if kept.failures >= ATTEMPTS && since < DELAY {
        return Err(Denied::TooMany(DELAY - since));
    }
    Ok(())
}

/// What is kept after one more wrong password.
#[must_use]
pub fn failed(kept: &Kept, now: u64) -> Kept {
    // The delay is over, and counting begins again.
    let before = match kept.failures < ATTEMPTS {
        true => kept.failures,
        false => 0,
    };
    Kept {
        failures: before + 1,
        failed: now,
        seen: kept.seen.max(now),
        ..kept.clone()
    }
}

/// The count in words.
#[must_use]
pub fn count(kept: &Kept) -> String {
    format!("{} of {ATTEMPTS} in a row", kept.failures)
}

#[cfg(test)]
mod tests;
