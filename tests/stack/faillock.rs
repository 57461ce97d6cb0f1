//! The real pam_faillock around the module, with counters in a directory of the test.

use std::fs;

use tempfile::TempDir;

use crate::scenario::{Local, RIGHT, Scenario, Setting, WRONG, staged, user};
use crate::shipped::{code_name, stack};

/// The size of one record of a tally file (`struct tally` in pam_faillock's faillock.h).
const RECORD: u64 = 64;

struct Counted {
    setting: Setting,
    tally: TempDir,
    scenario: Scenario,
}

impl Counted {
    fn new(scenario: Scenario, local: Local, more: &[(&str, &str)]) -> Counted {
        let counted = Counted {
            setting: Setting::with(scenario, more),
            tally: TempDir::new().unwrap(),
            scenario,
        };
        counted.set_local(local);
        counted
    }

    fn set_local(&self, local: Local) {
        let tally = self.tally.path().to_str().unwrap();
        let text = staged(&stack("faillock"), self.scenario, local, tally);
        self.setting.stack.service("sshd", &text);
    }

    fn login(&self, password: &str) -> String {
        let mut client = self.setting.client("sshd");
        client.answer(password);
        code_name(client.authenticate(0))
    }

    /// How many failures are on record for the user.
    fn count(&self) -> u64 {
        let file = self.tally.path().join(user());
        fs::metadata(file).map_or(0, |file| file.len() / RECORD)
    }
}

const DEFAULTS: [(&str, &str); 1] = [("fallback", "")];

#[test]
fn a_wrong_directory_password_is_counted_once_and_the_third_locks() {
    // "ignore" lets pam_unix answer, "deny" jumps over it: both have to be counted.
    for more in [&DEFAULTS[..], &[]] {
        let counted = Counted::new(Scenario::BadPassword, WRONG, more);
        for failures in 1..=3 {
            assert_eq!(counted.login("not-the-password"), "PERM_DENIED");
            assert_eq!(counted.count(), failures);
        }
        // Locked: the right password does not help now, neither the directory's nor the local one.
        counted.set_local(RIGHT);
        assert_eq!(counted.login(&Scenario::Granted.password()), "AUTH_ERR");
    }
}

#[test]
fn a_good_login_clears_the_counter() {
    for scenario in [Scenario::Granted, Scenario::Unavailable] {
        let counted = Counted::new(scenario, WRONG, &DEFAULTS);
        for _ in 0..2 {
            assert_eq!(counted.login("not-the-password"), "PERM_DENIED");
        }
        assert_eq!(counted.count(), 2, "{}", scenario.name());
        counted.set_local(RIGHT);
        assert_eq!(counted.login(&Scenario::Granted.password()), "SUCCESS");
        assert_eq!(counted.count(), 0, "{}", scenario.name());
    }
}

#[test]
fn a_shut_gate_is_counted_and_no_local_password_is_tried() {
    let counted = Counted::new(Scenario::Refused, RIGHT, &DEFAULTS);
    assert_eq!(counted.login(&Scenario::Refused.password()), "PERM_DENIED");
    assert_eq!(counted.count(), 1);
}

#[test]
fn with_the_directory_down_wrong_local_passwords_are_counted() {
    let counted = Counted::new(Scenario::Unavailable, WRONG, &DEFAULTS);
    assert_eq!(counted.login("whatever"), "PERM_DENIED");
    assert_eq!(counted.count(), 1);
}

#[test]
fn the_account_phase_after_a_public_key_clears_the_counter_only_for_whom_the_gates_are_open() {
    for (scenario, left) in [(Scenario::Granted, 0), (Scenario::Refused, 1)] {
        let counted = Counted::new(scenario, WRONG, &DEFAULTS);
        assert_eq!(counted.login("not-the-password"), "PERM_DENIED");
        assert_eq!(counted.count(), 1);
        let mut client = counted.setting.client("sshd");
        client.acct_mgmt(0);
        assert_eq!(counted.count(), left, "{}", scenario.name());
    }
}
