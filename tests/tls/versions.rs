//! Versions of the protocol: 1.2 and 1.3, and none before (RFC 8996).

use std::time::Duration;

use rustls::version::{TLS12, TLS13};

use crate::fixture::{Host, address, assert_no_credential, ca_file, config, section, server};
use crate::openssl::Server;
use crate::recorder::{BOTH, Opening, Recorder};
use crate::scripted::Scripted;
use crate::zoo::{Authority, HOST};

const LIMIT: Duration = Duration::from_secs(1);

#[test]
fn tls_1_2_and_1_3_work_alone() {
    let trusted = Authority::new("Trusted authority");
    let identity = trusted.server(&[HOST]);
    let slapd = server();
    let mut host = Host::enter();
    for version in [&TLS12, &TLS13] {
        for opening in BOTH {
            let settings = identity.server(&[version]);
            let recorder = Recorder::start(opening, settings, address(&slapd));
            let tls = ca_file(&slapd, &trusted.pem);
            let config = config(&slapd, &recorder.section(HOST), &tls);
            let what = format!("{version:?} {opening:?}");
            host.login(&config).assert_granted(&what);
            assert_eq!(recorder.record(1).handshakes, 1, "{what}");
        }
    }
}

#[test]
fn older_versions_are_tls_protocol_with_and_without_verification() {
    let trusted = Authority::new("Trusted authority");
    let identity = trusted.server(&[HOST]);
    let slapd = server();
    let mut host = Host::enter();
    for version in ["-tls1", "-tls1_1"] {
        let openssl = Server::start(&slapd, &identity, &[version]);
        assert!(openssl.is_reached(version), "{}", openssl.output());
        let section = section(Opening::Ldaps, HOST, openssl.port());
        for tls in [ca_file(&slapd, &trusted.pem), "verify = false".to_owned()] {
            let config = config(&slapd, &section, &tls);
            host.login(&config)
                .assert_unavailable(version, &["tls_protocol"], LIMIT);
            host.account(&config)
                .assert_unavailable(version, &["tls_protocol"], LIMIT);
        }
        assert_no_credential(openssl.output().as_bytes(), version);
    }
}

#[test]
fn openssl_itself_is_reached_with_the_versions_that_count() {
    let trusted = Authority::new("Trusted authority");
    let identity = trusted.server(&[HOST]);
    let slapd = server();
    let mut host = Host::enter();
    for version in ["-tls1_2", "-tls1_3"] {
        let openssl = Server::start(&slapd, &identity, &[version]);
        let section = section(Opening::Ldaps, HOST, openssl.port());
        let section = format!("{section}operation_timeout = \"500ms\"");
        let config = config(&slapd, &section, &ca_file(&slapd, &trusted.pem));
        // It is no LDAP server, so the bind gets no answer; but the bind has come.
        host.login(&config)
            .assert_unavailable(version, &["timeout"], LIMIT);
        let service = crate::common::directory::SERVICE_DN;
        assert!(openssl.output().contains(service), "{}", openssl.output());
    }
}

#[test]
fn a_server_that_answers_with_an_older_version_is_tls_protocol() {
    let slapd = server();
    let mut host = Host::enter();
    let trusted = Authority::new("Trusted authority").pem;
    for minor in [0, 1, 2] {
        // ServerHello: version 3.minor, random, no session, ECDHE-RSA-AES256-SHA, no compression.
        let hello = [&[3, minor][..], &[7; 32], &[0, 0xc0, 0x14, 0]].concat();
        let length = u8::try_from(hello.len()).expect("short");
        let message = [&[2, 0, 0, length][..], &hello].concat();
        let record = [&[22, 3, minor.max(1), 0, length + 4][..], &message].concat();
        let fake = Scripted::start(Box::new(move |peer| {
            peer.hello();
            peer.send(&record);
        }));
        let section = section(Opening::Ldaps, HOST, fake.port());
        let config = config(&slapd, &section, &ca_file(&slapd, &trusted));
        let what = format!("3.{minor}");
        host.login(&config)
            .assert_unavailable(&what, &["tls_protocol"], LIMIT);
        assert_no_credential(&fake.received(1)[0], &what);
    }
}
