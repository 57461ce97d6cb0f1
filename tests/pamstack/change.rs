//! The password lines: the table against the real libpam, and each way to spoil them.

use std::fs;

use crate::command::Host;
use crate::common::pam::{Client, Stack};
use crate::libpam::code::Code;
use crate::mended::{configuration, plain};
use crate::shipped::{STACKS, rewrite};

/// auth and account lines with which nothing is wrong.
pub const LOGIN: &str = "\
auth [success=2 ignore=ignore module_unknown=ignore default=die] pam_rsldap.so
auth [success=1 default=ignore] pam_unix.so try_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
account [success=1 default=ignore] pam_succeed_if.so quiet uid eq 0
account [success=ok new_authtok_reqd=ok ignore=ignore user_unknown=ignore default=die] pam_rsldap.so
account required pam_unix.so
";

/// Password lines, and what is wrong with them.
const SPOILED: [(&str, &[&str]); 18] = [
    ("sufficient R; required U", &["change_failure_ignored"]),
    (
        "optional R; required U",
        &[
            "change_failure_ignored",
            "password_changed_twice",
            "changed_but_refused",
        ],
    ),
    (
        "optional R; required pam_permit.so",
        &["change_failure_ignored", "local_password_unchangeable"],
    ),
    (
        "[success=done default=ignore] R; required U",
        &["change_failure_ignored"],
    ),
    // A wrong old password alone.
    (
        "[success=done ignore=ignore auth_err=ignore default=die] R; required U",
        &["change_failure_ignored"],
    ),
    // Only where the directory refuses the new one.
    (
        "[success=done ignore=ignore authtok_err=ignore default=die] R; required U",
        &["change_failure_ignored"],
    ),
    (
        "required R; required U use_authtok",
        &["password_changed_twice", "changed_but_refused"],
    ),
    (
        "[success=ok ignore=ignore default=die] R; sufficient U; required pam_permit.so",
        &["change_failure_ignored", "password_changed_twice"],
    ),
    (
        "[success=1 ignore=ignore default=die] R; required U; required pam_deny.so",
        &["changed_but_refused", "local_password_unchangeable"],
    ),
    ("sufficient U; required R", &["password_line_skipped"]),
    (
        "requisite pam_pwquality.so; sufficient U use_authtok; [success=done ignore=ignore default=die] R use_authtok; required pam_deny.so",
        &["password_line_skipped"],
    ),
    (
        "[success=1 default=ignore] pam_localuser.so; requisite R; required U",
        &[
            "password_line_skipped",
            "changed_but_refused",
            "password_changed_twice",
        ],
    ),
    (
        "[success=done ignore=ignore default=die] R use_authtok; required U",
        &["use_authtok_before_prompt"],
    ),
    (
        "[success=done ignore=ignore default=die] R use_first_pass; required U",
        &["use_authtok_before_prompt"],
    ),
    (
        "requisite pam_pwquality.so use_authtok; [success=done ignore=ignore default=die] R; required U",
        &["use_authtok_before_prompt"],
    ),
    (
        "[success=done ignore=ignore default=die] R; required U use_first_pass",
        &["use_authtok_before_prompt"],
    ),
    ("required R", &["local_password_unchangeable"]),
    (
        "requisite R; requisite pam_deny.so",
        &["changed_but_refused", "local_password_unchangeable"],
    ),
];

pub fn password(lines: &str) -> String {
    let lines = lines
        .replace(" R", " pam_rsldap.so")
        .replace(" U", " pam_unix.so");
    let lines = lines.split("; ").map(|line| format!("password {line}\n"));
    lines.collect()
}

#[test]
fn every_way_to_spoil_the_password_lines_is_found_and_nothing_else() {
    for (lines, expected) in SPOILED {
        let host = Host::with(&format!("{LOGIN}{}", password(lines)));
        let answer = host.ask("s");
        let mut found = answer.findings("warning");
        let mut expected: Vec<_> = expected.iter().map(|id| (*id).to_owned()).collect();
        for ids in [&mut found, &mut expected] {
            ids.sort();
            ids.dedup();
        }
        assert_eq!(found, expected, "{lines}: {}", answer.text);
        assert_eq!(answer.code, 1, "{lines}");
        for id in expected {
            let finding = answer.finding(&id);
            for key in ["what", "where", "why", "fix"] {
                let text = finding[key].as_str().unwrap();
                assert!(answer.text.contains(text), "{id}: {text}");
            }
        }
    }
}

/// What libpam gives for a change where the modules answer this in the two passes.
fn measured(text: &str, user: &str, ours: [&str; 2], others: [&str; 2]) -> Code {
    let passes = |[first, second]: [&str; 2]| {
        Some(format!(
            "pam_debug.so prechauthtok={first} chauthtok={second}"
        ))
    };
    let text = rewrite(text, |line| match line.module.as_str() {
        "pam_rsldap.so" => passes(ours),
        "pam_unix.so" => passes(others),
        "pam_pwquality.so" => passes(["success"; 2]),
        _ => None,
    });
    let stack = Stack::new();
    stack.service("s", &text);
    let code = Client::start(&stack, "s", user).chauthtok(0);
    Code::from_number(usize::try_from(code).unwrap()).unwrap()
}

fn keyword(name: &serde_json::Value) -> String {
    let name = name.as_str().expect("a code");
    name.trim_start_matches("PAM_").to_lowercase()
}

