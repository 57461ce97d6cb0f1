//! The log: what stands in it, and that a login does not depend on it.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use crate::common::pam::{Client, PAM_AUTH_ERR, PAM_SUCCESS, Stack};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::devlog::{DevLog, private_dev};

const SERVICE: &str = "auth required pam_rsldap.so config=CONFIG\n\
                       account required pam_rsldap.so config=CONFIG\n";

/// Logs alice in; the codes of both phases.
fn login(stack: &Stack, password: &str) -> (i32, i32) {
    let mut client = Client::start(stack, "sshd", "alice");
    client.set_rhost("192.0.2.7").answer(password);
    (client.authenticate(0), client.acct_mgmt(0))
}

fn stack(slapd: &Slapd) -> Stack {
    let stack = Stack::with_config(slapd.config(&[]));
    stack.service("sshd", SERVICE);
    stack
}

#[test]
fn a_log_that_is_missing_or_full_changes_nothing() {
    let slapd = Slapd::start(&SlapdOptions::default());
    let stack = stack(&slapd);
    private_dev().expect("a private /dev, as root");
    assert_eq!(login(&stack, "alice-secret"), (PAM_SUCCESS, PAM_SUCCESS));

    let _never_read = UnixDatagram::bind("/dev/log").expect("bind /dev/log");
    let filler = UnixDatagram::unbound().expect("a socket");
    filler.connect("/dev/log").expect("connect to /dev/log");
    filler.set_nonblocking(true).expect("O_NONBLOCK");
    while filler.send(b"<86>filler").is_ok() {}
    let error = filler.send(b"<86>filler").expect_err("a full socket");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);

    let begin = Instant::now();
    assert_eq!(login(&stack, "alice-secret"), (PAM_SUCCESS, PAM_SUCCESS));
    let right = begin.elapsed();
    assert_eq!(login(&stack, "wrong").0, PAM_AUTH_ERR);
    assert!(
        right < Duration::from_millis(500),
        "{right:?} with a full log"
    );
}

#[test]
fn each_decision_is_one_line_and_no_password_is_in_any() {
    let slapd = Slapd::start(&SlapdOptions::default());
    let stack = stack(&slapd);
    let mut log = DevLog::capture();
    assert_eq!(login(&stack, "alice-secret"), (PAM_SUCCESS, PAM_SUCCESS));
    assert_eq!(login(&stack, "wrong-secret").0, PAM_AUTH_ERR);
    let lines = log.lines();
    let begins = [
        format!(
            "auth): user=alice rhost=192.0.2.7 outcome=granted server={} ms=",
            slapd.uri()
        ),
        format!(
            "account): user=alice rhost=192.0.2.7 outcome=granted server={} ms=",
            slapd.uri()
        ),
        format!(
            "auth): user=alice rhost=192.0.2.7 outcome=bad_password server={} ms=",
            slapd.uri()
        ),
        // A wrong password says nothing about the account, so this one was looked up.
        format!(
            "account): user=alice rhost=192.0.2.7 outcome=granted server={} ms=",
            slapd.uri()
        ),
    ];
    assert_eq!(lines.len(), begins.len(), "{lines:#?}");
    for (line, begin) in lines.iter().zip(begins) {
        // <86> is authpriv.info, <85> authpriv.notice.
        assert!(
            line.starts_with("<86>") || line.starts_with("<85>"),
            "{line}"
        );
        assert!(
            line.contains(&format!("]: pam_rsldap(sshd:{begin}")),
            "{line}"
        );
        assert!(!line.contains("secret") && !line.contains('\n'), "{line}");
    }
}
