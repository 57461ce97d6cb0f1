//! What is known about a dead server: the first login of an outage pays, the next ones do not.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::child::Task;
use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS};
use crate::fixture::{ALICE, Rig, ms};
use crate::proxy::Fault;
use crate::site::{AT_ONCE, LIMITS, RUN, listing, marker, on_a_host, rights};

#[test]
fn the_first_login_of_an_outage_pays_and_the_next_ones_do_not() {
    on_a_host("30s", |site| {
        let alone = Rig::new(
            &[site.first.uri()],
            &format!("{LIMITS}retry_after = \"30s\""),
        );
        site.first.set(Fault::BlackHole);
        let login = alone.login(ALICE);
        assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL);
        assert!(login.took >= ms(290), "{login:?}");
        let mut times: Vec<Duration> = (0..21)
            .map(|_| {
                let login = alone.login(ALICE);
                assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL);
                login.took
            })
            .collect();
        times.sort();
        println!("a marked server: {:?} (median)", times[10]);
        assert!(times[10] < AT_ONCE, "{times:?}");
        let account = alone.account("alice");
        assert_eq!(account.code, PAM_AUTHINFO_UNAVAIL);
        assert!(account.took < ms(200), "{account:?}");
    });
}

#[test]
fn a_marked_server_is_passed_over_for_the_next() {
    on_a_host("30s", |site| {
        site.first.set(Fault::Swallow);
        let paid = site.good_login("the first one pays");
        assert!(paid.took >= ms(290), "{paid:?}");
        let tries = site.tries(|| {
            for number in 0..10 {
                let login = site.good_login(&format!("login {number}"));
                assert!(login.took < ms(250), "{login:?}");
            }
        });
        assert_eq!(tries, 0);
    });
}

#[test]
fn another_process_need_not_find_out_for_itself() {
    on_a_host("30s", |site| {
        site.first.set(Fault::Swallow);
        // Learned by a process that is gone.
        assert_eq!(Task::default().run(&site.rig).code, PAM_SUCCESS);
        let tries = site.tries(|| {
            let login = Task::default().run(&site.rig);
            assert_eq!(login.code, PAM_SUCCESS);
            assert!(login.took < ms(250), "{login:?}");
            site.good_login("and here");
        });
        assert_eq!(tries, 0);
    });
}

#[test]
fn with_all_servers_marked_the_log_says_so_and_why() {
    on_a_host("30s", |site| {
        site.first.set(Fault::Refuse);
        site.second.set(Fault::Swallow);
        let (login, line) = site.logged_login(&site.rig);
        assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL);
        assert!(!line.contains("marked down"), "{line}");
        let tries = site.tries(|| {
            let (login, line) = site.logged_login(&site.rig);
            assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL);
            assert!(login.took < ms(100), "{login:?}");
            for part in [" outcome=unavailable ", "marked down"] {
                assert!(line.contains(part), "no {part:?} in {line}");
            }
            // Which of the two it names is its own choice, but server and cause belong together.
            let of_first = format!(" server={} ", site.first.uri());
            let of_second = format!(" server={} ", site.second.uri());
            let consistent = line.contains(&of_first) && line.contains(" cause=refused")
                || line.contains(&of_second) && line.contains(" cause=timeout");
            assert!(consistent, "{line}");
        });
        assert_eq!(tries, 0);
        assert_eq!(site.second.connections(), 1);
    });
}

#[test]
fn markers_are_files_of_root_that_nobody_else_reads() {
    on_a_host("30s", |site| {
        site.first.set(Fault::Refuse);
        let task = Task {
            umask: Some(0),
            ..Task::default()
        };
        assert_eq!(task.run(&site.rig).code, PAM_SUCCESS);
        let path = marker(&site.first.uri());
        assert_eq!(rights(RUN), (0o700, 0, 0));
        assert_eq!(rights(&path), (0o600, 0, 0));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(listing(), [name], "only the dead server has a marker");
        let text = fs::read_to_string(&path).expect("a marker is text");
        assert!(!text.is_empty() && text.len() < 4096, "{text:?}");
        for secret in [ALICE.1, "service-secret", ALICE.0] {
            assert!(!text.contains(secret), "{text:?}");
        }
    });
}

#[test]
fn a_server_that_is_back_is_used_when_its_time_is_up_and_not_later() {
    on_a_host("800ms", |site| {
        for how in [Fault::Refuse, Fault::Swallow] {
            site.first.set(how.clone());
            site.good_login("the second server is well");
            let marked = Instant::now();
            site.first.set(Fault::None);
            let before = site.first.connections();
            while site.first.connections() == before {
                let login = site.good_login("one of the two is always there");
                assert!(login.took < ms(250), "{how:?}: {login:?}");
                assert!(marked.elapsed() < ms(1200), "{how:?}: still down");
                thread::sleep(ms(10));
            }
            let took = marked.elapsed();
            assert!(took > ms(700), "{how:?}: asked again after {took:?}");
            assert_eq!(listing(), [""; 0], "{how:?}: the marker is gone");
            let tries = site.tries(|| {
                for _ in 0..5 {
                    site.good_login("by the first again");
                }
            });
            assert_eq!(tries, 5, "{how:?}");
        }
    });
}

#[test]
fn a_server_that_is_still_dead_is_marked_again_after_each_probe() {
    on_a_host("400ms", |site| {
        site.first.set(Fault::Swallow);
        site.good_login("it pays");
        for round in 0..3 {
            thread::sleep(ms(450));
            let tries = site.tries(|| {
                for _ in 0..5 {
                    site.good_login("the second server is well");
                }
            });
            assert_eq!(tries, 1, "round {round}");
        }
    });
}

#[test]
fn no_markers_are_kept_where_retry_after_is_zero() {
    on_a_host("30s", |site| {
        let (path, text) = site.mark();
        let server = format!("{LIMITS}retry_after = \"0s\"");
        let never = Rig::new(&[site.first.uri(), site.second.uri()], &server);
        // One that is there is not honoured, nor taken away.
        let tries = site.tries(|| assert_eq!(never.login(ALICE).code, PAM_SUCCESS));
        assert_eq!(tries, 1);
        assert_eq!(fs::read(&path).unwrap(), text);
        site.first.set(Fault::Refuse);
        assert_eq!(never.login(ALICE).code, PAM_SUCCESS);
        assert_eq!(fs::read(&path).unwrap(), text);
        // Nor is anything made.
        fs::remove_dir_all(RUN).unwrap();
        assert_eq!(never.login(ALICE).code, PAM_SUCCESS);
        assert!(!fs::exists(RUN).unwrap());
    });
}

#[test]
fn a_healthy_server_leaves_nothing_in_run() {
    on_a_host("30s", |site| {
        for _ in 0..3 {
            site.good_login("both are well");
        }
        assert_eq!(
            site.rig.login(("alice", "wrong")).code,
            crate::common::pam::PAM_AUTH_ERR
        );
        assert_eq!(listing(), [""; 0]);
    });
}

#[test]
fn what_is_in_run_may_vanish_at_any_time() {
    on_a_host("30s", |site| {
        let (path, _) = site.mark();
        fs::remove_file(&path).unwrap();
        assert_eq!(site.tries(|| _ = site.good_login("no file")), 1);
        site.mark();
        fs::remove_dir_all(RUN).unwrap();
        assert_eq!(site.tries(|| _ = site.good_login("no directory")), 1);
        site.mark();
        assert_eq!(rights(RUN), (0o700, 0, 0));
    });
}
