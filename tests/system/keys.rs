//! `rsldapctl keys` as AuthorizedKeysCommand of a real sshd, run by a user without rights.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tempfile::TempDir;

use crate::common::directory::{BASE, Ldif, user_dn};
use crate::common::need;
use crate::common::slapd::SlapdOptions;
use crate::machine::Machine;
use crate::private_host::Local;
use crate::ssh::{Method, Sshd};

/// Where the command is: sshd runs none that others than root could have written.
const COMMAND: &str = "/etc/pam_rsldap/rsldapctl";
/// The user that sshd runs it as, and its group, which may read the service account's password.
const READER: (&str, u32) = ("rsldapkeys", 61010);

/// The attribute and the class that OpenSSH's users have in their directories (openssh-lpk), under the
/// enterprise number for documentation.
const SCHEMA: &str = "attributetype ( 1.3.6.1.4.1.32473.1.13 NAME 'sshPublicKey' \
    EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )\n\
    objectclass ( 1.3.6.1.4.1.32473.1.14 NAME 'ldapPublicKey' SUP top AUXILIARY MAY sshPublicKey )\n";

/// A pair of keys in a directory: `key` and `key.pub`.
struct Pair(TempDir);

impl Pair {
    fn new() -> Pair {
        let directory = TempDir::new().expect("a temporary directory");
        let status = Command::new(need("ssh-keygen", "openssh-client"))
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f"])
            .arg(directory.path().join("key"))
            .status();
        assert!(status.expect("ssh-keygen runs").success());
        Pair(directory)
    }

    fn public(&self) -> String {
        let text = fs::read_to_string(self.0.path().join("key.pub")).expect("a key");
        text.trim_end().to_owned()
    }

    /// Puts it where the client takes its own from.
    fn give_to(&self, sshd: &Sshd) {
        for (from, to) in [("key", "userkey"), ("key.pub", "userkey.pub")] {
            fs::copy(self.0.path().join(from), sshd.path().join(to)).expect("copy");
        }
    }
}

/// All have the same key. alice and sue are active, bob's account is over, tom's is locked, carol is not
/// active, and sue has tried to add what is no key. kim has more keys than anybody can count, and none is left to lee.
fn directory(key: &str) -> SlapdOptions {
    let mut ldif = Ldif::tree();
    let class = ("objectClass", "ldapPublicKey");
    let keys = [class, ("sshPublicKey", key)];
    let shadow = [("objectClass", "shadowAccount"), ("shadowExpire", "1")];
    ldif.user("alice", &keys);
    ldif.user("bob", &[&keys[..], &shadow].concat());
    ldif.user("carol", &keys);
    let locked = [("pwdAccountLockedTime", "000001010000Z")];
    ldif.user("tom", &[&keys[..], &locked].concat());
    let odd = no_keys(key);
    let odd = odd.iter().map(|value| ("sshPublicKey", value.as_str()));
    ldif.user(
        "sue",
        &std::iter::once(class).chain(odd).collect::<Vec<_>>(),
    );
    let many: Vec<String> = (0..MANY).map(another_key).collect();
    let many = many.iter().map(|value| ("sshPublicKey", value.as_str()));
    ldif.user("kim", &keys.into_iter().chain(many).collect::<Vec<_>>());
    ldif.user("lee", &[]);
    let members = ["alice", "bob", "sue", "kim", "lee", "tom"].map(user_dn);
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    ldif.group("active", &members);
    ldif.group("staff", &members);
    ldif.group("superuser", &members[..1]);
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: format!("moduleload ppolicy\n{SCHEMA}"),
        database: "overlay ppolicy\n".to_owned(),
        ..SlapdOptions::default()
    }
}

/// How many keys kim has besides the one that counts.
const MANY: u32 = 1500;

/// A key that nobody has.
fn another_key(number: u32) -> String {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.resize(blob.len() + 28, 7);
    blob.extend(number.to_be_bytes());
    format!("ssh-ed25519 {} key {number}", BASE64.encode(blob))
}

