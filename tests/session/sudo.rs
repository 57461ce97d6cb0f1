//! A real ssh login, and the real sudo in it: a group of the session opens `%sudo` of sudoers(5).

use crate::common::directory::password_of;
use crate::host;
use crate::machine::Machine;
use crate::ssh::{Method, Sshd};

/// Nobody but the group may do anything.
const SUDOERS: &str = "\
Defaults lecture=never
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL:ALL) ALL
";

fn set_up(machine: &Machine, services: &str) {
    machine.host.write("/etc/sudoers", 0o440, SUDOERS);
    machine.configure(&[
        ("session.local_groups", "sudo = \"is_superuser\""),
        ("services.sudo", services),
    ]);
}

fn methods(password: &str) -> [Method<'_>; 3] {
    [
        Method::Password(password),
        Method::KeyboardInteractive(password),
        Method::PublicKey,
    ]
}

/// The groups of the session, what sudo says that the user may do, and as whom a command runs.
fn script(user: &str) -> String {
    let password = password_of(user);
    let sudo = |what: &str| {
        format!("printf '%s\\n' {password} | sudo -k -S -p '' {what} 2>&1; echo \"=$?\"")
    };
    format!("id -nG; {}; {}", sudo("-l"), sudo("id -u"))
}

#[test]
fn a_superuser_is_in_the_group_sudo_and_may_do_everything_however_the_login_was_made() {
    host::run(|machine| {
        set_up(machine, "require = \"is_superuser\"");
        let sshd = Sshd::start("");
        for method in methods(&password_of("sue")) {
            let from = machine.host.log().len();
            let printed = sshd.login("sue", method, &script("sue")).assert_in();
            let lines: Vec<&str> = printed.lines().collect();
            let groups: Vec<&str> = lines[0].split(' ').collect();
            // sshd has set her own group and audio, which she is in by group(5), before.
            assert_eq!(groups, ["sue", "sudo", "audio"], "{method:?}: {printed}");
            assert!(
                printed.contains("(ALL : ALL) ALL\n=0\n0\n=0\n"),
                "{method:?}: {printed}"
            );
            let words = ["pam_rsldap(sshd:setcred): user=sue groups=sudo"];
            assert!(machine.host.find_in_log(from, &words).is_some());
        }
    });
}

#[test]
fn who_is_no_superuser_is_not_in_the_group_and_sudo_refuses() {
    host::run(|machine| {
        for services in ["require = \"is_superuser\"", ""] {
            set_up(machine, services);
            let sshd = Sshd::start("");
            for method in methods(&password_of("alice")) {
                let printed = sshd.login("alice", method, &script("alice")).assert_in();
                assert!(printed.starts_with("alice\n"), "{method:?}: {printed}");
                assert!(!printed.contains("ALL"), "{method:?}: {printed}");
                assert_eq!(
                    printed.matches("\n=1\n").count(),
                    2,
                    "{method:?}: {printed}"
                );
                // Without a gate for sudo, it is the group alone that is missing.
                let refused = printed.contains("alice is not allowed to run sudo")
                    || printed.contains("alice may not run sudo");
                assert_eq!(refused, services.is_empty(), "{method:?}: {printed}");
            }
        }
    });
}

/// man sudo.conf: "adaptive", the default, and "static" take the groups of the process; "dynamic" looks
/// into group(5), where the session's groups are not.
#[test]
fn sudo_takes_the_groups_of_the_session_unless_group_source_is_dynamic() {
    host::run(|machine| {
        set_up(machine, "require = \"is_superuser\"");
        let sshd = Sshd::start("");
        for (group_source, allowed) in [("adaptive", true), ("static", true), ("dynamic", false)] {
            let text = format!("Set group_source {group_source}\n");
            machine.host.write("/etc/sudo.conf", 0o644, &text);
            let printed = sshd
                .login("sue", Method::PublicKey, &script("sue"))
                .assert_in();
            assert_eq!(
                printed.contains("(ALL : ALL) ALL"),
                allowed,
                "{group_source}: {printed}"
            );
        }
    });
}

#[test]
fn during_an_outage_a_key_gives_a_session_without_the_groups() {
    host::run(|machine| {
        set_up(machine, "");
        let sshd = Sshd::start("");
        machine.slapd.stop();
        let from = machine.host.log().len();
        let printed = sshd.login("sue", Method::PublicKey, "id -nG").assert_in();
        assert_eq!(printed, "sue audio\n");
        let words = ["(sshd:setcred): groups of sue's session: unavailable: "];
        assert!(machine.host.find_in_log(from, &words).is_some());
    });
}
