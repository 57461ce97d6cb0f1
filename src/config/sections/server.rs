//! `[server]` and `[tls]`.

use std::time::Duration;

use crate::config::error::ConfigError;
use crate::config::item::Item;
use crate::config::source::Section;
use crate::config::uri::is_host_name;
use crate::config::{ClientIdentity, Scheme, Server, ServerUri, Tls};

/// `[server]`
pub(in crate::config) fn server(section: &Section<'_>) -> Result<Server, ConfigError> {
    let timeout = |key, default| {
        let timeout = section.read(key, Item::timeout)?;
        Ok(timeout.unwrap_or(Duration::from_secs(default)))
    };
    let server = Server {
        uris: section
            .read("uris", |uris| uris.filled_list(|item| uri(&item)))?
            .unwrap_or_default(),
        srv_domain: section.read("srv_domain", domain)?,
        start_tls: section.read("start_tls", Item::boolean)?.unwrap_or(false),
        allow_cleartext: section
            .read("allow_cleartext", Item::boolean)?
            .unwrap_or(false),
        connect_timeout: timeout("connect_timeout", 3)?,
        operation_timeout: timeout("operation_timeout", 5)?,
        deadline: timeout("deadline", 8)?,
        retry_after: section
            .read("retry_after", Item::age)?
            .unwrap_or(Duration::from_secs(30)),
    };
    one_way_to_find_servers(&server, section)?;
    start_tls_has_something_to_encrypt(&server, section)?;
    nothing_goes_in_clear(&server, section)?;
    Ok(server)
}

fn uri(item: &Item<'_>) -> Result<ServerUri, ConfigError> {
    ServerUri::parse(item.text()?).map_err(|bad| item.error(&format!("not a server's URI: {bad}")))
}

fn domain(item: &Item<'_>) -> Result<String, ConfigError> {
    let domain = item.text()?;
    if !is_host_name(domain) {
        return Err(item.error("not a DNS domain; write a name such as \"example.com\""));
    }
    Ok(domain.to_ascii_lowercase())
}

fn one_way_to_find_servers(server: &Server, section: &Section<'_>) -> Result<(), ConfigError> {
    match (server.uris.is_empty(), section.get("srv_domain")) {
        (true, None) => Err(section.missing(
            "uris",
            "missing; write uris = [\"ldaps://HOST\"] below [server]",
        )),
        (false, Some(item)) => Err(item.key_error("stands in place of uris; keep one of the two")),
        _ => Ok(()),
    }
}

fn start_tls_has_something_to_encrypt(
    server: &Server,
    section: &Section<'_>,
) -> Result<(), ConfigError> {
    let Some(item) = section.get("start_tls").filter(|_| server.start_tls) else {
        return Ok(());
    };
    if server.uris.iter().any(|uri| uri.scheme() == Scheme::Ldaps) {
        return Err(item.error(
            "an ldaps:// server has TLS from the start; write ldap://, or start_tls = false",
        ));
    }
    let only_sockets = server.uris.iter().all(|uri| uri.scheme() == Scheme::Ldapi);
    if only_sockets && !server.uris.is_empty() {
        return Err(
            item.error("an ldapi:// socket has nothing to encrypt; write start_tls = false")
        );
    }
    Ok(())
}

fn nothing_goes_in_clear(server: &Server, section: &Section<'_>) -> Result<(), ConfigError> {
    if server.start_tls || server.allow_cleartext {
        return Ok(());
    }
    let in_clear = |uri: &ServerUri| uri.scheme() == Scheme::Ldap && !uri.is_local();
    let Some(which) = server.uris.iter().position(in_clear) else {
        return Ok(());
    };
    let problem = "passwords would cross the network in clear; write ldaps://, or start_tls = true, or accept it with allow_cleartext = true";
    match section.get("uris") {
        Some(uris) => Err(uris.list()?.nth(which).unwrap_or(uris).error(problem)),
        None => Err(section.error(problem)),
    }
}

/// `[tls]`
pub(in crate::config) fn tls(section: &Section<'_>) -> Result<Tls, ConfigError> {
    let certificate = section.read("client_certificate", Item::path)?;
    let key = section.read("client_key", Item::path)?;
    let client = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(ClientIdentity { certificate, key }),
        (None, None) => None,
        (Some(_), None) => return Err(alone(section, "client_certificate", "client_key")),
        (None, Some(_)) => return Err(alone(section, "client_key", "client_certificate")),
    };
    Ok(Tls {
        verify: section.read("verify", Item::boolean)?.unwrap_or(true),
        ca_file: section.read("ca_file", Item::path)?,
        ca_dir: section.read("ca_dir", Item::path)?,
        client,
    })
}

fn alone(section: &Section<'_>, key: &str, other: &str) -> ConfigError {
    let problem = format!("comes together with {other}; add it");
    match section.get(key) {
        Some(item) => item.key_error(&problem),
        None => section.missing(key, &problem),
    }
}
