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

/// How an attempt to change a password ended. The words are those that users see in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeOutcome {
    /// First pass: the user is the directory's, a server is there and the old password is right.
    Ready,
    /// The password is a new one.
    Changed,
    /// uid 0, a local account below `user.min_uid`, or listed in `user.exempt`.
    Exempt,
    /// Not a user of the directory.
    UnknownUser,
    /// `password.change` is "off", there is a `password.prohibit_message`, or root wants to set the
    /// password of somebody else.
    Prohibited,
    /// The old password is wrong, or there was nothing to send.
    BadPassword,
    /// The account or the password has expired, so that nothing can be changed.
    Expired(Expired),
    /// The directory does not let this user in, or change the password.
    Refused,
    /// The new password is not accepted, or there was nothing to send.
    Rejected,
    /// No server answered in time and in order.
    Unavailable,
    /// The configuration does not fit the directory, which the user belongs to.
    ConfigError,
    /// The configuration cannot be read: nothing is known of the user.
    Unconfigured,
}

impl ChangeOutcome {
    /// Every outcome once, for tables and tests.
    pub const ALL: [ChangeOutcome; 13] = [
        ChangeOutcome::Ready,
        ChangeOutcome::Changed,
        ChangeOutcome::Exempt,
        ChangeOutcome::UnknownUser,
        ChangeOutcome::Prohibited,
        ChangeOutcome::BadPassword,
        ChangeOutcome::Expired(Expired::Account),
        ChangeOutcome::Expired(Expired::Password),
        ChangeOutcome::Refused,
        ChangeOutcome::Rejected,
        ChangeOutcome::Unavailable,
        ChangeOutcome::ConfigError,
        ChangeOutcome::Unconfigured,
    ];

    /// The word in the log line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ChangeOutcome::Ready => "ready",
            ChangeOutcome::Changed => "changed",
            ChangeOutcome::Exempt => "exempt",
            ChangeOutcome::UnknownUser => "unknown_user",
            ChangeOutcome::Prohibited => "prohibited",
            ChangeOutcome::BadPassword => "bad_password",
            ChangeOutcome::Expired(_) => "expired",
            ChangeOutcome::Refused => "refused",
            ChangeOutcome::Rejected => "rejected",
            ChangeOutcome::Unavailable => "unavailable",
            ChangeOutcome::ConfigError | ChangeOutcome::Unconfigured => "config_error",
        }
    }
}

/// The two passes of pam_sm_chauthtok(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// `PAM_PRELIM_CHECK`: can it be done?
    Prelim,
    /// `PAM_UPDATE_AUTHTOK`: do it.
    Update,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
