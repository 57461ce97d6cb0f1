//! Every server of the configuration, one after the other: each may have to serve a login.

use std::time::Instant;

use pam_rsldap::config::{BindIdentity, Config, Scope, ServerUri};
use pam_rsldap::directory::inspect::{self, Found, Inspector, Look, Shown};
use pam_rsldap::directory::{Cause, DirectoryError};
use pam_rsldap::template::Filter;
use serde::Serialize;

use super::finding::{Finding, Places, Severity};
use super::{certificates, groups, users};
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
#[derive(Serialize)]
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
    /// `openldap`, `active_directory`, `389ds` or `unknown`.
    pub product: Option<&'static str>,
    pub vendor: Option<String>,
    /// Whether lookups may be made.
    pub bound: bool,
    /// Whether entries say in memberOf what groups they are in; null if that was not seen.
    pub member_of: Option<bool>,
}

/// What kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    OpenLdap,
    ActiveDirectory,
    Ds389,
    Unknown,
}

impl Product {
    fn name(self) -> &'static str {
        match self {
            Product::OpenLdap => "openldap",
            Product::ActiveDirectory => "active_directory",
            Product::Ds389 => "389ds",
            Product::Unknown => "unknown",
        }
    }

    /// By what the root of the server says (RFC 4512 §5.1, RFC 3045; MS-ADTS 3.1.1.3.4.3).
    fn of(root: &Shown) -> Product {
        const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
        let vendor = root.texts("vendorName").join(" ");
        let has_class = |name: &str| {
            let classes = root.texts("objectClass");
            classes.iter().any(|class| class.eq_ignore_ascii_case(name))
        };
        if root
            .texts("supportedCapabilities")
            .contains(&ACTIVE_DIRECTORY)
        {
            Product::ActiveDirectory
        } else if vendor.contains("389") || vendor.contains("Red Hat") {
            Product::Ds389
        } else if has_class("OpenLDAProotDSE") || vendor.contains("OpenLDAP") {
            Product::OpenLdap
        } else {
            Product::Unknown
        }
    }
}

const ROOT_ATTRIBUTES: &[&str] = &[
    "objectClass",
    "vendorName",
    "vendorVersion",
    "supportedCapabilities",
    "namingContexts",
];

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
            let finding = down(&format!("the servers of {domain}"), &error);
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
        let place = places.of_key(&key);
        let mut visit = Visit {
            config,
            places,
            name: uri.to_string(),
            found: Vec::new(),
        };
        online.servers.push(visit.server(uri, &place));
        for mut finding in visit.found {
            finding.servers = vec![visit.name.clone()];
            finding.add_to(&mut online.findings);
        }
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
    online.findings.sort_by_key(|finding| finding.level);
}

fn down(server: &str, error: &DirectoryError) -> Finding {
    let cause = match error {
        DirectoryError::Unavailable(trouble) => Some(trouble.cause),
        DirectoryError::Config(_) => None,
    };
    let what = format!("{server} cannot be used: {error}");
    if let DirectoryError::Config(problem) = error {
        let (_, fix) = problem.rsplit_once("; ").unwrap_or_default();
        return Finding::new(Severity::Error, "configuration", what)
            .why("every login that comes to this server ends as config_error")
            .fix(fix);
    }
    let untrusted = matches!(
        cause,
        Some(
            Cause::TlsExpired
                | Cause::TlsName
                | Cause::TlsUntrusted
                | Cause::TlsProtocol
                | Cause::StarttlsRefused
        )
    );
    if untrusted {
        return Finding::new(Severity::Error, "server_untrusted", what)
            .why("no password is sent to a server that does not prove who it is")
            .fix("correct the server's certificate or its name in server.uris, or set tls.ca_file to its authority");
    }
    Finding::new(Severity::Error, "server_down", what)
        .why("logins wait for it before they go on to the next, and end as unavailable where there is none")
        .fix("start it, open the way to it, or take it out of server.uris")
}

/// What is done at one server.
pub struct Visit<'a> {
    pub config: &'a Config,
    pub places: &'a Places,
    pub name: String,
    pub found: Vec<Finding>,
}

