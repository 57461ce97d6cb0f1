//! Asks the servers of resolv.conf(5), over UDP and, for long answers, over TCP (RFC 7766).

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::conf::Conf;
use super::message::{A, AAAA, Kind, Query, Reply, SRV, Srv};
use crate::directory::Cause;

/// The longest answer over UDP. Over TCP the length has 16 bits.
const MAX_DATAGRAM: usize = 4096;

/// How long the other family may take once there are addresses of one.
const GRACE: Duration = Duration::from_millis(500);

/// How long a server may take in the first round if there is another one. The default of
/// resolv.conf(5), 5 s, is longer than a login waits: a dead first server would lock users out.
const FIRST_ROUND: Duration = Duration::from_secs(1);

/// Why there is no answer that helps.
pub enum Failure {
    NoName,
    NoAddress,
    /// The name, or the configuration of this machine, is of no use.
    Unusable(String),
    /// A server answered that it cannot say, or cannot be reached.
    Server(String),
    /// No server answered in time.
    Silent(String),
}

impl Failure {
    /// The one of two that tells more.
    pub fn or(self, other: Failure) -> Failure {
        match (&self, &other) {
            (Failure::NoName, _) | (Failure::NoAddress, Failure::Server(_)) => other,
            _ => self,
        }
    }

    /// The kind, for the log line.
    pub fn cause(&self) -> Cause {
        match self {
            Failure::Silent(_) => Cause::DnsTimeout,
            Failure::NoName | Failure::NoAddress | Failure::Unusable(_) | Failure::Server(_) => {
                Cause::Dns
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoName => out.write_str("there is no such name (NXDOMAIN)"),
            Failure::NoAddress => out.write_str("the name has no address"),
            Failure::Unusable(what) | Failure::Server(what) | Failure::Silent(what) => {
                out.write_str(what)
            }
        }
    }
}

/// The addresses of an absolute name.
///
/// # Errors
/// No server has an address of the name.
pub async fn addresses(conf: &Conf, name: &str) -> Result<Vec<IpAddr>, Failure> {
    let found = ask_all(conf, |server, limit| both(server, name, limit)).await?;
    match found.is_empty() {
        true => Err(Failure::NoAddress),
        false => Ok(found),
    }
}

/// The SRV records of an absolute name; none if it exists without any.
///
/// # Errors
/// The name does not exist, or no server can say.
pub async fn services(conf: &Conf, name: &str) -> Result<Vec<Srv>, Failure> {
    ask_all(conf, |server, limit| ask(server, name, &SRV, limit)).await
}

/// Asks all servers in order, as many rounds as configured, until one knows.
async fn ask_all<R, F>(
    conf: &Conf,
    question: impl Fn(SocketAddr, Duration) -> F,
) -> Result<Vec<R>, Failure>
where
    F: Future<Output = Answer<R>>,
{
    let mut complaints: Vec<String> = Vec::new();
    let (mut answered, mut silent) = (false, false);
    for round in 0..conf.attempts {
        let limit = match round {
            0 if conf.servers.len() > 1 => conf.timeout.min(FIRST_ROUND),
            _ => conf.timeout,
        };
        for server in &conf.servers {
            let answer = question(*server, limit).await;
            answered |= answer.is_ok();
            let what = match answer {
                Ok(Reply::Records(found)) => return Ok(found),
                Ok(Reply::NoName) => return Err(Failure::NoName),
                Ok(Reply::Failed(code)) => format!("answers {code}"),
                Ok(Reply::Truncated) => "cut its answer short over TCP".to_owned(),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    silent = true;
                    format!("does not answer in {} s", limit.as_secs())
                }
                Err(error) => format!("cannot be asked: {error}"),
            };
            let complaint = format!("name server {} {what}", server.ip());
            if !complaints.contains(&complaint) {
                complaints.push(complaint);
            }
        }
    }
    let what = complaints.join("; ");
    Err(match silent && !answered {
        true => Failure::Silent(what),
        false => Failure::Server(what),
    })
}

/// What one server said. An error of the kind `TimedOut` says that it was silent.
type Answer<R> = io::Result<Reply<R>>;

/// Asks one server for both families at once.
async fn both(server: SocketAddr, name: &str, limit: Duration) -> Answer<IpAddr> {
    let v4 = Box::pin(ask(server, name, &A, limit));
    let v6 = Box::pin(ask(server, name, &AAAA, limit));
    match select(v4, v6).await {
        Either::Left((first, rest)) | Either::Right((first, rest)) => finish(first, rest).await,
    }
}

/// Waits for the second family, but not long if the first brought addresses.
async fn finish(
    first: Answer<IpAddr>,
    rest: impl Future<Output = Answer<IpAddr>>,
) -> Answer<IpAddr> {
    let has_addresses =
        |answer: &Answer<IpAddr>| matches!(answer, Ok(Reply::Records(list)) if !list.is_empty());
    let second = match has_addresses(&first) {
        true => in_time(GRACE, rest).await,
        false => rest.await,
    };
    match (first, second) {
        (Ok(Reply::Records(mut list)), Ok(Reply::Records(more))) => {
            list.extend(more);
            Ok(Reply::Records(list))
        }
        (one, other) if has_addresses(&one) || has_addresses(&other) => {
            if has_addresses(&one) {
                one
            } else {
                other
            }
        }
        // A name that does not exist has no address of the other family either (RFC 8020).
        (Ok(Reply::NoName), _) | (_, Ok(Reply::NoName)) => Ok(Reply::NoName),
        (Ok(Reply::Records(_)), failed) | (failed, _) => failed,
    }
}

async fn ask<R>(server: SocketAddr, name: &str, kind: &Kind<R>, limit: Duration) -> Answer<R> {
    let asking = async {
        let unusable = || io::Error::from(io::ErrorKind::InvalidInput);
        let mut id = [0; 2];
        random(&mut id)?;
        let query = Query::new(u16::from_be_bytes(id), name, kind).ok_or_else(unusable)?;
        let message = query.message().ok_or_else(unusable)?;
        match over_udp(server, &query, &message).await? {
            Reply::Truncated => over_tcp(server, &query, &message).await,
            reply => Ok(reply),
        }
    };
    in_time(limit, asking).await
}

async fn in_time<R>(limit: Duration, answer: impl Future<Output = Answer<R>>) -> Answer<R> {
    timeout(limit, answer)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// An answer is hard to forge if the sender has to guess the id and the port (RFC 5452 §9.2).
pub fn random(bytes: &mut [u8]) -> io::Result<()> {
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(bytes)
        .map_err(|_| io::Error::other("no random numbers"))
}

/// A fresh socket per question: the kernel chooses a random port, and passes on only what the
/// server sent. What is no answer to the question is ignored.
async fn over_udp<R>(server: SocketAddr, query: &Query<'_, R>, message: &[u8]) -> Answer<R> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(message).await?;
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(reply) = buffer.get(..length).and_then(|bytes| query.judge(bytes)) {
            return Ok(reply);
        }
    }
}

/// Each message has its length in front (RFC 1035 §4.2.2).
async fn over_tcp<R>(server: SocketAddr, query: &Query<'_, R>, message: &[u8]) -> Answer<R> {
    let mut framed = u16::try_from(message.len())
        .map_err(io::Error::other)?
        .to_be_bytes()
        .to_vec();
    framed.extend_from_slice(message);
    let mut socket = TcpStream::connect(server).await?;
    socket.write_all(&framed).await?;
    let length = socket.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    socket.read_exact(&mut answer).await?;
    query
        .judge(&answer)
        .ok_or_else(|| io::Error::other("what came over TCP is no answer"))
}
