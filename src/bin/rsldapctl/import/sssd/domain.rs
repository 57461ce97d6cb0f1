//! Servers, service account, users and groups of a domain.

use super::{Domain, Schema};
use crate::import::draft::{Draft, Level, Origin};
use crate::import::filter::{both, without_braces};
use crate::import::literal::Literal;
use crate::import::servers::{self, Account, Servers};
use crate::import::users;

/// The keys that are read here.
pub const KEYS: &[&str] = &[
    "id_provider",
    "auth_provider",
    "chpass_provider",
    "ldap_schema",
    "ldap_uri",
    "ldap_backup_uri",
    "dns_discovery_domain",
    "ldap_id_use_start_tls",
    "ldap_auth_disable_tls_never_use_in_production",
    "ldap_tls_reqcert",
    "ldap_tls_cacert",
    "ldap_tls_cacertdir",
    "ldap_tls_cert",
    "ldap_tls_key",
    "ldap_default_bind_dn",
    "ldap_default_authtok",
    "ldap_default_authtok_type",
    "ldap_sasl_mech",
    "ldap_network_timeout",
    "ldap_opt_timeout",
    "offline_timeout",
    "cache_credentials",
    "filter_users",
    "min_id",
    "ldap_min_id",
    "case_sensitive",
    "ldap_search_base",
    "ldap_user_search_base",
    "ldap_user_search_filter",
    "ldap_group_search_base",
    "ldap_user_object_class",
    "ldap_user_name",
    "ldap_user_fullname",
    "ldap_group_object_class",
    "ldap_group_name",
    "ldap_group_member",
    "ldap_group_nesting_level",
];

pub fn convert(domain: &Domain, draft: &mut Draft) {
    servers(domain, draft);
    tls(domain, draft);
    account(domain, draft);
    times(domain, draft);
    users(domain, draft);
    groups(domain, draft);
    if let Some((_, origin)) = domain
        .text("chpass_provider")
        .filter(|(value, _)| *value == "none")
    {
        draft.set("password", "change", Literal::text("off"), &origin);
    }
}

fn servers(domain: &Domain, draft: &mut Draft) {
    // sssd never sends a password in clear, whatever ldap_id_use_start_tls says about lookups.
    let mut servers = Servers {
        always_encrypts: true,
        cleartext: domain
            .get("ldap_auth_disable_tls_never_use_in_production")
            .filter(|(pair, _)| pair.is_true())
            .map(|(_, origin)| origin),
        ..Servers::default()
    };
    let mut by_dns = None;
    for key in ["ldap_uri", "ldap_backup_uri"] {
        if let Some((pair, origin)) = domain.get(key) {
            for uri in pair.list() {
                if uri == "_srv_" {
                    by_dns = Some(origin.clone());
                } else {
                    servers.add(servers::bare(uri), &origin);
                }
            }
        }
    }
    match (servers.is_empty(), by_dns) {
        (false, Some(origin)) => {
            draft.remark(
                Level::Note,
                &origin,
                "SRV records stand in place of uris here, so _srv_ is left out",
            );
        }
        (true, by_dns) => discover(domain, draft, &by_dns.unwrap_or_default()),
        (false, None) => {}
    }
    servers.write(draft);
}

/// No server is named: SRV records say where they are.
fn discover(domain: &Domain, draft: &mut Draft, origin: &Origin) {
    let name = domain.section.name.trim_start_matches("domain/");
    let (name, origin) = match domain.text("dns_discovery_domain") {
        Some((name, origin)) => (name, origin),
        None => (name, origin.clone()),
    };
    servers::by_dns(draft, Some(name).filter(|name| name.contains('.')), &origin);
}

fn tls(domain: &Domain, draft: &mut Draft) {
    if let Some((word, origin)) = domain.text("ldap_tls_reqcert") {
        servers::certificate_check(draft, word, &origin);
    }
    for (theirs, ours) in [
        ("ldap_tls_cacert", "ca_file"),
        ("ldap_tls_cacertdir", "ca_dir"),
        ("ldap_tls_cert", "client_certificate"),
        ("ldap_tls_key", "client_key"),
    ] {
        if let Some((path, origin)) = domain.text(theirs) {
            servers::path(draft, ours, path, &origin);
        }
    }
    servers::client_certificate(draft);
}

fn account(domain: &Domain, draft: &mut Draft) {
    if let Some((mechanism, origin)) = domain.text("ldap_sasl_mech") {
        if mechanism.eq_ignore_ascii_case("external") {
            draft.set("bind", "mechanism", Literal::text("external"), &origin);
        } else {
            let text = "only EXTERNAL is there; bind with a service account in its place";
            draft.about("bind.mechanism", Level::Todo, &origin, text);
        }
    }
    let dn = domain
        .text("ldap_default_bind_dn")
        .map(|(dn, origin)| (dn.to_owned(), origin));
    let password = domain.get("ldap_default_authtok").map(|(_, origin)| origin);
    if let (true, Some(origin)) = (
        domain.is("ldap_default_authtok_type", "obfuscated_password"),
        &password,
    ) {
        let text = "the password is obfuscated there; the file needs it as it is";
        draft.about("bind.password_file", Level::Warning, origin, text);
    }
    Account { dn, password }.write(draft);
}

