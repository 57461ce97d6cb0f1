//! Changing a password of the domain (`password.change = "ad"`): `unicodePwd`, over TLS.

use std::path::PathBuf;

use crate::common::login::{IGNORED, account, auth, change_password};
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHTOK_ERR, PAM_AUTHTOK_EXPIRED, PAM_NEW_AUTHTOK_REQD,
    PAM_PERM_DENIED, PAM_SERVICE_ERR, PAM_SUCCESS,
};
use crate::fixture::{Site, auth_right};
use crate::samba::password_of;

const NEW: &str = "Another.Secret.2";

fn config(site: &Site) -> PathBuf {
    site.config(&[("password", "change = \"ad\"")])
}

#[test]
fn a_user_changes_the_password_with_the_old_one() {
    let site = Site::enter();
    let config = config(&site);
    let old = password_of("changer");
    // A wrong one ends it before a new one is asked for.
    let wrong = change_password(&config, "changer", &["wrong"]);
    assert_eq!(wrong, (PAM_AUTH_ERR, vec![]));
    assert_eq!(auth(&config, "changer", &old), PAM_SUCCESS);
    let right = change_password(&config, "changer", &[&old, NEW, NEW]);
    assert_eq!(right, (PAM_SUCCESS, vec![]));
    assert_eq!(auth(&config, "changer", &old), PAM_AUTH_ERR);
    assert_eq!(auth(&config, "changer", NEW), PAM_SUCCESS);
    // With StartTLS, and with what needs care in quotes and in UTF-16.
    let server = "uris = [\"ldap://127.0.0.1\"]\nstart_tls = true";
    let start_tls = site.config(&[("server", server), ("password", "change = \"ad\"")]);
    let odd = "\"Zwölf, 𝄞 \\Boxer\"";
    let changed = change_password(&start_tls, "changer", &[NEW, odd, odd]);
    assert_eq!(changed, (PAM_SUCCESS, vec![]));
    assert_eq!(auth(&config, "changer", odd), PAM_SUCCESS);
}

#[test]
fn what_the_domain_has_against_a_new_password_is_said_in_words() {
    let site = Site::enter();
    let config = config(&site);
    let old = password_of("picky");
    for (new, words) in [
        ("a1.B", "The new password is too short."),
        (
            "aaaaaaaaaaaaaaa",
            "The new password is too simple, or too short.",
        ),
        (&old, "The new password has been used before."),
    ] {
        let (code, told) = change_password(&config, "picky", &[&old, new, new]);
        assert_eq!(code, PAM_AUTHTOK_ERR, "{new}: {told:?}");
        assert!(
            told.len() == 1 && told[0].starts_with(words),
            "{new}: {told:?}"
        );
    }
    assert_eq!(auth(&config, "picky", &old), PAM_SUCCESS);
}

#[test]
fn a_password_that_was_reset_or_has_run_out_can_be_changed() {
    let site = Site::enter();
    let config = config(&site);
    for (user, before) in [
        ("changes-first", PAM_NEW_AUTHTOK_REQD),
        ("changes-late", PAM_AUTHTOK_EXPIRED),
    ] {
        let old = password_of(user);
        // The controller refuses the bind, and a refused bind is never a grant.
        assert_eq!(auth_right(&config, user), PAM_AUTHTOK_EXPIRED, "{user}");
        assert_eq!(account(&config, user), before, "{user}");
        let wrong = change_password(&config, user, &["wrong"]);
        assert_eq!(wrong, (PAM_AUTH_ERR, vec![]), "{user}");
        let right = change_password(&config, user, &[&old, NEW, NEW]);
        assert_eq!(right, (PAM_SUCCESS, vec![]), "{user}");
        assert_eq!(auth(&config, user, NEW), PAM_SUCCESS, "{user}");
        assert_eq!(account(&config, user), PAM_SUCCESS, "{user}");
        assert_eq!(auth(&config, user, &old), PAM_AUTH_ERR, "{user}");
    }
}

#[test]
fn nobody_changes_the_password_of_an_account_that_is_closed() {
    let site = Site::enter();
    let config = config(&site);
    for (user, code) in [
        ("disabled", PAM_ACCT_EXPIRED),
        ("ended", PAM_ACCT_EXPIRED),
        ("guessed-today", PAM_ACCT_EXPIRED),
        ("no-hours", PAM_PERM_DENIED),
    ] {
        let old = password_of(user);
        let (ended, told) = change_password(&config, user, &[&old]);
        assert_eq!(ended, code, "{user}: {told:?}");
    }
}

#[test]
fn without_tls_or_in_another_way_no_password_is_changed() {
    let site = Site::enter();
    let old = password_of("bob");
    // A controller has no Password Modify operation.
    let exop = site.config(&[("password", "change = \"exop\"")]);
    let (code, _) = change_password(&exop, "bob", &[&old, NEW, NEW]);
    assert_eq!(code, PAM_SERVICE_ERR);
    let server = "uris = [\"ldap://127.0.0.1\"]";
    let clear = site.config(&[("server", server), ("password", "change = \"ad\"")]);
    // That is a mistake in the file, which leaves everybody to the rest of the stack.
    let (code, _) = change_password(&clear, "bob", &[]);
    assert_eq!(code, IGNORED);
    assert_eq!(auth_right(&site.config(&[]), "bob"), PAM_SUCCESS);
}
