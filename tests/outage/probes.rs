//! One process at a time finds out whether a dead server is back.

use std::thread;
use std::time::{Instant, SystemTime};

use crate::child::{Process, Task};
use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS};
use crate::fixture::{Login, ms};
use crate::proxy::Fault;
use crate::site::{Site, listing, on_a_host};

const CROWD: usize = 16;

/// Logs in by sixteen processes at once.
fn all_at_once(site: &Site) -> Vec<Login> {
    let task = Task {
        begin: Some(SystemTime::now() + ms(1200)),
        ..Task::default()
    };
    let processes: Vec<_> = (0..CROWD).map(|_| task.start(&site.rig)).collect();
    assert!(
        SystemTime::now() < task.begin.unwrap(),
        "this machine starts processes too slowly for this test"
    );
    let logins: Vec<_> = processes.into_iter().map(Process::finish).collect();
    for login in &logins {
        assert_eq!(login.code, PAM_SUCCESS, "{login:?}");
    }
    logins
}

#[test]
fn one_of_sixteen_processes_probes_and_the_others_go_on() {
    on_a_host("1s", |site| {
        site.first.set(Fault::Swallow);
        site.good_login("it pays");
        let mut logins = Vec::new();
        let tries = site.tries(|| logins = all_at_once(site));
        assert_eq!(tries, 1, "{logins:?}");
        let waited = logins.iter().filter(|login| login.took > ms(290)).count();
        // Sixteen processes on few cores are slow, but most do not wait for the probe.
        assert!(waited <= CROWD / 2, "{logins:?}");
        // It was marked again meanwhile.
        assert_eq!(site.tries(|| _ = site.good_login("falls through")), 0);
    });
}

/// Logs in by sixteen threads at once, and answers how many of them probed.
fn probes_of_threads(site: &Site) -> usize {
    site.tries(|| {
        thread::scope(|scope| {
            for _ in 0..CROWD {
                scope.spawn(|| site.good_login("the second server is well"));
            }
        });
    })
}

#[test]
fn one_of_sixteen_threads_probes_and_the_others_go_on() {
    on_a_host("500ms", |site| {
        site.first.set(Fault::Swallow);
        site.good_login("it pays");
        // Soon after retry_after, and long after: a probe has a deadline of one second.
        for wait in [550, 2000] {
            for round in 0..3 {
                thread::sleep(ms(wait));
                assert_eq!(probes_of_threads(site), 1, "{wait} ms, round {round}");
            }
        }
    });
}

#[test]
fn one_of_sixteen_threads_probes_where_an_earlier_probe_was_killed() {
    on_a_host("500ms", |site| {
        for wait in [0, 1500] {
            let process = probe(site);
            process.signal(libc::SIGKILL);
            drop(process);
            thread::sleep(ms(wait));
            assert_eq!(probes_of_threads(site), 1, "{wait} ms");
        }
    });
}

#[test]
fn a_server_that_is_back_is_used_by_all_after_one_probe() {
    on_a_host("500ms", |site| {
        site.mark();
        thread::sleep(ms(550));
        assert_eq!(site.tries(|| _ = site.good_login("the probe")), 1);
        assert_eq!(listing(), [""; 0]);
        let tries = site.tries(|| _ = all_at_once(site));
        assert_eq!(tries, CROWD);
    });
}

/// Starts a probe of a silent server, and waits until it is under way.
fn probe(site: &Site) -> Process {
    site.first.set(Fault::Swallow);
    site.good_login("it pays");
    thread::sleep(ms(550));
    let before = site.first.connections();
    let process = Task::default().start(&site.rig);
    let end = Instant::now() + ms(5000);
    while site.first.connections() == before {
        assert!(Instant::now() < end, "nobody probes");
        thread::sleep(ms(1));
    }
    process
}

/// How long it takes until a login uses the first server.
fn until_used(site: &Site) -> std::time::Duration {
    let begin = Instant::now();
    let before = site.first.connections();
    while site.first.connections() == before {
        let login = site.good_login("one of the two is always there");
        assert!(login.took < ms(400), "{login:?}");
        assert!(begin.elapsed() < ms(4000), "still down");
        thread::sleep(ms(10));
    }
    begin.elapsed()
}

#[test]
fn a_probe_that_is_killed_keeps_no_server_down() {
    on_a_host("500ms", |site| {
        let process = probe(site);
        process.signal(libc::SIGKILL);
        drop(process);
        site.first.set(Fault::None);
        let took = until_used(site);
        println!("used {took:?} after the probe was killed");
        assert!(took < ms(500 + 200), "{took:?}");
        assert_eq!(listing(), [""; 0]);
    });
}

#[test]
fn a_probe_that_is_stopped_keeps_no_server_down() {
    on_a_host("500ms", |site| {
        let process = probe(site);
        process.signal(libc::SIGSTOP);
        site.first.set(Fault::None);
        let took = until_used(site);
        println!("used {took:?} after the probe was stopped");
        // A probe may last a deadline; whoever takes longer does not count.
        assert!(took < ms(500 + 1000 + 300), "{took:?}");
        process.signal(libc::SIGCONT);
        // Its own time may be up by now.
        let code = process.finish().code;
        assert!(
            [PAM_SUCCESS, PAM_AUTHINFO_UNAVAIL].contains(&code),
            "{code}"
        );
    });
}
