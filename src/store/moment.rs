//! A time of CLOCK_BOOTTIME, and the boot that it belongs to.

use std::fs;
use std::time::Duration;

use crate::sys;

/// What the kernel calls this boot (random(4)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// When something was, on the clock that nobody can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The boot; empty where the kernel would not say, and then it is like no other.
    pub boot: String,
    /// The time since.
    pub at: Duration,
}

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Moment::of_this_boot(sys::boot_time())
    }

    /// A time of this boot. What it is called is read from a file, so that a login which only might need
    /// to know notes the time alone.
    #[must_use]
    pub fn of_this_boot(at: Duration) -> Self {
        let boot = fs::read_to_string(BOOT_ID).unwrap_or_default();
        Moment {
            boot: boot.trim_end().to_owned(),
            at,
        }
    }

    /// How long ago this was. None if it was in another boot, or is not yet.
    #[must_use]
    pub fn age(&self, now: &Moment) -> Option<Duration> {
        let same = !self.boot.is_empty() && self.boot == now.boot;
        if same {
            now.at.checked_sub(self.at)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(boot: &str, seconds: u64) -> Moment {
        Moment {
            boot: boot.to_owned(),
            at: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn another_boot_and_the_future_have_no_age() {
        assert_eq!(at("a", 5).age(&at("a", 9)), Some(Duration::from_secs(4)));
        assert_eq!(at("a", 9).age(&at("a", 5)), None);
        assert_eq!(at("a", 5).age(&at("b", 9)), None);
        assert_eq!(at("", 5).age(&at("", 9)), None);
    }

    #[test]
    fn this_machine_has_a_boot() {
        let (first, second) = (Moment::now(), Moment::now());
        assert_eq!(first.boot.len(), 36, "{first:?}");
        assert!(first.age(&second).is_some());
    }
}
