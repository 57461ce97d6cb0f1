//! Accounts that are disabled, locked or out of date, as the entry shows them: without a password, as
//! with ssh keys, cron, and sudo with NOPASSWD.

use std::ffi::c_int;

use crate::common::login::account;
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTHTOK_EXPIRED, PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED, PAM_SUCCESS,
    PAM_USER_UNKNOWN,
};
use crate::fixture::{Site, auth_right};
use crate::samba::entry;

/// The account, a line that its entry has, and what the account phase comes to.
const STATES: [(&str, &str, c_int); 15] = [
    ("alice", "userAccountControl: 512", PAM_SUCCESS),
    ("disabled", "userAccountControl: 514", PAM_ACCT_EXPIRED),
    // The two values that say "never".
    ("never-zero", "accountExpires: 0", PAM_SUCCESS),
    (
        "never-max",
        "accountExpires: 9223372036854775807",
        PAM_SUCCESS,
    ),
    ("ends-tomorrow", "accountExpires: 13", PAM_SUCCESS),
    ("ended", "accountExpires: 13", PAM_ACCT_EXPIRED),
    ("ended-disabled", "accountExpires: 13", PAM_ACCT_EXPIRED),
    // Locked since this morning, for half an hour; and yesterday, which the computed bits know.
    ("guessed-today", "lockoutTime: 13", PAM_ACCT_EXPIRED),
    ("guessed-long-ago", "lockoutTime: ", PAM_SUCCESS),
    ("must-change", "pwdLastSet: 0", PAM_NEW_AUTHTOK_REQD),
    (
        "ran-out",
        "msDS-User-Account-Control-Computed: 8388608",
        PAM_AUTHTOK_EXPIRED,
    ),
    ("ran-out-never", "userAccountControl: 66048", PAM_SUCCESS),
    ("outsider", "userAccountControl: 512", PAM_PERM_DENIED),
    ("outsider-must-change", "pwdLastSet: 0", PAM_PERM_DENIED),
    // Closed counts before the gates do.
    (
        "outsider-disabled",
        "userAccountControl: 514",
        PAM_ACCT_EXPIRED,
    ),
];

#[test]
fn the_state_of_an_account_counts_without_a_password() {
    let site = Site::enter();
    let config = site.config(&[]);
    for (name, line, expected) in STATES {
        let entry = entry(site.domain(), name);
        assert!(entry.contains(&format!("\n{line}")), "{name}: {entry}");
        assert_eq!(account(&config, name), expected, "{name}");
    }
}

#[test]
fn the_state_of_an_account_is_not_asked_where_the_configuration_leaves_it_out() {
    let site = Site::enter();
    let config = site.config(&[(
        "access",
        "account_state = [\"shadow\", \"ppolicy\", \"389ds\"]",
    )]);
    for name in [
        "disabled",
        "ended",
        "guessed-today",
        "must-change",
        "ran-out",
    ] {
        assert_eq!(account(&config, name), PAM_SUCCESS, "{name}: account");
        // What the controller refuses stays refused.
        assert_ne!(auth_right(&config, name), PAM_SUCCESS, "{name}: auth");
    }
}

#[test]
fn a_name_in_other_letters_is_nobody() {
    let site = Site::enter();
    let config = site.config(&[]);
    // The controller finds all of these: it compares without regard to case, and some of it without
    // accents too.
    for name in ["ALICE", "Alice", "alicE"] {
        assert!(entry(site.domain(), name).contains("CN=alice,"), "{name}");
        assert_eq!(auth_right(&config, name), PAM_USER_UNKNOWN, "{name}: auth");
        assert_eq!(account(&config, name), PAM_USER_UNKNOWN, "{name}: account");
    }
}
