//! `rsldapctl check`: the password of the service account. It is in no answer, whatever is wrong.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::directory::{SERVICE_DN, SERVICE_PASSWORD};
use crate::fixture::{Answer, ask, harmless, line_with, server};

fn offline(config: &Path) -> Answer {
    ask(config, &["check", "--offline"], "")
}

#[test]
fn a_secret_that_is_missing_too_open_or_not_roots_is_an_error_at_its_key() {
    let server = server();
    let open = server.file("open-password", 0o644, "service-secret");
    let foreign = server.file("foreign-password", 0o600, "service-secret");
    chown(&foreign, Some(4711), None).unwrap();
    let missing = PathBuf::from("/no/such/secret");
    for (path, fix) in [
        (open, "chmod 0600"),
        (foreign, "chown root"),
        (missing, "write the password"),
    ] {
        let bind = format!("dn = \"cn=x\"\npassword_file = \"{}\"", path.display());
        let config = server.config(&[("bind", &bind)]);
        let answer = offline(&config);
        assert_eq!(answer.code, 2, "{}", answer.text);
        let said = answer.finding("secret_file");
        assert!(said["fix"].as_str().unwrap().starts_with(fix), "{said}");
        let line = line_with(&config, "password_file");
        assert_eq!(answer.line_of("secret_file"), line);
    }
    // One in the configuration itself is for its owner alone, too.
    let bind = format!("dn = \"{SERVICE_DN}\"\npassword = \"{SERVICE_PASSWORD}\"");
    let config = server.config(&[("bind", &bind)]);
    assert_eq!(ask(&config, &["check"], "").code, 0);
    fs::set_permissions(&config, Permissions::from_mode(0o640)).unwrap();
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 2, "{}", answer.text);
    assert!(answer.line("[configuration]").contains("bind.password"));
}

#[test]
fn what_is_hardly_meant_in_a_file_with_a_password_is_a_warning() {
    let server = server();
    for (text, level) in [
        ("service-secret", ""),
        ("service-secret\n", ""),
        ("service-secret\r\n", ""),
        ("service-secret\n\n", "warning"),
        ("service-secret\n# for lookups\n", "warning"),
        ("service-secret \n", "warning"),
        ("\u{feff}service-secret\n", "warning"),
        ("", "error"),
        ("\n", "error"),
        ("service-\0secret", "error"),
    ] {
        let file = server.file("password", 0o600, text);
        let bind = format!("dn = \"cn=x\"\npassword_file = \"{}\"", file.display());
        let config = server.config(&[("bind", &bind)]);
        let answer = offline(&config);
        assert_eq!(
            answer.code,
            if level == "error" { 2 } else { 0 },
            "{text:?}"
        );
        for each in ["error", "warning"] {
            let found = answer.findings(each);
            assert_eq!(found.contains(&"secret_file"), each == level, "{text:?}");
        }
        if !level.is_empty() {
            let line = line_with(&config, "password_file");
            assert_eq!(answer.line_of("secret_file"), line);
        }
    }
}

#[test]
fn a_user_who_may_not_read_a_file_is_told_that_root_may() {
    let server = server();
    let readable = tempfile::TempDir::new().unwrap();
    fs::set_permissions(readable.path(), Permissions::from_mode(0o755)).unwrap();
    let put = |name: &str, mode, text: &str| {
        let path = readable.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    };
    let secret = put("bind-password", 0o600, SERVICE_PASSWORD);
    let bind = format!(
        "dn = \"{SERVICE_DN}\"\npassword_file = \"{}\"",
        secret.display()
    );
    let config = put(
        "config.toml",
        0o644,
        &server.config_text(&[("bind", &bind)]),
    );
    let program = readable.path().join("rsldapctl");
    fs::copy(env!("CARGO_BIN_EXE_rsldapctl"), &program).unwrap();
    let check = || {
        let output = Command::new(&program)
            .arg("--config")
            .arg(&config)
            .args(["check", "--offline"])
            .uid(65534)
            .gid(65534)
            .output()
            .unwrap();
        (output.status.code(), harmless(&output, ""))
    };
    let (code, text) = check();
    assert_eq!(code, Some(2));
    assert!(
        text.contains("uid 65534 may not read this file [secret_file]"),
        "{text}"
    );
    assert!(text.contains("is for root to check"), "{text}");
    fs::set_permissions(&config, Permissions::from_mode(0o600)).unwrap();
    let (code, text) = check();
    assert_eq!(code, Some(2));
    assert!(
        text.contains("uid 65534 may not read this file [configuration]"),
        "{text}"
    );
    assert!(text.contains("is for root to check"), "{text}");
}

#[test]
fn a_password_in_the_configuration_is_in_no_message() {
    const CANARY: &str = "canary-Z7q-secret";
    let server = server();
    let inline = format!("dn = \"cn=svc,o=x\"\npassword = \"{CANARY}\"");
    let dn = "dn = \"cn=svc,o=x\"";
    let mut wrong = vec![inline.clone()];
    for line in [
        format!("password = \"{CANARY}\"\npassword_file = \"/x\""),
        format!("password = \"{CANARY}\"\npasword = \"{CANARY}\""),
        format!("password = \"{CANARY}\"\npassword = \"{CANARY}\""),
        format!("password = \"{CANARY}\" x"),
        format!("password = x{CANARY}"),
        format!("password = \"{CANARY}"),
        format!("password = '{CANARY}"),
        format!("password = \"\\{CANARY}\""),
        format!("password = \"\"{CANARY}"),
        format!("password = [\"{CANARY}\"]"),
        format!("password = {{ a = \"{CANARY}\" }}"),
        format!("password: {CANARY}"),
        format!("password {CANARY}"),
        CANARY.to_owned(),
        format!("password_file = \"{CANARY}\""),
        format!("as_user = \"{CANARY}\"\npassword_file = \"/x\""),
        format!("mechanism = \"external\"\npassword = \"{CANARY}\""),
    ] {
        wrong.push(format!("{dn}\n{line}"));
    }
    wrong.push(format!("dn = \"{CANARY}\"\npassword_file = \"/x\""));
    wrong.push(format!("dn = \"cn=svc,{CANARY}\"\npassword = \"x\""));
    let uris = format!("uris = [\"ldap://svc:{CANARY}@127.0.0.1\"]");
    let key = server.file("canary.key", 0o600, CANARY);
    let client = format!(
        "client_certificate = \"{}\"\nclient_key = \"{}\"",
        server.ca_file().display(),
        key.display()
    );
    let mut configs: Vec<PathBuf> = wrong
        .iter()
        .map(|bind| server.config(&[("bind", bind)]))
        .collect();
    configs.push(server.config(&[("server", &uris)]));
    configs.push(server.config(&[("tls", &client)]));
    for config in configs {
        for arguments in [&["check"][..], &["status"], &["explain", "alice"]] {
            let answer = ask(&config, arguments, "");
            assert!(!answer.text.contains(CANARY), "{}", answer.text);
            assert!(!answer.json.to_string().contains(CANARY), "{}", answer.json);
        }
    }
}
