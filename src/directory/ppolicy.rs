//! What a server says of a password policy beside the result of a bind: the response control of
//! draft-behera-ldap-password-policy-11 §6.2, and the two older controls of Netscape
//! (draft-vchu-ldap-pwd-policy-00 §2).
//!
//! Decoding only. What a control is worth next to a result code is decided in `bind_verdict`.

use std::collections::BTreeSet;

use crate::account_state::{Warning, counts};
use crate::config::AccountState;
use crate::transport::ber;

/// The request and the response control. The request has no value.
pub const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// Netscape: the password has run out, or has to be changed. The value means nothing.
pub const PASSWORD_EXPIRED: &str = "2.16.840.1.113730.3.4.4";
/// Netscape: the password runs out in so many seconds, written in digits.
pub const PASSWORD_EXPIRING: &str = "2.16.840.1.113730.3.4.5";

/// The value of the response control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyResponse {
    /// What the user should know.
    pub warning: Option<Warning>,
    /// What is wrong.
    pub error: Option<PolicyError>,
}

/// What is wrong, by the policy (draft-behera-ldap-password-policy-11 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyError {
    /// 0: the password has run out.
    PasswordExpired,
    /// 1: too many wrong passwords, or locked by an administrator.
    AccountLocked,
    /// 2: an administrator has set the password; nothing is allowed before it is changed.
    ChangeAfterReset,
    /// 3: the user may not change the password.
    PasswordModNotAllowed,
    /// 4: the old password has to be given with the new one.
    MustSupplyOldPassword,
    /// 5: the new password is too simple.
    InsufficientPasswordQuality,
    /// 6: the new password is too short.
    PasswordTooShort,
    /// 7: the old password is too young to be changed.
    PasswordTooYoung,
    /// 8: the new password has been used before.
    PasswordInHistory,
    /// 9: the new password is too long. Since version 11 of the draft.
    PasswordTooLong,
    /// Any other number.
    Unknown(u32),
}

impl From<u32> for PolicyError {
    fn from(number: u32) -> Self {
        match number {
            0 => PolicyError::PasswordExpired,
            1 => PolicyError::AccountLocked,
            2 => PolicyError::ChangeAfterReset,
            3 => PolicyError::PasswordModNotAllowed,
            4 => PolicyError::MustSupplyOldPassword,
            5 => PolicyError::InsufficientPasswordQuality,
            6 => PolicyError::PasswordTooShort,
            7 => PolicyError::PasswordTooYoung,
            8 => PolicyError::PasswordInHistory,
            9 => PolicyError::PasswordTooLong,
            unknown => PolicyError::Unknown(unknown),
        }
    }
}

/// A control whose value is not what its definition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// All that the controls of one response say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyControls {
    /// The response control, if there was one.
    pub response: Option<PolicyResponse>,
    /// Netscape's "expired" was there.
    pub expired: bool,
    /// The seconds in Netscape's "expiring".
    pub expiring: Option<u32>,
}

impl PolicyControls {
    /// Reads the controls of a response, given as OID and value; others than these three are passed
    /// over. Of a family that does not count (None: all do) nothing is read.
    ///
    /// # Errors
    /// A value that makes no sense, or the same control twice.
    pub fn read<'a>(
        controls: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
        families: Option<&BTreeSet<AccountState>>,
    ) -> Result<Self, Malformed> {
        let mut read = PolicyControls::default();
        for (oid, value) in controls {
            match oid {
                PASSWORD_POLICY if counts(families, AccountState::Ppolicy) => {
                    let response = decode(value.ok_or(Malformed)?)?;
                    once(read.response.replace(response).is_none())?;
                }
                PASSWORD_EXPIRED if counts(families, AccountState::Ds389) => {
                    once(!std::mem::replace(&mut read.expired, true))?;
                }
                PASSWORD_EXPIRING if counts(families, AccountState::Ds389) => {
                    let seconds = digits(value.ok_or(Malformed)?)?;
                    once(read.expiring.replace(seconds).is_none())?;
                }
                _ => {}
            }
        }
        Ok(read)
    }

    /// The error, if there is one.
    #[must_use]
    pub fn error(&self) -> Option<PolicyError> {
        self.response.and_then(|response| response.error)
    }

    /// The more urgent warning, if there is one.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        let warning = self.response.and_then(|response| response.warning);
        let expiring = self.expiring.map(Warning::ExpiresIn);
        match (warning, expiring) {
            (Some(one), Some(two)) => Some(one.more_urgent(two)),
            (one, two) => one.or(two),
        }
    }
}

fn once(first: bool) -> Result<(), Malformed> {
    if first { Ok(()) } else { Err(Malformed) }
}

mod tag {
    pub const SEQUENCE: u8 = 0x30;
    pub const WARNING: u8 = 0xa0;
    pub const ERROR: u8 = 0x81;
    pub const TIME_BEFORE_EXPIRATION: u8 = 0x80;
    pub const GRACE_REMAINING: u8 = 0x81;
}

/// Reads a PasswordPolicyResponseValue.
///
/// # Errors
/// Anything but at most one warning and then at most one error, each in its range, and nothing behind.
pub fn decode(value: &[u8]) -> Result<PolicyResponse, Malformed> {
    let (mut rest, behind) = ber::take(value, tag::SEQUENCE).map_err(|_| Malformed)?;
    nothing(behind)?;
    let mut response = PolicyResponse::default();
    if rest.first() == Some(&tag::WARNING) {
        let (warning, behind) = ber::take(rest, tag::WARNING).map_err(|_| Malformed)?;
        response.warning = Some(decode_warning(warning)?);
        rest = behind;
    }
    if !rest.is_empty() {
        let (error, behind) = ber::take(rest, tag::ERROR).map_err(|_| Malformed)?;
        let number = ber::unsigned(error).map_err(|_| Malformed)?;
        response.error = Some(PolicyError::from(number));
        rest = behind;
    }
    nothing(rest)?;
    Ok(response)
}

fn decode_warning(content: &[u8]) -> Result<Warning, Malformed> {
    let choice = ber::element(content)
        .map_err(|_| Malformed)?
        .ok_or(Malformed)?;
    nothing(choice.rest)?;
    let number = ber::unsigned(choice.content).map_err(|_| Malformed)?;
    match choice.tag {
        tag::TIME_BEFORE_EXPIRATION => Ok(Warning::ExpiresIn(number)),
        tag::GRACE_REMAINING => Ok(Warning::GraceLeft(number)),
        _ => Err(Malformed),
    }
}

fn nothing(rest: &[u8]) -> Result<(), Malformed> {
    once(rest.is_empty())
}

/// Reads a number written in digits and nothing else.
fn digits(value: &[u8]) -> Result<u32, Malformed> {
    once(!value.is_empty() && value.iter().all(u8::is_ascii_digit))?;
    let digits = std::str::from_utf8(value).map_err(|_| Malformed)?;
    digits.parse().map_err(|_| Malformed)
}

#[cfg(test)]
mod tests;
