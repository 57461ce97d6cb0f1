//! What groups cost: operations, round trips and bytes of a login, in a small directory and in a large
//! one. "make groups" runs it. It fails where a figure grows with the directory.
//!
//! A login is authenticate and acct_mgmt through the real libpam, over a connection in clear, against a
//! real slapd on loopback.

#[path = "../tests/common/mod.rs"]
#[allow(unused_imports)]
mod common;
#[path = "../tests/common/scale.rs"]
mod scale;
#[path = "../tests/common/turns.rs"]
mod turns;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::pam::PAM_SUCCESS;
use common::slapd::Slapd;
use scale::{Cost, Gates};
use turns::Turns;

const SIZES: [usize; 2] = [100, 100_000];
const ROUNDS: usize = 15;
const ROWS: [Gates; 8] = [
    Gates::Flat(1),
    Gates::Flat(5),
    Gates::Flat(20),
    Gates::Nested(1),
    Gates::Nested(5),
    Gates::Nested(20),
    Gates::Everybody,
    Gates::EverybodyNested,
];

fn main() -> ExitCode {
    let mut costs: Vec<Vec<Cost>> = Vec::new();
    println!(
        "{:>7}  {:<26} {:>10} {:>11} {:>6} {:>9} {:>9}",
        "users", "gates", "operations", "round trips", "sent", "received", "time"
    );
    for users in SIZES {
        let server = Slapd::start(&scale::options(users));
        let relay = Turns::start(server.port());
        let rows = ROWS.map(|gates| {
            let cost = scale::cost(&server, &relay, gates);
            let time = median(&server, gates);
            let traffic = cost.traffic;
            println!(
                "{users:>7}  {:<26} {:>10} {:>11} {:>6} {:>9} {:>6.1} ms",
                name(gates, users),
                cost.operations,
                traffic.turns,
                traffic.sent,
                traffic.received,
                time.as_secs_f64() * 1000.0
            );
            cost
        });
        costs.push(rows.to_vec());
    }
    let [small, large] = [&costs[0], &costs[1]];
    if small == large {
        println!("\nno figure but the time depends on the size of the directory or of a group");
        ExitCode::SUCCESS
    } else {
        println!("\nfigures grow with the directory");
        ExitCode::FAILURE
    }
}

fn name(gates: Gates, users: usize) -> String {
    match gates {
        Gates::Flat(count) => format!("{count} flat"),
        Gates::Nested(count) => format!("{count} nested, {} deep", scale::DEPTH),
        Gates::Everybody => format!("1 with {users} members"),
        Gates::EverybodyNested => "the same, nested = true".to_owned(),
    }
}

/// The median time of logins without the relay.
fn median(server: &Slapd, gates: Gates) -> Duration {
    let stack = scale::stack(&scale::config(server, &server.uri(), gates));
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            assert_eq!(scale::login(&stack), PAM_SUCCESS, "{gates:?}");
            started.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}
