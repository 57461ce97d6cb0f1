//! Each table of the file becomes its type.

pub(super) mod bind;
pub(super) mod gates;
pub(super) mod group;
pub(super) mod outcome;
pub(super) mod server;
pub(super) mod session;
pub(super) mod user;

use super::Scope;
use super::error::ConfigError;
use super::item::Item;
use super::source::Section;
use crate::names::{AttributeName, Dn};

/// `base` and `scope` of one entry of `user.search` or `group.search`.
fn base_and_scope(search: &Section<'_>) -> Result<(Dn, Scope), ConfigError> {
    let base = search
        .read("base", Item::dn)?
        .ok_or_else(|| search.missing("base", "missing; write the DN to search below"))?;
    let scopes = [
        ("base", Scope::Base),
        ("onelevel", Scope::OneLevel),
        ("subtree", Scope::Subtree),
    ];
    let scope = search.read("scope", |scope| scope.choice(&scopes))?;
    Ok((base, scope.unwrap_or(Scope::Subtree)))
}

/// The attribute that a key names, or the default one.
fn attribute_or(
    section: &Section<'_>,
    key: &str,
    default: &str,
) -> Result<AttributeName, ConfigError> {
    match section.read(key, Item::attribute)? {
        Some(attribute) => Ok(attribute),
        None => AttributeName::parse(default)
            .ok_or_else(|| section.missing(key, "missing; name an attribute")),
    }
}
