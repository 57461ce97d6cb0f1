//! One connection to one server, within a time limit.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout_at};

use super::Stream;
use super::quiet::Quiet;
use super::resolve::resolve;
use super::tls::{self, TlsClient};
use crate::config::{Endpoint, Scheme, ServerUri};
use crate::directory::Cause;

/// What went wrong on the way to a server, or on the way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The kind.
    pub cause: Cause,
    /// In words.
    pub detail: String,
}

impl Trouble {
    /// A trouble of this kind.
    pub fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Trouble {
            cause,
            detail: detail.into(),
        }
    }

    /// What an error of a socket means.
    #[must_use]
    pub fn io(error: &io::Error) -> Self {
        if let Some(trouble) = tls::trouble(error) {
            return trouble;
        }
        let cause = match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Cause::Refused,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable => Cause::Unreachable,
            io::ErrorKind::TimedOut => Cause::ConnectTimeout,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof => Cause::Closed,
            _ => Cause::Host,
        };
        Trouble::new(cause, error.to_string())
    }
}

/// Connects to a server: name lookup, connect, TLS. `tls` is there for ldaps.
///
/// # Errors
/// The server cannot be reached by `limit`, or does not prove who it is.
pub async fn connect(
    uri: &ServerUri,
    tls: Option<&TlsClient>,
    limit: Instant,
) -> Result<Box<dyn Stream>, Trouble> {
    let (host, port) = match uri.endpoint() {
        Endpoint::Socket(path) => return connect_unix(path, limit).await,
        Endpoint::Host { name, port, .. } => (name, *port),
    };
    let socket = connect_tcp(host, port, limit).await?;
    if uri.scheme() != Scheme::Ldaps {
        return Ok(Box::new(socket));
    }
    let tls = tls.ok_or_else(|| {
        Trouble::new(Cause::TlsProtocol, "no TLS settings for an ldaps:// server")
    })?;
    let silent = || {
        Trouble::new(
            Cause::Timeout,
            "no answer to the TLS handshake within connect_timeout",
        )
    };
    Ok(Box::new(
        within(limit, tls.handshake(host, socket), silent).await?,
    ))
}

async fn connect_unix(path: &Path, limit: Instant) -> Result<Box<dyn Stream>, Trouble> {
    let connecting = async {
        UnixStream::connect(path)
            .await
            .map_err(|error| Trouble::io(&error))
    };
    let silent = || Trouble::new(Cause::ConnectTimeout, "the server's socket does not accept");
    Ok(Box::new(Quiet(within(limit, connecting, silent).await?)))
}

/// Tries all addresses of the host in order, each with an equal share of the time that is left.
async fn connect_tcp(host: &str, port: u16, limit: Instant) -> Result<Quiet<TcpStream>, Trouble> {
    let silent = || {
        Trouble::new(
            Cause::DnsTimeout,
            format!("no answer to the name lookup of {host}"),
        )
    };
    let addresses = within(limit, resolve(host), silent).await?;
    let mut last = Trouble::new(Cause::Dns, format!("{host} has no address"));
    for (done, address) in addresses.iter().enumerate() {
        let left = limit.saturating_duration_since(Instant::now());
        let shares = u32::try_from(addresses.len() - done).unwrap_or(u32::MAX);
        match connect_address(*address, port, Instant::now() + left / shares).await {
            Ok(socket) => return Ok(Quiet(socket)),
            Err(trouble) => last = trouble,
        }
    }
    Err(last)
}

async fn connect_address(address: IpAddr, port: u16, limit: Instant) -> Result<TcpStream, Trouble> {
    let address = SocketAddr::new(address, port);
    let named = |error: io::Error| {
        let trouble = Trouble::io(&error);
        Trouble {
            detail: format!("{address}: {}", trouble.detail),
            ..trouble
        }
    };
    let connecting = async {
        let socket = TcpStream::connect(address).await.map_err(named)?;
        // Requests are small and each waits for its answer: Nagle's algorithm costs 40 ms here.
        socket.set_nodelay(true).map_err(named)?;
        Ok(socket)
    };
    let silent = || {
        Trouble::new(
            Cause::ConnectTimeout,
            format!("{address} does not answer to connect"),
        )
    };
    within(limit, connecting, silent).await
}

/// Waits for `work` until `limit`.
async fn within<T>(
    limit: Instant,
    work: impl Future<Output = Result<T, Trouble>>,
    too_late: impl FnOnce() -> Trouble,
) -> Result<T, Trouble> {
    match timeout_at(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(too_late()),
    }
}
