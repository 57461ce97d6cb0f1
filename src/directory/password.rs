//! What the answer to a change of the password says.

use zeroize::Zeroizing;

use super::Cause;
use crate::secret::Password;

/// The verdict on one change. Only result code 0 leads to the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeVerdict {
    /// The password is the new one.
    Changed,
    /// It is the old one still.
    Refused(Refusal),
    /// The server cannot do this, for a reason that the administrator has to mend.
    Misconfigured,
    /// There is no verdict.
    Unavailable(Cause),
}

/// Why a directory keeps the old password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The new password is too short.
    TooShort,
    /// The new password is too long.
    TooLong,
    /// The new password is too simple.
    TooSimple,
    /// The new password has been used before, or is the old one.
    InHistory,
    /// The old password is too young to be changed.
    TooYoung,
    /// The user may not change the password.
    NotAllowed,
    /// The server does not see that the old password was given.
    OldPasswordNeeded,
    /// The server says that the old password is wrong.
    OldPasswordWrong,
    /// The account is locked or has expired.
    AccountClosed,
    /// This server only has a copy, and refers to another one. Referrals are never followed: they would
    /// take both passwords to a server that nobody configured.
    Referral,
    /// Against the rules of the directory, which does not say which.
    Rules,
    /// Anything else.
    Other,
}

impl Refusal {
    /// Every refusal once.
    pub const ALL: [Refusal; 12] = [
        Refusal::TooShort,
        Refusal::TooLong,
        Refusal::TooSimple,
        Refusal::InHistory,
        Refusal::TooYoung,
        Refusal::NotAllowed,
        Refusal::OldPasswordNeeded,
        Refusal::OldPasswordWrong,
        Refusal::AccountClosed,
        Refusal::Referral,
        Refusal::Rules,
        Refusal::Other,
    ];

    /// What the user is told.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Refusal::TooShort => "The new password is too short.",
            Refusal::TooLong => "The new password is too long.",
            Refusal::TooSimple => "The new password is too simple, or too short.",
            Refusal::InHistory => "The new password has been used before. Choose another one.",
            Refusal::TooYoung => "Your password was changed too recently to be changed again.",
            Refusal::NotAllowed => "You may not change your password.",
            Refusal::OldPasswordNeeded => {
                "The directory asks for the old password with the new one."
            }
            Refusal::OldPasswordWrong => "The old password is wrong.",
            Refusal::AccountClosed => "Your account is locked or has expired.",
            Refusal::Referral => {
                "This directory server cannot change passwords: it only has a copy. \
                 Ask your administrator."
            }
            Refusal::Rules => "The new password is against the rules of the directory.",
            Refusal::Other => "The directory did not change your password.",
        }
    }

    /// Whether the server's own text says more than ours.
    #[must_use]
    pub fn wants_servers_words(self) -> bool {
        match self {
            Refusal::TooShort
            | Refusal::TooLong
            | Refusal::TooSimple
            | Refusal::Rules
            | Refusal::Other => true,
            Refusal::InHistory
            | Refusal::TooYoung
            | Refusal::NotAllowed
            | Refusal::OldPasswordNeeded
            | Refusal::OldPasswordWrong
            | Refusal::AccountClosed
            | Refusal::Referral => false,
        }
    }

    /// Whether another new password would do.
    #[must_use]
    pub fn is_about_the_new_password(self) -> bool {
        match self {
            Refusal::TooShort
            | Refusal::TooLong
            | Refusal::TooSimple
            | Refusal::InHistory
            | Refusal::Rules => true,
            Refusal::TooYoung
            | Refusal::NotAllowed
            | Refusal::OldPasswordNeeded
            | Refusal::OldPasswordWrong
            | Refusal::AccountClosed
            | Refusal::Referral
            | Refusal::Other => false,
        }
    }
}

