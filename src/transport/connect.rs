//! One connection to one server, within a time limit.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Duration, Instant, timeout_at};

use super::Stream;
use super::patience::{NoResult, within};
use super::quiet::Quiet;
use super::resolve::resolve;
use super::starttls::start_tls;
use super::tls::{self, TlsClient};
use crate::config::Endpoint;
use crate::directory::Cause;

/// How long one address of a host has before the next is tried as well (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

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

    /// No result in time: the server was silent, which is a trouble of this kind, or this process did not
    /// run.
    pub fn of_wait(no_result: NoResult, cause: Cause, silent: String) -> Self {
        match no_result {
            NoResult::Silence => Trouble::new(cause, silent),
            NoResult::Stopped(lost) => {
                let ms = lost.as_millis();
                Trouble::new(
                    Cause::Host,
                    format!("this process was stopped for {ms} ms; {silent}"),
                )
            }
        }
    }

    /// Of the troubles with two addresses of one host the one that tells more: that there is no way to
    /// one of them is common where only IPv4 or only IPv6 is used.
    fn or(self, later: Trouble) -> Self {
        match (self.cause, later.cause) {
            (Cause::Dns, _) => later,
            (_, Cause::Unreachable) => self,
            _ => later,
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

/// How what goes over a connection is protected.
#[derive(Clone, Copy)]
pub enum Protection<'a> {
    /// Not at all: a socket of this machine, or `server.allow_cleartext`.
    Nothing,
    /// TLS from the first byte.
    Tls(&'a TlsClient),
    /// TLS after StartTLS.
    StartTls(&'a TlsClient),
}

/// Connects to a server: name lookup, connect, TLS.
///
/// # Errors
/// The server cannot be reached by `limit`, or does not prove who it is.
pub async fn connect(
    endpoint: &Endpoint,
    protection: Protection<'_>,
    limit: Instant,
) -> Result<Box<dyn Stream>, Trouble> {
    let (host, port) = match endpoint {
        Endpoint::Socket(path) => return connect_unix(path, limit).await,
        Endpoint::Host { name, port, .. } => (name, *port),
    };
    let mut socket = connect_tcp(host, port, limit).await?;
    let tls = match protection {
        Protection::Nothing => return Ok(Box::new(socket)),
        Protection::Tls(tls) => tls,
        Protection::StartTls(tls) => {
            let asked = start_tls(&mut socket);
            let silent = "no answer to StartTLS within connect_timeout";
            in_time(limit, asked, Cause::Timeout, || silent.to_owned()).await?;
            tls
        }
    };
    let silent = "no answer to the TLS handshake within connect_timeout";
    let handshake = tls.handshake(host, socket);
    let stream = in_time(limit, handshake, Cause::Timeout, || silent.to_owned()).await?;
    Ok(Box::new(stream))
}

async fn connect_unix(path: &Path, limit: Instant) -> Result<Box<dyn Stream>, Trouble> {
    let connecting = async {
        UnixStream::connect(path)
            .await
            .map_err(|error| Trouble::io(&error))
    };
    let silent = || "the server's socket does not accept".to_owned();
    let socket = in_time(limit, connecting, Cause::ConnectTimeout, silent).await?;
    Ok(Box::new(Quiet(socket)))
}

/// Connects to whichever address of the host is the first to accept. Each has a head start over the next
/// one (RFC 8305 §5), so that a dead address costs little and a live one is not asked in vain.
async fn connect_tcp(host: &str, port: u16, limit: Instant) -> Result<Quiet<TcpStream>, Trouble> {
    let silent = || format!("no answer to the name lookup of {host}");
    let addresses = in_time(limit, resolve(host), Cause::DnsTimeout, silent).await?;
    let mut waiting = addresses.into_iter().peekable();
    let mut attempts = FuturesUnordered::new();
    let mut trouble = Trouble::new(Cause::Dns, format!("{host} has no address"));
    loop {
        attempts.extend(
            waiting
                .next()
                .map(|address| connect_address(address, port, limit)),
        );
        let head_start = match waiting.peek() {
            Some(_) => Instant::now() + HEAD_START,
            // The attempts end by themselves.
            None => limit + HEAD_START,
        };
        match timeout_at(head_start, attempts.next()).await {
            Ok(Some(Ok(socket))) => return Ok(Quiet(socket)),
            Ok(Some(Err(new))) => trouble = trouble.or(new),
            Ok(None) if waiting.peek().is_none() => return Err(trouble),
            Ok(None) | Err(_) => {}
        }
    }
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
    let silent = || format!("{address} does not answer to connect");
    in_time(limit, connecting, Cause::ConnectTimeout, silent).await
}

/// Waits for `work` until `limit`; a server that is silent until then is a trouble of this kind.
async fn in_time<T>(
    limit: Instant,
    work: impl Future<Output = Result<T, Trouble>>,
    cause: Cause,
    silent: impl FnOnce() -> String,
) -> Result<T, Trouble> {
    match within(limit, work).await {
        Ok(result) => result,
        Err(no_result) => Err(Trouble::of_wait(no_result, cause, silent())),
    }
}
