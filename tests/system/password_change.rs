//! Changing passwords with the real passwd(1), and in the middle of real ssh logins; what users are
//! told on their terminal, and how often the directory sees a wrong password.

use std::process::Command;

use crate::common::directory::{BASE, Ldif, password_of, user_dn};
use crate::common::need;
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::machine::{Machine, shipped};
use crate::private_host::LOCAL_PASSWORD;
use crate::ssh::{Method, Sshd};
use crate::terminal::Terminal;

const NEW: &str = "Quite-new-7-secret";

/// alice has a password that an administrator has set, bob's must be long, and sue's runs out.
fn directory() -> SlapdOptions {
    let mut ldif = Ldif::tree();
    let policies = format!("ou=policies,{BASE}");
    let policy = |name: &str| format!("cn={name},{policies}");
    ldif.entry(&policies, &[("objectClass", "organizationalUnit")]);
    for (name, settings) in [
        (
            "default",
            &[("pwdLockout", "TRUE"), ("pwdMaxFailure", "20")][..],
        ),
        ("reset", &[("pwdMustChange", "TRUE")]),
        ("long", &[("pwdMinLength", "12"), ("pwdCheckQuality", "2")]),
        // Warns for as long as the password lives.
        (
            "old",
            &[
                ("pwdMaxAge", "2000000000"),
                ("pwdExpireWarning", "2000000000"),
            ],
        ),
    ] {
        let mut attributes = vec![
            ("objectClass", "device"),
            ("objectClass", "pwdPolicy"),
            ("pwdAttribute", "userPassword"),
        ];
        attributes.extend(settings);
        ldif.entry(&policy(name), &attributes);
    }
    let (reset, long, old) = (policy("reset"), policy("long"), policy("old"));
    ldif.user(
        "alice",
        &[("pwdPolicySubentry", &reset), ("pwdReset", "TRUE")],
    );
    ldif.user("bob", &[("pwdPolicySubentry", &long)]);
    ldif.user(
        "sue",
        &[
            ("pwdPolicySubentry", &old),
            ("pwdChangedTime", "20200101000000Z"),
        ],
    );
    ldif.user("carol", &[]);
    let members = ["alice", "bob", "sue", "carol"].map(user_dn);
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    for name in ["active", "staff", "superuser"] {
        ldif.group(name, &members);
    }
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: "moduleload ppolicy\n".to_owned(),
        database: format!("overlay ppolicy\nppolicy_default {}\n", policy("default")),
        ..SlapdOptions::default()
    }
}

fn run<T: Send>(body: impl FnOnce(&Machine) -> T + Send) -> T {
    Machine::run_with(&directory(), |machine| {
        machine
            .host
            .write("/etc/pam.d/passwd", 0o644, &shipped("common-password"));
        body(machine)
    })
}

fn passwd(machine: &Machine, user: &str) -> Terminal {
    need("passwd", "passwd");
    Terminal::start(machine.command_as(user, "/usr/bin/passwd"))
}

/// Whether this is the user's password in the directory.
fn is_password(slapd: &Slapd, user: &str, password: &str) -> bool {
    let status = Command::new(need("ldapwhoami", "ldap-utils"))
        .args([
            "-x",
            "-H",
            &slapd.uri(),
            "-D",
            &user_dn(user),
            "-w",
            password,
        ])
        .output()
        .expect("ldapwhoami runs");
    status.status.success()
}

fn shadow(user: &str) -> String {
    let text = std::fs::read_to_string("/etc/shadow").expect("the private file");
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{user}:")));
    line.expect("a line").to_owned()
}

#[test]
fn passwd_changes_the_password_in_the_directory_and_leaves_the_local_one() {
    run(|machine| {
        let local = shadow("bob");
        let from = machine.host.log().len();
        let mut terminal = passwd(machine, "bob");
        terminal
            .expect("Current password: ")
            .line(&password_of("bob"));
        terminal.expect("New password: ").line("short");
        terminal.expect("Retype new password: ").line("short");
        terminal.expect("The new password is too short.");
        assert!(!terminal.wait().success());
        machine.assert_logged(from, "passwd:chauthtok", "bob", "rejected");

        let from = machine.host.log().len();
        let mut terminal = passwd(machine, "bob");
        terminal
            .expect("Current password: ")
            .line(&password_of("bob"));
        terminal.expect("New password: ").line(NEW);
        terminal.expect("Retype new password: ").line(NEW);
        terminal.expect("password updated successfully");
        assert!(terminal.wait().success());
        machine.assert_logged(from, "passwd:chauthtok", "bob", "changed");
        assert!(is_password(machine.slapd, "bob", NEW));
        assert_eq!(shadow("bob"), local, "bob has a local password too");
        let log = machine.host.log().concat();
        assert!(!log.contains(NEW) && !log.contains(&password_of("bob")));
    });
}

