//! The shadow(5) attributes.

use super::*;
use crate::account_state::shadow::days_until_change;

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
        let days = with(&entry, |attributes| days_until_change(attributes, NOW));
        assert_eq!(days, Ok(expected), "{entry:?}");
    }
    let entry = [("shadowLastChange", "1"), ("shadowMin", "soon")];
    assert!(with(&entry, |attributes| days_until_change(attributes, NOW)).is_err());
}
