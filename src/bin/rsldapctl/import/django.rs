//! Settings of django-auth-ldap, as NetBox and its container image use them.

mod connection;
mod gates;
mod groups;
mod users;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::Wishes;
use super::draft::{Draft, Level, Origin};
use super::filter;
use super::literal::Literal;
use super::python::{Located, Module, Search, Value};

/// Why the reader has to look at a setting that is not literal.
const BY_HAND: &str = "set this by hand";

/// Settings by name.
#[derive(Debug, Default)]
pub struct Settings {
    values: Vec<(String, Located)>,
    /// `ldap.set_option(…)`
    options: Vec<(String, Located)>,
    /// Settings that the default of an environment variable went into, and its name.
    guesses: HashMap<String, String>,
    /// The file is NetBox's `ldap_config.py`, in which global options have no effect.
    pub is_netbox: bool,
    seen: RefCell<BTreeSet<String>>,
}

impl Settings {
    pub fn new(module: Module, is_netbox: bool) -> Settings {
        Settings {
            values: module.settings,
            options: module.options,
            guesses: module.guesses,
            is_netbox,
            seen: RefCell::default(),
        }
    }

    pub fn from_pairs(values: Vec<(String, Located)>) -> Settings {
        Settings {
            values,
            ..Settings::default()
        }
    }

    /// Whether anything in it is for LDAP.
    pub fn are_for_ldap(&self) -> bool {
        self.values.iter().any(|(name, _)| is_ours(name))
    }

    /// A setting that is not `None`.
    fn get(&self, name: &str) -> Option<(&Value, Origin)> {
        self.seen.borrow_mut().insert(name.to_owned());
        let (_, located) = self.values.iter().find(|(key, _)| key == name)?;
        (located.value != Value::None).then(|| (&located.value, Origin::new(located.line, name)))
    }

    /// A setting that is a text. Another one is a mistake, or not known: the reader is told, about
    /// `key`.
    fn text(
        &self,
        draft: &mut Draft,
        name: &str,
        key: &str,
        level: Level,
    ) -> Option<(String, Origin)> {
        match self.get(name)? {
            (Value::Text(text), origin) => Some((text.clone(), origin)),
            (other, origin) => {
                draft.about(key, level, &origin, because(other, "a text"));
                None
            }
        }
    }

