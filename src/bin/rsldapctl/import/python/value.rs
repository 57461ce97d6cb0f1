//! What an expression comes to.

use crate::import::query::Query;

/// Deeper values are not kept: they would have to be taken down by recursion.
pub const MAX_DEPTH: usize = 24;

/// A value and the line on which it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    pub line: usize,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    None,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// A list, tuple or set.
    List(Vec<Located>),
    Dictionary(Vec<(Located, Located)>),
    /// `ldap.NAME`, or another constant that is known by its name.
    Constant(String),
    Search(Search),
    Union(Vec<Located>),
    Query(Query),
    GroupType(GroupType),
    /// Not to be told without running the file, and why.
    Unknown(String),
}

/// `LDAPSearch(base, scope, filter)`
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    pub base: String,
    pub scope: Scope,
    pub filter: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Base,
    OneLevel,
    Subtree,
}

impl Scope {
    /// As `scope` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Base => "base",
            Scope::OneLevel => "onelevel",
            Scope::Subtree => "subtree",
        }
    }
}

/// `GroupOfNamesType(name_attr="cn")` and its relatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupType {
    pub class: String,
    pub member_attribute: Option<String>,
    pub name_attribute: Option<String>,
}

impl Value {
    pub fn unknown(why: impl Into<String>) -> Value {
        Value::Unknown(why.into())
    }

    /// Why this, or a part of it, is unknown.
    pub fn why_unknown(&self) -> Option<&str> {
        match self {
            Value::Unknown(why) => Some(why),
            Value::List(values) | Value::Union(values) => {
                values.iter().find_map(|part| part.value.why_unknown())
            }
            Value::Dictionary(pairs) => pairs.iter().find_map(|(key, value)| {
                key.value
                    .why_unknown()
                    .or_else(|| value.value.why_unknown())
            }),
            _ => None,
        }
    }

    /// What is copied when this is copied.
    pub fn size(&self) -> usize {
        match self {
            Value::Text(text) | Value::Unknown(text) | Value::Constant(text) => text.len() + 1,
            Value::List(values) | Value::Union(values) => {
                values.iter().map(|part| part.value.size()).sum::<usize>() + 1
            }
            Value::Dictionary(pairs) => {
                let sizes = pairs
                    .iter()
                    .map(|(key, value)| key.value.size() + value.value.size());
                sizes.sum::<usize>() + 1
            }
            Value::Query(query) => query.groups().iter().map(|dn| dn.len()).sum::<usize>() + 1,
            _ => 1,
        }
    }

    pub fn depth(&self) -> usize {
        match self {
            Value::List(values) | Value::Union(values) => {
                values
                    .iter()
                    .map(|part| part.value.depth())
                    .max()
                    .unwrap_or(0)
                    + 1
            }
            Value::Dictionary(pairs) => {
                let depths = pairs.iter().map(|(_, value)| value.value.depth());
                depths.max().unwrap_or(0) + 1
            }
            Value::Query(query) => query_depth(query),
            _ => 1,
        }
    }

    /// What Python takes for true; None if that cannot be told.
    pub fn truth(&self) -> Option<bool> {
        match self {
            // Some of the constants of ldap are zero.
            Value::Unknown(_) | Value::Constant(_) => None,
            Value::None => Some(false),
            Value::Boolean(value) => Some(*value),
            Value::Integer(value) => Some(*value != 0),
            Value::Float(value) => Some(*value != 0.0),
            Value::Text(text) => Some(!text.is_empty()),
            Value::List(values) => Some(!values.is_empty()),
            Value::Dictionary(pairs) => Some(!pairs.is_empty()),
            _ => Some(true),
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What other names may stand for as well, and change.
pub fn is_mutable(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Dictionary(_))
}

/// Whether it is one, or has one in it.
pub fn holds_mutable(value: &Value) -> bool {
    is_mutable(value) || matches!(value, Value::Union(_))
}

fn query_depth(query: &Query) -> usize {
    match query {
        Query::Group(_) => 1,
        Query::Any(parts) | Query::All(parts) => {
            parts.iter().map(query_depth).max().unwrap_or(0) + 1
        }
        Query::Not(part) => query_depth(part) + 1,
    }
}
