//! The exit status of every command, in text and in JSON, which is one document whatever happens.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::directory::{SERVICE_DN, group_dn, password_of};
use crate::common::slapd::{Slapd, free_port};
use crate::fixture::server;
use crate::rsldapctl::run;

/// A configuration for each state of the world.
struct Configs {
    right: PathBuf,
    /// Names a group that is not there, below `deny`.
    denies_nobody: PathBuf,
    /// Its service account is refused.
    no_bind: PathBuf,
    down: PathBuf,
    broken: PathBuf,
    missing: PathBuf,
}

fn configs(server: &Slapd) -> Configs {
    let uris = format!("uris = [\"ldap://127.0.0.1:{}\"]", free_port());
    let deny = format!("deny = \"{}\"", group_dn("missing"));
    let bind = format!("dn = \"{SERVICE_DN}\"\npassword = \"no\"");
    Configs {
        right: server.config(&[]),
        denies_nobody: server.config(&[("access", &deny)]),
        no_bind: server.config(&[("bind", &bind)]),
        down: server.config(&[("server", &uris)]),
        broken: server.config(&[("flags", "")]),
        missing: PathBuf::from("/no/such/file"),
    }
}

/// A root with the shipped stack of sshd, one that lets everybody in, and a file for import.
fn root() -> TempDir {
    let root = TempDir::new().expect("a directory");
    let place = root.path().join("etc/pam.d");
    fs::create_dir_all(&place).expect("a directory");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pam.d/sshd");
    fs::copy(shipped, place.join("sshd")).expect("a stack");
    let open = "auth sufficient pam_rsldap.so\nauth required pam_permit.so\n";
    fs::write(place.join("open"), open).expect("a stack");
    root
}

/// What a run has to be: the exit status, and whether there is no answer but an error.
fn assert_ends(config: &Path, arguments: &[&str], stdin: &str, code: i32, is_error: bool) {
    let plain = run(config, arguments, stdin);
    let with_json = run(config, &[&["--json"], arguments].concat(), stdin);
    assert_eq!(plain.status.code(), Some(code), "{arguments:?}: {plain:?}");
    assert_eq!(with_json.status.code(), Some(code), "{arguments:?}");
    let said: Value = serde_json::from_slice(&with_json.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {with_json:?}"));
    let members = said.as_object().expect("an object");
    let is_failure = members.len() == 1 && members.get("error").is_some_and(Value::is_string);
    assert_eq!(is_failure, is_error, "{arguments:?}: {said:#}");
    let words = [plain.stdout, plain.stderr].concat();
    assert!(
        !words.is_empty() || arguments.contains(&"keys"),
        "{arguments:?} says nothing"
    );
}

#[test]
fn what_asks_the_directory_ends_as_the_directory_answers() {
    let server = server();
    let configs = configs(&server);
    let ends = |config, arguments: &[&str], code| {
        assert_ends(config, arguments, "", code, false);
    };
    for command in ["check", "status"] {
        ends(&configs.right, &[command], 0);
        ends(&configs.down, &[command], 3);
    }
    ends(&configs.right, &["check", "--offline"], 0);
    ends(&configs.denies_nobody, &["check"], 1);
    ends(&configs.no_bind, &["check"], 1);
    ends(&configs.broken, &["check"], 2);
    ends(&configs.missing, &["check", "--offline"], 2);
    for command in ["explain", "keys"] {
        ends(&configs.right, &[command, "alice"], 0);
        for user in ["bob", "nobody-here", "old", "stale", "wrong", "", "a/b"] {
            ends(&configs.right, &[command, user], 1);
        }
        ends(&configs.denies_nobody, &[command, "alice"], 2);
        ends(&configs.no_bind, &[command, "alice"], 2);
        ends(&configs.down, &[command, "alice"], 3);
    }
    for user in ["root", "daemon"] {
        ends(&configs.right, &["explain", user], 1);
        ends(&configs.right, &["keys", user], 0);
    }
    for (user, password, code) in [
        ("alice", password_of("alice"), 0),
        ("alice", "wrong".to_owned(), 1),
        ("alice", String::new(), 1),
        ("stale", password_of("stale"), 1),
        ("lapsed", password_of("lapsed"), 1),
    ] {
        let arguments = ["explain", user, "--password-stdin"];
        assert_ends(&configs.right, &arguments, &password, code, false);
    }
}

#[test]
fn without_a_configuration_there_is_no_answer() {
    let server = server();
    let configs = configs(&server);
    for config in [&configs.broken, &configs.missing, Path::new("/")] {
        for arguments in [
            &["explain", "alice"][..],
            &["keys", "alice"],
            &["status"],
            &["cache", "list"],
        ] {
            assert_ends(config, arguments, "", 2, true);
        }
    }
}

#[test]
fn what_is_remembered_is_there_or_not() {
    let server = server();
    let config = server.config(&[]);
    let ends = |arguments: &[&str], code| assert_ends(&config, arguments, "", code, code == 2);
    ends(&["cache", "list"], 0);
    ends(&["cache", "flush"], 0);
    for action in ["list", "flush"] {
        ends(&["cache", action, "nobody-here"], 1);
        ends(&["cache", action, "a/b"], 2);
    }
}

#[test]
fn stacks_are_right_wrong_or_unreadable() {
    let (server, root) = (server(), root());
    let (config, place) = (server.config(&[]), root.path().to_str().expect("UTF-8"));
    let ends = |service, root, code| {
        let arguments = ["stack", service, "--root", root];
        assert_ends(&config, &arguments, "", code, code == 2);
    };
    ends("open", place, 1);
    ends("../sshd", place, 2);
    ends("", place, 2);
    ends("sshd", "/no/such/directory", 2);
}

#[test]
fn imports_are_complete_incomplete_or_impossible() {
    let server = server();
    let config = server.config(&[]);
    let netbox = include_str!("../import/files/ldap_config.py");
    let netbox = netbox
        .replace("@LDAPS@", &server.ldaps_uri())
        .replace("@CA@", "/ca.pem");
    let file = server.file("ldap_config.py", 0o600, &netbox);
    let file = file.to_str().expect("UTF-8");
    let ends = |arguments: &[&str], stdin: &str, code| {
        let arguments = [&["import"], arguments].concat();
        assert_ends(&config, &arguments, stdin, code, code == 2);
    };
    ends(&[file], "", 0);
    ends(&["-", "--from", "nslcd"], "uri ldaps://a\nbase o=x\n", 1);
    ends(&["/no/such/file"], "", 2);
    ends(&["-"], "nothing of this kind", 2);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2_in_json_too() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["explain"],
        &["explain", "a", "b"],
        &["check", "--onlin"],
        &["cache", "empty"],
        &["completions", "command.com"],
        &["stack", "sshd", "--root"],
    ] {
        assert_ends(Path::new("/no/such/file"), arguments, "", 2, true);
    }
    // Behind "--" it is a user's name.
    let output = run(
        Path::new("/no/such/file"),
        &["explain", "--", "--json", "b"],
        "",
    );
    assert!(output.stdout.is_empty() && output.status.code() == Some(2));
}

#[test]
fn completions_end_with_0() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let arguments = ["completions", shell];
        assert_ends(Path::new("/no/such/file"), &arguments, "", 0, false);
    }
}
