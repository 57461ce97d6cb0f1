//! What an outage costs: the figures, each beside what was done. "make outages" runs it, as root.
//!
//! A login is pam_start, authenticate and acct_mgmt through the real libpam, in a process of its own,
//! timed in there. Servers are real slapds on loopback, the dead ones proxies; `/run` and `/etc` are
//! private.

#[path = "../tests/common/mod.rs"]
#[allow(unused_imports)]
mod common;
#[path = "../tests/outage/crowd.rs"]
#[allow(dead_code)]
mod crowd;
#[path = "../tests/outage/fixture.rs"]
#[allow(dead_code)]
mod fixture;
#[path = "../tests/outage/kills.rs"]
mod kills;
#[path = "../tests/common/private_host.rs"]
mod private_host;
#[path = "../tests/common/proxy.rs"]
mod proxy;

use std::ffi::c_int;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use common::pam::{Client, PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS};
use common::slapd::start_replicas;
use fixture::{ALICE, Rig, SERVICE, ms, timed};
use private_host::PrivateHost;
use proxy::{Fault, Proxy};

const ROUNDS: usize = 31;
/// The default of `connect_timeout`, which these figures leave as it is.
const CONNECT_TIMEOUT: Duration = ms(3000);
const RESOLVER: &str = "127.77.4.1";

fn main() -> ExitCode {
    // Cargo itself passes "--bench".
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["login", services] => login(services),
        _ => report(),
    }
}

/// One login, as a host program does it; prints the code and the microseconds.
fn login(services: &str) -> ExitCode {
    let mut client = Client::start_at(Path::new(services), SERVICE, ALICE.0);
    client.answer(ALICE.1);
    let login = timed(|| match client.authenticate(0) {
        PAM_SUCCESS => client.acct_mgmt(0),
        code => code,
    });
    println!("{} {}", login.code, login.took.as_micros());
    ExitCode::SUCCESS
}

fn report() -> ExitCode {
    let mut table = Table::default();
    let pair = start_replicas(&fixture::options());
    let first = Proxy::start(pair[0].port());
    let good = pair[1].uri();
    PrivateHost::run(&common::module(), |host| {
        let base = add_base(&mut table, &good);
        add_dead_servers(&mut table, base, &first, &good);
        let conf = format!("nameserver {RESOLVER}\n");
        host.write("/etc/resolv.conf", 0o644, &conf);
        add_silent_resolver(&mut table, base, &good);
    });
    println!(
        "\nfail-over under load: logins in 4 threads, each server killed and restarted in turn"
    );
    for count in [2, 1] {
        kills::log_in_while_servers_die(&pair[..count], 0, ms(20));
        PrivateHost::run(&common::module(), |_| {
            kills::log_in_while_servers_die(&pair[..count], 300, ms(20));
        });
    }
    println!("\nthe worst hostile server: cargo test --release --test hostile");
    println!("{}", hostile());
    table.verdict()
}

/// A login with nothing wrong.
fn add_base(table: &mut Table, good: &str) -> Duration {
    let rig = Rig::new(&[good.to_owned()], "retry_after = \"0s\"");
    let base = median(&rig, ROUNDS, PAM_SUCCESS);
    table.add("a login, nothing wrong", "one server", base, None);
    base
}

/// What a dead first server adds, and what a login costs that finds nobody.
fn add_dead_servers(table: &mut Table, base: Duration, first: &Proxy, good: &str) {
    let both = [first.uri(), good.to_owned()];
    let forgetful = Rig::new(&both, "retry_after = \"0s\"");
    let added = |time: Duration| time.saturating_sub(base);

    first.set(Fault::Refuse);
    let refused = median(&forgetful, ROUNDS, PAM_SUCCESS);
    let what = "nobody listens, no marker";
    table.add("a refused server adds", what, added(refused), Some(ms(5)));

    first.set(Fault::BlackHole);
    let paid = median(&forgetful, 1, PAM_SUCCESS);
    let most = CONNECT_TIMEOUT + ms(200);
    let what = "SYNs are dropped: the first login of an outage";
    table.add("a black-holed server adds", what, added(paid), Some(most));

    let rig = Rig::new(&both, "retry_after = \"1h\"");
    median(&rig, 1, PAM_SUCCESS);
    let marked = median(&rig, ROUNDS, PAM_SUCCESS);
    let what = "the same server, for the next logins";
    table.add("a marked server adds", what, added(marked), Some(ms(5)));

    let alone = Rig::new(&both[..1], "retry_after = \"1h\"");
    let all = median(&alone, ROUNDS, PAM_AUTHINFO_UNAVAIL);
    let what = "all servers marked: the whole login";
    table.add("falling through takes", what, all, Some(ms(5)));
}

/// What a name adds that nobody resolves.
fn add_silent_resolver(table: &mut Table, base: Duration, good: &str) {
    let _resolver = UdpSocket::bind((RESOLVER, 53)).expect("root may bind port 53 of loopback");
    let both = ["ldap://ldap.example.test:1389".to_owned(), good.to_owned()];
    let added = |time: Duration| time.saturating_sub(base);
    let rig = |retry_after: &str| {
        let server = format!("allow_cleartext = true\nretry_after = \"{retry_after}\"");
        Rig::new(&both, &server)
    };
    let paid = median(&rig("1h"), 1, PAM_SUCCESS);
    let most = CONNECT_TIMEOUT + ms(200);
    let what = "the name server never answers: the first login";
    table.add("a silent resolver adds", what, added(paid), Some(most));
    let marked = median(&rig("1h"), ROUNDS, PAM_SUCCESS);
    let what = "for the next logins";
    table.add("a silent resolver adds", what, added(marked), Some(ms(5)));
}

/// The median time of logins, each in a process of its own, which end with this code.
fn median(rig: &Rig, rounds: usize, code: c_int) -> Duration {
    let mut times: Vec<Duration> = (0..rounds).map(|_| one(rig, code)).collect();
    times.sort();
    times[rounds / 2]
}

fn one(rig: &Rig, expected: c_int) -> Duration {
    let output = Command::new(std::env::current_exe().expect("the path of this program"))
        .arg("login")
        .arg(rig.services())
        .output()
        .expect("a login");
    let text = String::from_utf8_lossy(&output.stdout);
    let (code, took) = text.trim().split_once(' ').expect("a code and a time");
    assert_eq!(code, expected.to_string(), "the code of a login");
    Duration::from_micros(took.parse().expect("a number"))
}

/// What the suite `hostile` says about time and memory.
fn hostile() -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--release", "--locked", "--test", "hostile"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let said = text
        .lines()
        .rev()
        .find(|line| line.starts_with("hostile: "));
    match said {
        Some(line) if output.status.success() => format!("  {line}"),
        _ => panic!("the suite fails: {text}"),
    }
}

/// The figures, as they are printed.
#[derive(Default)]
struct Table {
    broken: Vec<String>,
    begun: bool,
}

impl Table {
    fn add(&mut self, figure: &str, what: &str, measured: Duration, limit: Option<Duration>) {
        if !self.begun {
            println!(
                "{:<28}{:>10}{:>10}   what was done",
                "ms", "measured", "at most"
            );
            self.begun = true;
        }
        let in_ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
        let most = limit.map_or("-".to_owned(), in_ms);
        println!("{figure:<28}{:>10}{most:>10}   {what}", in_ms(measured));
        if limit.is_some_and(|limit| measured > limit) {
            self.broken.push(format!("{figure} ({what})"));
        }
    }

    fn verdict(&self) -> ExitCode {
        if self.broken.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("\nabove the limit: {}", self.broken.join(", "));
        ExitCode::FAILURE
    }
}