/// What a user may have written into the own entry, and sshd must not see.
fn no_keys(key: &str) -> Vec<String> {
    let (_, material) = key.split_once(' ').expect("a type");
    vec![
        format!("command=\"id\" {key}"),
        format!("cert-authority {key}"),
        format!("{key}\n{key}"),
        format!("{key}\ncommand=\"id\" {key}"),
        format!("{key}\r\n{key}"),
        format!("{key} \u{1b}]0;x\u{7}"),
        format!("{key}\u{2028}{key}"),
        format!("ssh-rsa {material}"),
        format!("#{key}"),
        format!("\n{key}"),
        key.replace(' ', "\t"),
        "x".repeat(20_000),
    ]
}

fn set_up(machine: &Machine<'_>) {
    let (name, uid) = READER;
    machine.host.add_user(name, uid, Local::NoPassword);
    fs::copy(env!("CARGO_BIN_EXE_rsldapctl"), COMMAND).expect("a copy of the command");
    fs::set_permissions(COMMAND, Permissions::from_mode(0o755)).expect("chmod");
    let secret = Path::new("/etc/pam_rsldap/bind-password");
    chown(secret, Some(0), Some(uid)).expect("chown");
    fs::set_permissions(secret, Permissions::from_mode(0o640)).expect("chmod");
}

/// With the lines that README.md has for sshd_config, and the command where it is here.
fn sshd() -> Sshd {
    let readme = include_str!("../../README.md");
    let lines = readme.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| line.starts_with("AuthorizedKeysCommand"))
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let manual = include_str!("../../man/rsldapctl.8");
    assert!(lines.iter().all(|line| manual.contains(line)), "{lines:?}");
    let lines = lines.join("\n").replace("/usr/sbin/rsldapctl", COMMAND);
    Sshd::start(&format!("AuthorizedKeysFile none\n{lines}"))
}

fn command(machine: &Machine<'_>, uid: u32, arguments: &[&str]) -> Command {
    let mut command = machine.command_as("dave", COMMAND);
    command.arg("keys").args(arguments).uid(uid).gid(uid);
    command
}

