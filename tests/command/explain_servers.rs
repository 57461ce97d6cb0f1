//! `rsldapctl explain`: which server, why not the others, how long each took; and what servers say, which
//! may be anything.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use crate::common::directory::{GROUPS, USERS, hex_escaped, password_of};
use crate::common::slapd::free_port;
use crate::fixture::{Answer, ask, server};

/// Whose certificate is signed by nobody in particular: no `ca_file`.
#[test]
fn each_server_that_could_not_be_used_has_its_reason_and_its_time() {
    let server = server();
    let dead = format!("ldap://127.0.0.1:{}", free_port());
    // Accepts, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mute = format!("ldaps://{}", silent.local_addr().expect("an address"));
    let (untrusted, plain) = (server.ldaps_uri(), server.uri());
    let uris = format!(
        "uris = [\"{dead}\", \"{mute}\", \"{untrusted}\", \"{plain}\"]\nconnect_timeout = \"400ms\""
    );
    let said = ask(
        &server.config(&[("server", &uris)]),
        &["explain", "alice"],
        "",
    );
    assert_eq!(said.json["outcome"], "granted");
    let passed = said.json["passed_over"].as_array().expect("servers");
    for (at, (name, why)) in [
        (&dead, "Connection refused"),
        (&mute, "TLS"),
        (&untrusted, "certificate"),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(passed[at]["server"], **name);
        let reason = passed[at]["reason"].as_str().expect("a reason");
        assert!(reason.contains(why), "{reason}");
        let line = said.line(&format!("passed over {name}"));
        assert!(line.ends_with(" ms]"), "{line}");
    }
    assert!(
        passed[1]["ms"]
            .as_f64()
            .is_some_and(|ms| (350.0..3000.0).contains(&ms))
    );
    let connection = &said.json["connections"][0];
    assert_eq!(connection["server"], plain);
    assert!(
        connection["connect_ms"]
            .as_f64()
            .is_some_and(|ms| ms < 350.0)
    );
    assert!(said.line("server: ldap://").ends_with(" ms]"));
}

#[test]
fn every_step_has_its_time() {
    let server = server();
    let config = server.config(&[
        (
            "server",
            &format!("uris = [\"{}\"]\nstart_tls = true", server.uri()),
        ),
        (
            "tls",
            &format!("ca_file = \"{}\"", server.ca_file().display()),
        ),
    ]);
    let said = ask(
        &config,
        &["explain", "alice", "--password-stdin"],
        &password_of("alice"),
    );
    let json = &said.json;
    assert_eq!(json["connections"][0]["protection"], "starttls");
    let times = [
        &json["ms"],
        &json["bind"]["ms"],
        &json["search"]["ms"],
        &json["search"]["searches"][0]["ms"],
        &json["group_questions"][0]["ms"],
        &json["service_binds"][0]["ms"],
        &json["service_binds"][1]["ms"],
        &json["connections"][0]["connect_ms"],
    ];
    for time in times {
        assert!(time.as_f64().is_some_and(|ms| ms > 0.0), "{json:#}");
    }
    for step in [
        "server:",
        "bind for lookups as",
        "bind for lookups, again",
        "search for",
        "the user's bind",
    ] {
        assert!(said.line(step).ends_with(" ms]"), "{step}");
    }
    // In the order in which they were: the second bind for lookups is behind the user's.
    let place = |step: &str| said.text.find(step).expect("the step");
    let steps = [
        "server:",
        "bind for lookups as",
        "search for",
        "user's bind",
        "again",
        "gates",
        "outcome:",
        "the stack",
    ];
    assert!(
        steps.windows(2).all(|two| place(two[0]) < place(two[1])),
        "{}",
        said.text
    );
}

#[test]
fn with_a_template_the_bind_comes_first() {
    let server = server();
    let user = format!("dn_template = \"uid={{user}},{USERS}\"");
    let config = server.config(&[("user", &user)]);
    let said = ask(
        &config,
        &["explain", "alice", "--password-stdin"],
        &password_of("alice"),
    );
    let place = |step: &str| said.text.find(step).expect("the step");
    assert!(place("the user's bind") < place("search for the entry"));
    assert_eq!(said.json["search"]["searches"][0]["scope"], "base");
}

#[test]
fn a_name_that_is_spelt_otherwise_is_shown_as_the_directory_spells_it() {
    let server = server();
    let config = server.config(&[]);
    let said = ask(&config, &["explain", "wrong"], "");
    assert_eq!(said.json["search"]["names"], json!(["Wrong"]));
    assert!(
        said.text
            .lines()
            .next()
            .is_some_and(|line| line.ends_with("(uid is Wrong)"))
    );
    said.line("uid is Wrong: not the login name, byte for byte");
    // Not there, or not to be read.
    let config = server.config(&[("+user", "name_attribute = \"employeeNumber\"")]);
    let said = ask(&config, &["explain", "alice"], "");
    assert_eq!(said.json["outcome"], "unknown_user");
    said.line("the entry has no employeeNumber, or none that may be read");
}

