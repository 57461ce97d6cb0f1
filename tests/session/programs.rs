//! su(1) and login(1): both call initgroups(3) first and pam_setcred(3) then, so that the groups of
//! group(5) are kept.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::common::directory::password_of;
use crate::common::need;
use crate::host;
use crate::machine::Machine;
use crate::terminal::Terminal;

/// The stack of sudo is one for su and login too; it has nothing of its own.
fn set_up(machine: &Machine) {
    let stack = fs::read_to_string("/etc/pam.d/sudo").unwrap();
    for service in ["su", "login"] {
        machine
            .host
            .write(&format!("/etc/pam.d/{service}"), 0o644, &stack);
    }
    machine.configure(&[
        ("session.local_groups", "sudo = \"is_superuser\""),
        (
            "session.mirror_groups",
            "mode = \"only\"\nnames = [\"web\"]",
        ),
    ]);
}

#[test]
fn su_keeps_the_groups_of_the_host_and_adds_those_of_the_session() {
    host::run(|machine| {
        set_up(machine);
        for (user, expected) in [("sue", "sue sudo audio web\n"), ("bob", "bob\n")] {
            let output = su(machine, user);
            let printed = String::from_utf8_lossy(&output.stdout);
            assert_eq!(printed, expected, "{user}: {output:?}");
        }
    });
}

/// libpam takes for pam_setcred(3) the way through the stack that it took for pam_authenticate(3).
#[test]
fn a_line_that_ends_the_stack_before_the_module_keeps_it_from_adding_groups() {
    host::run(|machine| {
        set_up(machine);
        let stack = fs::read_to_string("/etc/pam.d/su").unwrap();
        let short = format!("auth sufficient pam_permit.so\n{stack}");
        machine.host.write("/etc/pam.d/su", 0o644, &short);
        let output = su(machine, "sue");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "sue audio\n");
    });
}

/// dave becomes the user, with the user's password.
fn su(machine: &Machine, user: &str) -> Output {
    let su = need("su", "util-linux");
    let mut child = machine
        .command_as("dave", su.to_str().unwrap())
        .args([user, "-c", "id -nG"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = writeln!(stdin, "{}", password_of(user));
    child.wait_with_output().unwrap()
}

#[test]
fn login_keeps_the_groups_of_the_host_and_adds_those_of_the_session() {
    host::run(|machine| {
        set_up(machine);
        let mut login = Command::new(need("login", "login"));
        login.args(["-f", "sue"]);
        let mut terminal = Terminal::start(login);
        terminal
            .expect("$ ")
            .line("echo \"groups: $(id -nG)\"; exit");
        terminal.expect("\ngroups: sue sudo audio web\n");
        terminal.wait();
    });
}
