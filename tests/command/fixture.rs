//! The command, and a directory with something wrong of every kind.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::common::directory::{BASE, GROUPS, Ldif, group_dn, password_of, user_dn};
use crate::common::slapd::{Lease, Pool, SlapdOptions};
use crate::rsldapctl::run;

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
         access to dn.base=\"ou=refused,{BASE}\" by * disclose\n\
         access to dn.base=\"ou=hidden,{BASE}\" by * none\n\
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
    let aged = [class, ("shadowLastChange", "1"), ("shadowMax", "30")];
    ldif.user("stale", &aged);
    ldif.user("lapsed", &[&aged[..], &[("shadowInactive", "1")]].concat());
    ldif.user("twin", &[]);
    let other = format!("cn=another,{GROUPS}");
    let attributes = [("objectClass", "account"), ("uid", "twin")];
    ldif.entry(&format!("uid=twin,{GROUPS}"), &attributes);
    ldif.entry(&other, &[("objectClass", "organizationalRole")]);
    let members = ["alice", "sue", "evil", "old", "stale", "lapsed", "twin"].map(user_dn);
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    ldif.group("active", &members);
    ldif.group("staff", &[&user_dn("alice"), &user_dn("sue")]);
    ldif.group("superuser", &[&user_dn("sue")]);
    ldif.group("unreadable", &[&user_dn("alice")]);
    ldif.group("hollow", &[""]);
    ldif.group("half", &["", &user_dn("alice")]);
    let unique = [
        ("objectClass", "groupOfUniqueNames"),
        ("uniqueMember", &user_dn("alice")),
    ];
    ldif.entry(&group_dn("unique"), &unique);
    ldif.entry(&group_dn("void"), &[("objectClass", "exampleGroup")]);
    let posix = [("objectClass", "posixGroup"), ("gidNumber", "5000")];
    ldif.entry(&group_dn("posix"), &posix);
    for name in ["nobody", "refused", "hidden"] {
        let unit = [("objectClass", "organizationalUnit")];
        ldif.entry(&format!("ou={name},{BASE}"), &unit);
    }
    ldif
}

/// What the command said, as text and as JSON, and how it ended.
pub struct Answer {
    pub code: i32,
    pub text: String,
    pub json: Value,
}

impl Answer {
    /// The findings of a level, by their ids. Each has all that it needs.
    pub fn findings(&self, level: &str) -> Vec<&str> {
        let all = self.json["findings"].as_array().expect("findings");
        for id in all.iter().filter_map(|finding| finding["id"].as_str()) {
            self.finding(id);
        }
        let found = all.iter().filter(|finding| finding["level"] == level);
        found.filter_map(|finding| finding["id"].as_str()).collect()
    }

    /// One finding. It is in the text, too, and has all that it needs.
    pub fn finding(&self, id: &str) -> &Value {
        let all = self.json["findings"].as_array().expect("findings");
        let found = all.iter().find(|finding| finding["id"] == id);
        let found = found.unwrap_or_else(|| panic!("{id} is not among {all:#?}"));
        self.line(&format!("[{id}]"));
        for key in ["what", "where", "why", "fix"] {
            let said = found[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(said, "{id} has no {key}: {found:#}");
        }
        found
    }

    /// The line number in a finding's `where`.
    pub fn line_of(&self, id: &str) -> usize {
        let place = self.finding(id)["where"].as_str().expect("a place");
        let number = place.split(':').nth(1).expect("FILE:LINE");
        number.parse().unwrap_or_else(|_| panic!("{place}"))
    }

    /// The one line of the text that has this in it.
    pub fn line(&self, part: &str) -> &str {
        self.text
            .lines()
            .find(|line| line.contains(part))
            .unwrap_or_else(|| panic!("no \"{part}\" in\n{}", self.text))
    }
}

/// What `check` says of a configuration with these changes, and the number of the line with a text.
pub fn check(changes: &[(&str, &str)], text: &str) -> (Answer, usize) {
    let server = server();
    let config = server.config(changes);
    let line = line_with(&config, text);
    (ask(&config, &["check"], ""), line)
}

/// The number of the line of a file that has this text.
pub fn line_with(config: &Path, text: &str) -> usize {
    let file = std::fs::read_to_string(config).expect("a configuration");
    let place = file.lines().position(|line| line.contains(text));
    place.unwrap_or_else(|| panic!("no {text} in\n{file}")) + 1
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

/// Standard output, in which nothing is secret and nothing drives a terminal.
pub fn harmless(output: &Output, stdin: &str) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let drives =
        |c: char| (c.is_control() && !"\n\t".contains(c)) || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(drives), "{text:?}");
    let mut secrets = vec![crate::common::directory::SERVICE_PASSWORD.to_owned()];
    secrets.extend(["alice", "sue", "old", "stale"].map(password_of));
    secrets.extend(stdin.lines().next().map(str::to_owned));
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(!text.contains(secret.as_str()), "{secret} in {text}");
    }
    text
}
