//! Accounts that are locked, inactivated or out of date, with a password and without one.

use std::ffi::c_int;

use crate::common::directory::password_of;
use crate::common::login::{account, auth};
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHTOK_EXPIRED, PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED,
    PAM_SUCCESS, PAM_USER_UNKNOWN,
};
use crate::fixture::{Site, auth_right, bind};

/// The account, what the server says to its right password, what auth comes to, and account without
/// one.
const STATES: [(&str, &str, c_int, c_int); 8] = [
    ("alice", "", PAM_SUCCESS, PAM_SUCCESS),
    (
        "inactivated",
        "unwilling to perform (53); Account locked",
        PAM_ACCT_EXPIRED,
        PAM_ACCT_EXPIRED,
    ),
    (
        "lockednow",
        "Constraint violation (19); Account locked",
        PAM_ACCT_EXPIRED,
        PAM_ACCT_EXPIRED,
    ),
    // The lock-out is over; the entry still has its time.
    ("lockedonce", "", PAM_SUCCESS, PAM_SUCCESS),
    (
        "ranout",
        "Invalid credentials (49); Password expired",
        PAM_AUTHTOK_EXPIRED,
        PAM_AUTHTOK_EXPIRED,
    ),
    (
        "mustchange",
        "Success (0); Password must be changed",
        PAM_SUCCESS,
        PAM_NEW_AUTHTOK_REQD,
    ),
    (
        "warned",
        "Password expires in 86400 seconds",
        PAM_SUCCESS,
        PAM_SUCCESS,
    ),
    ("fresh", "", PAM_SUCCESS, PAM_SUCCESS),
];

#[test]
fn the_state_of_an_account_counts_with_a_password_and_without() {
    let site = Site::enter();
    let config = site.config(&[]);
    for (name, words, with_password, without) in STATES {
        let said = bind(name, &password_of(name));
        assert!(said.contains(words), "{name}: {said}");
        assert_eq!(auth_right(&config, name), with_password, "{name}: auth");
        assert_eq!(account(&config, name), without, "{name}: account");
    }
}

#[test]
fn a_wrong_password_is_wrong_whatever_the_entry_says() {
    let site = Site::enter();
    let config = site.config(&[]);
    // Of these two accounts the server does not look at the password.
    let unseen = ["inactivated", "lockednow"];
    for (name, ..) in STATES {
        let expected = if unseen.contains(&name) {
            PAM_ACCT_EXPIRED
        } else {
            PAM_AUTH_ERR
        };
        assert_eq!(auth(&config, name, "wrong"), expected, "{name}");
    }
    assert_eq!(auth(&config, "nobody", "wrong"), PAM_USER_UNKNOWN);
}

#[test]
fn guessing_locks_an_account_for_a_time() {
    let site = Site::enter();
    let config = site.config(&[]);
    lock_by_guessing(&config, "guessed");
}

#[test]
fn guessing_locks_an_account_for_ever_where_the_policy_says_so() {
    let site = Site::enter();
    let config = site.config(&[]);
    lock_by_guessing(&config, "guarded");
    let entry = site.attributes("guarded", &["accountUnlockTime"]);
    // "When an administrator says so".
    assert!(
        entry.contains("accountUnlockTime: 19700101000000Z"),
        "{entry}"
    );
}

/// Three wrong passwords, each of them one bind, lock the account.
fn lock_by_guessing(config: &std::path::Path, user: &str) {
    for attempt in 1..=3 {
        assert_eq!(
            account(config, user),
            PAM_SUCCESS,
            "{user}: before {attempt}"
        );
        assert_eq!(
            auth(config, user, "wrong"),
            PAM_AUTH_ERR,
            "{user}: {attempt}"
        );
    }
    let said = bind(user, &password_of(user));
    assert!(said.contains("Constraint violation (19)"), "{user}: {said}");
    assert_eq!(auth_right(config, user), PAM_ACCT_EXPIRED, "{user}: auth");
    assert_eq!(account(config, user), PAM_ACCT_EXPIRED, "{user}: account");
}

#[test]
fn grace_logins_open_the_account_until_they_are_used_up() {
    let site = Site::enter();
    let config = site.config(&[]);
    // The policy allows two. A login is one bind.
    assert_eq!(auth_right(&config, "grace"), PAM_SUCCESS);
    assert_eq!(auth_right(&config, "grace"), PAM_SUCCESS);
    assert_eq!(auth_right(&config, "grace"), PAM_AUTHTOK_EXPIRED);
    let said = bind("spent", &password_of("spent"));
    assert!(said.contains("1 grace logins remain"), "{said}");
    // Without a password nobody asks the server for a grace login: the time in the entry counts.
    assert_eq!(account(&config, "spent"), PAM_AUTHTOK_EXPIRED);
}

#[test]
fn what_the_configuration_leaves_out_does_not_count_in_the_account_phase() {
    let site = Site::enter();
    let config = site.config(&[("access", "account_state = [\"shadow\"]")]);
    for name in ["inactivated", "lockednow", "ranout", "mustchange"] {
        assert_eq!(account(&config, name), PAM_SUCCESS, "{name}: account");
    }
    // What the server refuses stays refused, and its controls explain a refusal no more.
    for name in ["inactivated", "lockednow", "ranout"] {
        assert_ne!(auth_right(&config, name), PAM_SUCCESS, "{name}: auth");
    }
}

#[test]
fn nobody_gets_in_who_is_in_no_group() {
    let site = Site::enter();
    let config = site.config(&[]);
    assert_eq!(auth_right(&config, "outsider"), PAM_PERM_DENIED);
    assert_eq!(account(&config, "outsider"), PAM_PERM_DENIED);
    assert_eq!(auth(&config, "outsider", "wrong"), PAM_AUTH_ERR);
}
