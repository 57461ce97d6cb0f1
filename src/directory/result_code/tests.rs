use super::*;
use crate::directory::ppolicy::PolicyResponse;
use crate::outcome::{Expired, Outcome};
use Operation::{GroupRead, GroupSearch, ServiceBind, StartTls, UserBind, UserRead, UserSearch};

const OPERATIONS: [Operation; 7] = [
    StartTls,
    ServiceBind,
    UserBind,
    UserSearch,
    UserRead,
    GroupRead,
    GroupSearch,
];

/// Every code × operation that is not "the server is unavailable", written out once more.
#[test]
fn the_table_says_what_it_should_for_every_code_and_operation() {
    let expected = |code, operation| match (operation, code) {
        (_, 0) => Some(Reading::Done),
        (ServiceBind, 7 | 8 | 13 | 19 | 32 | 34 | 48 | 49 | 50 | 53) => {
            Some(Reading::Misconfigured)
        }
        (UserBind, 49) => Some(Reading::WrongPassword),
        (UserBind | UserRead, 8 | 13) => Some(Reading::Misconfigured),
        (UserSearch, 8 | 13 | 32 | 34) => Some(Reading::Misconfigured),
        (UserSearch, 4) => Some(Reading::TooMany),
        (UserRead | GroupRead, 32) => Some(Reading::NoSuchEntry),
        (GroupRead, 18 | 34 | 50) => Some(Reading::Withheld),
        (GroupRead, 8 | 13) => Some(Reading::Misconfigured),
        (GroupSearch, 4 | 11) => Some(Reading::TooMany),
        (GroupSearch, 18 | 50) => Some(Reading::Withheld),
        (GroupSearch, 8 | 13 | 32 | 34) => Some(Reading::Misconfigured),
        _ => None,
    };
    for operation in OPERATIONS {
        for code in (0..200).chain([4096, 16384, 0x0100_0000, u32::MAX]) {
            match (read(operation, code), expected(code, operation)) {
                (Reading::Unavailable(_), None) => {}
                (reading, expected) => {
                    assert_eq!(Some(reading), expected, "{operation:?} {code}");
                }
            }
        }
    }
}

#[test]
fn only_the_users_own_bind_and_only_code_49_is_a_wrong_password() {
    for operation in OPERATIONS {
        for code in 0..=u32::from(u16::MAX) {
            let wrong = read(operation, code) == Reading::WrongPassword;
            assert_eq!(
                wrong,
                operation == UserBind && code == 49,
                "{operation:?} {code}"
            );
        }
    }
}

#[test]
fn only_code_0_is_success() {
    for operation in OPERATIONS {
        for code in 0..=u32::from(u16::MAX) {
            assert_eq!(
                read(operation, code) == Reading::Done,
                code == 0,
                "{operation:?} {code}"
            );
        }
    }
}

/// All sub-codes that Active Directory documents, as it writes them.
const SUB_CODES: [(&str, UserBindVerdict); 9] = [
    ("525", UserBindVerdict::Wrong),
    ("52e", UserBindVerdict::Wrong),
    ("530", UserBindVerdict::Barred(Barred::Hours)),
    ("531", UserBindVerdict::Barred(Barred::Workstation)),
    ("532", UserBindVerdict::PasswordExpired),
    ("533", UserBindVerdict::Closed(Closed::Disabled)),
    ("701", UserBindVerdict::Closed(Closed::Expired)),
    ("773", UserBindVerdict::PasswordReset),
    ("775", UserBindVerdict::Closed(Closed::Locked)),
];

/// The text of a Samba 4.17 domain controller, which is that of Windows.
fn text_of(sub_code: &str) -> String {
    format!(
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {sub_code}, v1db1"
    )
}

/// Each error that has a name, and one that has none.
fn errors() -> impl Iterator<Item = PolicyError> {
    (0..10).chain([99]).map(PolicyError::from)
}

fn error(error: PolicyError) -> PolicyControls {
    controls(None, Some(error), false, None)
}

