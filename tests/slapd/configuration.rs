//! Errors that the administrator has to mend: never a grant, never a wrong password, and what the
//! user typed goes nowhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::directory::{BASE, SERVICE_DN, USERS, user_dn};
use crate::common::need;
use crate::common::pam::{PAM_AUTH_ERR, PAM_SERVICE_ERR, PAM_SUCCESS, PAM_USER_UNKNOWN};
use crate::fixture::{IGNORED, account, auth, auth_right, client, server, stack, stack_with};

/// The code where only the module's arguments say what is done about an error.
fn auth_with(config: &Path, arguments: &str) -> i32 {
    client(&stack_with(config, arguments), "alice", "alice-secret").authenticate(0)
}

#[test]
fn a_wrong_service_password_is_an_error_of_the_configuration_and_no_user_is_bound() {
    let server = server();
    let bind = format!("dn = \"{SERVICE_DN}\"\npassword = \"wrong\"");
    let config = server.config(&[("bind", &bind)]);
    let by_default = server.config(&[("bind", &bind), ("fallback", "")]);
    let watch = server.watch();
    for password in ["alice-secret", "wrong"] {
        assert_eq!(auth(&config, "alice", password), PAM_SERVICE_ERR);
        assert_eq!(auth(&by_default, "alice", password), IGNORED);
    }
    assert_eq!(account(&config, "alice"), PAM_SERVICE_ERR);
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 0, "{operations:#?}");
    assert!(operations.searches.is_empty(), "{operations:#?}");
}

#[test]
fn a_service_account_that_does_not_exist_is_an_error_of_the_configuration() {
    let server = server();
    let bind = format!("dn = \"cn=missing,{BASE}\"\npassword = \"x\"");
    let config = server.config(&[("bind", &bind)]);
    assert_eq!(auth_right(&config, "alice"), PAM_SERVICE_ERR);
}

#[test]
fn a_base_that_does_not_exist_is_an_error_of_the_configuration() {
    let server = server();
    let search = |bases: &[&str]| {
        let searches: Vec<String> = bases
            .iter()
            .map(|base| {
                format!("{{ base = \"{base}\", scope = \"subtree\", filter = \"(uid={{user}})\" }}")
            })
            .collect();
        format!("search = [ {} ]", searches.join(", "))
    };
    let missing = format!("ou=missing,{BASE}");
    for bases in [
        vec![missing.as_str()],
        vec![USERS, &missing],
        vec![&missing, USERS],
    ] {
        let config = server.config(&[("user", &search(&bases))]);
        let watch = server.watch();
        assert_eq!(auth_right(&config, "alice"), PAM_SERVICE_ERR, "{bases:?}");
        assert_eq!(account(&config, "alice"), PAM_SERVICE_ERR, "{bases:?}");
        assert_eq!(
            auth(&config, "nobody-here", "x"),
            PAM_SERVICE_ERR,
            "{bases:?}"
        );
        let operations = watch.operations();
        assert_eq!(operations.binds_as(&user_dn("alice")), 0, "{operations:#?}");
    }
    let contractors = format!("ou=contractors,{BASE}");
    let union = server.config(&[("user", &search(&[USERS, &contractors]))]);
    assert_eq!(auth_right(&union, "alice"), PAM_SUCCESS);
    assert_eq!(auth_right(&union, "dan"), PAM_SUCCESS);
    assert_eq!(auth(&union, "nobody-here", "x"), PAM_USER_UNKNOWN);
    let overlapping = server.config(&[("user", &search(&[USERS, BASE]))]);
    assert_eq!(
        auth_right(&overlapping, "alice"),
        PAM_SUCCESS,
        "found twice, one entry"
    );
    assert_eq!(
        auth_right(&overlapping, "twin"),
        PAM_USER_UNKNOWN,
        "two entries"
    );
}

#[test]
fn lookups_are_anonymous_without_a_service_account() {
    let server = server();
    let config = server.config(&[("bind", "")]);
    let watch = server.watch();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth(&config, "alice", "wrong"), PAM_AUTH_ERR);
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    let operations = watch.operations();
    assert_eq!(operations.binds_as(SERVICE_DN), 0, "{operations:#?}");
    assert_eq!(operations.binds_as(&user_dn("alice")), 2, "{operations:#?}");
}

#[test]
fn an_argument_that_nobody_knows_is_an_error_of_the_configuration() {
    let server = server();
    let config = server.config(&[("fallback", "")]);
    let watch = server.watch();
    for argument in [
        "frobnicate",
        "config_error=perhaps",
        "use_first_pas",
        "DEBUG",
        "config",
    ] {
        assert_eq!(auth_with(&config, argument), IGNORED, "{argument}");
        let denied = format!("{argument} config_error=deny");
        if argument != "config_error=perhaps" {
            assert_eq!(auth_with(&config, &denied), PAM_SERVICE_ERR, "{denied}");
            let denied = format!("config_error=deny {argument}");
            assert_eq!(auth_with(&config, &denied), PAM_SERVICE_ERR, "{denied}");
        }
    }
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
    assert_eq!(auth_with(&config, "debug"), PAM_SUCCESS);
}

