//! The file as TOML tables that know their names and places, so that every mistake is shown with
//! line, column and key.

use std::borrow::Cow;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::item::Item;
use super::suggest::nearest;

/// Each table and its keys; `""` is the file itself.
const TABLES: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "server", "tls", "bind", "user", "group", "flags", "access", "services", "session",
            "cache", "offline", "password", "fallback", "log",
        ],
    ),
    (
        "server",
        &[
            "uris",
            "srv_domain",
            "start_tls",
            "allow_cleartext",
            "connect_timeout",
            "operation_timeout",
            "deadline",
            "retry_after",
        ],
    ),
    (
        "tls",
        &[
            "verify",
            "ca_file",
            "ca_dir",
            "client_certificate",
            "client_key",
        ],
    ),
    (
        "bind",
        &["dn", "password_file", "password", "mechanism", "as_user"],
    ),
    (
        "user",
        &[
            "dn_template",
            "search",
            "name_attribute",
            "canonical_name",
            "min_uid",
            "exempt",
            "attributes",
        ],
    ),
    ("user.search", &["base", "scope", "filter"]),
    (
        "group",
        &[
            "type",
            "member_attribute",
            "name_attribute",
            "nested",
            "search",
        ],
    ),
    ("group.search", &["base", "scope", "filter"]),
    (
        "access",
        &[
            "require",
            "deny",
            "account_state",
            "host_attribute",
            "service_attribute",
        ],
    ),
    ("session", &["environment", "local_groups", "mirror_groups"]),
    ("session.mirror_groups", &["mode", "names", "min_gid"]),
    ("cache", &["groups"]),
    ("offline", &["credentials", "expire"]),
    ("password", &["change", "prohibit_message"]),
    (
        "fallback",
        &[
            "unavailable",
            "unknown_user",
            "bad_password",
            "config_error",
            "refused",
            "expired",
            "account",
        ],
    ),
    (
        "fallback.account",
        &[
            "unavailable",
            "unknown_user",
            "bad_password",
            "config_error",
            "refused",
            "expired",
        ],
    ),
    (
        "log",
        &["level", "facility", "file", "max_bytes", "backups"],
    ),
];

/// The keys of one table of `[services]`.
const SERVICE_KEYS: &[&str] = &["require"];

/// The text and where it came from.
pub(super) struct Source<'a> {
    text: &'a str,
    path: &'a Path,
}

impl<'a> Source<'a> {
    /// Takes the text of a file. Editors of other systems begin it with a byte order mark.
    pub(super) fn new(text: &'a str, path: &'a Path) -> Self {
        Source {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            path,
        }
    }

    /// The text without a byte order mark.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// A mistake in what `key` says, at a byte offset if it has one.
    pub(super) fn error(&self, key: &str, at: Option<usize>, problem: &str) -> ConfigError {
        let error = ConfigError::of_file(self.path, problem).about(key);
        match at {
            Some(offset) => error.at(self.text, offset),
            None => error,
        }
    }

    /// A mistake in the TOML itself. The message of the parser quotes nothing of the file, which
    /// its `Display` would.
    pub(super) fn syntax_error(&self, error: &toml::de::Error) -> ConfigError {
        let mut problem = error.message().to_owned();
        if problem == "duplicate key" {
            problem.push_str("; it is there already, keep one of the two");
        } else if problem.starts_with("invalid float") {
            problem.push_str("; a word needs quotes"); // level = info
        }
        let at = error.span().map_or(self.text.len(), |span| span.start);
        self.error("", Some(at), &problem)
    }
}

