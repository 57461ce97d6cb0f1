//! `rsldapctl check`: what the files alone tell.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};

use crate::fixture::{Answer, ask, line_with, server};

fn offline(config: &Path) -> Answer {
    ask(config, &["check", "--offline"], "")
}

/// A certificate for nobody in particular, valid until the first day of this year, and its key.
fn certificate(name: &str, until: i32) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let certificate = params.self_signed(&key).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn a_right_configuration_has_no_finding() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    let answer = offline(&config);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.json["ok"], true);
    assert_eq!(answer.json["online"], false);
    assert!(answer.findings("error").is_empty());
    answer.line("the configuration is right");
    assert!(watch.operations().searches.is_empty());
}

#[test]
fn a_mistake_has_its_line_and_no_server_is_asked() {
    let server = server();
    let config = server.config(&[("+group", "nestd = true")]);
    let watch = server.watch();
    for arguments in [&["check"][..], &["check", "--offline"]] {
        let answer = ask(&config, arguments, "");
        assert_eq!(answer.code, 2);
        assert_eq!(answer.findings("error"), ["configuration"]);
        let finding = answer.finding("configuration");
        assert_eq!(answer.line_of("configuration"), line_with(&config, "nestd"));
        assert!(finding["what"].as_str().unwrap().contains("group.nestd"));
        assert!(finding["fix"].as_str().unwrap().contains("nested"));
    }
    assert!(watch.operations().searches.is_empty());
    let missing = ask(Path::new("/no/such/file.toml"), &["check"], "");
    assert_eq!(missing.code, 2);
    assert!(
        missing.finding("configuration")["what"]
            .as_str()
            .unwrap()
            .contains("no such file")
    );
}

#[test]
fn a_configuration_that_others_may_change_is_an_error() {
    let server = server();
    let config = server.config(&[]);
    fs::set_permissions(&config, fs::Permissions::from_mode(0o666)).unwrap();
    let answer = offline(&config);
    assert_eq!(answer.code, 2);
    assert!(
        answer.finding("configuration")["fix"]
            .as_str()
            .unwrap()
            .contains("chmod 0644")
    );
}

#[test]
fn a_secret_that_is_missing_or_too_open_is_an_error_at_its_key() {
    let server = server();
    let open = server.file("open-password", 0o644, "service-secret");
    for path in [open, PathBuf::from("/no/such/secret")] {
        let bind = format!("dn = \"cn=x\"\npassword_file = \"{}\"", path.display());
        let config = server.config(&[("bind", &bind)]);
        let answer = offline(&config);
        assert_eq!(answer.code, 2, "{}", answer.text);
        answer.finding("secret_file");
        assert_eq!(
            answer.line_of("secret_file"),
            line_with(&config, "password_file")
        );
    }
}

#[test]
fn files_of_tls_that_are_wrong_or_out_of_date_show() {
    let server = server();
    let config = server.config(&[("tls", "ca_file = \"/no/such/ca.pem\"")]);
    let answer = offline(&config);
    assert_eq!(answer.code, 2);
    answer.finding("tls_file");
    assert_eq!(answer.line_of("tls_file"), line_with(&config, "ca_file"));

    let (old, key) = certificate("Old authority", 2002);
    let (new, _) = certificate("New authority", 2100);
    for (name, text, code, level) in [
        ("old.pem", old.clone(), 2, "error"),
        ("both.pem", format!("{old}{new}"), 0, "note"),
    ] {
        let path = server.file(name, 0o644, &text);
        let config = server.config(&[("tls", &format!("ca_file = \"{}\"", path.display()))]);
        let answer = offline(&config);
        assert_eq!(answer.code, code, "{}", answer.text);
        assert_eq!(answer.findings(level), ["ca_expired"]);
        assert_eq!(answer.line_of("ca_expired"), line_with(&config, "ca_file"));
        assert!(answer.line("[ca_expired]").contains("CN=Old authority"));
    }

    let certificate = server.file("client.pem", 0o644, &old);
    let key = server.file("client.key", 0o600, &key);
    let tls = format!(
        "ca_file = \"{}\"\nclient_certificate = \"{}\"\nclient_key = \"{}\"",
        server.ca_file().display(),
        certificate.display(),
        key.display()
    );
    let answer = offline(&server.config(&[("tls", &tls)]));
    assert_eq!(answer.code, 2);
    answer.finding("client_certificate_expired");
}

#[test]
fn a_directory_in_which_others_may_exchange_files_is_a_warning() {
    let server = server();
    let directory = tempfile::TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    fs::write(&config, server.config_text(&[])).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let answer = offline(&config);
    assert_eq!(answer.code, 0);
    assert_eq!(answer.findings("warning"), ["directory_writable"]);
    answer.finding("directory_writable");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    assert!(offline(&config).findings("warning").is_empty());
}

#[test]
fn what_weakens_every_login_is_a_warning_at_its_line() {
    let server = server();
    let lines = "uris = [\n \"ldaps://ldap1.example.com\",\n \"ldap://ldap2.example.com\"\n]\n\
                 allow_cleartext = true\nconnect_timeout = \"9s\"";
    let config = server.config(&[
        ("server", lines),
        ("tls", "verify = false"),
        ("fallback", "refused = \"ignore\""),
    ]);
    let answer = offline(&config);
    assert_eq!(answer.code, 0, "{}", answer.text);
    for (id, text) in [
        ("not_verified", "verify = false"),
        ("cleartext", "ldap2.example.com"),
        ("refusal_ignored", "refused"),
        ("no_time_for_second_server", "connect_timeout"),
    ] {
        assert!(answer.findings("warning").contains(&id), "{id}");
        assert_eq!(answer.line_of(id), line_with(&config, text), "{id}");
    }
    answer.line("usable, ");
}

#[test]
fn a_password_in_the_configuration_is_in_no_message() {
    const CANARY: &str = "canary-Z7q-secret";
    let server = server();
    let inline = format!("dn = \"cn=svc,o=x\"\npassword = \"{CANARY}\"");
    let both = format!("{inline}\npassword_file = \"/x\"");
    let broken = format!("dn = \"cn=svc,o=x\"\npassword = \"{CANARY}\" x");
    let wrong_type = format!("dn = \"cn=svc,o=x\"\npassword = [\"{CANARY}\"]");
    let unknown = format!("{inline}\npasword = \"{CANARY}\"");
    for bind in [inline, both, broken, wrong_type, unknown] {
        let config = server.config(&[("bind", &bind)]);
        for arguments in [&["check"][..], &["status"], &["explain", "alice"]] {
            let answer = ask(&config, arguments, "");
            assert!(!answer.text.contains(CANARY), "{}", answer.text);
            assert!(!answer.json.to_string().contains(CANARY), "{}", answer.json);
        }
    }
}
