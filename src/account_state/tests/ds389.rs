//! The attributes of 389-ds.

use super::*;

#[test]
fn accounts_of_389_ds_are_inactivated_locked_or_past_their_passwords() {
    let cases = [
        ("nsAccountLock", "true", DISABLED, DISABLED),
        ("nsAccountLock", "TRUE", DISABLED, DISABLED),
        ("nsAccountLock", "false", Kind::Fine, Kind::Fine),
        (
            "nsAccountLock",
            "locked",
            Kind::Unreadable,
            Kind::Unreadable,
        ),
        ("accountUnlockTime", "0", LOCKED, Kind::Fine),
        ("accountUnlockTime", "19700101000000Z", LOCKED, Kind::Fine),
        (
            "accountUnlockTime",
            "20261124081731Z",
            Kind::Fine,
            Kind::Fine,
        ),
        (
            "accountUnlockTime",
            "20261124081732Z",
            Kind::Fine,
            Kind::Fine,
        ),
        ("accountUnlockTime", "20261124081733Z", LOCKED, Kind::Fine),
        (
            "accountUnlockTime",
            "later",
            Kind::Unreadable,
            Kind::Unreadable,
        ),
        (
            "passwordExpirationTime",
            "19700101000000Z",
            Kind::MustChange,
            Kind::Fine,
        ),
        (
            "passwordExpirationTime",
            "19700101000001Z",
            Kind::Fine,
            Kind::Fine,
        ),
        (
            "passwordExpirationTime",
            "19700101000002Z",
            Kind::PasswordExpired,
            Kind::Fine,
        ),
        (
            "passwordExpirationTime",
            "20261124081732Z",
            Kind::PasswordExpired,
            Kind::Fine,
        ),
        (
            "passwordExpirationTime",
            "20261124081733Z",
            Kind::Fine,
            Kind::Fine,
        ),
        (
            "passwordExpirationTime",
            "20380119031407Z",
            Kind::Fine,
            Kind::Fine,
        ),
        (
            "passwordExpirationTime",
            "0",
            Kind::Unreadable,
            Kind::Unreadable,
        ),
    ];
    for (name, value, without_bind, just_bound) in cases {
        let entry = [(name, value)];
        assert_eq!(kind(&entry, &WITHOUT_BIND), without_bind, "{name} {value}");
        assert_eq!(kind(&entry, &JUST_BOUND), just_bound, "{name} {value}");
    }
}
