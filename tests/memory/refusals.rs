//! What the directory has refused stays refused while it is not there.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::common::directory::{group_dn, user_dn};
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS,
    PAM_USER_UNKNOWN,
};
use crate::fixture::{RUN, STATE, files, on_a_host};
use crate::private_host::Local;

#[test]
fn a_shut_gate_stays_shut_in_an_outage_and_opens_with_the_next_answer() {
    on_a_host(&[], |site| {
        assert_eq!(site.auth("sshd", "carol", "carol-secret"), PAM_PERM_DENIED);
        site.slapd.stop();
        // In auth with any password, in account without any, and for every service.
        site.skip_log();
        assert_eq!(site.auth("sshd", "carol", "carol-secret"), PAM_PERM_DENIED);
        let line = site.decision();
        assert!(line.contains("outcome=refused"), "{line}");
        assert!(line.contains("last known refusal of 20"), "{line}");
        assert!(line.contains("is_active is false"), "{line}");
        assert!(
            line.contains("the directory is unavailable (refused)"),
            "{line}"
        );
        assert_eq!(site.auth("su", "carol", "any"), PAM_PERM_DENIED);
        for service in ["sshd", "su", "sudo"] {
            assert_eq!(site.account(service, "carol"), PAM_PERM_DENIED, "{service}");
        }
        // Others are as without a memory.
        assert_eq!(
            site.auth("sshd", "alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        assert_eq!(site.account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);

        site.slapd.restart();
        site.membership("add", "active", "carol");
        assert_eq!(site.account("sshd", "carol"), PAM_SUCCESS);
        site.slapd.stop();
        assert_eq!(site.account("sshd", "carol"), PAM_AUTHINFO_UNAVAIL);
        assert_eq!(
            site.auth("su", "carol", "carol-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
        assert_eq!(files(STATE, "refusals").len(), 0);
    });
}

#[test]
fn a_refusal_by_the_gate_of_a_service_is_for_that_service() {
    on_a_host(&[], |site| {
        assert_eq!(site.auth("sudo", "alice", "alice-secret"), PAM_PERM_DENIED);
        site.slapd.stop();
        assert_eq!(site.auth("sudo", "alice", "alice-secret"), PAM_PERM_DENIED);
        assert_eq!(site.account("sudo", "alice"), PAM_PERM_DENIED);
        for service in ["sshd", "su"] {
            let code = site.account(service, "alice");
            assert_eq!(code, PAM_AUTHINFO_UNAVAIL, "{service}");
        }
        // A grant elsewhere says nothing about this gate.
        site.slapd.restart();
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        site.slapd.stop();
        assert_eq!(site.account("sudo", "alice"), PAM_PERM_DENIED);
        site.slapd.restart();
        site.membership("add", "superuser", "alice");
        assert_eq!(site.account("sudo", "alice"), PAM_SUCCESS);
        site.slapd.stop();
        assert_eq!(site.account("sudo", "alice"), PAM_AUTHINFO_UNAVAIL);
    });
}

#[test]
fn an_account_that_has_expired_stays_so_for_every_service() {
    on_a_host(&[], |site| {
        site.modify(&format!(
            "dn: {}\nchangetype: modify\nadd: objectClass\nobjectClass: shadowAccount\n-\n\
             add: shadowExpire\nshadowExpire: 1\n",
            user_dn("dave")
        ));
        assert_eq!(site.account("sshd", "dave"), PAM_ACCT_EXPIRED);
        site.slapd.stop();
        site.skip_log();
        for service in ["sshd", "sudo"] {
            assert_eq!(site.account(service, "dave"), PAM_ACCT_EXPIRED);
            let line = site.decision();
            assert!(line.contains("outcome=expired"), "{line}");
            assert_eq!(site.auth(service, "dave", "x"), PAM_ACCT_EXPIRED);
            site.decision();
        }
        // The question that dave's state answers is the same under other gates.
        site.configure(&[("access", &format!("deny = \"{}\"", group_dn("staff")))]);
        assert_eq!(site.account("sshd", "dave"), PAM_ACCT_EXPIRED);
    });
}

/// As sshd asks after a public key: nobody types a password, so auth never runs.
#[test]
fn an_account_that_has_expired_is_shut_to_keys_in_an_outage_until_the_next_answer() {
    on_a_host(&[], |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        site.modify(&format!(
            "dn: {}\nchangetype: modify\nadd: objectClass\nobjectClass: shadowAccount\n-\n\
             add: shadowExpire\nshadowExpire: 1\n",
            user_dn("alice")
        ));
        assert_eq!(site.account("sshd", "alice"), PAM_ACCT_EXPIRED);
        site.slapd.stop();
        for _ in 0..2 {
            site.skip_log();
            assert_eq!(site.account("sshd", "alice"), PAM_ACCT_EXPIRED);
            let line = site.decision();
            assert!(line.contains("outcome=expired"), "{line}");
            assert!(line.contains("last known refusal of 20"), "{line}");
        }
        site.slapd.restart();
        site.set("alice", "shadowExpire", "30000");
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        assert_eq!(files(STATE, "refusals").len(), 0);
        site.slapd.stop();
        assert_eq!(site.account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
    });
}

#[test]
fn a_wrong_password_and_an_outage_neither_make_nor_lift_a_refusal() {
    on_a_host(&[], |site| {
        assert_eq!(site.auth("sshd", "alice", "wrong"), PAM_AUTH_ERR);
        assert_eq!(site.auth("sshd", "carol", "wrong"), PAM_AUTH_ERR);
        site.slapd.stop();
        assert_eq!(site.account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
        assert_eq!(site.account("sshd", "carol"), PAM_AUTHINFO_UNAVAIL);
        assert!(!fs::exists(STATE).unwrap(), "nothing was worth a file");
        site.slapd.restart();
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        assert_eq!(site.auth("sshd", "carol", "wrong"), PAM_AUTH_ERR);
        site.slapd.stop();
        for _ in 0..3 {
            assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        }
        let file = &files(STATE, "refusals")[0];
        let found = fs::metadata(file).unwrap();
        assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, 0));
        assert_eq!(fs::metadata(STATE).unwrap().mode() & 0o7777, 0o700);
    });
}

#[test]
fn a_user_who_is_not_in_the_directory_any_more_is_unknown_in_an_outage_too() {
    on_a_host(&[], |site| {
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        site.modify(&format!("dn: {}\nchangetype: delete\n", user_dn("carol")));
        assert_eq!(site.account("sshd", "carol"), PAM_USER_UNKNOWN);
        site.slapd.stop();
        assert_eq!(site.account("sshd", "carol"), PAM_AUTHINFO_UNAVAIL);
    });
}

#[test]
fn a_corrected_gate_makes_a_new_question_and_another_server_does_not() {
    on_a_host(&[], |site| {
        let wrong = [("access", "require = \"cn=mistyped,dc=example,dc=com\"")];
        site.configure(&wrong);
        assert_eq!(site.account("sshd", "alice"), PAM_PERM_DENIED);
        site.slapd.stop();
        assert_eq!(site.account("sshd", "alice"), PAM_PERM_DENIED);
        site.configure(&[wrong[0], ("+server", "connect_timeout = \"1s\"")]);
        assert_eq!(site.account("sshd", "alice"), PAM_PERM_DENIED);
        site.configure(&[]);
        assert_eq!(site.account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
    });
}

#[test]
fn a_session_that_is_opened_elsewhere_learns_of_the_refusal() {
    on_a_host(&[], |site| {
        let mut client = site.client("sshd", "carol", "");
        assert_eq!(client.open_session(0), PAM_SUCCESS);
        assert_eq!(client.getenvlist().len(), 0);
        site.slapd.stop();
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
    });
}

#[test]
fn a_refusal_of_somebody_by_another_name_is_one_of_the_account() {
    let canonical = ("+user", "canonical_name = true");
    let offline = ("offline", "credentials = true");
    let cache = ("cache", "groups = \"1h\"");
    on_a_host(&[canonical, offline, cache], |site| {
        site.host.add_user("carol", 61001, Local::NoPassword);
        site.host.add_user("alice", 61002, Local::NoPassword);
        assert_eq!(site.auth("sshd", "CAROL", "carol-secret"), PAM_PERM_DENIED);
        assert_eq!(site.auth("sshd", "Alice", "alice-secret"), PAM_SUCCESS);
        // What is asked for by another name is asked each time.
        assert_eq!(files(RUN, "cache").len(), 0);
        site.slapd.stop();
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(
            site.auth("sshd", "Alice", "alice-secret"),
            PAM_AUTHINFO_UNAVAIL
        );
    });
}

#[test]
fn a_service_that_an_entry_does_not_list_is_refused_for_that_service() {
    on_a_host(
        &[("access", "service_attribute = \"description\"")],
        |site| {
            site.set("alice", "description", "sshd");
            assert_eq!(site.account("su", "alice"), PAM_PERM_DENIED);
            site.slapd.stop();
            assert_eq!(site.account("su", "alice"), PAM_PERM_DENIED);
            assert_eq!(site.account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
        },
    );
}
