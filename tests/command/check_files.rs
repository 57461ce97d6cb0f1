//! `rsldapctl check`: what the files alone tell.

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};

use crate::common::directory::group_dn;
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
fn syntax_types_and_circles_are_told_with_their_line() {
    let server = server();
    let active = group_dn("active");
    for (section, text, what) in [
        ("+group", "nested = yes", "string values must be quoted"),
        (
            "+group",
            "nested = \"yes\"",
            "group.nested: expected true or false",
        ),
        ("+server", "deadline = \"soon\"", "server.deadline: "),
        (
            "+user",
            "min_uid = \"1000\"",
            "user.min_uid: expected an integer",
        ),
        ("+flags", "zoo = \"\"", "flags.zoo: "),
        ("+flags", "zoo = []", "flags.zoo: "),
        ("+flags", "zoo = \"zebra\"", "flags.zoo: no flag \"zebra\""),
        (
            "+flags",
            "zoo = { not = \"zoo\" }",
            "circle of flags: zoo -> zoo",
        ),
        (
            "+flags",
            "zoo = { any = [\"ape\"] }\nape = [\"zoo\"]",
            "circle of flags: ",
        ),
        (
            "+flags",
            &format!("zoo = {{ any = [\"{active}\"], not = \"{active}\" }}"),
            "flags.zoo",
        ),
    ] {
        let config = server.config(&[(section, text)]);
        let answer = offline(&config);
        assert_eq!(answer.code, 2, "{text}");
        let said = answer.finding("configuration")["what"].clone();
        assert!(said.as_str().unwrap().contains(what), "{text}: {said}");
        let line = line_with(&config, text.lines().next().unwrap());
        let given = answer.line_of("configuration");
        assert!(
            given == line || given == line + text.lines().count() - 1,
            "{text}: {given}"
        );
    }
}

#[test]
fn a_configuration_that_others_may_change_is_an_error_and_the_fix_mends_it() {
    let server = server();
    let config = server.config(&[]);
    fs::set_permissions(&config, Permissions::from_mode(0o666)).unwrap();
    assert_mended(&config, "configuration", 2);
    chown(&config, Some(4711), None).unwrap();
    assert_mended(&config, "configuration", 2);
}

/// The fix of the one finding is a command that leaves nothing to find.
fn assert_mended(config: &Path, id: &str, code: i32) {
    let answer = offline(config);
    assert_eq!(answer.code, code, "{}", answer.text);
    let fix = answer.finding(id)["fix"].as_str().unwrap().to_owned();
    let ended = Command::new("sh").args(["-c", &fix]).status().unwrap();
    assert!(ended.success(), "{fix}");
    let answer = offline(config);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.json["findings"], serde_json::json!([]), "{fix}");
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
    for (name, text, level) in [
        ("old.pem", &old, "warning"),
        ("both.pem", &format!("{old}{new}"), "note"),
    ] {
        let path = server.file(name, 0o644, text);
        let config = server.config(&[("tls", &format!("ca_file = \"{}\"", path.display()))]);
        let answer = offline(&config);
        assert_eq!(answer.code, 0, "{}", answer.text);
        assert_eq!(answer.findings(level), ["ca_expired"]);
        assert_eq!(answer.line_of("ca_expired"), line_with(&config, "ca_file"));
        assert!(answer.line("[ca_expired]").contains("CN=Old authority"));
    }
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path();
    fs::write(authorities.join("old.pem"), &old).unwrap();
    let config = server.config(&[("tls", &format!("ca_dir = \"{}\"", authorities.display()))]);
    let answer = offline(&config);
    assert_eq!(answer.findings("warning"), ["ca_expired"]);
    assert_eq!(answer.line_of("ca_expired"), line_with(&config, "ca_dir"));
    fs::write(authorities.join("new.pem"), &new).unwrap();
    assert_eq!(offline(&config).findings("note"), ["ca_expired"]);

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
    let above = tempfile::TempDir::new().unwrap();
    let directory = above.path().join("pam_rsldap");
    fs::create_dir(&directory).unwrap();
    let config = directory.join("config.toml");
    fs::write(&config, server.config_text(&[])).unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let assert_finding = |path: &Path, text: &str| {
        let answer = offline(&config);
        assert_eq!(answer.code, 0);
        assert_eq!(answer.findings("warning"), ["directory_writable"]);
        let finding = answer.finding("directory_writable");
        assert_eq!(finding["where"], path.to_str().unwrap());
        assert!(finding["what"].as_str().unwrap().contains(text));
    };
    mode(&directory, 0o777);
    assert_finding(&directory, "mode 0777");
    mode(&directory, 0o1777);
    assert!(offline(&config).findings("warning").is_empty());
    // Whoever may rename a directory may put another in its place.
    mode(above.path(), 0o777);
    assert_finding(above.path(), "mode 0777");
    mode(above.path(), 0o755);
    chown(&directory, Some(4711), None).unwrap();
    assert_finding(&directory, "uid 4711");
    assert_mended(&config, "directory_writable", 0);
}

