//! Our own certificate, and SASL EXTERNAL (RFC 4422 appendix A) with it and over ldapi: the service
//! account without a password. Only the service account may read this directory, so a login that is
//! granted was mapped to it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::common::directory::{SERVICE_DN, user_dn};
use crate::common::pam::{PAM_AUTH_ERR, PAM_SERVICE_ERR};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{Ended, Host, server_section};
use crate::openssl;
use crate::zoo::{Authority, Identity};

const LIMIT: Duration = Duration::from_secs(1);
const NAME: &str = "host.example.com";

/// A slapd that asks for certificates as `verify` says, and an authority that it trusts.
struct Scene {
    slapd: Slapd,
    host: Host,
    authority: Authority,
    own: Identity,
}

impl Scene {
    fn new(verify: &str) -> Scene {
        let access = format!(
            "access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact=\"{SERVICE_DN}\" read by * none\n"
        );
        let map = format!(
            "authz-regexp \"^cn=host[.]example[.]com$\" \"{SERVICE_DN}\"\n\
             authz-regexp \"^gidNumber=0[+]uidNumber=0,cn=peercred,cn=external,cn=auth$\" \
             \"{SERVICE_DN}\"\n"
        );
        let slapd = Slapd::start(&SlapdOptions {
            access,
            global: map,
            ..SlapdOptions::default()
        });
        let authority = Authority::new("Trusted authority");
        let server = authority.server(&["127.0.0.1"]);
        let ca = slapd.file("clients.pem", 0o644, &authority.pem);
        let certificate = slapd.file("zoo.pem", 0o644, &server.certificates);
        let key = slapd.file("zoo.key", 0o600, &server.key);
        slapd.restart_with_tls(&format!(
            "TLSCACertificateFile {}\nTLSCertificateFile {}\nTLSCertificateKeyFile {}\n\
             TLSVerifyClient {verify}",
            ca.display(),
            certificate.display(),
            key.display()
        ));
        Scene {
            own: authority.client(NAME),
            host: Host::enter(),
            slapd,
            authority,
        }
    }

    /// Writes a certificate and a key, and answers the lines that name them.
    fn identity(&self, identity: &Identity) -> String {
        let certificate = self.slapd.file("host.pem", 0o644, &identity.certificates);
        let key = self.slapd.file("host.key", 0o600, &identity.key);
        lines(&certificate, &key)
    }

    fn config(&self, uri: &str, more: &str, tls: &str, bind: &str) -> PathBuf {
        let ca = self.slapd.path().join("clients.pem");
        let tls = format!("ca_file = \"{}\"\n{tls}", ca.display());
        self.slapd.config(&[
            ("server", &server_section(uri, more)),
            ("tls", &tls),
            ("bind", bind),
        ])
    }

    /// EXTERNAL over ldaps with this `[tls]`.
    fn external(&self, tls: &str) -> PathBuf {
        let uri = self.slapd.ldaps_uri();
        self.config(&uri, "", tls, "mechanism = \"external\"")
    }

    fn login(&mut self, tls: &str) -> Ended {
        let config = self.external(tls);
        self.host.login(&config)
    }

    /// A mistake in the files: named, and nobody was asked anything.
    fn assert_config_error(&mut self, what: &str, tls: &str, words: &[&str]) {
        let config = self.external(tls);
        let watch = self.slapd.watch();
        for ended in [self.host.login(&config), self.host.account(&config)] {
            ended.assert_config_error(what, words);
        }
        let operations = watch.operations();
        assert!(operations.nothing(), "{what}: {operations:#?}");
    }
}

fn lines(certificate: &Path, key: &Path) -> String {
    format!(
        "client_certificate = \"{}\"\nclient_key = \"{}\"",
        certificate.display(),
        key.display()
    )
}

#[test]
fn the_certificates_name_is_the_service_account() {
    let mut scene = Scene::new("demand");
    let tls = scene.identity(&scene.own);
    let start_tls = "start_tls = true\n";
    for (uri, more) in [
        (scene.slapd.ldaps_uri(), ""),
        (scene.slapd.uri(), start_tls),
    ] {
        let config = scene.config(&uri, more, &tls, "mechanism = \"external\"");
        let watch = scene.slapd.watch();
        scene.host.login(&config).assert_granted(&uri);
        let wrong = scene.host.login_with(&config, "wrong");
        assert_eq!(wrong.code, PAM_AUTH_ERR, "{uri}: {wrong:#?}");
        scene.host.account(&config).assert_granted(&uri);
        let operations = watch.operations();
        let mapped = format!("BIND dn=\"{SERVICE_DN}\" mech=EXTERNAL");
        let times = operations
            .lines
            .iter()
            .filter(|line| line.contains(&mapped));
        assert!(times.count() >= 3, "{uri}: {operations:#?}");
        assert_eq!(operations.binds_as(&user_dn("alice")), 2, "{uri}");
    }
}

