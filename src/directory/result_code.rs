//! What LDAP result codes (RFC 4511 §4.1.9, appendix A) mean for each operation of a login. No
//! other place reads a result code.

use super::Cause;
use super::password::{ChangeVerdict, Refusal, refusal_in_text};
use super::ppolicy::{Malformed, PolicyControls, PolicyError};
use super::user_bind::{Barred, UserBindVerdict, sub_code};
use crate::account_state::{Closed, Warning};

/// The operations whose results are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// StartTLS, before anything else.
    StartTls,
    /// The service account's bind.
    ServiceBind,
    /// The user's bind.
    UserBind,
    /// The search for the user.
    UserSearch,
    /// Reading the entry at a DN that came from a template.
    UserRead,
    /// Reading a group if it has, or has not, a member.
    GroupRead,
    /// Searching for the groups that have a member.
    GroupSearch,
}

/// What a result code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It was done: bound, or all entries sent.
    Done,
    /// The entry does not exist.
    NoSuchEntry,
    /// There are more entries than were asked for.
    TooMany,
    /// The user's password is wrong.
    WrongPassword,
    /// The server will not answer this one question.
    Withheld,
    /// The administrator has to mend something.
    Misconfigured,
    /// The server is of no use now.
    Unavailable(Cause),
}

/// Reads a result code. Every code that is not listed makes the server unavailable: neither a grant
/// nor a wrong password comes from a code that nobody thought of.
#[must_use]
pub fn read(operation: Operation, code: u32) -> Reading {
    use Operation::{
        GroupRead, GroupSearch, ServiceBind, StartTls, UserBind, UserRead, UserSearch,
    };
    match (code, operation) {
        (0, _) => Reading::Done,
        (_, StartTls) => Reading::Unavailable(Cause::StarttlsRefused),
        // noSuchObject
        (32, UserSearch | GroupSearch) => Reading::Misconfigured,
        (32, UserRead | GroupRead) => Reading::NoSuchEntry,
        // sizeLimitExceeded: the search asks for two entries, so there were more
        (4, UserSearch) => Reading::TooMany,
        // sizeLimitExceeded, adminLimitExceeded: the groups that came are not all
        (4 | 11, GroupSearch) => Reading::TooMany,
        // invalidDNSyntax
        (34, UserSearch | GroupSearch) => Reading::Misconfigured,
        // inappropriateMatching, invalidDNSyntax, insufficientAccessRights
        (18 | 34 | 50, GroupRead) | (18 | 50, GroupSearch) => Reading::Withheld,
        (49, UserBind) => Reading::WrongPassword,
        // authMethodNotSupported, strongerAuthRequired, confidentialityRequired, constraintViolation,
        // noSuchObject, invalidDNSyntax, inappropriateAuthentication, invalidCredentials,
        // insufficientAccessRights, unwillingToPerform: the service account is refused
        (7 | 8 | 13 | 19 | 32 | 34 | 48 | 49 | 50 | 53, ServiceBind) => Reading::Misconfigured,
        // strongerAuthRequired, confidentialityRequired: the server asks for TLS
        (8 | 13, UserBind | UserSearch | UserRead | GroupRead | GroupSearch) => {
            Reading::Misconfigured
        }
        (10, _) => Reading::Unavailable(Cause::Referral),
        // timeLimitExceeded, sizeLimitExceeded, adminLimitExceeded, busy, unavailable, unwillingToPerform
        (3 | 4 | 11 | 51 | 52 | 53, _) => Reading::Unavailable(Cause::Busy),
        _ => Reading::Unavailable(Cause::Protocol),
    }
}

/// The verdict on the user's bind, from its result code, diagnostic text and controls.
///
/// A text or a control explains a refusal, or takes a success back. Neither makes a success of a
/// refusal (CVE-2006-5170).
#[must_use]
pub fn bind_verdict(
    code: u32,
    diagnostic_text: &str,
    controls: Result<PolicyControls, Malformed>,
) -> UserBindVerdict {
    match read(Operation::UserBind, code) {
        Reading::Done => match controls {
            Ok(controls) => accepted(&controls),
            Err(Malformed) => UserBindVerdict::Unavailable(Cause::Protocol),
        },
        reading => refused(
            code,
            reading,
            diagnostic_text,
            &controls.unwrap_or_default(),
        ),
    }
}

/// What the controls leave of a bind that succeeded.
fn accepted(controls: &PolicyControls) -> UserBindVerdict {
    let warning = controls.warning();
    match (controls.error(), warning) {
        (Some(PolicyError::AccountLocked), _) => UserBindVerdict::Closed(Closed::Locked),
        (Some(PolicyError::ChangeAfterReset), _) => UserBindVerdict::MustChange,
        // 389-ds sends Netscape's "expired" with each grace login too.
        (Some(PolicyError::PasswordExpired) | None, Some(Warning::GraceLeft(_))) => {
            UserBindVerdict::Right(warning)
        }
        (Some(PolicyError::PasswordExpired), _) => UserBindVerdict::MustChange,
        (None, _) if controls.expired => UserBindVerdict::MustChange,
        (None, _) => UserBindVerdict::Right(warning),
        (
            Some(
                PolicyError::PasswordModNotAllowed
                | PolicyError::MustSupplyOldPassword
                | PolicyError::InsufficientPasswordQuality
                | PolicyError::PasswordTooShort
                | PolicyError::PasswordTooYoung
                | PolicyError::PasswordInHistory
                | PolicyError::PasswordTooLong
                | PolicyError::Unknown(_),
            ),
            _,
        ) => UserBindVerdict::Barred(Barred::Policy),
    }
}

