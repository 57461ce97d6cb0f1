//! What all sources have in common: servers, TLS, the service account, times.

use pam_rsldap::config::{Scheme, ServerUri};

use super::draft::{Draft, Level, Origin};
use super::literal::Literal;

/// Where the service account's password goes.
pub const PASSWORD_FILE: &str = "/etc/pam_rsldap/bind-password";

/// Servers, and whether StartTLS was asked for.
#[derive(Debug, Default)]
pub struct Servers {
    pub uris: Vec<String>,
    pub origin: Origin,
    pub start_tls: Option<Origin>,
    /// The source never sends a password in clear, and uses StartTLS without being asked.
    pub always_encrypts: bool,
    /// The source says in so many words that passwords may go in clear.
    pub cleartext: Option<Origin>,
}

impl Servers {
    pub fn add(&mut self, uri: &str, origin: &Origin) {
        if self.uris.is_empty() {
            self.origin = origin.clone();
        }
        self.uris.push(uri.to_owned());
    }

    pub fn is_empty(&self) -> bool {
        self.uris.is_empty()
    }

    /// Writes `server.uris` and what follows from them.
    pub fn write(mut self, draft: &mut Draft) {
        self.leave_out_passwords(draft);
        if self.uris.is_empty() {
            return;
        }
        let parsed: Vec<ServerUri> = self
            .uris
            .iter()
            .filter_map(|uri| ServerUri::parse(uri).ok())
            .collect();
        let of = |scheme| parsed.iter().filter(|uri| uri.scheme() == scheme).count();
        let (plain, tls) = (of(Scheme::Ldap), of(Scheme::Ldaps));
        let abroad = |uri: &&ServerUri| uri.scheme() == Scheme::Ldap && !uri.is_local();
        let in_clear = parsed.iter().find(abroad).is_some();
        draft.set(
            "server",
            "uris",
            Literal::texts(self.uris.clone()),
            &self.origin,
        );
        match &self.start_tls {
            Some(origin) if plain > 0 && tls == 0 => {
                draft.set("server", "start_tls", Literal::Boolean(true), origin);
            }
            Some(origin) if plain == 0 => {
                let text = "StartTLS is left out: ldaps:// has TLS from the start, and ldapi:// needs none";
                draft.about("server.start_tls", Level::Note, origin, text);
            }
            _ if in_clear && tls > 0 => draft.about(
                "server.uris",
                Level::Todo,
                &self.origin,
                "ldaps:// and ldap:// do not go together here: one start_tls counts for all. Write ldaps:// for all",
            ),
            _ if in_clear => self.encrypt(draft),
            _ => {}
        }
    }

    fn leave_out_passwords(&mut self, draft: &mut Draft) {
        let before = self.uris.len();
        // As in ldap://host/????!bindname=…,x-bindpw=…
        self.uris.retain(|uri| !uri.contains(['@', '?', '=']));
        if self.uris.len() < before {
            let text = "a URI with more than a host and port is left out; a name and password belong in [bind], a base in user.search";
            draft.about("server.uris", Level::Todo, &self.origin, text);
        }
    }

    fn encrypt(&self, draft: &mut Draft) {
        if let Some(origin) = &self.cleartext {
            draft.set("server", "allow_cleartext", Literal::Boolean(true), origin);
            let text = "passwords cross the network in clear, as they did";
            draft.about("server.allow_cleartext", Level::Warning, origin, text);
            return;
        }
        draft.set(
            "server",
            "start_tls",
            Literal::Boolean(true),
            &Origin::default(),
        );
        if !self.always_encrypts {
            let text = "passwords crossed the network in clear. Here StartTLS is asked for; if the server cannot do it, get it a certificate, or write allow_cleartext = true in its place";
            draft.about("server.start_tls", Level::Warning, &self.origin, text);
        }
    }
}

