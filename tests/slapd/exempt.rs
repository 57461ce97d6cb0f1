//! Accounts that never reach LDAP: no prompt, no traffic, whatever the directory holds.

use std::path::Path;

use crate::common::pam::{Client, PAM_SUCCESS};
use crate::fixture::{IGNORED, auth_right, server, stack, stack_with};

/// Asserts that both phases ignore the user without asking anything.
fn assert_ignored(config: &Path, arguments: &str, user: &str) {
    let stack = stack_with(config, arguments);
    let mut login = Client::start(&stack, "login", user);
    login.answer(format!("{user}-secret"));
    assert_eq!(login.authenticate(0), IGNORED, "{user}");
    assert_eq!(login.acct_mgmt(0), IGNORED, "{user}");
    assert_eq!(login.prompts(), 0, "{user}");
}

#[test]
fn root_is_exempt_before_the_configuration_is_even_opened() {
    for arguments in ["", "config_error=deny"] {
        assert_ignored(Path::new("/nonexistent/config.toml"), arguments, "root");
    }
}

#[test]
fn root_is_exempt_whatever_is_written() {
    let server = server();
    let watch = server.watch();
    for user in ["min_uid = 0", "min_uid = 0\nexempt = []"] {
        assert_ignored(&server.config(&[("+user", user)]), "", "root");
    }
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}

#[test]
fn a_local_account_below_min_uid_never_reaches_the_directory() {
    let server = server();
    let watch = server.watch();
    assert_ignored(&server.config(&[]), "", "daemon");
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
    // uid 1 is not below 1: the directory is asked.
    let config = server.config(&[("+user", "min_uid = 1")]);
    assert_eq!(auth_right(&config, "daemon"), PAM_SUCCESS);
}

#[test]
fn who_is_listed_never_reaches_the_directory() {
    let server = server();
    let config = server.config(&[("+user", "exempt = [\"root\", \"alice\"]")]);
    let watch = server.watch();
    assert_ignored(&config, "", "alice");
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
    assert_eq!(auth_right(&config, "bob"), PAM_SUCCESS);
}

#[test]
fn the_session_of_somebody_exempt_opens_without_traffic_or_environment() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let watch = server.watch();
    for user in ["root", "daemon"] {
        let mut login = Client::start(&stack, "login", user);
        let code = login.open_session(0);
        assert_eq!(code, PAM_SUCCESS, "{user}");
        assert!(login.getenvlist().is_empty(), "{user}");
        assert_eq!(login.close_session(0), PAM_SUCCESS, "{user}");
    }
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}
