//! `[access]` and `[services.NAME]`.

use std::collections::BTreeMap;

use crate::config::error::ConfigError;
use crate::config::item::Item;
use crate::config::query::Flags;
use crate::config::source::Section;
use crate::config::{Access, AccountState, Query};
use crate::names::ServiceName;
use crate::ordered::ordered;

const ACCOUNT_STATES: [(&str, AccountState); 4] = [
    ("ppolicy", AccountState::Ppolicy),
    ("shadow", AccountState::Shadow),
    ("active_directory", AccountState::ActiveDirectory),
    ("389ds", AccountState::Ds389),
];

/// `[access]`
pub(in crate::config) fn access(
    section: &Section<'_>,
    flags: &Flags<'_>,
) -> Result<Access, ConfigError> {
    let states = section.read("account_state", |list| {
        list.filled_list(|item| item.choice(&ACCOUNT_STATES))
    })?;
    Ok(Access {
        require: section.read("require", |item| flags.query(item))?,
        deny: section.read("deny", |item| flags.query(item))?,
        account_state: states.map(ordered),
        host_attribute: section.read("host_attribute", Item::attribute)?,
        service_attribute: section.read("service_attribute", Item::attribute)?,
    })
}

/// `[services.NAME]`
pub(in crate::config) fn services(
    section: &Section<'_>,
    flags: &Flags<'_>,
) -> Result<BTreeMap<ServiceName, Query>, ConfigError> {
    let mut services = BTreeMap::new();
    for item in section.items() {
        let name =
            ServiceName::parse(item.key()).ok_or_else(|| item.key_error(impossible(&item)))?;
        let service = item.section()?;
        let require = service
            .read("require", |item| flags.query(item))?
            .ok_or_else(|| service.missing("require", "missing; write require = QUERY"))?;
        services.insert(name, require);
    }
    Ok(services)
}

fn impossible(item: &Item<'_>) -> &'static str {
    if item.key().contains(|c: char| c.is_ascii_uppercase()) {
        "would never match, since PAM keeps service names in lower case; write it so"
    } else {
        "not the name of a PAM service; write that of its file in /etc/pam.d"
    }
}
