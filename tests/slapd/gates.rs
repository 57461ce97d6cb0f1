//! Gates: is_active, access, services and the algebra of queries.

use crate::common::directory::{group_dn, password_of};
use crate::common::pam::{Client, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SUCCESS, PAM_USER_UNKNOWN};
use crate::fixture::{IGNORED, account, auth, auth_right, server, stack};

/// Replaces short group names in angle brackets by quoted DNs.
fn with_groups(text: &str) -> String {
    ["active", "staff", "superuser", "extra", "banned", "missing"]
        .iter()
        .fold(text.to_owned(), |text, name| {
            text.replace(&format!("<{name}>"), &format!("\"{}\"", group_dn(name)))
        })
}

#[test]
fn who_is_not_active_is_refused_with_the_right_password() {
    let server = server();
    let config = server.config(&[]);
    for (user, code) in [
        ("alice", PAM_SUCCESS),
        ("bob", PAM_SUCCESS),
        ("sue", PAM_SUCCESS),
        ("carol", PAM_PERM_DENIED),
    ] {
        assert_eq!(auth_right(&config, user), code, "{user}");
        assert_eq!(account(&config, user), code, "{user}");
    }
}

#[test]
fn queries_mean_what_their_words_say() {
    let server = server();
    // alice is staff; bob is banned; sue is staff and superuser; all three are active and in extra.
    for (query, alice, bob, sue) in [
        ("<staff>", true, false, true),
        ("\"is_staff\"", true, false, true),
        ("[<staff>]", true, false, true),
        ("[<superuser>, <banned>]", false, true, true),
        ("{ any = [<superuser>, <banned>] }", false, true, true),
        ("{ all = [<staff>, <superuser>] }", false, false, true),
        ("{ all = [\"is_active\", \"is_staff\"] }", true, false, true),
        ("{ not = <staff> }", false, true, false),
        ("{ not = { not = <staff> } }", true, false, true),
        ("{ not = [<superuser>, <banned>] }", true, false, false),
        (
            "{ all = [<extra>, { not = <banned> }, { not = \"is_superuser\" }] }",
            true,
            false,
            false,
        ),
        (
            "{ any = [{ all = [<staff>, { not = <superuser> }] }, <banned>] }",
            true,
            true,
            false,
        ),
        ("{ any = [<missing>, <staff>] }", true, false, true),
        ("{ all = [<missing>, <staff>] }", false, false, false),
        ("\"both\"", false, false, true),
    ] {
        let access = with_groups(&format!("require = {query}"));
        let config = server.config(&[
            ("access", &access),
            (
                "+flags",
                "both = { all = [\"is_staff\", \"is_superuser\"] }",
            ),
        ]);
        for (user, open) in [("alice", alice), ("bob", bob), ("sue", sue)] {
            let code = if open { PAM_SUCCESS } else { PAM_PERM_DENIED };
            assert_eq!(auth_right(&config, user), code, "{query} for {user}");
            assert_eq!(account(&config, user), code, "{query} for {user}");
        }
    }
}

#[test]
fn is_active_may_be_any_query() {
    let server = server();
    let flags = with_groups("is_active = { all = [<active>, { not = <banned> }] }");
    let config = server.config(&[("flags", &flags)]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth_right(&config, "bob"), PAM_PERM_DENIED);
    assert_eq!(auth_right(&config, "carol"), PAM_PERM_DENIED);
}

