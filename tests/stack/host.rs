//! What the module leaves behind in the process that loads it: nothing.
//!
//! Memory, descriptors, threads and terminal belong to a process, and the other tests of this
//! binary share it. So these tests start this binary again for one of the `#[ignore]`d tests below.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Command, Output};
use std::{env, fs};

use crate::common::pam::*;
use crate::scenario::{Scenario, Setting, probe, user};
use crate::shipped::code_name;

/// Runs tests of this binary in a process of their own.
fn in_a_process_of_its_own(arguments: &[&str]) -> Output {
    let output = Command::new(env::current_exe().unwrap())
        .args(arguments)
        .args(["--nocapture", "--test-threads=1"])
        // A panic that is caught would show on standard error; a backtrace would leak memory.
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(!said.contains("running 0 tests"), "no test was run: {said}");
    output
}

#[test]
fn a_thousand_logins_leave_the_process_as_it_was() {
    let output = in_a_process_of_its_own(&["--ignored", "--exact", "host::thousand_logins"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn nothing_is_written_to_the_terminal_of_the_host() {
    for tests in ["handle::", "conversation::", "arguments::"] {
        let output = in_a_process_of_its_own(&[tests]);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{tests}");
        let said = String::from_utf8_lossy(&output.stdout);
        let ours = |line: &&str| {
            !line.is_empty()
                && !["running ", "test "]
                    .iter()
                    .any(|word| line.starts_with(word))
        };
        assert_eq!(said.lines().find(ours), None, "{tests}");
    }
}

/// Everything of a process that a module could change.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    descriptors: Vec<(OsString, OsString)>,
    /// Threads, ids, umask, signal mask, pending and disposition masks.
    status: BTreeMap<String, String>,
    environment: Vec<(OsString, OsString)>,
    directory: std::path::PathBuf,
    limits: String,
    timers: String,
    /// Seconds until SIGALRM, alarm(2); 0 if none is due.
    alarm: u32,
}

impl Process {
    fn now() -> Process {
        Process {
            descriptors: descriptors(),
            status: status(),
            environment: env::vars_os().collect(),
            directory: env::current_dir().unwrap(),
            limits: fs::read_to_string("/proc/self/limits").unwrap(),
            timers: fs::read_to_string("/proc/self/timers").unwrap_or_default(),
            // SAFETY: alarm(2) with 0 takes back an alarm and says what was left of it.
            alarm: unsafe { libc::alarm(0) },
        }
    }
}

fn descriptors() -> Vec<(OsString, OsString)> {
    let mut found: Vec<_> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.unwrap();
            // The descriptor of this very listing is gone again: no link to read.
            let target = fs::read_link(entry.path()).ok()?;
            Some((entry.file_name(), target.into_os_string()))
        })
        .filter(|(_, target)| !target.to_string_lossy().ends_with("/fd"))
        .collect();
    found.sort();
    found
}

fn status() -> BTreeMap<String, String> {
    const KEPT: [&str; 14] = [
        "Umask",
        "Uid",
        "Gid",
        "Groups",
        "Threads",
        "SigBlk",
        "SigIgn",
        "SigCgt",
        "SigPnd",
        "ShdPnd",
        "CapEff",
        "CapPrm",
        "NoNewPrivs",
        "Seccomp",
    ];
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(key, _)| KEPT.contains(key))
        .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        .collect()
}

/// Resident memory in KiB.
fn resident() -> i64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// One transaction from start to end, with a load and an unload by libpam.
fn transaction(setting: &Setting, service: &str, password: &str, auth: &str, account: &str) {
    let mut client = setting.client(service);
    client.answer(password);
    assert_eq!(code_name(client.authenticate(0)), auth, "{service}");
    assert_eq!(code_name(client.acct_mgmt(0)), account, "{service}");
    for code in [
        client.setcred(PAM_ESTABLISH_CRED),
        client.open_session(0),
        client.close_session(0),
    ] {
        assert_eq!(code_name(code), "SUCCESS", "{service}");
    }
}

#[test]
#[ignore = "run by a_thousand_logins_leave_the_process_as_it_was in a process of its own"]
fn thousand_logins() {
    let over_tls = {
        let setting = Setting::probe(Scenario::Granted, "");
        let server = format!("uris = [\"{}\"]", setting.slapd.ldaps_uri());
        let tls = format!("ca_file = \"{}\"", setting.slapd.ca_file().display());
        let more = [
            ("fallback", ""),
            ("server", server.as_str()),
            ("tls", tls.as_str()),
        ];
        let config = Scenario::Granted.config(&setting.slapd, &more);
        setting.stack.service(
            "tls",
            &probe("").replace("CONFIG", config.to_str().unwrap()),
        );
        setting
    };
    let down = Setting::probe(Scenario::Unavailable, "");
    let exempt = Setting::probe(Scenario::Exempt, "");
    let broken = Setting::probe(Scenario::ConfigError, "");
    let password = Scenario::Granted.password();
    let round = |index: usize| match index % 10 {
        0 | 5 => transaction(&over_tls, "tls", &password, "SUCCESS", "SUCCESS"),
        1 => transaction(&over_tls, "tls", "wrong", "IGNORE", "SUCCESS"),
        2 => transaction(&over_tls, "probe", &password, "SUCCESS", "SUCCESS"),
        3 | 6 | 8 => transaction(&down, "probe", &password, "IGNORE", "IGNORE"),
        4 => transaction(&broken, "probe", &password, "IGNORE", "IGNORE"),
        _ => transaction(&exempt, "probe", &password, "IGNORE", "IGNORE"),
    };
    // What is changed once, by the first load, counts too. Only memory needs a warm-up.
    let before = Process::now();
    (0..200).for_each(round);
    let memory = resident();
    (0..1000).for_each(round);
    let grown = resident() - memory;
    assert_eq!(Process::now(), before);
    println!(
        "1000 transactions, {grown} KiB more resident, user {}",
        user()
    );
    assert!(grown < 256, "{grown} KiB more after 1,000 transactions");
}
