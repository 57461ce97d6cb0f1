//! Changing a password (`password.change = "exop"`), and what users are told of theirs.

use crate::common::directory::{group_dn, password_of};
use crate::common::login::{account, auth, change_password, client, stack, told};
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHTOK_ERR, PAM_AUTHTOK_EXPIRED,
    PAM_CHANGE_EXPIRED_AUTHTOK, PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED, PAM_SERVICE_ERR,
    PAM_SUCCESS,
};
use crate::fixture::{Site, auth_right, bind};

const NEW: &str = "Another.Secret.2";
const NEWER: &str = "Third.Secret.3";

#[test]
fn a_user_changes_the_password_with_the_old_one() {
    let site = Site::enter();
    let config = site.config(&[]);
    let old = password_of("changer");
    let wrong = change_password(&config, "changer", &["wrong"]);
    assert_eq!(wrong, (PAM_AUTH_ERR, vec![]));
    for (new, words) in [
        // The server does not tell which of its rules: all of them are "invalid password syntax".
        ("a1.B", "The new password is too simple, or too short."),
        (
            "onlysmallletters",
            "The new password is too simple, or too short.",
        ),
    ] {
        let (code, told) = change_password(&config, "changer", &[&old, new, new]);
        assert_eq!(code, PAM_AUTHTOK_ERR, "{new}: {told:?}");
        assert!(
            told.len() == 1 && told[0].starts_with(words),
            "{new}: {told:?}"
        );
    }
    for (old, new) in [(old.as_str(), NEW), (NEW, NEWER)] {
        let changed = change_password(&config, "changer", &[old, new, new]);
        assert_eq!(changed, (PAM_SUCCESS, vec![]));
        assert_eq!(auth(&config, "changer", old), PAM_AUTH_ERR);
        assert_eq!(auth(&config, "changer", new), PAM_SUCCESS);
    }
    let (code, told) = change_password(&config, "changer", &[NEWER, NEW, NEW]);
    assert_eq!(code, PAM_AUTHTOK_ERR);
    let used = "The new password has been used before. Choose another one.";
    assert_eq!(told, [used]);
    // confidentialityRequired: the server takes no new password without TLS.
    let clear = site.config(&[("server", "uris = [\"ldap://127.0.0.1\"]")]);
    let (code, _) = change_password(&clear, "changer", &[NEWER, &old, &old]);
    assert_eq!(code, PAM_SERVICE_ERR);
    assert_eq!(auth(&config, "changer", NEWER), PAM_SUCCESS);
}

#[test]
fn a_password_that_was_reset_is_changed_in_the_login_that_finds_it_so() {
    let site = Site::enter();
    let config = site.config(&[]);
    let old = password_of("newcomer");
    // The bind is a success, and nothing is allowed behind it.
    let said = bind("newcomer", &old);
    assert!(said.contains("unwilling to perform (53)"), "{said}");
    assert_eq!(account(&config, "newcomer"), PAM_NEW_AUTHTOK_REQD);
    let stack = stack(&config);
    let mut login = client(&stack, "newcomer", &old);
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.acct_mgmt(0), PAM_NEW_AUTHTOK_REQD);
    assert_eq!(told(&login), ["You have to change your password now."]);
    login.answer(&old).answer(NEW).answer(NEW);
    assert_eq!(login.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK), PAM_SUCCESS);
    assert_eq!(auth(&config, "newcomer", NEW), PAM_SUCCESS);
    assert_eq!(account(&config, "newcomer"), PAM_SUCCESS);
    assert_eq!(auth(&config, "newcomer", &old), PAM_AUTH_ERR);
    assert_eq!(bind("newcomer", NEW), "");
}

#[test]
fn a_password_that_has_run_out_is_changed_as_long_as_there_are_grace_logins() {
    let site = Site::enter();
    let config = site.config(&[]);
    // Two are left, and a change takes two binds.
    let old = password_of("latecomer");
    let changed = change_password(&config, "latecomer", &[&old, NEW, NEW]);
    assert_eq!(changed, (PAM_SUCCESS, vec![]));
    assert_eq!(auth(&config, "latecomer", NEW), PAM_SUCCESS);
    assert_eq!(account(&config, "latecomer"), PAM_SUCCESS);
    for (user, code) in [
        ("ranout", PAM_AUTHTOK_EXPIRED),
        ("inactivated", PAM_ACCT_EXPIRED),
        ("lockednow", PAM_ACCT_EXPIRED),
    ] {
        let (ended, told) = change_password(&config, user, &[&password_of(user)]);
        assert_eq!(ended, code, "{user}: {told:?}");
    }
}

#[test]
fn a_password_that_will_run_out_is_announced() {
    let site = Site::enter();
    let config = site.config(&[]);
    let stack = stack(&config);
    let mut login = client(&stack, "warned", password_of("warned"));
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.acct_mgmt(0), PAM_SUCCESS);
    // A day, of which the server takes away what has passed since it first said so.
    let told = told(&login);
    assert!(
        told.len() == 1 && told[0].starts_with("Your password will expire in 2"),
        "{told:?}"
    );
}

#[test]
fn the_service_account_asks_for_groups_in_place_of_a_user_who_may_ask_nothing() {
    let site = Site::enter();
    let config = site.config(&[("+bind", "as_user = true")]);
    assert_eq!(auth_right(&config, "mustchange"), PAM_SUCCESS);
    assert_eq!(account(&config, "mustchange"), PAM_NEW_AUTHTOK_REQD);
    let staff = format!("require = \"{}\"", group_dn("staff"));
    let config = site.config(&[("+bind", "as_user = true"), ("access", &staff)]);
    assert_eq!(auth_right(&config, "mustchange"), PAM_PERM_DENIED);
    assert_eq!(account(&config, "mustchange"), PAM_PERM_DENIED);
}
