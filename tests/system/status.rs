//! `rsldapctl status` on a host where logins have left down markers.

use std::process::Command;

use serde_json::Value;

use crate::common::slapd::free_port;
use crate::machine::Machine;

fn rsldapctl(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .args(arguments)
        .output()
        .expect("rsldapctl");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    (output.status.code(), text)
}

fn status() -> (Option<i32>, Value) {
    let (code, text) = rsldapctl(&["--json", "status"]);
    (code, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn servers_markers_and_stores_show_and_nothing_is_changed() {
    Machine::run(|machine| {
        let dead = format!("ldap://127.0.0.1:{}", free_port());
        let live = machine.slapd.uri();
        let server = format!("uris = [\"{dead}\", \"{live}\"]\nretry_after = \"60s\"");
        machine.configure(&[("server", &server)]);

        let (code, before) = status();
        assert_eq!(code, Some(0), "{before:#}");
        assert_eq!(before["servers"][0]["up"], false);
        assert_eq!(before["servers"][0]["cause"], "refused");
        assert_eq!(before["servers"][0]["marker"], Value::Null);
        assert_eq!(before["servers"][1]["up"], true);
        // A look leaves no marker behind.
        assert_eq!(before["stores"][0]["files"], Value::Null);

        let (code, _) = rsldapctl(&["explain", "alice"]);
        assert_eq!(code, Some(0));
        let (code, after) = status();
        assert_eq!(code, Some(0), "{after:#}");
        let marker = &after["servers"][0]["marker"];
        assert_eq!(marker["cause"], "refused", "{after:#}");
        assert_eq!(marker["counts"], true);
        assert!(marker["age_s"].as_u64().is_some_and(|age| age < 60));
        assert_eq!(after["servers"][1]["marker"], Value::Null);
        let store = &after["stores"][0];
        assert_eq!(store["path"], "/run/pam_rsldap");
        assert_eq!(
            (&store["files"], &store["bytes"]),
            (&1.into(), &1024.into())
        );

        let (_, text) = rsldapctl(&["status"]);
        assert!(text.contains("marked down"), "{text}");
        machine.slapd.stop();
        assert_eq!(status().0, Some(3));
    });
}
