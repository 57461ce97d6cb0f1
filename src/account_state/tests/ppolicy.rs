//! The attributes of a password policy.

use super::*;

#[test]
fn a_ppolicy_lock_lasts_as_long_as_is_known_of_it() {
    // Locked 60 seconds ago.
    let entry = [("pwdAccountLockedTime", "20261124081632Z")];
    let for_ever = [("pwdAccountLockedTime", "000001010000Z")];
    let spelled_otherwise = [("pwdAccountLockedTime", "00000101000000Z")];
    let future = [("pwdAccountLockedTime", "20261124081832Z")];
    let nonsense = [("pwdAccountLockedTime", "yesterday")];
    let cases: [(TestEntry, Circumstances, Kind); 14] = [
        (&entry, WITHOUT_BIND, LOCKED),
        (&entry, locking_for(0), LOCKED),
        (&entry, locking_for(-5), LOCKED),
        (&entry, locking_for(61), LOCKED),
        (&entry, locking_for(60), Kind::Fine),
        (&entry, locking_for(i64::MAX), LOCKED),
        (&entry, JUST_BOUND, Kind::Fine),
        (&for_ever, JUST_BOUND, LOCKED),
        (&for_ever, locking_for(60), LOCKED),
        (&spelled_otherwise, locking_for(60), LOCKED),
        (&future, WITHOUT_BIND, LOCKED),
        (&future, locking_for(1), LOCKED),
        (&nonsense, WITHOUT_BIND, Kind::Unreadable),
        (&nonsense, JUST_BOUND, Kind::Unreadable),
    ];
    for (entry, at, expected) in cases {
        assert_eq!(kind(entry, &at), expected, "{entry:?} {at:?}");
    }
}

#[test]
fn a_ppolicy_account_has_a_first_and_a_last_moment() {
    let cases = [
        ("pwdEndTime", "20261124081733Z", Kind::Fine),
        ("pwdEndTime", "20261124081732Z", EXPIRED),
        ("pwdEndTime", "20261124081731Z", EXPIRED),
        ("pwdEndTime", "20261124101732.5+0200", EXPIRED),
        ("pwdEndTime", "20261124081732", Kind::Unreadable),
        ("pwdStartTime", "20261124081733Z", EXPIRED),
        ("pwdStartTime", "20261124081732Z", Kind::Fine),
        ("pwdStartTime", "20261124081731Z", Kind::Fine),
        ("pwdStartTime", "", Kind::Unreadable),
        ("pwdReset", "TRUE", Kind::MustChange),
        ("pwdReset", "FALSE", Kind::Fine),
        ("pwdReset", "1", Kind::Unreadable),
    ];
    for (name, value, expected) in cases {
        for at in [WITHOUT_BIND, JUST_BOUND] {
            assert_eq!(kind(&[(name, value)], &at), expected, "{name} {value}");
        }
    }
}
