//! What follows from an outcome: `[fallback]` and `[log]`.

use crate::config::error::ConfigError;
use crate::config::item::Item;
use crate::config::source::Section;
use crate::config::{Fallback, FallbackRules, Log, LogFacility, LogLevel, OnFailure};

/// `[fallback]` and `[fallback.account]`
pub(in crate::config) fn fallback(section: &Section<'_>) -> Result<Fallback, ConfigError> {
    let auth = rules(section, FallbackRules::default())?;
    let account = rules(&section.section("account")?, auth)?;
    Ok(Fallback { auth, account })
}

/// The rules of one table; what it leaves out is as in `inherited`.
fn rules(section: &Section<'_>, inherited: FallbackRules) -> Result<FallbackRules, ConfigError> {
    let rule = |key, inherited| {
        let choices = [("ignore", OnFailure::Ignore), ("deny", OnFailure::Deny)];
        Ok(section
            .read(key, |item| item.choice(&choices))?
            .unwrap_or(inherited))
    };
    Ok(FallbackRules {
        unavailable: rule("unavailable", inherited.unavailable)?,
        unknown_user: rule("unknown_user", inherited.unknown_user)?,
        bad_password: rule("bad_password", inherited.bad_password)?,
        config_error: rule("config_error", inherited.config_error)?,
        refused: rule("refused", inherited.refused)?,
        expired: rule("expired", inherited.expired)?,
    })
}

const LEVELS: [(&str, LogLevel); 4] = [
    ("error", LogLevel::Error),
    ("warning", LogLevel::Warning),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];

const FACILITIES: [(&str, LogFacility); 12] = [
    ("authpriv", LogFacility::Authpriv),
    ("auth", LogFacility::Auth),
    ("daemon", LogFacility::Daemon),
    ("user", LogFacility::User),
    ("local0", LogFacility::Local(0)),
    ("local1", LogFacility::Local(1)),
    ("local2", LogFacility::Local(2)),
    ("local3", LogFacility::Local(3)),
    ("local4", LogFacility::Local(4)),
    ("local5", LogFacility::Local(5)),
    ("local6", LogFacility::Local(6)),
    ("local7", LogFacility::Local(7)),
];

/// Rotating renames each of them.
const MAX_BACKUPS: u64 = 1000;

/// `[log]`
pub(in crate::config) fn log(section: &Section<'_>) -> Result<Log, ConfigError> {
    let default = Log::default();
    let max_bytes = section.read("max_bytes", |item| {
        item.integer(1..=i64::MAX.unsigned_abs())
    })?;
    let backups = section.read("backups", |item| item.integer(0..=MAX_BACKUPS))?;
    Ok(Log {
        level: section
            .read("level", |item| item.choice(&LEVELS))?
            .unwrap_or(default.level),
        facility: section
            .read("facility", |item| item.choice(&FACILITIES))?
            .unwrap_or(default.facility),
        file: section.read("file", Item::path)?,
        max_bytes: max_bytes.unwrap_or(default.max_bytes),
        backups: backups.unwrap_or(default.backups),
    })
}
