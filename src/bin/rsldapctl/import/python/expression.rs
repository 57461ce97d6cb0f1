//! Expressions: what is made of literals is computed, the rest is unknown.

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use super::operators::{combined, integer, what_it_is};
use super::text;
use super::value::{Located, MAX_DEPTH, Value, is_mutable};
use super::{calls, children, line};
use crate::import::query::Query;

/// How deep expressions and blocks may nest.
pub const MAX_NESTING: usize = 100;

/// How much may be copied in all: a few lines can ask for more than there is memory.
const BUDGET: usize = 1_000_000;

/// What a function that may be called at any time does to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taint {
    /// It sets the name.
    Rebound,
    /// It changes the list or dictionary.
    Changed,
}

/// What is known while a file is read.
pub struct Scope<'t> {
    text: &'t str,
    pub names: HashMap<String, Located>,
    /// The names in the order of their first assignment.
    pub order: Vec<String>,
    /// Local name of an import → what it stands for.
    pub imports: HashMap<String, String>,
    pub remarks: Vec<(usize, String)>,
    pub options: Vec<(String, Located)>,
    /// Places that may set any name, by line.
    pub unseen: Vec<(usize, String)>,
    /// Names that may stand for the same list or dictionary.
    pub shared: Vec<HashSet<String>>,
    /// Names whose value is the default of an environment variable, or made of one.
    pub guesses: HashMap<String, String>,
    /// The environment variable whose default went into the value at hand.
    pub guess: Option<String>,
    tainted: HashMap<String, (Taint, String)>,
    budget: usize,
    nesting: usize,
}

impl<'t> Scope<'t> {
    pub fn new(text: &'t str) -> Self {
        Scope {
            text,
            names: HashMap::new(),
            order: Vec::new(),
            imports: HashMap::new(),
            remarks: Vec::new(),
            options: Vec::new(),
            unseen: Vec::new(),
            shared: Vec::new(),
            guesses: HashMap::new(),
            guess: None,
            tainted: HashMap::new(),
            budget: BUDGET,
            nesting: 0,
        }
    }

    /// The source text of a node.
    pub fn source(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The whole file.
    pub fn text(&self) -> &'t str {
        self.text
    }

    pub fn assign(&mut self, name: &str, mut value: Located) {
        if let Some((taint, why)) = self.tainted.get(name) {
            if *taint == Taint::Rebound || is_mutable(&value.value) {
                value.value = Value::unknown(why);
            }
        }
        if !self.names.contains_key(name) {
            self.order.push(name.to_owned());
        }
        self.names.insert(name.to_owned(), value);
    }

    /// From here on no value of this name can be told.
    pub fn taint(&mut self, name: &str, taint: Taint, why: &str) {
        let known = self.tainted.get(name).map(|(known, _)| *known);
        if known != Some(Taint::Rebound) {
            self.tainted
                .insert(name.to_owned(), (taint, why.to_owned()));
        }
        if let Some(known) = self.names.get(name).cloned() {
            self.assign(name, known);
        }
    }

    /// Notes, once, that something here may set any name.
    pub fn unseen(&mut self, line: usize, text: String) {
        let place = (line, text);
        if !self.unseen.contains(&place) {
            self.unseen.push(place);
        }
    }

    /// Says something once.
    pub fn remark(&mut self, line: usize, text: impl Into<String>) {
        let remark = (line, text.into());
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Goes one level down; None where that is too deep.
    pub fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.nesting >= MAX_NESTING {
            return None;
        }
        self.nesting += 1;
        let result = work(self);
        self.nesting -= 1;
        Some(result)
    }

    pub fn located(&mut self, node: Node<'_>) -> Located {
        Located {
            line: line(node),
            value: self.value(node),
        }
    }

    /// What an expression comes to.
    pub fn value(&mut self, node: Node<'_>) -> Value {
        let value = self
            .nested(|scope| scope.evaluate(node))
            .unwrap_or_else(|| Value::unknown("it nests too deeply"));
        let size = value.size();
        if value.depth() > MAX_DEPTH {
            return Value::unknown("it nests too deeply");
        }
        match self.budget.checked_sub(size) {
            Some(left) => {
                self.budget = left;
                value
            }
            None => Value::unknown("it is too large"),
        }
    }

