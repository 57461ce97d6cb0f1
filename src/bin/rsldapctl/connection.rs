//! What there is to say of a connection, for every command that makes one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pam_rsldap::config::{Config, Scheme, ServerUri};
use pam_rsldap::transport::certificate::Certificate;
use pam_rsldap::transport::{ConnectionFacts, TlsFacts};
use serde::Serialize;

/// A connection. The names of the fields are those of `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Connection {
    pub server: String,
    pub address: Option<String>,
    /// `tls`, `starttls`, `socket`, `cleartext_loopback` or `cleartext`.
    pub protection: &'static str,
    pub tls: Option<Tls>,
}

/// How it is encrypted.
#[derive(Clone, Debug, Serialize)]
pub struct Tls {
    pub version: &'static str,
    pub cipher: &'static str,
    /// Whether the certificate was checked.
    pub verified: bool,
    pub subject: String,
    pub issuer: String,
    pub days_left: i64,
    /// The other certificates that the server has sent.
    pub chain: Vec<Link>,
}

/// A certificate on the way from the server's to a trusted one.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    pub subject: String,
    #[serde(skip)]
    pub issuer: String,
    pub days_left: i64,
}

impl Connection {
    pub fn new(server: &str, facts: &ConnectionFacts, config: &Config) -> Connection {
        let uri = ServerUri::parse(server).ok();
        let scheme = uri.as_ref().map(ServerUri::scheme);
        let local = uri.as_ref().is_some_and(ServerUri::is_local);
        let protection = match (scheme, &facts.tls) {
            (Some(Scheme::Ldaps), Some(_)) => "tls",
            (_, Some(_)) => "starttls",
            (Some(Scheme::Ldapi), None) => "socket",
            (_, None) if local => "cleartext_loopback",
            (_, None) => "cleartext",
        };
        Connection {
            server: server.to_owned(),
            address: facts.peer.map(|peer| peer.to_string()),
            protection,
            tls: facts.tls.as_ref().map(|tls| Tls::new(tls, config)),
        }
    }

    /// How what travels is protected, in words.
    pub fn protection(&self) -> String {
        let Some(tls) = &self.tls else {
            return match self.protection {
                "socket" => "a socket of this machine: nothing leaves it".to_owned(),
                "cleartext_loopback" => {
                    "cleartext on loopback: nothing leaves this machine".to_owned()
                }
                _ => "cleartext: everybody on the way can read passwords".to_owned(),
            };
        };
        let start = if self.protection == "starttls" {
            "StartTLS, "
        } else {
            ""
        };
        let verified = if tls.verified {
            "verified"
        } else {
            "NOT VERIFIED (tls.verify = false)"
        };
        format!(
            "{start}{}, {}; certificate of {}, signed by {}, {}, {verified}",
            tls.version,
            tls.cipher,
            tls.subject,
            tls.issuer,
            days(tls.days_left)
        )
    }
}

impl Tls {
    fn new(facts: &TlsFacts, config: &Config) -> Tls {
        let own = facts.chain.first().and_then(|der| Certificate::read(der));
        let others = facts.chain.iter().skip(1);
        let others = others.filter_map(|der| Certificate::read(der));
        let links = others.map(|certificate| Link {
            days_left: certificate.days_left(now()),
            subject: certificate.subject,
            issuer: certificate.issuer,
        });
        let unread = || "unreadable".to_owned();
        Tls {
            version: facts.version,
            cipher: facts.cipher,
            verified: config.tls.verify,
            subject: own.as_ref().map_or_else(unread, |own| own.subject.clone()),
            issuer: own.as_ref().map_or_else(unread, |own| own.issuer.clone()),
            days_left: own.map_or(0, |own| own.days_left(now())),
            chain: links.collect(),
        }
    }
}

/// How long a certificate is still good, in words.
pub fn days(left: i64) -> String {
    match left {
        ..=-1 => format!("expired {} days ago", -left),
        0 => "expires today".to_owned(),
        1 => "1 day left".to_owned(),
        left => format!("{left} days left"),
    }
}

/// Milliseconds, to the hundredth: most answers of a near server take less than one.
pub fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Seconds since 1970-01-01 00:00 UTC.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}