#[test]
fn an_unusable_file_is_an_error_that_the_argument_decides() {
    let server = server();
    let unknown_key = server.config(&[("+user", "serach = 1")]);
    let syntax = server.file("syntax.toml", 0o600, "[server\nuris = 1\n");
    let empty = server.file("empty.toml", 0o600, "");
    let missing = server.path().join("missing.toml");
    let directory = server.path().join("db");
    let binary = server.path().join("binary.toml");
    fs::write(&binary, b"\xff\xfe\x00").unwrap();
    let huge = server.path().join("huge.toml");
    let text = fs::read_to_string(server.config(&[])).unwrap();
    fs::write(&huge, format!("{text}\n# {}\n", "x".repeat(70_000))).unwrap();
    let link = server.path().join("link.toml");
    let _ = fs::remove_file(&link);
    symlink(server.config(&[]), &link).unwrap();
    let watch = server.watch();
    for file in [
        unknown_key,
        syntax,
        empty,
        missing,
        directory,
        binary,
        huge,
        link,
    ] {
        let shown = file.display();
        assert_eq!(auth_with(&file, ""), IGNORED, "{shown}");
        assert_eq!(auth_with(&file, "config_error=ignore"), IGNORED, "{shown}");
        assert_eq!(
            auth_with(&file, "config_error=deny"),
            PAM_SERVICE_ERR,
            "{shown}"
        );
    }
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}

#[test]
fn a_fifo_as_configuration_does_not_block() {
    let server = server();
    let fifo = server.path().join("fifo");
    let _ = fs::remove_file(&fifo);
    let made = Command::new(need("mkfifo", "coreutils"))
        .arg(&fifo)
        .status()
        .unwrap();
    assert!(made.success());
    let begin = Instant::now();
    assert_eq!(auth_with(&fifo, "config_error=deny"), PAM_SERVICE_ERR);
    let bind = format!(
        "dn = \"{SERVICE_DN}\"\npassword_file = \"{}\"",
        fifo.display()
    );
    let config = server.config(&[("bind", &bind)]);
    assert_eq!(auth_with(&config, "config_error=deny"), PAM_SERVICE_ERR);
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_secret_that_others_may_read_is_an_error_of_the_configuration() {
    let server = server();
    let watch = server.watch();
    for mode in [0o644, 0o604, 0o602, 0o601, 0o660] {
        let secret = server.file(&format!("secret-{mode:o}"), mode, "service-secret");
        let bind = format!(
            "dn = \"{SERVICE_DN}\"\npassword_file = \"{}\"",
            secret.display()
        );
        let config = server.config(&[("bind", &bind)]);
        let code = auth_with(&config, "config_error=deny");
        if mode == 0o660 {
            // Nothing is promised about a group that may write; it is certainly no wrong password.
            assert!(
                [PAM_SERVICE_ERR, PAM_SUCCESS].contains(&code),
                "{mode:o}: {code}"
            );
        } else {
            assert_eq!(code, PAM_SERVICE_ERR, "{mode:o}");
        }
    }
    let operations = watch.operations();
    assert!(
        operations.binds_as(&user_dn("alice")) <= 1,
        "{operations:#?}"
    );
    for mode in [0o600, 0o640, 0o400] {
        let secret = server.file(&format!("secret-{mode:o}"), mode, "service-secret");
        let bind = format!(
            "dn = \"{SERVICE_DN}\"\npassword_file = \"{}\"",
            secret.display()
        );
        let config = server.config(&[("bind", &bind)]);
        assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS, "{mode:o}");
    }
}

#[test]
fn a_password_inside_the_configuration_needs_a_file_that_nobody_else_reads() {
    let server = server();
    let bind = format!("dn = \"{SERVICE_DN}\"\npassword = \"service-secret\"");
    let text = server.config_text(&[("bind", &bind)]);
    let open = server.file("inline-open.toml", 0o644, &text);
    assert_eq!(auth_with(&open, "config_error=deny"), PAM_SERVICE_ERR);
    let closed = server.file("inline-closed.toml", 0o600, &text);
    assert_eq!(auth_right(&closed, "alice"), PAM_SUCCESS);
}

#[test]
fn a_configuration_without_a_secret_may_be_read_by_all() {
    let server = server();
    let config = server.file("open.toml", 0o644, &server.config_text(&[]));
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
}

#[test]
fn a_configuration_that_others_may_write_is_not_believed() {
    let server = server();
    let config = server.file("writable.toml", 0o666, &server.config_text(&[]));
    assert_eq!(auth_with(&config, "config_error=deny"), PAM_SERVICE_ERR);
}

#[test]
fn a_line_end_behind_the_secret_is_not_part_of_it() {
    let server = server();
    let secret = server.file("secret-newline", 0o600, "service-secret\n");
    let bind = format!(
        "dn = \"{SERVICE_DN}\"\npassword_file = \"{}\"",
        secret.display()
    );
    let config = server.config(&[("bind", &bind)]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
}

#[test]
fn a_service_secret_that_is_empty_or_missing_is_an_error_of_the_configuration() {
    let server = server();
    let empty = server.file("secret-empty", 0o600, "");
    let newline = server.file("secret-only-newline", 0o600, "\n");
    let missing = server.path().join("secret-missing");
    let watch = server.watch();
    for secret in [empty, newline, missing] {
        let bind = format!(
            "dn = \"{SERVICE_DN}\"\npassword_file = \"{}\"",
            secret.display()
        );
        let config = server.config(&[("bind", &bind)]);
        let code = auth_with(&config, "config_error=deny");
        assert_eq!(code, PAM_SERVICE_ERR, "{}", secret.display());
    }
    let operations = watch.operations();
    assert!(operations.binds.is_empty(), "{operations:#?}");
}

#[test]
fn an_error_of_the_configuration_shows_in_the_account_phase_too() {
    let server = server();
    let missing = server.path().join("missing.toml");
    let ignoring = stack(&missing);
    let denying = stack_with(&missing, "config_error=deny");
    for (stack, code) in [(ignoring, IGNORED), (denying, PAM_SERVICE_ERR)] {
        assert_eq!(client(&stack, "alice", "x").acct_mgmt(0), code);
    }
}