    fn evaluate(&mut self, node: Node<'_>) -> Value {
        match node.kind() {
            "string" => self.string(node),
            "concatenated_string" => self.concatenated(node),
            "integer" => integer(self.source(node)),
            "float" => match self.source(node).replace('_', "").parse() {
                Ok(number) => Value::Float(number),
                Err(_) => Value::unknown("an unusual number"),
            },
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            "none" => Value::None,
            "list" | "tuple" | "set" | "expression_list" => self.list(node),
            "dictionary" => self.dictionary(node),
            "parenthesized_expression" => match children(node).first() {
                Some(inner) => self.value(*inner),
                None => Value::unknown("empty parentheses"),
            },
            "identifier" => self.name(node),
            "attribute" => self.attribute(node),
            "subscript" => self.subscript(node),
            "call" => calls::call(self, node),
            "binary_operator" => self.binary(node),
            "boolean_operator" => self.boolean(node),
            "not_operator" => match self.field(node, "argument").truth() {
                Some(truth) => Value::Boolean(!truth),
                None => Value::unknown("it depends on what is not known"),
            },
            "unary_operator" => self.unary(node),
            "comparison_operator" => self.comparison(node),
            "conditional_expression" => self.conditional(node),
            "lambda" => Value::unknown("a function"),
            kind => Value::unknown(format!("{} is not run", what_it_is(kind))),
        }
    }

    /// The value of a child that has a name in the grammar.
    pub fn field(&mut self, node: Node<'_>, name: &str) -> Value {
        match node.child_by_field_name(name) {
            Some(child) => self.value(child),
            None => Value::unknown("an incomplete expression"),
        }
    }

    fn string(&mut self, node: Node<'_>) -> Value {
        let mut cursor = node.walk();
        let parts: Vec<Node<'_>> = node.children(&mut cursor).collect();
        let (Some(start), Some(end)) = (parts.first(), parts.last()) else {
            return Value::unknown("an unusual string");
        };
        let prefix = self.source(*start).to_ascii_lowercase();
        let (raw, formatted) = (prefix.contains('r'), prefix.contains('f'));
        if prefix.contains('b') {
            return Value::unknown("bytes, which are no text");
        }
        let mut whole = String::new();
        let mut at = start.end_byte();
        for part in parts
            .iter()
            .filter(|part| part.kind() == "interpolation")
            .chain([end])
        {
            let between = self.text.get(at..part.start_byte()).unwrap_or_default();
            let Some(literal) = text::decoded(between, raw) else {
                return Value::unknown("a string with an unusual escape");
            };
            whole.push_str(&if formatted {
                literal.replace("{{", "{").replace("}}", "}")
            } else {
                literal
            });
            at = part.end_byte();
            if part.kind() == "interpolation" {
                match self.interpolation(*part) {
                    Ok(text) => whole.push_str(&text),
                    Err(unknown) => return unknown,
                }
            }
        }
        Value::Text(whole)
    }

    fn interpolation(&mut self, node: Node<'_>) -> Result<String, Value> {
        let parts = children(node);
        let whole = self
            .source(node)
            .trim_start_matches('{')
            .trim_end_matches('}');
        let [expression] = parts.as_slice() else {
            return Err(Value::unknown("a string with a format of its own"));
        };
        // `{name=}` has the name in it, too.
        if whole.trim_end().ends_with('=') {
            return Err(Value::unknown("a string with a format of its own"));
        }
        let value = self.value(*expression);
        text::plain(&value).ok_or(match value {
            Value::Unknown(why) => Value::Unknown(why),
            _ => Value::unknown("a string made of something else than text"),
        })
    }

    fn concatenated(&mut self, node: Node<'_>) -> Value {
        let mut whole = String::new();
        for part in children(node) {
            match self.value(part) {
                Value::Text(text) => whole.push_str(&text),
                other => return other,
            }
        }
        Value::Text(whole)
    }

    fn list(&mut self, node: Node<'_>) -> Value {
        Value::List(
            children(node)
                .into_iter()
                .map(|part| self.located(part))
                .collect(),
        )
    }

    fn dictionary(&mut self, node: Node<'_>) -> Value {
        let mut pairs = Vec::new();
        for pair in children(node) {
            let (Some(key), Some(value)) = (
                pair.child_by_field_name("key"),
                pair.child_by_field_name("value"),
            ) else {
                return Value::unknown("a dictionary that takes in another one");
            };
            pairs.push((self.located(key), self.located(value)));
        }
        Value::Dictionary(pairs)
    }

    fn name(&mut self, node: Node<'_>) -> Value {
        let name = self.source(node);
        if let Some(variable) = self.guesses.get(name) {
            self.guess = Some(variable.clone());
        }
        if let Some(known) = self.names.get(name) {
            return known.value.clone();
        }
        let meaning = self.imports.get(name).map_or(name, String::as_str);
        let last = meaning.rsplit('.').next().unwrap_or(meaning);
        if last.starts_with("SCOPE_") || last.starts_with("OPT_") {
            return Value::Constant(last.to_owned());
        }
        Value::unknown(format!("the name {name} comes from elsewhere"))
    }