fn keys(machine: &Machine<'_>, uid: u32, user: &str) -> Output {
    command(machine, uid, &[user]).output().expect("rsldapctl")
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_key_of_the_directory_opens_the_way_only_for_whom_the_gates_are_open() {
    let pair = Pair::new();
    Machine::run_with(&directory(&pair.public()), |machine| {
        set_up(machine);
        let sshd = sshd();
        pair.give_to(&sshd);
        let printed = sshd.login("alice", Method::PublicKey, "id -un");
        assert_eq!(printed.assert_in().trim(), "alice");
        machine.host.add_user("tom", 61012, Local::NoPassword);
        for user in ["bob", "carol", "sue", "dave", "tom"] {
            let from = machine.host.log().len();
            sshd.login(user, Method::PublicKey, "id").assert_refused();
            // sshd has seen no key, so it has not come to the account phase.
            let lines = machine.host.log();
            let reached = lines[from..]
                .iter()
                .any(|line| line.contains("sshd:account"));
            assert!(!reached, "{user}: {lines:#?}");
        }
        machine.slapd.stop();
        sshd.login("alice", Method::PublicKey, "id")
            .assert_refused();
    });
}

#[test]
fn nothing_but_keys_is_on_standard_output_and_the_end_says_why() {
    let pair = Pair::new();
    Machine::run_with(&directory(&pair.public()), |machine| {
        set_up(machine);
        let (_, reader) = READER;
        let alice = keys(machine, reader, "alice");
        assert_eq!(
            said(&alice),
            (Some(0), format!("{}\n", pair.public()), String::new())
        );
        for (user, code, why) in [
            ("bob", 1, "expired"),
            ("tom", 1, "expired"),
            ("carol", 1, "refused"),
            ("dave", 1, "unknown_user"),
            ("a b/c", 1, "unknown_user"),
        ] {
            let (status, out, err) = said(&keys(machine, reader, user));
            assert_eq!((status, out.as_str()), (Some(code), ""), "{user}");
            assert!(
                err.contains(why) && err.lines().count() == 1,
                "{user}: {err}"
            );
        }
        // In, and no value that is a key.
        for (user, why) in [("sue", "12 of 12 values"), ("lee", "no sshPublicKey")] {
            let (status, out, err) = said(&keys(machine, reader, user));
            assert_eq!((status, out.as_str()), (Some(0), ""), "{user}");
            assert!(err.contains(why) && err.lines().count() == 1, "{err}");
        }
        // Accounts of this host have keys of their own, and sshd's log stays quiet.
        assert_eq!(
            said(&keys(machine, reader, "root")),
            (Some(0), String::new(), String::new())
        );
        // Another user may not read the password of the service account.
        let (status, out, err) = said(&keys(machine, 61005, "alice"));
        assert_eq!((status, out.as_str()), (Some(2), ""));
        assert!(
            err.contains("bind-password: uid 61005 may not read"),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1);
        machine.slapd.stop();
        let (status, out, err) = said(&keys(machine, reader, "alice"));
        assert_eq!((status, out.as_str()), (Some(3), ""));
        assert!(err.contains("unavailable"), "{err}");
    });
}

#[test]
fn each_of_many_keys_is_good_and_a_reader_that_goes_away_is_no_failure() {
    let pair = Pair::new();
    Machine::run_with(&directory(&pair.public()), |machine| {
        set_up(machine);
        machine.host.add_user("kim", 61011, Local::NoPassword);
        let kim = keys(machine, READER.1, "kim");
        let (status, out, err) = said(&kim);
        assert_eq!((status, err.as_str()), (Some(0), ""));
        let wanted: BTreeSet<String> = (0..MANY).map(another_key).chain([pair.public()]).collect();
        assert_eq!(
            out.lines().map(str::to_owned).collect::<BTreeSet<_>>(),
            wanted
        );
        let sshd = sshd();
        pair.give_to(&sshd);
        sshd.login("kim", Method::PublicKey, "id -un").assert_in();

        // More than a pipe holds.
        let mut child = command(machine, READER.1, &["kim"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("rsldapctl");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("rsldapctl");
        assert_eq!(said(&output), (Some(0), String::new(), String::new()));
    });
}

#[test]
fn the_gate_is_that_of_the_service_and_exempt_accounts_never_reach_the_directory() {
    let pair = Pair::new();
    Machine::run_with(&directory(&pair.public()), |machine| {
        set_up(machine);
        let gate = ("services.sshd", "require = \"is_superuser\"");
        machine.configure(&[gate]);
        let (_, reader) = READER;
        assert_eq!(keys(machine, reader, "alice").status.code(), Some(0));
        assert_eq!(keys(machine, reader, "kim").status.code(), Some(1));
        let other = command(machine, reader, &["kim", "--service", "cockpit"]).output();
        assert_eq!(other.expect("rsldapctl").status.code(), Some(0));

        let users = machine.slapd.config_text(&[]);
        let (_, users) = users.split_once("[user]\n").expect("[user]");
        let (users, _) = users.split_once("\n[").expect("a table behind it");
        machine.configure(&[("user", &format!("{users}\nexempt = [\"alice\"]"))]);
        let exempt = keys(machine, reader, "alice");
        assert_eq!(said(&exempt), (Some(0), String::new(), String::new()));
    });
}

#[test]
fn a_server_that_says_nothing_holds_sshd_up_no_longer_than_the_deadline() {
    let pair = Pair::new();
    Machine::run_with(&directory(&pair.public()), |machine| {
        set_up(machine);
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = silent.local_addr().expect("an address").port();
        let server = format!(
            "uris = [\"ldap://127.0.0.1:{port}\"]\nconnect_timeout = \"1s\"\n\
             operation_timeout = \"1s\"\ndeadline = \"2s\""
        );
        machine.configure(&[("server", &server)]);
        let begin = Instant::now();
        let (status, out, err) = said(&keys(machine, READER.1, "alice"));
        assert_eq!((status, out.as_str()), (Some(3), ""), "{err}");
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "{:?}",
            begin.elapsed()
        );
        let sshd = sshd();
        pair.give_to(&sshd);
        sshd.login("alice", Method::PublicKey, "id")
            .assert_refused();
    });
}

#[test]
fn a_user_who_cannot_read_the_configuration_is_told_so() {
    let pair = Pair::new();
    Machine::run_with(&directory(&pair.public()), |machine| {
        set_up(machine);
        let config = Path::new("/etc/pam_rsldap/config.toml");
        fs::set_permissions(config, Permissions::from_mode(0o600)).expect("chmod");
        let (status, out, err) = said(&keys(machine, READER.1, "alice"));
        assert_eq!((status, out.as_str()), (Some(2), ""));
        assert!(err.contains("config.toml: uid 61010 may not read"), "{err}");
        assert!(!err.contains(BASE));
    });
}
