//! A password that is changed through the module: what rests on the old one is forgotten.

use std::ffi::c_int;

use crate::common::pam::{
    PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_CHANGE_EXPIRED_AUTHTOK, PAM_SUCCESS,
};
use crate::fixture::{RUN, STATE, Site, files, on_a_host};

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
    let mut client = site.client("sshd", "alice", answers[0]);
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
