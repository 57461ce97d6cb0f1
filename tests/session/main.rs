//! The session: its local groups, through libpam, sshd, su, login and sudo; and the log file.
//!
//! Needs root. Its own `/etc`, `/home`, `/run` and so on make it safe: see `private_host`.

mod canary;
mod child;
#[path = "../common/mod.rs"]
#[allow(unused_imports)]
mod common;
mod host;
mod logfile;
mod logins;
#[path = "../system/machine.rs"]
#[allow(dead_code)]
mod machine;
mod mirror;
#[path = "../common/private_host.rs"]
mod private_host;
mod programs;
mod setcred;
#[path = "../system/ssh.rs"]
#[allow(dead_code)]
mod ssh;
mod sudo;
#[path = "../common/terminal.rs"]
#[allow(dead_code)]
mod terminal;
