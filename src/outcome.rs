//! Every way in which a phase can end.
//!
//! An [`Outcome`] is decided in one place and turned into a PAM return code in one other
//! (`module::code`). It has no default and is never a `bool`.

use std::fmt;

/// The PAM phase that a decision is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// `pam_sm_authenticate(3)`: is the password right, and may the user in?
    Auth,
    /// `pam_sm_acct_mgmt(3)`: may the user in, however authentication was done?
    Account,
}

impl Phase {
    /// The name that pam.d(5) files and log lines use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Auth => "auth",
            Phase::Account => "account",
        }
    }
}

/// What is over when an [`Outcome::Expired`] is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expired {
    /// The account is disabled, locked or past its last day.
    Account,
    /// The password is past its last day and cannot be changed in this login.
    Password,
}

/// How a phase ended. The words are those that users see in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Password right and every gate open (account phase: entry found and every gate open).
    Granted,
    /// uid 0, a local account below `user.min_uid`, or listed in `user.exempt`.
    Exempt,
    /// No entry, more than one, or an entry whose name is not `PAM_USER`; or an impossible name.
    UnknownUser,
    /// The user's own bind was refused as invalid credentials, or there was nothing to send.
    BadPassword,
    /// The password is right and a gate is shut.
    Refused,
    /// The account or the password has expired.
    Expired(Expired),
    /// The password is right but has to be changed before anything else.
    MustChange,
    /// No server answered in time and in order.
    Unavailable,
    /// The configuration, or what it names in the directory, is wrong: the administrator's turn.
    ConfigError,
}

impl Outcome {
    /// Every outcome once, for tables and tests.
    pub const ALL: [Outcome; 10] = [
        Outcome::Granted,
        Outcome::Exempt,
        Outcome::UnknownUser,
        Outcome::BadPassword,
        Outcome::Refused,
        Outcome::Expired(Expired::Account),
        Outcome::Expired(Expired::Password),
        Outcome::MustChange,
        Outcome::Unavailable,
        Outcome::ConfigError,
    ];

    /// The word in the log line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Granted => "granted",
            Outcome::Exempt => "exempt",
            Outcome::UnknownUser => "unknown_user",
            Outcome::BadPassword => "bad_password",
            Outcome::Refused => "refused",
            Outcome::Expired(_) => "expired",
            Outcome::MustChange => "must_change",
            Outcome::Unavailable => "unavailable",
            Outcome::ConfigError => "config_error",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
