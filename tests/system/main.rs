//! Logins through the real sshd and the real sudo, with the shipped stacks, in a private view of
//! this machine.
//!
//! Needs root. Its own `/etc`, `/home`, `/run` and so on make it safe: see `private_host`.

#[path = "../common/mod.rs"]
#[allow(unused_imports)]
mod common;
#[path = "../common/devlog.rs"]
#[allow(dead_code)]
mod devlog;
mod environments;
mod keys;
mod log;
mod machine;
mod password_change;
#[path = "../common/private_host.rs"]
mod private_host;
mod ssh;
mod ssh_alias;
mod ssh_down;
mod ssh_logins;
mod status;
mod su;
mod sudo;
#[path = "../common/terminal.rs"]
mod terminal;
mod trace;
