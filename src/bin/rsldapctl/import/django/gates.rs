//! Who may log in: `REQUIRE_GROUP`, `DENY_GROUP`, `USER_FLAGS_BY_GROUP`.

use super::{BY_HAND, Settings, because};
use crate::import::Wishes;
use crate::import::draft::{Draft, Level, Origin};
use crate::import::gates;
use crate::import::literal::Literal;
use crate::import::python::{Located, Value};
use crate::import::query::Query;

const FALLS_THROUGH: &str = "there a refusal goes on to the next backend, and a local password may still do; here it is final";

pub fn convert(settings: &Settings, wishes: &Wishes<'_>, draft: &mut Draft) {
    let flags = flags(settings, draft);
    let active = flags.iter().any(|name| name == "is_active");
    let require = settings
        .get("AUTH_LDAP_REQUIRE_GROUP")
        .filter(|(value, _)| !is_empty_text(value));
    if let Some((value, origin)) = require {
        match question(value) {
            Ok(query) if active => {
                gates::set(draft, "access", "require", &query, &origin);
                draft.about("access.require", Level::Warning, &origin, FALLS_THROUGH);
                list_is_unusual(draft, "access.require", value, &origin);
            }
            Ok(query) => {
                gates::set(draft, "flags", "is_active", &query, &origin);
                let text = format!(
                    "no is_active there, so the required group stands for it: {FALLS_THROUGH}"
                );
                draft.about("flags.is_active", Level::Warning, &origin, text);
                list_is_unusual(draft, "flags.is_active", value, &origin);
            }
            Err(why) => gates::unknown(draft, "access", "require", &origin, &why),
        }
    } else if let Some((_, origin)) = settings.get("AUTH_LDAP_REQUIRE_GROUP") {
        draft.remark(Level::Note, &origin, "the DN is empty; it is left out");
    }
    deny(settings, draft);
    propose_sudo(draft);
    gates::is_active(draft, wishes, "there everybody in the directory may log in");
}

/// A flag opens nothing here by itself.
fn propose_sudo(draft: &mut Draft) {
    if !draft.has("flags.is_superuser") {
        return;
    }
    let nowhere = Origin::default();
    for table in ["services.sudo", "services.sudo-i"] {
        draft.propose(table, "require", Literal::text("is_superuser"), &nowhere);
    }
    let text = "no gate uses is_superuser so far; this would keep others from sudo";
    draft.about("services.sudo.require", Level::Note, &nowhere, text);
}

fn deny(settings: &Settings, draft: &mut Draft) {
    let Some((value, origin)) = settings.get("AUTH_LDAP_DENY_GROUP") else {
        return;
    };
    if is_empty_text(value) {
        draft.remark(Level::Note, &origin, "the DN is empty; it is left out");
        return;
    }
    match question(value) {
        Ok(query) => {
            gates::set(draft, "access", "deny", &query, &origin);
            let text = format!(
                "{FALLS_THROUGH}; and a group that does not exist is an error, there it lets everybody in"
            );
            draft.about("access.deny", Level::Warning, &origin, text);
        }
        Err(why) => gates::unknown(draft, "access", "deny", &origin, &why),
    }
}

/// A list is taken for "any of them"; django-auth-ldap itself answers it with an error.
fn list_is_unusual(draft: &mut Draft, key: &str, value: &Value, origin: &Origin) {
    if matches!(value, Value::List(_)) {
        let text = "django-auth-ldap takes no list here; it is read as any of them";
        draft.about(key, Level::Warning, origin, text);
    }
}

fn is_empty_text(value: &Value) -> bool {
    value.as_text().is_some_and(|text| text.trim().is_empty())
}

/// Writes the flags, and answers their names.
fn flags(settings: &Settings, draft: &mut Draft) -> Vec<String> {
    let Some((value, origin)) = settings.get("AUTH_LDAP_USER_FLAGS_BY_GROUP") else {
        return Vec::new();
    };
    let Value::Dictionary(pairs) = value else {
        let why = because(value, "a dictionary");
        gates::unknown(draft, "flags", "is_active", &origin, &why);
        return vec!["is_active".to_owned()];
    };
    pairs.iter().filter_map(|pair| flag(draft, pair)).collect()
}

fn flag(draft: &mut Draft, (name, query): &(Located, Located)) -> Option<String> {
    let origin = Origin::new(query.line, "AUTH_LDAP_USER_FLAGS_BY_GROUP");
    let Some(name) = name.value.as_text() else {
        draft.remark(
            Level::Todo,
            &origin,
            format!("the name of a flag is not a literal; {BY_HAND}"),
        );
        return None;
    };
    if name == gates::PLACEHOLDER {
        let text = format!("a flag cannot have the name {name}; {BY_HAND}");
        draft.remark(Level::Todo, &origin, text);
        return None;
    }
    if is_empty_text(&query.value) || query.value == Value::None {
        draft.remark(
            Level::Note,
            &origin,
            format!("{name} has an empty DN; it is left out"),
        );
        return None;
    }
    match question(&query.value) {
        Ok(query) => gates::set(draft, "flags", name, &query, &origin),
        Err(why) => gates::unknown(draft, "flags", name, &origin, &why),
    }
    Some(name.to_owned())
}

/// A question about groups: a DN, several, or an LDAPGroupQuery.
fn question(value: &Value) -> Result<Query, String> {
    match value {
        Value::Text(dn) => Ok(Query::Group(dn.clone())),
        Value::Query(query) => Ok(query.clone()),
        Value::List(parts) if !parts.is_empty() => {
            let parts: Result<Vec<Query>, String> =
                parts.iter().map(|part| question(&part.value)).collect();
            parts.map(Query::any)
        }
        other => Err(because(other, "a group")),
    }
}
