//! A server that lies, stalls, floods and breaks off, at every point of a login.
//!
//! Each table holds misbehaviours of a scripted server ([`server`]). Every row is tried with the
//! real libpam in a process of its own ([`child`]), in the auth and the account phase, and has to
//! end as the row says: mostly as `unavailable`, by the deadline, with the process alive, little
//! memory taken, nothing printed and nothing left behind ([`case`]). `cargo test --test hostile`
//! prints the most time and memory that any login took.

#[path = "hostile/ber.rs"]
mod ber;
#[path = "hostile/case.rs"]
mod case;
#[path = "hostile/child.rs"]
mod child;
mod common;
#[path = "common/devlog.rs"]
mod devlog;
#[path = "hostile/server.rs"]
mod server;
#[path = "hostile/wire.rs"]
mod wire;

#[path = "hostile/connection.rs"]
mod connection;
#[path = "hostile/entries.rs"]
mod entries;
#[path = "hostile/envelope.rs"]
mod envelope;
#[path = "hostile/framing.rs"]
mod framing;
#[path = "hostile/replies.rs"]
mod replies;
#[path = "hostile/results.rs"]
mod results;
#[path = "hostile/self_check.rs"]
mod self_check;
#[path = "hostile/size.rs"]
mod size;
