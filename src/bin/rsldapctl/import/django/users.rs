//! How a login name becomes an entry, and what the session learns from it.

use super::{Settings, because, search, searches};
use crate::import::draft::{Draft, Level, Origin};
use crate::import::filter::{self, Filter};
use crate::import::literal::Literal;
use crate::import::python::Value;
use crate::import::users;

pub fn convert(settings: &Settings, draft: &mut Draft) {
    let template = settings.text(
        draft,
        "AUTH_LDAP_USER_DN_TEMPLATE",
        "user.dn_template",
        Level::Todo,
    );
    let template = template.filter(|(template, _)| !template.is_empty());
    let mut names = Vec::new();
    if let Some((template, origin)) = &template {
        let ours = filter::from_percent(template);
        names.extend(users::template_attribute(&ours));
        draft.set("user", "dn_template", Literal::Text(ours), origin);
    }
    if let Some((value, origin)) = settings.get("AUTH_LDAP_USER_SEARCH") {
        let level = if template.is_some() {
            Level::Note
        } else {
            Level::Todo
        };
        if let Some(found) = searches(draft, value, &origin, "user.search", level) {
            for filter in found.iter().filter_map(|search| search.filter.as_deref()) {
                let filter = Filter::read(&filter::from_percent(filter));
                names.extend(
                    filter
                        .map(|filter| filter.name_attributes())
                        .unwrap_or_default(),
                );
            }
            if found.len() > 1 {
                let text = "there a search that fails is passed over; here it is an error, since it could hide a second match";
                draft.about("user.search", Level::Warning, &origin, text);
            }
            if template.is_some() {
                let text = "dn_template wins, here as there";
                draft.about("user.search", Level::Note, &origin, text);
            }
            let literal = found.iter().map(|each| search(each, None)).collect();
            draft.set("user", "search", Literal::List(literal), &origin);
        }
    } else if template.is_none() {
        users::propose_search(
            draft,
            "neither AUTH_LDAP_USER_SEARCH nor AUTH_LDAP_USER_DN_TEMPLATE is set",
        );
    }
    let canonical = canonical_attribute(settings, draft);
    users::name_attribute(draft, names, canonical);
    attributes(settings, draft);
}

/// `AUTH_LDAP_USER_QUERY_FIELD`: the attribute by which the local account is found.
fn canonical_attribute(settings: &Settings, draft: &mut Draft) -> Option<(String, Origin)> {
    let (field, origin) = settings.text(
        draft,
        "AUTH_LDAP_USER_QUERY_FIELD",
        "user.canonical_name",
        Level::Todo,
    )?;
    let (map, _) = settings.get("AUTH_LDAP_USER_ATTR_MAP")?;
    let Value::Dictionary(pairs) = map else {
        return None;
    };
    let pair = pairs
        .iter()
        .find(|(key, _)| key.value.as_text() == Some(&field));
    match pair.and_then(|(_, value)| value.value.as_text()) {
        Some(attribute) => Some((attribute.to_owned(), origin)),
        None => {
            let text = "AUTH_LDAP_USER_ATTR_MAP does not say which attribute this field has";
            draft.about("user.canonical_name", Level::Todo, &origin, text);
            None
        }
    }
}

fn attributes(settings: &Settings, draft: &mut Draft) {
    let Some((value, origin)) = settings.get("AUTH_LDAP_USER_ATTR_MAP") else {
        return;
    };
    let Value::Dictionary(pairs) = value else {
        draft.remark(Level::Warning, &origin, because(value, "a dictionary"));
        return;
    };
    for (field, attribute) in pairs {
        let origin = Origin::new(attribute.line, "AUTH_LDAP_USER_ATTR_MAP");
        match (&field.value, &attribute.value) {
            (Value::Text(field), Value::Text(attribute)) => {
                users::attribute(draft, field, attribute, &origin)
            }
            (_, value) => draft.remark(
                Level::Warning,
                &origin,
                because(value, "the name of an attribute"),
            ),
        }
    }
}
