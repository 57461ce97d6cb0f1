//! Colours, tables and what else only a terminal gets, for every command; and readers that go away.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cache::site::after_some_logins;
use crate::common::slapd::free_port;
use crate::fixture::server;
use crate::typing::Terminal;

/// Starts the command on a terminal of its own, with these variables and no others about colours.
pub fn on_a_terminal(config: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Terminal {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rsldapctl"));
    command
        .arg("--config")
        .arg(config)
        .args(arguments)
        .env_remove("NO_COLOR")
        // These are no reason for colours, and CI may be set.
        .envs([("CI", "true"), ("CLICOLOR_FORCE", "1"), ("TERM", "xterm")])
        .envs(variables.iter().copied());
    Terminal::start(command)
}

fn shown(config: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut terminal = on_a_terminal(config, arguments, variables);
    terminal.wait();
    let text = terminal.text();
    assert!(!text.is_empty(), "{arguments:?}");
    text
}

/// Every command, with something good and something bad to say.
const COMMANDS: [&[&str]; 14] = [
    &["check"],
    &["check", "--offline"],
    &["explain", "alice"],
    &["explain", "bob"],
    &["explain", "root"],
    &["status"],
    &["cache", "list"],
    &["cache", "flush"],
    &["stack", "sshd"],
    &["keys", "nobody-here"],
    &["import", "/no/such/file"],
    &["completions", "bash"],
    &["--help"],
    &["frobnicate"],
];

/// Those that colour something.
const COLOURED: [&[&str]; 3] = [
    &["check", "--offline"],
    &["explain", "alice"],
    &["explain", "bob"],
];

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let server = server();
    let config = server.config(&[]);
    let is_coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        shown(&config, arguments, variables).contains('\u{1b}')
    };
    for arguments in COLOURED {
        assert!(is_coloured(arguments, &[]), "{arguments:?}");
        // https://no-color.org: an empty one is none.
        assert!(is_coloured(arguments, &[("NO_COLOR", "")]), "{arguments:?}");
    }
    for arguments in COMMANDS {
        let quiet = [("NO_COLOR", "1"), ("TERM", "dumb")];
        for variable in quiet {
            assert!(
                !is_coloured(arguments, &[variable]),
                "{arguments:?} with {variable:?}"
            );
        }
        let json = [&["--json"], arguments].concat();
        assert!(!is_coloured(&json, &[]), "{arguments:?} as JSON");
    }
}

#[test]
fn nothing_is_coloured_away_from_a_terminal() {
    let server = server();
    let config = server.config(&[]);
    for arguments in COMMANDS {
        let output = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
            .arg("--config")
            .arg(&config)
            .args(arguments)
            .envs([("CLICOLOR_FORCE", "1"), ("TERM", "xterm")])
            .output()
            .expect("rsldapctl");
        let all = [output.stdout, output.stderr].concat();
        assert!(!all.is_empty() && !all.contains(&0x1b), "{arguments:?}");
    }
}

#[test]
fn tables_are_for_terminals_and_programs_get_tabs() {
    let server = server();
    let config = server.config(&[]);
    let people = shown(&config, &["status"], &[]);
    assert!(people.contains("  state  "), "{people:?}");
    assert!(!people.contains('\t'), "{people:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .arg("--config")
        .arg(&config)
        .arg("status")
        .output()
        .expect("rsldapctl");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let row = format!("\n{}\tup\t", server.uri());
    assert!(text.starts_with("server\tstate\t"), "{text:?}");
    assert!(text.contains(&row), "{text:?}");
}

#[test]
fn servers_that_are_down_and_markers_are_coloured_too() {
    let server = server();
    let uris = format!("uris = [\"ldap://127.0.0.1:{}\"]", free_port());
    let config = server.config(&[("server", &uris)]);
    for arguments in [&["status"][..], &["check"]] {
        assert!(
            shown(&config, arguments, &[]).contains('\u{1b}'),
            "{arguments:?}"
        );
        assert!(!shown(&config, arguments, &[("NO_COLOR", "1")]).contains('\u{1b}'));
    }
}

/// As `| head -1` does.
#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    after_some_logins(|site| {
        fs::write("/etc/pam.d/sshd", include_str!("../../pam.d/sshd")).expect("a stack");
        for arguments in COMMANDS {
            for json in [&[][..], &["--json"]] {
                let mut command = Command::new(env!("CARGO_BIN_EXE_rsldapctl"));
                command
                    .arg("--config")
                    .arg(&site.config)
                    .args(json)
                    .args(arguments);
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                let mut child = command.spawn().expect("rsldapctl");
                drop(child.stdout.take());
                let mut said = String::new();
                let mut stderr = child.stderr.take().expect("a pipe");
                stderr.read_to_string(&mut said).expect("UTF-8");
                assert!(!said.contains("panic"), "{arguments:?}: {said}");
                let mut nobody = command.spawn().expect("rsldapctl");
                drop((nobody.stdout.take(), nobody.stderr.take()));
                for mut child in [child, nobody] {
                    let code = child.wait().expect("wait").code();
                    assert!(
                        code.is_some_and(|code| code <= 3),
                        "{arguments:?}: {code:?}"
                    );
                }
            }
        }
    });
}

/// An answer that is lost is no answer, and the exit status must not say otherwise.
#[test]
fn a_full_disk_is_told() {
    let server = server();
    let config = server.config(&[]);
    let file = format!(
        "{}/tests/import/files/nslcd.conf",
        env!("CARGO_MANIFEST_DIR")
    );
    for arguments in [
        &["explain", "alice"][..],
        &["--json", "explain", "alice"],
        &["check"],
        &["status"],
        &["stack", "sshd"],
        &["cache", "list"],
        &["cache", "flush", "nobody-here"],
        &["import", &file],
        &["completions", "bash"],
    ] {
        let full = fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let output = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
            .arg("--config")
            .arg(&config)
            .args(arguments)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .expect("rsldapctl");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("the answer is lost"), "{arguments:?}: {said}");
    }
}