fn times(domain: &Domain, draft: &mut Draft) {
    for (theirs, ours) in [
        ("ldap_network_timeout", "connect_timeout"),
        ("ldap_opt_timeout", "operation_timeout"),
    ] {
        if let Some((pair, origin)) = domain.get(theirs) {
            servers::timeout(draft, ours, pair.seconds(), &origin);
        }
    }
    if let Some((pair, origin)) = domain.get("offline_timeout") {
        if let Ok(seconds) = pair.value.parse::<u32>() {
            draft.set(
                "server",
                "retry_after",
                Literal::seconds(seconds.into()),
                &origin,
            );
        }
    }
}

fn users(domain: &Domain, draft: &mut Draft) {
    let (class, name) = match domain.schema {
        Schema::ActiveDirectory => ("user", "sAMAccountName"),
        _ => ("posixAccount", "uid"),
    };
    let class = domain.name_or("ldap_user_object_class", class);
    let name = domain.name_or("ldap_user_name", name);
    let mut filter = format!("(&(objectClass={class})({name}={{user}}))");
    if let Some((own, _)) = domain.text("ldap_user_search_filter") {
        filter = both(&without_braces(own), &filter);
    }
    match searches(domain, "ldap_user_search_base", &filter) {
        Some((searches, origin)) => draft.set("user", "search", searches, &origin),
        None => users::propose_search(
            draft,
            "no search base is set; there the server is asked for its own",
        ),
    }
    users::name_attribute(draft, vec![name], None);
    if let Some((attribute, origin)) = domain.text("ldap_user_fullname") {
        users::attribute(draft, "full_name", attribute, &origin);
    }
    let least = domain.get("min_id").or_else(|| domain.get("ldap_min_id"));
    if let Some((pair, origin)) = least {
        if let Ok(uid) = pair.value.parse::<u32>() {
            draft.set("user", "min_uid", Literal::Number(uid.into()), &origin);
        }
    }
    if let Some((_, origin)) = domain
        .text("case_sensitive")
        .filter(|(value, _)| ["false", "preserving"].contains(&value.to_ascii_lowercase().as_str()))
    {
        draft.set("user", "canonical_name", Literal::Boolean(true), &origin);
    }
}

fn groups(domain: &Domain, draft: &mut Draft) {
    let (class, member) = match domain.schema {
        Schema::Rfc2307 => ("posixGroup", "memberuid"),
        Schema::Rfc2307bis => ("posixGroup", "member"),
        Schema::Ipa => ("ipaUserGroup", "member"),
        Schema::ActiveDirectory => ("group", "member"),
    };
    let schema = domain
        .text("ldap_schema")
        .map(|(_, origin)| origin)
        .unwrap_or_default();
    let class = domain.name_or("ldap_group_object_class", class);
    let member = domain.name_or("ldap_group_member", member);
    match (domain.schema, member.to_ascii_lowercase().as_str()) {
        (_, "memberuid") => draft.set("group", "type", Literal::text("posix_group"), &schema),
        (_, "uniquemember") => draft.set(
            "group",
            "type",
            Literal::text("group_of_unique_names"),
            &schema,
        ),
        (Schema::ActiveDirectory, "member") => {
            draft.set("group", "type", Literal::text("active_directory"), &schema)
        }
        (_, "member") => draft.set("group", "type", Literal::text("group_of_names"), &schema),
        _ => draft.set("group", "member_attribute", Literal::text(&member), &schema),
    }
    if let Some((name, origin)) = domain
        .text("ldap_group_name")
        .filter(|(name, _)| *name != "cn")
    {
        draft.set("group", "name_attribute", Literal::text(name), &origin);
    }
    if let Some((searches, origin)) = searches(
        domain,
        "ldap_group_search_base",
        &format!("(objectClass={class})"),
    ) {
        draft.set("group", "search", searches, &origin);
    }
}

/// `base[?scope?[filter][?base?scope?[filter]]*]`
fn searches(domain: &Domain, key: &str, filter: &str) -> Option<(Literal, Origin)> {
    let (text, origin) = domain
        .text(key)
        .or_else(|| domain.text("ldap_search_base"))?;
    let parts: Vec<&str> = text.split('?').collect();
    let search = |parts: &[&str]| {
        let part = |at: usize| parts.get(at).map_or("", |part| part.trim());
        let scope = match part(1).to_ascii_lowercase().as_str() {
            "onelevel" | "one" => "onelevel",
            "base" => "base",
            _ => "subtree",
        };
        let filter = match part(2) {
            "" => filter.to_owned(),
            own => both(&without_braces(own), filter),
        };
        Literal::Table(vec![
            ("base", Literal::text(part(0))),
            ("scope", Literal::text(scope)),
            ("filter", Literal::Text(filter)),
        ])
    };
    Some((Literal::List(parts.chunks(3).map(search).collect()), origin))
}
