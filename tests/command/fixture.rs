//! The command, and a directory with something wrong of every kind.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::common::directory::{GROUPS, Ldif, group_dn, password_of, user_dn};
use crate::common::slapd::{Lease, Pool, SlapdOptions};

static SERVERS: Pool = Pool::new(options);

/// A running server for the calling test alone. It must be left as it was.
pub fn server() -> Lease {
    SERVERS.lease()
}

/// The options of [`server`].
pub fn options() -> SlapdOptions {
    let access = format!(
        "access to attrs=userPassword by self write by anonymous auth by * none\n\
         access to dn.base=\"{}\" by * disclose\n\
         access to * by * read\n",
        group_dn("unreadable"),
    );
    SlapdOptions {
        ldif: tree().text().to_owned(),
        access,
        ..SlapdOptions::default()
    }
}

fn tree() -> Ldif {
    let mut ldif = Ldif::tree();
    for name in ["alice", "bob", "carol", "sue", "Wrong"] {
        ldif.user(name, &[("givenName", name)]);
    }
    // Drives a terminal, if it gets there: clear the screen, C1, right-to-left.
    ldif.user("evil", &[("givenName", "\u{1b}[2J\u{9b}31m\u{202e}x")]);
    let class = ("objectClass", "shadowAccount");
    ldif.user("old", &[class, ("shadowExpire", "1")]);
    ldif.user("twin", &[]);
    let other = format!("cn=another,{GROUPS}");
    let attributes = [("objectClass", "account"), ("uid", "twin")];
    ldif.entry(&format!("uid=twin,{GROUPS}"), &attributes);
    ldif.entry(&other, &[("objectClass", "organizationalRole")]);
    let members = ["alice", "sue", "evil", "old", "twin"].map(user_dn);
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    ldif.group("active", &members);
    ldif.group("staff", &[&user_dn("alice"), &user_dn("sue")]);
    ldif.group("superuser", &[&user_dn("sue")]);
    ldif.group("unreadable", &[&user_dn("alice")]);
    ldif
}

/// What the command said, as text and as JSON, and how it ended.
pub struct Answer {
    pub code: i32,
    pub text: String,
    pub json: Value,
}

impl Answer {
    /// The one line of the text that has this in it.
    pub fn line(&self, part: &str) -> &str {
        self.text
            .lines()
            .find(|line| line.contains(part))
            .unwrap_or_else(|| panic!("no \"{part}\" in\n{}", self.text))
    }
}

/// Runs it twice, once with `--json`. Neither may hold a secret or drive a terminal.
pub fn ask(config: &Path, arguments: &[&str], stdin: &str) -> Answer {
    let plain = run(config, arguments, stdin);
    let mut with_json = vec!["--json"];
    with_json.extend(arguments);
    let json = run(config, &with_json, stdin);
    assert_eq!(plain.status.code(), json.status.code(), "{arguments:?}");
    let text = harmless(&plain, stdin);
    let json = harmless(&json, stdin);
    Answer {
        code: plain.status.code().expect("an exit status"),
        text,
        json: serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}:\n{json}")),
    }
}

fn run(config: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .arg("--config")
        .arg(config)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rsldapctl");
    // A command that does not read has closed its end.
    let _ = child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(stdin.as_bytes());
    child.wait_with_output().expect("rsldapctl")
}

/// The output, in which nothing is secret and nothing drives a terminal.
fn harmless(output: &Output, stdin: &str) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let drives = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(drives), "{text:?}");
    let mut secrets = vec![crate::common::directory::SERVICE_PASSWORD.to_owned()];
    secrets.extend(["alice", "sue", "old"].map(password_of));
    secrets.extend(stdin.lines().next().map(str::to_owned));
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(!text.contains(secret.as_str()), "{secret} in {text}");
    }
    text
}
