//! What is done with a password, and what is never done.

use crate::common::directory::{SERVICE_DN, user_dn};
use crate::common::pam::{Client, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_PROMPT_ECHO_OFF, PAM_SUCCESS};
use crate::fixture::{LENGTHS, auth, client, password_of_length, server, stack};

#[test]
fn the_right_password_is_success_after_one_hidden_prompt_and_one_bind() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let watch = server.watch();
    let mut login = client(&stack, "alice", "alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    let prompts: Vec<_> = login
        .messages()
        .iter()
        .map(|message| message.style)
        .collect();
    assert_eq!(prompts, [PAM_PROMPT_ECHO_OFF]);
    assert_eq!(login.user().as_deref(), Some("alice"));
    let operations = watch.operations();
    assert_eq!(operations.connections, 1, "{operations:#?}");
    assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{operations:#?}");
}

#[test]
fn a_wrong_password_is_an_authentication_error_after_one_bind_and_a_delay() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let watch = server.watch();
    let mut login = client(&stack, "alice", "wrong");
    assert_eq!(login.authenticate(0), PAM_AUTH_ERR);
    assert!(
        login.delays().iter().any(|delay| *delay > 0),
        "{:?}",
        login.delays()
    );
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{operations:#?}");
}

#[test]
fn a_password_is_compared_in_full() {
    let server = server();
    let config = server.config(&[]);
    for wrong in [
        "alice-secre",
        "alice-secret ",
        " alice-secret",
        "ALICE-SECRET",
        "alice-secret\n",
    ] {
        assert_eq!(auth(&config, "alice", wrong), PAM_AUTH_ERR, "{wrong:?}");
    }
}

#[test]
fn an_empty_password_is_an_authentication_error_without_a_single_byte_of_traffic() {
    let server = server();
    let template = "dn_template = \"uid={user},ou=users,dc=example,dc=com\"";
    for config in [server.config(&[]), server.config(&[("+user", template)])] {
        let watch = server.watch();
        for user in ["alice", "nopass", "carol", "unknown"] {
            assert_eq!(auth(&config, user, ""), PAM_AUTH_ERR, "{user}");
        }
        let operations = watch.operations();
        assert!(operations.nothing(), "{operations:#?}");
    }
}

#[test]
fn a_blank_password_is_sent() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    assert_eq!(auth(&config, "alice", " "), PAM_AUTH_ERR);
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{operations:#?}");
    assert_eq!(auth(&config, "blank", " "), PAM_SUCCESS);
}

#[test]
fn the_password_decides_before_the_gates_do() {
    let server = server();
    let config = server.config(&[]);
    assert_eq!(auth(&config, "carol", "wrong"), PAM_AUTH_ERR);
    assert_eq!(auth(&config, "carol", "carol-secret"), PAM_PERM_DENIED);
}

#[test]
fn a_user_without_a_password_has_no_password_that_is_right() {
    let server = server();
    let config = server.config(&[]);
    for password in ["nopass-secret", " ", "*", "!", "{SSHA}", "x"] {
        assert_eq!(
            auth(&config, "nopass", password),
            PAM_AUTH_ERR,
            "{password:?}"
        );
    }
}

/// What sshd(8) offers instead of the typed password for an account that it refuses: the text
/// repeated or cut to the length that was typed (auth-pam.c).
fn junk_of_sshd(length: usize) -> Vec<u8> {
    b"\x08\n\r\x7fINCORRECT"
        .iter()
        .copied()
        .cycle()
        .take(length)
        .collect()
}

#[test]
fn the_junk_password_of_sshd_is_wrong_without_a_bind_at_every_length() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    for length in 1..=40 {
        assert_eq!(
            auth(&config, "alice", junk_of_sshd(length)),
            PAM_AUTH_ERR,
            "{length}"
        );
    }
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 0, "{operations:#?}");
}

#[test]
fn a_password_that_only_begins_like_the_junk_of_sshd_is_sent() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    for password in ["\x08\n\r\x7fINCORRECT!", "INCORRECT", "\x08\n\rx"] {
        assert_eq!(
            auth(&config, "alice", password),
            PAM_AUTH_ERR,
            "{password:?}"
        );
    }
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 3, "{operations:#?}");
}

#[test]
fn passwords_of_up_to_512_bytes_arrive_byte_for_byte() {
    let server = server();
    let config = server.config(&[]);
    for length in LENGTHS.into_iter().filter(|length| *length <= 512) {
        let user = format!("len-{length}");
        let password = password_of_length(length);
        assert_eq!(auth(&config, &user, &password), PAM_SUCCESS, "{length}");
        if length > 1 {
            let cut = &password[..length - 1];
            assert_eq!(
                auth(&config, &user, cut),
                PAM_AUTH_ERR,
                "{length} without its last byte"
            );
        }
    }
}

#[test]
fn a_password_of_513_bytes_is_refused_without_a_bind() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    assert_eq!(
        auth(&config, "len-513", password_of_length(513)),
        PAM_AUTH_ERR
    );
    let operations = watch.operations();
    assert!(
        operations.binds.iter().all(|dn| dn == SERVICE_DN),
        "{operations:#?}"
    );
}

#[test]
fn a_password_may_be_any_text() {
    let server = server();
    let config = server.config(&[]);
    assert_eq!(auth(&config, "unicode", "pässwörd ☃ 密码"), PAM_SUCCESS);
    assert_eq!(auth(&config, "unicode", "passwort ☃ 密码"), PAM_AUTH_ERR);
}

#[test]
fn a_password_that_is_not_utf_8_is_not_mended_into_another() {
    let server = server();
    let config = server.config(&[]);
    assert_eq!(auth(&config, "replaced", "p\u{fffd}w"), PAM_SUCCESS);
    assert_eq!(auth(&config, "replaced", b"p\xffw"), PAM_AUTH_ERR);
}

#[test]
fn a_conversation_that_fails_ends_the_login_without_traffic() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let watch = server.watch();
    let mut login = client(&stack, "alice", "alice-secret");
    login.fail_conversation();
    assert_ne!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.prompts(), 1);
    let mut silent = Client::start(&stack, "login", "alice");
    assert_ne!(
        silent.authenticate(0),
        PAM_SUCCESS,
        "no answer to the prompt"
    );
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}

#[test]
fn a_name_that_the_application_did_not_give_is_asked_for() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let mut login = Client::start_without_user(&stack, "login");
    login.answer("alice").answer("alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.prompts(), 2);
    assert_eq!(login.user().as_deref(), Some("alice"));
}

#[test]
fn one_transaction_may_try_again_after_a_wrong_password() {
    let server = server();
    let stack = stack(&server.config(&[]));
    let mut login = client(&stack, "alice", "wrong");
    assert_eq!(login.authenticate(0), PAM_AUTH_ERR);
    login.answer("alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.prompts(), 2);
}
