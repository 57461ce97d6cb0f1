//! ssh while the directory is up: who gets in, what the session is told, what the directory sees.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::thread;

use crate::common::directory::{SERVICE_DN, password_of, user_dn};
use crate::machine::Machine;
use crate::private_host::{LOCAL_PASSWORD, processes_in};
use crate::ssh::{Method, Sshd};

fn methods(password: &str) -> [Method<'_>; 3] {
    [
        Method::Password(password),
        Method::KeyboardInteractive(password),
        Method::PublicKey,
    ]
}

#[test]
fn an_active_user_gets_in_by_password_dialogue_and_key_and_finds_the_environment() {
    Machine::run(|machine| {
        let sshd = Sshd::start("");
        for method in methods(&password_of("alice")) {
            let from = machine.host.log().len();
            let printed = sshd.login("alice", method, "env").assert_in();
            let environment: BTreeMap<_, _> = printed
                .lines()
                .filter_map(|line| line.split_once('='))
                .collect();
            for (name, value) in [
                ("RSLDAP_DN", user_dn("alice").as_str()),
                ("RSLDAP_FLAGS", "is_active,is_staff"),
                ("RSLDAP_FIRST_NAME", "alice"),
                ("RSLDAP_LAST_NAME", "Tester"),
                ("RSLDAP_EMAIL", "alice@example.com"),
            ] {
                assert_eq!(environment.get(name), Some(&value), "{method:?}: {name}");
            }
            if !matches!(method, Method::PublicKey) {
                machine.assert_logged(from, "sshd:auth", "alice", "granted");
            }
            machine.assert_logged(from, "sshd:account", "alice", "granted");
        }
    });
}

#[test]
fn a_wrong_password_does_not_get_in() {
    Machine::run(|machine| {
        let sshd = Sshd::start("");
        let from = machine.host.log().len();
        sshd.login("alice", Method::Password("wrong"), "id")
            .assert_refused();
        machine.assert_logged(from, "sshd:auth", "alice", "bad_password");
        let from = machine.host.log().len();
        sshd.login("alice", Method::KeyboardInteractive("wrong"), "id")
            .assert_refused();
        machine.assert_logged(from, "sshd:auth", "alice", "bad_password");
    });
}

#[test]
fn an_inactive_user_is_refused_with_password_dialogue_and_key() {
    Machine::run(|machine| {
        let sshd = Sshd::start("");
        for method in methods(&password_of("carol")) {
            let from = machine.host.log().len();
            sshd.login("carol", method, "id").assert_refused();
            let place = match method {
                Method::PublicKey => "sshd:account",
                _ => "sshd:auth",
            };
            machine.assert_logged(from, place, "carol", "refused");
        }
    });
}

/// The directory says no to the password, pam_unix yes; the account phase has the last word.
#[test]
fn the_local_password_of_an_inactive_user_does_not_open_the_gate() {
    Machine::run(|machine| {
        let sshd = Sshd::start("");
        let from = machine.host.log().len();
        sshd.login("carol", Method::Password(LOCAL_PASSWORD), "id")
            .assert_refused();
        machine.assert_logged(from, "sshd:auth", "carol", "bad_password");
        machine.assert_logged(from, "sshd:account", "carol", "refused");
    });
}

#[test]
fn a_local_user_whom_the_directory_does_not_know_gets_in_with_the_local_password() {
    Machine::run(|machine| {
        let sshd = Sshd::start("");
        for method in methods(LOCAL_PASSWORD) {
            let from = machine.host.log().len();
            let printed = sshd.login("dave", method, "id -un; env").assert_in();
            assert!(printed.starts_with("dave\n"), "{printed}");
            assert!(!printed.contains("RSLDAP_"), "{printed}");
            machine.assert_logged(from, "sshd:account", "dave", "unknown_user");
        }
        sshd.login("dave", Method::Password("wrong"), "id")
            .assert_refused();
    });
}

/// sshd sends a made-up password for these; were it sent on, every scan would lock accounts.
#[test]
fn the_made_up_password_for_a_login_that_sshd_has_refused_reaches_no_user_bind() {
    Machine::run(|machine| {
        let sshd = Sshd::start("PermitRootLogin no\nDenyUsers bob\n");
        // zoe has an entry in the directory and no account on the host.
        for user in ["zoe", "bob", "root"] {
            let watch = machine.slapd.watch();
            for method in methods(&password_of(user)) {
                sshd.login(user, method, "id").assert_refused();
            }
            let operations = watch.operations();
            assert_eq!(operations.binds_as(&user_dn(user)), 0, "{operations:#?}");
            let service = |bind: &String| bind.is_empty() || bind == SERVICE_DN;
            assert!(operations.binds.iter().all(service), "{operations:#?}");
            assert!(user != "root" || operations.nothing(), "{operations:#?}");
        }
    });
}

#[test]
fn six_wrong_passwords_are_six_user_binds() {
    Machine::run(|machine| {
        let sshd = Sshd::start("");
        let watch = machine.slapd.watch();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    sshd.login("alice", Method::Password("wrong"), "id")
                        .assert_refused();
                });
                scope.spawn(|| {
                    sshd.login("alice", Method::KeyboardInteractive("bad"), "id")
                        .assert_refused();
                });
            }
        });
        let operations = watch.operations();
        assert_eq!(operations.binds_as(&user_dn("alice")), 6, "{operations:#?}");
    });
}

#[test]
fn nothing_is_left_behind() {
    let mounts = || fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
    let before = mounts();
    let (namespace, directories) = Machine::run(|machine| {
        let sshd = Sshd::start("");
        sshd.login("alice", Method::Password(&password_of("alice")), "id")
            .assert_in();
        // A process that does not want to go.
        let stay = "setsid sh -c \"trap '' HUP TERM; sleep 600\" >/dev/null 2>&1 </dev/null &";
        sshd.login("alice", Method::PublicKey, stay).assert_in();
        // While this is open, no other namespace can get the same number.
        let namespace = File::open("/proc/thread-self/ns/mnt").unwrap();
        assert!(processes_in(namespace.metadata().unwrap().ino()).len() > 1);
        (
            namespace,
            [sshd.path().to_owned(), machine.slapd.path().to_owned()],
        )
    });
    let left = processes_in(namespace.metadata().unwrap().ino());
    assert!(left.is_empty(), "processes {left:?}");
    assert_eq!(mounts(), before);
    for directory in directories {
        assert!(!directory.exists(), "{}", directory.display());
    }
}
