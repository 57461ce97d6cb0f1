//! Changing a password: both passes of chauthtok, what the directory says against a new one, and the
//! login that goes on behind it. As root, as sshd and login(1) are: with PAM_CHANGE_EXPIRED_AUTHTOK.

mod obstacles;

use std::ffi::c_int;
use std::path::Path;

use crate::common::directory::{BASE, Ldif, password_of, user_dn};
use crate::common::login::told;
use crate::common::pam::*;
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{IGNORED, auth, auth_right, client, stack, stack_with};

const NEW: &str = "A new secret 1";
const SHADOW: (&str, &str) = ("objectClass", "shadowAccount");

/// A policy that a user of the same name has, and what it says besides.
type Rule = (&'static str, &'static [(&'static str, &'static str)]);

const RULES: [Rule; 8] = [
    ("short", &[("pwdMinLength", "20"), ("pwdCheckQuality", "2")]),
    ("history", &[("pwdInHistory", "3")]),
    ("young", &[("pwdMinAge", "2000000000")]),
    ("fixed", &[("pwdAllowUserChange", "FALSE")]),
    ("safe", &[("pwdSafeModify", "TRUE")]),
    ("reset", &[("pwdMustChange", "TRUE")]),
    (
        "grace",
        &[("pwdMaxAge", "100"), ("pwdGraceAuthNLimit", "3")],
    ),
    ("expired", &[("pwdMaxAge", "100")]),
];

/// A server with these users, and a policy for each of [`RULES`].
fn server() -> Slapd {
    let mut ldif = Ldif::tree();
    let policies = format!("ou=policies,{BASE}");
    ldif.entry(&policies, &[("objectClass", "organizationalUnit")]);
    let policy = |name: &str| format!("cn={name},{policies}");
    let mut members = vec![user_dn("alice"), user_dn("bob"), user_dn("aged")];
    for (name, settings) in [("default", &[][..])].iter().chain(&RULES) {
        let mut attributes = vec![
            ("objectClass", "device"),
            ("objectClass", "pwdPolicy"),
            ("pwdAttribute", "userPassword"),
        ];
        attributes.extend(*settings);
        ldif.entry(&policy(name), &attributes);
    }
    for (name, _) in RULES {
        let mine = policy(name);
        let mut attributes = vec![("pwdPolicySubentry", mine.as_str())];
        match name {
            "reset" => attributes.push(("pwdReset", "TRUE")),
            "grace" | "expired" | "young" => {
                attributes.push(("pwdChangedTime", "20200101000000Z"));
            }
            _ => {}
        }
        ldif.user(name, &attributes);
        members.push(user_dn(name));
    }
    for name in ["alice", "bob", "outsider"] {
        ldif.user(name, &[]);
    }
    ldif.user("aged", &[SHADOW, ("shadowLastChange", "0")]);
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    ldif.group("active", &members);
    for name in ["staff", "superuser"] {
        ldif.group(name, &[&user_dn("alice")]);
    }
    Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: "moduleload ppolicy\n".to_owned(),
        access: "access to attrs=userPassword by self write by anonymous auth by * none\n\
                 access to attrs=shadowLastChange by self write by * read\n\
                 access to * by * read\n"
            .to_owned(),
        database: format!("overlay ppolicy\nppolicy_default {}\n", policy("default")),
        ..SlapdOptions::default()
    })
}

/// pam_chauthtok(3) of an application that runs as root, with these answers: the code, and what
/// the user is told.
fn change(config: &Path, user: &str, answers: &[&str]) -> (c_int, Vec<String>) {
    change_with(config, user, answers, PAM_CHANGE_EXPIRED_AUTHTOK)
}

fn change_with(config: &Path, user: &str, answers: &[&str], flags: c_int) -> (c_int, Vec<String>) {
    let mut client = Client::start(&stack(config), "login", user);
    for answer in answers {
        client.answer(answer);
    }
    let code = client.chauthtok(flags);
    assert_eq!(client.answers_left(), 0, "{:?}", client.messages());
    (code, told(&client))
}

