//! `rsldapctl keys` as AuthorizedKeysCommand of a real sshd, run by a user without rights.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output};

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
const READER: (&str, u32) = ("keyreader", 61010);

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

/// All have the same key. alice and sue are active, bob's account is over, carol is not active, and sue
/// has tried to add what is no key.
fn directory(key: &str) -> SlapdOptions {
    let mut ldif = Ldif::tree();
    let class = ("objectClass", "ldapPublicKey");
    let keys = [class, ("sshPublicKey", key)];
    let shadow = [("objectClass", "shadowAccount"), ("shadowExpire", "1")];
    ldif.user("alice", &keys);
    ldif.user("bob", &[&keys[..], &shadow].concat());
    ldif.user("carol", &keys);
    let [options, two] = [format!("command=\"id\" {key}"), format!("{key}\n{key}")];
    ldif.user(
        "sue",
        &[class, ("sshPublicKey", &options), ("sshPublicKey", &two)],
    );
    let members = ["alice", "bob", "sue"].map(user_dn);
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    ldif.group("active", &members);
    ldif.group("staff", &members);
    ldif.group("superuser", &members);
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: SCHEMA.to_owned(),
        ..SlapdOptions::default()
    }
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

fn sshd() -> Sshd {
    Sshd::start(&format!(
        "AuthorizedKeysFile none\nAuthorizedKeysCommand {COMMAND} keys %u\n\
         AuthorizedKeysCommandUser {}",
        READER.0
    ))
}

fn keys(machine: &Machine<'_>, uid: u32, user: &str) -> Output {
    use std::os::unix::process::CommandExt as _;
    machine
        .command_as("dave", COMMAND)
        .args(["keys", user])
        .uid(uid)
        .gid(uid)
        .output()
        .expect("rsldapctl")
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
        for user in ["bob", "carol", "sue", "dave"] {
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
        assert_eq!(
            said(&keys(machine, reader, "sue")),
            (Some(0), String::new(), String::new())
        );
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
