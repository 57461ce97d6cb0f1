//! Many logins in one process at once.

use std::sync::{Arc, Barrier};
use std::thread;

use crate::common::directory::{password_of, user_dn};
use crate::common::pam::{PAM_AUTH_ERR, PAM_SUCCESS};
use crate::fixture::{CROWD, client, server, stack};

#[test]
fn sixty_four_logins_at_once_do_not_mix() {
    let server = server();
    let stack = Arc::new(stack(&server.config(&[])));
    let barrier = Arc::new(Barrier::new(CROWD));
    let threads: Vec<_> = (0..CROWD)
        .map(|number| {
            let (stack, barrier) = (stack.clone(), barrier.clone());
            thread::spawn(move || {
                let user = format!("u{number:02}");
                let other = format!("u{:02}", (number + 1) % CROWD);
                barrier.wait();
                let mut login = client(&stack, &user, password_of(&user));
                let right = login.authenticate(0);
                assert_eq!((&user, right), (&user, PAM_SUCCESS));
                assert_eq!(login.acct_mgmt(0), PAM_SUCCESS, "{user}");
                assert_eq!(login.open_session(0), PAM_SUCCESS, "{user}");
                assert_eq!(login.getenvlist()["RSLDAP_DN"], user_dn(&user));
                let mut login = client(&stack, &user, password_of(&other));
                let wrong = login.authenticate(0);
                assert_eq!((&user, wrong), (&user, PAM_AUTH_ERR));
            })
        })
        .collect();
    let failed = threads
        .into_iter()
        .map(thread::JoinHandle::join)
        .filter(Result::is_err)
        .count();
    assert_eq!(failed, 0, "of {CROWD} threads");
}
