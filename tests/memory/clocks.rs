//! The wall clock of a login jumps by a year, faketime(1); CLOCK_BOOTTIME, which nobody can set, goes
//! on as it does.

use std::ffi::c_int;

use crate::child::Task;
use crate::common::need;
use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::fixture::{STATE, Site, files, on_a_host};

const ON: [(&str, &str); 2] = [
    ("offline", "credentials = true"),
    ("cache", "groups = \"1h\""),
];
const AHEAD: &str = "+366d";
const BACK: &str = "-366d";

/// A login of a process whose wall clock is so far off.
fn at(site: &Site<'_>, offset: &str, user: &str, password: &str) -> c_int {
    let faketime = need("faketime", "faketime");
    let faketime = faketime.to_str().expect("a UTF-8 path");
    let wrapper = [
        "env",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        faketime,
        "-f",
        offset,
    ];
    site.skip_log();
    let process = Task::new(user, password).start_with(site, &wrapper);
    process.finish()
}

#[test]
fn a_year_later_an_offline_login_has_expired_and_a_refusal_stands() {
    on_a_host(&ON, |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        site.slapd.stop();
        assert_eq!(at(site, "+1d", "alice", "alice-secret"), PAM_SUCCESS);
        let code = at(site, AHEAD, "alice", "alice-secret");
        assert_eq!(code, PAM_AUTHINFO_UNAVAIL);
        let line = site.decision();
        assert!(line.contains("the last grant was on 20"), "{line}");
        for password in ["", "carol-secret"] {
            assert_eq!(at(site, AHEAD, "carol", password), PAM_PERM_DENIED);
        }
        // Nor does the clock bring it back when it is right again.
        let code = site.auth("sshd", "alice", "alice-secret");
        assert_eq!(code, PAM_AUTHINFO_UNAVAIL);
        assert_eq!(files(STATE, "offline").len(), 0);
    });
}

#[test]
fn a_year_earlier_no_offline_login_is_extended_and_a_refusal_stands() {
    on_a_host(&ON, |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        site.slapd.stop();
        for password in ["alice-secret", "wrong"] {
            let code = at(site, BACK, "alice", password);
            assert_eq!(code, PAM_AUTHINFO_UNAVAIL);
            let line = site.decision();
            assert!(line.contains("the clock is behind 20"), "{line}");
        }
        for password in ["", "carol-secret"] {
            assert_eq!(at(site, BACK, "carol", password), PAM_PERM_DENIED);
        }
        // Nothing was lost by it: the right time has the grant.
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        // A clock that was a day ahead once is no clock to go back to.
        assert_eq!(at(site, "+1d", "alice", "alice-secret"), PAM_SUCCESS);
        let code = site.auth("sshd", "alice", "alice-secret");
        assert_eq!(code, PAM_AUTHINFO_UNAVAIL);
        // The directory's next answer sets all to the clock as it is now.
        site.slapd.restart();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.slapd.stop();
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
    });
}

#[test]
fn what_is_known_of_groups_ages_by_the_clock_that_nobody_can_set() {
    on_a_host(&ON, |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        for offset in [AHEAD, BACK] {
            let watch = site.slapd.watch();
            assert_eq!(at(site, offset, "alice", ""), PAM_SUCCESS, "{offset}");
            assert!(watch.operations().nothing(), "{offset}");
            assert!(site.decision().contains(" cache=hit"), "{offset}");
            // And no shorter or longer where it is written at such a time.
            let code = at(site, offset, "bob", "");
            assert_eq!(code, PAM_SUCCESS, "{offset}");
            let watch = site.slapd.watch();
            assert_eq!(site.account("sshd", "bob"), PAM_SUCCESS);
            assert!(watch.operations().nothing(), "{offset}");
            // A live answer is one at any time.
            let code = at(site, offset, "carol", "");
            assert_eq!(code, PAM_PERM_DENIED, "{offset}");
        }
    });
    on_a_host(&[("cache", "groups = \"300ms\"")], |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        std::thread::sleep(std::time::Duration::from_millis(320));
        let watch = site.slapd.watch();
        assert_eq!(at(site, BACK, "alice", ""), PAM_SUCCESS);
        assert!(!watch.operations().nothing());
    });
}
