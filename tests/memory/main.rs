//! What the machine remembers: the last known refusal, answers about groups, passwords for an outage.
//!
//! A real slapd that is stopped, restarted and changed, and the module through the real libpam, on a
//! host whose `/run` and `/var/lib` are private. So these tests need root.

#[path = "../common/mod.rs"]
#[allow(unused_imports)]
mod common;
#[path = "../common/private_host.rs"]
mod private_host;

mod cache;
mod changes;
mod child;
mod clocks;
mod crowd;
mod damage;
mod fixture;
mod offline;
mod refusals;
mod sessions;
