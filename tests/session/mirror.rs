//! `session.mirror_groups`: the groups of the user that exist here by the same name.

use crate::child::Task;
use crate::common::directory::{GROUPS, Ldif, group_dn, standard, user_dn};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::host;
use crate::machine::Machine;

const STAFF: u32 = 50;
const WEB: u32 = 62001;
const DB: u32 = 62002;
const ZOE: u32 = 62004;
const DOTTED: u32 = 62005;

fn mirrored(machine: &Machine, lines: &str) -> Vec<u32> {
    machine.configure(&[("session.mirror_groups", lines)]);
    let mut groups = Task::default().groups();
    groups.retain(|gid| ![0, 29].contains(gid));
    groups
}

#[test]
fn the_mode_says_which_groups_are_mirrored() {
    host::run(|machine| {
        let all = [WEB, DB, ZOE, DOTTED];
        for (lines, expected) in [
            ("mode = \"off\"", &[][..]),
            ("mode = \"off\"\nnames = [\"web\"]", &[]),
            ("mode = \"all\"", &all),
            ("mode = \"only\"", &[]),
            (
                "mode = \"only\"\nnames = [\"web\", \"zoë\", \"lonely\"]",
                &[WEB, ZOE],
            ),
            ("mode = \"except\"\nnames = [\"web\"]", &[DB, ZOE, DOTTED]),
            ("mode = \"except\"", &all),
            ("mode = \"all\"\nmin_gid = 62002", &[DB, ZOE, DOTTED]),
            ("mode = \"all\"\nmin_gid = 4294967295", &[]),
        ] {
            assert_eq!(mirrored(machine, lines), expected, "{lines}");
        }
    });
}

/// The directory has root, sudo, docker, lxd, shadow, disk and adm, with sue in all of them; docker and
/// lxd have a high gid here.
#[test]
fn a_privileged_group_of_the_directory_gives_nothing_unless_it_is_named() {
    host::run(|machine| {
        let all = "mode = \"all\"\nmin_gid = 0";
        assert_eq!(mirrored(machine, all), [STAFF, 900, WEB, DB, ZOE, DOTTED]);
        let only = "mode = \"only\"\nnames = [\"root\", \"sudo\", \"docker\", \"lxd\", \"adm\"]\nmin_gid = 0";
        assert!(mirrored(machine, only).is_empty());
        machine.configure(&[
            ("session.mirror_groups", all),
            (
                "session.local_groups",
                "docker = \"is_superuser\"\nadm = \"is_superuser\"",
            ),
        ]);
        let expected = [0, 4, 29, STAFF, 900, WEB, DB, ZOE, DOTTED, 62010];
        assert_eq!(Task::default().groups(), expected);
        // alice is no superuser, whatever the groups of the directory are called.
        let alice = Task {
            user: "alice",
            ..Task::default()
        };
        assert_eq!(alice.groups(), [0, 29, STAFF, 900, WEB, DB, ZOE, DOTTED]);
    });
}

/// bob is an account here; a group of that name in the directory would open his files.
#[test]
fn the_group_of_another_account_is_not_mirrored() {
    host::run(|machine| {
        let only = "mode = \"only\"\nnames = [\"bob\"]";
        assert!(mirrored(machine, only).is_empty());
    });
}

#[test]
fn a_user_without_groups_or_without_access_gets_none() {
    host::run(|machine| {
        machine.configure(&[("session.mirror_groups", "mode = \"all\"")]);
        for user in ["bob", "carol", "dave", "root"] {
            let task = Task {
                user,
                ..Task::default()
            };
            assert_eq!(task.groups(), [0, 29], "{user}");
        }
    });
}

#[test]
fn one_search_for_each_base_finds_the_groups_and_none_is_made_where_they_are_not_mirrored() {
    host::run(|machine| {
        let group = format!(
            "type = \"group_of_names\"\nsearch = [{{ base = \"{GROUPS}\" }}, {{ base = \"cn=web,{GROUPS}\" }}, \
             {{ base = \"{GROUPS}\", filter = \"(cn=d*)\", scope = \"onelevel\" }}]"
        );
        let count = |mode: &str| {
            let mode = format!("mode = \"{mode}\"");
            machine.configure(&[
                ("group", &group),
                ("session.local_groups", "adm = \"is_staff\""),
                ("session.mirror_groups", &mode),
            ]);
            let watch = machine.slapd.watch();
            let groups = Task::default().groups();
            (groups, watch.operations().searches.len())
        };
        let (without, searches) = count("off");
        assert_eq!(without, [0, 4, 29]);
        let (with, more) = count("all");
        assert_eq!(with, [0, 4, 29, WEB, DB, ZOE, DOTTED]);
        assert_eq!(more, searches + 3);
    });
}