#[test]
fn a_file_with_trusted_certificates_that_others_may_write_is_a_warning() {
    let server = server();
    let pem = fs::read_to_string(server.ca_file()).unwrap();
    let file = server.file("open.pem", 0o666, &pem);
    let config = server.config(&[("tls", &format!("ca_file = \"{}\"", file.display()))]);
    let answer = offline(&config);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("warning"), ["file_writable"]);
    assert_mended(&config, "file_writable", 0);

    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path();
    symlink(&file, authorities.join("linked.pem")).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    let config = server.config(&[("tls", &format!("ca_dir = \"{}\"", authorities.display()))]);
    let answer = offline(&config);
    assert_eq!(answer.findings("warning"), ["file_writable"]);
    assert_mended(&config, "file_writable", 0);
}

#[test]
fn a_gate_for_a_service_that_is_not_here_is_told() {
    let server = server();
    for (name, level, fix) in [
        ("suod", "warning", "[services.sudo]"),
        ("app-of-another-host", "note", "nothing to do"),
    ] {
        let table = format!("services.{name}");
        let config = server.config(&[(&table, "require = \"is_active\"")]);
        let answer = offline(&config);
        assert_eq!(answer.code, 0, "{}", answer.text);
        assert_eq!(answer.findings(level), ["service_unknown"]);
        assert_eq!(
            answer.line_of("service_unknown"),
            line_with(&config, &table)
        );
        let finding = answer.finding("service_unknown");
        assert!(finding["fix"].as_str().unwrap().contains(fix), "{finding}");
    }
    let config = server.config(&[("services.sudo", "require = \"is_active\"")]);
    assert!(!offline(&config).text.contains("service_unknown"));
}

#[test]
fn what_is_no_file_to_read_is_an_error_and_never_waited_for() {
    let server = server();
    let good = server.config(&[]);
    let at = |name: &str| server.path().join(name);
    let fifo = CString::new(at("fifo").to_str().unwrap()).unwrap();
    // SAFETY: mkfifo(3) with a path that ends in NUL.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
    symlink(&good, at("link")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    server.file("large", 0o644, &"# much\n".repeat(1_500_000));
    let mut found = vec![(PathBuf::from("/dev/zero"), "a device")];
    for (name, text) in [
        ("fifo", "a FIFO"),
        ("link", "a symbolic link"),
        ("folder", "a directory"),
        ("large", "larger than 65536 bytes"),
    ] {
        found.push((at(name), text));
    }
    for (path, text) in &found {
        let answer = offline(path);
        assert_eq!(answer.code, 2);
        let what = answer.finding("configuration")["what"].clone();
        assert!(what.as_str().unwrap().contains(text), "{what}");
    }
    let bind = |path: &Path| format!("dn = \"cn=x\"\npassword_file = \"{}\"", path.display());
    for (path, _) in &found {
        let answer = offline(&server.config(&[("bind", &bind(path))]));
        assert_eq!(answer.code, 2);
        answer.finding("secret_file");
    }
    fs::remove_file(at("fifo")).unwrap();
}

#[test]
fn what_weakens_every_login_is_a_warning_at_its_line() {
    let server = server();
    let lines = "uris = [\n \"ldaps://ldap1.example.com\",\n \"ldap://ldap2.example.com\"\n]\n\
                 allow_cleartext = true\nconnect_timeout = \"9s\"\noperation_timeout = \"9s\"";
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
    let late = |id: &&str| *id == "no_time_for_second_server";
    let late = answer.findings("warning").into_iter().filter(late).count();
    assert_eq!(late, 2, "{}", answer.text);
    answer.line("usable, ");
}
