//! Search filters (RFC 4515) of other programs: what can be told from them.

use super::query::Query;

/// How deep a filter may nest to be understood.
const MAX_DEPTH: usize = 32;

/// A filter, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// Attribute (with a matching rule, if there is one) and value, as they are written.
    Item(String, String),
}

/// Braces mean something in our templates only.
pub fn without_braces(text: &str) -> String {
    text.replace('{', "\\7b").replace('}', "\\7d")
}

/// A template of Python's `%` operator as one of ours: `%(user)s` is the name, `%%` is `%`.
pub fn from_percent(text: &str) -> String {
    let text = without_braces(text);
    let mut converted = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        converted.push_str(before);
        rest = if let Some(after) = after.strip_prefix("(user)s") {
            converted.push_str("{user}");
            after
        } else {
            converted.push('%');
            after.strip_prefix('%').unwrap_or(after)
        };
    }
    converted + rest
}

/// A filter with its parentheses.
pub fn parenthesised(text: &str) -> String {
    let text = text.trim();
    if text.starts_with('(') {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

/// `(&(first)(second))`
pub fn both(first: &str, second: &str) -> String {
    format!("(&{}{})", parenthesised(first), parenthesised(second))
}

impl Filter {
    /// Takes a filter apart; None if it is none, or nests too deeply.
    pub fn read(text: &str) -> Option<Filter> {
        let text = parenthesised(text);
        match filter(&text, 0)? {
            (filter, "") => Some(filter),
            _ => None,
        }
    }

    /// The attributes that are compared with the login name.
    pub fn name_attributes(&self) -> Vec<String> {
        match self {
            Filter::And(parts) | Filter::Or(parts) => {
                parts.iter().flat_map(Filter::name_attributes).collect()
            }
            Filter::Not(_) => Vec::new(),
            Filter::Item(attribute, value) if value == "{user}" => vec![attribute.clone()],
            Filter::Item(..) => Vec::new(),
        }
    }

    /// The question about groups that this is, if it is made of `memberOf` alone.
    pub fn groups(&self) -> Option<Query> {
        let all = |parts: &[Filter]| parts.iter().map(Filter::groups).collect::<Option<Vec<_>>>();
        match self {
            Filter::And(parts) => all(parts).map(Query::all),
            Filter::Or(parts) => all(parts).map(Query::any),
            Filter::Not(part) => part.groups().map(|query| Query::Not(Box::new(query))),
            Filter::Item(attribute, value) => {
                let name = attribute.split(':').next().unwrap_or_default();
                let group = name.eq_ignore_ascii_case("memberOf") && !value.contains('*');
                group.then(|| unescaped(value).map(Query::Group)).flatten()
            }
        }
    }

    /// Whether a part of it counts members of member groups: Active Directory's matching rule "in chain".
    pub fn is_nested(&self) -> bool {
        self.any_item(|attribute| attribute.contains(":1.2.840.113556.1.4.1941"))
    }

    /// Whether a part of it counts direct members alone.
    pub fn is_flat(&self) -> bool {
        self.any_item(|attribute| attribute.eq_ignore_ascii_case("memberOf"))
    }

    fn any_item(&self, test: fn(&str) -> bool) -> bool {
        match self {
            Filter::And(parts) | Filter::Or(parts) => parts.iter().any(|part| part.any_item(test)),
            Filter::Not(part) => part.any_item(test),
            Filter::Item(attribute, _) => test(attribute),
        }
    }

    /// Whether nothing is found without this value.
    pub fn requires(&self, attribute: &str, value: &str) -> bool {
        match self {
            Filter::And(parts) => parts.iter().any(|part| part.requires(attribute, value)),
            Filter::Item(name, own) => {
                name.eq_ignore_ascii_case(attribute) && own.eq_ignore_ascii_case(value)
            }
            Filter::Or(_) | Filter::Not(_) => false,
        }
    }

    /// The value of the first `attribute=value` outside of "not" and "or".
    pub fn required(&self, attribute: &str) -> Option<&str> {
        match self {
            Filter::And(parts) => parts.iter().find_map(|part| part.required(attribute)),
            Filter::Item(name, value) => name.eq_ignore_ascii_case(attribute).then_some(value),
            Filter::Or(_) | Filter::Not(_) => None,
        }
    }
}

/// One filter from the start of the text, and what follows it.
fn filter(text: &str, depth: usize) -> Option<(Filter, &str)> {
    let inner = text.trim_start().strip_prefix('(')?;
    if depth > MAX_DEPTH {
        return None;
    }
    let (filter, rest) = if let Some(parts) = inner.strip_prefix('&') {
        let (parts, rest) = list(parts, depth)?;
        (Filter::And(parts), rest)
    } else if let Some(parts) = inner.strip_prefix('|') {
        let (parts, rest) = list(parts, depth)?;
        (Filter::Or(parts), rest)
    } else if let Some(part) = inner.strip_prefix('!') {
        let (part, rest) = self::filter(part, depth + 1)?;
        (Filter::Not(Box::new(part)), rest)
    } else {
        let (item, _) = inner.split_once(')')?;
        let (attribute, value) = item.split_once('=')?;
        (
            Filter::Item(attribute.trim().to_owned(), value.to_owned()),
            inner.get(item.len()..)?,
        )
    };
    Some((filter, rest.trim_start().strip_prefix(')')?.trim_start()))
}

fn list(mut text: &str, depth: usize) -> Option<(Vec<Filter>, &str)> {
    let mut parts = Vec::new();
    while text.trim_start().starts_with('(') {
        let (part, rest) = filter(text, depth + 1)?;
        parts.push(part);
        text = rest;
    }
    Some((parts, text))
}

/// The value behind RFC 4515's `\28`; a DN with `\2c` for its own comma stays readable as a DN, since
/// what is escaped here was escaped a second time.
fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_templates_become_ours() {
        for (theirs, ours) in [
            ("(uid=%(user)s)", "(uid={user})"),
            ("(&(a=100%%)(uid=%(user)s))", "(&(a=100%)(uid={user}))"),
            ("(cn={x}%(user)s)", "(cn=\\7bx\\7d{user})"),
            ("(uid=%s)", "(uid=%s)"),
        ] {
            assert_eq!(from_percent(theirs), ours);
        }
    }

    #[test]
    fn the_attributes_of_the_login_name_are_found() {
        let filter = Filter::read(
            "(&(objectClass=user)(|(userPrincipalName={user})(sAMAccountName={user})))",
        );
        let names = filter.unwrap().name_attributes();
        assert_eq!(names, ["userPrincipalName", "sAMAccountName"]);
        assert!(
            Filter::read("(!(uid={user}))")
                .unwrap()
                .name_attributes()
                .is_empty()
        );
    }

    #[test]
    fn a_filter_of_member_of_alone_is_a_question_about_groups() {
        let group = |name: &str| Query::Group(name.to_owned());
        let query = |text| Filter::read(text).and_then(|filter| filter.groups());
        assert_eq!(query("memberOf=cn=a,o=x"), Some(group("cn=a,o=x")));
        assert_eq!(
            query("(|(memberof=cn=a,o=x)(!(memberOf=cn=b\\5c2c \\28c\\29,o=x)))"),
            Some(Query::Any(vec![
                group("cn=a,o=x"),
                Query::Not(Box::new(group("cn=b\\2c (c),o=x")))
            ]))
        );
        assert_eq!(query("(&(memberOf=cn=a,o=x)(uid=y))"), None);
        assert_eq!(query("(memberOf=cn=a*,o=x)"), None);
    }

    #[test]
    fn what_is_no_filter_is_not_understood() {
        let deep = format!("{}(a=b){}", "(!".repeat(40), ")".repeat(40));
        for text in [
            "", "(", "(a=b", "(a)", "(a=b))", "(&(a=b)", &deep, "((a=b))",
        ] {
            assert_eq!(Filter::read(text), None, "{text}");
        }
    }
}
