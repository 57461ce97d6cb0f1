//! The road to the directory through TLS: which certificates and servers are trusted, what the log
//! says about the others, and that nothing was sent to them. Certificates are made on the fly
//! (`zoo`), a server in front of a real slapd records what it decrypts (`recorder`).
//!
//! Needs root, for a private /dev/log, /etc/hosts and /run: see `fixture::Host`.

#[path = "../hostile/ber.rs"]
#[allow(dead_code)] // the other suite needs more of it
mod ber;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/devlog.rs"]
#[allow(dead_code)]
mod devlog;
mod fixture;
mod openssl;
mod recorder;
#[path = "../common/rsldapctl.rs"]
mod rsldapctl;
mod scripted;
#[path = "../common/zoo.rs"]
mod zoo;

mod accepted;
mod authorities;
mod client;
mod handshake;
mod refused;
mod srv;
mod starttls;
mod starttls_slapd;
mod unverified;
mod versions;
mod weak;
