//! The road to the server: names, sockets, TLS, and the guard on what comes back.
//!
//! This project owns the socket. ldap3 gets one end of a socket pair; [`relay`] passes bytes
//! between the other end and the server, and everything inbound goes through [`guard`].

pub mod ber;
pub mod certificate;
mod connect;
mod guard;
mod patience;
mod quiet;
mod relay;
mod resolve;
mod servers;
mod starttls;
mod tap;
mod tls;

pub use connect::Trouble;
pub use patience::{NoResult, within};
pub use relay::{Fault, relay};
pub use servers::{Failure, NoServer, Reached, Servers, tell};
pub use tap::{ConnectionFacts, Tap, TlsFacts};
pub use tls::TlsClient;

use tokio::io::{AsyncRead, AsyncWrite};

/// A connection to a server, of whatever kind.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// What is known of it.
    fn facts(&self) -> ConnectionFacts;
}