#[test]
fn a_user_changes_the_password_with_the_old_one() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    let old = password_of("alice");
    assert_eq!(
        change(&config, "alice", &[&old, NEW, NEW]),
        (PAM_SUCCESS, vec![])
    );
    let operations = watch.operations();
    // Each pass proves the old password.
    assert_eq!(operations.binds_as(&user_dn("alice")), 2, "{operations:#?}");
    assert_eq!(auth(&config, "alice", &old), PAM_AUTH_ERR);
    assert_eq!(auth(&config, "alice", NEW), PAM_SUCCESS);
    // And with a template in place of a search.
    let template = "dn_template = \"uid={user},ou=users,dc=example,dc=com\"";
    let config = server.config(&[("user", template)]);
    assert_eq!(
        change(&config, "alice", &[NEW, &old, &old]),
        (PAM_SUCCESS, vec![])
    );
    assert_eq!(auth(&config, "alice", &old), PAM_SUCCESS);
}

#[test]
fn a_wrong_old_password_ends_it_before_a_new_one_is_asked_for() {
    let server = server();
    let config = server.config(&[]);
    for (typed, binds) in [("wrong", 1), ("", 0)] {
        let watch = server.watch();
        assert_eq!(change(&config, "alice", &[typed]), (PAM_AUTH_ERR, vec![]));
        let operations = watch.operations();
        assert_eq!(
            operations.binds_as(&user_dn("alice")),
            binds,
            "{operations:#?}"
        );
    }
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
}

#[test]
fn those_who_are_not_the_directorys_are_left_to_the_rest_of_the_stack() {
    let server = server();
    let config = server.config(&[]);
    // The pass after it fails at once, and nobody was asked for anything.
    for user in ["nobody-here", "root", "daemon", "a:b"] {
        assert_eq!(change(&config, user, &[]), (IGNORED, vec![]), "{user}");
    }
}

#[test]
fn the_first_module_of_a_stack_asks_for_the_new_password_of_a_local_user_too() {
    let server = server();
    let config = server.config(&[]);
    for (arguments, prompts) in [("", 2), ("use_authtok", 0)] {
        let stack = stack_with(&config, arguments);
        stack.service(
            "passwd",
            &format!(
                "password [success=1 ignore=ignore default=die] pam_rsldap.so config=CONFIG {arguments}\n\
                 password required pam_debug.so\n"
            ),
        );
        let mut client = Client::start(&stack, "passwd", "nobody-here");
        client.answer(NEW).answer(NEW);
        assert_eq!(client.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK), PAM_SUCCESS);
        assert_eq!(client.prompts(), prompts, "{arguments}");
    }
}

#[test]
fn what_the_policy_says_against_it_is_said_in_words() {
    let server = server();
    let config = server.config(&[]);
    let cases = [
        (
            "short",
            "short",
            PAM_AUTHTOK_ERR,
            "The new password is too short.",
        ),
        (
            "young",
            NEW,
            PAM_PERM_DENIED,
            "Your password was changed too recently",
        ),
        (
            "fixed",
            NEW,
            PAM_PERM_DENIED,
            "You may not change your password.",
        ),
    ];
    for (user, new, expected, words) in cases {
        let old = password_of(user);
        let (code, told) = change(&config, user, &[&old, new, new]);
        assert_eq!(code, expected, "{user}: {told:?}");
        assert!(
            told.len() == 1 && told[0].starts_with(words),
            "{user}: {told:?}"
        );
        assert_eq!(auth_right(&config, user), PAM_SUCCESS, "{user}");
    }
    // The old one and the one before it.
    let old = password_of("history");
    let used = "The new password has been used before. Choose another one.";
    let (code, told) = change(&config, "history", &[&old, &old, &old]);
    assert_eq!((code, told), (PAM_AUTHTOK_ERR, vec![used.to_owned()]));
    assert_eq!(
        change(&config, "history", &[&old, NEW, NEW]),
        (PAM_SUCCESS, vec![])
    );
    let (code, told) = change(&config, "history", &[NEW, &old, &old]);
    assert_eq!((code, told), (PAM_AUTHTOK_ERR, vec![used.to_owned()]));
    // Where the old one has to come with the new one, it does.
    let old = password_of("safe");
    assert_eq!(
        change(&config, "safe", &[&old, NEW, NEW]),
        (PAM_SUCCESS, vec![])
    );
}