#[test]
fn the_table_says_what_libpam_does_in_both_passes() {
    let shipped = STACKS.map(|name| (name.to_owned(), plain(name)));
    let spoiled =
        SPOILED.map(|(lines, _)| (lines.to_owned(), format!("{LOGIN}{}", password(lines))));
    for (name, text) in shipped.into_iter().chain(spoiled) {
        let answer = Host::with(&text).ask("s");
        let found = answer.findings("warning");
        if found.contains(&"use_authtok_before_prompt".to_owned()) {
            continue;
        }
        let rows = answer.json["changes"].as_array().unwrap();
        assert_eq!(rows.len(), 16, "{name}");
        for row in rows {
            let outcome = row["outcome"].as_str().unwrap();
            assert!(answer.text.contains(outcome), "{outcome}");
            let user = match row["user"].as_str() {
                Some("root") => "root",
                _ => "nobody",
            };
            if takes_what_is_not_there(&text, outcome) {
                continue;
            }
            let ours = [&row["prelim"], &row["update"]].map(keyword);
            for (key, others) in [
                ("others_yes", ["success", "success"]),
                ("others_no", ["auth_err", "authtok_err"]),
            ] {
                let said: Vec<Code> = row[key]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|name| Code::from_keyword(keyword(name).as_bytes()).unwrap())
                    .collect();
                let got = measured(&text, user, [&ours[0], &ours[1]], others);
                assert!(
                    said.contains(&got),
                    "{name} {outcome} {key}: libpam {got}, table {said:?}"
                );
            }
        }
    }
}

/// pam_debug does not look for the password that it is to take, as our module and pam_unix do.
fn takes_what_is_not_there(text: &str, outcome: &str) -> bool {
    let debian = text.contains("pam_unix.so obscure use_authtok");
    debian && outcome.starts_with("module missing")
}

#[test]
fn a_line_that_takes_a_password_which_is_not_there_fails() {
    for (argument, code) in [
        ("use_authtok", "PAM_AUTHTOK_ERR"),
        ("use_first_pass", "PAM_AUTH_ERR"),
    ] {
        let lines = format!("[success=done ignore=ignore default=die] R {argument}; required U");
        let answer = Host::with(&format!("{LOGIN}{}", password(&lines))).ask("s");
        let row = &answer.json["changes"][0];
        assert_eq!(row["outcome"], "changed");
        assert_eq!(row["others_yes"], serde_json::json!([code]));
    }
}

#[test]
fn a_service_whose_password_line_is_missing_is_warned_where_another_sets_one() {
    for (lines, warned) in [
        ("required U", true),
        (
            "requisite pam_pwquality.so; sufficient U use_authtok; required pam_deny.so",
            true,
        ),
        ("required pam_sss.so", true),
        ("required pam_deny.so", false),
        ("required pam_permit.so", false),
    ] {
        let host = Host::with(&format!("{LOGIN}{}", password(lines)));
        let answer = host.ask("s");
        let level = if warned { "warning" } else { "note" };
        assert_eq!(
            answer.finding("no_password_line")["level"],
            level,
            "{lines}"
        );
        assert_eq!(answer.code, i32::from(warned), "{lines}");
        assert_eq!(answer.json["changes"], serde_json::json!([]));
    }
    // Nothing to change: no user has to.
    let text = format!("{LOGIN}{}", password("required U"));
    let host = Host::with(&text.replace("pam_rsldap.so", "pam_rsldap.so config=/etc/off.toml"));
    let off = configuration("") + "[password]\nchange = \"off\"\n";
    fs::write(host.path("etc/off.toml"), off).unwrap();
    let answer = host.ask("s");
    assert_eq!(answer.finding("no_password_line")["level"], "note");
    assert_eq!(answer.code, 0);
    // The lines of another file count.
    let host = Host::with(LOGIN);
    host.file("other", password("required U"));
    assert_eq!(host.warnings(), ["no_password_line"]);
}

#[test]
fn a_service_that_only_changes_passwords_needs_no_other_line() {
    let ours = password("[success=done ignore=ignore default=die] R; required U");
    let host = Host::new();
    host.file("passwd", &ours).file(
        "other",
        "auth required pam_deny.so\naccount required pam_deny.so\n",
    );
    let answer = host.ask("passwd");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert!(answer.text.contains("first pass"), "{}", answer.text);
    assert!(!answer.text.contains("it answers"), "{}", answer.text);
    host.file("passwd", password("required U"));
    assert_eq!(host.ask("passwd").findings("warning"), ["not_in_stack"]);
    // A login does.
    host.file("passwd", format!("auth required pam_unix.so\n{ours}"));
    assert_eq!(host.ask("passwd").findings("warning"), ["not_in_stack"]);
}

#[test]
fn config_error_on_the_password_line_counts_there() {
    let lines = "[success=done ignore=ignore default=die] R config_error=deny; required U";
    let answer = Host::with(&format!("{LOGIN}{}", password(lines))).ask("s");
    let rows = answer.json["changes"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["outcome"] == "config_error (unreadable)")
        .unwrap();
    assert_eq!(row["prelim"], "PAM_SERVICE_ERR");
    assert_eq!(row["others_yes"], serde_json::json!(["PAM_SERVICE_ERR"]));
}
