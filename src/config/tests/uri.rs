//! What a server's URI may be.

use std::net::IpAddr;
use std::path::Path;

use crate::config::{Endpoint, Scheme, ServerUri};

fn host_of(uri: &ServerUri) -> Option<&str> {
    match uri.endpoint() {
        Endpoint::Host { name, .. } => Some(name),
        Endpoint::Socket(_) => None,
    }
}

fn address_of(uri: &ServerUri) -> Option<IpAddr> {
    match uri.endpoint() {
        Endpoint::Host { address, .. } => *address,
        Endpoint::Socket(_) => None,
    }
}

fn port_of(uri: &ServerUri) -> Option<u16> {
    match uri.endpoint() {
        Endpoint::Host { port, .. } => Some(*port),
        Endpoint::Socket(_) => None,
    }
}

fn socket_of(uri: &ServerUri) -> Option<&Path> {
    match uri.endpoint() {
        Endpoint::Host { .. } => None,
        Endpoint::Socket(path) => Some(path),
    }
}

fn uri(text: &str) -> ServerUri {
    ServerUri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn hosts_have_their_schemes_default_port() {
    for (text, scheme, host, port, shown) in [
        (
            "ldaps://a.example.com",
            Scheme::Ldaps,
            "a.example.com",
            636,
            "ldaps://a.example.com",
        ),
        (
            "LDAPS://A.Example.com/",
            Scheme::Ldaps,
            "a.example.com",
            636,
            "ldaps://a.example.com",
        ),
        ("ldap://h:389", Scheme::Ldap, "h", 389, "ldap://h"),
        ("ldap://h:3389/", Scheme::Ldap, "h", 3389, "ldap://h:3389"),
        ("ldaps://h:389", Scheme::Ldaps, "h", 389, "ldaps://h:389"),
        (
            "ldap://192.0.2.1",
            Scheme::Ldap,
            "192.0.2.1",
            389,
            "ldap://192.0.2.1",
        ),
        (
            "ldaps://[2001:DB8::1]:1636",
            Scheme::Ldaps,
            "2001:db8::1",
            1636,
            "ldaps://[2001:db8::1]:1636",
        ),
        ("ldap://[::1]", Scheme::Ldap, "::1", 389, "ldap://[::1]"),
        (
            "ldap://my_host",
            Scheme::Ldap,
            "my_host",
            389,
            "ldap://my_host",
        ),
    ] {
        let uri = uri(text);
        assert_eq!(
            (uri.scheme(), host_of(&uri), port_of(&uri)),
            (scheme, Some(host), Some(port)),
            "{text}"
        );
        assert_eq!((uri.to_string().as_str(), socket_of(&uri)), (shown, None));
        assert_eq!(uri, ServerUri::parse(shown).unwrap());
    }
}

#[test]
fn addresses_are_told_from_names() {
    assert_eq!(
        address_of(&uri("ldap://127.0.0.1")),
        Some("127.0.0.1".parse().unwrap())
    );
    assert_eq!(
        address_of(&uri("ldap://[::1]")),
        Some("::1".parse().unwrap())
    );
    assert_eq!(address_of(&uri("ldap://localhost")), None);
}

#[test]
fn sockets_are_percent_encoded_paths() {
    for (text, path) in [
        ("ldapi:///", "/var/run/slapd/ldapi"),
        ("ldapi://", "/var/run/slapd/ldapi"),
        ("ldapi://%2Frun%2fmy-slapd%2Fa%20b", "/run/my-slapd/a b"),
        ("ldapi://%2Ftmp%2Fx/", "/tmp/x"),
    ] {
        let parsed = uri(text);
        assert_eq!(socket_of(&parsed), Some(Path::new(path)), "{text}");
        assert_eq!(
            (host_of(&parsed), port_of(&parsed), parsed.is_local()),
            (None, None, true)
        );
        assert_eq!(uri(&parsed.to_string()), parsed);
    }
    assert_eq!(
        uri("ldapi://%2Ftmp%2Fa%20b").to_string(),
        "ldapi://%2Ftmp%2Fa%20b"
    );
}

#[test]
fn only_loopback_is_local() {
    for text in [
        "ldap://127.0.0.1",
        "ldap://127.9.9.9:1",
        "ldap://[::1]",
        "ldap://LocalHost",
        "ldap://[::ffff:127.0.0.1]",
    ] {
        assert!(uri(text).is_local(), "{text}");
    }
    for text in [
        "ldap://10.0.0.1",
        "ldap://localhost.example.com",
        "ldap://[::2]",
        "ldap://[::ffff:10.0.0.1]",
        "ldap://0.0.0.0",
        "ldap://127.0.0.1.example.com",
    ] {
        assert!(!uri(text).is_local(), "{text}");
    }
}

#[test]
fn what_is_no_place_of_a_server_is_refused() {
    let long = format!("ldapi://%2F{}", "x".repeat(107));
    for text in [
        "",
        "ldap1.example.com",
        "ldap1.example.com:636",
        "http://h",
        "ldap:h",
        "ldap:/h",
        "ldap:///",
        "ldaps://",
        "ldap://h:0",
        "ldap://h:99999",
        "ldap://h:x",
        "ldap://::1",
        "ldap://[::1",
        "ldap://[fe80::1%25eth0]",
        "ldap://u@h",
        "ldap://u:p@h",
        "ldap://@h",
        "ldap://h/dc=x",
        "ldap://h?x",
        "ldap://h/?x",
        "ldap://h#f",
        "ldap://h//",
        "ldap://a b",
        " ldap://h",
        "ldap://h\n",
        "ldap://h\t",
        "ldap://a ldap://b",
        "ldap://h.",
        "ldap://.h",
        "ldap://-h",
        "ldap://10.0.0.300",
        "ldap://127.1",
        "ldap://%6cocalhost",
        "ldap://zoë.example",
        "ldap://h*",
        "ldap://\\h",
        "ldapi:///var/run/slapd/ldapi",
        "ldapi://run",
        "ldapi://%2Fx:389",
        "ldapi://%2Fx%0",
        "ldapi://%2Fx%00",
        &long,
    ] {
        assert!(ServerUri::parse(text).is_err(), "{text}");
    }
}