#[test]
fn a_server_may_demand_a_certificate_without_external() {
    let mut scene = Scene::new("demand");
    let tls = scene.identity(&scene.own);
    let password = scene.slapd.file("bind-password", 0o600, "service-secret");
    let bind = format!(
        "dn = \"{SERVICE_DN}\"\npassword_file = \"{}\"",
        password.display()
    );
    let uri = scene.slapd.ldaps_uri();
    let with = scene.config(&uri, "", &tls, &bind);
    scene.host.login(&with).assert_granted("a simple bind");
    // TLS 1.3: the server sees that there is none after the client has finished.
    let without = scene.config(&uri, "", "", &bind);
    let watch = scene.slapd.watch();
    scene.host.login(&without).assert_unavailable(
        "no certificate",
        &["tls_protocol", "closed"],
        LIMIT,
    );
    assert!(watch.operations().binds.is_empty());
}

#[test]
fn a_certificate_that_the_server_does_not_trust_is_unavailable() {
    let mut scene = Scene::new("demand");
    let other = Authority::new("Other authority").client(NAME);
    let config = scene.external(&scene.identity(&other));
    let watch = scene.slapd.watch();
    scene.host.login(&config).assert_unavailable(
        "another authority",
        &["tls_protocol", "closed"],
        LIMIT,
    );
    let operations = watch.operations();
    assert!(operations.binds.is_empty(), "{operations:#?}");
}

#[test]
fn a_name_that_is_not_mapped_and_a_server_that_asks_for_none_are_configuration_errors() {
    let mut scene = Scene::new("demand");
    let tls = scene.identity(&scene.authority.client("stranger.example.com"));
    let stranger = scene.login(&tls);
    // It is bound as what the certificate says, and may read nothing: no entry.
    assert_ne!(stranger.code, 0, "{stranger:#?}");
    assert!(
        !stranger.decision().contains("outcome=bad_password"),
        "{stranger:#?}"
    );

    let mut scene = Scene::new("never");
    let tls = scene.identity(&scene.own);
    let unasked = scene.login(&tls);
    assert_eq!(unasked.code, PAM_SERVICE_ERR, "{unasked:#?}");
    assert!(
        unasked.decision().contains("outcome=config_error"),
        "{unasked:#?}"
    );
    // Without a certificate of our own there is nothing to be by.
    let none = scene.login("");
    assert_eq!(none.code, PAM_SERVICE_ERR, "{none:#?}");
}

#[test]
fn a_key_may_be_in_each_of_the_usual_forms() {
    let mut scene = Scene::new("demand");
    let pkcs8 = scene.slapd.file("pkcs8.key", 0o600, &scene.own.key);
    let sec1 = scene.slapd.path().join("sec1.key");
    convert(&["pkey", "-traditional", "-in"], &pkcs8, &sec1);
    let text = fs::read_to_string(&sec1).expect("a key");
    assert!(text.contains("BEGIN EC PRIVATE KEY"), "{text}");
    let parameters = format!(
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{text}"
    );
    let certificate = scene.slapd.file("host.pem", 0o644, &scene.own.certificates);
    for (what, key) in [
        ("PKCS #8", scene.own.key.clone()),
        ("SEC 1", text),
        ("behind its parameters", parameters),
        (
            "behind the certificate",
            format!("{}{}", scene.own.certificates, scene.own.key),
        ),
    ] {
        let key = scene.slapd.file("form.key", 0o600, &key);
        scene.login(&lines(&certificate, &key)).assert_granted(what);
    }
    // One file for both, as many tools write it.
    let both = format!("{}{}", scene.own.key, scene.own.certificates);
    let both = scene.slapd.file("both.pem", 0o600, &both);
    scene.login(&lines(&both, &both)).assert_granted("one file");
}

#[test]
fn a_chain_above_the_own_certificate_is_sent() {
    let mut scene = Scene::new("demand");
    let intermediate = scene.authority.intermediate("Intermediate", |_| ());
    let chained = intermediate.client(NAME);
    let tls = scene.identity(&chained.clone().with(&intermediate.pem));
    scene.login(&tls).assert_granted("with its chain");
    let tls = scene.identity(&chained);
    scene
        .login(&tls)
        .assert_unavailable("without it", &["tls_protocol", "closed"], LIMIT);
}

