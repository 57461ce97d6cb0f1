//! Names that come from outside, parsed once and valid for ever: the user, the PAM service,
//! attributes, flags, and distinguished names (RFC 4514).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The longest distinguished name that is taken, in bytes.
const MAX_DN: usize = 8 * 1024;

/// The longest user name that is looked up, in bytes.
const MAX_USER_NAME: usize = 256;

/// A login name that may be looked up in a directory: `PAM_USER`, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

/// Why a login name is not looked up. All of them make the user unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadUserName(&'static str);

impl BadUserName {
    /// The reason in words, for the log.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.0
    }
}

impl UserName {
    /// Takes a name as PAM has it.
    ///
    /// # Errors
    /// Names that no directory user can log in with: not UTF-8, empty, over 256 bytes, with a
    /// control character, `/` or `:` (they end fields and paths on the host), with white space at
    /// either end (LDAP matching would ignore it, the host does not), or beginning with `-` or
    /// `+` (an option, or a line of NIS compat mode, to other programs).
    pub fn parse(bytes: &[u8]) -> Result<Self, BadUserName> {
        let Ok(name) = std::str::from_utf8(bytes) else {
            return Err(BadUserName("the name is not UTF-8"));
        };
        if name.is_empty() {
            return Err(BadUserName("the name is empty"));
        }
        if name.len() > MAX_USER_NAME {
            return Err(BadUserName("the name is longer than 256 bytes"));
        }
        if name.chars().any(|c| c.is_control() || c == '/' || c == ':') {
            return Err(BadUserName(
                "the name has a control character, a slash or a colon",
            ));
        }
        if name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace) {
            return Err(BadUserName("the name begins or ends with white space"));
        }
        if name.starts_with(['-', '+']) {
            return Err(BadUserName("the name begins with - or +"));
        }
        Ok(UserName(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A PAM service name, as in `/etc/pam.d/NAME`. libpam keeps it in lower case (pam_start(3)).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(String);

impl ServiceName {
    /// Takes the name of a `[services.NAME]` table or a `PAM_SERVICE` item.
    ///
    /// # Errors
    /// `None` for a name that libpam would never give a transaction: empty, with a slash, white
    /// space, a control character or an upper-case letter.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let impossible =
            |c: char| c.is_whitespace() || c.is_control() || c == '/' || c.is_ascii_uppercase();
        let fits = !name.is_empty() && !name.contains(impossible);
        fits.then(|| ServiceName(name.to_owned()))
    }

    /// The `PAM_SERVICE` of a running transaction. A name that no `[services.NAME]` table can have
    /// stays one that none has.
    #[must_use]
    pub fn of_transaction(item: &[u8]) -> Self {
        ServiceName(String::from_utf8_lossy(item).into_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An attribute description without options: `member`, `2.5.4.31` (RFC 4512 §1.4, §2.5).
/// Compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeName(String);

impl AttributeName {
    /// A name of this program's own.
    #[must_use]
    pub fn known(name: &'static str) -> Self {
        AttributeName(name.to_owned())
    }

    /// Takes a short name or a dotted object identifier.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        is_attribute_type(name).then(|| AttributeName(name.to_owned()))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a flag in `[flags]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlagName(String);

impl FlagName {
    /// Takes a name of letters, digits, `_`, `-` and `.`: it has to fit into the comma separated
    /// `RSLDAP_FLAGS`, and must not look like a DN.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        (!name.is_empty() && name.chars().all(fits)).then(|| FlagName(name.to_owned()))
    }

    /// The flag that everybody must have.
    #[must_use]
    pub fn is_active() -> Self {
        FlagName("is_active".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FlagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A distinguished name (RFC 4514), kept as written for the wire and parsed for comparison.
///
/// Two names are equal when their parts are: the case of types and values, blanks around
/// separators, and the way a character is escaped do not count.
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
        if text.len() > MAX_DN {
            return Err(BadDn {
                offset: MAX_DN,
                problem: "the name is longer than 8 KiB",
            });
        }
        let mut parser = DnParser { text, at: 0 };
        let rdns = parser.name()?;
        Ok(Dn {
            text: text.to_owned(),
            rdns,
        })
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
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
}

impl DnParser<'_> {
    fn name(&mut self) -> Result<Vec<Rdn>, BadDn> {
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
        Ok((kind.to_ascii_lowercase(), fold(&value)))
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
                0..0x20 | 0x7f => return Err(self.error("a control character must be escaped")),
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
    match std::str::from_utf8(value) {
        Ok(text) => {
            let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
            words.join(" ").to_lowercase().into_bytes()
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

/// A keystring or a numeric object identifier (RFC 4512 §1.4).
fn is_attribute_type(name: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match name.as_bytes() {
        [first, ..] if first.is_ascii_digit() => {
            name.contains('.') && name.split('.').all(is_number)
        }
        [first, rest @ ..] if first.is_ascii_alphabetic() => {
            rest.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn ordinary_user_names_are_taken_as_they_are() {
        for name in [
            "alice",
            "Alice",
            "zoë",
            "o'brien(x)*",
            "a b",
            "ACME\\bob",
            "m@x.org",
            ".",
            "小明",
        ] {
            assert_eq!(UserName::parse(name.as_bytes()).unwrap().as_str(), name);
        }
    }

    #[test]
    fn impossible_user_names_are_refused() {
        let long = "x".repeat(257);
        for name in [
            "",
            " bob",
            "bob ",
            "bob\t",
            "bob\u{a0}",
            "a/b",
            "a:b",
            "-f",
            "+x",
            "a\nb",
            "\u{85}x",
            &long,
        ] {
            assert!(UserName::parse(name.as_bytes()).is_err(), "{name:?}");
        }
        assert!(UserName::parse(b"\xff").is_err());
        assert!(UserName::parse("x".repeat(256).as_bytes()).is_ok());
    }

    #[test]
    fn names_of_services_and_flags_are_those_that_pam_can_give() {
        assert!(ServiceName::parse("sudo-i").is_some());
        for name in ["", "SSHD", "a/b", "a b"] {
            assert!(ServiceName::parse(name).is_none(), "{name:?}");
        }
        assert!(FlagName::parse("is_staff").is_some());
        for name in ["", "a,b", "cn=x", "a b"] {
            assert!(FlagName::parse(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn attribute_names_are_keystrings_or_oids() {
        for name in ["member", "x-y2", "2.5.4.3"] {
            assert!(AttributeName::parse(name).is_some(), "{name}");
        }
        for name in [
            "",
            "mail;binary",
            "a_b",
            "2",
            "2..5",
            "2.5.",
            "-a",
            "ä",
            "a b",
            "a=b",
        ] {
            assert!(AttributeName::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn equal_names_may_be_written_differently() {
        let plain = dn("cn=Staff Team,ou=groups,o=test");
        for same in [
            "CN=staff team, OU=Groups, O=TEST",
            "cn = Staff  Team ,ou=groups;o=test",
            "cn=\"Staff Team\",ou=groups,o=test",
            "cn=St\\61ff\\20Team,ou=groups,o=test",
        ] {
            assert_eq!(dn(same), plain, "{same}");
        }
        assert_eq!(dn("cn=a\\2cb,o=x"), dn("cn=a\\,b,o=x"));
        assert_eq!(dn("cn=a+sn=b,o=x"), dn("SN=B + CN=A,o=x"));
        assert_eq!(dn("cn=ZOË,o=x"), dn("cn=zo\\c3\\ab,o=x"));
    }

    #[test]
    fn different_names_are_different() {
        let active = dn("cn=active,ou=groups,o=x");
        for other in [
            "cn=active_old,ou=groups,o=x",
            "cn=active,o=x",
            "cn=active,ou=groups,o=x,o=x",
            "ou=active,ou=groups,o=x",
            "cn=active\\,ou=groups,o=x",
            "cn=active\\ ,ou=groups\\20\\20y,o=x",
        ] {
            assert_ne!(dn(other), active, "{other}");
        }
    }

    #[test]
    fn a_bad_name_says_where() {
        for (text, offset) in [
            ("", 0),
            ("active", 0),
            ("cn=", 3),
            ("cn=,o=x", 3),
            ("cn=a,", 5),
            ("cn=a,,o=x", 5),
            ("cn=a\\", 4),
            ("cn=a\\zz", 4),
            ("cn=\"a", 5),
            ("cn=#zz", 4),
            ("cn=a<b", 4),
            ("cn=a\nb", 4),
            ("c_n=a", 0),
        ] {
            assert_eq!(Dn::parse(text).unwrap_err().offset, offset, "{text:?}");
        }
    }
}
