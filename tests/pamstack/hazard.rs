//! Sixteen stacks in which nobody types a password. Where the module has no opinion, eleven of them are
//! logins without one, and five are where it fails. libpam says so with the real modules; these are
//! found, and no other.

use std::fs;

use crate::command::Host;
use crate::common::pam::{Client, Stack};
use crate::libpam::code::Code;

/// The auth lines, and whether they let in who types nothing: where pam_rsldap (`R`) answers
/// PAM_IGNORE, and where it answers anything but that and PAM_SUCCESS.
const STACKS: [(&str, bool, bool); 16] = [
    ("required R", false, false),
    ("required R; required pam_permit.so", true, false),
    ("required pam_env.so; required R", false, false),
    ("required pam_faildelay.so; required R", false, false),
    ("requisite pam_nologin.so; required R", false, false),
    ("required pam_faillock.so preauth; required R", true, false),
    ("required pam_faillock.so preauth; sufficient R", true, true),
    (
        "required pam_faillock.so preauth; sufficient R; required pam_deny.so",
        false,
        false,
    ),
    (
        "required pam_succeed_if.so uid >= 1000; sufficient R",
        true,
        true,
    ),
    (
        "required pam_listfile.so item=user sense=allow file=/etc/u; required R",
        true,
        false,
    ),
    ("required pam_securetty.so; required R", true, false),
    ("required pam_access.so; required R", true, false),
    ("required pam_shells.so; required R", true, false),
    ("sufficient R; optional pam_cap.so", true, true),
    (
        "[default=1 ignore=ignore success=ok] pam_localuser.so; sufficient R",
        true,
        true,
    ),
    ("required pam_rootok.so; sufficient R", true, true),
];

fn stack(lines: &str) -> String {
    let lines = lines.replace(" R", " pam_rsldap.so");
    let auth: String = lines
        .split("; ")
        .map(|line| format!("auth {line}\n"))
        .collect();
    auth + "account required pam_unix.so\n"
}

/// What libpam gives to a user who types nothing, with `ours` in place of `R`.
fn measured(lines: &str, ours: &str) -> Code {
    let stack = Stack::new();
    let below = |name: &str| stack.path().join(name).display().to_string();
    let user = if lines.contains("pam_shells") {
        // The one whose login shell is certainly in shells(5).
        "root"
    } else {
        "nobody"
    };
    fs::write(below("users"), format!("{user}\n")).unwrap();
    let lines = lines
        .replace("/etc/u", &below("users"))
        .replace("preauth", &format!("preauth dir={}", below("tally")))
        // Not part of Linux-PAM, so perhaps not there.
        .replace("pam_cap.so", "pam_debug.so auth=success");
    let text: String = lines
        .split("; ")
        .map(|line| format!("auth {}\n", line.replace(" R", &format!(" {ours}"))))
        .collect();
    stack.service("s", &text);
    let mut client = Client::start(&stack, "s", user);
    client.set_tty("/dev/tty1");
    let code = client.authenticate(0);
    Code::from_number(usize::try_from(code).unwrap()).unwrap()
}

#[test]
fn libpam_lets_in_whoever_types_nothing_there_and_nowhere_else() {
    for (lines, open, open_on_failure) in STACKS {
        for (ours, open) in [
            // The real module, which cannot read that.
            ("pam_rsldap.so config=/nowhere/config.toml", open),
            ("pam_debug.so auth=ignore", open),
            ("pam_debug.so auth=authinfo_unavail", open_on_failure),
            ("pam_debug.so auth=system_err", open_on_failure),
        ] {
            let code = measured(lines, ours);
            assert_eq!(code == Code::SUCCESS, open, "{lines}: {ours}: {code}");
        }
    }
}

/// What the table says of an outcome where nobody knows a password.
fn said(answer: &crate::command::Answer, outcome: &str) -> Vec<Code> {
    let rows = answer.json["outcomes"].as_array().unwrap();
    let row = rows.iter().find(|row| row["outcome"] == outcome).unwrap();
    let codes = row["auth"]["others_no"].as_array().unwrap();
    let code = |name: &serde_json::Value| {
        let keyword = name.as_str().unwrap().trim_start_matches("PAM_");
        Code::from_keyword(keyword.to_lowercase().as_bytes()).unwrap()
    };
    codes.iter().map(code).collect()
}

