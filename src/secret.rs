//! Secrets: a password that cannot be empty, is wiped when dropped, and never shows in `Debug`.

use std::fmt;

use zeroize::Zeroizing;

/// The longest password that is looked at, in bytes: libpam's `PAM_MAX_RESP_SIZE`.
pub const MAX_PASSWORD: usize = 512;

/// What sshd hands to PAM in place of the typed password when it has already decided to refuse
/// the user (unknown account, `PermitRootLogin no`, `DenyUsers`): this text, repeated or cut to
/// the length of what was typed. See `fake_password` in OpenSSH's auth-pam.c.
const SSHD_JUNK: &[u8] = b"\x08\n\r\x7fINCORRECT";

/// A password that may be sent in a simple bind (RFC 4511 §4.2): text, 1 to [`MAX_PASSWORD`]
/// bytes. An empty one cannot be represented, because a server takes a bind with a DN and no
/// password as anonymous and answers success (RFC 4513 §5.1.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

/// Why bytes are no [`Password`]. None of these is worth a bind: the answer would be "no".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAPassword {
    /// Nothing was typed.
    Empty,
    /// More than [`MAX_PASSWORD`] bytes.
    TooLong,
    /// Not UTF-8, which RFC 4513 §5.1.3 asks of passwords in simple binds; or it holds a NUL.
    NotText,
    /// sshd's replacement for the password of a user whom it has refused already.
    SshdJunk,
}

impl NotAPassword {
    /// The reason in words, for the log.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            NotAPassword::Empty => "empty password, nothing was sent",
            NotAPassword::TooLong => "password longer than 512 bytes, nothing was sent",
            NotAPassword::NotText => "password is not UTF-8, nothing was sent",
            NotAPassword::SshdJunk => "sshd refused this user already, nothing was sent",
        }
    }
}

impl Password {
    /// Takes what the user typed, byte for byte: no trimming, no normalisation.
    ///
    /// # Errors
    /// [`NotAPassword`] says why these bytes cannot be the password of a directory user.
    pub fn new(typed: &[u8]) -> Result<Self, NotAPassword> {
        if typed.is_empty() {
            return Err(NotAPassword::Empty);
        }
        if typed.len() > MAX_PASSWORD {
            return Err(NotAPassword::TooLong);
        }
        if typed.iter().eq(SSHD_JUNK.iter().cycle().take(typed.len())) {
            return Err(NotAPassword::SshdJunk);
        }
        match std::str::from_utf8(typed) {
            Ok(text) if !text.contains('\0') => Ok(Password(Zeroizing::new(text.to_owned()))),
            _ => Err(NotAPassword::NotText),
        }
    }

    /// The text itself, for the one place that puts it into a bind request.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Takes it out of a text that is to be shown, as of a server that repeats what it was sent.
    pub fn strike_from(&self, text: &mut String) {
        if text.contains(self.expose()) {
            *text = text.replace(self.expose(), "[password]");
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_password_cannot_be_made() {
        assert_eq!(Password::new(b""), Err(NotAPassword::Empty));
    }

    #[test]
    fn a_blank_is_a_password_and_nothing_is_trimmed() {
        assert_eq!(Password::new(b" ").unwrap().expose(), " ");
        assert_eq!(Password::new(" ü\t".as_bytes()).unwrap().expose(), " ü\t");
    }

    #[test]
    fn a_text_that_repeats_it_is_shown_without_it() {
        let password = Password::new(b"hunter2").unwrap();
        let mut text = "no hunter2, and hunter2 neither".to_owned();
        password.strike_from(&mut text);
        assert_eq!(text, "no [password], and [password] neither");
    }

    #[test]
    fn the_longest_password_has_512_bytes() {
        assert!(Password::new(&[b'x'; 512]).is_ok());
        assert_eq!(Password::new(&[b'x'; 513]), Err(NotAPassword::TooLong));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(Password::new(b"\xff"), Err(NotAPassword::NotText));
        assert_eq!(Password::new(b"a\0b"), Err(NotAPassword::NotText));
    }

    #[test]
    fn sshds_junk_is_recognised_at_every_length() {
        let junk: Vec<u8> = SSHD_JUNK.iter().copied().cycle().take(40).collect();
        for length in 1..=40 {
            assert_eq!(
                Password::new(&junk[..length]),
                Err(NotAPassword::SshdJunk),
                "{length}"
            );
        }
        assert!(Password::new(b"\x08\n\r\x7fINCORRECt").is_ok());
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!("{:?}", Password::new(b"hunter2").unwrap());
        assert!(!shown.contains("hunter2"));
    }
}
