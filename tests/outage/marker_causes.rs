//! Which troubles make a server "down", and which do not.

use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::child::Task;
use crate::common::directory::user_dn;
use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{ALICE, Rig, ms, servers};
use crate::proxy::{Break, Fault, Moment, Proxy, Side};
use crate::site::{LIMITS, RUN, Site, listing, marker, on_a_host};

/// A module that knows this server alone.
fn alone(uri: &str, sections: &str) -> Rig {
    let server = format!("{LIMITS}retry_after = \"30s\"\nallow_cleartext = true");
    Rig::with(&[uri.to_owned()], &server, sections)
}

/// A login fails with this cause and leaves a marker; the next one fails at once, with the cause
/// of the first.
fn assert_marks(site: &Site, rig: &Rig, uri: &str, causes: &[&str]) {
    let (login, line) = site.logged_login(rig);
    assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL, "{line}");
    let cause = causes
        .iter()
        .map(|cause| format!(" cause={cause} "))
        .find(|cause| line.contains(cause))
        .unwrap_or_else(|| panic!("none of {causes:?}: {line}"));
    assert!(line.contains(&format!(" server={uri} ")), "{line}");
    assert!(
        fs::exists(marker(uri)).unwrap(),
        "{line}\nno marker; there is {:?}",
        listing()
    );
    let (login, line) = site.logged_login(rig);
    assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL, "{line}");
    assert!(login.took < ms(150), "{login:?} {line}");
    for part in [&cause, &format!(" server={uri} "), "marked down"] {
        assert!(line.contains(part), "no {part:?} in {line}");
    }
    fs::remove_dir_all(RUN).unwrap();
}

/// A login fails with this cause and leaves nothing; the next one asks the server again.
fn assert_does_not_mark(site: &Site, rig: &Rig, cause: &str) {
    for _ in 0..2 {
        let (login, line) = site.logged_login(rig);
        assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL, "{line}");
        assert!(
            line.contains(&format!(" cause={cause} ")),
            "{cause}: {line}"
        );
        assert!(!line.contains("marked down"), "{line}");
        assert_eq!(listing(), [""; 0], "{line}");
    }
}

#[test]
fn a_server_that_cannot_be_reached_or_says_nothing_is_marked() {
    on_a_host("30s", |site| {
        let uri = site.first.uri();
        let rig = alone(&uri, "");
        for (fault, cause) in [
            (Fault::Refuse, "refused"),
            (Fault::BlackHole, "connect_timeout"),
            (Fault::Swallow, "timeout"),
            (Fault::Reset, "closed"),
            (Fault::Close, "closed"),
            (Fault::Cut(Side::Client, 5), "closed"),
            (Fault::Cut(Side::Server, 5), "closed"),
            (Fault::At(Moment::Request(1), Break::Close), "closed"),
            (Fault::At(Moment::Request(1), Break::Reset), "closed"),
        ] {
            println!("{fault:?}");
            site.first.set(fault);
            assert_marks(site, &rig, &uri, &[cause]);
        }
    });
}

#[test]
fn a_server_that_is_silent_in_the_tls_handshake_is_marked() {
    on_a_host("30s", |site| {
        site.first.set(Fault::Swallow);
        let uri = site.first.uri().replace("ldap:", "ldaps:");
        let tls = format!("[tls]\nca_file = \"{}\"\n", ca_file().display());
        assert_marks(site, &alone(&uri, &tls), &uri, &["timeout"]);
    });
}

#[test]
fn a_server_without_a_socket_is_marked() {
    on_a_host("30s", |site| {
        let uri = "ldapi://%2Fnonexistent%2Fldapi";
        let (login, line) = site.logged_login(&alone(uri, ""));
        assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL);
        assert!(line.contains(" cause=refused "), "{line}");
        let (_, line) = site.logged_login(&alone(uri, ""));
        assert!(line.contains("marked down"), "{line}");
    });
}

#[test]
fn a_server_that_no_route_leads_to_is_marked() {
    on_a_host("30s", |site| {
        // The address of a network is nobody's (RFC 1122 §3.2.1.3); the kernel refuses at once.
        let uri = "ldap://255.255.255.255:1389";
        assert_marks(
            site,
            &alone(uri, ""),
            uri,
            &["unreachable", "host", "refused"],
        );
    });
}

#[test]
fn a_server_whose_name_does_not_resolve_is_marked() {
    on_a_host("30s", |site| {
        let uri = "ldap://ldap.example.test:1389";
        let nobody = "127.77.3.1";
        let silent = "127.77.3.2";
        let resolver = UdpSocket::bind((silent, 53)).expect("root may bind port 53");
        for (address, causes) in [
            (nobody, &["dns", "dns_timeout"][..]),
            (silent, &["dns_timeout"]),
        ] {
            let conf = format!("nameserver {address}\n");
            site.host.write("/etc/resolv.conf", 0o644, &conf);
            let text = fs::read_to_string("/etc/resolv.conf").unwrap();
            assert!(text.starts_with("nameserver 127.77.3."), "{text}");
            assert_marks(site, &alone(uri, ""), uri, causes);
        }
        drop(resolver);
    });
}