#[test]
fn what_is_required_comes_on_top_of_is_active() {
    let server = server();
    let access = with_groups("require = { not = <banned> }");
    let config = server.config(&[("access", &access)]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(
        auth_right(&config, "carol"),
        PAM_PERM_DENIED,
        "not banned, but not active"
    );
}

#[test]
fn what_is_denied_wins() {
    let server = server();
    let access = with_groups("require = <extra>\ndeny = <banned>");
    let config = server.config(&[
        ("access", &access),
        ("services.login", "require = \"is_active\""),
    ]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth_right(&config, "bob"), PAM_PERM_DENIED);
    assert_eq!(account(&config, "bob"), PAM_PERM_DENIED);
}

#[test]
fn each_service_has_its_own_gate() {
    let server = server();
    let sshd = with_groups("require = { any = [\"is_staff\", <banned>] }");
    let config = server.config(&[
        ("services.sudo", "require = \"is_superuser\""),
        ("services.sshd", &sshd),
    ]);
    let stack = stack(&config);
    for (service, user, open) in [
        ("login", "alice", true),
        ("login", "bob", true),
        ("sshd", "alice", true),
        ("sshd", "bob", true),
        ("sshd", "pat", false),
        ("sudo", "alice", false),
        ("sudo", "bob", false),
        ("sudo", "sue", true),
        ("sudo", "carol", false),
    ] {
        let code = if open { PAM_SUCCESS } else { PAM_PERM_DENIED };
        let mut login = Client::start(&stack, service, user);
        login.answer(password_of(user));
        assert_eq!(login.authenticate(0), code, "{user} at {service}");
        let mut by_key = Client::start(&stack, service, user);
        assert_eq!(
            by_key.acct_mgmt(0),
            code,
            "{user} at {service}, account alone"
        );
    }
}

#[test]
fn a_question_whose_answer_cannot_matter_is_not_asked() {
    let server = server();
    let access = with_groups("require = { any = [<active>, <extra>] }");
    let config = server.config(&[("access", &access)]);
    let watch = server.watch();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    let operations = watch.operations();
    let asked = operations
        .lines
        .iter()
        .any(|line| line.contains("cn=extra"));
    assert!(!asked, "{operations:#?}");
}

#[test]
fn a_question_that_stands_twice_is_asked_once() {
    let server = server();
    let access = with_groups("require = { all = [<extra>, { any = [<banned>, <extra>] }] }");
    let config = server.config(&[("access", &access)]);
    let watch = server.watch();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    let operations = watch.operations();
    let asked = |line: &&String| {
        line.contains("cn=extra") && (line.contains(" CMP dn=") || line.contains(" SRCH base="))
    };
    assert_eq!(
        operations.lines.iter().filter(asked).count(),
        1,
        "{operations:#?}"
    );
}

#[test]
fn a_flag_that_is_no_gate_keeps_nobody_out() {
    let server = server();
    let flags = with_groups("is_active = <active>\nis_staff = <missing>");
    let config = server.config(&[("flags", &flags)]);
    assert_eq!(auth_right(&config, "bob"), PAM_SUCCESS);
}

#[test]
fn by_default_a_refusal_is_final_and_everything_else_is_left_to_the_stack() {
    let server = server();
    let config = server.config(&[("fallback", "")]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth(&config, "alice", "wrong"), IGNORED);
    assert_eq!(auth(&config, "alice", ""), IGNORED);
    assert_eq!(auth(&config, "nobody-here", "x"), IGNORED);
    assert_eq!(auth_right(&config, "twin"), IGNORED);
    assert_eq!(auth_right(&config, "carol"), PAM_PERM_DENIED);
    assert_eq!(auth(&config, "carol", "wrong"), IGNORED);
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    assert_eq!(account(&config, "nobody-here"), IGNORED);
    assert_eq!(account(&config, "carol"), PAM_PERM_DENIED);
}

#[test]
fn the_account_phase_may_have_its_own_fallback() {
    let server = server();
    let config = server.config(&[
        ("fallback", "bad_password = \"deny\"\nrefused = \"deny\""),
        (
            "fallback.account",
            "unknown_user = \"deny\"\nrefused = \"ignore\"",
        ),
    ]);
    assert_eq!(auth(&config, "nobody-here", "x"), IGNORED);
    assert_eq!(account(&config, "nobody-here"), PAM_USER_UNKNOWN);
    assert_eq!(auth(&config, "alice", "wrong"), PAM_AUTH_ERR);
    assert_eq!(auth_right(&config, "carol"), PAM_PERM_DENIED);
    assert_eq!(account(&config, "carol"), IGNORED);
}
