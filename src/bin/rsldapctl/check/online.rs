//! Every server of the configuration, one after the other: each may have to serve a login.

use std::time::Instant;

use pam_rsldap::config::{BindIdentity, Config, ServerUri};
use pam_rsldap::directory::inspect::{self, Inspector};
use pam_rsldap::directory::{Cause, DirectoryError};
use serde::Serialize;

use super::finding::{Finding, Places, Severity};
use super::product::{self, Product};
use super::{certificates, groups, offline, trouble, users};
use crate::connection::{Connection, millis};

/// What the servers said.
pub struct Online {
    pub servers: Vec<Server>,
    pub findings: Vec<Finding>,
}

impl Online {
    pub fn any_up(&self) -> bool {
        self.servers.iter().any(|server| server.up)
    }

    /// The mistake is in the file after all: DNS offers a server that may not be used like this.
    pub fn misconfigured(&self) -> bool {
        self.findings.iter().any(|f| f.id == "configuration")
    }
}

/// One server. The names of the fields are those of `--json`.
#[derive(Default, Serialize)]
pub struct Server {
    pub server: String,
    pub up: bool,
    /// Why it cannot be used, and the kind of that.
    pub problem: Option<String>,
    pub cause: Option<&'static str>,
    /// Name lookup, connect and TLS.
    pub connect_ms: Option<f64>,
    /// One answer.
    pub answer_ms: Option<f64>,
    pub connection: Option<Connection>,
    pub product: Option<Product>,
    pub vendor: Option<String>,
    /// Whether lookups may be made.
    pub bound: bool,
    /// Whether entries say in memberOf what groups they are in; null if that was not seen.
    pub member_of: Option<bool>,
    /// How lookups are made, in words.
    #[serde(skip)]
    pub lookups: String,
}

/// Asks all of them.
pub fn check(config: &Config, places: &Places) -> Online {
    let mut online = Online {
        servers: Vec::new(),
        findings: Vec::new(),
    };
    let uris = match inspect::servers(config) {
        Ok(uris) => uris,
        Err(error) => {
            let domain = config.server.srv_domain.as_deref().unwrap_or_default();
            let finding = trouble::down(&format!("dns:_ldaps._tcp.{domain}"), &error, None);
            online
                .findings
                .push(finding.at(places.of_key("server.srv_domain")));
            return online;
        }
    };
    for (number, uri) in uris.iter().enumerate() {
        let key = match config.server.srv_domain {
            Some(_) => "server.srv_domain".to_owned(),
            None => format!("server.uris[{number}]"),
        };
        let mut visit = Visit {
            config,
            places,
            uri,
            place: places.of_key(&key),
            product: Product::Unknown,
            found: Vec::new(),
        };
        let server = visit.server();
        for mut finding in visit.found {
            finding.servers = vec![server.server.clone()];
            finding.add_to(&mut online.findings);
        }
        online.servers.push(server);
    }
    settle(&mut online);
    online
}

/// One dead server of two is no reason why logins fail.
fn settle(online: &mut Online) {
    if online.any_up() {
        for finding in &mut online.findings {
            if matches!(finding.id, "server_down" | "server_untrusted") {
                finding.level = Severity::Warning;
            }
        }
    }
}

/// What is done at one server.
pub struct Visit<'a> {
    pub config: &'a Config,
    pub places: &'a Places,
    pub uri: &'a ServerUri,
    /// Where the configuration names it.
    place: String,
    pub product: Product,
    pub found: Vec<Finding>,
}

impl Visit<'_> {
    fn server(&mut self) -> Server {
        let mut server = Server {
            server: self.uri.to_string(),
            lookups: match &self.config.bind.as_who {
                BindIdentity::Anonymous => "anonymous".to_owned(),
                BindIdentity::Simple(dn, _) => format!("as {dn}"),
                BindIdentity::External => "by SASL EXTERNAL".to_owned(),
            },
            ..Server::default()
        };
        let result = Inspector::connect(self.config, self.uri)
            .and_then(|inspector| self.look_around(inspector, &mut server));
        if let Err(error) = result {
            server.problem = Some(error.to_string());
            if let DirectoryError::Unavailable(trouble) = &error {
                server.cause = Some(trouble.cause.name());
                server.up = false;
                self.look_at_certificate(trouble.cause, &mut server);
            }
            let shown = server.connection.as_ref();
            let finding = trouble::down(&server.server, &error, shown);
            self.found.push(finding.at(self.place.clone()));
        }
        server
    }

    /// # Errors
    /// The server failed on the way.
    fn look_around(
        &mut self,
        mut inspector: Inspector,
        server: &mut Server,
    ) -> Result<(), DirectoryError> {
        server.connect_ms = Some(millis(inspector.took));
        let connection = Connection::new(&server.server, &inspector.facts, self.config);
        if let Some(tls) = &connection.tls {
            let found = certificates::of_server(&server.server, tls, &self.place);
            self.found.extend(found);
        }
        // Of those in the file, the file has told.
        if connection.protection == "cleartext" && self.config.server.srv_domain.is_some() {
            let finding = offline::to_in_clear(&server.server, self.place.clone());
            self.found.push(finding);
        }
        server.connection = Some(connection);
        let asked = Instant::now();
        if let Err(error) = inspector.bind() {
            return self.not_bound(error, server);
        }
        server.answer_ms = Some(millis(asked.elapsed()));
        (server.up, server.bound) = (true, true);
        self.product = product::root(&mut inspector, server)?;
        let unfit = self.product.unfit(&self.config.group.schema, self.places);
        self.found.extend(unfit);
        users::check(self, &mut inspector, server)?;
        groups::check(self, &mut inspector)
    }

    /// A server that does not let lookups in is there all the same.
    fn not_bound(
        &mut self,
        error: DirectoryError,
        server: &mut Server,
    ) -> Result<(), DirectoryError> {
        let DirectoryError::Config(problem) = error else {
            return Err(error);
        };
        let who = &self.config.bind.as_who;
        let key = match who {
            BindIdentity::Anonymous => "bind",
            BindIdentity::Simple(..) => "bind.dn",
            BindIdentity::External => "bind.mechanism",
        };
        let finding = trouble::refused(who, &server.server, &problem);
        self.found.push(finding.at(self.places.of_key(key)));
        server.up = true;
        server.problem = Some(problem);
        Ok(())
    }

    /// What a server shows that is not trusted. It gets nothing but another handshake.
    fn look_at_certificate(&self, cause: Cause, server: &mut Server) {
        if matches!(
            cause,
            Cause::TlsExpired | Cause::TlsName | Cause::TlsUntrusted
        ) {
            let mut config = self.config.clone();
            (config.tls.verify, config.tls.client) = (false, None);
            let seen = Inspector::connect(&config, self.uri).ok();
            server.connection =
                seen.map(|seen| Connection::new(&server.server, &seen.facts, &config));
        }
    }
}
