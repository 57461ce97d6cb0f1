//! setcred, the session and its environment.

use std::collections::BTreeMap;

use crate::common::directory::{USERS, password_of, user_dn};
use crate::common::pam::{
    Client, PAM_DELETE_CRED, PAM_ESTABLISH_CRED, PAM_PERM_DENIED, PAM_REFRESH_CRED,
    PAM_REINITIALIZE_CRED, PAM_SUCCESS, Stack,
};
use crate::fixture::{client, server, stack};

/// The environment of a whole login: auth, account, credentials, session.
fn environment(stack: &Stack, user: &str) -> BTreeMap<String, String> {
    let mut login = client(stack, user, password_of(user));
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.acct_mgmt(0), PAM_SUCCESS);
    assert_eq!(login.setcred(PAM_ESTABLISH_CRED), PAM_SUCCESS);
    assert_eq!(login.open_session(0), PAM_SUCCESS);
    let environment = login.getenvlist();
    assert_eq!(login.close_session(0), PAM_SUCCESS);
    assert_eq!(login.setcred(PAM_DELETE_CRED), PAM_SUCCESS);
    environment
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_session_gets_the_dn_the_flags_in_order_and_the_attributes() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let expected = map(&[
        ("RSLDAP_DN", &user_dn("sue")),
        ("RSLDAP_FLAGS", "is_active,is_staff,is_superuser"),
        ("RSLDAP_FIRST_NAME", "sue"),
        ("RSLDAP_LAST_NAME", "Tester"),
        ("RSLDAP_EMAIL", "sue@example.com"),
    ]);
    assert_eq!(environment(&stack, "sue"), expected);
    assert_eq!(environment(&stack, "bob")["RSLDAP_FLAGS"], "is_active");
}

#[test]
fn the_dn_in_the_environment_is_escaped_as_the_server_has_it() {
    let server = server();
    let stack = stack(&server.config(&[]));
    for (user, rdn) in [
        ("smith, john", "uid=smith\\2C john"),
        ("#hash", "uid=\\23hash"),
        ("zoë", "uid=zoë"),
    ] {
        let dn = format!("{rdn},{USERS}");
        assert_eq!(environment(&stack, user)["RSLDAP_DN"], dn);
    }
}

#[test]
fn flags_of_any_name_are_told_in_the_order_of_their_names() {
    let server = server();
    let flags =
        "zeta = \"is_staff\"\nalpha = \"is_staff\"\nMid = \"is_staff\"\nnone = \"is_superuser\"";
    let stack = stack(&server.config(&[("+flags", flags)]));
    assert_eq!(
        environment(&stack, "alice")["RSLDAP_FLAGS"],
        "Mid,alpha,is_active,is_staff,zeta"
    );
}

#[test]
fn a_flag_whose_group_is_missing_is_not_told() {
    let server = server();
    let flags = "ghost = \"cn=missing,ou=groups,dc=example,dc=com\"";
    let stack = stack(&server.config(&[("+flags", flags)]));
    assert_eq!(environment(&stack, "bob")["RSLDAP_FLAGS"], "is_active");
}

#[test]
fn an_attribute_that_the_entry_lacks_is_not_set() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let environment = environment(&stack, "zoë");
    assert!(
        !environment.contains_key("RSLDAP_FIRST_NAME"),
        "{environment:?}"
    );
    assert!(!environment.contains_key("RSLDAP_EMAIL"), "{environment:?}");
    assert_eq!(environment["RSLDAP_LAST_NAME"], "Tester");
}

#[test]
fn an_attribute_that_is_no_text_is_not_set() {
    let server = server();
    let attributes = "sound = \"audio\"\nlast_name = \"sn\"";
    let stack = stack(&server.config(&[("user.attributes", attributes)]));
    let environment = environment(&stack, "binary");
    assert!(!environment.contains_key("RSLDAP_SOUND"), "{environment:?}");
    assert_eq!(environment["RSLDAP_LAST_NAME"], "Tester");
}

#[test]
fn control_characters_do_not_reach_the_environment() {
    let server = server();
    let stack = stack(&server.config(&[]));
    assert_eq!(environment(&stack, "ctrl")["RSLDAP_FIRST_NAME"], "ab[31mcd");
}

#[test]
fn a_value_is_cut_at_4_kib_between_two_characters() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let environment = environment(&stack, "long");
    let value = &environment["RSLDAP_FIRST_NAME"];
    let full = format!("x{}", "é".repeat(6000));
    assert!(
        value.len() <= 4096 && value.len() >= 4000,
        "{} bytes",
        value.len()
    );
    assert!(full.starts_with(value), "{value:?}");
}

#[test]
fn a_session_without_environment_sets_none() {
    let server = server();
    let stack = stack(&server.config(&[("session", "environment = false")]));
    assert_eq!(environment(&stack, "sue"), BTreeMap::new());
}

#[test]
fn a_session_by_itself_gets_the_same_environment() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let after_login = environment(&stack, "sue");
    let mut session = Client::start(&stack, "login", "sue");
    assert_eq!(session.open_session(0), PAM_SUCCESS);
    assert_eq!(session.getenvlist(), after_login);
    assert_eq!(session.prompts(), 0);
    let watch = server.watch();
    assert_eq!(session.close_session(0), PAM_SUCCESS);
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}

#[test]
fn a_session_after_auth_makes_no_connection() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let mut login = client(&stack, "alice", "alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    let watch = server.watch();
    assert_eq!(login.acct_mgmt(0), PAM_SUCCESS);
    assert_eq!(login.open_session(0), PAM_SUCCESS);
    assert_eq!(login.getenvlist()["RSLDAP_DN"], user_dn("alice"));
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}

#[test]
fn a_session_of_somebody_who_is_unknown_or_refused_opens_without_environment() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let mut unknown = Client::start(&stack, "login", "nobody-here");
    assert_eq!(unknown.open_session(0), PAM_SUCCESS);
    assert_eq!(unknown.getenvlist(), BTreeMap::new());
    assert_eq!(unknown.close_session(0), PAM_SUCCESS);
    let mut refused = client(&stack, "carol", "carol-secret");
    assert_eq!(refused.authenticate(0), PAM_PERM_DENIED);
    assert_eq!(refused.getenvlist(), BTreeMap::new());
}

#[test]
fn credentials_are_always_established() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let watch = server.watch();
    for user in ["alice", "carol", "nobody-here", "root"] {
        let mut login = Client::start(&stack, "login", user);
        for flag in [
            PAM_ESTABLISH_CRED,
            PAM_REINITIALIZE_CRED,
            PAM_REFRESH_CRED,
            PAM_DELETE_CRED,
        ] {
            assert_eq!(login.setcred(flag), PAM_SUCCESS, "{user} {flag}");
        }
    }
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}
