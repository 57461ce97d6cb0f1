//! The module among others: who asks for the password, and who sees it.

use std::fs;

use crate::common::pam::{
    Client, PAM_AUTH_ERR, PAM_DISALLOW_NULL_AUTHTOK, PAM_SILENT, PAM_SUCCESS, PAM_USER_UNKNOWN,
    Stack,
};
use crate::common::slapd::Slapd;
use crate::fixture::server;

/// A stack of one service with this auth section.
fn auth_stack(server: &Slapd, overrides: &[(&str, &str)], lines: &str) -> Stack {
    let stack = Stack::with_config(server.config(overrides));
    stack.service("login", lines);
    stack
}

const LDAP_FIRST: &str = "\
auth [success=done ignore=ignore default=die] pam_rsldap.so config=CONFIG
auth required pam_unix.so try_first_pass
auth required pam_deny.so
";

#[test]
fn the_local_module_behind_an_ignored_login_does_not_ask_again() {
    let server = server();
    let stack = auth_stack(&server, &[("fallback", "")], LDAP_FIRST);
    let mut login = Client::start(&stack, "login", "nobody-here");
    login.answer("x").answer("y");
    assert_ne!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.prompts(), 1, "{:?}", login.messages());
}

#[test]
fn a_password_asked_for_by_an_earlier_module_is_used() {
    let server = server();
    for argument in ["try_first_pass", "use_first_pass"] {
        let lines = format!(
            "auth [default=ignore] pam_unix.so\n\
             auth required pam_rsldap.so config=CONFIG {argument}\n"
        );
        let stack = auth_stack(&server, &[], &lines);
        let mut login = Client::start(&stack, "login", "alice");
        login.answer("alice-secret").answer("wrong");
        assert_eq!(login.authenticate(0), PAM_SUCCESS, "{argument}");
        assert_eq!(login.prompts(), 1, "{argument}: {:?}", login.messages());
    }
}

#[test]
fn use_first_pass_without_a_password_asks_nobody_anything() {
    let server = server();
    let lines = "auth required pam_rsldap.so config=CONFIG use_first_pass\n";
    let stack = auth_stack(&server, &[], lines);
    let watch = server.watch();
    let mut login = Client::start(&stack, "login", "alice");
    login.answer("alice-secret");
    assert_eq!(login.authenticate(0), PAM_AUTH_ERR);
    assert_eq!(login.prompts(), 0);
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}

#[test]
fn try_first_pass_without_a_password_asks_for_it() {
    let server = server();
    let lines = "auth required pam_rsldap.so config=CONFIG try_first_pass\n";
    let stack = auth_stack(&server, &[], lines);
    let mut login = Client::start(&stack, "login", "alice");
    login.answer("alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.prompts(), 1);
}

#[test]
fn the_modules_behind_see_the_password_as_it_was_typed() {
    let server = server();
    let seen = server.path().join("seen");
    let script = server.file(
        "see.sh",
        0o700,
        &format!("#!/bin/sh\nexec cat > '{}'\n", seen.display()),
    );
    // pam_exec(8) hands PAM_AUTHTOK to the program, with a NUL behind it.
    let lines = format!(
        "auth required pam_rsldap.so config=CONFIG\n\
         auth optional pam_exec.so expose_authtok quiet {}\n",
        script.display()
    );
    let stack = auth_stack(&server, &[], &lines);
    for (user, password, code) in [
        ("alice", "alice-secret", PAM_SUCCESS),
        ("alice", "wrong ☃", PAM_AUTH_ERR),
        ("nobody-here", "x", PAM_USER_UNKNOWN),
    ] {
        let mut login = Client::start(&stack, "login", user);
        login.answer(password).answer("another");
        assert_eq!(login.authenticate(0), code, "{user}");
        assert_eq!(login.prompts(), 1, "{user}");
        let bytes = fs::read(&seen).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(text.trim_end_matches('\0'), password, "{user}");
    }
}

#[test]
fn an_ignored_login_ends_at_pam_deny() {
    let server = server();
    let lines = "auth [success=ok ignore=ignore default=die] pam_rsldap.so config=CONFIG\n\
                 auth required pam_deny.so\n";
    let stack = auth_stack(&server, &[("fallback", "")], lines);
    for (user, password) in [
        ("alice", "wrong"),
        ("nobody-here", "x"),
        ("alice", ""),
        ("root", "x"),
    ] {
        let mut login = Client::start(&stack, "login", user);
        login.answer(password);
        assert_eq!(login.authenticate(0), PAM_AUTH_ERR, "{user} {password:?}");
    }
}

#[test]
fn the_flags_of_the_application_change_no_decision() {
    let server = server();
    let stack = auth_stack(&server, &[], "auth required pam_rsldap.so config=CONFIG\n");
    for flags in [
        0,
        PAM_SILENT,
        PAM_DISALLOW_NULL_AUTHTOK,
        PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK,
    ] {
        for (user, password, code) in [
            ("alice", "alice-secret", PAM_SUCCESS),
            ("alice", "wrong", PAM_AUTH_ERR),
            ("alice", "", PAM_AUTH_ERR),
            ("nobody-here", "x", PAM_USER_UNKNOWN),
        ] {
            let mut login = Client::start(&stack, "login", user);
            login.answer(password).set_rhost("192.0.2.1").set_tty("ssh");
            assert_eq!(
                login.authenticate(flags),
                code,
                "{user} {password:?} {flags:#x}"
            );
        }
    }
}
