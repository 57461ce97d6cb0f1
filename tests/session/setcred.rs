//! pam_setcred(3): which groups are added, and that nothing goes wrong where none can be.

use crate::child::Task;
use crate::common::directory::{GROUPS, group_dn, password_of};
use crate::common::pam::{
    PAM_DELETE_CRED, PAM_ESTABLISH_CRED, PAM_REFRESH_CRED, PAM_REINITIALIZE_CRED, PAM_SILENT,
};
use crate::host;
use crate::machine::Machine;

const SUDO: u32 = 27;
const ADM: u32 = 4;
const WEB: u32 = 62001;
const NGROUPS_MAX: usize = 65_536;

/// Linux keeps the groups of a process in the order of their numbers.
fn sorted(mut groups: Vec<u32>) -> Vec<u32> {
    groups.sort_unstable();
    groups
}

fn configure(machine: &Machine, local_groups: &str) {
    machine.configure(&[("session.local_groups", local_groups)]);
}

#[test]
fn groups_are_added_by_query_to_those_that_are_there() {
    host::run(|machine| {
        configure(
            machine,
            "sudo = \"is_superuser\"\nadm = \"is_staff\"\nweb = { not = \"is_staff\" }",
        );
        let groups = |user: &str, password: Option<&str>| {
            let task = Task {
                user,
                password,
                ..Task::default()
            };
            task.groups()
        };
        for password in [None, Some(password_of("sue"))] {
            let from = machine.host.log().len();
            let sue = groups("sue", password.as_deref());
            assert_eq!(sue, [0, ADM, SUDO, 29]);
            let line = machine
                .host
                .find_in_log(from, &["pam_rsldap(sshd:setcred)"]);
            let line = line.expect("a line about the groups");
            assert!(line.ends_with(": user=sue groups=adm,sudo"), "{line}");
        }
        assert_eq!(groups("alice", None), [0, ADM, 29]);
        assert_eq!(groups("alice", Some("alice-secret")), [0, ADM, 29]);
        assert_eq!(groups("bob", None), [0, 29, WEB]);
        // Not active, not in the directory, exempt.
        for user in ["carol", "dave", "root", "daemon"] {
            assert_eq!(groups(user, None), [0, 29], "{user}");
        }
    });
}

#[test]
fn the_directory_is_asked_once_in_a_process_and_not_at_all_after_auth() {
    host::run(|machine| {
        configure(machine, "sudo = \"is_superuser\"");
        let flags = vec![
            PAM_ESTABLISH_CRED,
            PAM_REINITIALIZE_CRED | PAM_SILENT,
            PAM_REFRESH_CRED,
            PAM_DELETE_CRED,
        ];
        let password = password_of("sue");
        for password in [None, Some(password.as_str())] {
            let task = Task {
                password,
                flags: flags.clone(),
                ..Task::default()
            };
            let watch = machine.slapd.watch();
            assert_eq!(task.groups(), [0, SUDO, 29]);
            let operations = watch.operations();
            assert_eq!(operations.connections, 1, "{operations:#?}");
        }
    });
}

#[test]
fn deleting_and_refreshing_credentials_does_nothing() {
    host::run(|machine| {
        configure(machine, "sudo = \"is_superuser\"");
        for flags in [PAM_DELETE_CRED, PAM_REFRESH_CRED, PAM_SILENT] {
            let watch = machine.slapd.watch();
            let task = Task {
                flags: vec![flags],
                ..Task::default()
            };
            assert_eq!(task.groups(), [0, 29]);
            assert!(watch.operations().nothing());
        }
        let task = Task {
            flags: vec![PAM_ESTABLISH_CRED, PAM_DELETE_CRED],
            ..Task::default()
        };
        assert_eq!(task.groups(), [0, SUDO, 29]);
    });
}

#[test]
fn without_the_directory_there_are_no_groups_and_a_line_in_the_log() {
    host::run(|machine| {
        configure(machine, "sudo = \"is_superuser\"");
        machine.slapd.stop();
        let from = machine.host.log().len();
        assert_eq!(Task::default().groups(), [0, 29]);
        let words = ["pam_rsldap(sshd:setcred): groups of sue's session: unavailable: "];
        assert!(machine.host.find_in_log(from, &words).is_some());
        // Nobody's business where no groups are given.
        machine.configure(&[]);
        let from = machine.host.log().len();
        assert_eq!(Task::default().groups(), [0, 29]);
        assert_eq!(machine.host.log().len(), from);
    });
}

