//! nslcd.conf(5) of nss-pam-ldapd.

mod authz;
mod others;

use pam_rsldap::names::AttributeName;

use super::Wishes;
use super::draft::{Draft, Level, Origin};
use super::filter::{Filter, both, without_braces};
use super::keywords::{COMMON, Line, lines, other, scope_name};
use super::literal::Literal;
use super::servers::{self, Account, Servers};
use super::{gates, users};

/// The filter of accounts where the file has none.
const ACCOUNTS: &str = "(objectClass=posixAccount)";

/// The lines that count together.
#[derive(Default)]
struct Reading {
    servers: Servers,
    account: Account,
    by_dns: bool,
    /// ldap:// means ldaps://
    ssl_on: bool,
    /// Map ("" for all) and base.
    bases: Vec<(String, String, Origin)>,
    scopes: Vec<(String, &'static str)>,
    filters: Vec<(String, String)>,
    /// Map, attribute, and the name that it has in this directory.
    attributes: Vec<(String, String, String)>,
    authz: Vec<(String, Origin)>,
}

/// Writes what the file says.
pub fn convert(text: &str, wishes: &Wishes<'_>, draft: &mut Draft) {
    let mut reading = Reading::default();
    for line in lines(text) {
        let origin = line.origin();
        if !reading.take(draft, &line, &origin) && !setting(draft, &line, &origin) {
            other(draft, &[others::OTHERS, COMMON], &line.keyword, &origin);
        }
    }
    servers::client_certificate(draft);
    reading.write(wishes, draft);
}

impl Reading {
    /// Keeps what has to be seen together; false if that is something else.
    fn take(&mut self, draft: &mut Draft, line: &Line<'_>, origin: &Origin) -> bool {
        match line.keyword.as_str() {
            "uri" => line
                .words()
                .into_iter()
                .for_each(|uri| self.uri(draft, uri, origin)),
            "binddn" => self.account.dn = Some((line.value.to_owned(), origin.clone())),
            "bindpw" => self.account.password = Some(origin.clone()),
            "ssl" => match line.value.to_ascii_lowercase().as_str() {
                "start_tls" => self.servers.start_tls = Some(origin.clone()),
                _ => self.ssl_on = line.is_on(),
            },
            "base" => {
                let (map, base) = split_map(line.value);
                unused(draft, &map, true, origin);
                self.bases.push((map, base.to_owned(), origin.clone()));
            }
            "scope" => {
                let (map, scope) = split_map(line.value);
                unused(draft, &map, true, origin);
                if ["children", "subordinate"]
                    .iter()
                    .any(|word| scope.eq_ignore_ascii_case(word))
                {
                    let text = "there the base itself is left out; here it is searched, too";
                    draft.remark(Level::Warning, origin, text);
                }
                self.scopes.push((map, scope_name(scope)));
            }
            "filter" => {
                let (map, filter) = split_map(line.value);
                unused(draft, &map, false, origin);
                self.filters.push((map, without_braces(filter)));
            }
            "map" => self.map(draft, &line.words(), origin),
            "pam_authz_search" => self.authz.push((line.value.to_owned(), origin.clone())),
            _ => return false,
        }
        true
    }

    /// `map MAP ATTRIBUTE NAME`
    fn map(&mut self, draft: &mut Draft, words: &[&str], origin: &Origin) {
        match words {
            [map, attribute, name @ ..]
                if map.eq_ignore_ascii_case("shadow") && !attribute.eq_ignore_ascii_case("uid") =>
            {
                let text = "no equivalent: whether an account has expired is read from the attributes that access.account_state is about";
                let level = level_of_shadow(attribute, name);
                draft.remark(level, origin, text);
            }
            [map, attribute, name] => {
                const USED: [&str; 3] = ["passwd uid", "group member", "group uniqueMember"];
                let what = format!("{map} {attribute}");
                if !USED.iter().any(|used| used.eq_ignore_ascii_case(&what)) {
                    draft.remark(Level::Note, origin, others::NSS);
                }
                let names = (
                    map.to_ascii_lowercase(),
                    (*attribute).to_owned(),
                    (*name).to_owned(),
                );
                self.attributes.push(names);
            }
            _ => draft.remark(
                Level::Warning,
                origin,
                "an attribute made of several parts; it is left out",
            ),
        }
    }

    fn uri(&mut self, draft: &mut Draft, uri: &str, origin: &Origin) {
        let lower = uri.to_ascii_lowercase();
        if lower.starts_with("dns") && !lower.contains("://") {
            self.by_dns = true;
            let domain = uri.split_once(':').map(|(_, domain)| domain);
            servers::by_dns(draft, domain, origin);
        } else {
            self.servers.add(servers::bare(uri), origin);
        }
    }

