//! What the answer to the user's bind says of the password and of the account.

use super::Cause;
use crate::account_state::{Closed, Warning};
use crate::notice::Notice;
use crate::outcome::{Expired, Outcome};

/// The verdict on one bind as the user. Only result code 0 leads to the first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserBindVerdict {
    /// The password is right, and there may be something to tell.
    Right(Option<Warning>),
    /// The bind succeeded, and the password has to be changed before anything else.
    MustChange,
    /// The password is wrong.
    Wrong,
    /// The bind was refused: the password, which is right, has run out.
    PasswordExpired,
    /// The bind was refused: the password, which is right, has been set by an administrator and has to
    /// be changed first. (Active Directory's sub-code 773. Where a server lets such a user bind, it is
    /// [`UserBindVerdict::MustChange`].)
    PasswordReset,
    /// The bind was refused, or a control takes it back: nobody gets into this account. For
    /// [`Closed::Locked`], and in 389-ds for [`Closed::Disabled`], the server has not looked at the
    /// password: nothing is known of it.
    Closed(Closed),
    /// The password is right and the directory does not let the user in here or now.
    Barred(Barred),
    /// The server refused the bind for a reason that the administrator has to mend.
    Misconfigured,
    /// There is no verdict.
    Unavailable(Cause),
}

/// What bars a user whose password is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Barred {
    /// Not at this time: logonHours.
    Hours,
    /// Not from this computer: userWorkstations.
    Workstation,
    /// The bind succeeded, and a policy error that has no place in a bind came with it.
    Policy,
}

impl UserBindVerdict {
    /// What the phase ends as. None: the password is right, and the gates come next, as they do
    /// before [`Outcome::MustChange`] counts.
    ///
    /// `PasswordReset` is not `must_change`, although the password is right and must be changed: that
    /// outcome is PAM_SUCCESS in the auth phase, and a refused bind never is. The diagnostic text, which
    /// is all that tells it, is no proof of a password, and a host that leaves the account phase out
    /// would let the user in (CVE-2006-5170). So it is a password that this login cannot change.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            UserBindVerdict::Right(_) => None,
            UserBindVerdict::MustChange => Some(Outcome::MustChange),
            UserBindVerdict::Wrong => Some(Outcome::BadPassword),
            UserBindVerdict::PasswordExpired | UserBindVerdict::PasswordReset => {
                Some(Outcome::Expired(Expired::Password))
            }
            UserBindVerdict::Closed(_) => Some(Outcome::Expired(Expired::Account)),
            UserBindVerdict::Barred(_) => Some(Outcome::Refused),
            UserBindVerdict::Misconfigured => Some(Outcome::ConfigError),
            UserBindVerdict::Unavailable(_) => Some(Outcome::Unavailable),
        }
    }

    /// The verdict in a word or two.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            UserBindVerdict::Right(_) => "right",
            UserBindVerdict::MustChange => "must_change",
            UserBindVerdict::Wrong => "wrong",
            UserBindVerdict::PasswordExpired => "password_expired",
            UserBindVerdict::PasswordReset => "password_reset",
            UserBindVerdict::Closed(Closed::Locked) => "locked",
            UserBindVerdict::Closed(Closed::Disabled) => "disabled",
            UserBindVerdict::Closed(Closed::Expired) => "expired",
            UserBindVerdict::Barred(Barred::Hours) => "barred_hours",
            UserBindVerdict::Barred(Barred::Workstation) => "barred_workstation",
            UserBindVerdict::Barred(Barred::Policy) => "barred_policy",
            UserBindVerdict::Misconfigured => "misconfigured",
            UserBindVerdict::Unavailable(_) => "unavailable",
        }
    }

    /// What to tell the user. Only where the server has looked at the password and found it right: what
    /// it says without, a stranger could have it say.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        match self {
            UserBindVerdict::PasswordExpired | UserBindVerdict::PasswordReset => {
                Some(Notice::PasswordExpired)
            }
            UserBindVerdict::Closed(Closed::Expired) => {
                Some(Notice::AccountClosed(Closed::Expired))
            }
            UserBindVerdict::Right(_)
            | UserBindVerdict::MustChange
            | UserBindVerdict::Wrong
            | UserBindVerdict::Closed(Closed::Locked | Closed::Disabled)
            | UserBindVerdict::Barred(_)
            | UserBindVerdict::Misconfigured
            | UserBindVerdict::Unavailable(_) => None,
        }
    }

    /// Why, in words for the log; empty where the outcome says it all, or the result code says more.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            UserBindVerdict::Right(_)
            | UserBindVerdict::Wrong
            | UserBindVerdict::Misconfigured
            | UserBindVerdict::Unavailable(_) => "",
            UserBindVerdict::MustChange => {
                "an administrator has set the password, or it has run out"
            }
            UserBindVerdict::PasswordExpired => "the password has run out",
            UserBindVerdict::PasswordReset => {
                "an administrator has set the password; it cannot be changed in this login"
            }
            UserBindVerdict::Closed(Closed::Locked) => "the account is locked",
            UserBindVerdict::Closed(Closed::Disabled) => "the account is disabled",
            UserBindVerdict::Closed(Closed::Expired) => "the account's last day is over",
            UserBindVerdict::Barred(Barred::Hours) => "no login at this time",
            UserBindVerdict::Barred(Barred::Workstation) => "no login from this computer",
            UserBindVerdict::Barred(Barred::Policy) => "a policy error that has no place in a bind",
        }
    }
}

/// The sub-code in the diagnostic text of a bind that Active Directory refused, as in `80090308:
/// LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1`: an error number of
/// Windows (MS-ERREF §2.2) in hexadecimal. None if the text has another form.
#[must_use]
pub fn sub_code(diagnostic_text: &str) -> Option<u32> {
    let (before, behind) = diagnostic_text.split_once(", data ")?;
    if !before.contains("LdapErr: ") {
        return None;
    }
    let digits = behind.split(',').next().unwrap_or_default();
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        u32::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}
