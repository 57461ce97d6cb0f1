//! Certificates that are to be trusted: by the recording server, and by slapd itself.

use std::net::IpAddr;
use std::process::Command;

use rcgen::IsCa;
use rustls::ALL_VERSIONS;

use crate::common::directory::{SERVICE_DN, user_dn};
use crate::common::need;
use crate::common::pam::{PAM_AUTH_ERR, PAM_SUCCESS};
use crate::common::slapd::{OPENSSL_CONF, Slapd, SlapdOptions};
use crate::fixture::{Host, address, assert_no_credential, ca_file, config, section, server};
use crate::recorder::{BOTH, Opening, Recorder};
use crate::zoo::{self, Authority, HOST, Identity};

/// A login, a wrong password and the account phase at a server with this certificate.
fn assert_accepted(slapd: &Slapd, host: &mut Host, name: &str, identity: &Identity, trusted: &str) {
    let here: IpAddr = match name {
        "::1" | "six.example.com" => "::1",
        _ => "127.0.0.1",
    }
    .parse()
    .expect("an address");
    for opening in BOTH {
        let what = format!("{name} ({opening:?})");
        let settings = identity.server(ALL_VERSIONS);
        let recorder = Recorder::start_at(here, opening, settings, address(slapd), None);
        let config = config(slapd, &recorder.section(name), &ca_file(slapd, trusted));
        host.login(&config).assert_granted(&what);
        assert_eq!(
            host.login_with(&config, "wrong").code,
            PAM_AUTH_ERR,
            "{what}"
        );
        host.account(&config).assert_granted(&what);
        let record = recorder.record(3);
        assert_eq!(record.handshakes, 3, "{what}");
        assert_no_credential(&record.plain, &what);
        let bind = user_dn("alice").to_lowercase();
        let sent = String::from_utf8_lossy(&record.decrypted).to_lowercase();
        assert!(sent.contains(&bind), "{what}: the record is none");
    }
}

#[test]
fn names_addresses_and_wildcards_are_accepted() {
    let trusted = Authority::new("Trusted authority");
    let slapd = server();
    let mut host = Host::enter();
    for (name, names) in [
        (HOST, &[HOST][..]),
        ("LDAP.Example.COM", &["ldap.EXAMPLE.com"]),
        (HOST, &["www.example.com", HOST]),
        (HOST, &["*.example.com"]),
        ("127.0.0.1", &["127.0.0.1"]),
        ("127.0.0.1", &[HOST, "::1", "127.0.0.1"]),
        ("::1", &["::1"]),
        ("six.example.com", &["six.example.com"]),
    ] {
        let identity = trusted.server(names);
        assert_accepted(&slapd, &mut host, name, &identity, &trusted.pem);
    }
}

#[test]
fn an_ipv6_address_needs_that_address_in_the_certificate() {
    let trusted = Authority::new("Trusted authority");
    let slapd = server();
    let mut host = Host::enter();
    for names in [&["127.0.0.1"][..], &["six.example.com"], &["::2"]] {
        let settings = trusted.server(names).server(ALL_VERSIONS);
        let here = "::1".parse().expect("an address");
        let recorder = Recorder::start_at(here, Opening::Ldaps, settings, address(&slapd), None);
        let config = config(
            &slapd,
            &recorder.section("::1"),
            &ca_file(&slapd, &trusted.pem),
        );
        let limit = std::time::Duration::from_secs(1);
        host.login(&config)
            .assert_unavailable(names[0], &["tls_name"], limit);
        assert!(recorder.record(1).decrypted.is_empty());
    }
}

