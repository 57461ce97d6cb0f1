//! Sixteen stacks in which the module says "no opinion" and the user types nothing, measured with
//! libpam: eleven of them are logins without a password. These are found, and no other.

use crate::command::Host;

/// The auth lines, and whether they let in who types nothing.
const STACKS: [(&str, bool); 16] = [
    ("required R", false),
    ("required R; required pam_permit.so", true),
    ("required pam_env.so; required R", false),
    ("required pam_faildelay.so; required R", false),
    ("requisite pam_nologin.so; required R", false),
    ("required pam_faillock.so preauth; required R", true),
    ("required pam_faillock.so preauth; sufficient R", true),
    (
        "required pam_faillock.so preauth; sufficient R; required pam_deny.so",
        false,
    ),
    ("required pam_succeed_if.so uid >= 1000; sufficient R", true),
    (
        "required pam_listfile.so item=user sense=allow file=/etc/u; required R",
        true,
    ),
    ("required pam_securetty.so; required R", true),
    ("required pam_access.so; required R", true),
    ("required pam_shells.so; required R", true),
    ("sufficient R; optional pam_cap.so", true),
    (
        "[default=1 ignore=ignore success=ok] pam_localuser.so; sufficient R",
        true,
    ),
    ("required pam_rootok.so; sufficient R", true),
];

fn stack(lines: &str) -> String {
    let lines = lines.replace(" R", " pam_rsldap.so");
    let auth: String = lines
        .split("; ")
        .map(|line| format!("auth {line}\n"))
        .collect();
    auth + "account required pam_unix.so\n"
}

#[test]
fn a_login_without_a_password_is_found_and_no_other() {
    for (lines, open) in STACKS {
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
            assert!(
                finding["what"].as_str().unwrap().contains("unavailable"),
                "{finding}"
            );
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
fn a_stack_without_a_fallback_locks_root_out() {
    for (lines, _) in [STACKS[0], STACKS[2], STACKS[3], STACKS[4], STACKS[7]] {
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
