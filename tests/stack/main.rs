//! The built module through the real libpam: the stacks of `pam.d/`, and what the module does to
//! the process that loads it.
//!
//! The service files come from a private directory (`pam_start_confdir(3)`), so no right on
//! `/etc/pam.d` is needed. The directory is a real slapd; `pam_debug.so` stands where the local
//! password has to be right or wrong at will, and the real `pam_unix.so` where it can.

#[path = "../common/mod.rs"]
mod common;

mod arguments;
mod conversation;
mod faillock;
mod handle;
mod host;
mod lines;
mod neighbours;
mod object;
mod outcomes;
mod scenario;
mod shipped;