fn controls(
    warning: Option<Warning>,
    error: Option<PolicyError>,
    expired: bool,
    expiring: Option<u32>,
) -> PolicyControls {
    PolicyControls {
        response: Some(PolicyResponse { warning, error }),
        expired,
        expiring,
    }
}

/// Every combination of what controls can say, and none at all, and nonsense.
fn all_controls() -> Vec<Result<PolicyControls, Malformed>> {
    let mut all = vec![Err(Malformed), Ok(PolicyControls::default())];
    let warnings = [
        None,
        Some(Warning::ExpiresIn(0)),
        Some(Warning::ExpiresIn(9)),
        Some(Warning::GraceLeft(0)),
        Some(Warning::GraceLeft(9)),
    ];
    let errors = errors().map(Some).chain([None]);
    for (warning, error) in errors.flat_map(|error| warnings.map(|warning| (warning, error))) {
        for expired in [false, true] {
            for expiring in [None, Some(5)] {
                all.push(Ok(controls(warning, error, expired, expiring)));
            }
        }
    }
    all
}

#[test]
fn each_sub_code_of_active_directory_has_its_verdict() {
    for (sub_code, verdict) in SUB_CODES {
        for text in [text_of(sub_code), text_of(&sub_code.to_uppercase())] {
            let read = bind_verdict(49, &text, Ok(PolicyControls::default()));
            assert_eq!(read, verdict, "{text}");
        }
    }
}

#[test]
fn a_text_of_another_form_is_a_wrong_password() {
    let texts = [
        "",
        "data 773",
        "773",
        "invalid credentials, data 773, v1db1",
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error",
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data , v1db1",
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 0x773, v1db1",
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data +773, v1db1",
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 100000773, v1",
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 999, v1db1",
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 5, data 773, v1",
    ];
    for text in texts {
        let read = bind_verdict(49, text, Ok(PolicyControls::default()));
        assert_eq!(read, UserBindVerdict::Wrong, "{text:?}");
    }
}

/// What slapd 2.5, 389-ds 2.3 and the draft answer to a bind.
#[test]
fn each_answer_of_a_server_with_a_policy_has_its_verdict() {
    use PolicyError::{AccountLocked, ChangeAfterReset, PasswordExpired};
    let locked = UserBindVerdict::Closed(Closed::Locked);
    let disabled = UserBindVerdict::Closed(Closed::Disabled);
    let none = PolicyControls::default();
    let grace = Some(Warning::GraceLeft(2));
    let soon = Some(Warning::ExpiresIn(172_000));
    let cases = [
        (0, "", none, UserBindVerdict::Right(None)),
        (
            0,
            "",
            controls(None, None, false, None),
            UserBindVerdict::Right(None),
        ),
        (
            0,
            "",
            controls(grace, None, false, None),
            UserBindVerdict::Right(grace),
        ),
        (
            0,
            "",
            controls(soon, None, false, Some(172_000)),
            UserBindVerdict::Right(soon),
        ),
        (0, "", error(ChangeAfterReset), UserBindVerdict::MustChange),
        (0, "", error(PasswordExpired), UserBindVerdict::MustChange),
        (0, "", error(AccountLocked), locked),
        // 389-ds: grace login; reset password; Netscape's control alone
        (
            0,
            "",
            controls(grace, None, true, None),
            UserBindVerdict::Right(grace),
        ),
        (
            0,
            "",
            controls(None, Some(ChangeAfterReset), true, None),
            UserBindVerdict::MustChange,
        ),
        (
            0,
            "",
            PolicyControls {
                expired: true,
                ..none
            },
            UserBindVerdict::MustChange,
        ),
        (
            0,
            "",
            controls(grace, Some(ChangeAfterReset), true, None),
            UserBindVerdict::MustChange,
        ),
        (49, "", none, UserBindVerdict::Wrong),
        (
            49,
            "",
            controls(None, None, false, None),
            UserBindVerdict::Wrong,
        ),
        (49, "", error(AccountLocked), locked),
        (
            49,
            "",
            error(PasswordExpired),
            UserBindVerdict::PasswordExpired,
        ),
        (
            49,
            "",
            error(ChangeAfterReset),
            UserBindVerdict::PasswordReset,
        ),
        (
            49,
            "password expired!",
            controls(None, Some(PasswordExpired), true, None),
            UserBindVerdict::PasswordExpired,
        ),
        (
            49,
            "",
            PolicyControls {
                expired: true,
                ..none
            },
            UserBindVerdict::PasswordExpired,
        ),
        (50, "", error(AccountLocked), locked),
        (
            19,
            "Exceed password retry limit. Please try later.",
            error(AccountLocked),
            locked,
        ),
        (
            19,
            "Exceed password retry limit. Contact system administrator to reset.",
            none,
            locked,
        ),
        (
            53,
            "Account inactivated. Contact system administrator.",
            error(AccountLocked),
            disabled,
        ),
        (
            53,
            "Account inactivated. Contact system administrator.",
            none,
            disabled,
        ),
        (53, "", none, UserBindVerdict::Unavailable(Cause::Busy)),
        (8, "", none, UserBindVerdict::Misconfigured),
        (13, "", none, UserBindVerdict::Misconfigured),
        (10, "", none, UserBindVerdict::Unavailable(Cause::Referral)),
        (51, "", none, UserBindVerdict::Unavailable(Cause::Busy)),
        (50, "", none, UserBindVerdict::Unavailable(Cause::Protocol)),
        (
            32,
            "",
            error(PasswordExpired),
            UserBindVerdict::Unavailable(Cause::Protocol),
        ),
    ];
    for (code, text, controls, verdict) in cases {
        let read = bind_verdict(code, text, Ok(controls));
        assert_eq!(read, verdict, "{code} {text} {controls:?}");
    }
}