#[test]
fn a_wrong_old_password_changes_nothing_anywhere() {
    run(|machine| {
        let local = shadow("bob");
        // The local password is not the one that counts.
        for typed in ["wrong", LOCAL_PASSWORD] {
            let from = machine.host.log().len();
            let mut terminal = passwd(machine, "bob");
            terminal.expect("Current password: ").line(typed);
            terminal.expect("password unchanged");
            assert!(!terminal.wait().success());
            assert!(
                !terminal.text().contains("New password"),
                "{}",
                terminal.text()
            );
            machine.assert_logged(from, "passwd:chauthtok", "bob", "bad_password");
        }
        assert_eq!(shadow("bob"), local);
        assert!(is_password(machine.slapd, "bob", &password_of("bob")));
    });
}

#[test]
fn passwd_changes_the_local_password_of_a_local_user_as_before() {
    run(|machine| {
        let local = shadow("dave");
        let mut terminal = passwd(machine, "dave");
        terminal.expect("Current password: ").line(LOCAL_PASSWORD);
        terminal.expect("New password: ").line(NEW);
        terminal.expect("Retype new password: ").line(NEW);
        terminal.expect("password updated successfully");
        assert!(terminal.wait().success());
        assert_ne!(shadow("dave"), local);
    });
}

#[test]
fn a_new_password_that_pam_pwquality_does_not_like_never_reaches_the_directory() {
    // What is missing says "Module is unknown" here: apt-get install libpam-pwquality
    run(|machine| {
        let lines: String = shipped("system-auth")
            .lines()
            .filter(|line| line.starts_with("password"))
            .flat_map(|line| [line, "\n"])
            .collect();
        machine.host.write("/etc/pam.d/passwd", 0o644, &lines);
        for (user, old) in [
            ("bob", password_of("bob")),
            ("dave", LOCAL_PASSWORD.to_owned()),
        ] {
            let local = shadow(user);
            let watch = machine.slapd.watch();
            let mut terminal = passwd(machine, user);
            terminal.expect("Current password: ").line(&old);
            terminal.expect("New password: ").line("aaaaaaaaaaaaaaa");
            terminal.expect("BAD PASSWORD");
            assert!(!terminal.wait().success());
            let operations = watch.operations();
            assert!(!operations.lines.concat().contains("PASSMOD"));
            let mut terminal = passwd(machine, user);
            terminal.expect("Current password: ").line(&old);
            terminal.expect("New password: ").line(NEW);
            terminal.expect("Retype new password: ").line(NEW);
            terminal.expect("password updated successfully");
            assert!(terminal.wait().success());
            assert_eq!(shadow(user) == local, user == "bob", "{user}");
        }
        assert!(is_password(machine.slapd, "bob", NEW));
    });
}

#[test]
fn root_is_told_that_it_does_not_set_directory_passwords() {
    run(|machine| {
        let local = shadow("bob");
        let mut command = Command::new("/usr/bin/passwd");
        command.arg("bob");
        let mut terminal = Terminal::start(command);
        terminal.expect("root does not set the passwords of directory users here");
        assert!(!terminal.wait().success());
        assert_eq!(shadow("bob"), local);
        // A local user's it does.
        let mut command = Command::new("/usr/bin/passwd");
        command.arg("dave");
        let mut terminal = Terminal::start(command);
        terminal.expect("New password: ").line(NEW);
        terminal.expect("Retype new password: ").line(NEW);
        assert!(terminal.wait().success(), "{}", terminal.text());
        machine.configure(&[("password", "prohibit_message = \"Go to the help desk.\"")]);
        let mut terminal = passwd(machine, "bob");
        terminal.expect("Go to the help desk.");
        assert!(!terminal.wait().success());
        assert_eq!(shadow("bob"), local);
    });
}

#[test]
fn without_its_directory_nobodys_password_is_changed() {
    run(|machine| {
        let local = shadow("bob");
        machine.slapd.stop();
        let mut terminal = passwd(machine, "bob");
        terminal.expect("Your password is unchanged: try again later.");
        assert!(!terminal.wait().success());
        assert_eq!(shadow("bob"), local);
    });
}

