//! The LDAP servers of a domain by its SRV records (RFC 2782).

use std::io;

use super::Sources;
use super::client::{self, Failure};
use super::conf::Conf;
use super::message::{Srv, is_name};
use crate::directory::Cause;
use crate::ordered::sorted_by_key;
use crate::transport::connect::Trouble;

/// No more servers of one domain than this are used.
const MAX_TARGETS: usize = 16;

/// A server of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether it is one for `ldaps`: TLS from the start.
    pub secure: bool,
    /// In lower case, without a dot at the end.
    pub host: String,
    pub port: u16,
}

/// The LDAP servers of a domain in the order to try them: those of `_ldaps._tcp`, and only where
/// there is no such record those of `_ldap._tcp`. There is at least one.
///
/// Anybody on the way can forge the answer, and TLS proves the name that the answer gave. So only
/// hosts within the domain count: elsewhere the forger may have an honest certificate. A forged
/// "no such record" can still lead from `ldaps` to `ldap`: the caller must not send a password there
/// in clear. The caller sets the deadline.
///
/// # Errors
/// The domain has no such server, all of them are elsewhere, or no name server can say.
pub async fn targets(domain: &str) -> Result<Vec<Target>, Trouble> {
    Sources::default().targets(domain).await
}

impl Sources {
    pub(super) async fn targets(&self, domain: &str) -> Result<Vec<Target>, Trouble> {
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let conf = self.conf().map_err(|why| trouble(domain, &why))?;
        for (scheme, secure) in [("ldaps", true), ("ldap", false)] {
            let found = look_up(&conf, &format!("_{scheme}._tcp.{domain}"), domain).await?;
            if !found.is_empty() {
                let target = |record: Srv| Target {
                    secure,
                    host: record.target,
                    port: record.port,
                };
                return Ok(found.into_iter().map(target).collect());
            }
        }
        let why = "it has no SRV record for _ldaps._tcp or _ldap._tcp";
        Err(trouble(domain, &Failure::Unusable(why.to_owned())))
    }
}

fn trouble(domain: &str, why: &Failure) -> Trouble {
    let domain = domain.escape_debug();
    Trouble::new(why.cause(), format!("no LDAP server of {domain}: {why}"))
}

/// The servers by one name, in order. None where the domain says that there are none.
async fn look_up(conf: &Conf, name: &str, domain: &str) -> Result<Vec<Srv>, Trouble> {
    if !is_name(name) {
        let why = "it is not a valid domain name".to_owned();
        return Err(trouble(domain, &Failure::Unusable(why)));
    }
    // A server that fails is no reason to go on: a forger could bring that about.
    let records = match client::services(conf, name).await {
        Ok(records) => records,
        Err(Failure::NoName) => Vec::new(),
        Err(why) => return Err(trouble(domain, &why)),
    };
    // The root as target: "the service is decidedly not available at this domain".
    let named = records.iter().find(|record| !record.target.is_empty());
    let Some(named) = named.map(|record| record.target.clone()) else {
        return Ok(Vec::new());
    };
    let kept = within(domain, records);
    if kept.is_empty() {
        let named = named.escape_debug();
        let why = format!(
            "{name} names {named}, which is no host within {domain}; to trust it, list it in server.uris"
        );
        return Err(Trouble::new(Cause::Dns, why));
    }
    sort(kept).map_err(|error| Trouble::io(&error))
}

/// The records whose targets are hosts of the domain, with names in lower case.
fn within(domain: &str, mut records: Vec<Srv>) -> Vec<Srv> {
    let domain = domain.to_ascii_lowercase();
    records.retain_mut(|record| {
        record.target.make_ascii_lowercase();
        let rest = record.target.strip_suffix(domain.as_str());
        is_name(&record.target) && rest.is_some_and(|host| host.is_empty() || host.ends_with('.'))
    });
    records
}

fn sort(records: Vec<Srv>) -> io::Result<Vec<Srv>> {
    let mut bytes = vec![0; records.len() * size_of::<u32>()];
    client::random(&mut bytes)?;
    let numbers = bytes.chunks_exact(size_of::<u32>()).map(|chunk| {
        chunk
            .iter()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
    });
    let mut sorted = in_order(records, numbers);
    sorted.truncate(MAX_TARGETS);
    Ok(sorted)
}

/// Ascending priority; within one, the order is drawn by weight, as RFC 2782 says it: records of
/// weight 0 stand first, and the one is next at which the running sum of weights reaches a number
/// drawn from 0 to the sum of all. There is one random number for each record.
fn in_order(records: Vec<Srv>, random: impl IntoIterator<Item = u32>) -> Vec<Srv> {
    let mut left = sorted_by_key(records, |record| (record.priority, record.weight != 0));
    let mut sorted = Vec::with_capacity(left.len());
    for number in random {
        let Some(first) = left.first() else { break };
        let same = left
            .iter()
            .take_while(|record| record.priority == first.priority);
        let sums: Vec<u64> = same
            .scan(0, |sum, record| {
                *sum += u64::from(record.weight);
                Some(*sum)
            })
            .collect();
        let total = sums.last().copied().unwrap_or_default();
        // The number's share of 2^32, as the same share of 0..=total.
        let drawn = (u64::from(number) * (total + 1)) >> u32::BITS;
        let next = sums.iter().position(|sum| *sum >= drawn);
        sorted.push(left.remove(next.unwrap_or_default()));
    }
    sorted
}

#[cfg(test)]
#[path = "tests/weights.rs"]
mod weights;
