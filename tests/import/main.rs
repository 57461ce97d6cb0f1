//! `rsldapctl import`: what is carried over, what is said about the rest, that nothing is run and
//! nothing secret is shown, and that the right people get in with what comes out.

#[path = "../common/mod.rs"]
mod common;

mod command;
mod django;
mod docker;
mod formats;
mod gates;
mod keys;
mod login;
mod mutated;
mod nslcd;
mod padl;
mod python;
mod secrets;
mod sssd;
mod wrong;