#[test]
fn a_base_that_does_not_exist_costs_the_mirrored_groups_and_not_the_login() {
    host::run(|machine| {
        let group = "search = [{ base = \"ou=missing,dc=example,dc=com\" }]";
        machine.configure(&[
            ("group", group),
            ("session.mirror_groups", "mode = \"all\""),
            ("session.local_groups", "adm = \"is_staff\""),
        ]);
        let from = machine.host.log().len();
        let task = Task {
            password: Some("sue-secret"),
            ..Task::default()
        };
        assert_eq!(task.groups(), [0, 4, 29]);
        machine.assert_logged(from, "sshd:auth", "sue", "granted");
        let words = [
            "groups of sue's session: search below ou=missing",
            "noSuchObject",
        ];
        assert!(machine.host.find_in_log(from, &words).is_some());
    });
}

#[test]
fn groups_of_posix_type_are_found_by_name_and_by_primary_gid() {
    host::run(|machine| {
        let mut ldif = crate::common::directory::standard();
        ldif.user(
            "pat",
            &[
                ("objectClass", "posixAccount"),
                ("uidNumber", "61009"),
                ("gidNumber", "7001"),
                ("homeDirectory", "/home/pat"),
            ],
        );
        for (name, gid, member) in [
            ("web", "7001", "x"),
            ("db", "7002", "pat"),
            ("ops", "7003", "y"),
        ] {
            let attributes = [
                ("objectClass", "posixGroup"),
                ("gidNumber", gid),
                ("memberUid", member),
            ];
            ldif.entry(&format!("cn={name},{GROUPS}"), &attributes);
        }
        ldif.entry(
            &format!("cn=in,{GROUPS}"),
            &[
                ("objectClass", "posixGroup"),
                ("gidNumber", "7004"),
                ("memberUid", "pat"),
            ],
        );
        let slapd = Slapd::start(&SlapdOptions {
            ldif: ldif.text().to_owned(),
            ..SlapdOptions::default()
        });
        let text = slapd.config_text(&[
            (
                "group",
                &format!("type = \"posix_group\"\nsearch = [{{ base = \"{GROUPS}\" }}]"),
            ),
            ("flags", &format!("is_active = \"cn=in,{GROUPS}\"")),
            ("session.mirror_groups", "mode = \"all\""),
        ]);
        machine
            .host
            .write("/etc/pam_rsldap/config.toml", 0o644, &text);
        let task = Task {
            user: "pat",
            ..Task::default()
        };
        assert_eq!(task.groups(), [0, 29, WEB, DB]);
    });
}

/// sue is in db, db is in web, and web is in db again; bob is in none.
#[test]
fn with_nesting_the_groups_of_groups_are_mirrored_too() {
    let (db, web) = (group_dn("db"), group_dn("web"));
    let mut ldif = standard();
    ldif.group("db", &[&user_dn("sue"), &web]);
    ldif.group("web", &[&db]);
    ldif.group("ops", &[&user_dn("alice")]);
    let slapd = Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        ..SlapdOptions::default()
    });
    host::run(|machine| {
        for (nested, expected) in [(false, &[0, 29, DB][..]), (true, &[0, 29, WEB, DB])] {
            let group = format!("nested = {nested}\nsearch = [{{ base = \"{GROUPS}\" }}]");
            let text = slapd.config_text(&[
                ("group", &group),
                ("session.mirror_groups", "mode = \"all\""),
            ]);
            let path = "/etc/pam_rsldap/config.toml";
            machine.host.write(path, 0o644, &text);
            assert_eq!(Task::default().groups(), expected, "{nested}");
            let bob = Task {
                user: "bob",
                ..Task::default()
            };
            assert_eq!(bob.groups(), [0, 29], "{nested}");
        }
    });
}

/// The names are those of the groups' own entries. slapadd(8) runs no overlay, so `memberOf` is in the LDIF.
#[test]
fn the_groups_of_member_of_are_mirrored_where_a_search_reaches_them() {
    let mut ldif = Ldif::tree();
    let elsewhere = "cn=ops,ou=users,dc=example,dc=com";
    let [active, web] = ["active", "web"].map(group_dn);
    let gone = group_dn("db");
    let member_of = [active.as_str(), &web, &gone, elsewhere].map(|dn| ("memberOf", dn));
    ldif.user("sue", &member_of);
    let sue = user_dn("sue");
    ldif.group("active", &[&sue]).group("web", &[&sue]);
    let ops = [("objectClass", "groupOfNames"), ("member", sue.as_str())];
    ldif.entry(elsewhere, &ops);
    let slapd = Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: "moduleload memberof".to_owned(),
        database: "overlay memberof".to_owned(),
        ..SlapdOptions::default()
    });
    host::run(|machine| {
        let group = format!("type = \"member_of\"\nsearch = [{{ base = \"{GROUPS}\" }}]");
        let flags = format!("is_active = \"{active}\"");
        let text = slapd.config_text(&[
            ("group", &group),
            ("flags", &flags),
            ("session.mirror_groups", "mode = \"all\""),
        ]);
        let path = "/etc/pam_rsldap/config.toml";
        machine.host.write(path, 0o644, &text);
        assert_eq!(Task::default().groups(), [0, 29, WEB]);
    });
}
