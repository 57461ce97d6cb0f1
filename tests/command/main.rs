//! `rsldapctl` against real servers: what it prints, as text and as JSON, and how it ends.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/private_host.rs"]
mod private_host;

mod cache;
mod check_directory;
mod check_files;
mod check_servers;
mod explain;
mod fixture;
#[path = "../common/rsldapctl.rs"]
mod rsldapctl;
mod status;
mod terminal;
mod usage;
