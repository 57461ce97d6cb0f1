use super::*;

/// 2026-11-24 08:17:32 UTC, day 20781.
const NOW: i64 = 1_795_508_252;
const TODAY: i64 = 20_781;

/// The account phase of a login without a password.
const WITHOUT_BIND: Circumstances = Circumstances {
    now: NOW,
    just_bound: false,
    lockout_duration: None,
};
const JUST_BOUND: Circumstances = Circumstances {
    just_bound: true,
    ..WITHOUT_BIND
};

fn at(now: i64) -> Circumstances {
    Circumstances {
        now,
        ..WITHOUT_BIND
    }
}

fn locking_for(seconds: i64) -> Circumstances {
    Circumstances {
        lockout_duration: Some(seconds),
        ..WITHOUT_BIND
    }
}

/// Attribute and value, for each value.
type TestEntry<'a> = &'a [(&'a str, &'a str)];

fn with<T>(entry: &[(&str, &str)], read: impl Fn(&Attributes<'_>) -> T) -> T {
    let known: Vec<(&str, Vec<Vec<u8>>)> = entry
        .iter()
        .map(|(name, _)| {
            let values = entry.iter().filter(|(other, _)| other == name);
            let values = values.map(|(_, value)| value.as_bytes().to_vec());
            (*name, values.collect())
        })
        .collect();
    let values = |name: &str| {
        let found = known.iter().find(|(other, _)| *other == name);
        found.map_or(&[][..], |(_, values)| values.as_slice())
    };
    read(&Attributes::new(&values))
}

/// What a test compares: the state without its reason.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Fine,
    Warns(Warning),
    MustChange,
    PasswordExpired,
    Unreadable,
    Closed(Closed),
}

const LOCKED: Kind = Kind::Closed(Closed::Locked);
const DISABLED: Kind = Kind::Closed(Closed::Disabled);
const EXPIRED: Kind = Kind::Closed(Closed::Expired);

fn kind(entry: &[(&str, &str)], at: &Circumstances) -> Kind {
    let state = with(entry, |attributes| evaluate(attributes, None, at));
    assert_eq!(state.outcome().is_none(), state.reason().is_empty());
    match state {
        State::Fine(None) => Kind::Fine,
        State::Fine(Some(warning)) => Kind::Warns(warning),
        State::MustChange(_) => Kind::MustChange,
        State::PasswordExpired(_) => Kind::PasswordExpired,
        State::Unreadable(_) => Kind::Unreadable,
        State::Closed(closed, _) => Kind::Closed(closed),
    }
}

/// Days around today as text: `day(0)` is today.
fn day(offset: i64) -> String {
    (TODAY + offset).to_string()
}

/// A time in the units of Active Directory.
fn ticks(unix: i64) -> String {
    ((unix + 11_644_473_600) * 10_000_000).to_string()
}

#[test]
fn an_entry_without_any_of_it_is_fine() {
    assert_eq!(kind(&[], &WITHOUT_BIND), Kind::Fine);
    assert_eq!(
        kind(&[("uid", "alice"), ("mail", "x")], &JUST_BOUND),
        Kind::Fine
    );
}

#[test]
fn shadow_expire_is_over_on_its_day() {
    let cases = [
        ("-1", Kind::Fine),
        ("0", EXPIRED),
        ("1", EXPIRED),
        (&day(-1), EXPIRED),
        (&day(0), EXPIRED),
        (&day(1), Kind::Fine),
        ("99999", Kind::Fine),
        ("9223372036854775807", Kind::Fine),
        ("-2", Kind::Unreadable),
        ("never", Kind::Unreadable),
        ("", Kind::Unreadable),
    ];
    for (value, expected) in cases {
        for at in [WITHOUT_BIND, JUST_BOUND] {
            assert_eq!(kind(&[("shadowExpire", value)], &at), expected, "{value}");
        }
    }
    // The day begins at midnight UTC, to the second; and there are days before 1970.
    let entry = [("shadowExpire", "20782")];
    assert_eq!(kind(&entry, &at(20_782 * 86_400 - 1)), Kind::Fine);
    assert_eq!(kind(&entry, &at(20_782 * 86_400)), EXPIRED);
    assert_eq!(kind(&[("shadowExpire", "0")], &at(-1)), Kind::Fine);
    assert_eq!(kind(&[("shadowExpire", "0")], &at(0)), EXPIRED);
    // 2106 and beyond
    assert_eq!(
        kind(&[("shadowExpire", "60000")], &at(60_000 * 86_400)),
        EXPIRED
    );
    assert_eq!(
        kind(&[("shadowExpire", "60001")], &at(60_000 * 86_400)),
        Kind::Fine
    );
}

