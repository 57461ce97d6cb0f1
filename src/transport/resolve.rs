//! Host names to addresses, without getaddrinfo(3), which blocks for as long as it likes.
//!
//! /etc/hosts and /etc/resolv.conf count; nsswitch.conf(5), its plug-ins and the environment
//! (`RES_OPTIONS`, `HOSTALIASES`) do not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;

use super::connect::Trouble;
use crate::directory::Cause;

/// All addresses of a host. An address literal is its own answer, and `localhost` is this machine
/// whatever a resolver says (RFC 6761 §6.3).
///
/// # Errors
/// There is no usable resolv.conf(5), or the name does not resolve.
pub async fn resolve(host: &str) -> Result<Vec<IpAddr>, Trouble> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let failed = |error: &dyn std::fmt::Display| {
        Trouble::new(Cause::Dns, format!("{host} does not resolve: {error}"))
    };
    let mut builder = TokioResolver::builder_tokio().map_err(|error| failed(&error))?;
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    let found = builder
        .build()
        .lookup_ip(host)
        .await
        .map_err(|error| failed(&error))?;
    Ok(found.iter().collect())
}
