//! The real sudo.

use std::io::Write as _;
use std::process::{Output, Stdio};

use crate::common::directory::{password_of, user_dn};
use crate::common::need;
use crate::machine::Machine;
use crate::private_host::LOCAL_PASSWORD;

/// Runs `sudo OPTIONS… COMMAND…` as the user, with a password on standard input.
fn sudo(machine: &Machine, user: &str, arguments: &[&str], password: &str) -> Output {
    let sudo = need("sudo", "sudo");
    let mut child = machine
        .command_as(user, sudo.to_str().unwrap())
        .args(["-k", "-p", ""])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // sudo may end without having read anything.
    let _ = writeln!(child.stdin.take().unwrap(), "{password}");
    child.wait_with_output().unwrap()
}

fn with_password(machine: &Machine, user: &str, password: &str) -> Output {
    sudo(machine, user, &["-S", "--", "id", "-u"], password)
}

fn assert_root(output: &Output) {
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0");
}

fn assert_refused(output: &Output) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[test]
fn a_superuser_becomes_root_with_the_directory_password() {
    Machine::run(|machine| {
        let from = machine.host.log().len();
        assert_root(&with_password(machine, "sue", &password_of("sue")));
        machine.assert_logged(from, "sudo:auth", "sue", "granted");
        machine.assert_logged(from, "sudo:account", "sue", "granted");
        assert_refused(&with_password(machine, "sue", "wrong"));
    });
}

#[test]
fn the_gate_of_sudo_is_shut_for_an_active_user_who_is_no_superuser() {
    Machine::run(|machine| {
        let from = machine.host.log().len();
        let watch = machine.slapd.watch();
        assert_refused(&with_password(machine, "alice", &password_of("alice")));
        machine.assert_logged(from, "sudo:auth", "alice", "refused");
        let operations = watch.operations();
        assert!(
            operations.binds_as(&user_dn("alice")) > 0,
            "{operations:#?}"
        );
        // bob's local password is right, and his account is asked about all the same.
        let from = machine.host.log().len();
        assert_refused(&with_password(machine, "bob", LOCAL_PASSWORD));
        machine.assert_logged(from, "sudo:account", "bob", "refused");
    });
}

#[test]
fn without_the_directory_sudo_takes_the_local_password() {
    Machine::run(|machine| {
        machine.slapd.stop();
        let from = machine.host.log().len();
        assert_root(&with_password(machine, "dave", LOCAL_PASSWORD));
        assert_root(&with_password(machine, "bob", LOCAL_PASSWORD));
        machine.assert_logged(from, "sudo:auth", "bob", "unavailable");
        assert_refused(&with_password(machine, "sue", &password_of("sue")));
    });
}

#[test]
fn sudo_without_a_password_is_refused_to_a_deactivated_user() {
    Machine::run(|machine| {
        // The counterpart: the account phase lets a superuser through.
        let from = machine.host.log().len();
        let output = sudo(machine, "sue", &["-n", "--", "/bin/true"], "");
        assert!(output.status.success(), "{output:?}");
        machine.assert_logged(from, "sudo:account", "sue", "granted");

        let from = machine.host.log().len();
        assert_refused(&sudo(machine, "carol", &["-n", "--", "id", "-u"], ""));
        machine.assert_logged(from, "sudo:account", "carol", "refused");
    });
}
