//! PADL's ldap.conf, of pam_ldap and nss_ldap, and what ldap.conf(5) of OpenLDAP has in common with it.

mod others;

use super::Wishes;
use super::draft::{Draft, Level, Origin};
use super::filter::{both, without_braces};
use super::keywords::{COMMON, Line, lines, other, scope_name};
use super::literal::Literal;
use super::query::Query;
use super::servers::{self, Account, Servers};
use super::{gates, users};

#[derive(Default)]
struct Reading {
    uris: Vec<(String, Origin)>,
    hosts: Vec<(String, Origin)>,
    port: Option<String>,
    ssl_on: bool,
    start_tls: Option<Origin>,
    account: Account,
    root: Account,
    base: Option<(String, Origin)>,
    scope: Option<&'static str>,
    /// `nss_base_passwd`
    bases: Vec<(String, Origin)>,
    filter: Option<String>,
    login: Option<String>,
    group: Option<(String, Origin)>,
    member: Option<(String, Origin)>,
}

/// Writes what the file says.
pub fn convert(text: &str, wishes: &Wishes<'_>, draft: &mut Draft) {
    let mut reading = Reading::default();
    for line in lines(text) {
        let origin = line.origin();
        if !reading.take(&line, &origin) && !setting(draft, &line, &origin) {
            other(draft, &[others::OTHERS, COMMON], &line.keyword, &origin);
        }
    }
    servers::client_certificate(draft);
    reading.write(wishes, draft);
}

impl Reading {
    /// Keeps what has to be seen together; false if that is something else.
    fn take(&mut self, line: &Line<'_>, origin: &Origin) -> bool {
        let text = || Some((line.value.to_owned(), origin.clone()));
        let words = || {
            line.words()
                .into_iter()
                .map(|word| (word.to_owned(), origin.clone()))
        };
        match line.keyword.as_str() {
            "uri" => self.uris.extend(words()),
            "host" => self.hosts.extend(words()),
            "port" => self.port = Some(line.value.to_owned()),
            "ssl" if line.value.eq_ignore_ascii_case("start_tls") => {
                self.start_tls = Some(origin.clone())
            }
            "ssl" => self.ssl_on = line.is_on(),
            "binddn" => self.account.dn = text(),
            "bindpw" => self.account.password = Some(origin.clone()),
            "rootbinddn" => self.root.dn = text(),
            "base" => self.base = text(),
            "scope" => self.scope = Some(scope_name(line.value)),
            "nss_base_passwd" => self.bases.extend(text()),
            "pam_filter" => self.filter = Some(without_braces(line.value)),
            "pam_login_attribute" => self.login = Some(line.value.to_owned()),
            "pam_groupdn" => self.group = text(),
            "pam_member_attribute" => self.member = text(),
            _ => return false,
        }
        true
    }

    fn write(mut self, wishes: &Wishes<'_>, draft: &mut Draft) {
        self.users(draft);
        self.groups(draft);
        gates::is_active(
            draft,
            wishes,
            "there everybody whom the search finds may log in",
        );
        self.servers(draft);
        if self.account.dn.is_none() && self.root.dn.is_some() {
            let (_, origin) = self.root.dn.clone().unwrap_or_default();
            let text = "there root looks users up with this account, whose password is in a file of its own; give the module an account with less rights";
            draft.about("bind.dn", Level::Warning, &origin, text);
            self.account = self.root;
        } else if let Some((_, origin)) = &self.root.dn {
            draft.remark(
                Level::Note,
                origin,
                "no equivalent: root and others look users up with the same account",
            );
        }
        self.account.write(draft);
    }

    fn users(&self, draft: &mut Draft) {
        let name = self.login.clone().unwrap_or_else(|| "uid".to_owned());
        let by_name = format!("({name}={{user}})");
        let default = self.filter.as_deref();
        let whole = self.base.as_ref().map(|(base, _)| base.as_str());
        let mut searches = Vec::new();
        let bases = if self.bases.is_empty() {
            self.base.iter().collect()
        } else {
            self.bases.iter().collect::<Vec<_>>()
        };
        for (text, _) in &bases {
            // base?scope?filter; a comma at the end stands for the base of all.
            let mut parts = text.splitn(3, '?');
            let base = parts.next().unwrap_or_default().trim();
            let base = match (base.ends_with(','), whole) {
                (true, Some(whole)) => format!("{base}{whole}"),
                _ => base.to_owned(),
            };
            let scope = parts
                .next()
                .filter(|word| !word.is_empty())
                .map(scope_name)
                .or(self.scope);
            let own = parts
                .next()
                .filter(|filter| !filter.is_empty())
                .map(without_braces);
            let filter = match (own.as_deref(), default) {
                (Some(own), Some(default)) => both(&both(own, default), &by_name),
                (Some(filter), None) | (None, Some(filter)) => both(filter, &by_name),
                (None, None) => by_name.clone(),
            };
            searches.push(Literal::Table(vec![
                ("base", Literal::Text(base)),
                ("scope", Literal::text(scope.unwrap_or("subtree"))),
                ("filter", Literal::Text(filter)),
            ]));
        }
        match bases.first() {
            Some((_, origin)) => draft.set("user", "search", Literal::List(searches), origin),
            None => users::propose_search(draft, "no base is set"),
        }
        users::name_attribute(draft, vec![name], None);
    }

