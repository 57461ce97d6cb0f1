//! Certificates that are not to be trusted. Behind each stands a server that would grant the login,
//! so a client that goes on is found out twice: by the record and by the outcome.

use std::time::Duration;

use rcgen::IsCa;
use rustls::ALL_VERSIONS;

use crate::common::slapd::Slapd;
use crate::fixture::{Host, address, assert_no_credential, ca_file, config, server};
use crate::recorder::{BOTH, Opening, Recorder};
use crate::zoo::{self, Authority, HOST, Identity};

/// A refusal takes no longer than this, certificates and all.
const LIMIT: Duration = Duration::from_secs(1);

/// Who signs in these tests.
struct Authorities {
    trusted: Authority,
    other: Authority,
}

/// What a server shows, under which name it is asked, and the cause of the refusal.
struct Case {
    what: &'static str,
    host: &'static str,
    identity: Identity,
    cause: &'static str,
}

fn case(what: &'static str, host: &'static str, identity: Identity, cause: &'static str) -> Case {
    Case {
        what,
        host,
        identity,
        cause,
    }
}

/// Logs in to a server that shows the case's identity, in both phases and both ways, and checks all
/// that is promised about a server that is not trusted.
fn assert_refused(cases: impl FnOnce(&Authorities) -> Vec<Case>) {
    assert_refused_within(LIMIT, cases);
}

fn assert_refused_within(limit: Duration, cases: impl FnOnce(&Authorities) -> Vec<Case>) {
    let authorities = Authorities {
        trusted: Authority::new("Trusted authority"),
        other: Authority::new("Other authority"),
    };
    let slapd = server();
    let mut host = Host::enter();
    for case in cases(&authorities) {
        for opening in BOTH {
            refuse(
                &slapd,
                &mut host,
                &authorities.trusted.pem,
                &case,
                opening,
                limit,
            );
        }
    }
}

fn refuse(
    slapd: &Slapd,
    host: &mut Host,
    trusted: &str,
    case: &Case,
    opening: Opening,
    limit: Duration,
) {
    let what = format!("{} ({opening:?})", case.what);
    let settings = case.identity.server(ALL_VERSIONS);
    let recorder = Recorder::start(opening, settings, address(slapd));
    let section = recorder.section(case.host);
    let config = config(slapd, &section, &ca_file(slapd, trusted));
    for ended in [host.login(&config), host.account(&config)] {
        ended.assert_unavailable(&what, &[case.cause], limit);
        let line = ended.decision();
        assert!(line.contains(case.host), "{what}: which server? {line}");
    }
    let record = recorder.record(2);
    assert_eq!(record.handshakes, 0, "{what}: {record:?}");
    assert!(record.decrypted.is_empty(), "{what}: {record:?}");
    assert_no_credential(&record.plain, &what);
}

#[test]
fn a_certificate_outside_its_time_is_tls_expired() {
    assert_refused(|by| {
        let old = by.trusted.intermediate("Old intermediate", zoo::expired);
        let certificate = |adjust: fn(&mut _)| by.trusted.server_with(&[HOST], adjust);
        vec![
            case("expired", HOST, certificate(zoo::expired), "tls_expired"),
            case(
                "not yet valid",
                HOST,
                certificate(zoo::not_yet_valid),
                "tls_expired",
            ),
            case(
                "below an expired intermediate",
                HOST,
                old.server(&[HOST]).with(&old.pem),
                "tls_expired",
            ),
        ]
    });
}

#[test]
fn a_certificate_for_another_name_is_tls_name() {
    assert_refused(|by| {
        let of = |names: &[&str]| by.trusted.server(names);
        vec![
            case(
                "another name",
                HOST,
                of(&["www.example.com", "example.com"]),
                "tls_name",
            ),
            case("no alternative name, only a CN", HOST, of(&[]), "tls_name"),
            case(
                "a longer name",
                HOST,
                of(&["ldap.example.com.evil.org"]),
                "tls_name",
            ),
            case(
                "a shorter name",
                "a.b.example.com",
                of(&["b.example.com"]),
                "tls_name",
            ),
        ]
    });
}

#[test]
fn a_wildcard_stands_for_one_whole_label_on_the_left() {
    assert_refused(|by| {
        let of = |name: &str| by.trusted.server(&[name]);
        vec![
            case(
                "two labels",
                "a.b.example.com",
                of("*.example.com"),
                "tls_name",
            ),
            case("no label", "example.com", of("*.example.com"), "tls_name"),
            case(
                "a part of a label",
                "lab.example.com",
                of("l*.example.com"),
                "tls_name",
            ),
            case(
                "a label in the middle",
                "a.b.example.com",
                of("a.*.example.com"),
                "tls_name",
            ),
            case("a top-level domain", HOST, of("*.com"), "tls_name"),
            case("everything", HOST, of("*"), "tls_name"),
        ]
    });
}

