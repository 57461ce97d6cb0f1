//! `cache.groups`: what a login costs with it, and what it may not change.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::common::directory::{USERS, group_dn, user_dn};
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS,
};
use crate::fixture::{RUN, files, on_a_host};

const ON: (&str, &str) = ("cache", "groups = \"1h\"");

#[test]
fn without_a_cache_every_gate_is_live() {
    on_a_host(&[], |site| {
        for _ in 0..2 {
            let watch = site.slapd.watch();
            assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
            let operations = watch.operations();
            assert_eq!(operations.questions_about(&group_dn("active")), 1);
            assert_eq!(operations.questions_about(USERS), 1);
        }
        assert_eq!(files(RUN, "cache").len(), 0);
        site.membership("delete", "active", "alice");
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_PERM_DENIED);
    });
}

#[test]
fn with_a_cache_a_login_costs_the_bind_of_the_user_alone() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert!(!site.decision().contains("cache="));
        let watch = site.slapd.watch();
        assert_eq!(site.auth("su", "alice", "alice-secret"), PAM_SUCCESS);
        let line = site.decision();
        assert!(line.contains("outcome=granted"), "{line}");
        assert!(line.contains(" cache=hit"), "{line}");
        let operations = watch.operations();
        assert_eq!(operations.binds, [user_dn("alice")], "{operations:?}");
        assert_eq!(operations.searches, []);
        assert_eq!(operations.compares, []);
        assert_eq!(operations.connections, 1);
    });
}

#[test]
fn with_a_cache_the_account_phase_costs_nothing() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        let watch = site.slapd.watch();
        let mut client = site.client("sshd", "alice", "");
        assert_eq!(client.acct_mgmt(0), PAM_SUCCESS);
        assert_eq!(client.open_session(0), PAM_SUCCESS);
        let environment = client.getenvlist();
        assert_eq!(environment["RSLDAP_FLAGS"], "is_active,is_staff");
        assert_eq!(environment["RSLDAP_FIRST_NAME"], "alice");
        assert!(watch.operations().nothing(), "{:?}", watch.operations());
        site.slapd.stop();
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        // What was never asked has to be.
        assert_eq!(site.account("sshd", "bob"), PAM_AUTHINFO_UNAVAIL);
    });
}

#[test]
fn the_files_are_roots_alone_and_hold_no_password() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        let file = &files(RUN, "cache")[0];
        let (directory, found) = (fs::metadata(RUN).unwrap(), fs::metadata(file).unwrap());
        assert_eq!((directory.mode() & 0o7777, directory.uid()), (0o700, 0));
        assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, 0));
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(name.len() == 64 && !name.contains("alice"), "{name}");
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("user alice"), "{text}");
        assert!(!text.contains("secret"), "{text}");
        assert!(!text.to_ascii_lowercase().contains("userpassword"));
    });
}

#[test]
fn a_wrong_password_is_sent_once() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        let watch = site.slapd.watch();
        assert_eq!(site.auth("sshd", "alice", "wrong"), PAM_AUTH_ERR);
        let operations = watch.operations();
        assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{operations:?}");
        // The next right one has the cache.
        let watch = site.slapd.watch();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(watch.operations().searches, []);
    });
}

#[test]
fn an_entry_that_has_moved_is_found_where_it_is() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.modify(&format!(
            "dn: {}\nchangetype: modrdn\nnewrdn: cn=alice\ndeleteoldrdn: 0\n",
            user_dn("alice")
        ));
        let moved = format!("cn=alice,{USERS}");
        site.modify(&format!(
            "dn: {}\nchangetype: modify\nadd: member\nmember: {moved}\n",
            group_dn("active")
        ));
        let watch = site.slapd.watch();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        let operations = watch.operations();
        assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{operations:?}");
        assert_eq!(operations.binds_as(&moved), 1, "{operations:?}");
        // From now on under the new name.
        let watch = site.slapd.watch();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(watch.operations().binds, [moved]);
    });
}

#[test]
fn nobody_is_refused_by_what_is_remembered() {
    on_a_host(&[ON], |site| {
        // Among the answers: alice is no superuser.
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.membership("add", "superuser", "alice");
        let watch = site.slapd.watch();
        assert_eq!(site.auth("sudo", "alice", "alice-secret"), PAM_SUCCESS);
        let operations = watch.operations();
        assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{operations:?}");
        site.skip_log();
        assert_eq!(site.account("sudo", "alice"), PAM_SUCCESS);
        assert!(site.decision().contains("cache=hit"));
    });
}

#[test]
fn a_refusal_by_the_directory_removes_what_is_remembered() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(files(RUN, "cache").len(), 1);
        // sudo's gate asks the directory, which refuses.
        assert_eq!(site.account("sudo", "alice"), PAM_PERM_DENIED);
        assert_eq!(files(RUN, "cache").len(), 0);
        site.membership("delete", "active", "alice");
        assert_eq!(site.account("sshd", "alice"), PAM_PERM_DENIED);
        // And nothing refused is ever kept.
        assert_eq!(files(RUN, "cache").len(), 0);
    });
}

#[test]
fn what_is_remembered_of_an_account_still_runs_out_by_itself() {
    on_a_host(&[ON], |site| {
        let today = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs()
            / 86_400;
        let class = format!(
            "dn: {}\nchangetype: modify\nadd: objectClass\nobjectClass: shadowAccount\n",
            user_dn("alice")
        );
        site.modify(&class);
        site.set("alice", "shadowExpire", &(today + 400).to_string());
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        // Somebody who changes the directory is noticed when the cache is over …
        site.set("alice", "shadowExpire", "1");
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        // … or gone.
        fs::remove_dir_all(RUN).unwrap();
        assert_eq!(site.account("sshd", "alice"), PAM_ACCT_EXPIRED);
    });
}

#[test]
fn answers_under_another_configuration_do_not_count() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        site.configure(&[ON, ("+server", "operation_timeout = \"4s\"")]);
        let watch = site.slapd.watch();
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        assert!(!watch.operations().nothing());
    });
}

#[test]
fn answers_run_out() {
    on_a_host(&[("cache", "groups = \"300ms\"")], |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        std::thread::sleep(std::time::Duration::from_millis(320));
        let watch = site.slapd.watch();
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        let operations = watch.operations();
        assert_eq!(operations.questions_about(&group_dn("active")), 1);
    });
}

#[test]
fn what_a_user_asks_for_himself_is_not_remembered() {
    on_a_host(&[ON, ("+bind", "as_user = true")], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(files(RUN, "cache").len(), 0);
    });
}
