//! Applications that call the phases in any order, or more than once.

use crate::common::pam::*;
use crate::scenario::{Scenario, Setting, auth, user};
use crate::shipped::code_name;

#[test]
fn the_same_handle_may_authenticate_three_times() {
    let setting = Setting::probe(Scenario::Granted, "");
    let mut client = setting.client("probe");
    let good = Scenario::Granted.password();
    for (password, code) in [
        (good.as_str(), "SUCCESS"),
        ("wrong", "IGNORE"),
        (&good, "SUCCESS"),
    ] {
        client.answer(password);
        assert_eq!(code_name(client.authenticate(0)), code);
    }
    assert_eq!(client.prompts(), 3);
    assert_eq!(client.answers_left(), 0);
}

#[test]
fn account_before_authenticate_is_answered_from_the_directory() {
    for (scenario, code) in [
        (Scenario::Granted, "SUCCESS"),
        (Scenario::Refused, "PERM_DENIED"),
    ] {
        let setting = Setting::probe(scenario, "");
        let mut client = setting.client("probe");
        client.answer(scenario.password());
        assert_eq!(code_name(client.acct_mgmt(0)), code);
        assert_eq!(
            client.prompts(),
            0,
            "the account phase asks for no password"
        );
        assert_eq!(code_name(client.authenticate(0)), code);
        assert_eq!(code_name(client.acct_mgmt(0)), code);
    }
}

#[test]
fn account_of_another_user_on_the_same_handle_is_decided_anew() {
    // su and login may change PAM_USER between the phases.
    let setting = Setting::probe(Scenario::Granted, "");
    let mut client = setting.client("probe");
    client.answer(Scenario::Granted.password());
    assert_eq!(code_name(client.authenticate(0)), "SUCCESS");
    client.set_item(PAM_USER, "no-such-user-here");
    assert_eq!(code_name(client.acct_mgmt(0)), "IGNORE");
}

#[test]
fn account_of_another_service_on_the_same_handle_is_decided_anew() {
    let setting = Setting::with(
        Scenario::Granted,
        &[("services.locked", "require = \"is_staff\"")],
    );
    setting.stack.service("probe", &crate::scenario::probe(""));
    let mut client = setting.client("probe");
    client.answer(Scenario::Granted.password());
    assert_eq!(code_name(client.authenticate(0)), "SUCCESS");
    // libpam reads the file of the new service then.
    setting.stack.service("locked", &crate::scenario::probe(""));
    client.set_item(PAM_SERVICE, "locked");
    assert_eq!(code_name(client.acct_mgmt(0)), "PERM_DENIED");
}

#[test]
fn account_after_authenticate_costs_no_second_round_of_traffic() {
    let setting = Setting::probe(Scenario::Granted, "");
    let mut client = setting.client("probe");
    client.answer(Scenario::Granted.password());
    assert_eq!(code_name(client.authenticate(0)), "SUCCESS");
    let watch = setting.watch();
    assert_eq!(code_name(client.acct_mgmt(0)), "SUCCESS");
    assert!(watch.operations().nothing());
}

#[test]
fn setcred_and_the_session_succeed_alone_in_any_order() {
    for scenario in [
        Scenario::Granted,
        Scenario::Unavailable,
        Scenario::ConfigError,
    ] {
        let setting = Setting::probe(scenario, "");
        for flags in [
            PAM_ESTABLISH_CRED,
            PAM_REFRESH_CRED,
            PAM_REINITIALIZE_CRED,
            PAM_DELETE_CRED,
            PAM_ESTABLISH_CRED | PAM_SILENT,
        ] {
            assert_eq!(code_name(setting.client("probe").setcred(flags)), "SUCCESS");
        }
        let mut client = setting.client("probe");
        assert_eq!(
            code_name(client.close_session(0)),
            "SUCCESS",
            "close without open"
        );
        assert_eq!(code_name(client.open_session(0)), "SUCCESS");
        assert_eq!(code_name(client.open_session(0)), "SUCCESS", "open twice");
        assert_eq!(code_name(client.close_session(0)), "SUCCESS");
        assert_eq!(client.prompts(), 0);
    }
}

#[test]
fn a_session_after_a_login_has_the_users_variables() {
    let setting = Setting::probe(Scenario::Granted, "");
    let mut client = setting.client("probe");
    client.answer(Scenario::Granted.password());
    assert_eq!(code_name(client.authenticate(0)), "SUCCESS");
    assert_eq!(code_name(client.acct_mgmt(0)), "SUCCESS");
    assert_eq!(code_name(client.open_session(0)), "SUCCESS");
    let environment = client.getenvlist();
    let dn = crate::common::directory::user_dn(&user());
    assert_eq!(environment.get("RSLDAP_DN"), Some(&dn), "{environment:?}");
    assert_eq!(
        environment.get("RSLDAP_FLAGS").map(String::as_str),
        Some("is_active")
    );
    assert_eq!(
        environment.get("RSLDAP_FIRST_NAME").map(String::as_str),
        Some("Ann")
    );
}

#[test]
fn chauthtok_has_no_opinion_and_changes_nothing() {
    let setting = Setting::probe(Scenario::Granted, "");
    let watch = setting.watch();
    let mut client = setting.client("probe");
    let code = client.chauthtok(0);
    assert_ne!(code, PAM_SUCCESS, "nothing was changed");
    assert_eq!(
        watch
            .operations()
            .binds_as(&crate::common::directory::user_dn(&user())),
        0
    );
}

#[test]
fn the_name_of_the_user_is_never_changed() {
    for scenario in Scenario::ALL
        .into_iter()
        .filter(|s| *s != Scenario::NoModule)
    {
        let setting = Setting::probe(scenario, "");
        let mut client = setting.client("probe");
        client.answer(scenario.password());
        client.authenticate(0);
        client.acct_mgmt(0);
        client.open_session(0);
        assert_eq!(client.user(), Some(user()), "{}", scenario.name());
    }
}

#[test]
fn an_exempt_user_is_asked_for_nothing() {
    let setting = Setting::probe(Scenario::Exempt, "");
    let watch = setting.watch();
    let mut client = setting.client("probe");
    client.answer("whatever");
    assert_eq!(code_name(client.authenticate(0)), "IGNORE");
    assert_eq!(client.prompts(), 0);
    assert!(watch.operations().nothing());
}

#[test]
fn an_empty_password_is_not_sent() {
    let setting = Setting::probe(Scenario::Granted, "");
    let watch = setting.watch();
    assert_eq!(code_name(auth(&setting, "")), "IGNORE");
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:?}");
}

#[test]
fn a_failure_asks_for_a_delay() {
    for scenario in [
        Scenario::Refused,
        Scenario::BadPassword,
        Scenario::UnknownUser,
    ] {
        let setting = Setting::probe(scenario, "");
        let mut client = setting.client("probe");
        client.answer(scenario.password());
        client.authenticate(0);
        let delays = client.delays();
        assert!(
            delays.iter().any(|micros| *micros > 500_000),
            "{}: {delays:?}",
            scenario.name()
        );
    }
}