#[test]
fn a_chain_that_is_sent_whole_is_accepted() {
    let trusted = Authority::new("Trusted authority");
    let first = trusted.intermediate("First intermediate", |_| ());
    let second = first.intermediate("Second intermediate", zoo::only_for("example.com"));
    let slapd = server();
    let mut host = Host::enter();
    let short = first.server(&[HOST]).with(&first.pem);
    let long = second.server(&[HOST]).with(&second.pem).with(&first.pem);
    let with_root = long.clone().with(&trusted.pem);
    let disordered = second.server(&[HOST]).with(&first.pem).with(&second.pem);
    for identity in [&short, &long, &with_root, &disordered] {
        assert_accepted(&slapd, &mut host, HOST, identity, &trusted.pem);
    }
    // The administrator may trust the intermediate itself, and then no more than that.
    let bare = first.server(&[HOST]);
    assert_accepted(&slapd, &mut host, HOST, &bare, &first.pem);
}

#[test]
fn a_self_signed_certificate_may_be_its_own_authority() {
    let slapd = server();
    let mut host = Host::enter();
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let identity = zoo::self_signed(&[HOST], is_ca);
        let trusted = identity.certificates.clone();
        assert_accepted(&slapd, &mut host, HOST, &identity, &trusted);
    }
}

#[test]
fn a_self_signed_certificate_as_openssl_makes_it_is_refused_with_the_way_out() {
    // "openssl req -x509" writes CA:TRUE. rustls takes no authority for a server.
    let slapd = server();
    let mut host = Host::enter();
    let identity = zoo::self_signed(&[HOST], zoo::ca_true());
    let settings = identity.server(ALL_VERSIONS);
    let recorder = Recorder::start(Opening::Ldaps, settings, address(&slapd));
    let tls = ca_file(&slapd, &identity.certificates);
    let config = config(&slapd, &recorder.section(HOST), &tls);
    let ended = host.login(&config);
    let limit = std::time::Duration::from_secs(1);
    ended.assert_unavailable("as its own authority", &["tls_untrusted"], limit);
    let line = ended.decision();
    assert!(
        line.contains("make one with basicConstraints=CA:FALSE"),
        "{line}"
    );
    assert!(recorder.record(1).decrypted.is_empty());
}

#[test]
fn a_self_signed_certificate_that_is_trusted_is_still_for_its_names_and_its_time() {
    let slapd = server();
    let mut host = Host::enter();
    for is_ca in [IsCa::ExplicitNoCa, zoo::ca_true()] {
        let expired = zoo::self_signed_with(&[HOST], is_ca, zoo::expired);
        let other_name = zoo::self_signed(&["www.example.com"], is_ca);
        for (identity, cause) in [(expired, "tls_expired"), (other_name, "tls_name")] {
            let settings = identity.server(ALL_VERSIONS);
            let recorder = Recorder::start(Opening::Ldaps, settings, address(&slapd));
            let tls = ca_file(&slapd, &identity.certificates);
            let config = config(&slapd, &recorder.section(HOST), &tls);
            let limit = std::time::Duration::from_secs(1);
            let ended = host.login(&config);
            // A certificate that no server may show at all can be called untrusted as well.
            ended.assert_unavailable(cause, &[cause, "tls_untrusted"], limit);
            assert!(recorder.record(1).decrypted.is_empty());
        }
    }
}

/// The lines of slapd.conf(5) for this identity.
fn tls_lines(slapd: &Slapd, identity: &Identity, more: &str) -> String {
    let certificate = slapd.file("zoo.pem", 0o644, &identity.certificates);
    let key = slapd.file("zoo.key", 0o600, &identity.key);
    format!(
        "TLSCertificateFile {}\nTLSCertificateKeyFile {}\nTLSVerifyClient never\n{more}\n",
        certificate.display(),
        key.display()
    )
}

