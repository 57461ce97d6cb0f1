//! The account phase: right by itself, and no second round of traffic where auth has just run.

use crate::common::directory::user_dn;
use crate::common::pam::{
    Client, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SERVICE, PAM_SUCCESS, PAM_USER, PAM_USER_UNKNOWN,
    Stack,
};
use crate::fixture::{account, client, server, stack};

#[test]
fn the_account_phase_is_right_when_auth_never_ran() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    assert_eq!(account(&config, "carol"), PAM_PERM_DENIED);
    assert_eq!(account(&config, "nobody-here"), PAM_USER_UNKNOWN);
    assert_eq!(
        account(&config, "nopass"),
        PAM_SUCCESS,
        "a key needs no password"
    );
    let operations = watch.operations();
    assert_eq!(operations.connections, 4, "{operations:#?}");
    for user in ["alice", "carol", "nopass"] {
        assert_eq!(operations.binds_as(&user_dn(user)), 0, "{operations:#?}");
    }
}

#[test]
fn the_account_phase_after_auth_makes_no_connection() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let mut login = client(&stack, "alice", "alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    let watch = server.watch();
    assert_eq!(login.acct_mgmt(0), PAM_SUCCESS);
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
    assert_eq!(login.prompts(), 1);
}

#[test]
fn a_user_whom_auth_refused_is_refused_by_the_account_phase() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let mut login = client(&stack, "carol", "carol-secret");
    assert_eq!(login.authenticate(0), PAM_PERM_DENIED);
    assert_eq!(login.acct_mgmt(0), PAM_PERM_DENIED);
}

#[test]
fn a_decision_under_one_configuration_is_not_used_under_another() {
    let server = server();
    let strict = server.config(&[("access", "require = \"is_superuser\"")]);
    let stack = Stack::with_config(server.config(&[]));
    let account = format!(
        "account required pam_rsldap.so config={}\n",
        strict.display()
    );
    stack.service(
        "sshd",
        &format!("auth required pam_rsldap.so config=CONFIG\n{account}"),
    );
    let mut login = Client::start(&stack, "sshd", "alice");
    login.answer("alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.acct_mgmt(0), PAM_PERM_DENIED);
}

#[test]
fn a_decision_about_one_user_is_not_used_for_another() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let mut login = client(&stack, "alice", "alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    let watch = server.watch();
    login.set_item(PAM_USER, "carol");
    assert_eq!(login.acct_mgmt(0), PAM_PERM_DENIED);
    let operations = watch.operations();
    assert_eq!(operations.connections, 1, "{operations:#?}");
    login.set_item(PAM_USER, "nobody-here");
    assert_eq!(login.acct_mgmt(0), PAM_USER_UNKNOWN);
    login.set_item(PAM_USER, "bob");
    assert_eq!(login.acct_mgmt(0), PAM_SUCCESS);
}

#[test]
fn a_decision_for_one_service_is_not_used_for_another() {
    let server = server();
    let config = server.config(&[("services.sudo", "require = \"is_superuser\"")]);
    let stack = stack(&config);
    let mut login = client(&stack, "alice", "alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    let watch = server.watch();
    login.set_item(PAM_SERVICE, "sudo");
    assert_eq!(login.acct_mgmt(0), PAM_PERM_DENIED);
    let operations = watch.operations();
    assert_eq!(operations.connections, 1, "{operations:#?}");
}

#[test]
fn the_account_phase_after_a_wrong_password_asks_the_directory() {
    let server = server();
    let stack = stack(&server.config(&[]));
    for (user, code) in [("alice", PAM_SUCCESS), ("carol", PAM_PERM_DENIED)] {
        let mut login = client(&stack, user, "wrong");
        assert_eq!(login.authenticate(0), PAM_AUTH_ERR);
        let watch = server.watch();
        assert_eq!(login.acct_mgmt(0), code, "{user}");
        let operations = watch.operations();
        assert_eq!(operations.connections, 1, "{operations:#?}");
    }
}

#[test]
fn an_earlier_success_does_not_outlive_a_later_failure() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let mut login = client(&stack, "alice", "alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    login.set_item(PAM_USER, "carol");
    login.answer("carol-secret");
    // PAM_AUTHTOK of the first round is forgotten by libpam, so there is a second prompt.
    assert_eq!(login.authenticate(0), PAM_PERM_DENIED);
    let watch = server.watch();
    assert_eq!(login.acct_mgmt(0), PAM_PERM_DENIED);
    login.set_item(PAM_USER, "alice");
    assert_eq!(login.acct_mgmt(0), PAM_SUCCESS);
    let operations = watch.operations();
    assert!(
        operations.connections >= 1,
        "alice is asked for anew: {operations:#?}"
    );
}

#[test]
fn the_account_phase_works_with_a_dn_template_alone() {
    let server = server();
    let template = "dn_template = \"uid={user},ou=users,dc=example,dc=com\"";
    let config = server.config(&[("user", template)]);
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    assert_eq!(account(&config, "carol"), PAM_PERM_DENIED);
    assert_eq!(account(&config, "nobody-here"), PAM_USER_UNKNOWN);
    assert_eq!(account(&config, "ALICE"), PAM_USER_UNKNOWN);
}
