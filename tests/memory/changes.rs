//! A password that is changed through the module: what rests on the old one is forgotten.

use std::ffi::c_int;

use crate::common::pam::{
    PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_CHANGE_EXPIRED_AUTHTOK, PAM_SUCCESS,
};
use crate::damage::{mount, small};
use crate::fixture::{RUN, STATE, Site, files, on_a_host};
use crate::private_host::Local;

const ON: [(&str, &str); 2] = [
    ("offline", "credentials = true"),
    ("cache", "groups = \"1h\""),
];
const OLD: &str = "alice-secret";
const NEW: &str = "another-secret";

/// How many verifiers and entries of the group cache there are.
fn kept() -> (usize, usize) {
    (files(STATE, "offline").len(), files(RUN, "cache").len())
}

/// pam_chauthtok(3) with these answers, as sshd calls it.
fn change(site: &Site<'_>, answers: &[&str]) -> c_int {
    change_of(site, "alice", answers)
}

fn change_of(site: &Site<'_>, user: &str, answers: &[&str]) -> c_int {
    let mut client = site.client("sshd", user, answers[0]);
    for answer in &answers[1..] {
        client.answer(answer);
    }
    client.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK)
}

#[test]
fn neither_password_opens_the_account_in_an_outage_until_the_new_one_was_granted() {
    on_a_host(&ON, |site| {
        let auth = |password: &str| site.auth("sshd", "alice", password);
        assert_eq!(auth(OLD), PAM_SUCCESS);
        assert_eq!(site.auth("sshd", "bob", "bob-secret"), PAM_SUCCESS);
        assert_eq!(kept(), (2, 2));
        assert_eq!(change(site, &[OLD, NEW, NEW]), PAM_SUCCESS);
        // Bob's stay.
        assert_eq!(kept(), (1, 1));
        site.slapd.stop();
        for password in [OLD, NEW, OLD] {
            assert_eq!(auth(password), PAM_AUTHINFO_UNAVAIL, "{password}");
        }
        assert_eq!(site.account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
        site.slapd.restart();
        assert_eq!(auth(OLD), PAM_AUTH_ERR);
        site.slapd.stop();
        for password in [OLD, NEW] {
            assert_eq!(auth(password), PAM_AUTHINFO_UNAVAIL, "{password}");
        }
        site.slapd.restart();
        assert_eq!(auth(NEW), PAM_SUCCESS);
        assert_eq!(kept(), (2, 2));
        site.slapd.stop();
        assert_eq!(auth(NEW), PAM_SUCCESS);
        assert_eq!(auth(OLD), PAM_AUTHINFO_UNAVAIL);
    });
}

#[test]
fn a_change_that_does_not_happen_erases_nothing() {
    on_a_host(&ON, |site| {
        assert_eq!(site.auth("sshd", "alice", OLD), PAM_SUCCESS);
        assert_eq!(change(site, &["wrong", NEW, NEW]), PAM_AUTH_ERR);
        assert_eq!(kept(), (1, 1));
        site.slapd.stop();
        assert_ne!(change(site, &[OLD, NEW, NEW]), PAM_SUCCESS);
        assert_eq!(kept(), (1, 1));
        assert_eq!(site.auth("sshd", "alice", NEW), PAM_AUTHINFO_UNAVAIL);
        assert_eq!(site.auth("sshd", "alice", OLD), PAM_SUCCESS);
    });
}

/// As passwd(1) may be called: nobody has found out yet whose name that is.
#[test]
fn a_change_by_another_spelling_of_the_name_erases_what_is_the_accounts() {
    let canonical = ("+user", "canonical_name = true");
    on_a_host(&[ON[0], ON[1], canonical], |site| {
        site.host.add_user("alice", 61001, Local::NoPassword);
        assert_eq!(site.auth("sshd", "alice", OLD), PAM_SUCCESS);
        assert_eq!(kept(), (1, 1));
        assert_eq!(change_of(site, "Alice", &[OLD, NEW, NEW]), PAM_SUCCESS);
        assert_eq!(kept(), (0, 0));
    });
}

#[test]
fn a_change_on_a_read_only_disk_says_that_the_old_password_is_still_known() {
    on_a_host(&ON, |site| {
        small(STATE, "size=32k");
        assert_eq!(site.auth("sshd", "alice", OLD), PAM_SUCCESS);
        mount(&["-o", "remount,ro", STATE]);
        site.skip_log();
        assert_eq!(change(site, &[OLD, NEW, NEW]), PAM_SUCCESS);
        let warnings = site.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
        assert!(warnings[0].contains("cannot be removed"), "{warnings:?}");
        assert_eq!(kept(), (1, 0));
        mount(&["-o", "remount,rw", STATE]);
        // The next answer of the directory makes up for it.
        assert_eq!(site.auth("sshd", "alice", OLD), PAM_AUTH_ERR);
        assert_eq!(kept(), (0, 0));
        crate::damage::unmount(STATE);
    });
}
