//! Directories that die, stall, vanish and come back, while people log in.
//!
//! Two real slapds, the second a replica of the first, each behind a proxy that misbehaves when told
//! to. The module is called through the real libpam. What is remembered of an outage lies in `/run`,
//! so those tests have a private one, and need root.

#[path = "../common/mod.rs"]
#[allow(unused_imports)]
mod common;
#[path = "../common/private_host.rs"]
mod private_host;
#[path = "../common/proxy.rs"]
mod proxy;

mod chaos;
mod child;
mod crowd;
mod fixture;
mod kills;
mod limits;
mod marker_causes;
mod marker_files;
mod markers;
mod mid_login;
mod probes;
mod replicas;
mod run_directory;
mod site;