/// Has slapd speak this version alone from its next start: lines of slapd.conf(5) where it is linked with
/// GnuTLS, or else what OpenSSL reads.
fn only(slapd: &Slapd, version: Option<&str>) -> String {
    let linked = Command::new(need("ldd", "libc-bin"))
        .arg(need("slapd", "slapd"))
        .output()
        .expect("ldd");
    let is_gnutls = String::from_utf8_lossy(&linked.stdout).contains("libgnutls.so");
    let limits = version.map_or(String::new(), |version| {
        format!("MinProtocol = TLSv{version}\nMaxProtocol = TLSv{version}\n")
    });
    let openssl = format!(
        "openssl_conf = main\n[main]\nssl_conf = ssl\n[ssl]\nsystem_default = limits\n[limits]\n{limits}"
    );
    slapd.file(OPENSSL_CONF, 0o644, &openssl);
    match version {
        Some(version) if is_gnutls => {
            format!("TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS{version}")
        }
        _ => String::new(),
    }
}

#[test]
fn slapd_itself_is_trusted_with_each_good_certificate_and_protocol() {
    let trusted = Authority::new("Trusted authority");
    let intermediate = trusted.intermediate("Intermediate", |_| ());
    let chain = intermediate.server(&[HOST]).with(&intermediate.pem);
    let named = trusted.server(&[HOST]);
    let slapd = Slapd::start(&SlapdOptions::default());
    let mut host = Host::enter();
    for (what, name, identity, version) in [
        ("a name", HOST, &named, None),
        ("TLS 1.2 only", HOST, &named, Some("1.2")),
        ("TLS 1.3 only", HOST, &named, Some("1.3")),
        ("a chain", HOST, &chain, None),
        (
            "a wildcard",
            HOST,
            &trusted.server(&["*.example.com"]),
            None,
        ),
        (
            "an address",
            "127.0.0.1",
            &trusted.server(&["127.0.0.1"]),
            None,
        ),
    ] {
        slapd.restart_with_tls(&tls_lines(&slapd, identity, &only(&slapd, version)));
        for opening in BOTH {
            let what = format!("{what} ({opening:?})");
            let port = match opening {
                Opening::Ldaps => slapd.tls_port(),
                Opening::StartTls => slapd.port(),
            };
            let section = section(opening, name, port);
            let config = config(&slapd, &section, &ca_file(&slapd, &trusted.pem));
            let watch = slapd.watch();
            host.login(&config).assert_granted(&what);
            assert_eq!(host.account(&config).code, PAM_SUCCESS, "{what}");
            let operations = watch.operations();
            assert!(
                operations.binds_as(SERVICE_DN) >= 2,
                "{what}: {operations:#?}"
            );
            assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{what}");
            let established = format!("{} tls_cipher=", version.unwrap_or("1.3"));
            let lines = operations.lines.iter();
            let encrypted = lines.filter(|line| line.contains(&established)).count();
            assert_eq!(encrypted, 2, "{what}: {operations:#?}");
        }
    }
}

#[test]
fn slapd_itself_is_refused_with_each_bad_certificate() {
    let trusted = Authority::new("Trusted authority");
    let expired = trusted.server_with(&[HOST], zoo::expired);
    let stranger = Authority::new("Other authority").server(&[HOST]);
    let slapd = Slapd::start(&SlapdOptions::default());
    let mut host = Host::enter();
    for (identity, cause) in [
        (&expired, "tls_expired"),
        (&trusted.server(&["www.example.com"]), "tls_name"),
        (&stranger, "tls_untrusted"),
    ] {
        slapd.restart_with_tls(&tls_lines(&slapd, identity, ""));
        for (opening, port) in [
            (Opening::Ldaps, slapd.tls_port()),
            (Opening::StartTls, slapd.port()),
        ] {
            let what = format!("{cause} ({opening:?})");
            let section = section(opening, HOST, port);
            let config = config(&slapd, &section, &ca_file(&slapd, &trusted.pem));
            let watch = slapd.watch();
            let limit = std::time::Duration::from_secs(1);
            host.login(&config)
                .assert_unavailable(&what, &[cause], limit);
            let operations = watch.operations();
            assert!(operations.binds.is_empty(), "{what}: {operations:#?}");
            assert!(operations.searches.is_empty(), "{what}: {operations:#?}");
        }
    }
}
