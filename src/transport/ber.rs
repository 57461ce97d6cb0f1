//! Just enough of the Basic Encoding Rules (X.690, as restricted by RFC 4511 §5.1) to check a
//! message before the LDAP library sees it.

use super::guard::Violation;

/// How deep a message may nest. RFC 4511 needs six levels.
pub const MAX_DEPTH: usize = 32;

/// A tag, its content, and what follows it.
pub struct Element<'a> {
    /// The identifier octet.
    pub tag: u8,
    /// The content octets.
    pub content: &'a [u8],
    /// The input behind the element.
    pub rest: &'a [u8],
}

/// The header at the start of `input`: tag, content length and the header's own length. None if more
/// input is needed.
///
/// # Errors
/// Indefinite lengths, which RFC 4511 §5.1 forbids; lengths of more than four octets; tag numbers of
/// more than one octet, which LDAP does not have.
pub fn header(input: &[u8]) -> Result<Option<(u8, usize, usize)>, Violation> {
    let [tag, first, more @ ..] = input else {
        return Ok(None);
    };
    if tag & 0x1f == 0x1f {
        return Err(Violation::Protocol("a tag number that LDAP does not have"));
    }
    if *first < 0x80 {
        return Ok(Some((*tag, usize::from(*first), 2)));
    }
    let octets = usize::from(first & 0x7f);
    match octets {
        0 => return Err(Violation::Protocol("an indefinite length")),
        1..=4 => {}
        _ => return Err(Violation::TooLarge("a length of more than four octets")),
    }
    let Some(octets) = more.get(..octets) else {
        return Ok(None);
    };
    let length = octets
        .iter()
        .fold(0, |length, octet| length << 8 | usize::from(*octet));
    Ok(Some((*tag, length, 2 + octets.len())))
}

/// The element at the start of `input`, which is complete: an element that ends behind it is an
/// error. None at the end of the input.
///
/// # Errors
/// See [`header`]; and an element that is longer than the one around it.
pub fn element(input: &[u8]) -> Result<Option<Element<'_>>, Violation> {
    if input.is_empty() {
        return Ok(None);
    }
    let cut = Violation::Protocol("an element is longer than the one around it");
    let (tag, length, start) = header(input)?.ok_or(cut)?;
    let end = start.checked_add(length).ok_or(cut)?;
    match (input.get(start..end), input.get(end..)) {
        (Some(content), Some(rest)) => Ok(Some(Element { tag, content, rest })),
        _ => Err(cut),
    }
}

/// Walks through everything in `input`, and counts the elements.
///
/// # Errors
/// See [`element`]; and more than [`MAX_DEPTH`] levels, or more than `limit` elements.
pub fn count(input: &[u8], limit: usize) -> Result<usize, Violation> {
    count_below(input, 1, limit)
}

fn count_below(mut input: &[u8], depth: usize, limit: usize) -> Result<usize, Violation> {
    let mut count = 0;
    while let Some(element) = element(input)? {
        if depth > MAX_DEPTH {
            return Err(Violation::TooDeep);
        }
        count += 1;
        if element.tag & 0x20 != 0 {
            count += count_below(element.content, depth + 1, limit)?;
        }
        if count > limit {
            return Err(Violation::TooLarge("more elements than a login needs"));
        }
        input = element.rest;
    }
    Ok(count)
}

/// The element at the start of `input`, which must have this tag: its content and what follows.
///
/// # Errors
/// It is missing or another one.
pub fn take(input: &[u8], tag: u8) -> Result<(&[u8], &[u8]), Violation> {
    match element(input)? {
        Some(element) if element.tag == tag => Ok((element.content, element.rest)),
        _ => Err(Violation::Protocol(
            "an element is missing or of the wrong kind",
        )),
    }
}

/// The same, for text.
///
/// # Errors
/// It is missing, another one, or not UTF-8.
pub fn take_text(input: &[u8], tag: u8) -> Result<&[u8], Violation> {
    let (content, rest) = take(input, tag)?;
    match std::str::from_utf8(content) {
        Ok(_) => Ok(rest),
        Err(_) => Err(Violation::Protocol("text that is not UTF-8")),
    }
}

/// The value of an INTEGER or ENUMERATED of one to four octets that is not negative.
///
/// # Errors
/// Any other length, or a negative value.
pub fn unsigned(content: &[u8]) -> Result<u32, Violation> {
    match content {
        [first, rest @ ..] if *first < 0x80 && rest.len() < 4 => Ok(content
            .iter()
            .fold(0, |value, octet| value << 8 | u32::from(*octet))),
        _ => Err(Violation::Protocol("a number out of range")),
    }
}
