use super::*;

/// Bytes written in hexadecimal.
fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// The controls of a BindResponse that begins with the LDAPMessage, read as the module does.
fn controls_of(message: &str) -> Result<PolicyControls, Malformed> {
    let message = bytes(message);
    let (content, _) = ber::take(&message, 0x30).unwrap();
    let (_, operation) = ber::take(content, 0x02).unwrap();
    let rest = ber::element(operation).unwrap().unwrap().rest;
    let mut controls = Vec::new();
    if !rest.is_empty() {
        let (mut list, _) = ber::take(rest, 0xa0).unwrap();
        while !list.is_empty() {
            let (control, more) = ber::take(list, 0x30).unwrap();
            let (oid, rest) = ber::take(control, 0x04).unwrap();
            let value = ber::element(rest).unwrap().map(|value| value.content);
            controls.push((std::str::from_utf8(oid).unwrap(), value));
            list = more;
        }
    }
    PolicyControls::read(controls, None)
}

fn response(warning: Option<Warning>, error: Option<PolicyError>) -> Option<PolicyResponse> {
    Some(PolicyResponse { warning, error })
}

/// Whole BindResponses of slapd 2.5.13 (Debian 12) with the ppolicy overlay and `ppolicy_use_lockout`,
/// to a simple bind with the request control, as they came out of the socket of a small client that
/// printed what it received.
#[test]
fn what_slapd_sends_is_read() {
    let cases = [
        // A good bind and a wrong password alike: an empty sequence
        (
            "302f02010161070a010004000400a021301f0419312e332e362e312e342e312e34322e322e32372e382e352e3104023000",
            response(None, None),
        ),
        // pwdAccountLockedTime: 000001010000Z; result code 49
        (
            "303202010161070a013104000400a02430220419312e332e362e312e342e312e34322e322e32372e382e352e3104053003810101",
            response(None, Some(PolicyError::AccountLocked)),
        ),
        // pwdReset: TRUE; result code 0
        (
            "303202010161070a010004000400a02430220419312e332e362e312e342e312e34322e322e32372e382e352e3104053003810102",
            response(None, Some(PolicyError::ChangeAfterReset)),
        ),
        // Past pwdMaxAge, the right password; result code 49
        (
            "303202010161070a013104000400a02430220419312e332e362e312e342e312e34322e322e32372e382e352e3104053003810100",
            response(None, Some(PolicyError::PasswordExpired)),
        ),
        // Twelve hours before it runs out
        (
            "303602010161070a010004000400a02830260419312e332e362e312e342e312e34322e322e32372e382e352e3104093007a005800300a8b4",
            response(Some(Warning::ExpiresIn(43_188)), None),
        ),
        // The first of three grace logins
        (
            "303402010161070a010004000400a02630240419312e332e362e312e342e312e34322e322e32372e382e352e3104073005a003810102",
            response(Some(Warning::GraceLeft(2)), None),
        ),
        // No such entry: no control at all
        ("300c02010161070a013104000400", None),
    ];
    for (message, expected) in cases {
        let expected = PolicyControls {
            response: expected,
            ..PolicyControls::default()
        };
        assert_eq!(controls_of(message), Ok(expected), "{message}");
    }
}

