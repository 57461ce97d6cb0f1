//! Many processes at once, processes that are killed, and clocks that jump.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pam_rsldap::store::Place;

use crate::child::Task;
use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::fixture::{RUN, STATE, Site, files, on_a_host};
use crate::offline::ON;

const CACHE: (&str, &str) = ("cache", "groups = \"1h\"");
const PROCESSES: usize = 64;

/// Starts all of them, and answers what became of each.
fn all(site: &Site<'_>, task: impl Fn(usize) -> (String, String)) -> Vec<i32> {
    let started: Vec<_> = (0..PROCESSES)
        .map(|number| {
            let (user, password) = task(number);
            Task::new(&user, &password).start(site)
        })
        .collect();
    started
        .into_iter()
        .map(|process| process.finish())
        .collect()
}

fn crowd(number: usize) -> (String, String) {
    (format!("crowd{number}"), format!("crowd{number}-secret"))
}

fn alice(_: usize) -> (String, String) {
    ("alice".to_owned(), "alice-secret".to_owned())
}

fn count(codes: &[i32], code: i32) -> usize {
    codes.iter().filter(|other| **other == code).count()
}

/// Nothing half-written is left, and nothing was found damaged.
fn assert_whole(site: &Site<'_>) {
    for directory in [RUN, STATE] {
        assert_eq!(
            files(directory, "new"),
            [""; 0].map(std::path::PathBuf::from)
        );
    }
    let log = site.host.log();
    let damaged = log.iter().find(|line| line.contains("counts as absent"));
    assert_eq!(damaged, None);
}

#[test]
fn sixty_four_users_at_once_are_all_remembered() {
    on_a_host(&[CACHE, ON], |site| {
        assert_eq!(count(&all(site, crowd), PAM_SUCCESS), PROCESSES);
        assert_eq!(files(RUN, "cache").len(), PROCESSES);
        assert_eq!(files(STATE, "offline").len(), PROCESSES);
        site.slapd.stop();
        assert_eq!(count(&all(site, crowd), PAM_SUCCESS), PROCESSES);
        assert_whole(site);
    });
}

#[test]
fn one_user_sixty_four_times_at_once_is_one_user() {
    on_a_host(&[CACHE, ON], |site| {
        assert_eq!(count(&all(site, alice), PAM_SUCCESS), PROCESSES);
        assert_eq!(files(RUN, "cache").len(), 1);
        assert_eq!(files(STATE, "offline").len(), 1);
        site.slapd.stop();
        // None of them is in the way of another.
        let codes = all(site, alice);
        let log = site.host.log();
        assert_eq!(count(&codes, PAM_SUCCESS), PROCESSES, "{log:#?}");
        assert_whole(site);
        site.slapd.restart();
        let refused = |_| ("carol".to_owned(), "carol-secret".to_owned());
        assert_eq!(count(&all(site, refused), PAM_PERM_DENIED), PROCESSES);
        site.slapd.stop();
        assert_eq!(count(&all(site, refused), PAM_PERM_DENIED), PROCESSES);
        assert_whole(site);
    });
}

#[test]
fn sixty_four_guesses_at_once_are_five_attempts() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.slapd.stop();
        let from = site.host.log().len();
        let codes = all(site, |_| ("alice".to_owned(), "wrong".to_owned()));
        assert_eq!(count(&codes, PAM_AUTHINFO_UNAVAIL), PROCESSES);
        let log = site.host.log();
        let counted = |words: &str| {
            log[from..]
                .iter()
                .filter(|line| line.contains(words))
                .count()
        };
        assert_eq!(counted("in a row"), 5, "{log:#?}");
        for number in 1..=5 {
            assert_eq!(counted(&format!("{number} of 5")), 1);
        }
        assert_eq!(counted("5 wrong passwords"), PROCESSES - 5);
        let code = site.auth("sshd", "alice", "alice-secret");
        assert_eq!(code, PAM_AUTHINFO_UNAVAIL);
    });
}

/// Starts a process and kills it after so many microseconds.
fn kill_after(site: &Site<'_>, task: &Task<'_>, pause: u64) {
    let process = task.start(site);
    thread::sleep(Duration::from_micros(pause));
    drop(process);
}

