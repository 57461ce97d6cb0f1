//! What the configuration can say already and the module cannot do yet.
//!
//! Such a key is refused unless it says what is the case anyway: nobody shall believe in a
//! protection that is not there. Whoever builds a feature removes its line.

use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::source::Source;
use super::{Config, Log, MirrorMode};

/// A key, and whether this configuration asks for what it brings.
type NotBuiltYet = (&'static str, fn(&Config) -> bool);

const NOT_BUILT_YET: &[NotBuiltYet] = &[
    ("session.local_groups", |c| {
        !c.session.local_groups.is_empty()
    }),
    ("session.mirror_groups.mode", |c| {
        c.session.mirror_groups.mode != MirrorMode::Off
    }),
    ("session.mirror_groups.names", |c| {
        !c.session.mirror_groups.names.is_empty()
    }),
    ("session.mirror_groups.min_gid", |c| {
        c.session.mirror_groups.min_gid != 1000
    }),
    ("log.file", |c| c.log.file.is_some()),
    ("log.max_bytes", |c| {
        c.log.max_bytes != Log::default().max_bytes
    }),
    ("log.backups", |c| c.log.backups != Log::default().backups),
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