    /// A setting that is true or false, and false where it is absent.
    fn truth(&self, draft: &mut Draft, name: &str, key: &str) -> Option<Origin> {
        let (value, origin) = self.get(name)?;
        match value.truth() {
            Some(truth) => truth.then_some(origin),
            None => {
                draft.about(key, Level::Todo, &origin, because(value, "True or False"));
                None
            }
        }
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("AUTH_LDAP_")
        || matches!(
            name,
            "LDAP_IGNORE_CERT_ERRORS" | "LDAP_CA_CERT_FILE" | "LDAP_CA_CERT_DIR"
        )
}

/// Why a value cannot be carried over.
fn because(value: &Value, expected: &str) -> String {
    match value.why_unknown() {
        Some(why) => format!("not a literal: {why}; {BY_HAND}"),
        None => format!("this is not {expected}; {BY_HAND}"),
    }
}

/// Writes what the settings say.
pub fn convert(settings: &Settings, wishes: &Wishes<'_>, draft: &mut Draft) {
    connection::convert(settings, draft);
    users::convert(settings, draft);
    groups::convert(settings, draft);
    gates::convert(settings, wishes, draft);
    guesses(settings, draft);
    others(settings, draft);
}

/// What decides who may log in is not taken from a default: where that program runs, the environment
/// may have said otherwise.
fn guesses(settings: &Settings, draft: &mut Draft) {
    for (name, key) in [
        ("AUTH_LDAP_REQUIRE_GROUP", "access.require"),
        ("AUTH_LDAP_DENY_GROUP", "access.deny"),
        ("AUTH_LDAP_USER_FLAGS_BY_GROUP", "flags.is_active"),
        ("AUTH_LDAP_USER_SEARCH", "user.search"),
        ("AUTH_LDAP_USER_DN_TEMPLATE", "user.dn_template"),
        ("AUTH_LDAP_GROUP_TYPE", "group.type"),
        ("AUTH_LDAP_GROUP_SEARCH", "group.search"),
    ] {
        let setting = settings.values.iter().find(|(known, _)| known == name);
        if let (Some(variable), Some((_, value))) = (settings.guesses.get(name), setting) {
            let text = format!(
                "the environment variable {variable} decides this. Look what it is where that program runs; the default was taken"
            );
            draft.about(key, Level::Todo, &Origin::new(value.line, name), text);
        }
    }
}

/// A search as `user.search` and `group.search` take it.
fn search(search: &Search, default_filter: Option<&str>) -> Literal {
    let mut table = vec![
        ("base", Literal::text(&search.base)),
        ("scope", Literal::text(search.scope.name())),
    ];
    let filter = search.filter.as_deref().map(filter::from_percent);
    if let Some(filter) = filter.or(default_filter.map(str::to_owned)) {
        table.push(("filter", Literal::Text(filter)));
    }
    Literal::Table(table)
}

/// The searches of a setting; None, with a note, where one of them is not known.
fn searches(
    draft: &mut Draft,
    value: &Value,
    origin: &Origin,
    key: &str,
    level: Level,
) -> Option<Vec<Search>> {
    let parts: Vec<&Value> = match value {
        Value::Search(_) => vec![value],
        Value::Union(parts) => parts.iter().map(|part| &part.value).collect(),
        _ => Vec::new(),
    };
    let found: Option<Vec<Search>> = parts
        .iter()
        .map(|part| match part {
            Value::Search(search) => Some(search.clone()),
            _ => None,
        })
        .collect();
    let found = found.filter(|found| !found.is_empty());
    if found.is_none() {
        draft.about(key, level, origin, because(value, "an LDAPSearch"));
    }
    found
}

/// Settings without a key of ours, and those that nobody has asked for so far.
fn others(settings: &Settings, draft: &mut Draft) {
    for (name, level, text) in OTHERS {
        if let Some((value, origin)) = settings.get(name) {
            if value.truth() != Some(false) {
                draft.remark(*level, &origin, *text);
            }
        }
    }
    if let Some((value, origin)) = settings.get("AUTH_LDAP_ALWAYS_UPDATE_USER") {
        if value.truth() == Some(false) {
            let text =
                "there flags count at the first login only; here they are asked at each login";
            draft.remark(Level::Warning, &origin, text);
        }
    }
    for (name, value) in &settings.values {
        if is_ours(name) && !settings.seen.borrow().contains(name) && !is_helper(name) {
            let text = "not a setting of django-auth-ldap that is known here; a second directory needs a configuration of its own";
            draft.remark(Level::Note, &Origin::new(value.line, name), text);
        }
    }
}

/// Names that the container image's own file uses on the way to the real ones.
fn is_helper(name: &str) -> bool {
    name.starts_with("AUTH_LDAP_USER_SEARCH_") || name.starts_with("AUTH_LDAP_GROUP_SEARCH_")
}

const OTHERS: &[(&str, Level, &str)] = &[
    (
        "AUTH_LDAP_FIND_GROUP_PERMS",
        Level::Note,
        "what a group may use is written as [services.NAME] here, such as [services.sudo] require = \"is_superuser\"",
    ),
    (
        "AUTH_LDAP_AUTHORIZE_ALL_USERS",
        Level::Note,
        "only accounts of the directory have groups of the directory here",
    ),
    (
        "AUTH_LDAP_NO_NEW_USERS",
        Level::Note,
        "accounts are never made here: each needs a line in passwd",
    ),
    (
        "AUTH_LDAP_PERMIT_EMPTY_PASSWORD",
        Level::Warning,
        "an empty password is never sent here; it is a wrong password",
    ),
    (
        "AUTH_LDAP_REFRESH_DN_ON_BIND",
        Level::Note,
        "the entry is read after the bind in any case; there is no such switch here",
    ),
    (
        "AUTH_LDAP_USER_ATTRLIST",
        Level::Note,
        "the attributes that are needed are asked for; there is no such list here",
    ),
    (
        "LOGGING",
        Level::Note,
        "the module logs to the system log (authpriv); a file besides is log.file, with log.max_bytes and log.backups",
    ),
];
