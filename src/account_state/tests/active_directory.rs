//! The attributes of Active Directory and Samba.

use super::*;

#[test]
fn user_account_control_is_a_set_of_bits() {
    let cases = [
        ("512", Kind::Fine),
        ("514", DISABLED),
        ("2", DISABLED),
        ("66048", Kind::Fine),
        ("528", LOCKED),
        ("8389120", Kind::PasswordExpired),
        // Passwords that do not run out: by will, by smart card, of machines
        ("8454656", Kind::Fine),
        ("8651264", Kind::Fine),
        ("8392704", Kind::Fine),
        // With the highest bit set
        ("-2147483648", Kind::Fine),
        ("-2147483646", DISABLED),
        ("2147483650", DISABLED),
        ("-2147483649", Kind::Unreadable),
        ("4294967296", Kind::Unreadable),
        ("0x202", Kind::Unreadable),
    ];
    for (value, expected) in cases {
        let entry = [("userAccountControl", value)];
        assert_eq!(kind(&entry, &WITHOUT_BIND), expected, "{value}");
    }
}

/// Attributes as a Samba 4.17 domain has them.
#[test]
fn what_samba_shows_of_its_accounts_is_understood() {
    const COMPUTED: &str = "msDS-User-Account-Control-Computed";
    let never = "9223372036854775807";
    let cases: [(&str, &str, &str, &str, Kind); 6] = [
        ("512", "0", never, "134399820759594540", Kind::Fine),
        ("514", "0", never, "134399820760189310", DISABLED),
        (
            "512",
            "0",
            "134398956760000000",
            "134399820760388510",
            EXPIRED,
        ),
        ("512", "8388608", never, "0", Kind::MustChange),
        (
            "512",
            "8388608",
            never,
            "134322060760000000",
            Kind::PasswordExpired,
        ),
        ("512", "16", never, "134399820760991550", LOCKED),
    ];
    for (control, computed, expires, last_set, expected) in cases {
        let entry = [
            ("userAccountControl", control),
            (COMPUTED, computed),
            ("accountExpires", expires),
            ("pwdLastSet", last_set),
        ];
        assert_eq!(kind(&entry, &WITHOUT_BIND), expected, "{entry:?}");
    }
}

#[test]
fn account_expires_has_two_nevers() {
    let cases = [
        ("0".to_owned(), Kind::Fine),
        (i64::MAX.to_string(), Kind::Fine),
        ((i64::MAX - 1).to_string(), Kind::Fine),
        ("1".to_owned(), EXPIRED),
        (ticks(0), EXPIRED),
        (ticks(NOW - 1), EXPIRED),
        (ticks(NOW), EXPIRED),
        (ticks(NOW + 1), Kind::Fine),
        (ticks(4_294_967_296), Kind::Fine),
        ("-1".to_owned(), Kind::Unreadable),
        ("9223372036854775808".to_owned(), Kind::Unreadable),
    ];
    for (value, expected) in cases {
        for at in [WITHOUT_BIND, JUST_BOUND] {
            assert_eq!(
                kind(&[("accountExpires", &value)], &at),
                expected,
                "{value}"
            );
        }
    }
    // A tenth of a microsecond is not yet a second.
    assert_eq!(kind(&[("accountExpires", &ticks(-5))], &at(-5)), EXPIRED);
    assert_eq!(kind(&[("accountExpires", &ticks(-5))], &at(-6)), Kind::Fine);
}

#[test]
fn a_domains_lock_is_computed_or_else_reckoned() {
    const COMPUTED: &str = "msDS-User-Account-Control-Computed";
    let then = &ticks(NOW - 1800);
    let cases: [(TestEntry, Circumstances, Kind); 10] = [
        (&[("lockoutTime", "0")], WITHOUT_BIND, Kind::Fine),
        (&[("lockoutTime", then)], WITHOUT_BIND, LOCKED),
        (&[("lockoutTime", then)], locking_for(1801), LOCKED),
        (&[("lockoutTime", then)], locking_for(1800), Kind::Fine),
        (&[("lockoutTime", then)], locking_for(0), LOCKED),
        (&[("lockoutTime", then)], JUST_BOUND, Kind::Fine),
        (
            &[("lockoutTime", then), (COMPUTED, "0")],
            WITHOUT_BIND,
            Kind::Fine,
        ),
        (
            &[("lockoutTime", "0"), (COMPUTED, "16")],
            WITHOUT_BIND,
            LOCKED,
        ),
        (
            &[("userAccountControl", "528"), (COMPUTED, "0")],
            WITHOUT_BIND,
            Kind::Fine,
        ),
        (&[("lockoutTime", "-1")], WITHOUT_BIND, Kind::Unreadable),
    ];
    for (entry, at, expected) in cases {
        assert_eq!(kind(entry, &at), expected, "{entry:?} {at:?}");
    }
}

#[test]
fn a_password_last_set_at_0_must_be_changed_unless_it_never_runs_out() {
    let cases: [(TestEntry, Kind); 4] = [
        (&[("pwdLastSet", "0")], Kind::MustChange),
        (
            &[("pwdLastSet", "0"), ("userAccountControl", "66048")],
            Kind::Fine,
        ),
        (
            &[("pwdLastSet", "0"), ("userAccountControl", "514")],
            DISABLED,
        ),
        (&[("pwdLastSet", "-1")], Kind::Unreadable),
    ];
    for (entry, expected) in cases {
        assert_eq!(kind(entry, &WITHOUT_BIND), expected, "{entry:?}");
    }
}
