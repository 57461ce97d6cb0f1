//! The module through the real libpam, against a real 389 Directory Server.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/ds389.rs"]
mod ds389;
#[path = "../common/enclosure.rs"]
mod enclosure;
mod fixture;
#[path = "../common/private_host.rs"]
mod private_host;
#[path = "../common/rsldapctl.rs"]
mod rsldapctl;

mod account_state;
mod command;
mod groups;
mod password_change;
mod shipped;
