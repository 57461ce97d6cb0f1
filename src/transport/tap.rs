//! Watching a connection: for `rsldapctl`, which shows what travels. The module looks at no more than that
//! a connection is there, for the level debug.

use std::net::SocketAddr;
use std::time::Duration;

/// Sees one directory's traffic. It is called between reads and writes, and must not wait.
pub trait Tap: Send + Sync {
    /// A connection to `server` is there, and name lookup, connect and TLS took so long. What follows is
    /// said on this one.
    fn connected(&self, server: &str, facts: ConnectionFacts, took: Duration);
    /// These bytes are sent: messages, in pieces of any length. A bind has the password in it.
    fn sent(&self, bytes: &[u8]);
    /// These whole messages came and have passed the guard.
    fn received(&self, messages: &[u8]);
}

/// What is known of a connection that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// The address that answered; None for a socket of this machine.
    pub peer: Option<SocketAddr>,
    /// How it is encrypted; None if it is not.
    pub tls: Option<TlsFacts>,
}

/// How a connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1_3`
    pub version: &'static str,
    /// The cipher suite, by its name in the registry.
    pub cipher: &'static str,
    /// The certificates that the server has sent, its own first, in DER.
    pub chain: Vec<Vec<u8>>,
}
