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
    for (text, origin) in &reading.authz {
        if queries.is_empty() {
            first = origin.clone();
        }
        let Some(filter) = Filter::read(text) else {
            gates::unknown(
                draft,
                "access",
                "require",
                origin,
                "this is no filter that can be read",
            );
            continue;
        };
        match group_of(&filter, reading, draft, origin) {
            Some(query) => queries.push(query),
            None => queries.extend(entry(&filter, reading, draft, origin)),
        }
    }
    if !queries.is_empty() {
        gates::set(draft, "flags", "is_active", &Query::all(queries), &first);
    }
}

/// `(&(objectClass=posixGroup)(cn=NAME)(memberUid=$username))`: a search for a group, and for nothing
/// else.
fn group_of(
    filter: &Filter,
    reading: &Reading,
    draft: &mut Draft,
    origin: &Origin,
) -> Option<Query> {
    const MEMBERS: [&str; 3] = ["memberUid", "member", "uniqueMember"];
    let Filter::And(parts) = filter else {
        return None;
    };
    let name = filter.required("cn")?;
    let member = MEMBERS.into_iter().find(|attribute| {
        let compared: &[&str] = match *attribute {
            "memberUid" => &["username", "uid"],
            _ => &["dn"],
        };
        let value = filter.required(attribute);
        value.is_some_and(|value| is_variable(value, compared))
    })?;
    let expected = ["objectClass", "cn", member];
    let is_expected = |part: &Filter| match part {
        Filter::Item(name, _) => expected.iter().any(|word| word.eq_ignore_ascii_case(name)),
        _ => false,
    };
    if name.contains(['*', '\\', '$']) || !parts.iter().all(is_expected) {
        return None;
    }
    let kind = match member {
        "memberUid" => "posix_group",
        "uniqueMember" => "group_of_unique_names",
        _ => "group_of_names",
    };
    let renamed = draft.value("group.member_attribute");
    if renamed.is_some_and(|renamed| *renamed != Literal::text(member)) {
        two_types(draft, origin);
    } else {
        set_type(draft, kind, origin);
    }
    let (base, _) = *reading.bases("group").first()?;
    let text = format!(
        "the DN is a guess: a group of the name {name} directly below {base}. If it is elsewhere, nobody is in"
    );
    if draft.value("group.type") == Some(&Literal::text("posix_group")) {
        let text = "whoever has the group as primary group counts here too, unlike there";
        draft.about("group.type", Level::Warning, origin, text);
    }
    draft.about("flags.is_active", Level::Warning, origin, text);
    Some(Query::Group(format!("cn={name},{base}")))
}

/// All groups are of one type here. One of another would look empty, and let people in below a "not".
fn set_type(draft: &mut Draft, kind: &str, origin: &Origin) {
    let kind = Literal::text(kind);
    if draft.has("group.member_attribute") {
        return;
    }
    if draft
        .value("group.type")
        .is_some_and(|other| *other != kind)
    {
        two_types(draft, origin);
    }
    draft.set("group", "type", kind, origin);
}

fn two_types(draft: &mut Draft, origin: &Origin) {
    let text = "this file asks about groups of two types, and here there is one type";
    draft.about("group.type", Level::Todo, origin, text);
}

/// A search for the user's own entry.
fn entry(filter: &Filter, reading: &Reading, draft: &mut Draft, origin: &Origin) -> Vec<Query> {
    let single = [filter.clone()];
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        _ => single.as_slice(),
    };
    let kind = if reading.has_ad_groups() {
        "active_directory"
    } else {
        "group_of_names"
    };
    let mut queries = Vec::new();
    for each in parts {
        match part(each, reading) {
            Part::Nothing => {}
            Part::Groups(query) => {
                set_type(draft, kind, origin);
                let text =
                    "memberOf is kept for groups that list DNs; here the group itself is asked";
                draft.about("group.type", Level::Note, origin, text);
                queries.push(query);
            }
            Part::Host(attribute) => own(draft, "host_attribute", attribute, origin),
            Part::Service(attribute) => own(draft, "service_attribute", attribute, origin),
            Part::Other => {
                gates::unknown(
                    draft,
                    "access",
                    "require",
                    origin,
                    "a part of this filter has no equivalent. Where it asks for the host, it has to take $hostname, $fqdn and *, and for the service $service and *",
                );
            }
        }
    }
    if !queries.is_empty() {
        gates::members_of(draft, filter, origin);
    }
    queries
}

/// Writes which attribute names hosts or services. Each counts once.
fn own(draft: &mut Draft, key: &str, attribute: String, origin: &Origin) {
    if draft.has(&format!("access.{key}")) {
        let why = "a second rule about hosts or services has no equivalent";
        gates::unknown(draft, "access", "require", origin, why);
    } else {
        draft.set("access", key, Literal::Text(attribute), origin);
    }
}

fn part(filter: &Filter, reading: &Reading) -> Part {
    if let Some(query) = filter.groups() {
        return Part::Groups(query);
    }
    if let Filter::Item(name, value) = filter {
        // What user.search asks for anyway.
        let is_login =
            name.eq_ignore_ascii_case(reading.login()) && is_variable(value, &["username", "uid"]);
        let is_class =
            name.eq_ignore_ascii_case("objectClass") && reading.accounts().requires(name, value);
        if is_login || is_class {
            return Part::Nothing;
        }
    }
    let items = alternatives(filter);
    let attribute = items
        .first()
        .map(|(attribute, _)| *attribute)
        .unwrap_or_default();
    let same = items
        .iter()
        .all(|(name, _)| name.eq_ignore_ascii_case(attribute));
    // Ours takes each of these; a filter that takes less is no equivalent.
    let values_are = |names: &[&str]| {
        let any = |value: &str| matches!(value, "*" | "\\2a" | "\\2A");
        let has = |test: &dyn Fn(&str) -> bool| items.iter().any(|(_, value)| test(value));
        has(&any)
            && names
                .iter()
                .all(|name| has(&|value| is_variable(value, &[name])))
            && items
                .iter()
                .all(|(_, value)| is_variable(value, names) || any(value) || *value == "ALL")
    };
    if !same {
        Part::Other
    } else if values_are(&["hostname", "fqdn"]) {
        Part::Host(attribute.to_owned())
    } else if values_are(&["service"]) {
        Part::Service(attribute.to_owned())
    } else {
        Part::Other
    }
}

/// The comparisons of which one is enough; none where that is not all there is.
fn alternatives(filter: &Filter) -> Vec<(&str, &str)> {
    fn item(filter: &Filter) -> Option<(&str, &str)> {
        match filter {
            Filter::Item(attribute, value) => Some((attribute, value)),
            Filter::And(_) | Filter::Or(_) | Filter::Not(_) => None,
        }
    }
    let all: Option<Vec<_>> = match filter {
        Filter::Or(parts) => parts.iter().map(item).collect(),
        single => item(single).map(|item| vec![item]),
    };
    all.unwrap_or_default()
}

/// `$name` or `${name}`
fn is_variable(value: &str, names: &[&str]) -> bool {
    let name = value
        .strip_prefix('$')
        .map(|name| name.trim_matches(['{', '}']));
    name.is_some_and(|name| names.contains(&name))
}
