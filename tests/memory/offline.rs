//! `offline.credentials`: logins while no server answers, and what takes them away.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::child::Task;
use crate::common::directory::{group_dn, user_dn};
use crate::common::pam::{
    PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS, PAM_USER_UNKNOWN,
};
use crate::damage::each_damage;
use crate::fixture::{STATE, Site, files, on_a_host};

pub const ON: (&str, &str) = ("offline", "credentials = true");

/// Alice logs in through sshd, and then the directory is gone.
fn granted_then_gone(site: &Site<'_>) {
    assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
    site.slapd.stop();
    site.skip_log();
}

fn verifier() -> PathBuf {
    files(STATE, "offline").remove(0)
}

#[test]
fn the_last_good_password_opens_the_account_in_an_outage_and_no_other_does() {
    on_a_host(&[ON], |site| {
        granted_then_gone(site);
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        let line = site.decision();
        for word in [
            "outcome=granted",
            "server=offline",
            "cause=refused",
            "as the directory granted on 20",
        ] {
            assert!(line.contains(word), "{word}: {line}");
        }
        assert_eq!(
            site.auth("sshd", "alice", "wrong"),
            PAM_AUTHINFO_UNAVAIL,
            "an error is no wrong password"
        );
        let line = site.decision();
        assert!(line.contains("wrong password, 1 of 5 in a row"), "{line}");
        // Nobody else, and nobody without a password.
        assert_eq!(site.auth("sshd", "bob", "bob-secret"), PAM_AUTHINFO_UNAVAIL);
        assert_eq!(site.auth("sshd", "alice", ""), PAM_AUTH_ERR);
        assert_eq!(site.account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
        // While the directory answers, it decides.
        site.slapd.restart();
        site.set("alice", "userPassword", "new-secret");
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_AUTH_ERR);
    });
}

#[test]
fn a_session_gets_the_flags_and_attributes_that_were_remembered() {
    on_a_host(&[ON], |site| {
        granted_then_gone(site);
        let mut client = site.client("sshd", "alice", "alice-secret");
        assert_eq!(client.authenticate(0), PAM_SUCCESS);
        // Taken over from auth, in the same transaction.
        assert_eq!(client.acct_mgmt(0), PAM_SUCCESS);
        assert_eq!(client.open_session(0), PAM_SUCCESS);
        let environment = client.getenvlist();
        assert_eq!(environment["RSLDAP_DN"], user_dn("alice"));
        assert_eq!(environment["RSLDAP_FLAGS"], "is_active,is_staff");
        assert_eq!(environment["RSLDAP_EMAIL"], "alice@example.com");
    });
}

#[test]
fn without_the_key_nothing_is_kept_and_what_was_kept_goes() {
    on_a_host(&[], |site| {
        granted_then_gone(site);
        assert_eq!(
            site.auth("sshd", "alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        assert_eq!(files(STATE, "offline").len(), 0);
        site.slapd.restart();
        site.configure(&[ON]);
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(files(STATE, "offline").len(), 1);
        site.configure(&[]);
        site.slapd.stop();
        assert_eq!(
            site.auth("sshd", "alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        site.slapd.restart();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(files(STATE, "offline").len(), 0);
    });
}

#[test]
fn the_files_are_roots_alone_and_show_no_password() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(site.auth("sshd", "bob", "bob-secret"), PAM_SUCCESS);
        for file in fs::read_dir(STATE).unwrap() {
            let file = file.unwrap();
            let found = file.metadata().unwrap();
            let name = file.file_name().into_string().unwrap();
            assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, 0), "{name}");
            assert!(!name.contains("alice"), "{name}");
            let text = fs::read(file.path()).unwrap();
            assert!(!String::from_utf8_lossy(&text).contains("secret"), "{name}");
        }
        let salts: Vec<String> = files(STATE, "offline")
            .iter()
            .map(|path| {
                let text = fs::read_to_string(path).unwrap();
                let line = text.lines().find(|line| line.starts_with("argon2id "));
                line.unwrap().split(' ').nth(4).unwrap().to_owned()
            })
            .collect();
        assert_eq!(salts.len(), 2);
        assert_ne!(salts[0], salts[1]);
    });
}

