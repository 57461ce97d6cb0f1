//! String literals and their formatting.

use super::value::Value;

/// Decodes what stands between the quotes. None where Python would refuse it, or where it is
/// bytes beyond text.
pub fn decoded(raw: &str, is_raw: bool) -> Option<String> {
    if is_raw {
        return Some(raw.to_owned());
    }
    let mut text = String::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let c = after.chars().next()?;
        rest = after.get(c.len_utf8()..)?;
        match c {
            '\n' => {}
            '\r' => rest = rest.strip_prefix('\n').unwrap_or(rest),
            '\\' | '\'' | '"' => text.push(c),
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'a' => text.push('\u{7}'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            'x' => push_code(&mut text, &mut rest, 2)?,
            'u' => push_code(&mut text, &mut rest, 4)?,
            'U' => push_code(&mut text, &mut rest, 8)?,
            'N' => return None,
            '0'..='7' => {
                let digits = after
                    .bytes()
                    .take(3)
                    .take_while(|b| (b'0'..=b'7').contains(b))
                    .count();
                let code = u32::from_str_radix(after.get(..digits)?, 8).ok()?;
                text.push(char::from_u32(code)?);
                rest = after.get(digits..)?;
            }
            // Python leaves an unknown escape as it is, with its backslash.
            other => {
                text.push('\\');
                text.push(other);
            }
        }
    }
    text.push_str(rest);
    Some(text)
}

fn push_code(text: &mut String, rest: &mut &str, digits: usize) -> Option<()> {
    let code = u32::from_str_radix(rest.get(..digits)?, 16).ok()?;
    text.push(char::from_u32(code)?);
    *rest = rest.get(digits..)?;
    Some(())
}

/// As `str()` writes it.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(true) => Some("True".to_owned()),
        Value::Boolean(false) => Some("False".to_owned()),
        Value::None => Some("None".to_owned()),
        _ => None,
    }
}

/// `template % values`, for `%s`, `%d`, `%(name)s` and `%%`.
pub fn percent(template: &str, values: &Value) -> Option<String> {
    let mut positional = match values {
        Value::List(values) => values.iter().map(|part| &part.value).collect(),
        other => vec![other],
    }
    .into_iter();
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let (value, after) = if let Some(after) = after.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|a| a.split_once(')'))
        {
            (named(values, name)?, after)
        } else {
            (positional.next()?, after)
        };
        text.push_str(&plain(value)?);
        rest = after.strip_prefix(['s', 'd'])?;
    }
    text.push_str(rest);
    Some(text)
}

fn named<'v>(values: &'v Value, name: &str) -> Option<&'v Value> {
    let Value::Dictionary(pairs) = values else {
        return None;
    };
    let pair = pairs
        .iter()
        .rev()
        .find(|(key, _)| key.value.as_text() == Some(name));
    pair.map(|(_, value)| &value.value)
}

/// `template.format(…)`, for `{}`, `{0}`, `{name}`, `{{` and `}}`.
pub fn format(template: &str, positional: &[Value], named: &[(String, Value)]) -> Option<String> {
    let mut text = String::new();
    let mut next = 0;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(rest.get(..at)?);
        let brace = rest.get(at..=at)?;
        let after = rest.get(at + 1..)?;
        if let Some(after) = after.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
            continue;
        }
        let (field, after) = after.split_once('}').filter(|_| brace == "{")?;
        let value = if field.is_empty() {
            next += 1;
            positional.get(next - 1)?
        } else if let Ok(place) = field.parse::<usize>() {
            positional.get(place)?
        } else {
            named
                .iter()
                .find(|(name, _)| name == field)
                .map(|(_, value)| value)?
        };
        text.push_str(&plain(value)?);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_python() {
        for (raw, text) in [
            (r"a\x41\101\u00e9\\\'\n", "aAAé\\'\n"),
            (r"uid=a\,b\28", "uid=a\\,b\u{2}8"),
            ("one\\\ntwo", "onetwo"),
        ] {
            assert_eq!(decoded(raw, false).as_deref(), Some(text));
        }
        assert_eq!(decoded(r"a\n", true).as_deref(), Some("a\\n"));
        for raw in [r"\x4", r"\ud800", r"\N{BULLET}", "\\"] {
            assert_eq!(decoded(raw, false), None, "{raw}");
        }
    }

    #[test]
    fn formatting_knows_names_and_places() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(percent("ou=%s", &text("a")).as_deref(), Some("ou=a"));
        assert_eq!(
            percent("(uid=%%(user)s)%s", &text("x")).as_deref(),
            Some("(uid=%(user)s)x")
        );
        assert_eq!(percent("%s%s", &text("a")), None);
        let named = [("n".to_owned(), text("b"))];
        assert_eq!(
            format("{}{0}{n}{{}}", &[text("a")], &named).as_deref(),
            Some("aab{}")
        );
        assert_eq!(format("{!r}", &[text("a")], &[]), None);
        assert_eq!(format("}", &[], &[]), None);
    }
}
