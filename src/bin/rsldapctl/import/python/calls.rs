//! Calls: the classes of django-auth-ldap, the environment, and what strings and numbers can do.

use tree_sitter::Node;

use super::expression::Scope as Names;
use super::text;
use super::value::{GroupType, Located, Scope, Search, Value};
use super::{children, line};
use crate::import::query::Query;

/// What a function gets.
#[derive(Default)]
struct Arguments {
    positional: Vec<Located>,
    named: Vec<(String, Located)>,
}

impl Arguments {
    /// By its name, or else its place.
    fn get(&self, name: &str, place: usize) -> Option<&Value> {
        let named = self
            .named
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value);
        named
            .or_else(|| self.positional.get(place))
            .map(|value| &value.value)
    }
}

/// What a call comes to.
pub fn call(names: &mut Names<'_>, node: Node<'_>) -> Value {
    let Some(function) = node.child_by_field_name("function") else {
        return Value::unknown("an unusual call");
    };
    let dotted = names.source(function).to_owned();
    let last = last_part(names, &dotted);
    let arguments = match arguments(names, node) {
        Some(arguments) => arguments,
        None => return Value::unknown(format!("{}(...) is not run", named(&last))),
    };
    // A name that the file itself has given a meaning is not that of a library.
    let is_own = function.kind() == "identifier"
        && names.names.contains_key(&dotted)
        && !["env", "config"].contains(&dotted.as_str());
    if is_plain_name(&dotted) {
        let unknown = arguments.positional.iter().map(|value| &value.value);
        let known = |names: &mut _| known_function(names, &last, &dotted, &arguments, line(node));
        if let Some(value) = (!is_own).then(|| known(names)).flatten() {
            return value;
        }
        if let Some(class) = unknown
            .filter_map(Value::as_text)
            .find(|text| is_group_type(text))
        {
            let remark = format!(
                "taken for the group type {class}; {}(...) was not run",
                named(&last)
            );
            names.remark(line(node), remark);
            return group_type(class, &Arguments::default());
        }
    }
    let of_import = is_plain_name(&dotted) && names.is_import(&dotted);
    if function.kind() == "attribute" && !of_import {
        if let Some(value) = method(names, function, &arguments) {
            return value;
        }
    }
    Value::unknown(format!("{}(...) is not run", named(&last)))
}

/// The name of a function, for a message: its last part, if it has a name at all.
fn named(last: &str) -> &str {
    if is_plain_name(last) {
        last
    } else {
        "a function"
    }
}

