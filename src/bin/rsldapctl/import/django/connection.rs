//! Servers, TLS and the service account.

use super::{Settings, because};
use crate::import::draft::{Draft, Level, Origin};
use crate::import::literal::Literal;
use crate::import::python::{Located, Value};
use crate::import::servers::{self, Account, Servers};

pub fn convert(settings: &Settings, draft: &mut Draft) {
    servers(settings, draft);
    tls(settings, draft);
    account(settings, draft);
    options(settings, draft);
    servers::client_certificate(draft);
}

fn servers(settings: &Settings, draft: &mut Draft) {
    let mut servers = Servers {
        start_tls: settings.truth(draft, "AUTH_LDAP_START_TLS", "server.start_tls"),
        ..Servers::default()
    };
    let uri = settings.text(draft, "AUTH_LDAP_SERVER_URI", "server.uris", Level::Todo);
    if let Some((text, origin)) = &uri {
        for uri in text
            .split([',', ' ', '\t', '\n'])
            .filter(|uri| !uri.is_empty())
        {
            servers.add(uri, origin);
        }
    }
    if servers.is_empty() {
        let example = Literal::texts(["ldaps://ldap.example.com".to_owned()]);
        draft.propose("server", "uris", example, &Origin::default());
        if uri.is_some() || settings.get("AUTH_LDAP_SERVER_URI").is_none() {
            let text = "AUTH_LDAP_SERVER_URI names no server; name the servers here";
            draft.about("server.uris", Level::Todo, &Origin::default(), text);
        }
    }
    servers.write(draft);
}

fn tls(settings: &Settings, draft: &mut Draft) {
    if let Some(origin) = settings.truth(draft, "LDAP_IGNORE_CERT_ERRORS", "tls.verify") {
        servers::certificate_check(draft, "never", &origin);
    }
    for (name, key) in [
        ("LDAP_CA_CERT_FILE", "ca_file"),
        ("LDAP_CA_CERT_DIR", "ca_dir"),
    ] {
        let path = settings.text(draft, name, &format!("tls.{key}"), Level::Warning);
        if let Some((path, origin)) = path.filter(|(path, _)| !path.is_empty()) {
            servers::path(draft, key, &path, &origin);
        }
    }
}

fn account(settings: &Settings, draft: &mut Draft) {
    // Whatever the password is made of, it is not looked at.
    let password = settings
        .get("AUTH_LDAP_BIND_PASSWORD")
        .map(|(_, origin)| origin);
    let account = Account {
        dn: settings.text(draft, "AUTH_LDAP_BIND_DN", "bind.dn", Level::Todo),
        password,
    };
    account.write(draft);
    if let Some(origin) = settings.truth(
        draft,
        "AUTH_LDAP_BIND_AS_AUTHENTICATING_USER",
        "bind.as_user",
    ) {
        draft.set("bind", "as_user", Literal::Boolean(true), &origin);
    }
}

/// `AUTH_LDAP_CONNECTION_OPTIONS`, `AUTH_LDAP_GLOBAL_OPTIONS` and `ldap.set_option()`.
fn options(settings: &Settings, draft: &mut Draft) {
    for name in ["AUTH_LDAP_GLOBAL_OPTIONS", "AUTH_LDAP_CONNECTION_OPTIONS"] {
        let Some((value, origin)) = settings.get(name) else {
            continue;
        };
        if settings.is_netbox && name == "AUTH_LDAP_GLOBAL_OPTIONS" {
            let text = "NetBox takes no notice of this in ldap_config.py, so it is left out; see LDAP_IGNORE_CERT_ERRORS and LDAP_CA_CERT_FILE";
            draft.remark(Level::Warning, &origin, text);
            continue;
        }
        let Value::Dictionary(pairs) = value else {
            draft.remark(Level::Warning, &origin, because(value, "a dictionary"));
            continue;
        };
        for (key, value) in pairs {
            match &key.value {
                Value::Constant(option) => one(draft, option, value, name),
                other => draft.remark(
                    Level::Warning,
                    &Origin::new(key.line, name),
                    because(other, "an option of ldap"),
                ),
            }
        }
    }
    for (option, value) in &settings.options {
        one(draft, option, value, "ldap.set_option");
    }
}

fn one(draft: &mut Draft, option: &str, located: &Located, setting: &str) {
    let origin = Origin::new(located.line, format!("{setting} {option}"));
    let number = match &located.value {
        Value::Integer(number) => Some(f64::from(i32::try_from(*number).unwrap_or(i32::MAX))),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    match (option, &located.value) {
        ("OPT_REFERRALS", value) => {
            let text = "referrals are never followed here";
            let level = if value.truth() == Some(false) {
                Level::Note
            } else {
                Level::Warning
            };
            draft.remark(level, &origin, text);
        }
        ("OPT_NETWORK_TIMEOUT", _) => servers::timeout(draft, "connect_timeout", number, &origin),
        ("OPT_TIMEOUT", _) => servers::timeout(draft, "operation_timeout", number, &origin),
        ("OPT_X_TLS_REQUIRE_CERT", Value::Constant(name)) => {
            servers::certificate_check(draft, name.trim_start_matches("OPT_X_TLS_"), &origin);
        }
        ("OPT_X_TLS_CACERTFILE", Value::Text(path)) => {
            servers::path(draft, "ca_file", path, &origin)
        }
        ("OPT_X_TLS_CACERTDIR", Value::Text(path)) => servers::path(draft, "ca_dir", path, &origin),
        ("OPT_X_TLS_CERTFILE", Value::Text(path)) => {
            servers::path(draft, "client_certificate", path, &origin)
        }
        ("OPT_X_TLS_KEYFILE", Value::Text(path)) => {
            servers::path(draft, "client_key", path, &origin)
        }
        ("OPT_PROTOCOL_VERSION", Value::Constant(_) | Value::Integer(3))
        | ("OPT_X_TLS_NEWCTX" | "OPT_DEBUG_LEVEL", _) => {
            draft.remark(Level::Note, &origin, "of no meaning here");
        }
        (_, value) if value.why_unknown().is_some() => {
            draft.remark(Level::Warning, &origin, because(value, "an option's value"));
        }
        _ => draft.remark(
            Level::Warning,
            &origin,
            "no equivalent: an option of the LDAP library there",
        ),
    }
}
