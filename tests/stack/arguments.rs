//! Arguments on the pam.d line, good and hostile.

use std::fs;

use crate::common::pam::*;
use crate::scenario::{Scenario, Setting, auth, probe, user};
use crate::shipped::code_name;

/// Every phase of the probe: auth, account, setcred, open_session, close_session.
fn phases(setting: &Setting, user: &str) -> Vec<String> {
    let mut client = Client::start(&setting.stack, "probe", user);
    client.answer(Scenario::Granted.password());
    let codes = [
        client.authenticate(0),
        client.acct_mgmt(0),
        client.setcred(PAM_ESTABLISH_CRED),
        client.open_session(0),
        client.close_session(0),
    ];
    codes.map(code_name).to_vec()
}

const NO_OPINION: [&str; 5] = ["IGNORE", "IGNORE", "SUCCESS", "SUCCESS", "SUCCESS"];
const DENIED: [&str; 5] = [
    "SERVICE_ERR",
    "SERVICE_ERR",
    "SUCCESS",
    "SUCCESS",
    "SUCCESS",
];
const GRANTED: [&str; 5] = ["SUCCESS"; 5];

fn hostile() -> Vec<String> {
    vec![
        "no_such_option".to_owned(),
        "[]".to_owned(),
        "[ ]".to_owned(),
        "[%s%n%x]".to_owned(),
        "[no such option]".to_owned(),
        "DEBUG".to_owned(),
        "debug=1".to_owned(),
        "config_error=".to_owned(),
        "config_error=maybe".to_owned(),
        "=".to_owned(),
        "config".to_owned(),
        "x ".repeat(200),
        "y".repeat(600),
    ]
}

#[test]
fn an_unknown_argument_is_a_configuration_error() {
    for argument in hostile() {
        let setting = Setting::probe(Scenario::Granted, &argument);
        let watch = setting.watch();
        assert_eq!(phases(&setting, &user()), NO_OPINION, "{argument}");
        assert!(watch.operations().nothing(), "{argument}");
    }
}

#[test]
fn config_error_deny_turns_it_into_a_refusal_but_not_for_root() {
    for argument in ["no_such_option", "[]"] {
        let arguments = format!("config_error=deny {argument}");
        let setting = Setting::probe(Scenario::Granted, &arguments);
        assert_eq!(phases(&setting, &user()), DENIED, "{argument}");
        assert_eq!(phases(&setting, "root"), NO_OPINION, "{argument}");
    }
}

#[test]
fn config_error_deny_stands_wherever_it_is_written() {
    let setting = Setting::probe(Scenario::Granted, "no_such_option config_error=deny");
    assert_eq!(phases(&setting, &user()), DENIED);
}

#[test]
fn an_argument_that_is_not_utf8_is_a_configuration_error() {
    let setting = Setting::probe(Scenario::Granted, "PLACE");
    let service = setting.stack.path().join("probe");
    let mut bytes = Vec::new();
    for line in fs::read_to_string(&service).unwrap().lines() {
        bytes.extend_from_slice(line.strip_suffix("PLACE").unwrap().as_bytes());
        bytes.extend_from_slice(b"\xff\xfe=\x80\n");
    }
    fs::write(&service, bytes).unwrap();
    assert_eq!(phases(&setting, &user()), NO_OPINION);
}

#[test]
fn a_config_that_is_not_there_or_no_file_is_a_configuration_error() {
    for path in [
        "/nonexistent/config.toml",
        "/",
        "/dev/zero",
        "relative.toml",
        "",
    ] {
        let setting = Setting::new(Scenario::Granted);
        for (arguments, expected) in [("", NO_OPINION), (" config_error=deny", DENIED)] {
            let text = probe(arguments).replace("CONFIG", path);
            setting.stack.service("probe", &text);
            assert_eq!(
                phases(&setting, &user()),
                expected,
                "config={path}{arguments}"
            );
        }
    }
}

#[test]
fn known_arguments_may_be_repeated_a_hundred_times() {
    let setting = Setting::probe(Scenario::Granted, &"debug ".repeat(100));
    assert_eq!(phases(&setting, &user()), GRANTED);
}

#[test]
fn use_first_pass_asks_nobody_and_without_a_password_is_no_login() {
    let setting = Setting::probe(Scenario::Granted, "use_first_pass");
    let watch = setting.watch();
    let mut client = setting.client("probe");
    client.answer(Scenario::Granted.password());
    let code = client.authenticate(0);
    assert_ne!(code, PAM_SUCCESS);
    assert_eq!(client.prompts(), 0);
    let dn = crate::common::directory::user_dn(&user());
    assert_eq!(watch.operations().binds_as(&dn), 0);
}

#[test]
fn the_password_that_another_module_asked_for_is_taken() {
    // pam_unix first: it asks, fails, and leaves PAM_AUTHTOK behind.
    for argument in ["", "try_first_pass", "use_first_pass"] {
        let setting = Setting::new(Scenario::Granted);
        let ours = format!("auth [default=ok] pam_rsldap.so config=CONFIG {argument}\n");
        setting.stack.service(
            "probe",
            &format!("auth [default=ignore] pam_unix.so\n{ours}"),
        );
        let mut client = setting.client("probe");
        client.answer(Scenario::Granted.password());
        assert_eq!(code_name(client.authenticate(0)), "SUCCESS", "{argument}");
        assert_eq!(client.prompts(), 1, "{argument}");
    }
}

#[test]
fn debug_changes_no_answer() {
    for (scenario, code) in [
        (Scenario::Granted, "SUCCESS"),
        (Scenario::Refused, "PERM_DENIED"),
    ] {
        let setting = Setting::probe(scenario, "debug");
        assert_eq!(code_name(auth(&setting, &scenario.password())), code);
    }
}
