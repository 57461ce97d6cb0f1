//! Logins while one server after the other is killed and comes back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::slapd::Slapd;
use crate::crowd::{self, Done, slowest};
use crate::fixture::{Rig, ms};

const SERVER: &str = "connect_timeout = \"1s\"\noperation_timeout = \"1s\"\ndeadline = \"2s\"";

/// How long it may take until logins are right again, besides `retry_after`.
const SOON: Duration = ms(1000);

/// Makes the logins, in several threads with a pause behind each. Kills and restarts one server after
/// the other at certain logins, and prints what came of it. Answers when the last one was back.
pub fn log_in_while_servers_die(
    servers: &[Slapd],
    retry_after: u64,
    pause: Duration,
) -> (Vec<Done>, Instant) {
    let uris: Vec<_> = servers.iter().map(Slapd::uri).collect();
    let rig = Rig::new(
        &uris,
        &format!("{SERVER}\nretry_after = \"{retry_after}ms\""),
    );
    let counted = AtomicUsize::new(0);
    let wait_for = |number| {
        while counted.load(Ordering::SeqCst) < number {
            thread::sleep(ms(1));
        }
        Instant::now()
    };
    let (done, events) = thread::scope(|scope| {
        let logins = scope.spawn(|| crowd::log_in(&rig, pause, &counted));
        let mut events = Vec::new();
        for (number, server) in servers.iter().enumerate() {
            let at = 30 + 90 * number;
            events.push((wait_for(at), format!("server {} is killed", number + 1)));
            server.stop();
            wait_for(at + 50);
            server.restart();
            events.push((Instant::now(), format!("server {} is back", number + 1)));
        }
        (logins.join().expect("no panic"), events)
    });
    print(&done, servers.len(), retry_after);
    for (at, event) in &events {
        let took = recovery(&done, *at);
        println!("  {event}: the next right login ends {took:?} later, and all others are right");
        // Without another server there is nothing to recover to.
        let has_to = servers.len() > 1 || event.ends_with("back");
        assert!(
            !has_to || took < SOON + ms(retry_after),
            "{event}: {took:?}"
        );
    }
    (done, events.last().expect("at least one server").0)
}

fn print(done: &[Done], servers: usize, retry_after: u64) {
    let right = done.iter().filter(|done| done.is_right()).count();
    let wrong = done.iter().filter(|done| done.is_wrong()).count();
    println!(
        "{servers} servers, retry_after = {retry_after} ms: {} logins, {right} right, \
         {} unavailable, {wrong} wrong; slowest {:?}",
        done.len(),
        done.len() - right - wrong,
        slowest(done)
    );
}

/// From an event to the end of the first login behind which no other fails, in the next 1.5 seconds.
fn recovery(done: &[Done], event: Instant) -> Duration {
    let behind = done.iter().filter(|done| done.begin > event);
    let failed = behind
        .clone()
        .filter(|done| !done.is_right() && done.begin < event + ms(1500));
    let last = failed.map(|done| done.begin).max().unwrap_or(event);
    let good = behind.filter(|done| done.begin > last && done.is_right());
    let ends = good.map(|done| done.begin + done.login.took).min();
    ends.map_or(Duration::MAX, |end| end.duration_since(event))
}
