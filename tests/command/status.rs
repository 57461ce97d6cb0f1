//! `rsldapctl status` against real servers, up and down, for root and for others.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use serde_json::Value;

use crate::common::slapd::free_port;
use crate::fixture::{ask, server};
use crate::private_host::PrivateHost;

/// Of a server that is up: how long it takes, how it is encrypted and for how long.
#[test]
fn each_server_has_a_line_and_one_that_is_up_is_enough() {
    let slapd = server();
    let dead = format!("ldaps://127.0.0.1:{}", free_port());
    let uris = format!("uris = [\"{dead}\", \"{}\"]", slapd.ldaps_uri());
    let tls = format!("ca_file = \"{}\"", slapd.ca_file().display());
    let config = slapd.config(&[("server", &uris), ("tls", &tls)]);
    let answer = ask(&config, &["status"], "");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.json["ok"], true);
    let [down, up] = [0, 1].map(|at| &answer.json["servers"][at]);
    assert_eq!(
        (&down["up"], &down["cause"]),
        (&false.into(), &"refused".into())
    );
    assert_eq!(
        (&down["connect_ms"], &down["connection"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!((&up["up"], &up["problem"]), (&true.into(), &Value::Null));
    assert!(
        up["connect_ms"].as_f64().is_some_and(|ms| ms > 0.0),
        "{up:#}"
    );
    assert!(
        up["answer_ms"].as_f64().is_some_and(|ms| ms > 0.0),
        "{up:#}"
    );
    let tls = &up["connection"]["tls"];
    assert!(
        tls["version"]
            .as_str()
            .is_some_and(|version| version.starts_with("TLS"))
    );
    let left = tls["days_left"].as_i64().expect("days");
    assert!(left > 0, "{left}");
    let line = answer.line(&slapd.ldaps_uri());
    for part in ["\tup\t", " ms\t", "\tTLS", &format!("{left} day")] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(answer.line(&dead).contains("refused"));
    assert_eq!(answer.line(&format!("{dead}: ")).matches(&dead).count(), 1);
    answer.line("/run/pam_rsldap (group cache and down markers): ");
    answer.line("/var/lib/pam_rsldap (last refusals and offline logins): ");
}

#[test]
fn with_no_server_up_it_ends_with_3() {
    let slapd = server();
    let [one, two] = [free_port(), free_port()];
    let uris = format!("uris = [\"ldap://127.0.0.1:{one}\", \"ldap://127.0.0.1:{two}\"]");
    let config = slapd.config(&[("server", &uris)]);
    let answer = ask(&config, &["status"], "");
    assert_eq!(answer.code, 3, "{}", answer.text);
    assert_eq!(answer.json["ok"], false);
    for port in [one, two] {
        assert!(
            answer
                .line(&format!("ldap://127.0.0.1:{port}"))
                .contains("refused")
        );
    }
}

/// A wrong password of the service account is a mistake here, and no server that is down.
#[test]
fn a_server_that_refuses_the_bind_is_up() {
    let slapd = server();
    let config = slapd.config(&[(
        "bind",
        "dn = \"cn=svc,dc=example,dc=com\"\npassword = \"wrong\"",
    )]);
    let answer = ask(&config, &["status"], "");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.json["servers"][0]["up"], true);
    assert!(
        answer.json["servers"][0]["problem"].is_string(),
        "{:#}",
        answer.json
    );
}

#[test]
fn who_is_not_root_is_told_what_there_is_to_see() {
    let slapd = server();
    let text = slapd.config_text(&[]);
    PrivateHost::run(&crate::common::module(), |host| {
        let config = host.write("/etc/pam_rsldap/config.toml", 0o644, &text);
        for place in ["/run/pam_rsldap", "/var/lib/pam_rsldap"] {
            fs::create_dir_all(place).unwrap();
            fs::set_permissions(place, Permissions::from_mode(0o700)).unwrap();
        }
        let program = "/run/rsldapctl";
        fs::copy(env!("CARGO_BIN_EXE_rsldapctl"), program).unwrap();
        fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
        let said = |uid: u32| {
            let mut command = Command::new(program);
            command.arg("--config").arg(&config).arg("status");
            let output = command.uid(uid).gid(uid).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(0), "{text}");
            text
        };
        let text = said(61234);
        assert_eq!(text.matches("only root may look").count(), 2, "{text}");
        assert!(text.contains("only root can read down markers"), "{text}");
        let text = said(0);
        assert_eq!(text.matches("): nothing").count(), 2, "{text}");
        assert!(!text.contains("only root"), "{text}");
        assert_eq!(fs::read_dir("/run/pam_rsldap").unwrap().count(), 0);

        fs::set_permissions(&config, Permissions::from_mode(0o600)).unwrap();
        let mut command = Command::new(program);
        command.arg("--config").arg(&config).arg("status");
        let output = command.uid(61234).gid(61234).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("uid 61234 may not read"), "{text}");
    });
}