#[test]
fn shadow_passwords_age_as_pam_unix_has_it() {
    // last change (days ago), max, inactive, warning
    let left = |days: i64| {
        let seconds = (TODAY + days) * 86_400 - NOW;
        Kind::Warns(Warning::ExpiresIn(u32::try_from(seconds).unwrap()))
    };
    let cases = [
        ((10, "-1", "-1", "7"), Kind::Fine),
        ((10, "90", "-1", "7"), Kind::Fine),
        ((82, "90", "-1", "7"), Kind::Fine),
        ((83, "90", "-1", "7"), left(7)),
        ((89, "90", "-1", "7"), left(1)),
        ((89, "90", "-1", "0"), Kind::Fine),
        ((89, "90", "-1", "-1"), Kind::Fine),
        ((1, "90", "-1", "365"), left(89)),
        ((90, "90", "-1", "7"), Kind::MustChange),
        ((91, "90", "-1", "7"), Kind::MustChange),
        ((99, "90", "10", "7"), Kind::MustChange),
        ((100, "90", "10", "7"), Kind::PasswordExpired),
        ((90, "90", "0", "7"), Kind::PasswordExpired),
        ((89, "90", "0", "7"), left(1)),
        ((0, "0", "-1", "0"), Kind::MustChange),
        ((-1, "0", "0", "0"), Kind::Fine),
        ((500, "99999", "-1", "7"), Kind::Fine),
        (
            (500, "9223372036854775807", "9223372036854775807", "7"),
            Kind::Fine,
        ),
        ((10, "-5", "-1", "7"), Kind::Unreadable),
        ((10, "90", "x", "7"), Kind::Unreadable),
        ((10, "90", "-1", "?"), Kind::Unreadable),
    ];
    for ((ago, max, inactive, warning), expected) in cases {
        let entry = [
            ("shadowLastChange", &*day(-ago)),
            ("shadowMax", max),
            ("shadowInactive", inactive),
            ("shadowWarning", warning),
        ];
        assert_eq!(kind(&entry, &WITHOUT_BIND), expected, "{entry:?}");
        assert_eq!(kind(&entry, &JUST_BOUND), expected, "{entry:?}");
    }
}

#[test]
fn a_last_change_of_0_asks_for_a_new_password() {
    let cases: [(TestEntry, Kind); 5] = [
        (&[("shadowLastChange", "0")], Kind::MustChange),
        (&[("shadowLastChange", "-1")], Kind::Fine),
        (&[("shadowLastChange", "1")], Kind::Fine),
        (&[("shadowMax", "90")], Kind::Fine),
        (&[("shadowLastChange", "0"), ("shadowExpire", "1")], EXPIRED),
    ];
    for (entry, expected) in cases {
        assert_eq!(kind(entry, &WITHOUT_BIND), expected, "{entry:?}");
    }
}

#[test]
fn a_password_may_be_changed_after_its_least_age() {
    let cases = [
        (&*day(0), "0", None),
        (&*day(0), "1", Some(1)),
        (&*day(-4), "7", Some(3)),
        (&*day(-7), "7", None),
        (&*day(1), "7", None),
        ("0", "99999", None),
        ("-1", "7", None),
        (&*day(0), "-1", None),
    ];
    for (changed, least, expected) in cases {
        let entry = [("shadowLastChange", changed), ("shadowMin", least)];
        let days = with(&entry, |attributes| {
            shadow::days_until_change(attributes, NOW)
        });
        assert_eq!(days, Ok(expected), "{entry:?}");
    }
    let entry = [("shadowLastChange", "1"), ("shadowMin", "soon")];
    assert!(
        with(&entry, |attributes| shadow::days_until_change(
            attributes, NOW
        ))
        .is_err()
    );
}

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

#[test]
fn two_values_where_there_can_be_one_are_unreadable() {
    for name in wanted_attributes(None) {
        if matches!(name, "pwdReset" | "nsAccountLock") {
            continue;
        }
        let entry = [(name, "1"), (name, "1")];
        assert_eq!(kind(&entry, &WITHOUT_BIND), Kind::Unreadable, "{name}");
    }
}

#[test]
fn nonsense_in_any_attribute_is_never_fine() {
    for name in wanted_attributes(None) {
        for value in ["", "x", "\u{0}", "1 2", "99999999999999999999", "２０２６"] {
            for at in [WITHOUT_BIND, JUST_BOUND] {
                assert_eq!(
                    kind(&[(name, value)], &at),
                    Kind::Unreadable,
                    "{name} {value}"
                );
            }
        }
    }
}

#[test]
fn only_the_families_that_count_are_asked() {
    let entry = [
        ("shadowExpire", "1"),
        ("pwdReset", "TRUE"),
        ("pwdLastSet", "x"),
        ("passwordExpirationTime", "20260101000000Z"),
    ];
    let cases = [
        (
            AccountState::Shadow,
            Some(Outcome::Expired(Expired::Account)),
        ),
        (AccountState::Ppolicy, Some(Outcome::MustChange)),
        (AccountState::ActiveDirectory, Some(Outcome::Refused)),
        (
            AccountState::Ds389,
            Some(Outcome::Expired(Expired::Password)),
        ),
    ];
    for (family, expected) in cases {
        let families = BTreeSet::from([family]);
        let state = with(&entry, |attributes| {
            evaluate(attributes, Some(&families), &WITHOUT_BIND)
        });
        assert_eq!(state.outcome(), expected, "{family:?}");
        let wanted = wanted_attributes(Some(&families));
        assert!(wanted_attributes(None).len() > wanted.len());
        let shown = entry.iter().filter(|(name, _)| wanted.contains(name));
        assert_eq!(shown.count(), 1, "{family:?}");
    }
    let none = BTreeSet::new();
    let state = with(&entry, |attributes| {
        evaluate(attributes, Some(&none), &WITHOUT_BIND)
    });
    assert_eq!(state, State::Fine(None));
    assert!(wanted_attributes(Some(&none)).is_empty());
}

#[test]
fn of_several_states_the_one_that_leaves_least_open_counts() {
    let why = || "x".to_owned();
    let ascending = [
        State::Fine(None),
        State::Fine(Some(Warning::ExpiresIn(9))),
        State::Fine(Some(Warning::ExpiresIn(3))),
        State::Fine(Some(Warning::GraceLeft(1))),
        State::MustChange(why()),
        State::PasswordExpired(why()),
        State::Unreadable(why()),
        State::Closed(Closed::Locked, why()),
    ];
    for (index, state) in ascending.iter().enumerate() {
        for milder in &ascending[..=index] {
            assert_eq!(&state.clone().worse(milder.clone()), state);
            assert_eq!(&milder.clone().worse(state.clone()), state);
        }
    }
}
