//! What a login costs, against the limits of this project. "make figures" runs it.
//!
//! A login is pam_start, authenticate, acct_mgmt and pam_end through the real libpam, over ldaps
//! against a real slapd on loopback, each in a process of its own. The machine's noise is the same
//! for all, so times are medians of interleaved rounds.

#[path = "../tests/common/mod.rs"]
#[allow(unused_imports)]
mod common;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use common::directory::{SERVICE_DN, SERVICE_PASSWORD, USERS, password_of, user_dn};
use common::need;
use common::pam::{Client, PAM_IGNORE, PAM_SUCCESS, Stack};
use common::slapd::{Slapd, SlapdOptions, free_port};

const MODULE: &str = "auth required pam_rsldap.so config=CONFIG\n\
                      account required pam_rsldap.so config=CONFIG\n";
const NOTHING: &str = "auth required pam_permit.so\naccount required pam_permit.so\n";
const ROUNDS: usize = 31;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["login", stack, service] => login(stack, service),
        ["memory", stack, service] => memory(stack, service),
        _ => report(),
    }
}

/// One login, as a host program does it.
fn login(stack: &str, service: &str) -> ExitCode {
    let mut client = Client::start_at(Path::new(stack), service, "alice");
    client.answer(password_of("alice"));
    let codes = (client.authenticate(0), client.acct_mgmt(0));
    let granted = codes == (PAM_SUCCESS, PAM_SUCCESS);
    let ignored = service == "down" && codes.0 != PAM_SUCCESS && codes.0 != PAM_IGNORE;
    if granted || ignored {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One login; prints what it left in this process, in KiB: private memory, and all that is resident.
fn memory(stack: &str, service: &str) -> ExitCode {
    let before = (status("RssAnon:"), status("VmRSS:"));
    let code = login(stack, service);
    let after = (status("RssAnon:"), status("VmRSS:"));
    println!(
        "{} {}",
        after.0.saturating_sub(before.0),
        after.1.saturating_sub(before.1)
    );
    code
}

fn status(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = status
        .lines()
        .find(|line| line.starts_with(key))
        .expect("a known line");
    line.split_whitespace()
        .nth(1)
        .expect("a number")
        .parse()
        .expect("a number")
}

fn report() -> ExitCode {
    let slapd = Slapd::start(&SlapdOptions::default());
    let ca_file = format!("ca_file = \"{}\"", slapd.ca_file().display());
    let config = |uri: &str| {
        slapd.config(&[
            ("server", &format!("uris = [\"{uri}\"]")),
            ("tls", &ca_file),
        ])
    };
    let mut stack = Stack::with_config(config(&slapd.ldaps_uri()));
    stack.service("ldaps", MODULE).service("nothing", NOTHING);
    stack.set_config(config(&format!("ldap://127.0.0.1:{}", free_port())));
    stack.service("down", MODULE);
    let directory = stack.path().to_str().expect("a UTF-8 path");

    let module = std::fs::metadata(common::module())
        .expect("the module")
        .len();
    let (own, all) = instructions(directory);
    let (private, resident) = memory_of(directory, "ldaps");
    let (private_0, resident_0) = memory_of(directory, "nothing");
    let times = Times::measure(&slapd, directory);
    let added = |time: Duration| time.saturating_sub(times.nothing);

    let rows = [
        ("size of the module, bytes", module as f64, 2_500_000.0),
        (
            "instructions of an ldaps login, millions",
            own as f64 / 1e6,
            3.5,
        ),
        (
            "the same with those of libc, millions",
            all as f64 / 1e6,
            f64::NAN,
        ),
        (
            "private memory left in the host, KiB",
            private.saturating_sub(private_0) as f64,
            1024.0,
        ),
        (
            "resident memory left in the host, KiB",
            resident.saturating_sub(resident_0) as f64,
            f64::NAN,
        ),
        (
            "an ldaps login in a fresh process, ms",
            ms(times.ldaps),
            ms(times.tools),
        ),
        ("a refused server adds, ms", ms(added(times.down)), 5.0),
    ];
    println!("{:<44}{:>12}{:>12}", "", "measured", "at most");
    let mut kept = true;
    for (what, measured, limit) in rows {
        let limit_text = if limit.is_nan() {
            "-".to_owned()
        } else {
            format!("{limit:.1}")
        };
        println!("{what:<44}{measured:>12.2}{limit_text:>12}");
        kept &= limit.is_nan() || measured <= limit;
    }
    println!(
        "(the limit of the login's time is ldapsearch plus ldapwhoami against the same slapd)"
    );
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn this(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
    command.args(arguments);
    command
}

/// The instructions of the module's hooks in a process with one login, by callgrind: those of the
/// module's own code, and together with all that it calls in libc.
fn instructions(stack: &str) -> (u64, u64) {
    let file = Path::new(stack).join("callgrind.out");
    let output = Command::new(need("valgrind", "valgrind"))
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .args(["--collect-atstart=no", "--toggle-collect=pam_sm_*"])
        .arg(std::env::current_exe().expect("the path of this program"))
        .args(["login", stack, "ldaps"])
        .output()
        .expect("valgrind runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    sums(&std::fs::read_to_string(file).expect("callgrind's file"))
}

/// Adds up the lines of a callgrind file: those of the module, and all. A line with a cost begins
/// with a place; the line behind `calls=` has the cost of a callee, which is counted there.
fn sums(profile: &str) -> (u64, u64) {
    let mut objects: Vec<(&str, &str)> = Vec::new();
    let (mut object, mut called) = ("", false);
    let (mut own, mut all) = (0, 0);
    for line in profile.lines() {
        if let Some(name) = line
            .strip_prefix("ob=")
            .or_else(|| line.strip_prefix("cob="))
        {
            // "(3) /path/to/object" names an object, of this function or of a callee; "(3)" repeats it.
            let (number, path) = name.split_once(' ').unwrap_or((name, ""));
            if !path.is_empty() {
                objects.push((number, path));
            }
            if line.starts_with("ob=") {
                let known = objects.iter().find(|known| known.0 == number);
                object = known.map_or("", |known| known.1);
            }
        } else if line.starts_with("calls=") {
            called = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let cost = line
                .split(' ')
                .nth(1)
                .and_then(|cost| cost.parse().ok())
                .unwrap_or(0);
            if !std::mem::take(&mut called) {
                all += cost;
                own += if object.ends_with("libpam_rsldap.so") {
                    cost
                } else {
                    0
                };
            }
        }
    }
    (own, all)
}

fn memory_of(stack: &str, service: &str) -> (u64, u64) {
    let output = this(&["memory", stack, service]).output().expect("a login");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("numbers");
    let (private, resident) = text.trim().split_once(' ').expect("two numbers");
    (
        private.parse().expect("a number"),
        resident.parse().expect("a number"),
    )
}

/// Medians of whole processes.
struct Times {
    nothing: Duration,
    ldaps: Duration,
    down: Duration,
    tools: Duration,
}

impl Times {
    fn measure(slapd: &Slapd, stack: &str) -> Times {
        let mut rounds: [Vec<Duration>; 4] = Default::default();
        for _ in 0..ROUNDS {
            rounds[0].push(time([this(&["login", stack, "nothing"])]));
            rounds[1].push(time([this(&["login", stack, "ldaps"])]));
            rounds[2].push(time([this(&["login", stack, "down"])]));
            rounds[3].push(time(tools(slapd)));
        }
        let [nothing, ldaps, down, tools] = rounds.map(|mut times| {
            times.sort();
            times[ROUNDS / 2]
        });
        Times {
            nothing,
            ldaps,
            down,
            tools,
        }
    }
}

/// What an administrator would type to do the same: find the user, then try the password.
fn tools(slapd: &Slapd) -> [Command; 2] {
    let tool = |name: &str, dn: &str, password: &str, more: &[&str]| {
        let mut command = Command::new(need(name, "ldap-utils"));
        command
            .args(["-x", "-H", &slapd.ldaps_uri(), "-D", dn, "-w", password])
            .args(more)
            .env("LDAPTLS_CACERT", slapd.ca_file());
        command
    };
    let search = ["-LLL", "-b", USERS, "(uid=alice)", "uid"];
    [
        tool("ldapsearch", SERVICE_DN, SERVICE_PASSWORD, &search),
        tool("ldapwhoami", &user_dn("alice"), &password_of("alice"), &[]),
    ]
}

fn time<const N: usize>(commands: [Command; N]) -> Duration {
    let started = Instant::now();
    for mut command in commands {
        let status = command.stdout(Stdio::null()).status().expect("a program");
        assert!(status.success(), "{command:?}: {status}");
    }
    started.elapsed()
}
