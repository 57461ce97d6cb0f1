//! The shipped stacks are clean, and each way to spoil them is found.

use std::fs;

use crate::command::Host;
use crate::shipped::{STACKS, stack};

const NOTHING: [&str; 0] = [];

#[test]
fn every_shipped_stack_is_clean() {
    for name in STACKS {
        let answer = Host::with(&stack(name)).ask("s");
        assert_eq!(answer.findings("warning"), NOTHING, "{name}");
        // There is no configuration below that directory.
        assert_eq!(
            answer.findings("note"),
            ["configuration_unreadable"],
            "{name}"
        );
        assert_eq!(answer.code, 0, "{name}");
        assert!(answer.text.contains("nothing to mend"), "{name}");
    }
}

#[test]
fn a_service_that_includes_the_shipped_files_is_clean() {
    let host = Host::with("@include common-auth\n@include common-account\n");
    for name in ["common-auth", "common-account", "system-auth"] {
        let path = format!("{}/pam.d/{name}", env!("CARGO_MANIFEST_DIR"));
        host.file(name, fs::read(path).unwrap());
    }
    host.file(
        "fedora",
        "auth substack system-auth\nauth include system-auth\naccount include system-auth\n",
    );
    for service in ["s", "fedora"] {
        let answer = host.ask(service);
        assert_eq!(answer.findings("warning"), NOTHING, "{service}");
        assert_eq!(answer.code, 0, "{service}");
    }
}

/// A stack, a change to it, and what is found then.
type Spoiled = (&'static str, &'static str, &'static str, &'static str);

const OURS: &str = "[success=ok new_authtok_reqd=ok ignore=ignore user_unknown=ignore default=die]";

const SPOILED: [Spoiled; 27] = [
    (
        "sshd",
        "module_unknown=ignore default=die",
        "module_unknown=ignore default=ignore",
        "refusal_not_final",
    ),
    (
        "sudo",
        "[success=2 ignore=ignore module_unknown=ignore default=die]",
        "sufficient",
        "refusal_not_final",
    ),
    (
        "sshd",
        OURS,
        "[success=ok new_authtok_reqd=ok default=ignore]",
        "refusal_not_final",
    ),
    ("sudo", OURS, "optional", "refusal_not_final"),
    ("sudo", OURS, "sufficient", "refusal_not_final"),
    (
        "sshd",
        "ignore=ignore module_unknown=ignore default=die",
        "ignore=ignore default=die",
        "root_locked_out",
    ),
    (
        "sudo",
        "account [success=1 default=ignore] pam_succeed_if.so quiet uid eq 0\n",
        "",
        "root_locked_out",
    ),
    (
        "sshd",
        "ignore=ignore module_unknown=ignore default=die",
        "module_unknown=ignore default=die",
        "root_locked_out",
    ),
    (
        "sshd",
        "account [success=ok new_authtok_reqd=ok ignore=ignore user_unknown=ignore default=die] pam_rsldap.so\n",
        "",
        "no_account_line",
    ),
    (
        "sshd",
        "account required pam_nologin.so\n",
        "account sufficient pam_unix.so\n",
        "account_line_skipped",
    ),
    (
        "sshd",
        "account required pam_nologin.so\n",
        "account [success=ignore new_authtok_reqd=done default=ignore] pam_unix.so\n",
        "account_line_skipped",
    ),
    (
        "sshd",
        "account required pam_nologin.so\n",
        "account sufficient pam_localuser.so\n",
        "account_line_skipped",
    ),
    (
        "sshd",
        "pam_unix.so try_first_pass",
        "pam_unix.so use_first_pass",
        "use_first_pass_before_prompt",
    ),
    (
        "sudo",
        "default=die] pam_rsldap.so",
        "default=die] pam_rsldap.so use_first_pass",
        "use_first_pass_before_prompt",
    ),
    ("sshd", "auth [success=2", "auth [success=4", "jump_too_far"),
    (
        "sshd",
        "auth [success=2",
        "auth [success=3",
        "granted_but_refused",
    ),
    (
        "sshd",
        "auth [success=2",
        "auth [success=1",
        "granted_but_refused",
    ),
    (
        "faillock",
        "module_unknown=ignore default=1]",
        "module_unknown=ignore default=die]",
        "faillock_misplaced",
    ),
    (
        "faillock",
        "auth requisite pam_deny.so",
        "auth required pam_faillock.so preauth",
        "faillock_misplaced",
    ),
    (
        "faillock",
        "auth [success=3",
        "auth [success=2",
        "granted_but_refused",
    ),
    (
        "common",
        "new_authtok_reqd=ok ignore=ignore",
        "new_authtok_reqd=ignore ignore=ignore",
        "password_change_lost",
    ),
    (
        "sudo",
        "auth requisite pam_deny.so\n",
        "auth requisite\n",
        "bad_line",
    ),
    (
        "sudo",
        "die] pam_rsldap.so\nauth",
        "die] pam_rsldap.so use_frist_pass\nauth",
        "bad_argument",
    ),
    (
        "sshd",
        "account required pam_unix.so\n",
        "account required pam_unix.so\naccount optional pam_rsldap.so config=etc/x.toml\n",
        "bad_argument",
    ),
    (
        "sshd",
        "session optional pam_rsldap.so",
        "session required pam_rsldap.so",
        "root_locked_out",
    ),
    (
        "sshd",
        "default=die] pam_rsldap.so\nauth",
        "service_err=ignore default=die] pam_rsldap.so config_error=deny\nauth",
        "refusal_not_final",
    ),
    (
        "sshd",
        "password [success=done",
        "password [success=1",
        "changed_but_refused",
    ),
];

