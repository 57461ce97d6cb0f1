//! What operators make of values.

use super::text;
use super::value::Value;
use crate::import::query::Query;

/// `left operator right`
pub fn combined(left: Value, operator: &str, right: Value) -> Value {
    match (left, operator, right) {
        (Value::Text(left), "+", Value::Text(right)) => Value::Text(left + &right),
        (Value::List(mut left), "+", Value::List(right)) => {
            left.extend(right);
            Value::List(left)
        }
        (Value::Dictionary(mut left), "|", Value::Dictionary(right)) => {
            left.extend(right);
            Value::Dictionary(left)
        }
        (Value::Text(template), "%", values) => match values.why_unknown() {
            Some(why) => Value::unknown(why),
            None => text::percent(&template, &values).map_or(
                Value::unknown("a format that does not fit its values"),
                Value::Text,
            ),
        },
        (Value::Query(left), "&", Value::Query(right)) => Value::Query(joined(left, right, true)),
        (Value::Query(left), "|", Value::Query(right)) => Value::Query(joined(left, right, false)),
        (Value::Integer(left), operator, Value::Integer(right)) => {
            let result = match operator {
                "+" => left.checked_add(right),
                "-" => left.checked_sub(right),
                "*" => left.checked_mul(right),
                "//" => left.checked_div_euclid(right),
                _ => None,
            };
            result.map_or(Value::unknown("an unusual number"), Value::Integer)
        }
        (Value::Unknown(why), _, _) | (_, _, Value::Unknown(why)) => Value::Unknown(why),
        _ => Value::unknown("an unusual operator"),
    }
}

/// A chain of the same operator is one list.
fn joined(left: Query, right: Query, all: bool) -> Query {
    let flat = |query| match (query, all) {
        (Query::All(parts), true) | (Query::Any(parts), false) => parts,
        (other, _) => vec![other],
    };
    let mut parts = flat(left);
    parts.extend(flat(right));
    if all {
        Query::All(parts)
    } else {
        Query::Any(parts)
    }
}

pub fn integer(source: &str) -> Value {
    let digits = source.replace('_', "").to_ascii_lowercase();
    let parsed = match digits.get(..2) {
        Some("0x") => i64::from_str_radix(digits.get(2..).unwrap_or_default(), 16),
        Some("0o") => i64::from_str_radix(digits.get(2..).unwrap_or_default(), 8),
        Some("0b") => i64::from_str_radix(digits.get(2..).unwrap_or_default(), 2),
        _ => digits.parse(),
    };
    parsed.map_or(Value::unknown("an unusual number"), Value::Integer)
}

/// The grammar's word as a reader knows it.
pub fn what_it_is(kind: &str) -> &'static str {
    match kind {
        "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression" => "a comprehension",
        "await" | "yield" => "a coroutine",
        "named_expression" => "an assignment inside of an expression",
        _ => "an expression of this kind",
    }
}
