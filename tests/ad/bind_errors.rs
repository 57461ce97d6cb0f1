//! What the controller says when it refuses a password: a sub-code in the diagnostic text. No refused
//! bind is ever a grant.

use std::ffi::c_int;

use crate::common::login::{account, auth};
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHTOK_EXPIRED, PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED,
    PAM_SERVICE_ERR, PAM_SUCCESS, PAM_USER_UNKNOWN,
};
use crate::fixture::{Site, auth_right};
use crate::samba::{diagnostic, password_of, person_dn};

/// The account, the sub-code for its right password, what auth comes to, and what account comes to.
///
/// Samba gives 52e where a Windows controller gives 525 (there is no such user). The table of result
/// codes in `src/directory/result_code.rs` has a test of its own, with that one too.
const REFUSED: [(&str, &str, c_int, c_int); 8] = [
    ("no-hours", "530", PAM_PERM_DENIED, PAM_SUCCESS),
    ("no-stations", "531", PAM_PERM_DENIED, PAM_SUCCESS),
    ("ran-out", "532", PAM_AUTHTOK_EXPIRED, PAM_AUTHTOK_EXPIRED),
    ("disabled", "533", PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED),
    ("ended-disabled", "533", PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED),
    ("ended", "701", PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED),
    (
        "must-change",
        "773",
        PAM_AUTHTOK_EXPIRED,
        PAM_NEW_AUTHTOK_REQD,
    ),
    ("guessed-today", "775", PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED),
];

#[test]
fn the_right_password_gets_in_and_a_wrong_one_does_not() {
    let site = Site::enter();
    let config = site.config(&[]);
    assert_eq!(auth_right(&config, "bob"), PAM_SUCCESS);
    assert_eq!(auth(&config, "bob", "wrong"), PAM_AUTH_ERR);
    assert_eq!(auth(&config, "bob", ""), PAM_AUTH_ERR);
    assert_eq!(account(&config, "bob"), PAM_SUCCESS);
    let said = diagnostic(site.domain(), &person_dn("bob"), "wrong");
    assert!(said.contains(", data 52e,"), "{said}");
}

#[test]
fn every_sub_code_has_its_return_code_in_auth_and_in_account() {
    let site = Site::enter();
    let config = site.config(&[]);
    for (name, sub_code, in_auth, in_account) in REFUSED {
        let said = diagnostic(site.domain(), &person_dn(name), &password_of(name));
        assert!(
            said.contains(&format!(", data {sub_code},")),
            "{name}: {said}"
        );
        assert_eq!(auth_right(&config, name), in_auth, "{name}: auth");
        assert_eq!(account(&config, name), in_account, "{name}: account");
    }
}

#[test]
fn a_wrong_password_is_wrong_whatever_the_account_is() {
    let site = Site::enter();
    let config = site.config(&[]);
    // The controller does not look at the password of a locked account: 775 for every one.
    for (name, ..) in REFUSED.iter().filter(|row| row.1 != "775") {
        assert_eq!(auth(&config, name, "wrong"), PAM_AUTH_ERR, "{name}");
    }
}

#[test]
fn guessing_locks_an_account_and_each_attempt_is_one_bind() {
    let site = Site::enter();
    let config = site.config(&[]);
    // The fourth wrong password is the one that locks.
    for attempt in 1..=4 {
        assert_eq!(auth(&config, "guessed", "wrong"), PAM_AUTH_ERR, "{attempt}");
        if attempt == 3 {
            assert_eq!(account(&config, "guessed"), PAM_SUCCESS);
        }
    }
    assert_eq!(auth_right(&config, "guessed"), PAM_ACCT_EXPIRED);
    assert_eq!(account(&config, "guessed"), PAM_ACCT_EXPIRED);
    let said = diagnostic(
        site.domain(),
        &person_dn("guessed"),
        &password_of("guessed"),
    );
    assert!(said.contains(", data 775,"), "{said}");
}

#[test]
fn nobody_is_known_by_another_part_of_the_directory() {
    let site = Site::enter();
    let config = site.config(&[]);
    // A group, a computer, and the two kinds of name that a bind would take.
    for name in [
        "nobody-here",
        "linux-users",
        "DC1$",
        "alice@ad.example.com",
        "AD\\alice",
    ] {
        assert_eq!(
            auth(&config, name, password_of("alice")),
            PAM_USER_UNKNOWN,
            "{name}: auth"
        );
        assert_eq!(account(&config, name), PAM_USER_UNKNOWN, "{name}: account");
    }
}

#[test]
fn a_service_account_that_is_refused_is_a_mistake_of_the_configuration() {
    let site = Site::enter();
    let (ended, outsider) = (person_dn("ended"), person_dn("nobody-here"));
    for dn in [ended, outsider] {
        let bind = format!("dn = \"{dn}\"\npassword = \"{}\"", password_of("ended"));
        let config = site.config(&[("bind", &bind)]);
        assert_eq!(auth_right(&config, "bob"), PAM_SERVICE_ERR, "{dn}: auth");
        assert_eq!(account(&config, "bob"), PAM_SERVICE_ERR, "{dn}: account");
    }
}