/// `openssl ARGUMENTS IN -out OUT`, for root alone.
fn convert(arguments: &[&str], input: &Path, output: &Path) {
    let text = |path: &Path| path.to_str().expect("a UTF-8 path").to_owned();
    let (input, output_name) = (text(input), text(output));
    let arguments = [arguments, &[&input, "-out", &output_name]].concat();
    openssl::run(Path::new("/"), &arguments);
    fs::set_permissions(output, fs::Permissions::from_mode(0o600)).expect("chmod");
}

#[test]
fn a_key_that_cannot_be_used_is_a_configuration_error_that_names_it() {
    let mut scene = Scene::new("demand");
    let certificate = scene.slapd.file("host.pem", 0o644, &scene.own.certificates);
    let key = scene.slapd.file("host.key", 0o600, &scene.own.key);
    let other = scene.authority.client(NAME).key;
    let other = scene.slapd.file("other.key", 0o600, &other);
    let encrypted = scene.slapd.path().join("encrypted.key");
    convert(
        &[
            "pkcs8",
            "-topk8",
            "-v2",
            "aes-256-cbc",
            "-passout",
            "pass:invented",
            "-in",
        ],
        &key,
        &encrypted,
    );
    let old_style = scene.slapd.path().join("old-style.key");
    convert(
        &["ec", "-aes256", "-passout", "pass:invented", "-in"],
        &key,
        &old_style,
    );
    let open = scene.slapd.file("open.key", 0o644, &scene.own.key);
    let missing = scene.slapd.path().join("missing.key");
    let empty = scene.slapd.file("empty.key", 0o600, "");
    let fifo = scene.slapd.path().join("fifo.key");
    let made = Command::new("mkfifo")
        .arg("-m")
        .arg("600")
        .arg(&fifo)
        .status();
    assert!(made.expect("mkfifo").success());
    for (what, key, words) in [
        ("another key", &other, &["client_key"][..]),
        ("encrypted", &encrypted, &["client_key", "encrypted"]),
        (
            "encrypted, old style",
            &old_style,
            &["client_key", "encrypted"],
        ),
        ("readable by others", &open, &["chmod", "client_key"]),
        ("missing", &missing, &["client_key"]),
        ("empty", &empty, &["client_key"]),
        ("a FIFO", &fifo, &["client_key"]),
        ("a certificate", &certificate, &["client_key"]),
    ] {
        let path = key.to_str().expect("a UTF-8 path");
        let words: Vec<&str> = words.iter().copied().chain([path]).collect();
        scene.assert_config_error(what, &lines(&certificate, key), &words);
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_a_configuration_error_that_names_it() {
    let mut scene = Scene::new("demand");
    let key = scene.slapd.file("host.key", 0o600, &scene.own.key);
    let missing = scene.slapd.path().join("missing.pem");
    let empty = scene.slapd.file("empty.pem", 0o644, "");
    let garbage = scene.slapd.file("garbage.pem", 0o644, "garbage\n");
    for (what, certificate) in [
        ("missing", &missing),
        ("empty", &empty),
        ("garbage", &garbage),
        ("a key", &key),
    ] {
        let path = certificate.to_str().expect("a UTF-8 path");
        scene.assert_config_error(
            what,
            &lines(certificate, &key),
            &["client_certificate", path],
        );
    }
    // One without the other.
    let tls = format!("client_key = \"{}\"", key.display());
    scene.assert_config_error("a key alone", &tls, &["client_key"]);
}

#[test]
fn over_ldapi_the_process_is_the_service_account() {
    let mut scene = Scene::new("never");
    let uri = scene.slapd.ldapi_uri();
    let config = scene.config(&uri, "", "", "mechanism = \"external\"");
    let watch = scene.slapd.watch();
    scene.host.login(&config).assert_granted("ldapi");
    let wrong = scene.host.login_with(&config, "wrong");
    assert_eq!(wrong.code, PAM_AUTH_ERR, "{wrong:#?}");
    scene.host.account(&config).assert_granted("ldapi, account");
    let operations = watch.operations();
    let mapped = format!("BIND dn=\"{SERVICE_DN}\" mech=EXTERNAL");
    let times = operations
        .lines
        .iter()
        .filter(|line| line.contains(&mapped));
    assert!(times.count() >= 3, "{operations:#?}");
}

#[test]
fn external_in_clear_is_a_configuration_error() {
    let mut scene = Scene::new("never");
    let uri = scene.slapd.uri();
    let config = scene.config(&uri, "", "", "mechanism = \"external\"");
    let ended = scene.host.login(&config);
    assert_eq!(ended.code, PAM_SERVICE_ERR, "{ended:#?}");
}
