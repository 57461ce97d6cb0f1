//! `[group]`

use super::{attribute_or, base_and_scope};
use crate::config::error::ConfigError;
use crate::config::item::Item;
use crate::config::source::Section;
use crate::config::{Group, GroupSchema, GroupSearch};
use crate::names::AttributeName;
use crate::template::Filter;

/// A value of `group.type`. The filters are those of searches that have none of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// This attribute lists the members' DNs.
    MemberDn {
        attribute: &'static str,
        filter: &'static str,
    },
    ActiveDirectory,
    MemberOf,
    Posix,
}

const GROUP_OF_NAMES: Kind = Kind::MemberDn {
    attribute: "member",
    filter: "(objectClass=groupOfNames)",
};

const GROUP_OF_UNIQUE_NAMES: Kind = Kind::MemberDn {
    attribute: "uniqueMember",
    filter: "(objectClass=groupOfUniqueNames)",
};

const ORGANIZATIONAL_ROLE: Kind = Kind::MemberDn {
    attribute: "roleOccupant",
    filter: "(objectClass=organizationalRole)",
};

const KINDS: [(&str, Kind); 6] = [
    ("group_of_names", GROUP_OF_NAMES),
    ("group_of_unique_names", GROUP_OF_UNIQUE_NAMES),
    ("active_directory", Kind::ActiveDirectory),
    ("organizational_role", ORGANIZATIONAL_ROLE),
    ("member_of", Kind::MemberOf),
    ("posix_group", Kind::Posix),
];

/// `[group]`
pub(in crate::config) fn group(section: &Section<'_>) -> Result<Group, ConfigError> {
    let kind = section
        .read("type", |item| item.choice(&KINDS))?
        .unwrap_or(GROUP_OF_NAMES);
    let member = section.read("member_attribute", Item::attribute)?;
    let filter = default_filter(kind, member.is_some());
    let search = |item: Item<'_>| search(&item, filter);
    let group = Group {
        schema: schema(section, kind, member)?,
        name_attribute: attribute_or(section, "name_attribute", "cn")?,
        nested: section.read("nested", Item::boolean)?.unwrap_or(false),
        search: section
            .read("search", |list| list.filled_list(search))?
            .unwrap_or_default(),
    };
    match (not_nestable(&group), section.get("nested")) {
        (Some(problem), Some(nested)) if group.nested => Err(nested.key_error(problem)),
        _ => Ok(group),
    }
}

/// Why members of member groups cannot be counted.
fn not_nestable(group: &Group) -> Option<&'static str> {
    match group.schema {
        GroupSchema::Posix => Some("a posix_group lists names, not groups; leave it out"),
        GroupSchema::MemberOf => {
            Some("the server decides which groups memberOf lists; leave it out")
        }
        GroupSchema::MemberDn(_) if group.search.is_empty() => {
            Some("needs group.search, to find the groups that others are in; write it too")
        }
        GroupSchema::MemberDn(_) | GroupSchema::ActiveDirectory => None,
    }
}

fn schema(
    section: &Section<'_>,
    kind: Kind,
    member: Option<AttributeName>,
) -> Result<GroupSchema, ConfigError> {
    match (kind, member) {
        (Kind::MemberDn { attribute, .. }, _) => {
            attribute_or(section, "member_attribute", attribute).map(GroupSchema::MemberDn)
        }
        (Kind::ActiveDirectory, None) => Ok(GroupSchema::ActiveDirectory),
        (Kind::MemberOf, None) => Ok(GroupSchema::MemberOf),
        (Kind::Posix, None) => Ok(GroupSchema::Posix),
        (Kind::ActiveDirectory | Kind::MemberOf | Kind::Posix, Some(_)) => {
            let problem =
                "this type of group has its own attribute; leave it out, or leave type out";
            Err(match section.get("member_attribute") {
                Some(item) => item.key_error(problem),
                None => section.error(problem),
            })
        }
    }
}

/// The filter of a search that has none: the type's own object class. Groups with another member
/// attribute can have any class.
fn default_filter(kind: Kind, own_member_attribute: bool) -> &'static str {
    match kind {
        Kind::MemberDn { .. } if own_member_attribute => "(objectClass=*)",
        Kind::MemberDn { filter, .. } => filter,
        Kind::ActiveDirectory => "(objectClass=group)",
        Kind::MemberOf => "(objectClass=*)",
        Kind::Posix => "(objectClass=posixGroup)",
    }
}

fn search(item: &Item<'_>, default_filter: &str) -> Result<GroupSearch, ConfigError> {
    let search = item.section()?;
    let (base, scope) = base_and_scope(&search)?;
    let filter = search.read("filter", |item| {
        Filter::parse(item.text()?)
            .map_err(|bad| item.error(&format!("not a filter (RFC 4515): {bad}")))
    })?;
    let filter = match filter {
        Some(filter) => filter,
        None => Filter::parse(default_filter).map_err(|bad| search.error(&bad.to_string()))?,
    };
    Ok(GroupSearch {
        base,
        scope,
        filter,
    })
}
