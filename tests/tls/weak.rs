//! Keys and digests that no longer hold, and those that do.

use std::time::Duration;

use rustls::ALL_VERSIONS;

use crate::common::slapd::Slapd;
use crate::fixture::{Host, address, assert_no_credential, ca_file, config, section, server};
use crate::openssl::{self, Server};
use crate::recorder::{Opening, Recorder};
use crate::zoo::{Authority, HOST};

/// Logs in to openssl-s_server(1) with a certificate of this kind.
fn assert_refused(slapd: &Slapd, host: &mut Host, key: &str, digest: &str) {
    let trusted = Authority::new("Trusted authority");
    let identity = openssl::identity(slapd, &trusted, key, digest);
    for version in ["-tls1_2", "-tls1_3"] {
        let what = format!("{key} {digest} {version}");
        let openssl = Server::start(slapd, &identity, &[version]);
        assert!(openssl.is_reached(version), "{what}: {}", openssl.output());
        let section = section(Opening::Ldaps, HOST, openssl.port());
        let config = config(slapd, &section, &ca_file(slapd, &trusted.pem));
        host.login(&config).assert_unavailable(
            &what,
            &["tls_untrusted", "tls_protocol"],
            Duration::from_secs(1),
        );
        assert_no_credential(openssl.output().as_bytes(), &what);
    }
}

#[test]
fn a_key_of_1024_bits_is_refused() {
    let slapd = server();
    assert_refused(&slapd, &mut Host::enter(), "rsa:1024", "-sha256");
}

#[test]
fn a_signature_over_sha_1_is_refused() {
    let slapd = server();
    assert_refused(&slapd, &mut Host::enter(), "rsa:2048", "-sha1");
}

#[test]
fn rsa_keys_of_today_are_accepted() {
    let slapd = server();
    let mut host = Host::enter();
    let trusted = Authority::new("Trusted authority");
    for (key, digest) in [("rsa:2048", "-sha256"), ("rsa:3072", "-sha384")] {
        let identity = openssl::identity(&slapd, &trusted, key, digest);
        let settings = identity.server(ALL_VERSIONS);
        let recorder = Recorder::start(Opening::Ldaps, settings, address(&slapd));
        let tls = ca_file(&slapd, &trusted.pem);
        let config = config(&slapd, &recorder.section(HOST), &tls);
        host.login(&config).assert_granted(key);
    }
}
