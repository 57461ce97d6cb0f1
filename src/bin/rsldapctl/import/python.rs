//! Configuration in Python: read for what it plainly says, never run.
//!
//! tree-sitter takes the text apart. Then a small evaluator, without functions, loops or files,
//! computes what is made of literals alone: strings and their formatting, lists, dictionaries, names
//! that were set earlier, and the few classes of django-auth-ldap. Everything else is
//! [`Value::Unknown`], with the reason.

mod calls;
mod effects;
mod expression;
mod operators;
mod statements;
mod text;
mod value;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, ParseState, Parser};

pub use value::{GroupType, Located, Scope, Search, Value};

/// How long the parser may take. A configuration takes it some milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Deeper indentation is not handed to the parser. It keeps the widths of the open blocks, two bytes
/// each, in a buffer of 1024 bytes whose end it does not watch; widths below this always fit. Python
/// itself takes a hundred blocks at most.
const WIDEST_INDENTATION: usize = 300;

/// What a file sets.
#[derive(Debug, Default)]
pub struct Module {
    /// In the order of the names' first assignment.
    pub settings: Vec<(String, Located)>,
    /// What the reader should know, by line.
    pub remarks: Vec<(usize, String)>,
    /// Places that may set any name, by line.
    pub unseen: Vec<(usize, String)>,
    /// Settings that the default of an environment variable went into, and its name.
    pub guesses: HashMap<String, String>,
    /// `ldap.set_option(name, value)`
    pub options: Vec<(String, Located)>,
}

/// Why a file cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// On this line.
    Syntax(usize),
    /// The parser gave up.
    TooHard,
}

/// Reads a file.
///
/// # Errors
/// It is no Python.
pub fn read(text: &str) -> Result<Module, Failure> {
    if let Some(line) = too_wide(text) {
        return Err(Failure::Syntax(line));
    }
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .map_err(|_| Failure::TooHard)?;
    let end = Instant::now() + PATIENCE;
    let mut progress = |_: &ParseState| {
        if Instant::now() > end {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let bytes = text.as_bytes();
    let options = ParseOptions::new().progress_callback(&mut progress);
    let tree = parser
        .parse_with_options(
            &mut |at, _| bytes.get(at..).unwrap_or_default(),
            None,
            Some(options),
        )
        .ok_or(Failure::TooHard)?;
    let root = tree.root_node();
    match first_error(root) {
        Some(line) => Err(Failure::Syntax(line)),
        None => Ok(statements::run(root, text)),
    }
}

/// The first line that is set in too far, counted as the parser does: a tab is eight columns, and a
/// line that has nothing but a backslash goes on with the next.
fn too_wide(text: &str) -> Option<usize> {
    let mut carried = 0;
    for (at, line) in text.split('\n').enumerate() {
        let rest = line.trim_start_matches([' ', '\t', '\r', '\u{c}']);
        let blank = line.get(..line.len() - rest.len()).unwrap_or_default();
        let width = carried
            + blank
                .bytes()
                .map(|b| if b == b'\t' { 8 } else { 1 })
                .sum::<usize>();
        if width > WIDEST_INDENTATION {
            return Some(at + 1);
        }
        carried = if rest.trim_end() == "\\" { width } else { 0 };
    }
    None
}

/// The line, from 1.
fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// The line of the first part that is no Python. The walk needs no stack of its own.
fn first_error(root: Node<'_>) -> Option<usize> {
    if !root.has_error() {
        return None;
    }
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return Some(line(node));
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Some(line(root));
            }
        }
    }
}

/// The children that are no comments.
fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    let named = node.named_children(&mut cursor);
    named.filter(|child| child.kind() != "comment").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_indentation_is_not_handed_to_the_parser() {
        let blocks = |count: usize| -> String {
            (0..count)
                .map(|depth| format!("{}if x:\n", " ".repeat(depth)))
                .collect()
        };
        assert_eq!(too_wide(&blocks(200)), None);
        assert_eq!(too_wide(&blocks(2000)), Some(302));
        assert!(matches!(read(&blocks(2000)), Err(Failure::Syntax(302))));
        assert_eq!(
            too_wide(&format!("if x:\n{}y", " \\\n".repeat(400))),
            Some(302)
        );
        assert_eq!(too_wide(&format!("if x:\n{}y", "\t".repeat(38))), Some(2));
    }
}
