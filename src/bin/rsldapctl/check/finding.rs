//! Something to tell the administrator, and where in the file it comes from.

use std::path::{Path, PathBuf};

use pam_rsldap::config::{self, Place};
use pam_rsldap::names::Dn;
use serde::Serialize;

/// How bad it is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Logins fail, or somebody gets in who should not.
    Error,
    /// It works, and is weaker than it should be, or will not work for long.
    Warning,
    /// It may be meant.
    Note,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Note => "note",
        }
    }
}

/// Every word that [`Finding::id`] can be.
pub const IDS: [&str; 31] = [
    "configuration",
    "secret_file",
    "tls_file",
    "ca_expired",
    "client_certificate_expired",
    "directory_writable",
    "file_writable",
    "not_verified",
    "cleartext",
    "refusal_ignored",
    "no_time_for_second_server",
    "service_unknown",
    "server_down",
    "server_untrusted",
    "certificate_expires",
    "certificate_expired",
    "bind_refused",
    "group_type_unfit",
    "base_missing",
    "no_users",
    "search_cut_off",
    "name_attribute_missing",
    "name_attribute_unfit",
    "template_mismatch",
    "member_of_missing",
    "group_missing",
    "group_missing_negated",
    "group_unreadable",
    "group_wrong_schema",
    "group_empty",
    "group_outside_search",
];

/// A finding. The names of the fields are those of `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word that does not change.
    pub id: &'static str,
    pub level: Severity,
    pub what: String,
    /// `FILE:LINE`, or the file alone.
    #[serde(rename = "where")]
    pub place: Option<String>,
    pub why: String,
    pub fix: String,
    /// The servers where it is so; empty if it has nothing to do with one.
    pub servers: Vec<String>,
}

impl Finding {
    pub fn new(level: Severity, id: &'static str, what: impl Into<String>) -> Finding {
        debug_assert!(IDS.contains(&id), "{id} is not in the list");
        Finding {
            id,
            level,
            what: what.into(),
            place: None,
            why: String::new(),
            fix: String::new(),
            servers: Vec::new(),
        }
    }

    pub fn at(self, place: impl Into<Option<String>>) -> Finding {
        Finding {
            place: place.into(),
            ..self
        }
    }

    pub fn why(self, why: impl Into<String>) -> Finding {
        Finding {
            why: why.into(),
            ..self
        }
    }

    pub fn fix(self, fix: impl Into<String>) -> Finding {
        Finding {
            fix: fix.into(),
            ..self
        }
    }

    /// The same thing found at another server is no second finding.
    pub fn add_to(self, findings: &mut Vec<Finding>) {
        let same = |other: &&mut Finding| {
            (other.id, &other.what, &other.place) == (self.id, &self.what, &self.place)
        };
        match findings.iter_mut().find(same) {
            Some(known) => {
                known.level = known.level.min(self.level);
                for server in self.servers {
                    if !known.servers.contains(&server) {
                        known.servers.push(server);
                    }
                }
            }
            None => findings.push(self),
        }
    }
}

/// Where in the configuration each key stands.
pub struct Places {
    path: PathBuf,
    places: Vec<Place>,
}

impl Places {
    /// Of a file that has been read already; of one that has gone since, none.
    pub fn of(path: &Path) -> Places {
        Places {
            path: path.to_owned(),
            places: config::places(path).unwrap_or_default(),
        }
    }

    /// `FILE:LINE` of a key; of its table, where the key is not there; or the file.
    pub fn of_key(&self, key: &str) -> String {
        let mut wanted = key;
        loop {
            if let Some(found) = self.places.iter().find(|place| place.key == wanted) {
                return self.line(found.line);
            }
            match wanted.rfind(['.', '[']) {
                Some(end) => wanted = wanted.get(..end).unwrap_or_default(),
                None => return self.path.display().to_string(),
            }
        }
    }

    /// The place of the first value below this key that is this DN; or of the key.
    pub fn of_dn(&self, key: &str, dn: &Dn) -> String {
        let is_it = |place: &&Place| {
            let below = place.key.strip_prefix(key);
            let inside = below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
            let text = place.text.as_deref().filter(|text| text.contains('='));
            inside && text.and_then(|text| Dn::parse(text).ok()).as_ref() == Some(dn)
        };
        match self.places.iter().find(is_it) {
            Some(found) => self.line(found.line),
            None => self.of_key(key),
        }
    }

    /// Whether a key is in the file.
    pub fn has(&self, key: &str) -> bool {
        self.places.iter().any(|place| place.key == key)
    }

    /// The keys whose text has this word in it, in any case.
    pub fn mentioning(&self, word: &str) -> Vec<&str> {
        let mentions = |place: &&Place| {
            let text = place.text.as_deref().unwrap_or_default();
            text.to_ascii_lowercase().contains(word)
        };
        let found = self.places.iter().filter(mentions);
        found.map(|place| place.key.as_str()).collect()
    }

    fn line(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}