#[test]
fn five_wrong_passwords_shut_the_account_to_the_right_one_too() {
    on_a_host(&[ON], |site| {
        granted_then_gone(site);
        for number in 1..=5 {
            assert_eq!(site.auth("sshd", "alice", "wrong"), PAM_AUTHINFO_UNAVAIL);
            let line = site.decision();
            assert!(line.contains(&format!("{number} of 5")), "{line}");
        }
        for password in ["alice-secret", "wrong"] {
            let code = site.auth("sshd", "alice", password);
            assert_eq!(code, PAM_AUTHINFO_UNAVAIL);
            let line = site.decision();
            assert!(
                line.contains("5 wrong passwords; the next may come in"),
                "{line}"
            );
        }
        // The directory's own answer sets the count back.
        site.slapd.restart();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.slapd.stop();
        for _ in 0..4 {
            assert_eq!(site.auth("sshd", "alice", "wrong"), PAM_AUTHINFO_UNAVAIL);
        }
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        // So does a right password.
        for _ in 0..4 {
            assert_eq!(site.auth("sshd", "alice", "wrong"), PAM_AUTHINFO_UNAVAIL);
        }
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
    });
}

#[test]
fn a_grant_runs_out_and_is_erased() {
    on_a_host(
        &[("offline", "credentials = true\nexpire = \"4s\"")],
        |site| {
            granted_then_gone(site);
            assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
            thread::sleep(Duration::from_millis(4100));
            site.skip_log();
            assert_eq!(
                site.auth("sshd", "alice", "alice-secret"),
                PAM_AUTHINFO_UNAVAIL
            );
            let line = site.decision();
            assert!(line.contains("the last grant was on 20"), "{line}");
            assert_eq!(files(STATE, "offline").len(), 0);
        },
    );
}

#[test]
fn a_changed_password_erases_the_old_one_whichever_is_typed_first() {
    for first in ["alice-secret", "new-secret"] {
        on_a_host(&[ON], |site| {
            assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
            site.set("alice", "userPassword", "new-secret");
            // A wrong one that has never been right erases nothing.
            assert_eq!(site.auth("sshd", "alice", "wrong"), PAM_AUTH_ERR);
            assert_eq!(files(STATE, "offline").len(), 1);
            let is_new = first == "new-secret";
            let code = if is_new { PAM_SUCCESS } else { PAM_AUTH_ERR };
            assert_eq!(site.auth("sshd", "alice", first), code);
            assert_eq!(files(STATE, "offline").len(), usize::from(is_new));
            site.slapd.stop();
            assert_eq!(
                site.auth("sshd", "alice", "alice-secret"),
                PAM_AUTHINFO_UNAVAIL
            );
            let new = site.auth("sshd", "alice", "new-secret");
            let code = if is_new {
                PAM_SUCCESS
            } else {
                PAM_AUTHINFO_UNAVAIL
            };
            assert_eq!(new, code);
        });
    }
}

#[test]
fn a_refusal_by_the_directory_erases_it() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.membership("delete", "active", "alice");
        assert_eq!(site.account("sshd", "alice"), PAM_PERM_DENIED);
        assert_eq!(files(STATE, "offline").len(), 0);
        site.slapd.stop();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_PERM_DENIED);
    });
}

#[test]
fn a_user_who_is_deleted_is_forgotten() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.modify(&format!("dn: {}\nchangetype: delete\n", user_dn("alice")));
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_USER_UNKNOWN);
        assert_eq!(files(STATE, "offline").len(), 0);
    });
}

#[test]
fn a_service_with_a_gate_needs_a_grant_of_its_own() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "sue", "sue-secret"), PAM_SUCCESS);
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        // Refused by the gate of sudo: that is no business of sshd's.
        assert_eq!(site.auth("sudo", "alice", "alice-secret"), PAM_PERM_DENIED);
        site.slapd.stop();
        // su has the gates of sshd.
        assert_eq!(site.auth("su", "sue", "sue-secret"), PAM_SUCCESS);
        assert_eq!(site.auth("sudo", "sue", "sue-secret"), PAM_AUTHINFO_UNAVAIL);
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(site.auth("sudo", "alice", "alice-secret"), PAM_PERM_DENIED);
        site.slapd.restart();
        assert_eq!(site.auth("sudo", "sue", "sue-secret"), PAM_SUCCESS);
        site.slapd.stop();
        assert_eq!(site.auth("sudo", "sue", "sue-secret"), PAM_SUCCESS);
    });
}

