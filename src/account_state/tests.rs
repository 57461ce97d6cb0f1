use super::*;

mod active_directory;
mod ds389;
mod ppolicy;
mod shadow;

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
