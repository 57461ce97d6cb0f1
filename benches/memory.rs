//! What remembering costs and saves: the figures, each beside what was done. "make memory" runs it, as
//! root.
//!
//! A login is pam_start and authenticate, or acct_mgmt alone, through the real libpam, in a process of
//! its own, timed in there. The server is a real slapd on loopback, over ldap; `/run`, `/var/lib` and
//! `/etc` are private.

#[path = "../tests/common/mod.rs"]
#[allow(unused_imports)]
mod common;
#[path = "../tests/memory/fixture.rs"]
#[allow(dead_code)]
mod fixture;
#[path = "../tests/common/private_host.rs"]
mod private_host;

use std::ffi::c_int;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use common::pam::{Client, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS};
use fixture::{Site, on_a_host};

const ROUNDS: usize = 31;

fn main() -> ExitCode {
    // Cargo itself passes "--bench".
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["login", services, user, password] => login(services, user, password),
        _ => report(),
    }
}

/// One login, as a host program does it; prints the code, the microseconds and the peak of memory.
fn login(services: &str, user: &str, password: &str) -> ExitCode {
    let mut client = Client::start_at(Path::new(services), "sshd", user);
    client.answer(password);
    let begin = Instant::now();
    let code = match password {
        "" => client.acct_mgmt(0),
        _ => client.authenticate(0),
    };
    let took = begin.elapsed().as_micros();
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .expect("VmHWM")
        .trim()
        .trim_end_matches(" kB")
        .to_owned();
    println!("{code} {took} {peak}");
    ExitCode::SUCCESS
}

fn report() -> ExitCode {
    println!(
        "{:<44}{:>10}{:>10}",
        "median of 31 logins", "ms", "peak MiB"
    );
    let cache = ("cache", "groups = \"1h\"");
    let offline = ("offline", "credentials = true");
    let known = ("+server", "retry_after = \"1h\"");
    on_a_host(&[], |site| {
        measure(site, "auth, cache off", "alice", PAM_SUCCESS);
        measure(site, "account, cache off", "", PAM_SUCCESS);
        site.configure(&[cache]);
        measure(site, "auth, cache on: the bind alone", "alice", PAM_SUCCESS);
        measure(site, "account, cache on: no traffic", "", PAM_SUCCESS);
        site.configure(&[offline]);
        measure(
            site,
            "auth, offline on: a verifier is made",
            "alice",
            PAM_SUCCESS,
        );
        site.configure(&[offline, known]);
        one(site, "alice", "alice-secret");
        site.slapd.stop();
        measure(
            site,
            "auth, known outage, offline login",
            "alice",
            PAM_SUCCESS,
        );
        site.configure(&[known]);
        let what = "auth, known outage, nothing remembered";
        measure(site, what, "bob", PAM_AUTHINFO_UNAVAIL);
        site.slapd.restart();
        // Another marker is of another server.
        site.configure(&[]);
        measure(
            site,
            "auth, refused: written down each time",
            "carol",
            PAM_PERM_DENIED,
        );
        site.slapd.stop();
        site.configure(&[known]);
        let what = "auth, known outage, last known refusal";
        measure(site, what, "carol", PAM_PERM_DENIED);
    });
    ExitCode::SUCCESS
}

/// Prints the median of a user's logins, of alice's account phase if there is no user.
fn measure(site: &Site<'_>, what: &str, user: &str, code: c_int) {
    let password = if user.is_empty() {
        String::new()
    } else {
        format!("{user}-secret")
    };
    let user = if user.is_empty() { "alice" } else { user };
    one(site, user, &password);
    let mut times: Vec<(Duration, u64)> = (0..ROUNDS)
        .map(|_| {
            let (got, took, peak) = one(site, user, &password);
            assert_eq!(got, code, "{what}: {:#?}", site.host.log().last());
            (took, peak)
        })
        .collect();
    times.sort();
    let (took, peak) = times[ROUNDS / 2];
    let ms = took.as_secs_f64() * 1e3;
    println!("{what:<44}{ms:>10.1}{:>10.1}", peak as f64 / 1024.0);
}

fn one(site: &Site<'_>, user: &str, password: &str) -> (c_int, Duration, u64) {
    let output = Command::new(std::env::current_exe().expect("the path of this program"))
        .arg("login")
        .arg(site.services())
        .args([user, password])
        .output()
        .expect("a login");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_whitespace().map(|word| word.parse::<u64>());
    let mut next = || words.next().expect("three numbers").expect("a number");
    let code = c_int::try_from(next()).expect("a code");
    (code, Duration::from_micros(next()), next())
}
