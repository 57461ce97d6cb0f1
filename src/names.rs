//! Names that come from outside, parsed once and valid for ever: the user, the PAM service,
//! attributes, flags, and distinguished names (RFC 4514).

mod attribute_type;
mod dn;

use std::fmt;

use attribute_type::is_attribute_type;
pub use dn::{BadDn, Dn};

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

/// Whether this can stand in the first field of group(5).
#[must_use]
pub fn is_local_group(name: &str) -> bool {
    let impossible = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | ',' | '/');
    !name.is_empty() && !name.contains(impossible)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