#[test]
fn an_address_needs_an_address_in_the_certificate() {
    assert_refused(|by| {
        let text = by.trusted.server_with(&[], zoo::dns_name_of("127.0.0.1"));
        vec![
            case(
                "a name",
                "127.0.0.1",
                by.trusted.server(&[HOST, "localhost"]),
                "tls_name",
            ),
            case(
                "another address",
                "127.0.0.1",
                by.trusted.server(&["127.0.0.2"]),
                "tls_name",
            ),
            case(
                "the other family",
                "127.0.0.1",
                by.trusted.server(&["::1"]),
                "tls_name",
            ),
            case("an address as a DNS name", "127.0.0.1", text, "tls_name"),
            case(
                "an address for a name",
                HOST,
                by.trusted.server(&["127.0.0.1"]),
                "tls_name",
            ),
        ]
    });
}

#[test]
fn a_certificate_of_a_stranger_is_tls_untrusted() {
    assert_refused(|by| {
        let intermediate = by.other.intermediate("Intermediate", |_| ());
        vec![
            case(
                "another authority",
                HOST,
                by.other.server(&[HOST]),
                "tls_untrusted",
            ),
            case(
                "another authority, sent along",
                HOST,
                by.other.server(&[HOST]).with(&by.other.pem),
                "tls_untrusted",
            ),
            case(
                "another authority of the same name",
                HOST,
                Authority::new("Trusted authority").server(&[HOST]),
                "tls_untrusted",
            ),
            case(
                "a chain to another authority",
                HOST,
                intermediate.server(&[HOST]).with(&intermediate.pem),
                "tls_untrusted",
            ),
            case(
                "self-signed, no CA",
                HOST,
                zoo::self_signed(&[HOST], IsCa::ExplicitNoCa),
                "tls_untrusted",
            ),
            case(
                "self-signed, CA",
                HOST,
                zoo::self_signed(&[HOST], zoo::ca_true()),
                "tls_untrusted",
            ),
            case(
                "a portal that answers for everything",
                HOST,
                by.other.server(&["portal.example.net"]),
                "tls_untrusted",
            ),
        ]
    });
}

#[test]
fn a_chain_that_does_not_hold_is_tls_untrusted() {
    assert_refused(|by| {
        let intermediate = by.trusted.intermediate("Intermediate", |_| ());
        let pretender = by.trusted.intermediate("Pretender", zoo::no_authority);
        let narrow = by
            .trusted
            .intermediate("Narrow", zoo::only_for("example.org"));
        vec![
            case(
                "the intermediate is not sent",
                HOST,
                intermediate.server(&[HOST]),
                "tls_untrusted",
            ),
            case(
                "the signer is no authority",
                HOST,
                pretender.server(&[HOST]).with(&pretender.pem),
                "tls_untrusted",
            ),
            case(
                "the authority is for other names",
                HOST,
                narrow.server(&[HOST]).with(&narrow.pem),
                "tls_untrusted",
            ),
        ]
    });
}

#[test]
fn a_chain_that_leads_everywhere_is_given_up() {
    // Without a bound on the search it would go on for ever; with it, it is slow without optimisation.
    assert_refused_within(LIMIT * 4, |by| {
        let bomb = zoo::bomb(&by.trusted, 80);
        vec![case("a chain without end", HOST, bomb, "tls_untrusted")]
    });
}

#[test]
fn a_certificate_for_another_purpose_is_tls_untrusted() {
    assert_refused(|by| {
        let certificate = |adjust: fn(&mut _)| by.trusted.server_with(&[HOST], adjust);
        vec![
            case(
                "for clients only",
                HOST,
                certificate(zoo::client_only),
                "tls_untrusted",
            ),
            case(
                "with an unknown critical extension",
                HOST,
                certificate(zoo::unknown_critical_extension),
                "tls_untrusted",
            ),
        ]
    });
}

#[test]
fn a_stolen_certificate_without_its_key_is_tls_untrusted() {
    assert_refused(|by| {
        let thief = by.other.server(&[HOST]);
        let stolen = by.trusted.server(&[HOST]).with_key_of(&thief);
        vec![case("a stolen certificate", HOST, stolen, "tls_untrusted")]
    });
}

#[test]
fn the_server_is_told_why() {
    let trusted = Authority::new("Trusted authority");
    let slapd = server();
    let mut host = Host::enter();
    for (adjust, alert) in [
        (zoo::expired as fn(&mut _), "CertificateExpired"),
        (|_| (), "UnknownCA"),
    ] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let authority = match alert {
                "UnknownCA" => &Authority::new("Other authority"),
                _ => &trusted,
            };
            let settings = authority.server_with(&[HOST], adjust).server(&[version]);
            let recorder = Recorder::start(Opening::Ldaps, settings, address(&slapd));
            let tls = ca_file(&slapd, &trusted.pem);
            host.login(&config(&slapd, &recorder.section(HOST), &tls));
            let record = recorder.record(1);
            let told = record
                .failures
                .iter()
                .any(|failure| failure.contains(alert));
            assert!(told, "{alert}, {version:?}: no such alert: {record:?}");
        }
    }
}
