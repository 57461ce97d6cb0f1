//! What is wrong with a configuration, where, and how to mend it.

use std::fmt;
use std::path::{Path, PathBuf};

/// A mistake for the administrator to mend.
///
/// Shown as `PATH:LINE:COLUMN: SECTION.KEY: problem; how to mend it`, as compilers do. The value
/// of `bind.password` is never part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Box<Mistake>);

/// Large, and handed on at each of hundreds of places: boxed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mistake {
    path: PathBuf,
    position: Option<(usize, usize)>,
    key: String,
    problem: String,
}

impl ConfigError {
    /// A mistake about the file as a whole.
    pub(super) fn of_file(path: &Path, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        ConfigError(Box::new(Mistake {
            path: path.to_owned(),
            position: None,
            key: String::new(),
            problem,
        }))
    }

    /// The same about one key.
    pub(super) fn about(mut self, key: &str) -> Self {
        self.0.key = key.to_owned();
        self
    }

    /// The same at a byte offset of the file's text.
    pub(super) fn at(mut self, text: &str, offset: usize) -> Self {
        self.0.position = Some(line_and_column(text, offset));
        self
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Line and column in characters, both counted from 1. None: the mistake is that something is
    /// missing, or concerns the whole file.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        self.0.position
    }

    /// `SECTION.KEY`; empty for a mistake in the TOML or about the whole file.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// What is wrong, and behind a semicolon how to mend it.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.0.problem
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.0.path.display())?;
        if let Some((line, column)) = self.0.position {
            write!(f, "{line}:{column}:")?;
        }
        if !self.0.key.is_empty() {
            write!(f, " {}:", self.0.key)?;
        }
        write!(f, " {}", self.0.problem)
    }
}

impl std::error::Error for ConfigError {}

/// Line and column in characters, both counted from 1.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let mut before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    if let Some((_, last)) = before.rsplit_once('\n') {
        before = last;
    }
    (line, before.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "a\nüb\r\nc";
        let at = |needle| line_and_column(text, text.find(needle).unwrap());
        assert_eq!(at('a'), (1, 1));
        assert_eq!(at('b'), (2, 2));
        assert_eq!(at('c'), (3, 1));
        assert_eq!(line_and_column(text, 999), (3, 2));
    }
}