#[test]
fn a_policy_error_that_has_no_place_in_a_bind_takes_the_success_back() {
    for error in errors().map(error) {
        let verdict = bind_verdict(0, "", Ok(error));
        assert!(!matches!(verdict, UserBindVerdict::Right(_)), "{error:?}");
    }
    let verdict = bind_verdict(0, "", Err(Malformed));
    assert_eq!(verdict, UserBindVerdict::Unavailable(Cause::Protocol));
}

/// CVE-2006-5170: no text and no control makes a success of a refusal.
#[test]
fn no_refused_bind_ends_as_success_in_the_auth_phase() {
    let mut texts: Vec<String> = SUB_CODES.map(|(sub_code, _)| text_of(sub_code)).to_vec();
    texts.extend([String::new(), "Account inactivated.".to_owned()]);
    for code in (1..200).chain([4096, 16384, u32::MAX]) {
        for text in &texts {
            for controls in all_controls() {
                let verdict = bind_verdict(code, text, controls);
                let outcome = verdict.outcome();
                assert!(
                    !matches!(outcome, None | Some(Outcome::Granted | Outcome::MustChange)),
                    "{code} {text} {controls:?}"
                );
                let wrong = outcome == Some(Outcome::BadPassword);
                assert!(!wrong || code == 49, "{code} {text} {controls:?}");
            }
        }
    }
}

#[test]
fn each_verdict_ends_as_the_contract_says() {
    let cases = [
        (UserBindVerdict::Right(None), None),
        (UserBindVerdict::Right(Some(Warning::GraceLeft(0))), None),
        (UserBindVerdict::MustChange, Some(Outcome::MustChange)),
        (UserBindVerdict::Wrong, Some(Outcome::BadPassword)),
        (
            UserBindVerdict::PasswordExpired,
            Some(Outcome::Expired(Expired::Password)),
        ),
        (
            UserBindVerdict::PasswordReset,
            Some(Outcome::Expired(Expired::Password)),
        ),
        (
            UserBindVerdict::Closed(Closed::Locked),
            Some(Outcome::Expired(Expired::Account)),
        ),
        (
            UserBindVerdict::Closed(Closed::Disabled),
            Some(Outcome::Expired(Expired::Account)),
        ),
        (
            UserBindVerdict::Closed(Closed::Expired),
            Some(Outcome::Expired(Expired::Account)),
        ),
        (
            UserBindVerdict::Barred(Barred::Hours),
            Some(Outcome::Refused),
        ),
        (
            UserBindVerdict::Barred(Barred::Workstation),
            Some(Outcome::Refused),
        ),
        (
            UserBindVerdict::Barred(Barred::Policy),
            Some(Outcome::Refused),
        ),
        (UserBindVerdict::Misconfigured, Some(Outcome::ConfigError)),
        (
            UserBindVerdict::Unavailable(Cause::Busy),
            Some(Outcome::Unavailable),
        ),
    ];
    for (verdict, outcome) in cases {
        assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
    }
}

