//! A search filter as it travels (RFC 4511 §4.5.1.7), as text again (RFC 4515).

use pam_rsldap::transport::ber;

/// No filter of ours nests deeper; the library refuses those that do.
const MAX_DEPTH: usize = 64;

/// The filter at the start of `input`. None if it makes no sense.
pub fn text(input: &[u8]) -> Option<String> {
    filter(input, 0).map(|(text, _)| text)
}

fn filter(input: &[u8], depth: usize) -> Option<(String, &[u8])> {
    let element = ber::element(input).ok()??;
    let content = element.content;
    let text = match element.tag {
        _ if depth > MAX_DEPTH => return None,
        0xa0 => format!("(&{})", list(content, depth)?),
        0xa1 => format!("(|{})", list(content, depth)?),
        0xa2 => format!("(!{})", list(content, depth)?),
        0xa3 => assertion(content, "=")?,
        0xa4 => substrings(content)?,
        0xa5 => assertion(content, ">=")?,
        0xa6 => assertion(content, "<=")?,
        0x87 => format!("({}=*)", escaped(content)),
        0xa8 => assertion(content, "~=")?,
        0xa9 => extensible(content)?,
        _ => return None,
    };
    Some((text, element.rest))
}

fn list(mut input: &[u8], depth: usize) -> Option<String> {
    let mut all = String::new();
    while !input.is_empty() {
        let (text, rest) = filter(input, depth + 1)?;
        all.push_str(&text);
        input = rest;
    }
    Some(all)
}

fn assertion(content: &[u8], operator: &str) -> Option<String> {
    let (attribute, rest) = ber::take(content, 0x04).ok()?;
    let (value, _) = ber::take(rest, 0x04).ok()?;
    Some(format!(
        "({}{operator}{})",
        escaped(attribute),
        escaped(value)
    ))
}

fn substrings(content: &[u8]) -> Option<String> {
    let (attribute, rest) = ber::take(content, 0x04).ok()?;
    let (mut parts, _) = ber::take(rest, 0x30).ok()?;
    let mut pattern = String::new();
    while let Some(part) = ber::element(parts).ok()? {
        let is_initial = part.tag == 0x80;
        if !is_initial && !pattern.ends_with('*') {
            pattern.push('*');
        }
        pattern.push_str(&escaped(part.content));
        if part.tag != 0x82 {
            pattern.push('*');
        }
        parts = part.rest;
    }
    Some(format!("({}={pattern})", escaped(attribute)))
}

fn extensible(mut content: &[u8]) -> Option<String> {
    let (mut rule, mut attribute, mut value, mut dn) = Default::default();
    while let Some(part) = ber::element(content).ok()? {
        match part.tag {
            0x81 => rule = format!(":{}", escaped(part.content)),
            0x82 => attribute = escaped(part.content),
            0x83 => value = escaped(part.content),
            0x84 if part.content != [0] => dn = ":dn",
            _ => {}
        }
        content = part.rest;
    }
    let value: String = value;
    Some(format!("({attribute}{dn}{rule}:={value})"))
}

/// RFC 4515 §3, and what is no text.
fn escaped(value: &[u8]) -> String {
    let mut text = String::new();
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' | '*' | '(' | ')' | '\0' => {
                    text.push_str(&format!("\\{:02x}", u32::from(c)));
                }
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let length = u8::try_from(content.len()).expect("a short element");
        [&[tag, length], content.as_slice()].concat()
    }

    #[test]
    fn filters_read_as_they_are_written() {
        let string = |text: &str| element(0x04, &[text.as_bytes()]);
        let uid = element(0xa3, &[&string("uid"), &string("al*ice")]);
        let present = element(0x87, &[b"mail"]);
        let not = element(0xa2, &[&present]);
        let both = element(0xa0, &[&uid, &not]);
        assert_eq!(
            text(&both).as_deref(),
            Some("(&(uid=al\\2aice)(!(mail=*)))")
        );
        let pieces = element(0x30, &[&element(0x80, &[b"a"]), &element(0x82, &[b"z"])]);
        let like = element(0xa4, &[&string("cn"), &pieces]);
        assert_eq!(text(&like).as_deref(), Some("(cn=a*z)"));
        let middle = element(0x30, &[&element(0x81, &[b"m"])]);
        let like = element(0xa4, &[&string("cn"), &middle]);
        assert_eq!(text(&like).as_deref(), Some("(cn=*m*)"));
        let chain = element(
            0xa9,
            &[
                &element(0x81, &[b"1.2.840.113556.1.4.1941"]),
                &element(0x82, &[b"memberOf"]),
                &element(0x83, &[b"cn=g"]),
            ],
        );
        assert_eq!(
            text(&chain).as_deref(),
            Some("(memberOf:1.2.840.113556.1.4.1941:=cn=g)")
        );
    }

    #[test]
    fn what_is_no_filter_has_no_text() {
        for input in [&b""[..], b"\x04\x00", b"\xa3\x00", b"\xa0\x7f", b"\xa9\xff"] {
            assert_eq!(text(input), None, "{input:?}");
        }
    }
}
