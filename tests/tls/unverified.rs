//! `tls.verify = false`: every certificate will do, and the log says each time how little that is.

use std::time::Duration;

use rcgen::IsCa;
use rustls::ALL_VERSIONS;

use crate::common::pam::PAM_AUTH_ERR;
use crate::fixture::{Host, address, assert_no_credential, config, section, server};
use crate::recorder::{BOTH, Opening, Recorder};
use crate::scripted::Scripted;
use crate::zoo::{self, Authority, HOST};

const UNVERIFIED: &str = "verify = false";

#[test]
fn any_certificate_is_accepted_with_a_warning_each_time() {
    let authority = Authority::new("An authority that nobody knows");
    let intermediate = authority.intermediate("Intermediate", |_| ());
    let slapd = server();
    let mut host = Host::enter();
    for (what, identity) in [
        ("another authority", authority.server(&[HOST])),
        ("self-signed", zoo::self_signed(&[HOST], IsCa::NoCa)),
        ("self-signed, CA", zoo::self_signed(&[HOST], zoo::ca_true())),
        ("expired", authority.server_with(&[HOST], zoo::expired)),
        (
            "not yet valid",
            authority.server_with(&[HOST], zoo::not_yet_valid),
        ),
        ("another name", authority.server(&["www.example.org"])),
        ("no name", authority.server(&[])),
        (
            "for clients",
            authority.server_with(&[HOST], zoo::client_only),
        ),
        ("without its chain", intermediate.server(&[HOST])),
    ] {
        for opening in BOTH {
            let what = format!("{what} ({opening:?})");
            let recorder = Recorder::start(opening, identity.server(ALL_VERSIONS), address(&slapd));
            let config = config(&slapd, &recorder.section(HOST), UNVERIFIED);
            let right = host.login(&config);
            right.assert_granted(&what);
            let wrong = host.login_with(&config, "wrong");
            assert_eq!(wrong.code, PAM_AUTH_ERR, "{what}: {wrong:#?}");
            let account = host.account(&config);
            account.assert_granted(&what);
            for ended in [right, wrong, account] {
                let warnings = ended.warnings();
                let about: Vec<_> = warnings
                    .iter()
                    .filter(|line| line.contains("tls.verify"))
                    .collect();
                assert_eq!(about.len(), 1, "{what}: one warning: {ended:#?}");
            }
            let record = recorder.record(3);
            assert_eq!(record.handshakes, 3, "{what}: {record:?}");
            assert_no_credential(&record.plain, &what);
        }
    }
}

#[test]
fn a_verified_login_warns_of_nothing() {
    let trusted = Authority::new("Trusted authority");
    let slapd = server();
    let mut host = Host::enter();
    let settings = trusted.server(&[HOST]).server(ALL_VERSIONS);
    let recorder = Recorder::start(Opening::Ldaps, settings, address(&slapd));
    let tls = crate::fixture::ca_file(&slapd, &trusted.pem);
    for tls in [tls.clone(), format!("{tls}\nverify = true")] {
        let ended = host.login(&config(&slapd, &recorder.section(HOST), &tls));
        ended.assert_granted("verified");
        assert!(ended.warnings().is_empty(), "{ended:#?}");
    }
}

#[test]
fn a_server_without_the_certificates_key_is_refused_all_the_same() {
    let authority = Authority::new("An authority that nobody knows");
    let thief = authority.server(&[HOST]);
    let stolen = authority.server(&[HOST]).with_key_of(&thief);
    let slapd = server();
    let mut host = Host::enter();
    for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
        let recorder = Recorder::start(Opening::Ldaps, stolen.server(versions), address(&slapd));
        let config = config(&slapd, &recorder.section(HOST), UNVERIFIED);
        host.login(&config).assert_unavailable(
            "a stolen certificate",
            &["tls_protocol", "tls_untrusted"],
            Duration::from_secs(1),
        );
        assert!(recorder.record(1).decrypted.is_empty());
    }
}

#[test]
fn a_failed_handshake_is_tls_protocol_all_the_same() {
    let slapd = server();
    let mut host = Host::enter();
    // A fatal alert, handshake_failure (40).
    let fake = Scripted::start(Box::new(|peer| {
        peer.hello();
        peer.send(&[21, 3, 3, 0, 2, 2, 40]);
    }));
    let section = section(Opening::Ldaps, HOST, fake.port());
    let config = config(&slapd, &section, UNVERIFIED);
    host.login(&config)
        .assert_unavailable("an alert", &["tls_protocol"], Duration::from_secs(1));
    assert_no_credential(&fake.received(1)[0], "an alert");
}
