//! A directory that does not answer is `unavailable`: soon, and never a grant or a wrong password.

use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::directory::user_dn;
use crate::common::pam::{PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::common::slapd::{Slapd, free_port};
use crate::fixture::{IGNORED, account, auth, auth_right, client, options, server, stack};

#[test]
fn a_stopped_server_is_unavailable_at_once() {
    let server = Slapd::start(&options());
    let config = server.config(&[]);
    let by_default = server.config(&[("fallback", "")]);
    server.stop();
    for (user, password) in [
        ("alice", "alice-secret"),
        ("alice", "wrong"),
        ("nobody-here", "x"),
    ] {
        let begin = Instant::now();
        assert_eq!(
            auth(&config, user, password),
            PAM_AUTHINFO_UNAVAIL,
            "{user}"
        );
        assert_eq!(auth(&by_default, user, password), IGNORED, "{user}");
        assert!(
            begin.elapsed() < Duration::from_secs(1),
            "{:?}",
            begin.elapsed()
        );
    }
    assert_eq!(account(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
    assert_eq!(account(&by_default, "alice"), IGNORED);
}

#[test]
fn a_server_that_is_back_is_used_again() {
    let server = Slapd::start(&options());
    let config = server.config(&[]);
    server.stop();
    assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
    server.restart();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
}

#[test]
fn a_server_that_hangs_is_given_up_at_the_deadline() {
    let server = Slapd::start(&options());
    let config = server.config(&[("+server", "deadline = \"1s\"")]);
    let uris = format!("uris = [\"{0}\", \"{0}\"]\ndeadline = \"1s\"", server.uri());
    let twice = server.config(&[("server", &uris)]);
    let template = "dn_template = \"uid={user},ou=users,dc=example,dc=com\"";
    let direct = server.config(&[("+server", "deadline = \"1s\""), ("+user", template)]);
    server.signal(libc::SIGSTOP);
    for config in [&config, &twice, &direct] {
        let begin = Instant::now();
        assert_eq!(auth_right(config, "alice"), PAM_AUTHINFO_UNAVAIL);
        let took = begin.elapsed();
        assert!(
            took > Duration::from_millis(800),
            "{took:?}: was the server asked at all?"
        );
        assert!(took < Duration::from_millis(1500), "{took:?}");
    }
    let begin = Instant::now();
    assert_eq!(account(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
    assert!(
        begin.elapsed() < Duration::from_millis(1500),
        "{:?}",
        begin.elapsed()
    );
    server.signal(libc::SIGCONT);
}

#[test]
fn the_time_limit_of_one_operation_is_obeyed() {
    let server = Slapd::start(&options());
    let limits = "operation_timeout = \"500ms\"\ndeadline = \"8s\"";
    let config = server.config(&[("+server", limits)]);
    server.signal(libc::SIGSTOP);
    let begin = Instant::now();
    assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    server.signal(libc::SIGCONT);
}

#[test]
fn a_dead_first_server_is_passed_over() {
    let server = server();
    let dead = free_port();
    let uris = format!("uris = [\"ldap://127.0.0.1:{dead}\", \"{}\"]", server.uri());
    let config = server.config(&[("server", &uris)]);
    let begin = Instant::now();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth(&config, "alice", "wrong"), PAM_AUTH_ERR);
    assert_eq!(account(&config, "carol"), PAM_PERM_DENIED);
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_first_server_that_hangs_is_passed_over() {
    let hanging = Slapd::start(&options());
    let server = server();
    let settings = format!(
        "uris = [\"{}\", \"{}\"]\noperation_timeout = \"500ms\"\ndeadline = \"8s\"",
        hanging.uri(),
        server.uri()
    );
    let config = server.config(&[("server", &settings)]);
    hanging.signal(libc::SIGSTOP);
    let begin = Instant::now();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(account(&config, "carol"), PAM_PERM_DENIED);
    assert!(
        begin.elapsed() < Duration::from_secs(4),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_first_server_that_hangs_up_is_passed_over() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = server();
    let uris = format!("uris = [\"ldap://127.0.0.1:{port}\", \"{}\"]", server.uri());
    let config = server.config(&[("server", &uris)]);
    let hanging_up = thread::spawn(move || drop(listener.accept()));
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    hanging_up.join().unwrap();
}

#[test]
fn no_server_alive_is_unavailable() {
    let server = server();
    let uris = [free_port(), free_port()].map(|port| format!("\"ldap://127.0.0.1:{port}\""));
    let config = server.config(&[("server", &format!("uris = [{}]", uris.join(", ")))]);
    assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
}

#[test]
fn a_wrong_password_is_not_tried_on_the_next_server() {
    let first = server();
    let second = server();
    let uris = format!("uris = [\"{}\", \"{}\"]", first.uri(), second.uri());
    let config = first.config(&[("server", &uris)]);
    let (watch_first, watch_second) = (first.watch(), second.watch());
    assert_eq!(auth(&config, "alice", "wrong"), PAM_AUTH_ERR);
    let operations = watch_first.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{operations:#?}");
    let operations = watch_second.operations();
    assert!(operations.nothing(), "{operations:#?}");
}

#[test]
fn a_server_that_stops_between_the_phases_changes_no_decision_of_the_first() {
    let server = Slapd::start(&options());
    let stack = stack(&server.config(&[]));
    let mut login = client(&stack, "alice", "alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    server.stop();
    assert_eq!(login.acct_mgmt(0), PAM_SUCCESS);
    assert_eq!(
        login.setcred(crate::common::pam::PAM_ESTABLISH_CRED),
        PAM_SUCCESS
    );
    assert_eq!(login.open_session(0), PAM_SUCCESS);
    assert_eq!(login.close_session(0), PAM_SUCCESS);
}

#[test]
fn a_session_opens_while_the_directory_is_away() {
    let server = Slapd::start(&options());
    let stack = stack(&server.config(&[]));
    server.stop();
    let mut session = crate::common::pam::Client::start(&stack, "login", "alice");
    assert_eq!(session.open_session(0), PAM_SUCCESS);
    assert_eq!(session.close_session(0), PAM_SUCCESS);
}
