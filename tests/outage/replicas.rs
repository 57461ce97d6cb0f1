//! Two hundred logins while one server after the other is killed and comes back.

use crate::common::module;
use crate::common::slapd::{Slapd, start_replicas};
use crate::crowd::{self, Kind, LOGINS, judge};
use crate::fixture::{ms, options};
use crate::kills::log_in_while_servers_die;
use crate::private_host::PrivateHost;

#[test]
fn no_login_goes_wrong_while_the_servers_are_killed_in_turn() {
    let servers = start_replicas(&options());
    let (done, _) = log_in_while_servers_die(&servers, 0, ms(40));
    assert_both_were_used(&servers);
    // The other server is there all the time, so a login is lost at most with its own server.
    let (right, unavailable) = judge(&done);
    assert!(unavailable < LOGINS / 10, "{right} right");
    assert_no_password_is_offered_too_often(&servers);
}

#[test]
fn nor_while_dead_servers_are_remembered() {
    let servers = start_replicas(&options());
    PrivateHost::run(&module(), |_| {
        let (done, last_start) = log_in_while_servers_die(&servers, 300, ms(40));
        judge(&done);
        let late = done
            .iter()
            .filter(|done| done.begin > last_start + ms(300 + 200));
        for done in late {
            assert!(
                done.is_right(),
                "both servers were there for longer than retry_after: {done:?}"
            );
        }
    });
    assert_both_were_used(&servers);
    assert_no_password_is_offered_too_often(&servers);
}

#[test]
fn a_directory_of_one_server_is_back_as_soon_as_the_server_is() {
    let server = [Slapd::start(&options())];
    let (done, _) = log_in_while_servers_die(&server, 0, ms(40));
    let (_, unavailable) = judge(&done);
    assert!(unavailable > 20, "it was away for some time: {unavailable}");
    PrivateHost::run(&module(), |_| {
        let (done, _) = log_in_while_servers_die(&server, 300, ms(40));
        let (_, unavailable) = judge(&done);
        assert!(unavailable > 20, "it was away for some time: {unavailable}");
    });
}

fn assert_both_were_used(servers: &[Slapd; 2]) {
    for server in servers {
        let binds = (0..LOGINS).filter(|number| !user_binds(server, *number).is_empty());
        assert!(binds.count() > 20, "{} was hardly asked", server.uri());
    }
}

/// The result codes of the binds as the user of a login, where they were answered.
fn user_binds(server: &Slapd, number: usize) -> Vec<Option<u8>> {
    let log = server.log();
    let bind = format!(" BIND dn=\"{}\" method=", crowd::dn(number));
    let mut lines = log.lines();
    let mut codes = Vec::new();
    while let Some(line) = lines.find(|line| line.contains(&bind)) {
        // "… conn=1005 op=2 BIND dn=…", and the answer has the same connection and operation.
        let operation = line.split_once(" BIND ").expect("a bind").0;
        let operation = &operation[operation.find("conn=").expect("a connection")..];
        let result = format!("{operation} RESULT tag=97 err=");
        // The numbers begin again when the server is restarted.
        let answer = lines
            .clone()
            .take_while(|line| !line.contains("slapd starting"))
            .find_map(|line| line.split_once(&result)?.1.split(' ').next()?.parse().ok());
        codes.push(answer);
    }
    codes
}

fn assert_no_password_is_offered_too_often(servers: &[Slapd; 2]) {
    for number in 0..LOGINS {
        let binds: Vec<_> = servers
            .iter()
            .flat_map(|server| user_binds(server, number))
            .collect();
        assert!(binds.len() <= 2, "{}: {binds:?}", crowd::dn(number));
        if Kind::of(number) == Kind::WrongPassword {
            let refused = binds.iter().filter(|code| **code == Some(49)).count();
            assert!(refused <= 1, "{}: {binds:?}", crowd::dn(number));
        }
    }
}
