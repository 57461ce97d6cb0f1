//! Distinguished names (RFC 4514).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::attribute_type::{is_attribute_type, short_name};

/// The longest distinguished name that is taken, in bytes.
const MAX_DN: usize = 8 * 1024;

/// A distinguished name (RFC 4514), kept as written for the wire and parsed for comparison.
///
/// Two names are equal when their parts are: the case of types and values, which of its names a
/// type is called by, blanks around separators, and the way a character is escaped do not count.
#[derive(Clone)]
pub struct Dn {
    text: String,
    rdns: Vec<Rdn>,
}

/// A relative distinguished name: its type and value pairs, sorted.
type Rdn = Vec<(String, Vec<u8>)>;

/// Why a text is no distinguished name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDn {
    /// Where in the text, in bytes from its start.
    pub offset: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

impl fmt::Display for BadDn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.problem, self.offset + 1)
    }
}

impl Dn {
    /// Takes the string form of a DN. The quoted values and the semicolons of RFC 2253 §4 are
    /// accepted, since older servers still send them.
    ///
    /// # Errors
    /// More than 8 KiB, an empty name, a component without `=`, an empty value (an unset variable, as a rule), a
    /// character that has to be escaped and is not.
    pub fn parse(text: &str) -> Result<Self, BadDn> {
        Ok(Dn {
            rdns: DnParser::new(text, false).name()?,
            text: text.to_owned(),
        })
    }

    /// Takes a DN from a server, which may send control characters as they are (RFC 4514 §3): they are
    /// escaped, so that no terminal or log ever has them raw.
    ///
    /// # Errors
    /// As [`Dn::parse`].
    pub fn received(text: &str) -> Result<Self, BadDn> {
        if !text.contains(|c: char| c.is_ascii_control()) {
            return Dn::parse(text);
        }
        let rdns = DnParser::new(text, true).name()?;
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match c.is_ascii_control() {
                true => escaped.push_str(&format!("\\{:02x}", u32::from(c))),
                false => escaped.push(c),
            }
        }
        Ok(Dn {
            text: escaped,
            rdns,
        })
    }

    /// Whether a server may send this name for an entry that it was asked for by the other one. Which
    /// letters beyond ASCII are the same, as composed and decomposed ones are (RFC 4518 §2.3), is left
    /// to the server.
    #[must_use]
    pub fn may_be(&self, asked: &Dn) -> bool {
        let same_value =
            |one: &[u8], other: &[u8]| one == other || !(one.is_ascii() && other.is_ascii());
        let same = |one: &Rdn, other: &Rdn| {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len()
                && pairs.all(|((kind, value), (of, asked))| kind == of && same_value(value, asked))
        };
        let mut rdns = self.rdns.iter().zip(&asked.rdns);
        self.rdns.len() == asked.rdns.len() && rdns.all(|(one, other)| same(one, other))
    }

    /// How many levels this name is below `base`: 0 for the same name, None if it is not below it.
    #[must_use]
    pub fn levels_below(&self, base: &Dn) -> Option<usize> {
        let levels = self.rdns.len().checked_sub(base.rdns.len())?;
        (self.rdns.get(levels..) == Some(base.rdns.as_slice())).then_some(levels)
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the entry above. None at the top.
    #[must_use]
    pub fn parent(&self) -> Option<Dn> {
        let mut escaped = false;
        let mut quoted = false;
        let end = self.text.bytes().position(|byte| {
            let ends = matches!(byte, b',' | b';') && !escaped && !quoted;
            quoted ^= byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        Dn::parse(self.text.get(end + 1..)?.trim_start()).ok()
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({:?})", self.text)
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.rdns == other.rdns
    }
}

impl Eq for Dn {}

impl PartialOrd for Dn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Dn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rdns.cmp(&other.rdns)
    }
}

impl Hash for Dn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rdns.hash(state);
    }
}

/// A recursive-descent reader of RFC 4514 §3.
struct DnParser<'a> {
    text: &'a str,
    at: usize,
    /// Whether a control character may stand there as it is.
    control_characters: bool,
}

impl<'a> DnParser<'a> {
    fn new(text: &'a str, control_characters: bool) -> Self {
        DnParser {
            text,
            at: 0,
            control_characters,
        }
    }