/// Servers by the SRV records of a domain.
pub fn by_dns(draft: &mut Draft, domain: Option<&str>, origin: &Origin) {
    if let Some(domain) = domain {
        draft.set("server", "srv_domain", Literal::text(domain), origin);
        draft.set(
            "server",
            "start_tls",
            Literal::Boolean(true),
            &Origin::default(),
        );
        let text = "_ldaps._tcp records are asked for first, then _ldap._tcp with StartTLS; only hosts of the domain itself count";
        draft.about("server.srv_domain", Level::Note, origin, text);
    } else {
        draft.propose("server", "srv_domain", Literal::text("example.com"), origin);
        let text = "name the domain whose SRV records say where the servers are, or write uris";
        draft.about("server.srv_domain", Level::Todo, origin, text);
    }
}

/// A URI without the slash that many write at its end; that of `ldapi:///` belongs to it.
pub fn bare(uri: &str) -> &str {
    let bare = uri.trim_end_matches('/');
    if bare.contains("://") { bare } else { uri }
}

/// The service account: its DN, and where the source has its password.
#[derive(Debug, Default)]
pub struct Account {
    pub dn: Option<(String, Origin)>,
    /// Never the password itself.
    pub password: Option<Origin>,
}

impl Account {
    pub fn write(self, draft: &mut Draft) {
        let Some((dn, origin)) = self.dn.filter(|(dn, _)| !dn.is_empty()) else {
            if let Some(origin) = &self.password {
                let text = "a password without the DN that it belongs to; lookups are anonymous";
                draft.remark(Level::Note, origin, text);
            }
            return;
        };
        draft.set("bind", "dn", Literal::text(dn), &origin);
        let place = self.password.unwrap_or_default();
        draft.set(
            "bind",
            "password_file",
            Literal::text(PASSWORD_FILE),
            &place,
        );
        let whence = match place.line {
            Some(_) => "the password is not copied",
            None => "the password is not in this file",
        };
        let text = format!(
            "{whence}. As root, then type it, Enter, Ctrl-D:\n( umask 077; cat > {PASSWORD_FILE} )"
        );
        draft.about("bind.password_file", Level::Note, &place, text);
    }
}

/// A timeout in seconds, as `table.key`. None, zero and less are "for ever" in the sources.
pub fn timeout(draft: &mut Draft, key: &'static str, seconds: Option<f64>, origin: &Origin) {
    const LONGEST: f64 = 600.0;
    match seconds {
        Some(seconds) if (0.001..=LONGEST).contains(&seconds) => {
            let value = if seconds.fract() == 0.0 {
                format!("{seconds}s")
            } else {
                format!("{:.0}ms", seconds * 1000.0)
            };
            draft.set("server", key, Literal::Text(value), origin);
            if seconds > 8.0 {
                let text = "more than server.deadline (8s by default), which ends the wait first";
                draft.about(&format!("server.{key}"), Level::Note, origin, text);
            }
        }
        _ => {
            let text = format!("no wait is endless here; the default of server.{key} is kept");
            draft.remark(Level::Note, origin, text);
        }
    }
}

/// `tls_reqcert` and its relatives; the last one counts.
pub fn certificate_check(draft: &mut Draft, word: &str, origin: &Origin) {
    draft.unset("tls.verify");
    match word.trim().to_ascii_lowercase().as_str() {
        "never" | "allow" => {
            draft.set("tls", "verify", Literal::Boolean(false), origin);
            let text = "whoever is on the way to the server can read passwords and let anybody in. Name the authority in ca_file, and remove this line";
            draft.about("tls.verify", Level::Warning, origin, text);
        }
        "demand" | "hard" => {}
        "try" => {
            let text = "a server without a certificate is not accepted here";
            draft.remark(Level::Note, origin, text);
        }
        _ => draft.remark(
            Level::Warning,
            origin,
            "unknown value; certificates are checked",
        ),
    }
}

/// A path of `[tls]`.
pub fn path(draft: &mut Draft, key: &'static str, path: &str, origin: &Origin) {
    draft.set("tls", key, Literal::text(path.trim()), origin);
}

/// A client certificate and its key come together.
pub fn client_certificate(draft: &mut Draft) {
    for (key, other) in [
        ("client_certificate", "client_key"),
        ("client_key", "client_certificate"),
    ] {
        if let (Some(Literal::Text(path)), false) = (
            draft.value(&format!("tls.{key}")).cloned(),
            draft.has(&format!("tls.{other}")),
        ) {
            // Both may be in one file.
            draft.set("tls", other, Literal::Text(path), &Origin::default());
        }
    }
}