#[test]
fn names_that_nobody_can_have_are_answered_without_a_server() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    for (name, why) in [
        ("", "empty"),
        ("a\u{1b}[2Jb", "control character"),
        ("a\nb", "control character"),
        ("a\u{9b}31m", "control character"),
        (" alice", "white space"),
        (&"u".repeat(300), "longer than 256 bytes"),
        ("al:ice", "colon"),
    ] {
        let said = ask(&config, &["explain", name], "");
        assert_eq!(
            (said.code, &said.json["outcome"]),
            (1, &"unknown_user".into()),
            "{name:?}"
        );
        let reason = said.json["reason"].as_str().expect("a reason");
        assert!(reason.contains(why), "{name:?}: {reason}");
        assert_eq!(said.json["user"], *name);
        said.line("server: none was asked");
    }
    let said = ask(&config, &["explain", "--", "-alice"], "");
    assert_eq!(said.json["outcome"], "unknown_user");
    assert!(watch.operations().searches.is_empty());
    // Right-to-left is no control character, and may be part of a name.
    let said = ask(&config, &["explain", "a\u{202e}b"], "");
    assert_eq!(
        said.json["search"]["searches"][0]["filter"],
        "(uid=a\u{202e}b)"
    );
}

/// Says no to the first bind, in these words.
fn refusing(words: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let uri = format!("ldap://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        // The text and the JSON are a login each.
        for stream in listener.incoming().take(2) {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 1024];
            let length = stream.read(&mut request).expect("a bind");
            // BindResponse (RFC 4511 §4.2.2) with the message id of the request.
            assert_eq!(request[..length][2..4], [2, 1]);
            let size = |more: usize| u8::try_from(words.len() + more).expect("short");
            let head = [
                0x30,
                size(12),
                2,
                1,
                request[4],
                0x61,
                size(7),
                10,
                1,
                49,
                4,
                0,
                4,
                size(0),
            ];
            stream.write_all(&head).expect("an answer");
            stream.write_all(words).expect("an answer");
            let _ = stream.read(&mut request);
        }
    });
    uri
}

fn refused_by(words: &'static [u8]) -> Answer {
    let server = server();
    let uris = format!("uris = [\"{}\"]", refusing(words));
    let user = format!("dn_template = \"uid={{user}},{USERS}\"");
    let config = server.config(&[("server", &uris), ("user", &user)]);
    // The fixture looks for what drives a terminal.
    ask(
        &config,
        &["explain", "alice", "--password-stdin"],
        "surely-not-it",
    )
}

#[test]
fn what_a_server_says_drives_no_terminal_and_begins_no_line() {
    let said = refused_by(b"no\x1b[2J\x1b]0;title\x07\noutcome: granted\r\xc2\x9b31m\xe2\x80\xae");
    assert_eq!(said.json["outcome"], "bad_password");
    assert_eq!(
        said.json["bind"]["diagnostic"],
        "no\u{1b}[2J\u{1b}]0;title\u{7}\noutcome: granted\r\u{9b}31m\u{202e}"
    );
    said.line("the server says \"no?[2J?]0;title??outcome: granted??31m?");
    let outcomes = said
        .text
        .lines()
        .filter(|line| line.trim_start().starts_with("outcome:"));
    assert_eq!(outcomes.count(), 1, "{}", said.text);
}

#[test]
fn a_server_that_repeats_the_password_does_not_show_it() {
    let said = refused_by(b"no entry has surely-not-it for its password");
    assert_eq!(said.json["outcome"], "bad_password");
    let told = "no entry has [password] for its password";
    assert_eq!(said.json["bind"]["diagnostic"], told);
}

#[test]
fn groups_with_a_hostile_name_drive_no_terminal() {
    let server = server();
    let group = format!("cn={},{GROUPS}", hex_escaped("\u{1b}[2J\u{202e}\u{9b}x"));
    let group = group.replace('\\', "\\\\");
    let config = server.config(&[("access", &format!("require = \"{group}\""))]);
    let said = ask(&config, &["explain", "alice"], "");
    assert_eq!(said.json["outcome"], "refused");
    assert!(said.json["gates"][1]["tree"]["name"].is_string());
    assert_eq!(said.json["gates"][1]["state"], "shut");
    assert_eq!(said.json["canonical"], Value::Null);
}