/// The rule that a diagnostic text names, where a server has no control to say so: Active Directory
/// begins with an error number of Windows (MS-ERREF §2.2) in eight hexadecimal digits, as in
/// `0000052D: AtrErr: DSID-03190FC6, …`; 389-ds and Samba say it in English.
#[must_use]
pub fn refusal_in_text(diagnostic_text: &str) -> Option<Refusal> {
    let text = diagnostic_text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match windows_error(diagnostic_text) {
        // ERROR_INVALID_PASSWORD
        Some(0x56) => return Some(Refusal::OldPasswordWrong),
        // ERROR_ACCESS_DENIED
        Some(0x5) => return Some(Refusal::NotAllowed),
        Some(_) | None => {}
    }
    if says(&[
        "history",
        "already used",
        "existing value",
        "previously used",
    ]) {
        Some(Refusal::InHistory)
    } else if says(&["too young", "minimum age", "within password minimum"]) {
        Some(Refusal::TooYoung)
    } else if says(&["too short", "characters long", "minimum length"]) {
        Some(Refusal::TooShort)
    } else if says(&["too long"]) {
        Some(Refusal::TooLong)
    } else if says(&[
        "complexity",
        "too simple",
        "syntax",
        "trivial",
        "dictionary",
        "quality",
    ]) {
        Some(Refusal::TooSimple)
    } else if says(&[
        "not allowed to change",
        "alteration of password is not allowed",
    ]) {
        Some(Refusal::NotAllowed)
    } else if windows_error(diagnostic_text) == Some(0x52d) {
        // ERROR_PASSWORD_RESTRICTION: length, complexity, history or age
        Some(Refusal::Rules)
    } else {
        None
    }
}

/// The error number of Windows at the start of a diagnostic text.
fn windows_error(diagnostic_text: &str) -> Option<u32> {
    let (digits, _) = diagnostic_text.split_once(':')?;
    let is_number = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// The value of Active Directory's `unicodePwd` (MS-ADTS §3.1.1.3.1.5): the password in double quotes,
/// in UTF-16, the low octet first.
#[must_use]
pub fn unicode_pwd(password: &Password) -> Zeroizing<Vec<u8>> {
    let quoted = std::iter::once(u16::from(b'"'))
        .chain(password.expose().encode_utf16())
        .chain(std::iter::once(u16::from(b'"')));
    // As much as there can be, so that the buffer is not moved while it grows.
    let mut octets = Zeroizing::new(Vec::with_capacity(4 + 2 * password.expose().len()));
    octets.extend(quoted.flat_map(u16::to_le_bytes));
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_the_rule_that_was_broken() {
        use Refusal::*;
        let cases = [
            // Active Directory
            (
                "0000052D: AtrErr: DSID-03190FC6, #1:\n\t0: 0000052D: DSID-03190FC6, problem 1005",
                Some(Rules),
            ),
            (
                "00000056: AtrErr: DSID-03190F80, #1:\n\t0: 00000056: DSID-03190F80",
                Some(OldPasswordWrong),
            ),
            (
                "00000005: SecErr: DSID-031A11D5, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
                Some(NotAllowed),
            ),
            (
                "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0",
                None,
            ),
            // Samba
            (
                "0000052D: Constraint violation - check_password_restrictions: the password is too short. It should be equal or longer than 7 characters!",
                Some(TooShort),
            ),
            (
                "0000052D: Constraint violation - check_password_restrictions: the password does not meet the complexity criteria!",
                Some(TooSimple),
            ),
            (
                "0000052D: Constraint violation - check_password_restrictions: the password was already used (in history)!",
                Some(InHistory),
            ),
            (
                "0000052D: Constraint violation - check_password_restrictions: password is too young to change!",
                Some(TooYoung),
            ),
            // 389-ds
            (
                "invalid password syntax: password must be at least 8 characters long",
                Some(TooShort),
            ),
            ("password in history", Some(InHistory)),
            ("within password minimum age", Some(TooYoung)),
            (
                "invalid password syntax: password must contain at least 1 digit characters",
                Some(TooSimple),
            ),
            ("user is not allowed to change password", Some(NotAllowed)),
            // slapd
            (
                "Password is not being changed from existing value",
                Some(InHistory),
            ),
            ("", None),
            ("52d: x", None),
            ("0000052d", None),
        ];
        for (text, refusal) in cases {
            assert_eq!(refusal_in_text(text), refusal, "{text}");
        }
    }

    #[test]
    fn unicode_pwd_is_quoted_and_in_utf_16_little_endian() {
        let value = |text: &str| unicode_pwd(&Password::new(text.as_bytes()).unwrap()).to_vec();
        assert_eq!(value("aB"), b"\"\0a\0B\0\"\0");
        assert_eq!(value("é"), b"\"\0\xe9\0\"\0");
        assert_eq!(value("𝄞"), b"\"\0\x34\xd8\x1e\xdd\"\0");
        assert_eq!(value("\""), b"\"\0\"\0\"\0");
    }

    #[test]
    fn every_refusal_is_said_in_a_sentence() {
        for refusal in Refusal::ALL {
            let words = refusal.words();
            assert!(words.ends_with('.') && words.is_ascii(), "{words}");
        }
    }
}
