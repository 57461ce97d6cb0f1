//! Two hundred logins while one server after the other is killed and comes back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::module;
use crate::common::slapd::{Slapd, start_replicas};
use crate::crowd::{self, Done, Kind, LOGINS, judge, slowest};
use crate::fixture::{Rig, ms, options};
use crate::private_host::PrivateHost;

const SERVER: &str = "connect_timeout = \"1s\"\noperation_timeout = \"1s\"\ndeadline = \"2s\"";

#[test]
fn no_login_goes_wrong_while_the_servers_are_killed_in_turn() {
    let servers = start_replicas(&options());
    let (done, _) = log_in_while_servers_die(&servers, "0s");
    // The other server is there all the time, so a login is lost at most with its own server.
    let (right, unavailable) = judge(&done);
    assert!(unavailable < LOGINS / 10, "{right} right");
    assert_no_password_is_offered_too_often(&servers);
}

#[test]
fn nor_while_dead_servers_are_remembered() {
    let servers = start_replicas(&options());
    PrivateHost::run(&module(), |_| {
        let (done, last_start) = log_in_while_servers_die(&servers, "300ms");
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
    assert_no_password_is_offered_too_often(&servers);
}

/// Kills and restarts the first and then the second server at certain logins, and prints what came
/// of it. Answers when the second was back.
fn log_in_while_servers_die(servers: &[Slapd; 2], retry_after: &str) -> (Vec<Done>, Instant) {
    let [first, second] = servers;
    let settings = format!("{SERVER}\nretry_after = \"{retry_after}\"");
    let rig = Rig::new(&[first.uri(), second.uri()], &settings);
    let counted = AtomicUsize::new(0);
    let wait_for = |number| {
        while counted.load(Ordering::SeqCst) < number {
            thread::sleep(ms(1));
        }
        Instant::now()
    };
    let (done, events) = thread::scope(|scope| {
        let logins = scope.spawn(|| crowd::log_in(&rig, ms(40), &counted));
        let mut events = Vec::new();
        for (at, server, name) in [(30, first, "first"), (120, second, "second")] {
            events.push((wait_for(at), format!("the {name} is killed")));
            server.stop();
            wait_for(at + 50);
            server.restart();
            events.push((Instant::now(), format!("the {name} is back")));
        }
        (logins.join().expect("no panic"), events)
    });
    let (right, unavailable) = (
        done.iter().filter(|done| done.is_right()).count(),
        done.iter()
            .filter(|done| !done.is_right() && !done.is_wrong())
            .count(),
    );
    println!(
        "retry_after={retry_after}: {right} right, {unavailable} unavailable, {} wrong; slowest {:?}",
        done.iter().filter(|done| done.is_wrong()).count(),
        slowest(&done)
    );
    for (at, event) in &events {
        let took = recovery(&done, *at);
        println!("  {event}: logins are right after {took:?}");
        assert!(took < Duration::from_millis(1300), "{event}: {took:?}");
    }
    assert_both_were_used(servers);
    (done, events[3].0)
}

/// From then on to the beginning of the first login behind which all in the next half second are
/// right.
fn recovery(done: &[Done], from: Instant) -> Duration {
    let near = |done: &&Done| done.begin > from && done.begin < from + ms(1500);
    let failed = done.iter().filter(near).filter(|done| !done.is_right());
    let last = failed.map(|done| done.begin + done.login.took).max();
    last.map_or(Duration::ZERO, |last| last.duration_since(from))
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