fn is_plain_name(dotted: &str) -> bool {
    dotted.len() < 100
        && dotted
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

/// The last part of a dotted name, behind an alias that an import gave it.
fn last_part(names: &Names<'_>, dotted: &str) -> String {
    let meaning = names.imports.get(dotted).map_or(dotted, String::as_str);
    meaning
        .rsplit('.')
        .next()
        .unwrap_or(meaning)
        .trim()
        .to_owned()
}

fn arguments(names: &mut Names<'_>, node: Node<'_>) -> Option<Arguments> {
    let list = node.child_by_field_name("arguments")?;
    let mut arguments = Arguments::default();
    for argument in if list.kind() == "argument_list" {
        children(list)
    } else {
        return None;
    } {
        match argument.kind() {
            "keyword_argument" => {
                let name = argument.child_by_field_name("name")?;
                let value = argument.child_by_field_name("value")?;
                arguments
                    .named
                    .push((names.source(name).to_owned(), names.located(value)));
            }
            "list_splat" | "dictionary_splat" => return None,
            _ => arguments.positional.push(names.located(argument)),
        }
    }
    Some(arguments)
}

fn known_function(
    names: &mut Names<'_>,
    last: &str,
    dotted: &str,
    arguments: &Arguments,
    line: usize,
) -> Option<Value> {
    let first = arguments.positional.first().map(|value| &value.value);
    Some(match last {
        "LDAPSearch" => search(arguments),
        "LDAPSearchUnion" => union(arguments),
        "LDAPGroupQuery" => group_query(arguments),
        class if is_group_type(class) => group_type(class, arguments),
        "getenv" => environment(names, arguments, line),
        "get" if dotted.ends_with("environ.get") => environment(names, arguments, line),
        // python-decouple and django-environ
        "config" | "env" => environment(names, arguments, line),
        "str" | "bool" | "int" | "list" if dotted.starts_with("env.") => {
            environment(names, arguments, line)
        }
        _ if dotted.contains('.') => return None,
        "str" => text::plain(first?).map(Value::Text)?,
        "int" => integer(first?),
        "bool" => Value::Boolean(first?.truth()?),
        "list" | "tuple" | "set" | "frozenset" => match first {
            None => Value::List(Vec::new()),
            Some(Value::List(values)) => Value::List(values.clone()),
            Some(_) => return None,
        },
        "dict" if arguments.positional.is_empty() => {
            let pair = |(name, value): &(String, Located)| {
                let key = Located {
                    line: value.line,
                    value: Value::Text(name.clone()),
                };
                (key, value.clone())
            };
            Value::Dictionary(arguments.named.iter().map(pair).collect())
        }
        _ => return None,
    })
}

/// A variable of the environment: its default, if it has one.
fn environment(names: &mut Names<'_>, arguments: &Arguments, line: usize) -> Value {
    let Some(variable) = arguments
        .positional
        .first()
        .and_then(|value| value.value.as_text())
    else {
        return Value::unknown("it comes from the environment");
    };
    match arguments.get("default", 1) {
        Some(Value::Unknown(why)) => Value::unknown(why),
        Some(default) => {
            names.guess = Some(variable.to_owned());
            names.remark(
                line,
                format!(
                    "the environment variable {variable} can change this; the default was taken"
                ),
            );
            default.clone()
        }
        None => Value::unknown(format!("it is the environment variable {variable}")),
    }
}

fn integer(value: &Value) -> Value {
    match value {
        Value::Integer(number) => Value::Integer(*number),
        Value::Text(text) => match text.trim().parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::unknown("a text that is no number"),
        },
        Value::Unknown(why) => Value::unknown(why),
        _ => Value::unknown("an unusual number"),
    }
}

fn search(arguments: &Arguments) -> Value {
    let base = match arguments.get("base_dn", 0) {
        Some(Value::Text(base)) => base.clone(),
        Some(Value::Unknown(why)) => return Value::unknown(why),
        _ => return Value::unknown("a search without a base"),
    };
    let scope = match arguments.get("scope", 1) {
        Some(Value::Constant(name)) => match name.as_str() {
            "SCOPE_BASE" => Scope::Base,
            "SCOPE_ONELEVEL" => Scope::OneLevel,
            "SCOPE_SUBTREE" => Scope::Subtree,
            _ => return Value::unknown("a search with an unusual scope"),
        },
        Some(Value::Integer(0)) => Scope::Base,
        Some(Value::Integer(1)) => Scope::OneLevel,
        Some(Value::Integer(2)) => Scope::Subtree,
        _ => return Value::unknown("a search with an unusual scope"),
    };
    let filter = match arguments.get("filterstr", 2) {
        None => None,
        Some(Value::Text(filter)) => Some(filter.clone()),
        Some(Value::Unknown(why)) => return Value::unknown(why),
        Some(_) => return Value::unknown("a search with an unusual filter"),
    };
    Value::Search(Search {
        base,
        scope,
        filter,
    })
}

fn union(arguments: &Arguments) -> Value {
    match arguments
        .positional
        .iter()
        .find_map(|part| part.value.why_unknown())
    {
        Some(why) => Value::unknown(why),
        None => Value::Union(arguments.positional.clone()),
    }
}