/// A table of the file, or the lack of it.
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    name: String,
    start: Option<usize>,
    table: Option<&'a DeTable<'a>>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(
        source: &'a Source<'a>,
        table: &'a DeTable<'a>,
    ) -> Result<Self, ConfigError> {
        let root = Section {
            source,
            name: String::new(),
            start: None,
            table: Some(table),
        };
        root.only_known_keys()?;
        Ok(root)
    }

    /// A table that was found at `start` in the text.
    pub(super) fn new(
        source: &'a Source<'a>,
        name: String,
        start: usize,
        table: &'a DeTable<'a>,
    ) -> Result<Self, ConfigError> {
        let section = Section {
            source,
            name,
            start: Some(start),
            table: Some(table),
        };
        section.only_known_keys()?;
        Ok(section)
    }

    /// The table called `key` in this one; an absent one has no entries.
    pub(super) fn section(&'a self, key: &'a str) -> Result<Section<'a>, ConfigError> {
        match self.get(key) {
            Some(item) => item.section(),
            None => {
                let name = self.name_of(key);
                Ok(Section {
                    source: self.source,
                    name,
                    start: None,
                    table: None,
                })
            }
        }
    }

    /// The file.
    pub(super) fn source(&self) -> &'a Source<'a> {
        self.source
    }

    /// The dotted name of a key in this table.
    pub(super) fn name_of(&self, key: &str) -> String {
        if self.name.is_empty() {
            shown(key)
        } else {
            format!("{}.{}", self.name, shown(key))
        }
    }

    /// What the file says for a key.
    pub(super) fn get(&'a self, key: &str) -> Option<Item<'a>> {
        let (name, value) = self.table?.get_key_value(key)?;
        Some(Item::new(self, name, value))
    }

    /// What the file says for a key, read in one way.
    pub(super) fn read<T>(
        &'a self,
        key: &str,
        read: impl FnOnce(&Item<'a>) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.get(key).map(|item| read(&item)).transpose()
    }

    /// All keys and what the file says for them.
    pub(super) fn items(&'a self) -> impl Iterator<Item = Item<'a>> {
        self.table
            .into_iter()
            .flat_map(DeTable::iter)
            .map(|(name, value)| Item::new(self, name, value))
    }

    /// A mistake about the table as a whole: something is missing.
    pub(super) fn error(&self, problem: &str) -> ConfigError {
        self.source.error(&self.name, self.start, problem)
    }

    /// A mistake about a key that is not there.
    pub(super) fn missing(&self, key: &str, problem: &str) -> ConfigError {
        self.source.error(&self.name_of(key), self.start, problem)
    }

    /// Refuses keys that this table does not have. Tables whose keys are free are not listed.
    fn only_known_keys(&self) -> Result<(), ConfigError> {
        let keys: &[&str] = match TABLES.iter().find(|(name, _)| *name == self.name) {
            Some((_, keys)) => keys,
            None if self.name.starts_with("services.") => SERVICE_KEYS,
            None => return Ok(()),
        };
        self.refuse_unknown(keys)
    }

    fn refuse_unknown(&self, keys: &[&str]) -> Result<(), ConfigError> {
        let unknown = self
            .table
            .into_iter()
            .flat_map(DeTable::iter)
            .filter(|(key, _)| !keys.contains(&key.get_ref().as_ref()))
            .min_by_key(|(key, _)| key.span().start);
        match unknown {
            Some((key, value)) => Err(self.unknown(key, value, keys)),
            None => Ok(()),
        }
    }

    fn unknown(
        &self,
        key: &Spanned<Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        keys: &[&str],
    ) -> ConfigError {
        let kind = if value.get_ref().is_table() {
            "table"
        } else {
            "key"
        };
        let name = key.get_ref().as_ref();
        let elsewhere = TABLES.iter().find(|(_, keys)| keys.contains(&name));
        let hint = match (nearest(name, keys.iter().copied()), elsewhere) {
            (Some(near), _) => format!("did you mean \"{near}\"?"),
            (None, Some((table, _))) if !table.is_empty() => format!("it belongs in [{table}]"),
            _ => format!("known here: {}", keys.join(", ")),
        };
        let problem = format!("unknown {kind}; {hint}");
        self.source
            .error(&self.name_of(name), Some(key.span().start), &problem)
    }
}

/// How much of a key or word an error message shows, in characters.
const SHOWN: usize = 60;

/// A key or word for an error message: one short line, whatever it holds.
pub(super) fn shown(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if word.len() <= SHOWN && word.bytes().all(plain) {
        return word.to_owned(); // nearly always
    }
    let mut shown: String = word
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if word.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}
