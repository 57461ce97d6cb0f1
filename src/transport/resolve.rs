//! Host names to addresses, without getaddrinfo(3), which blocks for as long as it likes.
//!
//! hosts(5) and resolv.conf(5) count; nsswitch.conf(5), its plug-ins and the environment
//! (`RES_OPTIONS`, `LOCALDOMAIN`, `HOSTALIASES`) do not.

mod client;
mod conf;
mod hosts;
mod message;
mod srv;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use super::connect::Trouble;
use client::Failure;
use conf::Conf;

pub use srv::{Target, targets};

/// No more addresses of one host than this are used.
const MAX_ADDRESSES: usize = 16;

/// No more of either file than this is read.
const MAX_FILE: u64 = 1024 * 1024;

/// All addresses of a host, IPv4 and IPv6 in turn (RFC 8305 §4): a family that leads nowhere holds
/// up nothing but its own. IPv4 goes first, because a host without an IPv6 route is more common than
/// one without IPv4.
///
/// An address literal is its own answer, and `localhost` is this machine whatever a resolver says
/// (RFC 6761 §6.3). The caller sets the deadline.
///
/// # Errors
/// There is no usable resolv.conf(5), or the name does not resolve.
pub async fn resolve(host: &str) -> Result<Vec<IpAddr>, Trouble> {
    Sources::default().resolve(host).await
}

/// Where names are looked up.
struct Sources {
    hosts: PathBuf,
    resolv_conf: PathBuf,
    /// The port of all name servers.
    port: u16,
}

impl Default for Sources {
    fn default() -> Self {
        Sources {
            hosts: "/etc/hosts".into(),
            resolv_conf: "/etc/resolv.conf".into(),
            port: 53,
        }
    }
}

impl Sources {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Trouble> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let bare = host.strip_suffix('.').unwrap_or(host);
        if bare.eq_ignore_ascii_case("localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        self.look_up(host, bare).await.map_err(|why| {
            Trouble::new(
                why.cause(),
                format!("{} does not resolve: {why}", host.escape_debug()),
            )
        })
    }

    async fn look_up(&self, host: &str, bare: &str) -> Result<Vec<IpAddr>, Failure> {
        if !message::is_name(bare) {
            return Err(Failure::Unusable("it is not a valid host name".to_owned()));
        }
        let listed = hosts::look_up(&self.hosts, bare);
        if !listed.is_empty() {
            return Ok(in_order(listed));
        }
        let conf = self.conf()?;
        let mut failed = Failure::NoName;
        for name in conf.candidates(host) {
            match client::addresses(&conf, &name).await {
                Ok(addresses) => return Ok(in_order(addresses)),
                // The same server would stay silent for the next name too.
                Err(failure @ Failure::Silent(_)) => return Err(failure),
                Err(failure) => failed = failed.or(failure),
            }
        }
        Err(failed)
    }

    fn conf(&self) -> Result<Conf, Failure> {
        Conf::read(&self.resolv_conf, self.port).map_err(Failure::Unusable)
    }
}

/// The families in turn, IPv4 first; each address once, and not too many.
fn in_order(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let (v4, v6): (Vec<_>, Vec<_>) = addresses.into_iter().partition(IpAddr::is_ipv4);
    let (mut v4, mut v6) = (once_each(v4).into_iter(), once_each(v6).into_iter());
    let mut kept = Vec::new();
    while kept.len() < MAX_ADDRESSES {
        let before = kept.len();
        kept.extend(v4.next());
        kept.extend(v6.next());
        if kept.len() == before {
            break;
        }
    }
    kept
}

fn once_each(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut kept = Vec::new();
    for address in addresses {
        if !kept.contains(&address) {
            kept.push(address);
        }
    }
    kept
}

/// The start of a file, up to the last line that is whole.
fn read_start(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let length = File::open(path)?.take(MAX_FILE).read_to_end(&mut content)?;
    if length as u64 == MAX_FILE {
        let whole = content.iter().rposition(|byte| *byte == b'\n');
        content.truncate(whole.unwrap_or(0));
    }
    Ok(content)
}