/// Why a bind was refused.
fn refused(
    code: u32,
    reading: Reading,
    diagnostic_text: &str,
    controls: &PolicyControls,
) -> UserBindVerdict {
    match (code, controls.error()) {
        // constraintViolation: 389-ds and its relatives, after too many wrong passwords
        (19, _) => UserBindVerdict::Closed(Closed::Locked),
        // invalidCredentials, or insufficientAccessRights as the draft has it (§9.1)
        (49 | 50, Some(PolicyError::AccountLocked)) => UserBindVerdict::Closed(Closed::Locked),
        // unwillingToPerform: 389-ds, with the control or without
        (53, Some(PolicyError::AccountLocked)) => UserBindVerdict::Closed(Closed::Disabled),
        (53, _) if diagnostic_text.starts_with("Account inactivated") => {
            UserBindVerdict::Closed(Closed::Disabled)
        }
        (49, Some(PolicyError::PasswordExpired)) => UserBindVerdict::PasswordExpired,
        (49, Some(PolicyError::ChangeAfterReset)) => UserBindVerdict::PasswordReset,
        (49, _) if controls.expired => UserBindVerdict::PasswordExpired,
        (49, _) => refused_by_active_directory(diagnostic_text),
        _ => match reading {
            Reading::Misconfigured => UserBindVerdict::Misconfigured,
            Reading::Unavailable(cause) => UserBindVerdict::Unavailable(cause),
            // No other result is one of a bind.
            Reading::Done
            | Reading::WrongPassword
            | Reading::NoSuchEntry
            | Reading::TooMany
            | Reading::Withheld => UserBindVerdict::Unavailable(Cause::Protocol),
        },
    }
}

/// The sub-codes of Active Directory. All but 775 (and 525, 52e) are only given for the right password.
fn refused_by_active_directory(diagnostic_text: &str) -> UserBindVerdict {
    match sub_code(diagnostic_text) {
        // ERROR_INVALID_LOGON_HOURS
        Some(0x530) => UserBindVerdict::Barred(Barred::Hours),
        // ERROR_INVALID_WORKSTATION
        Some(0x531) => UserBindVerdict::Barred(Barred::Workstation),
        // ERROR_PASSWORD_EXPIRED
        Some(0x532) => UserBindVerdict::PasswordExpired,
        // ERROR_ACCOUNT_DISABLED
        Some(0x533) => UserBindVerdict::Closed(Closed::Disabled),
        // ERROR_ACCOUNT_EXPIRED
        Some(0x701) => UserBindVerdict::Closed(Closed::Expired),
        // ERROR_PASSWORD_MUST_CHANGE
        Some(0x773) => UserBindVerdict::PasswordReset,
        // ERROR_ACCOUNT_LOCKED_OUT
        Some(0x775) => UserBindVerdict::Closed(Closed::Locked),
        // ERROR_NO_SUCH_USER, ERROR_LOGON_FAILURE, and whatever else says no
        Some(_) | None => UserBindVerdict::Wrong,
    }
}

/// The verdict on a change of the password, from its result code, diagnostic text and controls. Only
/// result code 0 is a change, whatever else comes with it.
#[must_use]
pub fn change_verdict(
    code: u32,
    diagnostic_text: &str,
    controls: Result<PolicyControls, Malformed>,
) -> ChangeVerdict {
    let error = controls.unwrap_or_default().error();
    let named = error.and_then(policy_refusal);
    let refused = |usual| {
        let refusal = named.or_else(|| refusal_in_text(diagnostic_text));
        ChangeVerdict::Refused(refusal.unwrap_or(usual))
    };
    match code {
        0 => ChangeVerdict::Changed,
        10 => ChangeVerdict::Refused(Refusal::Referral),
        // protocolError, authMethodNotSupported, strongerAuthRequired, confidentialityRequired: the
        // server does not know the operation, or asks for TLS
        2 | 7 | 8 | 13 => ChangeVerdict::Misconfigured,
        // timeLimitExceeded, adminLimitExceeded, busy, unavailable
        3 | 11 | 51 | 52 => ChangeVerdict::Unavailable(Cause::Busy),
        // constraintViolation
        19 => refused(Refusal::Rules),
        // invalidCredentials
        49 => refused(Refusal::OldPasswordWrong),
        // insufficientAccessRights
        50 => refused(Refusal::NotAllowed),
        _ => refused(Refusal::Other),
    }
}

/// What an error of the policy means for a change. None for a number that nobody knows.
fn policy_refusal(error: PolicyError) -> Option<Refusal> {
    match error {
        PolicyError::PasswordExpired | PolicyError::AccountLocked => Some(Refusal::AccountClosed),
        PolicyError::PasswordModNotAllowed => Some(Refusal::NotAllowed),
        PolicyError::MustSupplyOldPassword => Some(Refusal::OldPasswordNeeded),
        PolicyError::InsufficientPasswordQuality => Some(Refusal::TooSimple),
        PolicyError::PasswordTooShort => Some(Refusal::TooShort),
        PolicyError::PasswordTooYoung => Some(Refusal::TooYoung),
        PolicyError::PasswordInHistory => Some(Refusal::InHistory),
        PolicyError::PasswordTooLong => Some(Refusal::TooLong),
        PolicyError::ChangeAfterReset | PolicyError::Unknown(_) => None,
    }
}

/// The name of a result code, for people.
#[must_use]
pub fn name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        5 => "compareFalse",
        6 => "compareTrue",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        14 => "saslBindInProgress",
        16 => "noSuchAttribute",
        17 => "undefinedAttributeType",
        18 => "inappropriateMatching",
        19 => "constraintViolation",
        20 => "attributeOrValueExists",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        33 => "aliasProblem",
        34 => "invalidDNSyntax",
        36 => "aliasDereferencingProblem",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        54 => "loopDetect",
        80 => "other",
        _ => "unknown result code",
    }
}

#[cfg(test)]
mod tests;
