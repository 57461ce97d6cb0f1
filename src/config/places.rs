//! Where in the file each value stands, for messages about what it says.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, line_and_column};
use super::file::read_text;
use super::source::Source;

/// A value of the file, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `server.uris[1]`, `flags.is_staff.any[0]`
    pub key: String,
    /// From 1.
    pub line: usize,
    /// The value, if it is a string and no secret.
    pub text: Option<String>,
}

/// Every value of a configuration, in the order of the file: those in tables and lists, and the
/// tables and lists themselves.
///
/// # Errors
/// The file cannot be read safely, or is no TOML.
pub fn places(path: &Path) -> Result<Vec<Place>, ConfigError> {
    let text = read_text(path)?;
    let source = Source::new(&text, path);
    let table = DeTable::parse(source.text()).map_err(|error| source.syntax_error(&error))?;
    let mut found = Vec::new();
    walk_table(source.text(), "", table.get_ref(), &mut found);
    found.sort_by_key(|place| place.line);
    Ok(found)
}

fn walk_table(text: &str, name: &str, table: &DeTable<'_>, found: &mut Vec<Place>) {
    for (key, value) in table {
        let key_text = key.get_ref();
        let dotted = match name {
            "" => key_text.to_string(),
            name => format!("{name}.{key_text}"),
        };
        // A table without a header of its own begins where its first key does.
        let start = match value.get_ref() {
            DeValue::Table(_) => value.span().start,
            _ => key.span().start,
        };
        walk(text, dotted, start, value.get_ref(), found);
    }
}

fn walk(text: &str, key: String, start: usize, value: &DeValue<'_>, found: &mut Vec<Place>) {
    let string = match value {
        DeValue::String(string) if key != "bind.password" => Some(string.to_string()),
        _ => None,
    };
    found.push(Place {
        key: key.clone(),
        line: line_and_column(text, start).0,
        text: string,
    });
    match value {
        DeValue::Table(table) => walk_table(text, &key, table, found),
        DeValue::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                let key = format!("{key}[{number}]");
                walk(text, key, value.span().start, value.get_ref(), found);
            }
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn every_value_has_a_line_and_the_password_has_no_text() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let text = "[server]\nuris = [\n  \"ldaps://a\",\n  \"ldaps://b\",\n]\n\n[bind]\n\
                    password = \"hunter2\"\n[flags]\nx.any = [\"cn=a,o=b\"]\n";
        file.write_all(text.as_bytes()).unwrap();
        let places = places(file.path()).unwrap();
        let at = |key: &str| {
            let found = places.iter().find(|place| place.key == key);
            found.map(|place| (place.line, place.text.as_deref()))
        };
        assert_eq!(at("server"), Some((1, None)));
        assert_eq!(at("server.uris"), Some((2, None)));
        assert_eq!(at("server.uris[1]"), Some((4, Some("ldaps://b"))));
        assert_eq!(at("bind.password"), Some((8, None)));
        assert_eq!(at("flags.x.any[0]"), Some((10, Some("cn=a,o=b"))));
        assert!(!format!("{places:?}").contains("hunter2"));
    }
}