/// `LDAPGroupQuery("cn=…", …)`; several are all of them.
fn group_query(arguments: &Arguments) -> Value {
    // Django's Q takes `_negated` and `_connector`.
    if !arguments.named.is_empty() {
        return Value::unknown("a group query with more than groups");
    }
    let mut parts = Vec::new();
    for part in &arguments.positional {
        match &part.value {
            Value::Text(dn) => parts.push(Query::Group(dn.clone())),
            Value::Query(query) => parts.push(query.clone()),
            Value::Unknown(why) => return Value::unknown(why),
            _ => return Value::unknown("a group query with something else than groups"),
        }
    }
    Value::Query(Query::all(parts))
}

fn is_group_type(class: &str) -> bool {
    class.ends_with("GroupType")
        || (class.starts_with("GroupOf") || class.starts_with("NestedGroupOf"))
            && class.ends_with("Type")
}

fn group_type(class: &str, arguments: &Arguments) -> Value {
    let takes_member = class.ends_with("MemberDNGroupType");
    let text = |name, place| {
        arguments
            .get(name, place)
            .and_then(Value::as_text)
            .map(str::to_owned)
    };
    let unknown = arguments
        .positional
        .iter()
        .chain(arguments.named.iter().map(|(_, value)| value))
        .find_map(|value| value.value.why_unknown());
    if let Some(why) = unknown {
        return Value::unknown(why);
    }
    Value::GroupType(GroupType {
        class: class.to_owned(),
        member_attribute: if takes_member {
            text("member_attr", 0)
        } else {
            None
        },
        name_attribute: text("name_attr", usize::from(takes_member)),
    })
}

/// What a text can do.
fn method(names: &mut Names<'_>, function: Node<'_>, arguments: &Arguments) -> Option<Value> {
    let name = names.source(function.child_by_field_name("attribute")?);
    let object = names.value(function.child_by_field_name("object")?);
    let unknown = |value: &Located| value.value.why_unknown().map(Value::unknown);
    if name != "format" && !arguments.named.is_empty() {
        return None;
    }
    if let Value::Unknown(why) = object {
        return Some(Value::Unknown(why));
    }
    if let Some(unknown) = arguments.positional.iter().find_map(unknown) {
        return Some(unknown);
    }
    let Value::Text(object) = object else {
        return None;
    };
    let first = arguments.positional.first().map(|value| &value.value);
    let text = match (name, arguments.positional.len()) {
        ("lower", 0) => object.to_lowercase(),
        ("upper", 0) => object.to_uppercase(),
        ("strip", 0) => object.trim().to_owned(),
        ("replace", 2) => {
            let second = arguments.positional.get(1)?.value.as_text()?;
            let first = first?.as_text()?;
            // An empty pattern would stand between all letters.
            if first.is_empty() || object.len().saturating_mul(second.len()) > 1_000_000 {
                return None;
            }
            object.replace(first, second)
        }
        ("format", _) => {
            let positional: Vec<Value> = arguments
                .positional
                .iter()
                .map(|v| v.value.clone())
                .collect();
            let named: Vec<(String, Value)> = arguments
                .named
                .iter()
                .map(|(name, v)| (name.clone(), v.value.clone()))
                .collect();
            text::format(&object, &positional, &named)?
        }
        ("join", 1) => {
            let Value::List(parts) = first? else {
                return None;
            };
            let parts: Option<Vec<&str>> = parts.iter().map(|part| part.value.as_text()).collect();
            parts?.join(&object)
        }
        ("split", count) => return split(&object, count, first),
        _ => return None,
    };
    Some(Value::Text(text))
}

fn split(object: &str, count: usize, separator: Option<&Value>) -> Option<Value> {
    let parts: Vec<&str> = match (count, separator) {
        (0, _) => object.split_whitespace().collect(),
        (1, Some(Value::Text(separator))) if !separator.is_empty() => {
            object.split(separator.as_str()).collect()
        }
        _ => return None,
    };
    let located = |part: &str| Located {
        line: 0,
        value: Value::Text(part.to_owned()),
    };
    Some(Value::List(parts.into_iter().map(located).collect()))
}