    fn of_map<'r, T>(&self, all: &'r [(String, T)], map: &str) -> Option<&'r T> {
        let of = |wanted: &str| all.iter().rev().find(|(name, _)| name == wanted);
        of(map).or_else(|| of("")).map(|(_, value)| value)
    }

    fn bases(&self, map: &str) -> Vec<(&str, &Origin)> {
        let of = |wanted: &str| -> Vec<(&str, &Origin)> {
            let own = self.bases.iter().filter(|(name, ..)| name == wanted);
            own.map(|(_, base, origin)| (base.as_str(), origin))
                .collect()
        };
        let own = of(map);
        if own.is_empty() { of("") } else { own }
    }

    fn attribute(&self, map: &str, attribute: &str) -> Option<&str> {
        let (.., name) = self
            .attributes
            .iter()
            .rev()
            .find(|(of, from, _)| of == map && from.eq_ignore_ascii_case(attribute))?;
        AttributeName::parse(name).map(|_| name.as_str())
    }

    /// A filter belongs to a map; there is none for all.
    fn filter(&self, map: &str, default: &str) -> String {
        let own = self.filters.iter().rev().find(|(name, _)| name == map);
        own.map_or(default, |(_, filter)| filter).to_owned()
    }

    fn searches(&self, map: &str, filter: &str) -> Option<(Literal, Origin)> {
        let scope = self.of_map(&self.scopes, map).copied().unwrap_or("subtree");
        let bases = self.bases(map);
        let (_, origin) = *bases.first()?;
        let table = |(base, _): &(&str, &Origin)| {
            Literal::Table(vec![
                ("base", Literal::text(*base)),
                ("scope", Literal::text(scope)),
                ("filter", Literal::text(filter)),
            ])
        };
        Some((
            Literal::List(bases.iter().map(table).collect()),
            origin.clone(),
        ))
    }

    fn write(mut self, wishes: &Wishes<'_>, draft: &mut Draft) {
        let name = self.login().to_owned();
        let accounts = self.filter("passwd", ACCOUNTS);
        match self.searches("passwd", &both(&accounts, &format!("({name}={{user}})"))) {
            Some((searches, origin)) => draft.set("user", "search", searches, &origin),
            None => users::propose_search(
                draft,
                "no base is set; there the server is asked for its own",
            ),
        }
        users::name_attribute(draft, vec![name], None);
        self.shadow(draft);
        self.members(draft);
        authz::convert(&self, draft);
        self.groups(draft);
        gates::is_active(
            draft,
            wishes,
            "there everybody whom the directory has may log in",
        );
        self.write_servers(draft);
        self.account.write(draft);
    }

    /// nslcd refuses by an expired entry of shadow, which here has to be the account's own.
    fn shadow(&self, draft: &mut Draft) {
        let folded = |dn: &str| dn.to_ascii_lowercase().replace(' ', "");
        let accounts = self.bases("passwd");
        for (base, origin) in self.bases("shadow") {
            let base = folded(base);
            let is_near = accounts.iter().any(|(of_accounts, _)| {
                let other = folded(of_accounts);
                base.ends_with(&other) || other.ends_with(&base)
            });
            if !is_near {
                let text = "there an expired entry below this keeps its user out; here the account's own entry is looked at alone";
                draft.remark(Level::Todo, origin, text);
            }
        }
    }

    /// The attribute of members, where the file renames it.
    fn members(&self, draft: &mut Draft) {
        let is_ad = self.has_ad_groups();
        let renamed = self
            .attribute("group", "member")
            .or(self.attribute("group", "uniqueMember"));
        match renamed {
            Some(member) if !(is_ad && member.eq_ignore_ascii_case("member")) => {
                draft.set(
                    "group",
                    "member_attribute",
                    Literal::text(member),
                    &Origin::default(),
                );
            }
            _ => {}
        }
    }

    /// The attribute of the login name.
    fn login(&self) -> &str {
        self.attribute("passwd", "uid").unwrap_or("uid")
    }

    /// What an entry has to be to be an account.
    fn accounts(&self) -> Filter {
        let text = self.filter("passwd", ACCOUNTS);
        Filter::read(&text).unwrap_or(Filter::Or(Vec::new()))
    }

    fn has_ad_groups(&self) -> bool {
        let filter = self.filter("group", "").to_ascii_lowercase();
        filter.contains("(objectclass=group)")
    }

    /// The type of groups, where no gate has told it.
    fn groups(&self, draft: &mut Draft) {
        let filter = self.filter("group", "(objectClass=posixGroup)");
        let origin = Origin::default();
        let known = draft.has("group.type") || draft.has("group.member_attribute");
        if !known && self.has_ad_groups() {
            draft.set("group", "type", Literal::text("active_directory"), &origin);
        } else if !known && filter.to_ascii_lowercase().contains("posixgroup") {
            draft.set("group", "type", Literal::text("posix_group"), &origin);
            let text = "memberUid counts and the primary group; there members by DN count as well. Change it to group_of_names if the groups list DNs";
            draft.about("group.type", Level::Warning, &origin, text);
        }
        if let Some((searches, origin)) = self.searches("group", &filter) {
            draft.set("group", "search", searches, &origin);
        }
    }

    fn write_servers(&mut self, draft: &mut Draft) {
        if self.servers.is_empty() && !self.by_dns {
            let example = Literal::texts(["ldaps://ldap.example.com".to_owned()]);
            draft.propose("server", "uris", example, &Origin::default());
            draft.about(
                "server.uris",
                Level::Todo,
                &Origin::default(),
                "no uri is set; name the servers here",
            );
        }
        let mut servers = std::mem::take(&mut self.servers);
        if self.ssl_on {
            for uri in &mut servers.uris {
                if let Some(rest) = uri.strip_prefix("ldap://") {
                    *uri = format!("ldaps://{rest}");
                }
            }
        }
        servers.write(draft);
    }
}

