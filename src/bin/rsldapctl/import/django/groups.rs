//! The schema of groups, where they are, and those that exist on the host too.

use super::{Settings, because, search, searches};
use crate::import::draft::{Draft, Level, Origin};
use crate::import::gates;
use crate::import::literal::Literal;
use crate::import::python::{GroupType, Value};

pub fn convert(settings: &Settings, draft: &mut Draft) {
    if let Some((value, origin)) = settings.get("AUTH_LDAP_GROUP_TYPE") {
        match value {
            Value::GroupType(group_type) => kind(draft, group_type, &origin),
            other => draft.about(
                "group.type",
                Level::Todo,
                &origin,
                because(other, "a group type"),
            ),
        }
    }
    if let Some((value, origin)) = settings.get("AUTH_LDAP_GROUP_SEARCH") {
        let nested = draft.has("group.nested");
        let level = if nested { Level::Todo } else { Level::Note };
        if let Some(found) = searches(draft, value, &origin, "group.search", level) {
            let literal = found
                .iter()
                .map(|each| search(each, Some("(objectClass=*)")))
                .collect();
            draft.set("group", "search", Literal::List(literal), &origin);
        }
    }
    mirror(settings, draft);
    cache(settings, draft);
}

fn kind(draft: &mut Draft, group_type: &GroupType, origin: &Origin) {
    let class = group_type.class.as_str();
    let (flat, nested) = match class.strip_prefix("Nested") {
        Some(flat) => (flat, true),
        None => (class, false),
    };
    let word = match flat {
        "GroupOfNamesType" => Some("group_of_names"),
        "GroupOfUniqueNamesType" => Some("group_of_unique_names"),
        "ActiveDirectoryGroupType" => Some("active_directory"),
        "OrganizationalRoleGroupType" => Some("organizational_role"),
        "PosixGroupType" if !nested => Some("posix_group"),
        "MemberDNGroupType" => None,
        _ => {
            let text = format!("{class} has no equivalent; set type or member_attribute by hand");
            draft.about("group.type", Level::Todo, origin, text);
            return;
        }
    };
    match (word, &group_type.member_attribute) {
        (Some(word), _) => draft.set("group", "type", Literal::text(word), origin),
        (None, Some(attribute)) => draft.set(
            "group",
            "member_attribute",
            Literal::text(attribute),
            origin,
        ),
        (None, None) => {
            let text =
                "the attribute of its members is not a literal; set member_attribute by hand";
            draft.about("group.member_attribute", Level::Todo, origin, text);
        }
    }
    if word == Some("active_directory") {
        gates::primary_group(draft, origin);
    }
    if nested {
        draft.set("group", "nested", Literal::Boolean(true), origin);
    }
    if let Some(name) = group_type
        .name_attribute
        .as_deref()
        .filter(|name| *name != "cn")
    {
        draft.set("group", "name_attribute", Literal::text(name), origin);
    }
}

fn mirror(settings: &Settings, draft: &mut Draft) {
    let except = settings.get("AUTH_LDAP_MIRROR_GROUPS_EXCEPT");
    let (mode, (value, origin)) = match (except, settings.get("AUTH_LDAP_MIRROR_GROUPS")) {
        (Some(except), _) => ("except", except),
        (None, Some(mirror)) => ("only", mirror),
        (None, None) => return,
    };
    let names = match value {
        Value::Boolean(false) => return,
        Value::Boolean(true) => None,
        Value::List(names) => {
            let names: Option<Vec<&str>> = names.iter().map(|name| name.value.as_text()).collect();
            names.map(Some).unwrap_or_default()
        }
        _ => None,
    };
    let mode = match (value, names.is_some()) {
        (Value::Boolean(true), _) => "all",
        (_, true) => mode,
        (other, false) => {
            draft.remark(
                Level::Warning,
                &origin,
                because(other, "True or a list of names"),
            );
            return;
        }
    };
    draft.set(
        "session.mirror_groups",
        "mode",
        Literal::text(mode),
        &origin,
    );
    let text = "there these are groups of the website; here whoever is in one gets this host's group of the same name (docker, lxd, ...) in the session, from min_gid on";
    draft.about("session.mirror_groups.mode", Level::Warning, &origin, text);
    let Some(names) = names else { return };
    let (local, others): (Vec<&str>, Vec<&str>) =
        names.into_iter().partition(|name| is_local_group(name));
    if !others.is_empty() {
        let text = "names that no local group can have are left out";
        draft.about("session.mirror_groups.names", Level::Note, &origin, text);
    }
    let names = Literal::texts(local.into_iter().map(str::to_owned));
    draft.set("session.mirror_groups", "names", names, &origin);
}

/// What can stand in the first field of group(5).
fn is_local_group(name: &str) -> bool {
    let impossible = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | ',' | '/');
    !name.is_empty() && !name.contains(impossible)
}

fn cache(settings: &Settings, draft: &mut Draft) {
    let Some((value, origin)) = settings.get("AUTH_LDAP_CACHE_TIMEOUT") else {
        return;
    };
    match value {
        Value::Integer(seconds) if *seconds > 0 => {
            draft.propose(
                "cache",
                "groups",
                Literal::seconds(seconds.unsigned_abs()),
                &origin,
            );
            let text = "there this remembers DNs and names of groups, and gates are asked at each login. cache.groups would reuse their answers too, so it is left off";
            draft.about("cache.groups", Level::Note, &origin, text);
        }
        Value::Integer(_) => {}
        other => draft.remark(Level::Note, &origin, because(other, "a number of seconds")),
    }
}