    /// `ldap.OPT_REFERRALS`
    fn attribute(&mut self, node: Node<'_>) -> Value {
        let dotted = self.source(node);
        let last = dotted.rsplit('.').next().unwrap_or(dotted).trim();
        if last.starts_with("SCOPE_") || last.starts_with("OPT_") {
            return Value::Constant(last.to_owned());
        }
        Value::unknown(format!("the attribute {last} comes from elsewhere"))
    }

    fn subscript(&mut self, node: Node<'_>) -> Value {
        let (Some(object), Some(key)) = (
            node.child_by_field_name("value"),
            node.child_by_field_name("subscript"),
        ) else {
            return Value::unknown("an unusual subscript");
        };
        let is_environment = self.source(object).ends_with("environ");
        let key = self.value(key);
        if let (true, Some(variable)) = (is_environment, key.as_text()) {
            return Value::unknown(format!("it is the environment variable {variable}"));
        }
        match (self.value(object), key) {
            (Value::Dictionary(pairs), key) => {
                let pair = pairs.into_iter().rev().find(|(name, _)| name.value == key);
                pair.map_or(Value::unknown("a key that is not there"), |(_, value)| {
                    value.value
                })
            }
            (Value::List(values), Value::Integer(place)) => {
                let value = usize::try_from(place)
                    .ok()
                    .and_then(|place| values.into_iter().nth(place));
                value.map_or(Value::unknown("a place that is not there"), |value| {
                    value.value
                })
            }
            (Value::Unknown(why), _) => Value::Unknown(why),
            _ => Value::unknown("a part of something else"),
        }
    }

    fn binary(&mut self, node: Node<'_>) -> Value {
        let (left, right) = (self.field(node, "left"), self.field(node, "right"));
        let operator = node
            .child_by_field_name("operator")
            .map_or("", |node| self.source(node));
        combined(left, operator, right)
    }

    fn boolean(&mut self, node: Node<'_>) -> Value {
        let left = self.field(node, "left");
        let is_and = node
            .child_by_field_name("operator")
            .is_some_and(|node| self.source(node) == "and");
        match left.truth() {
            Some(truth) if truth == is_and => self.field(node, "right"),
            Some(_) => left,
            None => left,
        }
    }

    fn unary(&mut self, node: Node<'_>) -> Value {
        let operator = node
            .child_by_field_name("operator")
            .map_or("", |node| self.source(node));
        match (operator, self.field(node, "argument")) {
            ("~", Value::Query(query)) => Value::Query(Query::Not(Box::new(query))),
            ("-", Value::Integer(number)) => number
                .checked_neg()
                .map_or(Value::unknown("an unusual number"), Value::Integer),
            ("-", Value::Float(number)) => Value::Float(-number),
            ("+", number @ (Value::Integer(_) | Value::Float(_))) => number,
            (_, Value::Unknown(why)) => Value::Unknown(why),
            _ => Value::unknown("an unusual operator"),
        }
    }

    fn comparison(&mut self, node: Node<'_>) -> Value {
        let mut cursor = node.walk();
        let operators: Vec<&str> = node
            .children_by_field_name("operators", &mut cursor)
            .map(|node| self.source(node))
            .collect();
        let sides = children(node);
        let ([left, right], [operator]) = (sides.as_slice(), operators.as_slice()) else {
            return Value::unknown("a comparison of many");
        };
        let (left, right) = (self.value(*left), self.value(*right));
        if let Some(why) = left.why_unknown().or(right.why_unknown()) {
            return Value::unknown(why);
        }
        let same = match (&left, &right) {
            // Numbers and truth values are equal across their types, and places are no part of lists.
            (Value::None, _) | (_, Value::None) => Some(left == right),
            (Value::Text(left), Value::Text(right)) => Some(left == right),
            (Value::Integer(left), Value::Integer(right)) => Some(left == right),
            (Value::Boolean(left), Value::Boolean(right)) => Some(left == right),
            _ => None,
        };
        let within = match (&left, &right) {
            (Value::Text(left), Value::List(values)) => {
                let texts: Option<Vec<&str>> =
                    values.iter().map(|part| part.value.as_text()).collect();
                texts.map(|texts| texts.contains(&left.as_str()))
            }
            _ => None,
        };
        let answer = match *operator {
            "==" | "is" => same,
            "!=" | "is not" => same.map(|same| !same),
            "in" => within,
            "not in" => within.map(|within| !within),
            _ => None,
        };
        answer.map_or(Value::unknown("a comparison"), Value::Boolean)
    }

    fn conditional(&mut self, node: Node<'_>) -> Value {
        let parts = children(node);
        let [yes, condition, no] = parts.as_slice() else {
            return Value::unknown("an unusual condition");
        };
        match self.value(*condition).truth() {
            Some(true) => self.value(*yes),
            Some(false) => self.value(*no),
            None => Value::unknown("it depends on a condition that is not known"),
        }
    }
}