/// Without comments, and with single blanks.
pub fn plain(name: &str) -> String {
    let lines = stack(name);
    let meaningful = lines
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    meaningful
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n")
        .collect()
}

#[test]
fn every_way_to_spoil_a_shipped_stack_is_found() {
    for (name, from, to, id) in SPOILED {
        let text = plain(name);
        let spoiled = text.replacen(from, to, 1);
        assert_ne!(spoiled, text, "{name} has no {from}");
        let answer = Host::with(&spoiled).ask("s");
        let found = answer.findings("warning");
        assert!(
            found.contains(&id.to_owned()),
            "{name}: {from} -> {to}: {found:?}"
        );
        assert_eq!(answer.code, 1);
        let finding = answer.finding(id);
        for key in ["what", "where", "why", "fix"] {
            let text = finding[key]
                .as_str()
                .unwrap_or_else(|| panic!("{key}: {finding}"));
            assert!(!text.is_empty() && !text.contains('\n'));
            assert!(answer.text.contains(text), "{text}");
        }
    }
}

/// The names of an object's members.
fn members(object: &serde_json::Value) -> Vec<&str> {
    let object = object.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

#[test]
fn the_json_has_the_shape_that_the_manual_page_says() {
    let text = plain("sshd").replacen("auth [success=2", "auth [success=9", 1);
    let json = Host::with(&text).ask("s").json;
    let top = [
        "service",
        "ok",
        "files",
        "from_other",
        "outcomes",
        "changes",
        "findings",
    ];
    let cell = ["module", "others_yes", "others_no"];
    for (object, expected) in [
        (&json, &top[..]),
        (
            &json["outcomes"][0],
            &["outcome", "user", "auth", "account"][..],
        ),
        (&json["outcomes"][0]["auth"], &cell[..]),
        (&json["outcomes"][0]["account"], &cell[..]),
        (
            &json["changes"][0],
            &[
                "outcome",
                "user",
                "prelim",
                "update",
                "others_yes",
                "others_no",
            ][..],
        ),
        (
            &json["findings"][0],
            &["id", "level", "what", "where", "why", "fix"][..],
        ),
    ] {
        let mut found = members(object);
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
    assert_eq!(json["service"], "s");
    assert_eq!(json["ok"], false);
    assert_eq!(json["files"], serde_json::json!(["/etc/pam.d/s"]));
    assert_eq!(json["outcomes"][0]["auth"]["module"], "PAM_SUCCESS");
    assert_eq!(json["findings"][0]["level"], "warning");
}

#[test]
fn a_finding_names_file_and_line() {
    let text = plain("sudo").replacen(
        "default=die] pam_rsldap.so",
        "default=ignore] pam_rsldap.so",
        1,
    );
    let host = Host::with(&text);
    let answer = host.ask("s");
    let place = answer.finding("refusal_not_final")["where"].clone();
    assert_eq!(place, "/etc/pam.d/s:1");
}

#[test]
fn lines_without_ours_are_no_stack_of_ours() {
    let host = Host::with("auth required pam_unix.so\naccount required pam_unix.so\n");
    assert_eq!(host.warnings(), ["not_in_stack"]);
    let answer = host.ask("s");
    assert!(answer.json["outcomes"][0]["auth"]["module"].is_null());
}

#[test]
fn a_display_manager_may_keep_root_out_and_a_group_without_passwords_in() {
    let root = format!(
        "auth required pam_succeed_if.so user != root quiet\n{}",
        plain("sudo")
    );
    assert_eq!(Host::with(&root).warnings(), NOTHING);
    let group = format!(
        "auth sufficient pam_succeed_if.so user ingroup nopasswdlogin\n{}",
        plain("sudo")
    );
    let answer = Host::with(&group).ask("s");
    assert_eq!(answer.findings("warning"), NOTHING);
    assert_eq!(answer.finding("login_without_password")["level"], "note");
}

#[test]
fn gates_alone_are_a_note() {
    let text: String = plain("sudo")
        .lines()
        .filter(|line| !(line.starts_with("auth") && line.contains("pam_rsldap")))
        .map(|line| format!("{line}\n"))
        .collect();
    let answer = Host::with(&text).ask("s");
    assert_eq!(answer.findings("warning"), NOTHING);
    assert!(answer.findings("note").contains(&"no_auth_line".to_owned()));
}

#[test]
fn a_local_password_before_ours_is_a_note_while_the_account_line_stands() {
    let local = "auth [success=3 default=ignore] pam_unix.so\n";
    let answer = Host::with(&format!("{local}{}", plain("sudo"))).ask("s");
    assert_eq!(answer.findings("warning"), NOTHING);
    assert!(
        answer
            .findings("note")
            .contains(&"auth_line_skipped".to_owned())
    );
}

#[test]
fn what_comes_after_an_include_is_not_skipped_unseen() {
    let otp = "auth include a\nauth required pam_oath.so\naccount include a\n";
    let done = plain("sudo").replacen("success=2", "success=done", 1);
    let far = plain("sudo").replacen("success=2", "success=4", 1);
    for (text, id) in [(done, "done_skips_lines"), (far, "jump_leaves_file")] {
        let host = Host::with(otp);
        host.file("a", text);
        let found = host.warnings();
        assert!(found.contains(&id.to_owned()), "{found:?}");
    }
    let host = Host::with(&otp.replace("auth include", "auth substack"));
    host.file("a", plain("sudo").replacen("success=2", "success=done", 1));
    assert!(!host.warnings().contains(&"done_skips_lines".to_owned()));
}

/// A configuration with this in `[fallback]`.
pub fn configuration(fallback: &str) -> String {
    format!(
        "[server]\nuris = [\"ldaps://ldap.example.com\"]\n\
         [user]\ndn_template = \"uid={{user}},dc=example,dc=com\"\n\
         [flags]\nis_active = \"cn=active,dc=example,dc=com\"\n[fallback]\n{fallback}\n"
    )
}

#[test]
fn the_configuration_of_the_line_decides_what_is_a_refusal() {
    let gate = "ignore=ignore user_unknown=ignore default=die";
    let open = plain("sudo").replacen(gate, &format!("authinfo_unavail=ignore {gate}"), 1);
    let text = open.replace("pam_rsldap.so", "pam_rsldap.so config=/etc/login.conf");
    let host = Host::with(&text);
    for (fallback, expected) in [
        ("", vec![]),
        ("unavailable = \"deny\"", vec!["refusal_not_final"]),
        (
            "refused = \"ignore\"",
            vec!["refusal_not_final", "refusal_not_final"],
        ),
    ] {
        fs::write(host.path("etc/login.conf"), configuration(fallback)).unwrap();
        let answer = host.ask("s");
        assert_eq!(answer.findings("note"), NOTHING, "{fallback}");
        assert_eq!(answer.findings("warning"), expected, "{fallback}");
    }
}

#[test]
fn of_two_configurations_on_a_line_the_last_counts_as_in_the_module() {
    let twice = "pam_rsldap.so config=/etc/not-there.conf config=/etc/login.conf";
    let host = Host::with(&plain("sudo").replace("pam_rsldap.so", twice));
    fs::write(host.path("etc/login.conf"), configuration("")).unwrap();
    assert_eq!(host.ask("s").findings("note"), NOTHING);
}

#[test]
fn conditions_before_the_account_line_count_by_whom_they_let_through() {
    // Who is meant: a caller who is root, system accounts. Whom it may be: members of a group.
    // Whom it must not be: everybody.
    for (condition, warnings, notes) in [
        ("pam_rootok.so", 0, 0),
        ("pam_succeed_if.so uid = 0 use_uid quiet", 0, 0),
        ("pam_succeed_if.so uid < 1000 quiet", 0, 0),
        ("pam_succeed_if.so uid <= 999", 0, 0),
        ("pam_succeed_if.so user = root", 0, 0),
        ("pam_usertype.so issystem", 0, 0),
        ("pam_succeed_if.so uid < 1001", 0, 1),
        ("pam_succeed_if.so uid = 1000", 0, 1),
        ("pam_succeed_if.so user ingroup backup", 0, 1),
        ("pam_succeed_if.so uid > 2000", 0, 1),
        ("pam_elsewhere.so", 0, 1),
        ("pam_succeed_if.so uid >= 1000", 1, 0),
        ("pam_succeed_if.so uid != 0", 1, 0),
        ("pam_succeed_if.so user != root quiet", 1, 0),
        ("pam_usertype.so isregular", 1, 0),
        ("pam_listfile.so item=user sense=allow file=/etc/u", 1, 0),
        ("pam_permit.so", 1, 0),
        ("pam_sss.so", 1, 0),
    ] {
        let answer = Host::with(&format!(
            "account sufficient {condition}\n{}",
            plain("sudo")
        ))
        .ask("s");
        let count = |level: &str| {
            let found = answer.findings(level);
            found
                .iter()
                .filter(|id| *id == "account_line_skipped")
                .count()
        };
        assert_eq!(
            (count("warning"), count("note")),
            (warnings, notes),
            "{condition}"
        );
    }
}