/// Says so where a line is about a map that is not asked here.
fn unused(draft: &mut Draft, map: &str, may_be_for_all: bool, origin: &Origin) {
    let (level, text) = match map {
        "passwd" | "group" => return,
        "" if may_be_for_all => return,
        "" => (Level::Warning, "it names no map; it is left out"),
        "shadow" => (
            Level::Warning,
            "no equivalent: whether an account has expired is read from the user's own entry",
        ),
        _ => (Level::Note, others::NSS),
    };
    draft.remark(level, origin, text);
}

/// How much it matters that an attribute of shadow(5) has another name: nslcd refuses by some of them,
/// and those of Active Directory are looked at here, too.
fn level_of_shadow(attribute: &str, name: &[&str]) -> Level {
    const REFUSE: [&str; 4] = [
        "shadowExpire",
        "shadowLastChange",
        "shadowMax",
        "shadowInactive",
    ];
    let is = |word: &str| matches!(name, [name] if name.eq_ignore_ascii_case(word));
    let refuses = REFUSE
        .iter()
        .any(|word| attribute.eq_ignore_ascii_case(word));
    if refuses && !is(attribute) && !is("accountExpires") && !is("pwdLastSet") {
        Level::Todo
    } else {
        Level::Warning
    }
}

/// `passwd ou=users,…` or `ou=users,…`
fn split_map(value: &str) -> (String, &str) {
    const MAPS: [&str; 12] = [
        "aliases",
        "alias",
        "ethers",
        "group",
        "hosts",
        "netgroup",
        "networks",
        "passwd",
        "protocols",
        "rpc",
        "services",
        "shadow",
    ];
    let (first, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let map = MAPS
        .iter()
        .find(|map| first.eq_ignore_ascii_case(map) && !rest.is_empty());
    match map {
        Some(map) => ((*map).to_owned(), rest.trim()),
        None => (String::new(), value),
    }
}

/// A line that is a key of ours by itself.
fn setting(draft: &mut Draft, line: &Line<'_>, origin: &Origin) -> bool {
    match line.keyword.as_str() {
        "tls_reqcert" => servers::certificate_check(draft, line.value, origin),
        "tls_cacertfile" | "tls_cacert" => servers::path(draft, "ca_file", line.value, origin),
        "tls_cacertdir" => servers::path(draft, "ca_dir", line.value, origin),
        "tls_cert" => servers::path(draft, "client_certificate", line.value, origin),
        "tls_key" => servers::path(draft, "client_key", line.value, origin),
        "bind_timelimit" => servers::timeout(draft, "connect_timeout", line.number(), origin),
        "timelimit" => servers::timeout(draft, "operation_timeout", line.number(), origin),
        "reconnect_retrytime" => {
            if let Ok(seconds) = line.value.parse::<u32>() {
                draft.set(
                    "server",
                    "retry_after",
                    Literal::seconds(seconds.into()),
                    origin,
                );
            }
        }
        "sasl_mech" if line.value.eq_ignore_ascii_case("external") => {
            draft.set("bind", "mechanism", Literal::text("external"), origin);
        }
        "sasl_mech" => draft.about(
            "bind.mechanism",
            Level::Todo,
            origin,
            "only EXTERNAL is there; bind with a service account in its place",
        ),
        "nss_min_uid" => {
            if let Ok(uid) = line.value.parse::<u32>() {
                draft.set("user", "min_uid", Literal::Number(uid.into()), origin);
            }
        }
        "ignorecase" if line.is_on() => {
            draft.set("user", "canonical_name", Literal::Boolean(true), origin)
        }
        "nss_nested_groups" if line.is_on() => {
            let text = "there it is about the groups of NSS, and pam_authz_search asks for direct members; for gates see group.nested";
            draft.remark(Level::Note, origin, text);
        }
        "ignorecase" => draft.unset("user.canonical_name"),
        "nss_nested_groups" => {}
        "pam_password_prohibit_message" => {
            let text = line.value.trim_matches('"');
            draft.set("password", "prohibit_message", Literal::text(text), origin);
        }
        "pam_authc_ppolicy" if !line.is_on() => {
            let states = ["shadow", "active_directory", "389ds"].map(str::to_owned);
            draft.set("access", "account_state", Literal::texts(states), origin);
        }
        "pam_authc_ppolicy" => draft.unset("access.account_state"),
        _ => return false,
    }
    true
}