#[test]
fn a_new_password_that_is_empty_or_was_mistyped_is_not_sent() {
    let server = server();
    let config = server.config(&[]);
    let old = password_of("alice");
    let watch = server.watch();
    let (code, told) = change(&config, "alice", &[&old, "", ""]);
    assert_eq!(code, PAM_AUTHTOK_ERR);
    assert_eq!(told, ["No new password was given."]);
    // Asked for three times, as by pam_unix.
    let answers = [&old, "a1", "b1", "a2", "b2", "a3", "b3"];
    let (code, told) = change(&config, "alice", &answers);
    assert_eq!((code, told.len()), (PAM_TRY_AGAIN, 3), "{told:?}");
    assert!(
        !watch
            .operations()
            .lines
            .iter()
            .any(|line| line.contains(" PASSMOD"))
    );
    let answers = [&old, "a1", "b1", NEW, NEW];
    assert_eq!(change(&config, "alice", &answers).0, PAM_SUCCESS);
    assert_eq!(auth(&config, "alice", NEW), PAM_SUCCESS);
}

#[test]
fn a_login_that_must_change_the_password_goes_on_behind_it() {
    for overrides in [&[][..], &[("+bind", "as_user = true")]] {
        let server = server();
        let config = server.config(overrides);
        for user in ["reset", "aged"] {
            let old = password_of(user);
            let mut login = client(&stack(&config), user, &old);
            assert_eq!(login.authenticate(0), PAM_SUCCESS, "{user}");
            assert!(told(&login).is_empty());
            assert_eq!(login.acct_mgmt(0), PAM_NEW_AUTHTOK_REQD, "{user}");
            assert_eq!(told(&login), ["You have to change your password now."]);
            // Asked again, as long as it is so.
            assert_eq!(login.acct_mgmt(PAM_SILENT), PAM_NEW_AUTHTOK_REQD, "{user}");
            login.answer(&old).answer(NEW).answer(NEW);
            assert_eq!(login.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK), PAM_SUCCESS);
            assert_eq!(login.acct_mgmt(0), PAM_SUCCESS, "{user}");
            assert_eq!(login.setcred(PAM_ESTABLISH_CRED), PAM_SUCCESS);
            assert_eq!(login.open_session(0), PAM_SUCCESS);
            assert_eq!(login.getenvlist()["RSLDAP_DN"], user_dn(user));
            // The next login has nothing to change.
            let mut next = client(&stack(&config), user, NEW);
            assert_eq!(next.authenticate(0), PAM_SUCCESS, "{user}");
            assert_eq!(next.acct_mgmt(0), PAM_SUCCESS, "{user}");
            let mut without_auth = Client::start(&stack(&config), "login", user);
            assert_eq!(without_auth.acct_mgmt(0), PAM_SUCCESS, "{user}");
        }
    }
}

#[test]
fn where_passwords_are_not_changed_it_says_so_and_pam_unix_is_not_asked() {
    let server = server();
    for (password, words) in [
        (
            "change = \"off\"",
            "Passwords of the directory are not changed on this host.",
        ),
        (
            "prohibit_message = \"Go to https://id.example.com\"",
            "Go to https://id.example.com",
        ),
    ] {
        let config = server.config(&[("password", password)]);
        for flags in [0, PAM_CHANGE_EXPIRED_AUTHTOK] {
            let (code, told) = change_with(&config, "alice", &[], flags);
            assert_eq!((code, told), (PAM_PERM_DENIED, vec![words.to_owned()]));
            let (code, told) = change_with(&config, "alice", &[], flags | PAM_SILENT);
            assert_eq!((code, told), (PAM_PERM_DENIED, vec![]));
            assert_eq!(
                change_with(&config, "nobody-here", &[], flags),
                (IGNORED, vec![])
            );
        }
        // And a password that has to be changed has expired.
        let mut login = client(&stack(&config), "reset", password_of("reset"));
        assert_eq!(login.authenticate(0), PAM_AUTHTOK_EXPIRED);
        assert_eq!(told(&login).len(), 1);
        let mut by_key = Client::start(&stack(&config), "login", "reset");
        assert_eq!(by_key.acct_mgmt(0), PAM_AUTHTOK_EXPIRED);
        assert_eq!(told(&by_key).len(), 1);
        let mut stranger = client(&stack(&config), "reset", "wrong");
        assert_eq!(stranger.authenticate(0), PAM_AUTH_ERR);
        assert!(told(&stranger).is_empty());
    }
}

