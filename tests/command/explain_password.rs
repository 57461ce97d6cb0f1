//! `rsldapctl explain --password-stdin`: what is a password, what a terminal shows of it, and that nobody
//! else gets to see it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::directory::{password_of, user_dn};
use crate::fixture::{ask, server};
use crate::terminal::on_a_terminal;

const ASK: [&str; 3] = ["explain", "alice", "--password-stdin"];

fn command(config: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rsldapctl"));
    command.arg("--json").arg("--config").arg(config).args(ASK);
    command.stdout(Stdio::piped());
    command
}

/// The outcome and the reason for these bytes on standard input.
fn outcome(config: &std::path::Path, bytes: &[u8]) -> (String, String) {
    let mut child = command(config)
        .stdin(Stdio::piped())
        .spawn()
        .expect("rsldapctl");
    // It does not read all of it.
    let _ = child.stdin.take().expect("a pipe").write_all(bytes);
    let output = child.wait_with_output().expect("rsldapctl");
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |key: &str| said[key].as_str().expect("a text").to_owned();
    (text("outcome"), text("reason"))
}

#[test]
fn the_password_is_the_first_line_with_or_without_its_end() {
    let server = server();
    let config = server.config(&[]);
    let password = password_of("alice");
    for end in ["", "\n", "\r\n", "\nsecond line\n", "\n\0\0"] {
        let typed = format!("{password}{end}");
        assert_eq!(outcome(&config, typed.as_bytes()).0, "granted", "{end:?}");
    }
    for typed in [format!(" {password}"), format!("{password} ")] {
        assert_eq!(outcome(&config, typed.as_bytes()).0, "bad_password");
    }
}

#[test]
fn what_can_be_no_password_is_not_sent() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    for (typed, why) in [
        (&b""[..], "empty"),
        (b"\n", "empty"),
        (b"\r\n", "empty"),
        (b"a\xff\n", "not UTF-8"),
        (b"a\0b\n", "not UTF-8"),
        (&[b'a'; 513], "longer than 512"),
        (&[b'a'; 1_000_000], "longer than 512"),
    ] {
        let (outcome, reason) = outcome(&config, typed);
        assert_eq!(outcome, "bad_password", "{why}");
        assert!(reason.contains(why), "{reason}");
    }
    // 512 bytes are one.
    assert_eq!(outcome(&config, &[b'a'; 512]).1, "");
    assert_eq!(watch.operations().binds_as(&user_dn("alice")), 1);
}

#[test]
fn no_standard_input_is_no_password_and_an_unreadable_one_is_an_error() {
    let server = server();
    let config = server.config(&[]);
    let output = command(&config).stdin(Stdio::null()).output();
    let said: Value = serde_json::from_slice(&output.expect("rsldapctl").stdout).expect("JSON");
    assert_eq!(said["outcome"], "bad_password");
    let directory = std::fs::File::open("/").expect("a directory");
    let output = command(&config)
        .stdin(directory)
        .output()
        .expect("rsldapctl");
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let error = said["error"].as_str().expect("an error");
    assert!(error.contains("Is a directory"), "{error}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_line_is_enough_where_standard_input_stays_open() {
    let server = server();
    let config = server.config(&[]);
    let mut child = command(&config)
        .stdin(Stdio::piped())
        .spawn()
        .expect("rsldapctl");
    let mut stdin = child.stdin.take().expect("a pipe");
    let line = format!("{}\n", password_of("alice"));
    stdin.write_all(line.as_bytes()).expect("a line");
    let end = Instant::now() + Duration::from_secs(20);
    while child.try_wait().expect("wait").is_none() {
        assert!(Instant::now() < end, "it waits for more");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(stdin);
}

#[test]
fn a_terminal_is_asked_and_does_not_show_what_is_typed() {
    let server = server();
    let config = server.config(&[]);
    let mut terminal = on_a_terminal(&config, &ASK, &[]);
    terminal.expect("Password: ").line(&password_of("alice"));
    terminal.expect("alice through sshd: granted");
    assert_eq!(terminal.wait().code(), Some(0));
    assert!(!terminal.text().contains(&password_of("alice")));

    // Ctrl-C ends it, and whoever has the terminal next sees what is typed.
    let shell = format!(
        "{} --config {} explain alice --password-stdin; stty -a; echo ended",
        env!("CARGO_BIN_EXE_rsldapctl"),
        config.display()
    );
    let mut command = Command::new("sh");
    command.arg("-c").arg(shell);
    let mut terminal = crate::typing::Terminal::start(command);
    terminal.expect("Password: ").line("half\u{3}");
    terminal
        .expect("Interrupted")
        .expect(" echo ")
        .expect("ended");
    assert!(!terminal.text().contains("half"));
}

#[test]
fn the_password_is_in_no_output_and_no_log() {
    let server = server();
    let log = server.path().join("pam_rsldap.log");
    let section = format!("level = \"debug\"\nfile = \"{}\"", log.display());
    let down = "uris = [\"ldap://127.0.0.1:1\"]";
    let secret = "a-password-that-nobody-is-to-see";
    for sections in [
        &[("log", section.as_str())][..],
        &[("log", section.as_str()), ("server", down)],
        &[
            ("log", section.as_str()),
            ("bind", "password = \"no\"\ndn = \"cn=x\""),
        ],
        &[("log", section.as_str()), ("flags", "")],
    ] {
        // The fixture looks for what was on standard input.
        ask(&server.config(sections), &ASK, secret);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        assert!(!text.contains(secret), "{text}");
    }
    assert!(!server.log().contains(secret));
}