#[test]
fn an_ssh_dialogue_has_the_password_changed_and_goes_on() {
    run(|machine| {
        let sshd = Sshd::start("");
        let from = machine.host.log().len();
        let mut terminal = sshd.dialogue("alice", "keyboard-interactive", "echo in as $RSLDAP_DN");
        terminal.expect("Password: ").line(&password_of("alice"));
        terminal.expect("You have to change your password now.");
        terminal
            .expect("Current password: ")
            .line(&password_of("alice"));
        terminal.expect("New password: ").line(NEW);
        terminal.expect("Retype new password: ").line(NEW);
        terminal.expect(&format!("in as {}", user_dn("alice")));
        assert!(terminal.wait().success());
        machine.assert_logged(from, "sshd:auth", "alice", "must_change");
        machine.assert_logged(from, "sshd:account", "alice", "must_change");
        machine.assert_logged(from, "sshd:chauthtok", "alice", "changed");
        let said = terminal.text();
        assert_eq!(said.matches("You have to change").count(), 1, "{said}");
        assert!(is_password(machine.slapd, "alice", NEW));
        // The next login is like any other.
        sshd.login("alice", Method::Password(NEW), "id").assert_in();
        sshd.login("alice", Method::PublicKey, "id").assert_in();
    });
}

#[test]
fn a_change_that_is_refused_in_the_dialogue_is_no_login() {
    run(|machine| {
        let sshd = Sshd::start("");
        let mut terminal = sshd.dialogue("alice", "keyboard-interactive", "echo in");
        terminal.expect("Password: ").line(&password_of("alice"));
        terminal.expect("Current password: ").line("wrong");
        terminal.expect("Permission denied");
        terminal.wait();
        assert!(!terminal.text().contains("\nin\n"), "{}", terminal.text());
        assert!(is_password(machine.slapd, "alice", &password_of("alice")));
    });
}

#[test]
fn after_a_password_sshd_has_passwd_change_it_before_anything_else() {
    run(|machine| {
        let sshd = Sshd::start("");
        let mut terminal = sshd.dialogue("alice", "password", "echo in");
        terminal.expect("password: ").line(&password_of("alice"));
        // sshd's own words; those of the account phase it shows to shells alone.
        terminal.expect("You must change your password now and log");
        terminal.expect("in again!");
        terminal
            .expect("Current password: ")
            .line(&password_of("alice"));
        terminal.expect("New password: ").line(NEW);
        terminal.expect("Retype new password: ").line(NEW);
        terminal.expect("password updated successfully");
        terminal.wait();
        assert!(!terminal.text().contains("\nin\n"), "{}", terminal.text());
        sshd.login("alice", Method::Password(NEW), "id").assert_in();
        machine.assert_logged(0, "passwd:chauthtok", "alice", "changed");
    });
}

#[test]
fn a_password_that_runs_out_is_told_once_by_every_way_in_and_never_to_strangers() {
    run(|machine| {
        let sshd = Sshd::start("");
        let warning = "Your password will expire in ";
        for method in ["keyboard-interactive", "password"] {
            // (For a password, sshd shows messages to a shell alone.)
            let mut terminal = sshd.dialogue("sue", method, "");
            terminal.expect("assword: ").line(&password_of("sue"));
            terminal.expect("$ ").line("echo i\"\"n; exit");
            terminal.expect("\nin\n");
            terminal.wait();
            let said = terminal.text();
            assert_eq!(said.matches(warning).count(), 1, "{method}: {said}");
            assert!(said.contains(" days."), "{said}");

            let mut terminal = sshd.dialogue("sue", method, "echo in");
            terminal.expect("assword: ").line("wrong");
            terminal.expect("Permission denied");
            terminal.wait();
            let said = terminal.text();
            assert!(!said.contains("Your password"), "{method}: {said}");
        }
        let _ = machine;
    });
}

#[test]
fn six_wrong_passwords_are_six_binds_and_count_six_times() {
    run(|machine| {
        for method in ["password", "keyboard-interactive"] {
            let sshd = Sshd::start("MaxAuthTries 6");
            let watch = machine.slapd.watch();
            let before = failures(machine.slapd, "carol");
            let mut terminal =
                sshd.dialogue_with("carol", method, "id", "NumberOfPasswordPrompts=6");
            for number in 0..6 {
                terminal
                    .expect("assword: ")
                    .line(&format!("wrong-{number}"));
            }
            terminal.wait();
            let operations = watch.operations();
            assert_eq!(operations.binds_as(&user_dn("carol")), 6, "{operations:#?}");
            assert_eq!(failures(machine.slapd, "carol") - before, 6, "{method}");
        }
    });
}

/// How many wrong passwords the directory has counted.
fn failures(slapd: &Slapd, user: &str) -> usize {
    let output = Command::new(need("ldapsearch", "ldap-utils"))
        .args([
            "-x",
            "-LLL",
            "-H",
            &slapd.uri(),
            "-s",
            "base",
            "-b",
            &user_dn(user),
        ])
        .args([
            "-D",
            &format!("cn=manager,{BASE}"),
            "-w",
            "manager",
            "pwdFailureTime",
        ])
        .output()
        .expect("ldapsearch runs");
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.matches("pwdFailureTime: ").count()
}
