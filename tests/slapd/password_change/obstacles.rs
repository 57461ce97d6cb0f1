//! What is in the way of a change: no server, one that only has a copy, a broken configuration.

use super::*;

#[test]
fn without_a_server_each_pass_says_so_and_changes_nothing() {
    let server = server().until_exit();
    let config = server.config(&[]);
    server.stop();
    let unchanged =
        "The directory cannot be asked now. Your password is unchanged: try again later.";
    let (code, told_first) = change(&config, "alice", &[]);
    assert_eq!(
        (code, told_first),
        (PAM_TRY_AGAIN, vec![unchanged.to_owned()])
    );
    server.restart();

    // It goes away while the user types the new password.
    let stack = stack(&config);
    stack.service(
        "passwd",
        &format!(
            "password [success=done ignore=ignore default=die] pam_rsldap.so config={}\n",
            config.display()
        ),
    );
    let mut client = Client::start(&stack, "passwd", "alice");
    let old = password_of("alice");
    client.answer(&old).answer(NEW).answer(NEW);
    client.when_asked("New password: ", move || server.stop());
    let code = client.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK);
    assert_eq!(
        (code, told(&client)),
        (PAM_AUTHTOK_ERR, vec![unchanged.to_owned()])
    );
    server.restart();
    assert_eq!(auth(&config, "alice", &old), PAM_SUCCESS);
}

#[test]
fn a_copy_that_refers_to_another_server_changes_nothing_and_says_so() {
    let mut ldif = Ldif::tree();
    ldif.user("alice", &[]);
    ldif.group("active", &[&user_dn("alice")]);
    let elsewhere = server();
    let consumer = Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        database: format!(
            "syncrepl rid=1 provider=ldap://127.0.0.1:1 bindmethod=simple searchbase=\"{BASE}\" \
             type=refreshOnly interval=01:00:00:00 retry=\"3600 +\"\nupdateref {}\n",
            elsewhere.uri()
        ),
        ..SlapdOptions::default()
    });
    let config = consumer.config(&[]);
    let watch = elsewhere.watch();
    let old = password_of("alice");
    let (code, told) = change(&config, "alice", &[&old, NEW, NEW]);
    assert_eq!(code, PAM_PERM_DENIED);
    assert!(
        told[0].starts_with("This directory server cannot change passwords"),
        "{told:?}"
    );
    assert!(watch.operations().nothing());
    assert_eq!(auth(&config, "alice", &old), PAM_SUCCESS);
}

#[test]
fn a_broken_configuration_leaves_local_passwords_to_pam_unix_unless_it_is_to_deny() {
    let server = server();
    let config = server.file("broken.toml", 0o600, "[server]\nuris = 1\n");
    assert_eq!(change(&config, "alice", &[]), (IGNORED, vec![]));
    let stack = stack_with(&config, "config_error=deny");
    let mut client = Client::start(&stack, "login", "alice");
    assert_eq!(
        client.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK),
        PAM_SERVICE_ERR
    );
    // One that is found out only by asking says nothing about whose the user is.
    let wrong = server.config(&[(
        "bind",
        "dn = \"cn=svc,dc=example,dc=com\"\npassword = \"x\"",
    )]);
    assert_eq!(change(&wrong, "alice", &[]).0, PAM_SERVICE_ERR);
}
