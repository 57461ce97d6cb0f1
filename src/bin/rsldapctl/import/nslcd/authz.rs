//! `pam_authz_search`: a search that has to find something before a user may log in.

use super::Reading;
use crate::import::draft::{Draft, Level, Origin};
use crate::import::filter::Filter;
use crate::import::gates;
use crate::import::literal::Literal;
use crate::import::query::Query;

/// What a part of a filter asks.
enum Part {
    /// Nothing that is not asked here anyway.
    Nothing,
    Groups(Query),
    /// Only this host, or this service, by this attribute.
    Host(String),
    Service(String),
    Other,
}

/// Writes the gates of all searches; each has to find something.
pub fn convert(reading: &Reading, draft: &mut Draft) {
    let mut queries = Vec::new();
    let mut first = Origin::default();
    let kind = if reading.has_ad_groups() {
        "active_directory"
    } else {
        "group_of_names"
    };
    for (text, origin) in &reading.authz {
        if queries.is_empty() {
            first = origin.clone();
        }
        let filter = Filter::read(text);
        match filter
            .as_ref()
            .and_then(|filter| group_of(filter, reading, draft, origin))
        {
            Some(query) => queries.push(query),
            None => queries.extend(
                filter
                    .into_iter()
                    .flat_map(|filter| entry(&filter, kind, draft, origin)),
            ),
        }
    }
    if !queries.is_empty() {
        gates::set(draft, "flags", "is_active", &Query::all(queries), &first);
    }
}

/// `(&(objectClass=posixGroup)(cn=NAME)(memberUid=$username))`: a search for a group.
fn group_of(
    filter: &Filter,
    reading: &Reading,
    draft: &mut Draft,
    origin: &Origin,
) -> Option<Query> {
    let name = filter.required("cn")?;
    let member = ["memberUid", "member", "uniqueMember"]
        .into_iter()
        .find(|attribute| {
            filter
                .required(attribute)
                .is_some_and(|value| is_variable(value, &["username", "uid", "dn"]))
        })?;
    if name.contains(['*', '\\', '$']) {
        return None;
    }
    let value = match member {
        "memberUid" => Literal::text("posix_group"),
        "uniqueMember" => Literal::text("group_of_unique_names"),
        _ => Literal::text("group_of_names"),
    };
    if !draft.has("group.member_attribute") {
        draft.set("group", "type", value, origin);
    }
    let (base, _) = *reading.bases("group").first()?;
    let text = format!(
        "the DN is a guess: a group of the name {name} directly below {base}. If it is elsewhere, nobody is in"
    );
    draft.about("flags.is_active", Level::Warning, origin, text);
    Some(Query::Group(format!("cn={name},{base}")))
}

/// A search for the user's own entry, in a directory with this type of groups.
fn entry(filter: &Filter, kind: &str, draft: &mut Draft, origin: &Origin) -> Vec<Query> {
    let single = [filter.clone()];
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        _ => single.as_slice(),
    };
    let mut queries = Vec::new();
    for found in parts.iter().map(part) {
        match found {
            Part::Nothing => {}
            Part::Groups(query) => {
                let member = draft.has("group.member_attribute");
                if !member {
                    draft.set("group", "type", Literal::text(kind), origin);
                    let text =
                        "memberOf is kept for groups that list DNs; here the group itself is asked";
                    draft.about("group.type", Level::Note, origin, text);
                }
                if filter.is_nested() {
                    draft.set("group", "nested", Literal::Boolean(true), origin);
                }
                queries.push(query);
            }
            Part::Host(attribute) => {
                draft.set("access", "host_attribute", Literal::Text(attribute), origin)
            }
            Part::Service(attribute) => {
                draft.set(
                    "access",
                    "service_attribute",
                    Literal::Text(attribute),
                    origin,
                );
            }
            Part::Other => {
                gates::unknown(
                    draft,
                    "access",
                    "require",
                    origin,
                    "a part of this filter asks for more than groups, host and service",
                );
            }
        }
    }
    queries
}

fn part(filter: &Filter) -> Part {
    if let Some(query) = filter.groups() {
        return Part::Groups(query);
    }
    let items = leaves(filter);
    let values_are = |names: &[&str]| {
        items.iter().any(|(_, value)| is_variable(value, names))
            && items.iter().all(|(_, value)| {
                is_variable(value, names) || matches!(*value, "*" | "\\2a" | "\\2A" | "ALL")
            })
    };
    let attribute = items.first().map(|(attribute, _)| (*attribute).to_owned());
    let same = items.iter().all(|(name, _)| {
        attribute
            .as_deref()
            .is_some_and(|a| a.eq_ignore_ascii_case(name))
    });
    match (filter, attribute) {
        (Filter::Item(name, _), _) if name.eq_ignore_ascii_case("objectClass") => Part::Nothing,
        (Filter::Item(_, value), _) if is_variable(value, &["username", "uid"]) => Part::Nothing,
        (_, Some(attribute)) if same && values_are(&["hostname", "fqdn", "domain"]) => {
            Part::Host(attribute)
        }
        (_, Some(attribute)) if same && values_are(&["service"]) => Part::Service(attribute),
        _ => Part::Other,
    }
}

fn leaves(filter: &Filter) -> Vec<(&str, &str)> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().flat_map(leaves).collect(),
        Filter::Not(part) => leaves(part),
        Filter::Item(attribute, value) => vec![(attribute, value)],
    }
}

/// `$name` or `${name}`
fn is_variable(value: &str, names: &[&str]) -> bool {
    let name = value
        .strip_prefix('$')
        .map(|name| name.trim_matches(['{', '}']));
    name.is_some_and(|name| names.contains(&name))
}
