//! The module through the real libpam, against a real Active Directory domain: Samba's.
//!
//! `make test-ad` runs this suite.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/enclosure.rs"]
mod enclosure;
mod fixture;
#[path = "../common/private_host.rs"]
mod private_host;
#[path = "../common/rsldapctl.rs"]
mod rsldapctl;
#[path = "../common/samba.rs"]
mod samba;

mod account_state;
mod bind_errors;
mod canonical;
mod command;
mod gates;
mod nested;
mod password_change;
mod shipped;
mod transport;