/// The same with 389-ds 2.3.1 (Debian 12), which writes lengths in the long form.
#[test]
fn what_389_ds_sends_is_read() {
    let cases = [
        // A password past passwordExpirationTime; result code 49, "password expired!"
        (
            "306502010161180a01310400041170617373776f7264206578706972656421a04630260419312e332e362e312e342e312e34322e322e32372e382e352e310409308400000003810100301c0417322e31362e3834302e312e3131333733302e332e342e34040130",
            response(None, Some(PolicyError::PasswordExpired)),
            true,
            None,
        ),
        // The last grace login
        (
            "305a02010161070a010004000400a04c302c0419312e332e362e312e342e312e34322e322e32372e382e352e31040f308400000009a08400000003810100301c0417322e31362e3834302e312e3131333733302e332e342e34040130",
            response(Some(Warning::GraceLeft(0)), None),
            true,
            None,
        ),
        // Two days before it runs out
        (
            "306102010161070a010004000400a053302e0419312e332e362e312e342e312e34322e322e32372e382e352e31041130840000000ba084000000058003029fe030210417322e31362e3834302e312e3131333733302e332e342e350406313732303030",
            response(Some(Warning::ExpiresIn(172_000)), None),
            false,
            Some(172_000),
        ),
        // Set by an administrator under passwordMustChange; result code 0
        (
            "305402010161070a010004000400a04630260419312e332e362e312e342e312e34322e322e32372e382e352e310409308400000003810102301c0417322e31362e3834302e312e3131333733302e332e342e34040130",
            response(None, Some(PolicyError::ChangeAfterReset)),
            true,
            None,
        ),
        // nsAccountLock; result code 53
        (
            "306802010161390a0135040004324163636f756e7420696e6163746976617465642e20436f6e746163742073797374656d2061646d696e6973747261746f722ea02830260419312e332e362e312e342e312e34322e322e32372e382e352e310409308400000003810101",
            response(None, Some(PolicyError::AccountLocked)),
            false,
            None,
        ),
    ];
    for (message, response, expired, expiring) in cases {
        let expected = PolicyControls {
            response,
            expired,
            expiring,
        };
        assert_eq!(controls_of(message), Ok(expected), "{message}");
    }
}

#[test]
fn every_error_number_has_its_name() {
    let names = [
        PolicyError::PasswordExpired,
        PolicyError::AccountLocked,
        PolicyError::ChangeAfterReset,
        PolicyError::PasswordModNotAllowed,
        PolicyError::MustSupplyOldPassword,
        PolicyError::InsufficientPasswordQuality,
        PolicyError::PasswordTooShort,
        PolicyError::PasswordTooYoung,
        PolicyError::PasswordInHistory,
        PolicyError::PasswordTooLong,
        PolicyError::Unknown(10),
    ];
    for (number, name) in (0..).zip(names) {
        let read = decode(&[0x30, 3, 0x81, 1, number]).unwrap();
        assert_eq!(read.error, Some(name), "{number}");
    }
    let read = decode(&bytes("300681047fffffff")).unwrap();
    assert_eq!(read.error, Some(PolicyError::Unknown(0x7fff_ffff)));
}

#[test]
fn a_warning_and_an_error_may_come_together() {
    let both = decode(&bytes("3008a003800105810102"));
    let expected = response(
        Some(Warning::ExpiresIn(5)),
        Some(PolicyError::ChangeAfterReset),
    );
    assert_eq!(both.ok(), expected);
}

#[test]
fn a_value_that_is_not_as_the_draft_says_is_malformed() {
    let cases = [
        ("", "nothing"),
        ("30", "a tag alone"),
        ("3003", "a header alone"),
        ("30038101", "cut short"),
        ("3180", "a set"),
        ("3080810101", "an indefinite length"),
        ("04038101010000", "another type"),
        ("300000", "a byte behind"),
        ("30038101013000", "a sequence behind"),
        ("3006810101810102", "two errors"),
        ("3008810102a003800105", "the error first"),
        ("300aa003800105a003800105", "two warnings"),
        ("3002a000", "an empty warning"),
        ("3008a006800105810102", "two choices in one warning"),
        ("3005a003820105", "an unknown choice"),
        ("30058003800105", "a warning that is not constructed"),
        ("3005a103800105", "an error that is constructed"),
        ("3003820101", "an unknown part"),
        ("30030a0101", "a universal tag"),
        ("30028100", "an error without octets"),
        ("30038101ff", "a negative error"),
        ("3005a0038001ff", "a negative time"),
        ("30078105ffffffffff", "an error of five octets"),
        ("3007810500ffffffff", "an error of five octets"),
        ("3009a007800500ffffffff", "a time of five octets"),
        ("308500000000038101", "a length of five octets"),
        ("3084ffffffff810101", "a length beyond the end"),
        ("3f8101", "a long tag number"),
    ];
    for (value, what) in cases {
        assert_eq!(decode(&bytes(value)), Err(Malformed), "{what}");
    }
}