    fn groups(&self, draft: &mut Draft) {
        let member = self
            .member
            .clone()
            .unwrap_or_else(|| ("uniqueMember".to_owned(), Origin::default()));
        if let Some((dn, origin)) = &self.group {
            let (attribute, place) = &member;
            match attribute.to_ascii_lowercase().as_str() {
                "memberuid" => {
                    draft.set("group", "type", Literal::text("posix_group"), place);
                    let text = "there memberUid, which has names, is compared with the user's DN, so that nobody is in; here names count, and the primary group";
                    draft.about("group.type", Level::Todo, place, text);
                }
                "uniquemember" => draft.set(
                    "group",
                    "type",
                    Literal::text("group_of_unique_names"),
                    place,
                ),
                "member" => draft.set("group", "type", Literal::text("group_of_names"), place),
                _ => draft.set("group", "member_attribute", Literal::text(attribute), place),
            }
            gates::set(
                draft,
                "flags",
                "is_active",
                &Query::Group(dn.clone()),
                origin,
            );
        } else if let Some((_, origin)) = &self.member {
            draft.remark(
                Level::Note,
                origin,
                "there is no pam_groupdn that it would count for",
            );
        }
    }

    fn servers(&self, draft: &mut Draft) {
        let mut servers = Servers {
            start_tls: self.start_tls.clone(),
            ..Servers::default()
        };
        let scheme = if self.ssl_on { "ldaps" } else { "ldap" };
        // uri wins over host.
        for (uri, origin) in &self.uris {
            let uri = servers::bare(uri);
            let secure = uri.strip_prefix("ldap://").filter(|_| self.ssl_on);
            servers.add(
                &secure.map_or(uri.to_owned(), |rest| format!("ldaps://{rest}")),
                origin,
            );
        }
        if self.uris.is_empty() {
            for (host, origin) in &self.hosts {
                let bare_v6 = host.matches(':').count() > 1 && !host.starts_with('[');
                let place = match &self.port {
                    _ if bare_v6 => format!("[{host}]"),
                    Some(port) if !host.contains(':') => format!("{host}:{port}"),
                    _ => host.clone(),
                };
                servers.add(&format!("{scheme}://{place}"), origin);
            }
        }
        if servers.is_empty() {
            let example = Literal::texts(["ldaps://ldap.example.com".to_owned()]);
            draft.propose("server", "uris", example, &Origin::default());
            let text = "neither uri nor host is set; name the servers here";
            draft.about("server.uris", Level::Todo, &Origin::default(), text);
        }
        servers.write(draft);
    }
}

/// A line that is a key of ours by itself.
fn setting(draft: &mut Draft, line: &Line<'_>, origin: &Origin) -> bool {
    match line.keyword.as_str() {
        "tls_checkpeer" => {
            let word = if line.is_on() { "demand" } else { "never" };
            servers::certificate_check(draft, word, origin);
        }
        "tls_reqcert" => servers::certificate_check(draft, line.value, origin),
        "tls_cacertfile" | "tls_cacert" => servers::path(draft, "ca_file", line.value, origin),
        "tls_cacertdir" => servers::path(draft, "ca_dir", line.value, origin),
        "tls_cert" => servers::path(draft, "client_certificate", line.value, origin),
        "tls_key" => servers::path(draft, "client_key", line.value, origin),
        "bind_timelimit" | "network_timeout" => {
            servers::timeout(draft, "connect_timeout", line.number(), origin)
        }
        "timelimit" | "timeout" => {
            servers::timeout(draft, "operation_timeout", line.number(), origin)
        }
        "pam_check_host_attr" if line.is_on() => {
            draft.set("access", "host_attribute", Literal::text("host"), origin)
        }
        "pam_check_service_attr" if line.is_on() => {
            draft.set(
                "access",
                "service_attribute",
                Literal::text("authorizedService"),
                origin,
            );
        }
        "pam_check_host_attr" => draft.unset("access.host_attribute"),
        "pam_check_service_attr" => draft.unset("access.service_attribute"),
        "pam_min_uid" => {
            if let Ok(uid) = line.value.parse::<u32>() {
                draft.set("user", "min_uid", Literal::Number(uid.into()), origin);
            }
        }
        "pam_password" => password(draft, line, origin),
        "pam_password_prohibit_message" => {
            draft.set(
                "password",
                "prohibit_message",
                Literal::text(line.value.trim_matches('"')),
                origin,
            );
        }
        "sasl_mech" | "pam_sasl_mech" if line.value.eq_ignore_ascii_case("external") => {
            draft.set("bind", "mechanism", Literal::text("external"), origin);
        }
        "pam_sasl_mech" => draft.about(
            "bind.mechanism",
            Level::Todo,
            origin,
            "only EXTERNAL is there; bind with a service account in its place",
        ),
        _ => return false,
    }
    true
}

fn password(draft: &mut Draft, line: &Line<'_>, origin: &Origin) {
    match line.value.to_ascii_lowercase().as_str() {
        "exop" | "exop_send_old" => {}
        "ad" => draft.set("password", "change", Literal::text("ad"), origin),
        _ => {
            let text = "passwords are not hashed here; the server is asked to change them (exop, RFC 3062)";
            draft.remark(Level::Warning, origin, text);
        }
    }
}