#[test]
fn root_sets_no_password_of_the_directory() {
    // SAFETY: getuid(2) has no conditions.
    let is_root = unsafe { libc::getuid() } == 0;
    assert!(is_root, "root is needed: run it with sudo");
    let server = server();
    let config = server.config(&[]);
    let (code, told) = change_with(&config, "alice", &[], 0);
    assert_eq!(code, PAM_PERM_DENIED);
    assert!(
        told.len() == 1 && told[0].starts_with("root does not set"),
        "{told:?}"
    );
    assert_eq!(
        change_with(&config, "nobody-here", &[], 0),
        (IGNORED, vec![])
    );
}

#[test]
fn an_expired_password_that_the_server_refuses_is_never_success() {
    let server = server();
    let config = server.config(&[]);
    let old = password_of("expired");
    let mut login = client(&stack(&config), "expired", &old);
    assert_eq!(login.authenticate(0), PAM_AUTHTOK_EXPIRED);
    assert_eq!(
        told(&login),
        ["Your password has expired. Ask your administrator for a new one."]
    );
    let (code, words) = change(&config, "expired", &[&old]);
    assert_eq!((code, words.len()), (PAM_AUTHTOK_EXPIRED, 1));
    // A stranger does not learn that it has.
    let mut stranger = client(&stack(&config), "expired", "wrong");
    assert_eq!(stranger.authenticate(0), PAM_AUTH_ERR);
    assert!(told(&stranger).is_empty());
}

#[test]
fn logins_after_the_end_are_counted_and_told_once() {
    let server = server();
    let config = server.config(&[]);
    for (flags, words) in [
        (
            0,
            "Your password has expired. 2 more logins with it are left: change it now.",
        ),
        (PAM_SILENT, ""),
        (
            0,
            "Your password has expired. This was the last login with it: change it now.",
        ),
    ] {
        let mut login = client(&stack(&config), "grace", password_of("grace"));
        assert_eq!(login.authenticate(flags), PAM_SUCCESS);
        assert!(told(&login).is_empty());
        assert_eq!(login.acct_mgmt(flags), PAM_SUCCESS);
        assert_eq!(told(&login).concat(), words);
    }
    assert_eq!(auth_right(&config, "grace"), PAM_AUTHTOK_EXPIRED);
}

#[test]
fn a_refused_password_is_not_sent_again_by_the_same_login() {
    let server = server();
    let config = server.config(&[]);
    let stack = stack(&config);
    let line = format!("auth optional pam_rsldap.so config={}\n", config.display());
    stack.service("twice", &line.repeat(2));
    let watch = server.watch();
    let mut login = Client::start(&stack, "twice", "bob");
    login.answer("wrong");
    assert_ne!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(watch.operations().binds_as(&user_dn("bob")), 1);
    // sudo tries again with what is typed then.
    let watch = server.watch();
    for (typed, code) in [
        ("wrong", PAM_AUTH_ERR),
        ("other", PAM_AUTH_ERR),
        ("bob-secret", PAM_SUCCESS),
    ] {
        login.answer(typed);
        assert_eq!(
            login.authenticate(0) == PAM_SUCCESS,
            code == PAM_SUCCESS,
            "{typed}"
        );
    }
    // The right one was proven to both lines.
    assert_eq!(watch.operations().binds_as(&user_dn("bob")), 3);
    // Another transaction begins anew.
    let watch = server.watch();
    assert_eq!(auth(&config, "bob", "wrong"), PAM_AUTH_ERR);
    assert_eq!(watch.operations().binds_as(&user_dn("bob")), 1);
}

#[test]
fn the_update_alone_works_too() {
    // An application cannot ask for it; a handle that has lost what the first pass left can.
    let server = server();
    let config = server.config(&[]);
    let old = password_of("bob");
    let stack = stack(&config);
    stack.service(
        "passwd",
        &format!(
            "password [success=1 default=die] pam_rsldap.so config={0}\n\
             password required pam_deny.so\n\
             password required pam_permit.so\n",
            config.display()
        ),
    );
    let mut client = Client::start(&stack, "passwd", "bob");
    client.answer(&old).answer(NEW).answer(NEW);
    assert_eq!(client.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK), PAM_SUCCESS);
    // A second change in the same transaction.
    client.answer(NEW).answer(&old).answer(&old);
    assert_eq!(client.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK), PAM_SUCCESS);
    assert_eq!(auth(&config, "bob", &old), PAM_SUCCESS);
}
