//! What a login brings beyond the answer: `[session]`, `[cache]`, `[offline]`, `[password]`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::config::error::ConfigError;
use crate::config::item::Item;
use crate::config::query::Flags;
use crate::config::source::Section;
use crate::config::{
    Cache, ChangeMethod, Group, MirrorGroups, MirrorMode, Offline, PasswordChange, Query, Scheme,
    Server, Session,
};
use crate::names::is_local_group;
use crate::ordered::try_ordered;

/// `[session]`
pub(in crate::config) fn session(
    section: &Section<'_>,
    flags: &Flags<'_>,
    group: &Group,
) -> Result<Session, ConfigError> {
    Ok(Session {
        environment: section.read("environment", Item::boolean)?.unwrap_or(true),
        local_groups: local_groups(&section.section("local_groups")?, flags)?,
        mirror_groups: mirror_groups(&section.section("mirror_groups")?, group)?,
    })
}

impl Session {
    /// Whether sessions get local groups at all.
    #[must_use]
    pub fn gives_groups(&self) -> bool {
        !self.local_groups.is_empty() || self.mirror_groups.mode != MirrorMode::Off
    }

    /// Drops everything about local groups.
    pub fn give_no_groups(&mut self) {
        self.local_groups.clear();
        self.mirror_groups.mode = MirrorMode::Off;
    }
}

fn local_groups(
    section: &Section<'_>,
    flags: &Flags<'_>,
) -> Result<BTreeMap<String, Query>, ConfigError> {
    let mut groups = BTreeMap::new();
    for item in section.items() {
        if !is_local_group(item.key()) {
            return Err(item.key_error(NOT_A_GROUP));
        }
        groups.insert(item.key().to_owned(), flags.query(&item)?);
    }
    Ok(groups)
}

fn mirror_groups(section: &Section<'_>, group: &Group) -> Result<MirrorGroups, ConfigError> {
    let modes = [
        ("off", MirrorMode::Off),
        ("all", MirrorMode::All),
        ("only", MirrorMode::Only),
        ("except", MirrorMode::Except),
    ];
    let names = section.read("names", group_names)?.unwrap_or_default();
    let mode = section.read("mode", |item| match item.choice(&modes)? {
        MirrorMode::Off => Ok(MirrorMode::Off),
        _ if group.search.is_empty() => Err(item.error(
            "needs group.search; write search = [{ base = \"ou=groups,dc=example,dc=com\" }] in [group]",
        )),
        mode => Ok(mode),
    })?;
    Ok(MirrorGroups {
        mode: mode.unwrap_or(MirrorMode::Off),
        names,
        min_gid: section
            .read("min_gid", |item| item.integer(0..=u32::MAX.into()))?
            .unwrap_or(1000),
    })
}

const NOT_A_GROUP: &str = "not the name of a local group; write it as in /etc/group";

fn group_names(list: &Item<'_>) -> Result<BTreeSet<String>, ConfigError> {
    let name = |item: Item<'_>| match item.text()? {
        name if is_local_group(name) => Ok(name.to_owned()),
        _ => Err(item.error(NOT_A_GROUP)),
    };
    try_ordered(list.list()?.map(name))
}

/// `[cache]`
pub(in crate::config) fn cache(section: &Section<'_>) -> Result<Cache, ConfigError> {
    Ok(Cache {
        groups: section.read("groups", Item::age)?.unwrap_or(Duration::ZERO),
    })
}

/// `[offline]`
pub(in crate::config) fn offline(section: &Section<'_>) -> Result<Offline, ConfigError> {
    let expire = |item: &Item<'_>| match item.age()? {
        Duration::ZERO => Err(item.error("zero would expire at once; write at least \"1ms\"")),
        expire => Ok(expire),
    };
    Ok(Offline {
        credentials: section.read("credentials", Item::boolean)?.unwrap_or(false),
        expire: section
            .read("expire", expire)?
            .unwrap_or(Duration::from_secs(7 * 86_400)),
    })
}

/// `[password]`
///
/// Active Directory takes new passwords over TLS alone (MS-ADTS §3.1.1.3.1.5).
pub(in crate::config) fn password(
    section: &Section<'_>,
    server: &Server,
) -> Result<PasswordChange, ConfigError> {
    let methods = [
        ("exop", ChangeMethod::Exop),
        ("ad", ChangeMethod::ActiveDirectory),
        ("off", ChangeMethod::Off),
    ];
    let in_clear = server
        .uris
        .iter()
        .find(|uri| uri.scheme() == Scheme::Ldap && !server.start_tls);
    let change = section.read("change", |item| match (item.choice(&methods)?, in_clear) {
        (ChangeMethod::ActiveDirectory, Some(uri)) => Err(item.error(&format!(
            "\"ad\" needs TLS, and {uri} has none; write ldaps:// or start_tls = true"
        ))),
        (method, _) => Ok(method),
    })?;
    Ok(PasswordChange {
        change: change.unwrap_or(ChangeMethod::Exop),
        prohibit_message: section
            .read("prohibit_message", Item::text)?
            .map(str::to_owned),
    })
}
