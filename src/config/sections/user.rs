//! `[user]` and `[user.attributes]`.

use std::collections::{BTreeMap, BTreeSet};

use super::{attribute_or, base_and_scope};
use crate::config::error::ConfigError;
use crate::config::item::Item;
use crate::config::source::Section;
use crate::config::{User, UserLookup, UserSearch};
use crate::names::{AttributeName, UserName};
use crate::ordered::{ordered, try_ordered};
use crate::template::{DnTemplate, FilterTemplate};

/// What the session sets by itself: `RSLDAP_DN` and `RSLDAP_FLAGS`.
const RESERVED: [&str; 2] = ["DN", "FLAGS"];

/// `[user]`
pub(in crate::config) fn user(section: &Section<'_>) -> Result<User, ConfigError> {
    let name_attribute = attribute_or(section, "name_attribute", "uid")?;
    let (lookup, unused_search) = lookup(section, &name_attribute)?;
    Ok(User {
        lookup,
        unused_search,
        name_attribute,
        canonical_name: section
            .read("canonical_name", Item::boolean)?
            .unwrap_or(false),
        min_uid: section
            .read("min_uid", |item| item.integer(0..=u32::MAX.into()))?
            .unwrap_or(1000),
        exempt: match section.read("exempt", exempt)? {
            Some(names) => names,
            None => ordered(["root".to_owned()]),
        },
        attributes: attributes(&section.section("attributes")?)?,
    })
}

/// `user.dn_template` or `user.search`. Both are checked, the template wins.
fn lookup(
    section: &Section<'_>,
    name: &AttributeName,
) -> Result<(UserLookup, Vec<UserSearch>), ConfigError> {
    let template = section.read("dn_template", |item| {
        DnTemplate::parse(item.text()?).map_err(|bad| {
            item.error(&format!(
                "{bad}; write it as in \"uid={{user}},ou=users,dc=example,dc=com\""
            ))
        })
    })?;
    let searches = section.read("search", |list| {
        list.filled_list(|item| search(&item, name))
    })?;
    match (template, searches) {
        (Some(template), searches) => {
            Ok((UserLookup::Template(template), searches.unwrap_or_default()))
        }
        (None, Some(searches)) => Ok((UserLookup::Search(searches), Vec::new())),
        (None, None) => Err(section.missing(
            "search",
            "missing, and dn_template too; write search = [{ base = \"ou=users,dc=example,dc=com\" }]",
        )),
    }
}

fn search(item: &Item<'_>, name: &AttributeName) -> Result<UserSearch, ConfigError> {
    let search = item.section()?;
    let (base, scope) = base_and_scope(&search)?;
    let filter = search.read("filter", |item| {
        FilterTemplate::parse(item.text()?)
            .map_err(|bad| item.error(&format!("{bad}; write it as in \"(uid={{user}})\"")))
    })?;
    let filter = match filter {
        Some(filter) => filter,
        None => FilterTemplate::parse(&format!("({}={{user}})", name.as_str()))
            .map_err(|bad| search.error(&bad.to_string()))?,
    };
    Ok(UserSearch {
        base,
        scope,
        filter,
    })
}

fn exempt(item: &Item<'_>) -> Result<BTreeSet<String>, ConfigError> {
    let name = |item: Item<'_>| {
        let name = item.text()?;
        UserName::parse(name.as_bytes())
            .map(|name| name.as_str().to_owned())
            .map_err(|bad| item.error(&format!("not a user: {}", bad.reason())))
    };
    try_ordered(item.list()?.map(name))
}

fn attributes(section: &Section<'_>) -> Result<BTreeMap<String, AttributeName>, ConfigError> {
    let mut attributes = BTreeMap::new();
    for item in section.items() {
        let variable = item.key().to_ascii_uppercase();
        let fits = item.key().starts_with(|c: char| c.is_ascii_alphabetic())
            && item
                .key()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !fits {
            return Err(item.key_error(
                "not the name of a variable; use letters, digits and \"_\", a letter first",
            ));
        }
        if RESERVED.contains(&variable.as_str()) {
            let problem = format!("RSLDAP_{variable} is set already; choose another name");
            return Err(item.key_error(&problem));
        }
        let attribute = item.attribute()?;
        if attributes.contains_key(&variable) {
            let problem = format!("another key becomes RSLDAP_{variable} too; choose another name");
            return Err(item.key_error(&problem));
        }
        attributes.insert(variable, attribute);
    }
    Ok(attributes)
}
