//! ldaps:// and ldapi://.

use std::time::{Duration, Instant};

use crate::common::directory::{SERVICE_DN, user_dn};
use crate::common::pam::{PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_SERVICE_ERR, PAM_SUCCESS};
use crate::common::slapd::Slapd;
use crate::fixture::{account, auth, auth_right, client, options, server, stack_with};

fn uris(uri: &str) -> String {
    format!("uris = [\"{uri}\"]")
}

fn ca_file(server: &Slapd) -> String {
    format!("ca_file = \"{}\"", server.ca_file().display())
}

#[test]
fn ldaps_works_with_the_authority_of_the_configuration() {
    let server = server();
    let config = server.config(&[
        ("server", &uris(&server.ldaps_uri())),
        ("tls", &ca_file(&server)),
    ]);
    let watch = server.watch();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth(&config, "alice", "wrong"), PAM_AUTH_ERR);
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    let operations = watch.operations();
    let encrypted = operations
        .lines
        .iter()
        .filter(|line| line.contains(" TLS established "))
        .count();
    assert_eq!(
        (operations.connections, encrypted),
        (3, 3),
        "{operations:#?}"
    );
}

#[test]
fn ldaps_with_another_authority_is_unavailable_and_nothing_is_sent() {
    let server = server();
    let other = Slapd::start(&options());
    let secure = uris(&server.ldaps_uri());
    let watch = server.watch();
    for tls in [ca_file(&other), String::new()] {
        let config = server.config(&[("server", &secure), ("tls", &tls)]);
        assert_eq!(
            auth_right(&config, "alice"),
            PAM_AUTHINFO_UNAVAIL,
            "{tls:?}"
        );
        assert_eq!(account(&config, "alice"), PAM_AUTHINFO_UNAVAIL, "{tls:?}");
    }
    let operations = watch.operations();
    assert!(operations.binds.is_empty(), "{operations:#?}");
    assert!(operations.searches.is_empty(), "{operations:#?}");
}

#[test]
fn ldaps_to_a_server_that_speaks_no_tls_is_unavailable_at_once() {
    let server = server();
    let plain = format!("ldaps://127.0.0.1:{}", server.port());
    let config = server.config(&[("server", &uris(&plain)), ("tls", &ca_file(&server))]);
    let begin = Instant::now();
    let watch = server.watch();
    assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    let operations = watch.operations();
    assert!(operations.binds.is_empty(), "{operations:#?}");
}

#[test]
fn ldapi_works() {
    let server = server();
    let config = server.config(&[("server", &uris(&server.ldapi_uri()))]);
    let watch = server.watch();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth(&config, "alice", "wrong"), PAM_AUTH_ERR);
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 2, "{operations:#?}");
    assert!(operations.binds_as(SERVICE_DN) >= 2, "{operations:#?}");
    let local = operations
        .lines
        .iter()
        .filter(|line| line.contains("ACCEPT from PATH="))
        .count();
    assert_eq!(local, 2, "{operations:#?}");
}

#[test]
fn ldapi_without_a_socket_is_unavailable() {
    let server = server();
    let config = server.config(&[("server", &uris("ldapi://%2Fnonexistent%2Fldapi"))]);
    assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
}

#[test]
fn a_server_may_be_given_by_name() {
    let server = server();
    // The name has two addresses where IPv6 is on, and slapd listens on one of them only.
    let tls = ca_file(&server);
    for uri in [server.uri(), server.ldaps_uri()] {
        let uri = uri.replace("127.0.0.1", "localhost");
        let config = server.config(&[("server", &uris(&uri)), ("tls", &tls)]);
        assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS, "{uri}");
    }
}

#[test]
fn cleartext_to_another_host_is_refused_before_any_traffic() {
    let server = server();
    for uri in [
        "ldap://192.0.2.1",
        "ldap://ldap.example.com",
        "ldap://127.0.0.1.example.com",
    ] {
        let config = server.config(&[("server", &uris(uri))]);
        let begin = Instant::now();
        let stack = stack_with(&config, "config_error=deny");
        let code = client(&stack, "alice", "alice-secret").authenticate(0);
        assert_eq!(code, PAM_SERVICE_ERR, "{uri}");
        assert!(
            begin.elapsed() < Duration::from_millis(500),
            "{:?}",
            begin.elapsed()
        );
    }
}
