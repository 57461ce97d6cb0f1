//! Values and comments as the configuration file has them.

use std::fmt;

use pam_rsldap::characters::is_harmful;

/// A value of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    Text(String),
    Number(u64),
    Boolean(bool),
    List(Vec<Literal>),
    /// On one line.
    Table(Vec<(&'static str, Literal)>),
}

impl Literal {
    pub fn text(text: impl Into<String>) -> Literal {
        Literal::Text(text.into())
    }

    pub fn texts(texts: impl IntoIterator<Item = String>) -> Literal {
        Literal::List(texts.into_iter().map(Literal::Text).collect())
    }

    /// A duration.
    pub fn seconds(seconds: u64) -> Literal {
        Literal::Text(format!("{seconds}s"))
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Text(text) => f.write_str(&quoted(text)),
            Literal::Number(number) => write!(f, "{number}"),
            Literal::Boolean(value) => write!(f, "{value}"),
            Literal::List(values) => {
                f.write_str("[")?;
                separated(f, values, |f, value| write!(f, "{value}"))?;
                f.write_str("]")
            }
            Literal::Table(pairs) => {
                f.write_str("{ ")?;
                separated(f, pairs, |f, (key, value)| write!(f, "{key} = {value}"))?;
                f.write_str(" }")
            }
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    values: &[T],
    one: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        one(f, value)?;
    }
    Ok(())
}

/// A basic string. What a terminal could obey, or a reader not see, is escaped too.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            _ if is_harmful(c) => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A key: bare where that is possible.
pub fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Lines of at most `width` columns, each with `# ` in front. A line end in the text stays one.
pub fn comment(text: &str, width: usize) -> String {
    let mut lines = Vec::new();
    for (at, paragraph) in text.lines().enumerate() {
        // Set in, so that the next note is seen to be another one.
        let start = |first: bool| String::from(if first && at == 0 { "#" } else { "#  " });
        let mut line = start(true);
        let mut empty = true;
        for word in paragraph.split_whitespace() {
            if !empty && line.chars().count() + word.chars().count() >= width {
                lines.push(std::mem::replace(&mut line, start(false)));
            }
            line.push(' ');
            line.push_str(word);
            empty = false;
        }
        lines.push(line);
    }
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_string_is_escaped() {
        for (text, expected) in [
            ("plain", r#""plain""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            (
                "a\nb\u{7f}\u{9b}\u{202e}",
                r#""a\U0000000Ab\U0000007F\U0000009B\U0000202E""#,
            ),
            ("zoë '#", r#""zoë '#""#),
        ] {
            assert_eq!(Literal::text(text).to_string(), expected);
        }
    }

    #[test]
    fn keys_are_quoted_only_where_they_have_to_be() {
        assert_eq!(key("is_staff-2"), "is_staff-2");
        assert_eq!(key("a.b"), "\"a.b\"");
        assert_eq!(key(""), "\"\"");
    }

    #[test]
    fn long_comments_are_wrapped() {
        let text = comment(&"word ".repeat(10), 20);
        assert!(
            text.lines()
                .all(|line| line.len() <= 20 && line.starts_with("# ")),
            "{text}"
        );
        assert_eq!(text.matches("word").count(), 10);
    }
}
