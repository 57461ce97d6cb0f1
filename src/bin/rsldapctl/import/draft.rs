//! The configuration in the making: values with their origin, and notes for the reader.

use pam_rsldap::characters::excerpt;
use serde::Serialize;

use super::literal::{Literal, comment, key};

/// The tables of the configuration, in the order in which they are written.
const TABLES: [&str; 14] = [
    "server",
    "tls",
    "bind",
    "user",
    "user.attributes",
    "group",
    "flags",
    "access",
    "services.sudo",
    "services.sudo-i",
    "session.mirror_groups",
    "cache",
    "offline",
    "password",
];

/// How wide a comment is.
const WIDTH: usize = 100;

/// How much a note asks of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Until it is done there is no login, or it is not known that the right people get in.
    Todo,
    /// It works otherwise than before.
    Warning,
    /// For information.
    Note,
}

/// Something that the reader should know. The names of the fields are those of `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    pub level: Level,
    /// The line of the source, from 1.
    pub line: Option<usize>,
    /// What the source calls it.
    pub setting: Option<String>,
    /// The key here, `table.key`.
    pub key: Option<String>,
    pub text: String,
}

/// Where in the source something stands.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub line: Option<usize>,
    pub setting: Option<String>,
}

impl Origin {
    pub fn new(line: usize, setting: impl Into<String>) -> Origin {
        Origin {
            // Line 0 is that of a default.
            line: (line > 0).then_some(line),
            setting: Some(excerpt(&setting.into())),
        }
    }
}

#[derive(Debug)]
struct Entry {
    /// `table.key`
    name: String,
    table: &'static str,
    key: String,
    value: Literal,
    /// Commented out: a proposal.
    proposed: bool,
    origin: Origin,
}

/// The configuration in the making.
#[derive(Debug)]
pub struct Draft {
    /// The name of the source, for comments.
    file: String,
    entries: Vec<Entry>,
    notes: Vec<Note>,
}

impl Draft {
    pub fn new(file: &str) -> Draft {
        Draft {
            file: excerpt(file),
            entries: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Sets a key; an earlier value is replaced.
    pub fn set(&mut self, table: &'static str, key: &str, value: Literal, origin: &Origin) {
        self.put(table, key, value, origin, false);
    }

    /// Takes a key back, and what was said about it: a later line says otherwise.
    pub fn unset(&mut self, name: &str) {
        self.entries.retain(|entry| entry.name != name);
        self.notes.retain(|note| note.key.as_deref() != Some(name));
    }

    /// Writes a key that the reader may want, commented out.
    pub fn propose(&mut self, table: &'static str, key: &str, value: Literal, origin: &Origin) {
        self.put(table, key, value, origin, true);
    }

    fn put(
        &mut self,
        table: &'static str,
        key: &str,
        value: Literal,
        origin: &Origin,
        proposed: bool,
    ) {
        let name = format!("{table}.{key}");
        self.entries.retain(|entry| entry.name != name);
        self.entries.push(Entry {
            name,
            table,
            key: key.to_owned(),
            value,
            proposed,
            origin: origin.clone(),
        });
    }

    /// Whether a key has a value that counts.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value of `table.key`, if it counts.
    pub fn value(&self, name: &str) -> Option<&Literal> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        entry
            .filter(|entry| !entry.proposed)
            .map(|entry| &entry.value)
    }

    /// Says something about a key of ours, `table.key`.
    pub fn about(&mut self, key: &str, level: Level, origin: &Origin, text: impl Into<String>) {
        self.push(Some(key.to_owned()), level, origin, text.into());
    }

    /// Says something that belongs to no key of ours.
    pub fn remark(&mut self, level: Level, origin: &Origin, text: impl Into<String>) {
        self.push(None, level, origin, text.into());
    }

    fn push(&mut self, key: Option<String>, level: Level, origin: &Origin, text: String) {
        self.notes.push(Note {
            level,
            line: origin.line,
            setting: origin.setting.clone(),
            key,
            text,
        });
    }

    /// The notes, those that ask most of the reader first, and by line of the source.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = self.notes.clone();
        notes.sort_by_key(|note| (note.level, note.line));
        notes
    }

    /// Nothing is left to be done before this is what the source was.
    pub fn is_complete(&self) -> bool {
        self.notes.iter().all(|note| note.level != Level::Todo)
    }

    /// The file, without its head.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for table in TABLES {
            self.write_table(table, &mut text);
        }
        self.write_rest(&mut text);
        text
    }

    fn write_table(&self, table: &str, text: &mut String) {
        let entries: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.table == table)
            .collect();
        let of_table = |note: &&Note| {
            let table_of = |key: &str| {
                key.rsplit_once('.')
                    .is_some_and(|(first, _)| first == table)
            };
            note.key.as_deref().is_some_and(table_of)
        };
        let notes: Vec<&Note> = self.notes.iter().filter(of_table).collect();
        if entries.is_empty() && notes.is_empty() {
            return;
        }
        // A table of proposals alone would be empty.
        let header = if entries.iter().any(|entry| !entry.proposed) {
            ""
        } else {
            "# "
        };
        text.push_str(&format!("\n{header}[{table}]\n"));
        for entry in &entries {
            let own = |note: &&&Note| note.key.as_ref() == Some(&entry.name);
            notes
                .iter()
                .filter(own)
                .for_each(|note| self.write_note(note, text));
            self.write_entry(entry, text);
        }
        let without_entry = |note: &&&Note| {
            entries
                .iter()
                .all(|entry| note.key.as_ref() != Some(&entry.name))
        };
        notes
            .iter()
            .filter(without_entry)
            .for_each(|note| self.write_note(note, text));
    }

    fn write_entry(&self, entry: &Entry, text: &mut String) {
        let mark = if entry.proposed { "# " } else { "" };
        let line = format!("{mark}{} = {}", key(&entry.key), entry.value);
        match self.place(&entry.origin) {
            Some(place) => text.push_str(&format!("{line}  # {place}\n")),
            None => text.push_str(&format!("{line}\n")),
        }
    }

    fn write_note(&self, note: &Note, text: &mut String) {
        let level = match note.level {
            Level::Todo => "TODO: ",
            Level::Warning => "WARNING: ",
            Level::Note => "",
        };
        let origin = Origin {
            line: note.line,
            setting: note.setting.clone(),
        };
        let place = self
            .place(&origin)
            .map(|place| format!("{place}: "))
            .unwrap_or_default();
        text.push_str(&comment(
            &format!("{level}{place}{}", harmless_long(&note.text)),
            WIDTH,
        ));
    }

    fn write_rest(&self, text: &mut String) {
        let rest: Vec<Note> = self
            .notes()
            .into_iter()
            .filter(|note| note.key.is_none())
            .collect();
        if rest.is_empty() {
            return;
        }
        text.push_str("\n# What has no key here:\n");
        rest.iter().for_each(|note| self.write_note(note, text));
    }

    /// `FILE:LINE SETTING`
    fn place(&self, origin: &Origin) -> Option<String> {
        let setting = origin.setting.as_deref();
        match (origin.line, setting) {
            (Some(line), Some(setting)) => Some(format!("{}:{line} {setting}", self.file)),
            (Some(line), None) => Some(format!("{}:{line}", self.file)),
            (None, Some(setting)) => Some(setting.to_owned()),
            (None, None) => None,
        }
    }
}

/// As [`excerpt`], of any length; line ends stay.
fn harmless_long(text: &str) -> String {
    let line = |line: &str| line.split(' ').map(excerpt).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
