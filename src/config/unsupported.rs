//! What the configuration can say already and the module cannot do yet.
//!
//! Such a key is refused unless it says what is the case anyway: nobody shall believe in a
//! protection that is not there. Whoever builds a feature removes its line.

use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::Config;
use super::error::ConfigError;
use super::source::Source;

/// A key, and whether this configuration asks for what it brings.
type NotBuiltYet = (&'static str, fn(&Config) -> bool);

const NOT_BUILT_YET: &[NotBuiltYet] = &[
    ("cache.groups", |c| !c.cache.groups.is_zero()),
    ("offline.credentials", |c| c.offline.credentials),
    ("offline.expire", |c| {
        c.offline.expire != Duration::from_secs(7 * 86_400)
    }),
];

/// Refuses a configuration that asks for more than there is.
///
/// # Errors
/// The first such key, in the order of the list.
pub(super) fn refuse(
    config: &Config,
    source: &Source<'_>,
    file: &DeTable<'_>,
) -> Result<(), ConfigError> {
    match NOT_BUILT_YET
        .iter()
        .find(|(_, asked_for)| asked_for(config))
    {
        Some((key, _)) => {
            let problem = "not supported yet; leave it out to get the default";
            Err(source.error(key, position(key, file), problem))
        }
        None => Ok(()),
    }
}

/// Where a dotted key stands: a table at its header, another value at its key.
fn position(key: &str, file: &DeTable<'_>) -> Option<usize> {
    let (parents, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut table = file;
    for parent in parents.split('.') {
        table = table.get(parent)?.get_ref().as_table()?;
    }
    let (name, value) = table.get_key_value(last)?;
    match value.get_ref() {
        DeValue::Table(_) => Some(value.span().start),
        _ => Some(name.span().start),
    }
}