#[test]
fn no_bytes_at_all_make_the_reader_panic() {
    // Every value of up to two octets behind each beginning of a good one.
    let good = bytes("3008a003800105810102");
    for length in 0..=good.len() {
        for (one, two) in (0..=255).flat_map(|one| (0..=255).map(move |two| (one, two))) {
            let mut value = good[..length].to_vec();
            value.extend([one, two]);
            let read = decode(&value);
            assert!(length < good.len() || read.is_err(), "{value:x?}");
        }
    }
}

#[test]
fn netscapes_seconds_are_digits_and_nothing_else() {
    let read = |value: Option<&[u8]>| PolicyControls::read([(PASSWORD_EXPIRING, value)], None);
    for (value, expected) in [("0", 0), ("172000", 172_000), ("4294967295", u32::MAX)] {
        let controls = read(Some(value.as_bytes())).unwrap();
        assert_eq!(controls.expiring, Some(expected));
        assert_eq!(controls.warning(), Some(Warning::ExpiresIn(expected)));
    }
    for value in ["", "-1", "+1", " 1", "1 ", "1\0", "4294967296", "soon"] {
        assert_eq!(read(Some(value.as_bytes())), Err(Malformed), "{value:?}");
    }
    assert_eq!(read(Some(b"\xff")), Err(Malformed));
    assert_eq!(read(None), Err(Malformed));
}

#[test]
fn a_control_without_its_value_or_twice_is_malformed() {
    let empty: Option<&[u8]> = Some(&[0x30, 0]);
    type Controls<'a> = &'a [(&'a str, Option<&'a [u8]>)];
    let cases: [Controls; 4] = [
        &[(PASSWORD_POLICY, None)],
        &[(PASSWORD_POLICY, empty), (PASSWORD_POLICY, empty)],
        &[(PASSWORD_EXPIRED, None), (PASSWORD_EXPIRED, Some(b"0"))],
        &[
            (PASSWORD_EXPIRING, Some(b"1")),
            (PASSWORD_EXPIRING, Some(b"1")),
        ],
    ];
    for controls in cases {
        let read = PolicyControls::read(controls.iter().copied(), None);
        assert_eq!(read, Err(Malformed), "{controls:?}");
    }
}

#[test]
fn a_family_that_does_not_count_is_not_read() {
    let controls: [(&str, Option<&[u8]>); 4] = [
        ("1.2.3", None),
        (PASSWORD_POLICY, Some(&[0x30, 3, 0x81, 1, 2])),
        (PASSWORD_EXPIRED, Some(b"0")),
        (PASSWORD_EXPIRING, Some(b"9")),
    ];
    let read = |families: &[AccountState]| {
        let families: BTreeSet<_> = families.iter().copied().collect();
        PolicyControls::read(controls, Some(&families)).unwrap()
    };
    assert_eq!(read(&[AccountState::Shadow]), PolicyControls::default());
    let ppolicy = read(&[AccountState::Ppolicy]);
    assert_eq!(ppolicy.error(), Some(PolicyError::ChangeAfterReset));
    assert!(!ppolicy.expired);
    let ds389 = read(&[AccountState::Ds389]);
    assert_eq!(
        (ds389.response, ds389.expired, ds389.expiring),
        (None, true, Some(9))
    );
}

#[test]
fn the_more_urgent_warning_is_told() {
    let expires = Warning::ExpiresIn;
    let grace = Warning::GraceLeft;
    let cases = [
        (expires(5), expires(3), expires(3)),
        (expires(3), expires(5), expires(3)),
        (grace(1), expires(1), grace(1)),
        (expires(1), grace(2), grace(2)),
        (grace(2), grace(0), grace(0)),
    ];
    for (one, two, expected) in cases {
        assert_eq!(one.more_urgent(two), expected);
    }
}