#[test]
fn a_server_that_fails_behind_its_first_answer_is_not_marked() {
    on_a_host("30s", |site| {
        let rig = alone(&site.first.uri(), "");
        for (how, cause) in [
            (Break::Close, "closed"),
            (Break::Reset, "closed"),
            (Break::Hang, "timeout"),
        ] {
            for moment in [Moment::Request(2), Moment::Bind(user_dn("alice"))] {
                println!("{moment:?} {how:?}");
                for _ in 0..2 {
                    site.first.set(Fault::At(moment.clone(), how));
                    let (login, line) = site.logged_login(&rig);
                    assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL, "{line}");
                    assert!(line.contains(&format!(" cause={cause} ")), "{line}");
                    assert_eq!(listing(), [""; 0], "{line}");
                }
            }
        }
    });
}

#[test]
fn a_server_that_is_busy_or_speaks_nonsense_is_not_marked() {
    on_a_host("30s", |site| {
        let rig = alone(&site.first.uri(), "");
        for (fault, cause) in [
            (Fault::Answer(51), "busy"),
            (Fault::Answer(52), "busy"),
            (Fault::Answer(10), "referral"),
            (Fault::Garbage, "protocol"),
        ] {
            site.first.set(fault);
            let tries = site.tries(|| assert_does_not_mark(site, &rig, cause));
            assert_eq!(tries, 2, "{cause}");
        }
    });
}

#[test]
fn a_certificate_that_is_no_good_marks_nothing() {
    let files = TempDir::new().expect("a temporary directory");
    let expired = expired_server(&files);
    let other = files.path().join("other.pem");
    fs::write(&other, authority().0).expect("write");
    let ca = ca_file();
    let own = files.path().join("ca.pem");
    on_a_host("30s", |site| {
        let hosts = "127.0.0.1 localhost wrong.example.test\n";
        site.host.write("/etc/hosts", 0o644, hosts);
        let good = servers()[0].ldaps_uri();
        let wrong = good.replace("127.0.0.1", "wrong.example.test");
        for (uri, ca, cause) in [
            (&wrong, &ca, "tls_name"),
            (&good, &other, "tls_untrusted"),
            (&expired.ldaps_uri(), &own, "tls_expired"),
        ] {
            let tls = format!("[tls]\nca_file = \"{}\"\n", ca.display());
            assert_does_not_mark(site, &alone(uri, &tls), cause);
        }
    });
}

#[test]
fn trouble_of_this_host_marks_nothing() {
    on_a_host("30s", |site| {
        let mut codes = Vec::new();
        for more in 1..=14 {
            let task = Task {
                descriptors: Some(more),
                ..Task::default()
            };
            let login = task.run(&site.rig);
            codes.push(login.code);
            assert_eq!(listing(), [""; 0], "{more} descriptors: {login:?}");
        }
        println!("codes with 1, 2, … descriptors: {codes:?}");
        assert_eq!(codes.last(), Some(&PAM_SUCCESS), "{codes:?}");
        assert!(codes.contains(&PAM_AUTHINFO_UNAVAIL), "{codes:?}");
    });
}

#[test]
fn each_server_has_a_marker_of_its_own() {
    let third = Proxy::start(servers()[1].port());
    on_a_host("30s", |site| {
        let server = format!("{LIMITS}retry_after = \"30s\"");
        let uris = [site.first.uri(), third.uri(), site.second.uri()];
        let rig = Rig::new(&uris, &server);
        site.first.set(Fault::Refuse);
        third.set(Fault::Refuse);
        assert_eq!(rig.login(ALICE).code, PAM_SUCCESS);
        assert_eq!(listing().len(), 2, "{:?}", listing());
        for uri in &uris[..2] {
            assert!(fs::exists(marker(uri)).unwrap(), "{uri}");
        }
        // The third is taken off the list; the first stays on it.
        fs::remove_file(marker(&third.uri())).unwrap();
        third.set(Fault::None);
        let tries = site.tries(|| assert_eq!(rig.login(ALICE).code, PAM_SUCCESS));
        assert_eq!((tries, third.connections()), (0, 1));
    });
}

fn ca_file() -> PathBuf {
    servers()[0].ca_file()
}

/// The certificate of an authority, and what signs with it.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&key).expect("a certificate").pem();
    (pem, Issuer::new(authority, key))
}

/// A server whose certificate was good in 2019; its authority is in `ca.pem`.
fn expired_server(files: &TempDir) -> Slapd {
    let (pem, issuer) = authority();
    let key = KeyPair::generate().expect("a key");
    let mut server = CertificateParams::new(["127.0.0.1".to_owned()]).expect("parameters");
    server.not_before = rcgen::date_time_ymd(2019, 1, 1);
    server.not_after = rcgen::date_time_ymd(2019, 12, 31);
    let certificate = server
        .signed_by(&key, &issuer)
        .expect("a certificate")
        .pem();
    let at = |name: &str| files.path().join(name);
    fs::write(at("ca.pem"), pem).expect("write");
    fs::write(at("server.pem"), certificate).expect("write");
    fs::write(at("server.key"), key.serialize_pem()).expect("write");
    let global = format!(
        "TLSCACertificateFile {0}/ca.pem\nTLSCertificateFile {0}/server.pem\n\
         TLSCertificateKeyFile {0}/server.key",
        files.path().display()
    );
    Slapd::start(&SlapdOptions {
        global,
        ..SlapdOptions::default()
    })
}