    fn name(&mut self) -> Result<Vec<Rdn>, BadDn> {
        if self.text.len() > MAX_DN {
            return Err(BadDn {
                offset: MAX_DN,
                problem: "the name is longer than 8 KiB",
            });
        }
        let mut rdns = Vec::new();
        loop {
            rdns.push(self.rdn()?);
            match self.peek() {
                None => return Ok(rdns),
                Some(b',' | b';') => self.at += 1,
                Some(_) => return Err(self.error("unexpected character")),
            }
        }
    }

    fn rdn(&mut self) -> Result<Rdn, BadDn> {
        let mut pairs = vec![self.pair()?];
        while self.peek() == Some(b'+') {
            self.at += 1;
            pairs.push(self.pair()?);
        }
        pairs.sort();
        Ok(pairs)
    }

    fn pair(&mut self) -> Result<(String, Vec<u8>), BadDn> {
        self.blanks();
        let start = self.at;
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        {
            self.at += 1;
        }
        let kind = self.text.get(start..self.at).unwrap_or_default();
        self.blanks();
        if !is_attribute_type(kind) || self.peek() != Some(b'=') {
            self.at = start;
            return Err(self.error("an attribute type and \"=\" are missing"));
        }
        self.at += 1;
        self.blanks();
        let value_at = self.at;
        let value = match self.peek() {
            Some(b'"') => self.quoted_value()?,
            Some(b'#') => self.hex_value()?,
            _ => self.string_value()?,
        };
        if value.is_empty() {
            self.at = value_at;
            return Err(self.error("the value is empty"));
        }
        Ok((short_name(kind), fold(&value)))
    }

    fn string_value(&mut self) -> Result<Vec<u8>, BadDn> {
        let mut value = Vec::new();
        let mut kept = 0; // the length up to the last character that is no unescaped blank
        while let Some(byte) = self.peek() {
            match byte {
                b',' | b';' | b'+' => break,
                b'\\' => {
                    value.push(self.escaped()?);
                    kept = value.len();
                    continue;
                }
                b'"' | b'<' | b'>' => return Err(self.error("this character must be escaped")),
                0..0x20 | 0x7f if !self.control_characters => {
                    return Err(self.error("a control character must be escaped"));
                }
                _ => value.push(byte),
            }
            if byte != b' ' {
                kept = value.len();
            }
            self.at += 1;
        }
        value.truncate(kept);
        Ok(value)
    }

    fn quoted_value(&mut self) -> Result<Vec<u8>, BadDn> {
        self.at += 1;
        let mut value = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.error("the closing quote is missing")),
                Some(b'"') => break,
                Some(b'\\') => value.push(self.escaped()?),
                Some(byte) => {
                    value.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        self.blanks();
        Ok(value)
    }

    /// `#` and pairs of hexadecimal digits: the BER encoding of the value. Compared as it is.
    fn hex_value(&mut self) -> Result<Vec<u8>, BadDn> {
        let start = self.at;
        self.at += 1;
        while self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
            self.at += 1;
        }
        let value = self.text.get(start..self.at).unwrap_or_default();
        self.blanks();
        if value.len() < 3 || value.len() % 2 == 0 {
            return Err(self.error("\"#\" needs pairs of hexadecimal digits"));
        }
        Ok(value.as_bytes().to_vec())
    }

    /// A backslash and what it escapes: two hexadecimal digits, or one special character.
    fn escaped(&mut self) -> Result<u8, BadDn> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        match *rest {
            [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                self.at += 3;
                Ok(hex_digit(high) << 4 | hex_digit(low))
            }
            [special, ..] if b" \"#+,;<=>\\".contains(&special) => {
                self.at += 2;
                Ok(special)
            }
            _ => Err(self.error("a backslash escapes nothing here")),
        }
    }

    fn blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, problem: &'static str) -> BadDn {
        BadDn {
            offset: self.at,
            problem,
        }
    }
}

/// A value as `caseIgnoreMatch` sees it (RFC 4518, in short): lower case, runs of blanks as one.
/// Values that are not UTF-8 are left alone.
fn fold(value: &[u8]) -> Vec<u8> {
    // Nearly always, and a login compares dozens.
    if value.iter().all(u8::is_ascii_graphic) {
        return value.to_ascii_lowercase();
    }
    match std::str::from_utf8(value) {
        Ok(text) => {
            let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
            let lower = words
                .join(" ")
                .chars()
                .flat_map(char::to_lowercase)
                .collect();
            String::into_bytes(lower)
        }
        Err(_) => value.to_vec(),
    }
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests;
