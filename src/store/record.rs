//! The form of what is kept about a user: lines of text under a seal.
//!
//! ```text
//! pam_rsldap refusals 1
//! user alice
//! refusal 5b1c… refused …
//! seal 0e57…
//! ```
//!
//! The first line names the kind and its version. Then a line is a key and its fields, which blanks
//! part; in a field, a byte that is not a visible ASCII character, and the backslash, is `\\` and two
//! hexadecimal digits. The seal is over all that is before it: SHA-256, which finds what is torn, cut or
//! damaged, or an HMAC, which nobody can make who has not the key. What is not exactly so is no record.

use ring::{digest, hmac};

/// The most that is read of a file, in bytes; nothing longer is written.
pub const MAX_SIZE: usize = 128 * 1024;

/// What the last line proves.
#[derive(Clone, Copy)]
pub enum Seal<'a> {
    /// That the record is whole.
    Whole,
    /// That it was made with this key.
    Keyed(&'a hmac::Key),
}

impl Seal<'_> {
    fn of(self, text: &[u8]) -> String {
        match self {
            Seal::Whole => super::hex(digest::digest(&digest::SHA256, text).as_ref()),
            Seal::Keyed(key) => super::hex(hmac::sign(key, text).as_ref()),
        }
    }

    fn fits(self, text: &[u8], seal: &[u8]) -> bool {
        let Some(tag) = std::str::from_utf8(seal).ok().and_then(unhex) else {
            return false;
        };
        match self {
            Seal::Whole => digest::digest(&digest::SHA256, text).as_ref() == tag,
            // In constant time.
            Seal::Keyed(key) => hmac::verify(key, text, &tag).is_ok(),
        }
    }
}

/// A record that is being written.
pub struct Writer(String);

impl Writer {
    /// A record of this kind.
    pub fn new(title: &str) -> Self {
        Writer(format!("{title}\n"))
    }

    /// Adds a line.
    pub fn line(&mut self, key: &str, fields: &[&[u8]]) {
        self.0.push_str(key);
        for field in fields {
            self.0.push(' ');
            for byte in *field {
                if byte.is_ascii_graphic() && *byte != b'\\' {
                    self.0.push(char::from(*byte));
                } else {
                    self.0.push_str(&format!("\\{byte:02x}"));
                }
            }
        }
        self.0.push('\n');
    }

    /// The whole record.
    pub fn sealed(mut self, seal: Seal<'_>) -> Vec<u8> {
        let seal = seal.of(self.0.as_bytes());
        self.0.push_str("seal ");
        self.0.push_str(&seal);
        self.0.push('\n');
        self.0.into_bytes()
    }
}

/// A line of a record that has been read.
pub struct Line {
    /// Its first word.
    pub key: String,
    fields: std::vec::IntoIter<Vec<u8>>,
}

impl Line {
    /// The next field.
    pub fn bytes(&mut self) -> Option<Vec<u8>> {
        self.fields.next()
    }

    /// The next field, if it is text.
    pub fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    /// The next field, if it is a number as this module writes it.
    pub fn number(&mut self) -> Option<u64> {
        let text = self.text()?;
        let number: u64 = text.parse().ok()?;
        (number.to_string() == text).then_some(number)
    }
}

/// The lines of a record of this kind, without the first and the last. None if it is none, or its seal
/// does not fit.
pub fn read(bytes: &[u8], title: &str, seal: Seal<'_>) -> Option<Vec<Line>> {
    let whole = bytes.strip_suffix(b"\n")?;
    let behind = whole.iter().rposition(|byte| *byte == b'\n')? + 1;
    let (text, last) = bytes.split_at_checked(behind)?;
    let tag = last.strip_suffix(b"\n")?.strip_prefix(b"seal ")?;
    if !seal.fits(text, tag) {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let lines = text.strip_prefix(title)?.strip_prefix('\n')?.lines();
    lines.map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let mut words = text.split(' ');
    let key = words.next()?.to_owned();
    let fields: Option<Vec<_>> = words.map(unescaped).collect();
    Some(Line {
        key,
        fields: fields?.into_iter(),
    })
}

fn unescaped(field: &str) -> Option<Vec<u8>> {
    let mut parts = field.split('\\');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.extend(unhex(digits)?);
        bytes.extend(rest.as_bytes());
    }
    Some(bytes)
}

/// Bytes from their hexadecimal digits, which are in small letters.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let is_digit = |digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() % 2 != 0 || !digits.bytes().all(is_digit) {
        return None;
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: &str = "pam_rsldap test 1";

    fn fields(line: &mut Line) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| line.bytes()).collect()
    }

    fn record(seal: Seal<'_>) -> Vec<u8> {
        let mut writer = Writer::new(TITLE);
        writer.line("user", &[b"zo\xc3\xab \\ \n", b"", b"seal"]);
        writer.line("empty", &[]);
        writer.line("number", &[b"12"]);
        writer.sealed(seal)
    }

    #[test]
    fn a_record_says_what_was_written() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        for seal in [Seal::Whole, Seal::Keyed(&key)] {
            let mut lines = read(&record(seal), TITLE, seal).unwrap();
            assert_eq!(lines.len(), 3);
            assert_eq!(lines[0].key, "user");
            let expected: [&[u8]; 3] = [b"zo\xc3\xab \\ \n", b"", b"seal"];
            assert_eq!(fields(&mut lines[0]), expected);
            assert_eq!(fields(&mut lines[1]), [b""; 0]);
            assert_eq!(lines[2].number(), Some(12));
        }
    }

    #[test]
    fn a_record_with_one_byte_changed_cut_or_added_is_none() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        for seal in [Seal::Whole, Seal::Keyed(&key)] {
            let good = record(seal);
            for at in 0..good.len() {
                assert!(read(&good[..at], TITLE, seal).is_none(), "cut at {at}");
                for flipped in [1, 2, 0x20, 0x80, 0xff] {
                    let mut bad = good.clone();
                    bad[at] ^= flipped;
                    assert!(read(&bad, TITLE, seal).is_none(), "byte {at}");
                }
            }
            for more in [&b"\n"[..], b" ", b"seal 00\n", b"\0"] {
                assert!(read(&[&good, more].concat(), TITLE, seal).is_none());
            }
        }
    }

    #[test]
    fn a_record_of_another_kind_version_or_key_is_none() {
        let (one, two) = (
            hmac::Key::new(hmac::HMAC_SHA256, b"one"),
            hmac::Key::new(hmac::HMAC_SHA256, b"two"),
        );
        let good = record(Seal::Keyed(&one));
        assert!(read(&good, TITLE, Seal::Keyed(&one)).is_some());
        assert!(read(&good, TITLE, Seal::Keyed(&two)).is_none());
        assert!(read(&good, TITLE, Seal::Whole).is_none());
        assert!(read(&record(Seal::Whole), TITLE, Seal::Keyed(&one)).is_none());
        for title in ["pam_rsldap test 2", "pam_rsldap test", "pam_rsldap tes"] {
            assert!(read(&good, title, Seal::Keyed(&one)).is_none(), "{title}");
        }
    }

    #[test]
    fn numbers_are_read_only_as_they_are_written() {
        for odd in ["", "+1", "01", "-1", " 1", "1x", "99999999999999999999"] {
            let mut line = line(&format!("n {odd}")).unwrap();
            assert_eq!(line.number(), None, "{odd:?}");
        }
        for odd in ["\\", "\\0", "\\0g", "a\\é"] {
            assert!(unescaped(odd).is_none(), "{odd}");
        }
    }
}