#[test]
fn only_code_0_is_a_change_and_a_refusal_never_is() {
    let policy = |number| {
        let response = PolicyResponse {
            warning: None,
            error: Some(PolicyError::from(number)),
        };
        PolicyControls {
            response: Some(response),
            ..PolicyControls::default()
        }
    };
    let controls = [
        Ok(PolicyControls::default()),
        Ok(policy(0)),
        Ok(policy(6)),
        Ok(policy(77)),
        Err(Malformed),
    ];
    let texts = ["", "0000052D: x", "password in history", "success"];
    for code in (1..200).chain([4096, u32::MAX]) {
        for text in texts {
            for controls in controls {
                let verdict = change_verdict(code, text, controls);
                assert_ne!(verdict, ChangeVerdict::Changed, "{code} {text}");
            }
        }
    }
    for controls in controls {
        assert_eq!(change_verdict(0, "x", controls), ChangeVerdict::Changed);
    }
}

#[test]
fn the_reason_of_a_refused_change_comes_from_the_control_then_the_text_then_the_code() {
    use PolicyError::*;
    let refusals = [
        (PasswordExpired, Some(Refusal::AccountClosed)),
        (AccountLocked, Some(Refusal::AccountClosed)),
        (ChangeAfterReset, None),
        (PasswordModNotAllowed, Some(Refusal::NotAllowed)),
        (MustSupplyOldPassword, Some(Refusal::OldPasswordNeeded)),
        (InsufficientPasswordQuality, Some(Refusal::TooSimple)),
        (PasswordTooShort, Some(Refusal::TooShort)),
        (PasswordTooYoung, Some(Refusal::TooYoung)),
        (PasswordInHistory, Some(Refusal::InHistory)),
        (PasswordTooLong, Some(Refusal::TooLong)),
        (Unknown(10), None),
    ];
    for (error, refusal) in refusals {
        let response = PolicyResponse {
            warning: None,
            error: Some(error),
        };
        let controls = PolicyControls {
            response: Some(response),
            ..PolicyControls::default()
        };
        let said = |text| change_verdict(19, text, Ok(controls));
        let expected = |usual| ChangeVerdict::Refused(refusal.unwrap_or(usual));
        assert_eq!(said(""), expected(Refusal::Rules), "{error:?}");
        // The control says it, where there is one that says something.
        assert_eq!(said("too young"), expected(Refusal::TooYoung), "{error:?}");
    }
    let none = Ok(PolicyControls::default());
    let cases = [
        (2, ChangeVerdict::Misconfigured),
        (7, ChangeVerdict::Misconfigured),
        (8, ChangeVerdict::Misconfigured),
        (13, ChangeVerdict::Misconfigured),
        (3, ChangeVerdict::Unavailable(Cause::Busy)),
        (11, ChangeVerdict::Unavailable(Cause::Busy)),
        (51, ChangeVerdict::Unavailable(Cause::Busy)),
        (52, ChangeVerdict::Unavailable(Cause::Busy)),
        (10, ChangeVerdict::Refused(Refusal::Referral)),
        (19, ChangeVerdict::Refused(Refusal::Rules)),
        (49, ChangeVerdict::Refused(Refusal::OldPasswordWrong)),
        (50, ChangeVerdict::Refused(Refusal::NotAllowed)),
        (53, ChangeVerdict::Refused(Refusal::Other)),
        (80, ChangeVerdict::Refused(Refusal::Other)),
    ];
    for (code, verdict) in cases {
        assert_eq!(change_verdict(code, "", none), verdict, "{code}");
    }
}
