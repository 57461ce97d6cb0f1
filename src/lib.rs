//! pam_rsldap: LDAP login for Linux hosts, as a PAM module.
//!
//! ```text
//!  host ──libpam──► module ──► login ──► policy (pure) ──► Outcome ──► module::code ──libpam──► host
//!  sshd, sudo         │          │ ▲
//!                     │          │ └ facts: entries, verdicts on binds, answers about groups
//!       Transaction ◄─┘          ▼
//!                     trait Directory ◄── directory::ldap (ldap3) ◄── transport (sockets, TLS, guard) ──► server
//!  rsldapctl ────────────────────┘ the same login, with a terminal for a transaction
//! ```
//!
//! Where to look: [`login`] is the order of steps, [`memory`] puts what this machine remembers around
//! it, [`policy`] decides, [`outcome`] names every way in which that ends, and [`module::code`] is the
//! one table from there to PAM return codes.
//! [`config`] turns the file into types that cannot hold nonsense; [`directory`] is what a login may
//! ask of LDAP; [`transport`] is the road there, and its guard checks every byte on the way back.
//!
//! A host process is somebody else's house: sshd, sudo, a screen locker. The module runs inside it as
//! root, on input from strangers. It starts no threads, installs no signal handlers, writes nothing
//! to the terminal, reads no environment variable, changes neither directory, umask nor ids, never
//! waits beyond `server.deadline`, and leaves no descriptor open. It must not panic either, which the
//! lints below help with; a panic would be caught at the entry points and answered with `PAM_ABORT`.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing
    )
)]

pub mod account_state;
#[cfg(not(feature = "command"))]
mod backtrace;
mod calendar;
pub mod characters;
pub mod config;
pub mod directory;
mod host_names;
pub mod log;
pub mod login;
pub mod memory;
pub mod module;
pub mod names;
pub mod notice;
mod ordered;
pub mod outcome;
pub mod policy;
pub mod secret;
pub mod session;
pub mod store;
pub mod sys;
pub mod template;
pub mod transaction;
pub mod transport;
mod wipe;