#[test]
fn a_group_that_does_not_exist_here_is_logged_and_the_others_are_added() {
    host::run(|machine| {
        configure(machine, "ghost = \"is_active\"\nsudo = \"is_superuser\"");
        let from = machine.host.log().len();
        assert_eq!(Task::default().groups(), [0, SUDO, 29]);
        let words = [
            "session.local_groups.ghost: there is no such group",
            "groupadd ghost",
        ];
        let line = machine.host.find_in_log(from, &words);
        // authpriv.warning
        assert!(line.is_some_and(|line| line.starts_with("<84>")));
    });
}

#[test]
fn a_group_of_the_directory_that_does_not_exist_gives_no_local_group() {
    host::run(|machine| {
        let missing = format!("cn=missing,{GROUPS}");
        let lines = format!("adm = \"{missing}\"\nweb = {{ not = \"{missing}\" }}");
        configure(machine, &format!("{lines}\nsudo = \"is_superuser\""));
        assert_eq!(Task::default().groups(), [0, SUDO, 29]);
    });
}

#[test]
fn as_many_groups_as_there_is_room_for_are_added_the_named_ones_first() {
    const FIRST: u32 = 100_000;
    host::run(|machine| {
        machine.configure(&[
            (
                "session.local_groups",
                "sudo = \"is_superuser\"\nadm = \"is_staff\"",
            ),
            (
                "session.mirror_groups",
                "mode = \"only\"\nnames = [\"web\"]",
            ),
        ]);
        let full = |count: usize| {
            let last = FIRST + u32::try_from(count).unwrap();
            let task = Task {
                before: (FIRST..last).collect(),
                ..Task::default()
            };
            let mut groups = task.groups();
            let added = groups.iter().take_while(|gid| **gid < FIRST).count();
            assert_eq!(groups.len(), count + added);
            groups.truncate(added);
            groups
        };
        let from = machine.host.log().len();
        assert_eq!(full(NGROUPS_MAX - 3), [ADM, SUDO, WEB]);
        assert!(full(NGROUPS_MAX).is_empty());
        let words = ["no room for 3 of the session's groups, NGROUPS_MAX is 65536: adm,sudo,web"];
        assert!(machine.host.find_in_log(from, &words).is_some());
        let from = machine.host.log().len();
        assert_eq!(full(NGROUPS_MAX - 2), [ADM, SUDO]);
        let words = ["no room for 1 of the session's groups, NGROUPS_MAX is 65536: web"];
        assert!(machine.host.find_in_log(from, &words).is_some());
    });
}

#[test]
fn a_process_that_is_not_roots_gets_no_groups_and_no_error() {
    host::run(|machine| {
        machine.host.write(
            "/etc/pam_rsldap/bind-password",
            0o644,
            crate::common::directory::SERVICE_PASSWORD,
        );
        let stack = std::fs::read_to_string("/etc/pam.d/sshd").unwrap();
        let debug = stack.replace("pam_rsldap.so", "pam_rsldap.so debug");
        machine.host.write("/etc/pam.d/sshd", 0o644, &debug);
        configure(machine, "sudo = \"is_superuser\"");
        let from = machine.host.log().len();
        let watch = machine.slapd.watch();
        let task = Task {
            uid: 61004,
            ..Task::default()
        };
        assert_eq!(task.groups(), [0, 29]);
        assert!(watch.operations().nothing());
        let words = ["pam_rsldap(sshd:setcred): no groups for the session: uid 61004"];
        assert!(machine.host.find_in_log(from, &words).is_some());
    });
}

#[test]
fn sudo_for_another_user_asks_about_that_user_and_its_gate() {
    host::run(|machine| {
        configure(machine, "web = \"is_active\"");
        let task = |user| Task {
            user,
            service: "sudo",
            flags: vec![PAM_REINITIALIZE_CRED],
            ..Task::default()
        };
        // [services.sudo] asks for a superuser.
        assert_eq!(task("sue").groups(), [0, 29, WEB]);
        assert_eq!(task("alice").groups(), [0, 29]);
        let watch = machine.slapd.watch();
        assert_eq!(task("root").groups(), [0, 29]);
        assert!(watch.operations().nothing());
    });
}

#[test]
fn a_group_that_the_service_account_may_not_read_gives_nothing() {
    host::run(|machine| {
        configure(
            machine,
            &format!("web = \"{}\"\nadm = \"is_staff\"", group_dn("nobody-home")),
        );
        assert_eq!(sorted(Task::default().groups()), [0, ADM, 29]);
    });
}
