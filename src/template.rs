//! Filters and DNs with a place for the user's name.
//!
//! A value enters a filter or a DN only through these types, which escape it: for filters by
//! RFC 4515 §3, for DNs by RFC 4514 §2.4. The two rules differ, and mixing them up is a classic
//! hole, so there is no way to get at one through the other.

mod any;

use crate::names::{AttributeName, Dn, UserName};

/// The only placeholder.
const PLACEHOLDER: &str = "{user}";

/// How deep a configured filter may nest.
const MAX_FILTER_DEPTH: usize = 32;

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTemplate(String);

impl std::fmt::Display for BadTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A search filter in which `{user}` stands for the login name: `(uid={user})`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterTemplate(String);

impl FilterTemplate {
    /// Takes a filter (RFC 4515) with at least one `{user}` in a value.
    ///
    /// # Errors
    /// Not a filter; no placeholder, or one outside a value; another `{word}`.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        if !text.contains(PLACEHOLDER) {
            return Err(BadTemplate(
                "the filter has no {user}: it would find the same entries for everybody".into(),
            ));
        }
        let text = parenthesised(text);
        // A backslash is allowed in values only, so this also refuses `({user}=x)`.
        check_filter(&text.replace(PLACEHOLDER, "\\2a"))?;
        Ok(FilterTemplate(text))
    }

    /// The filter for this user.
    #[must_use]
    pub fn expand(&self, user: &UserName) -> Filter {
        Filter(
            self.0
                .replace(PLACEHOLDER, &escape_filter_value(user.as_str())),
        )
    }

    /// The text form, with `{user}` in it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A search filter, ready for the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// Takes a filter (RFC 4515) without a placeholder.
    ///
    /// # Errors
    /// Not a filter, or a `{word}` in it.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let text = parenthesised(text);
        check_filter(&text)?;
        Ok(Filter(text))
    }

    /// `(objectClass=*)`: any entry at all.
    #[must_use]
    pub fn any() -> Self {
        Filter("(objectClass=*)".to_owned())
    }

    /// `(attribute=value)`, with the value's bytes as they are, wherever they come from.
    #[must_use]
    pub fn equality(attribute: &AttributeName, value: &[u8]) -> Self {
        let mut escaped = String::with_capacity(value.len());
        for chunk in value.utf8_chunks() {
            escaped.push_str(&escape_filter_value(chunk.valid()));
            chunk
                .invalid()
                .iter()
                .for_each(|byte| escape_byte(*byte, &mut escaped));
        }
        Filter(format!("({}={escaped})", attribute.as_str()))
    }

    /// `(attribute=*)`: whatever its value.
    #[must_use]
    pub fn presence(attribute: &AttributeName) -> Self {
        Filter(format!("({}=*)", attribute.as_str()))
    }

    /// `(|(self)(other))`
    #[must_use]
    pub fn or(&self, other: &Filter) -> Self {
        Filter(format!("(|{}{})", self.0, other.0))
    }

    /// `(&(self)(other))`
    #[must_use]
    pub fn and(&self, other: &Filter) -> Self {
        Filter(format!("(&{}{})", self.0, other.0))
    }

    /// `(|(first)(second)…)` around these, in as many filters as it takes for none to become longer
    /// than `limit` bytes, unless one alone is. None for none.
    pub fn any_of_each(filters: impl IntoIterator<Item = Filter>, limit: usize) -> Vec<Self> {
        let mut lists: Vec<String> = Vec::new();
        for Filter(filter) in filters {
            match lists.last_mut() {
                Some(list) if list.len() + filter.len() < limit => list.push_str(&filter),
                _ => lists.push(format!("(|{filter}")),
            }
        }
        lists.into_iter().map(|list| Filter(list + ")")).collect()
    }

    /// `(!(self))`. An entry matches neither this nor the filter itself where the server cannot, or
    /// will not, evaluate it (RFC 4511 §4.5.1.7).
    #[must_use]
    pub fn negated(&self) -> Self {
        Filter(format!("(!{})", self.0))
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A DN in which `{user}` stands for the login name: `uid={user},ou=users,dc=example,dc=com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnTemplate(String);

impl DnTemplate {
    /// Takes a DN with at least one `{user}` in a value.
    ///
    /// # Errors
    /// Not a DN; no placeholder, or one outside a value; another `{word}`.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        if !text.contains(PLACEHOLDER) {
            return Err(BadTemplate(
                "the template has no {user}: everybody would log in as the same entry".into(),
            ));
        }
        // An escaped character is allowed in values only, so this also refuses `{user}=x`.
        let sample = text.replace(PLACEHOLDER, "\\2a");
        no_other_placeholder(&sample)?;
        Dn::parse(&sample).map_err(|error| BadTemplate(error.to_string()))?;
        Ok(DnTemplate(text.to_owned()))
    }

    /// The DN for this user, or `None` if the name cannot be part of a DN.
    #[must_use]
    pub fn expand(&self, user: &UserName) -> Option<Dn> {
        Dn::parse(&self.0.replace(PLACEHOLDER, &escape_dn_value(user.as_str()))).ok()
    }
}

/// RFC 4515 §3: `\`, `*`, `(`, `)` and NUL as `\` and two hexadecimal digits.
fn escape_filter_value(value: &str) -> String {
    escape(value, |c| matches!(c, '\\' | '*' | '(' | ')' | '\0'))
}

/// RFC 4514 §2.4. More than the RFC asks for is escaped (every `#`, `=` and blank), which is allowed
/// and needs no look at the position.
fn escape_dn_value(value: &str) -> String {
    escape(value, |c| {
        matches!(
            c,
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '#' | '=' | ' '
        ) || c.is_control()
    })
}

fn escape(value: &str, special: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if special(c) {
            c.encode_utf8(&mut [0; 4])
                .bytes()
                .for_each(|byte| escape_byte(byte, &mut escaped));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn escape_byte(byte: u8, escaped: &mut String) {
    escaped.push_str(&format!("\\{byte:02x}"));
}

/// Filters are often written without the outer parentheses, and OpenLDAP's tools take them so.
fn parenthesised(text: &str) -> String {
    let text = text.trim();
    if text.starts_with('(') {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

fn no_other_placeholder(text: &str) -> Result<(), BadTemplate> {
    if text.contains(['{', '}']) {
        return Err(BadTemplate(
            "{user} is the only placeholder; write a brace as \\7b or \\7d".into(),
        ));
    }
    Ok(())
}

/// Checks the grammar of RFC 4515 §3.
fn check_filter(text: &str) -> Result<(), BadTemplate> {
    no_other_placeholder(text)?;
    let rest = filter(text, 0)?;
    if rest.is_empty() {
        Ok(())
    } else {
        Err(BadTemplate(format!(
            "\"{rest}\" is left over behind the filter"
        )))
    }
}

/// Reads one filter from the start of `text` and gives back what follows it.
fn filter(text: &str, depth: usize) -> Result<&str, BadTemplate> {
    if depth > MAX_FILTER_DEPTH {
        return Err(BadTemplate("the filter nests too deeply".into()));
    }
    let inner = text.strip_prefix('(').ok_or_else(|| {
        BadTemplate(format!(
            "an opening parenthesis is missing before \"{text}\""
        ))
    })?;
    let rest = if let Some(list) = inner.strip_prefix(['&', '|']) {
        let mut rest = list;
        while rest.starts_with('(') {
            rest = filter(rest, depth + 1)?;
        }
        if rest.len() == list.len() {
            return Err(BadTemplate(
                "\"&\" and \"|\" need at least one filter".into(),
            ));
        }
        rest
    } else if let Some(negated) = inner.strip_prefix('!') {
        filter(negated, depth + 1)?
    } else {
        item(inner)?
    };
    rest.strip_prefix(')')
        .ok_or_else(|| BadTemplate("a closing parenthesis is missing".into()))
}

/// `attribute=value`, `attribute>=value`, `attribute:dn:rule:=value`, `attribute=*`, …
fn item(text: &str) -> Result<&str, BadTemplate> {
    let (kind, after) = text
        .split_once('=')
        .ok_or_else(|| BadTemplate(format!("\"=\" is missing in \"{text}\"")))?;
    let kind = kind.strip_suffix(['~', '<', '>', ':']).unwrap_or(kind);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';' | ':');
    if kind.is_empty() || !kind.chars().all(fits) {
        return Err(BadTemplate(format!("\"{kind}\" is no attribute")));
    }
    let end = after
        .find(['(', ')'])
        .ok_or_else(|| BadTemplate("a closing parenthesis is missing".into()))?;
    let (value, rest) = after.split_at(end);
    for escaped in value.split('\\').skip(1) {
        if !escaped
            .bytes()
            .take(2)
            .filter(u8::is_ascii_hexdigit)
            .count()
            .eq(&2)
        {
            return Err(BadTemplate(
                "a backslash needs two hexadecimal digits behind it (\\2a for \"*\")".into(),
            ));
        }
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserName {
        UserName::parse(name.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_is_escaped_in_a_filter() {
        let template =
            FilterTemplate::parse("(&(objectClass=person)(|(uid={user})(mail={user})))").unwrap();
        for (name, value) in [
            ("alice", "alice"),
            ("*", "\\2a"),
            ("bob)(|(uid=bob", "bob\\29\\28|\\28uid=bob"),
            ("\\28", "\\5c28"),
            ("o'brien, \"x\"", "o'brien, \"x\""),
            ("zoë＊", "zoë＊"),
        ] {
            assert_eq!(
                template.expand(&user(name)).as_str(),
                format!("(&(objectClass=person)(|(uid={value})(mail={value})))")
            );
        }
    }

    #[test]
    fn what_the_server_says_is_escaped_too() {
        let member = AttributeName::known("member");
        let filter = Filter::equality(&member, b"cn=a\\2c*)(x=\xff\0,o=y");
        assert_eq!(
            filter.as_str(),
            "(member=cn=a\\5c2c\\2a\\29\\28x=\\ff\\00,o=y)"
        );
        let uid = Filter::equality(&AttributeName::known("uid"), "zo\u{eb}".as_bytes());
        let text = filter.or(&uid).negated().as_str().to_owned();
        assert_eq!(text, format!("(!(|{}(uid=zo\u{eb})))", filter.as_str()));
        assert!(check_filter(&text).is_ok());
    }

    #[test]
    fn a_long_list_becomes_several_filters() {
        let filters = |count| (0..count).map(|n: u32| Filter::parse(&format!("(a={n})")).unwrap());
        assert!(Filter::any_of_each(filters(0), 20).is_empty());
        let lists = Filter::any_of_each(filters(5), 20);
        let lists: Vec<&str> = lists.iter().map(Filter::as_str).collect();
        assert_eq!(lists, ["(|(a=0)(a=1)(a=2))", "(|(a=3)(a=4))"]);
        for filter in Filter::any_of_each(filters(3), 1) {
            assert!(check_filter(filter.as_str()).is_ok(), "{filter:?}");
        }
    }

    #[test]
    fn a_name_is_escaped_in_a_dn() {
        let template = DnTemplate::parse("uid={user},ou=people,dc=x").unwrap();
        for (name, value) in [
            ("alice", "alice"),
            ("a,ou=admins", "a\\2cou\\3dadmins"),
            ("a b", "a\\20b"),
            ("#x", "\\23x"),
            ("a+b;c<d>\"e\\", "a\\2bb\\3bc\\3cd\\3e\\22e\\5c"),
            ("o'brien(x)*", "o'brien(x)*"),
            ("zoë", "zoë"),
        ] {
            let dn = template.expand(&user(name)).unwrap();
            assert_eq!(dn.as_str(), format!("uid={value},ou=people,dc=x"));
            assert_eq!(
                dn,
                Dn::parse(&format!("UID={value}, ou=people, dc=x")).unwrap()
            );
        }
    }

    #[test]
    fn every_byte_survives_the_way_through_a_dn() {
        for c in (1..0x250_u32).filter_map(char::from_u32) {
            let escaped = escape_dn_value(&format!("a{c}b"));
            assert!(Dn::parse(&format!("cn={escaped}")).is_ok(), "{c:?}");
        }
    }

    #[test]
    fn filters_of_every_kind_are_taken() {
        for text in [
            "(uid={user})",
            "uid={user}",
            "(&(a=b)(!(c=d))(uid={user}))",
            "(cn=*{user}*)",
            "(memberOf:1.2.840.113556.1.4.1941:={user})",
            "(cn:dn:caseExactMatch:={user})",
            "(&(uidNumber>=1000)(x<=3)(y~=z)(uid={user}))",
            "(cn=\\28{user}\\29)",
        ] {
            assert!(FilterTemplate::parse(text).is_ok(), "{text}");
        }
        assert!(Filter::parse("(objectClass=*)").is_ok());
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}(uid={{user}}){}", "(!".repeat(40), ")".repeat(40));
        for text in [
            "",
            "(uid=alice)",
            "(uid={user}",
            "uid={user})",
            "(uid={user})(x=y)",
            "({user}=x)",
            "(&)",
            "(&{user})",
            "(uid={user})x",
            "(uid=%(user)s)",
            "(uid={name})(cn={user})",
            "(a={user}\\zz)",
            "(a={user}\\2)",
            "(={user})",
            "(u{user}d=x)",
            "(uid{user})",
            &deep,
        ] {
            assert!(FilterTemplate::parse(text).is_err(), "{text}");
        }
        assert!(Filter::parse("(uid={user})").is_err());
    }

    #[test]
    fn what_is_no_dn_template_is_refused() {
        for text in [
            "",
            "uid=alice,o=x",
            "{user}",
            "{user}=x,o=y",
            "uid={user},",
            "uid={name},cn={user}",
            "uid=%(user)s",
        ] {
            assert!(DnTemplate::parse(text).is_err(), "{text}");
        }
    }
}
