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
use super::message::{Family, Query, Reply};

/// The longest answer over UDP. Over TCP the length has 16 bits.
const MAX_DATAGRAM: usize = 4096;

/// How long the other family may take once there are addresses of one.
const GRACE: Duration = Duration::from_millis(500);

/// How long a server may take in the first round if there is another one. The default of
/// resolv.conf(5), 5 s, is longer than a login waits: a dead first server would lock users out.
const FIRST_ROUND: Duration = Duration::from_secs(1);

/// Why there is no address.
pub enum Failure {
    NoName,
    NoAddress,
    /// A server answered that it cannot say.
    Server(String),
    /// No server answered.
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
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoName => out.write_str("there is no such name (NXDOMAIN)"),
            Failure::NoAddress => out.write_str("the name has no address"),
            Failure::Server(what) | Failure::Silent(what) => out.write_str(what),
        }
    }
}

/// The addresses of an absolute name: all servers in order, as many rounds as configured.
///
/// # Errors
/// No server has an address of the name.
pub async fn look_up(conf: &Conf, name: &str) -> Result<Vec<IpAddr>, Failure> {
    let mut complaints: Vec<String> = Vec::new();
    let mut answered = false;
    for round in 0..conf.attempts {
        let limit = match round {
            0 if conf.servers.len() > 1 => conf.timeout.min(FIRST_ROUND),
            _ => conf.timeout,
        };
        for server in &conf.servers {
            let (said, what) = match both(*server, name, limit).await {
                Ok(Reply::Addresses(found)) if found.is_empty() => return Err(Failure::NoAddress),
                Ok(Reply::Addresses(found)) => return Ok(found),
                Ok(Reply::NoName) => return Err(Failure::NoName),
                Ok(Reply::Failed(code)) => (true, rcode_text(code)),
                Ok(Reply::Truncated) => (true, "cut its answer short over TCP".to_owned()),
                Err(what) => (false, what),
            };
            answered |= said;
            let complaint = format!("name server {} {what}", server.ip());
            if !complaints.contains(&complaint) {
                complaints.push(complaint);
            }
        }
    }
    let what = complaints.join("; ");
    Err(match answered {
        true => Failure::Server(what),
        false => Failure::Silent(what),
    })
}

fn rcode_text(code: simple_dns::RCODE) -> String {
    match code {
        simple_dns::RCODE::ServerFailure => "answers SERVFAIL".to_owned(),
        simple_dns::RCODE::Refused => "answers REFUSED".to_owned(),
        other => format!("answers with {other:?}"),
    }
}

type Answer = Result<Reply, String>;

/// Asks one server for both families at once.
async fn both(server: SocketAddr, name: &str, limit: Duration) -> Answer {
    let v4 = Box::pin(ask(server, name, Family::V4, limit));
    let v6 = Box::pin(ask(server, name, Family::V6, limit));
    match select(v4, v6).await {
        Either::Left((first, rest)) | Either::Right((first, rest)) => finish(first, rest).await,
    }
}

/// Waits for the second family, but not long if the first brought addresses.
async fn finish(first: Answer, rest: impl Future<Output = Answer>) -> Answer {
    let has_addresses =
        |answer: &Answer| matches!(answer, Ok(Reply::Addresses(list)) if !list.is_empty());
    let second = match has_addresses(&first) {
        true => timeout(GRACE, rest)
            .await
            .unwrap_or_else(|_| Err(String::new())),
        false => rest.await,
    };
    match (first, second) {
        (Ok(Reply::Addresses(mut list)), Ok(Reply::Addresses(more))) => {
            list.extend(more);
            Ok(Reply::Addresses(list))
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
        (Ok(Reply::Addresses(_)), failed) | (failed, _) => failed,
    }
}

async fn ask(server: SocketAddr, name: &str, family: Family, limit: Duration) -> Answer {
    let asking = async {
        let unusable = || io::Error::from(io::ErrorKind::InvalidInput);
        let query = Query::new(random_id()?, name, family).ok_or_else(unusable)?;
        let message = query.message().ok_or_else(unusable)?;
        match over_udp(server, &query, &message).await? {
            Reply::Truncated => over_tcp(server, &query, &message).await,
            reply => Ok(reply),
        }
    };
    match timeout(limit, asking).await {
        Ok(answer) => answer.map_err(|error| format!("cannot be asked: {error}")),
        Err(_) => Err(format!("does not answer in {} s", limit.as_secs())),
    }
}

/// An answer is hard to forge if the sender has to guess the id and the port (RFC 5452 §9.2).
fn random_id() -> io::Result<u16> {
    let mut id = [0; 2];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut id)
        .map_err(|_| io::Error::other("no random numbers"))?;
    Ok(u16::from_be_bytes(id))
}

/// A fresh socket per question: the kernel chooses a random port, and passes on only what the
/// server sent. What is no answer to the question is ignored.
async fn over_udp(server: SocketAddr, query: &Query<'_>, message: &[u8]) -> io::Result<Reply> {
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
async fn over_tcp(server: SocketAddr, query: &Query<'_>, message: &[u8]) -> io::Result<Reply> {
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
