//! Mistakes and what is said about them.

use super::{completed, message};

const WRONG: &str = include_str!("../../../tests/fixtures/wrong-configurations.txt");

/// Each block of the fixture: the wrong text and the message.
fn blocks() -> impl Iterator<Item = (String, &'static str)> {
    WRONG.split("\n\n").map(|block| {
        let (text, expected) = block.split_once("\n=> ").unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("## "));
        (
            lines.map(|line| format!("{line}\n")).collect(),
            expected.trim_end(),
        )
    })
}

#[test]
fn every_mistake_is_shown_with_its_place_its_key_and_the_way_out() {
    assert!(blocks().count() >= 100);
    for (text, expected) in blocks() {
        assert_eq!(message(&completed(&text)), expected, "\n{text}");
    }
}

#[test]
fn no_message_shows_the_password() {
    let mut with_password = 0;
    for (text, _) in blocks().filter(|(text, _)| text.contains("hunter2")) {
        with_password += 1;
        assert!(!message(&completed(&text)).contains("hunter2"), "{text}");
    }
    assert!(with_password >= 8);
    for (text, _) in blocks().filter(|(text, _)| !text.contains("[bind")) {
        let text = completed(&text) + "[bind]\ndn = \"cn=svc\"\npassword = \"hunter2\"\n";
        assert!(!message(&text).contains("hunter2"), "{text}");
    }
}

#[test]
fn what_is_missing_altogether_has_no_place() {
    assert_eq!(
        message(""),
        " server.uris: missing; write uris = [\"ldaps://HOST\"] below [server]"
    );
    assert_eq!(
        message("[server]\nuris = [\"ldapi:///\"]\n[user]\ndn_template = \"uid={user}\""),
        " flags.is_active: missing; it says who may log in at all, such as is_active = \"cn=active,ou=groups,dc=example,dc=com\""
    );
}

#[test]
fn a_place_counts_characters_and_not_bytes() {
    let text = "\u{feff}# ü\r\n[log]\r\nlevel = \"ü\"; # \r\n";
    assert_eq!(&message(text)[..5], "3:12:");
    let text = "[log]\r\nfile = \"/ü\"\r\nlevle = \"info\"\r\n";
    assert_eq!(
        message(&completed(text)),
        "3:1: log.levle: unknown key; did you mean \"level\"?"
    );
    let text = completed("[access]\nrequire = \"cn=üü,dc\"\n");
    assert_eq!(
        message(&text),
        "2:18: access.require: not a DN (RFC 4514): an attribute type and \"=\" are missing"
    );
}

#[test]
fn the_parts_of_a_mistake_can_be_had_one_by_one() {
    let error = super::parsed("[server]\nuri = 1").unwrap_err();
    assert_eq!(error.path().to_str(), Some("c.toml"));
    assert_eq!(error.position(), Some((2, 1)));
    assert_eq!(error.key(), "server.uri");
    assert_eq!(error.problem(), "unknown key; did you mean \"uris\"?");
}