impl Visit<'_> {
    fn server(&mut self, uri: &ServerUri, place: &str) -> Server {
        let mut server = Server {
            server: self.name.clone(),
            up: false,
            problem: None,
            cause: None,
            connect_ms: None,
            answer_ms: None,
            connection: None,
            product: None,
            vendor: None,
            bound: false,
            member_of: None,
        };
        let result = Inspector::connect(self.config, uri)
            .and_then(|inspector| self.look_around(inspector, &mut server, place));
        if let Err(error) = result {
            server.problem = Some(error.to_string());
            if let DirectoryError::Unavailable(trouble) = &error {
                server.cause = Some(trouble.cause.name());
                server.up = false;
            }
            self.found
                .push(down(&self.name, &error).at(place.to_owned()));
        }
        server
    }

    /// # Errors
    /// The server failed on the way.
    fn look_around(
        &mut self,
        mut inspector: Inspector,
        server: &mut Server,
        place: &str,
    ) -> Result<(), DirectoryError> {
        server.connect_ms = Some(millis(inspector.took));
        let connection = Connection::new(&self.name, &inspector.facts, self.config);
        if let Some(tls) = &connection.tls {
            self.found
                .extend(certificates::of_server(&self.name, tls, place));
        }
        server.connection = Some(connection);
        let asked = Instant::now();
        if let Err(error) = inspector.bind() {
            return self.not_bound(error, server);
        }
        server.answer_ms = Some(millis(asked.elapsed()));
        (server.up, server.bound) = (true, true);
        let product = root(&mut inspector, server)?;
        self.fits(product);
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
        server.up = true;
        server.problem = Some(problem.clone());
        let (key, who) = match &self.config.bind.as_who {
            BindIdentity::Anonymous => ("bind", "an anonymous bind".to_owned()),
            BindIdentity::Simple(dn, _) => ("bind.dn", format!("the bind as {dn}")),
            BindIdentity::External => ("bind.mechanism", "SASL EXTERNAL".to_owned()),
        };
        let fix = match &self.config.bind.as_who {
            BindIdentity::Anonymous => "give [bind] a dn and a password_file",
            BindIdentity::Simple(..) => {
                "correct bind.dn, or the password in bind.password_file; ldapwhoami -x -D DN -y FILE tries both"
            }
            BindIdentity::External => {
                "correct tls.client_certificate, or the server's mapping of it"
            }
        };
        self.found.push(
            Finding::new(
                Severity::Error,
                "bind_refused",
                format!("{who} is refused: {problem}"),
            )
            .at(self.places.of_key(key))
            .why("nobody can be looked up, so every login ends as config_error")
            .fix(fix),
        );
        Ok(())
    }

    /// Whether `group.type` is one for this kind of server.
    fn fits(&mut self, product: Product) {
        let groups_of_ad =
            self.config.group.schema == pam_rsldap::config::GroupSchema::ActiveDirectory;
        let (what, why, fix) = match (product, groups_of_ad) {
            (Product::ActiveDirectory, false) => (
                "the server is Active Directory, and group.type is not",
                "a user's primary group does not list its members, and counts only with this type",
                "write type = \"active_directory\" below [group], and name_attribute = \"sAMAccountName\" below [user]",
            ),
            (Product::OpenLdap | Product::Ds389, true) => (
                "group.type is \"active_directory\", and the server is not",
                "groups are looked for as Active Directory has them, and are not found",
                "write type = \"group_of_names\", or what the groups are, below [group]",
            ),
            _ => return,
        };
        self.found.push(
            Finding::new(Severity::Warning, "group_type_unfit", what)
                .at(self.places.of_key("group.type"))
                .why(why)
                .fix(fix),
        );
    }
}

/// What the server says of itself. One that does not is none of the known kinds.
fn root(inspector: &mut Inspector, server: &mut Server) -> Result<Product, DirectoryError> {
    let look = Look {
        base: "",
        scope: Scope::Base,
        filter: &Filter::any(),
        attributes: ROOT_ATTRIBUTES,
        names_only: false,
        limit: 1,
    };
    let found = inspector.look(look)?;
    let root = match &found {
        Found::Entries(entries) => entries.first(),
        Found::NoSuchEntry | Found::Withheld(_) => None,
    };
    let product = root.map_or(Product::Unknown, Product::of);
    server.product = Some(product.name());
    server.vendor = root.and_then(|root| {
        let words = [root.texts("vendorName"), root.texts("vendorVersion")].concat();
        (!words.is_empty()).then(|| words.join(" "))
    });
    Ok(product)
}
