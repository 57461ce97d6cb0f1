//! The module through the real libpam, against a real slapd, judged by what an application sees:
//! return codes, prompts, the environment, and by what the server's log says was asked.

#[path = "../common/mod.rs"]
mod common;
mod fixture;
#[path = "../common/proxy.rs"]
mod proxy;
#[path = "../common/scale.rs"]
mod scale;
#[path = "../common/turns.rs"]
mod turns;

mod account;
mod account_state;
mod canonical;
mod concurrency;
mod configuration;
mod exempt;
mod gates;
mod groups;
mod member_of;
mod names;
mod neighbours;
mod nested;
mod outages;
mod password_change;
mod passwords;
mod result_codes;
mod session;
mod size;
mod transport;
