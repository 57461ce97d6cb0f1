//! resolv.conf(5).

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::path::Path;
use std::time::Duration;

use resolv_conf::{Config, ScopedIp};

use super::message::is_name;

/// What the C library takes at most: name servers, domains to search, and the options.
const MAX_SERVERS: usize = 3;
const MAX_SEARCH: usize = 6;
const MAX_NDOTS: u32 = 15;
const MAX_TIMEOUT: u32 = 30;
const MAX_ATTEMPTS: u32 = 5;

/// Whom to ask, and how.
pub struct Conf {
    /// In the order of the file.
    pub servers: Vec<SocketAddr>,
    /// How long one server has for one answer.
    pub timeout: Duration,
    /// How often the list of servers is gone through.
    pub attempts: u32,
    search: Vec<String>,
    ndots: usize,
}

impl Conf {
    /// Reads the file. Lines that make no sense are skipped, as the C library does. Without a
    /// name server in it, the one on this machine is asked.
    ///
    /// # Errors
    /// The file cannot be read, or names servers but none that can be used.
    pub fn read(path: &Path, port: u16) -> Result<Conf, String> {
        let content = super::read_start(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let (mut file, _skipped) = Config::parse_with_errors(&content);
        if file.nameservers.is_empty() {
            file.nameservers.push(Ipv4Addr::LOCALHOST.into());
        }
        let servers: Vec<_> = file
            .nameservers
            .iter()
            .filter_map(|server| socket_address(server, port))
            .take(MAX_SERVERS)
            .collect();
        if servers.is_empty() {
            return Err(format!("no usable nameserver in {}", path.display()));
        }
        Ok(Conf {
            servers,
            timeout: Duration::from_secs(file.timeout.clamp(1, MAX_TIMEOUT).into()),
            attempts: file.attempts.clamp(1, MAX_ATTEMPTS),
            search: search_list(&file),
            ndots: file.ndots.min(MAX_NDOTS) as usize,
        })
    }

    /// The absolute names to ask for, in order: a name with a trailing dot is absolute; one with
    /// `ndots` dots is tried as it is first; any other is tried in the domains of the search list
    /// first.
    pub fn candidates(&self, host: &str) -> Vec<String> {
        if let Some(absolute) = host.strip_suffix('.') {
            return vec![absolute.to_owned()];
        }
        let mut names: Vec<String> = self
            .search
            .iter()
            .map(|domain| format!("{host}.{domain}"))
            .filter(|name| is_name(name))
            .collect();
        if host.matches('.').count() >= self.ndots {
            names.insert(0, host.to_owned());
        } else {
            names.push(host.to_owned());
        }
        names
    }
}

/// The domains of the last `search` or `domain` line. Without one, the domain of this machine's
/// own name.
fn search_list(file: &Config) -> Vec<String> {
    let mut domains: Vec<String> = file.get_last_search_or_domain().cloned().collect();
    if domains.is_empty() && file.get_search().is_none() {
        domains.extend(file.get_system_domain());
    }
    domains
        .iter()
        .map(|domain| domain.trim_end_matches('.').to_owned())
        .filter(|domain| is_name(domain))
        .take(MAX_SEARCH)
        .collect()
}

/// A link-local address counts only with the interface it belongs to (RFC 4007 §6).
fn socket_address(server: &ScopedIp, port: u16) -> Option<SocketAddr> {
    let ScopedIp::V6(address, Some(zone)) = server else {
        return Some(SocketAddr::new(IpAddr::from(server), port));
    };
    // The name has letters and digits only: it cannot lead out of the directory.
    let index = zone.parse().ok().or_else(|| {
        let path = format!("/sys/class/net/{zone}/ifindex");
        std::fs::read_to_string(path).ok()?.trim().parse().ok()
    })?;
    Some(SocketAddrV6::new(*address, port, 0, index).into())
}