#[test]
fn a_grant_of_a_service_is_taken_back_for_that_service_alone() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sudo", "sue", "sue-secret"), PAM_SUCCESS);
        site.membership("add", "superuser", "alice");
        site.membership("delete", "superuser", "sue");
        assert_eq!(site.account("sudo", "sue"), PAM_PERM_DENIED);
        site.slapd.stop();
        assert_eq!(site.auth("sshd", "sue", "sue-secret"), PAM_SUCCESS);
        // Were the refusal lost, there would still be no grant.
        fs::remove_file(&files(STATE, "refusals")[0]).unwrap();
        assert_eq!(site.auth("sudo", "sue", "sue-secret"), PAM_AUTHINFO_UNAVAIL);
    });
}

#[test]
fn a_grant_under_other_gates_is_none() {
    on_a_host(&[ON], |site| {
        granted_then_gone(site);
        let deny = format!("deny = \"{}\"", group_dn("superuser"));
        site.configure(&[ON, ("access", &deny)]);
        assert_eq!(
            site.auth("sshd", "alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        let line = site.decision();
        assert!(
            line.contains("has not granted this service with these gates"),
            "{line}"
        );
        // Nor is one whose flags would be others.
        site.configure(&[ON, ("+flags", "more = \"is_staff\"")]);
        assert_eq!(
            site.auth("sshd", "alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        site.configure(&[ON]);
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
    });
}

#[test]
fn no_byte_of_a_file_can_be_changed() {
    on_a_host(&[ON], |site| {
        granted_then_gone(site);
        let path = verifier();
        let good = fs::read(&path).unwrap();
        let mode = |path: &PathBuf| {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).unwrap();
            mode(&path);
            let code = site.auth("sshd", "alice", "alice-secret");
            assert_eq!(code, PAM_AUTHINFO_UNAVAIL, "byte {at}");
            assert!(!path.exists(), "byte {at}");
        }
        fs::write(&path, &good).unwrap();
        mode(&path);
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
    });
}

#[test]
fn what_is_no_file_of_ours_is_no_grant() {
    on_a_host(&[ON], |site| {
        granted_then_gone(site);
        let path = verifier();
        each_damage(&path, |title, _| {
            let code = site.auth("sshd", "alice", "alice-secret");
            assert_eq!(code, PAM_AUTHINFO_UNAVAIL, "{title}");
            let warning = site.next_line(&["counts as absent"]);
            assert!(warning.contains(".offline: "), "{title}: {warning}");
        });
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        // A file is about one user, and of one machine.
        let good = fs::read(&path).unwrap();
        site.slapd.restart();
        assert_eq!(site.auth("sshd", "bob", "bob-secret"), PAM_SUCCESS);
        site.slapd.stop();
        let others = files(STATE, "offline");
        let bobs = others.iter().find(|other| **other != path).unwrap();
        fs::copy(&path, bobs).unwrap();
        assert_eq!(
            site.auth("sshd", "bob", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        site.host.write(
            "/etc/machine-id",
            0o444,
            "00000000000000000000000000000001\n",
        );
        assert_eq!(
            site.auth("sshd", "alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        fs::write(&path, &good).unwrap();
        fs::write(format!("{STATE}/machine.key"), [7; 32]).unwrap();
        assert_eq!(
            site.auth("sshd", "alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        // With a new key, the next answer of the directory makes a new file.
        fs::write(format!("{STATE}/machine.key"), [7; 31]).unwrap();
        assert_eq!(
            site.auth("sshd", "alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        site.slapd.restart();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.slapd.stop();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
    });
}

#[test]
fn a_process_that_cannot_reach_a_server_for_its_own_reasons_is_no_outage() {
    on_a_host(&[ON], |site| {
        granted_then_gone(site);
        site.slapd.restart();
        let mut told = 0;
        // Somewhere between too few to load the module and enough for a login.
        for descriptors in 4..16 {
            let limit = format!("--nofile={descriptors}");
            let task = Task::new("alice", "alice-secret");
            task.start_with(site, &["prlimit", &limit]).finish_or_die();
            let log = site.host.log();
            told += log
                .iter()
                .filter(|line| line.contains("cause=host"))
                .count();
            let offline = log.iter().find(|line| line.contains("server=offline"));
            assert_eq!(offline, None, "{descriptors}");
        }
        assert!(told > 0, "{:#?}", site.host.log());
    });
}