#[test]
fn a_login_without_a_password_is_found_and_no_other() {
    for (lines, open, open_on_failure) in STACKS {
        let host = Host::with(&stack(lines));
        let answer = host.ask("s");
        let found = answer.findings("warning");
        assert_eq!(
            found.contains(&"login_without_password".to_owned()),
            open,
            "{lines}: {found:?}"
        );
        if open {
            let finding = answer.finding("login_without_password");
            assert!(finding["where"].as_str().unwrap().contains("/etc/pam.d/s:"));
            let what = finding["what"].as_str().unwrap();
            assert!(what.contains("unavailable"), "{finding}");
            assert_eq!(what.contains("libpam failed"), open_on_failure, "{finding}");
        }
        // Each has something else to mend: it has no account line of ours, for one.
        assert_eq!(answer.code, 1, "{lines}");
        assert!(
            found.contains(&"no_account_line".to_owned()),
            "{lines}: {found:?}"
        );
    }
}

#[test]
fn the_table_says_of_these_what_libpam_does() {
    for (lines, ..) in STACKS {
        let host = Host::new();
        fs::write(
            host.path("etc/deny.toml"),
            crate::mended::configuration("unavailable = \"deny\""),
        )
        .unwrap();
        let text = stack(lines).replace("pam_rsldap.so", "pam_rsldap.so config=/etc/deny.toml");
        host.file("s", text);
        let answer = host.ask("s");
        for (outcome, code) in [
            ("unknown_user", "ignore"),
            ("unavailable", "authinfo_unavail"),
            ("refused", "perm_denied"),
            ("granted", "success"),
        ] {
            let code = measured(lines, &format!("pam_debug.so auth={code}"));
            let said = said(&answer, outcome);
            assert!(said.contains(&code), "{lines} {outcome}: {code}, {said:?}");
        }
    }
}

#[test]
fn a_stack_without_a_fallback_locks_root_out() {
    for (lines, ..) in [STACKS[0], STACKS[2], STACKS[3], STACKS[4], STACKS[7]] {
        let found = Host::with(&stack(lines)).warnings();
        assert!(
            found.contains(&"root_locked_out".to_owned()),
            "{lines}: {found:?}"
        );
    }
}

#[test]
fn the_yes_of_a_module_that_is_not_known_is_a_note() {
    let text = "auth required pam_otherwise.so\n\
        auth [success=ok ignore=ignore module_unknown=ignore default=die] pam_rsldap.so\n\
        account required pam_permit.so\n";
    let answer = Host::with(text).ask("s");
    assert!(
        answer
            .findings("note")
            .contains(&"login_without_password".to_owned())
    );
}

#[test]
fn a_caller_who_is_root_and_a_second_factor_that_is_enough_are_meant() {
    for first in [
        "pam_rootok.so",
        "pam_u2f.so",
        "pam_succeed_if.so quiet use_uid uid = 0",
    ] {
        let host = Host::with(&format!(
            "auth sufficient {first}\n{}",
            crate::shipped::stack("sudo")
        ));
        assert_eq!(host.warnings(), Vec::<String>::new(), "{first}");
    }
}

#[test]
fn a_helper_that_ends_auth_before_us_is_a_login_without_a_password() {
    for first in [
        "pam_permit.so",
        "pam_localuser.so",
        "pam_succeed_if.so uid = 0",
        "pam_access.so",
    ] {
        let host = Host::with(&format!(
            "auth sufficient {first}\n{}",
            crate::shipped::stack("sudo")
        ));
        let found = host.warnings();
        assert!(
            found.contains(&"login_without_password".to_owned()),
            "{first}: {found:?}"
        );
    }
}

#[test]
fn a_helper_that_objects_may_open_the_way_as_well() {
    let text = "auth [success=ignore auth_err=1 default=ignore] pam_access.so\n\
        auth requisite pam_deny.so\n\
        auth [success=ok ignore=ignore module_unknown=ignore default=die] pam_rsldap.so\n\
        auth required pam_permit.so\n";
    let found = Host::with(text).warnings();
    assert!(
        found.contains(&"login_without_password".to_owned()),
        "{found:?}"
    );
}