#[test]
fn a_process_that_is_killed_in_the_middle_leaves_no_torn_file() {
    on_a_host(&[CACHE, ON], |site| {
        let login = Task::new("alice", "alice-secret");
        assert_eq!(login.run(site), PAM_SUCCESS);
        let begin = std::time::Instant::now();
        assert_eq!(login.run(site), PAM_SUCCESS);
        let usual = u64::try_from(begin.elapsed().as_micros())
            .unwrap()
            .min(300_000);
        let mut random = 88_172_645_463_325_252_u64;
        for round in 0..500 {
            // xorshift: other moments in each round, the same in each run.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let user = ["alice", "carol"][round % 2];
            let password = format!("{user}-secret");
            let task = Task::new(user, &password);
            // Most of what is written is written at the end.
            kill_after(site, &task, usual / 4 + random % usual);
            if round % 50 == 49 {
                // What is there is whole, and says what it said.
                assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
                assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
                site.slapd.stop();
                assert_eq!(login.run(site), PAM_SUCCESS, "{round}");
                let code = site.auth("sshd", "alice", "wrong");
                assert_eq!(code, PAM_AUTHINFO_UNAVAIL, "{round}");
                assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
                site.slapd.restart();
            }
        }
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(site.auth("sshd", "carol", "carol-secret"), PAM_PERM_DENIED);
        assert_whole(site);
    });
}

#[test]
fn offline_logins_that_are_killed_are_no_more_attempts() {
    on_a_host(&[ON], |site| {
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        site.slapd.stop();
        let wrong = Task::new("alice", "wrong");
        let begin = std::time::Instant::now();
        assert_eq!(wrong.run(site), PAM_AUTHINFO_UNAVAIL);
        let usual = u64::try_from(begin.elapsed().as_micros())
            .unwrap()
            .min(300_000);
        for round in 0..100 {
            kill_after(site, &wrong, usual / 2 + usual * round / 150);
        }
        let counted = |line: &String| line.contains("in a row");
        let log = site.host.log();
        let told = log.iter().filter(|line| counted(line)).count();
        assert!(told <= 5, "{told}");
        // Whoever was killed before the answer has used an attempt or has learnt nothing.
        let shut = || site.host.log().iter().any(|line| line.contains("5 wrong"));
        let mut more = 0;
        while !shut() {
            assert_eq!(wrong.run(site), PAM_AUTHINFO_UNAVAIL);
            more += 1;
            assert!(more <= 5, "{:#?}", site.host.log());
        }
        let code = site.auth("sshd", "alice", "alice-secret");
        assert_eq!(code, PAM_AUTHINFO_UNAVAIL);
        let told = site.host.log().into_iter().filter(counted).count();
        assert!(told <= 5, "{told}");
    });
}

#[test]
fn a_boot_clock_that_jumps_makes_answers_old_or_void_and_refusals_neither() {
    on_a_host(&[CACHE], |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        let at = |seconds: i64, user: &str| {
            let offset = seconds.to_string();
            let task = Task::new(user, "");
            let wrapper = ["unshare", "--time", "--fork", "--boottime", &offset];
            task.start_with(site, &wrapper).finish()
        };
        let uptime = fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let back = -(uptime as i64) + 60;
        assert!(uptime > 120.0, "the machine has just been started");
        for (seconds, future) in [(365 * 86_400, false), (back, true)] {
            site.skip_log();
            let watch = site.slapd.watch();
            assert_eq!(at(seconds, "alice"), PAM_SUCCESS);
            assert!(!watch.operations().nothing(), "{seconds}");
            let warnings = site.warnings();
            let told = warnings.iter().any(|line| line.contains("from the future"));
            // That is what an answer of the year to come is, to whoever comes back.
            assert_eq!(told, future, "{seconds}: {warnings:#?}");
        }
        site.slapd.stop();
        for seconds in [365 * 86_400, back] {
            assert_eq!(at(seconds, "carol"), PAM_PERM_DENIED, "{seconds}");
        }
        // A refusal of another boot stands, too.
        let path = files(STATE, "refusals").remove(0);
        assert!(Path::new(&path).exists());
        fs::remove_dir_all(RUN).unwrap();
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
    });
}

#[test]
fn a_file_that_is_replaced_while_it_is_read_is_neither_gone_nor_damaged() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let place = Place::made(&directory.path().join("place")).expect("a directory of root's alone");
    place.replace("x", b"0", false).expect("a file");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..20_000_u32 {
                let text = number.to_string();
                place.replace("x", text.as_bytes(), false).expect("write");
            }
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) {
            let read = place.read("x", 100).expect("what is whole");
            assert!(read.is_some_and(|text| !text.is_empty()));
        }
    });
}
