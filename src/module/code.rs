//! THE table: how an outcome becomes a PAM return code. No other place does that.

use pam::constants::PamResultCode;
use pam::constants::PamResultCode::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_AUTHTOK_ERR, PAM_AUTHTOK_EXPIRED,
    PAM_IGNORE, PAM_INCOMPLETE, PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED, PAM_SERVICE_ERR,
    PAM_SUCCESS, PAM_SYSTEM_ERR, PAM_TRY_AGAIN, PAM_USER_UNKNOWN,
};

use crate::config::{Fallback, OnFailure};
use crate::outcome::{ChangeOutcome, Expired, Outcome, Pass, Phase};
use crate::transaction::HostError;

/// pam_sm_setcred(3): anything but success here would break the chain of a successful login.
pub const SETCRED: PamResultCode = PAM_SUCCESS;
/// pam_sm_open_session(3) and pam_sm_close_session(3): what the directory says has no say here.
pub const SESSION: PamResultCode = PAM_SUCCESS;
/// The return code of a phase. `PAM_NEW_AUTHTOK_REQD` never comes out of auth: the application
/// would take it for the result of the whole stack.
#[must_use]
pub fn return_code(phase: Phase, outcome: Outcome, fallback: &Fallback) -> PamResultCode {
    let rules = match phase {
        Phase::Auth => fallback.auth,
        Phase::Account => fallback.account,
    };
    let (rule, denied) = match outcome {
        Outcome::Granted => return PAM_SUCCESS,
        Outcome::Exempt => return PAM_IGNORE,
        Outcome::MustChange => match phase {
            Phase::Auth => return PAM_SUCCESS,
            Phase::Account => return PAM_NEW_AUTHTOK_REQD,
        },
        Outcome::UnknownUser => (rules.unknown_user, PAM_USER_UNKNOWN),
        Outcome::BadPassword => (rules.bad_password, PAM_AUTH_ERR),
        Outcome::Refused => (rules.refused, PAM_PERM_DENIED),
        Outcome::Expired(Expired::Account) => (rules.expired, PAM_ACCT_EXPIRED),
        Outcome::Expired(Expired::Password) => (rules.expired, PAM_AUTHTOK_EXPIRED),
        Outcome::Unavailable => (rules.unavailable, PAM_AUTHINFO_UNAVAIL),
        Outcome::ConfigError => (rules.config_error, PAM_SERVICE_ERR),
    };
    match rule {
        OnFailure::Ignore => PAM_IGNORE,
        OnFailure::Deny => denied,
    }
}

/// The return code of a pass of pam_sm_chauthtok(3).
///
/// `PAM_IGNORE` leaves the password to pam_unix: for users who are not the directory's, and for all while
/// the configuration cannot be read, unless `fallback.config_error` says otherwise. Whoever is the
/// directory's never gets it: pam_unix would change a local password, and say that it was done.
#[must_use]
pub fn change_code(pass: Pass, outcome: ChangeOutcome, fallback: &Fallback) -> PamResultCode {
    match (outcome, pass) {
        (ChangeOutcome::Ready, Pass::Prelim) | (ChangeOutcome::Changed, Pass::Update) => {
            PAM_SUCCESS
        }
        (ChangeOutcome::Exempt | ChangeOutcome::UnknownUser, _) => PAM_IGNORE,
        (ChangeOutcome::Prohibited | ChangeOutcome::Refused, _) => PAM_PERM_DENIED,
        (ChangeOutcome::BadPassword, _) => PAM_AUTH_ERR,
        (ChangeOutcome::Expired(Expired::Account), _) => PAM_ACCT_EXPIRED,
        (ChangeOutcome::Expired(Expired::Password), _) => PAM_AUTHTOK_EXPIRED,
        (ChangeOutcome::Rejected, _) => PAM_AUTHTOK_ERR,
        (ChangeOutcome::Unavailable, Pass::Prelim) => PAM_TRY_AGAIN,
        (ChangeOutcome::Unavailable, Pass::Update) => PAM_AUTHTOK_ERR,
        (ChangeOutcome::ConfigError, _) => PAM_SERVICE_ERR,
        (ChangeOutcome::Unconfigured, _) => match fallback.auth.config_error {
            OnFailure::Ignore => PAM_IGNORE,
            OnFailure::Deny => PAM_SERVICE_ERR,
        },
        // What the other pass says.
        (ChangeOutcome::Ready, Pass::Update) | (ChangeOutcome::Changed, Pass::Prelim) => {
            PAM_SYSTEM_ERR
        }
    }
}

/// libpam's own failure, handed back to it. Never success, and never "go on".
#[must_use]
pub fn host_error(error: HostError) -> PamResultCode {
    match PamResultCode::try_from(error.code) {
        // The application will come back with the answer (pam_conv(3)).
        Ok(PamResultCode::PAM_CONV_AGAIN) => PAM_INCOMPLETE,
        Ok(PAM_SUCCESS | PAM_IGNORE) | Err(_) => PAM_SYSTEM_ERR,
        Ok(code) => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FallbackRules;

    fn all(rule: OnFailure) -> Fallback {
        let rules = FallbackRules {
            unavailable: rule,
            unknown_user: rule,
            bad_password: rule,
            config_error: rule,
            refused: rule,
            expired: rule,
        };
        Fallback {
            auth: rules,
            account: rules,
        }
    }

    const TABLE: [(Outcome, PamResultCode, PamResultCode); 10] = [
        (Outcome::Granted, PAM_SUCCESS, PAM_SUCCESS),
        (Outcome::Exempt, PAM_IGNORE, PAM_IGNORE),
        (Outcome::UnknownUser, PAM_USER_UNKNOWN, PAM_USER_UNKNOWN),
        (Outcome::BadPassword, PAM_AUTH_ERR, PAM_AUTH_ERR),
        (Outcome::Refused, PAM_PERM_DENIED, PAM_PERM_DENIED),
        (
            Outcome::Expired(Expired::Account),
            PAM_ACCT_EXPIRED,
            PAM_ACCT_EXPIRED,
        ),
        (
            Outcome::Expired(Expired::Password),
            PAM_AUTHTOK_EXPIRED,
            PAM_AUTHTOK_EXPIRED,
        ),
        (Outcome::MustChange, PAM_SUCCESS, PAM_NEW_AUTHTOK_REQD),
        (
            Outcome::Unavailable,
            PAM_AUTHINFO_UNAVAIL,
            PAM_AUTHINFO_UNAVAIL,
        ),
        (Outcome::ConfigError, PAM_SERVICE_ERR, PAM_SERVICE_ERR),
    ];

    #[test]
    fn every_outcome_has_its_code_where_failures_are_denied() {
        assert!(TABLE.iter().map(|row| row.0).eq(Outcome::ALL));
        for (outcome, auth, account) in TABLE {
            let fallback = all(OnFailure::Deny);
            assert_eq!(
                return_code(Phase::Auth, outcome, &fallback),
                auth,
                "{outcome:?}"
            );
            assert_eq!(
                return_code(Phase::Account, outcome, &fallback),
                account,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn ignoring_leaves_success_alone_and_turns_every_failure_into_ignore() {
        for (outcome, auth, account) in TABLE {
            let fallback = all(OnFailure::Ignore);
            for (phase, denied) in [(Phase::Auth, auth), (Phase::Account, account)] {
                let expected = match denied {
                    PAM_SUCCESS | PAM_NEW_AUTHTOK_REQD => denied,
                    _ => PAM_IGNORE,
                };
                assert_eq!(
                    return_code(phase, outcome, &fallback),
                    expected,
                    "{outcome:?}"
                );
            }
        }
    }

    #[test]
    fn by_default_only_refused_and_expired_end_the_login() {
        let rules = FallbackRules::default();
        let fallback = Fallback {
            auth: rules,
            account: rules,
        };
        for (outcome, _, _) in TABLE {
            for phase in [Phase::Auth, Phase::Account] {
                let code = return_code(phase, outcome, &fallback);
                let expected = match outcome {
                    Outcome::Granted => PAM_SUCCESS,
                    Outcome::MustChange if phase == Phase::Auth => PAM_SUCCESS,
                    Outcome::MustChange => PAM_NEW_AUTHTOK_REQD,
                    Outcome::Refused => PAM_PERM_DENIED,
                    Outcome::Expired(Expired::Account) => PAM_ACCT_EXPIRED,
                    Outcome::Expired(Expired::Password) => PAM_AUTHTOK_EXPIRED,
                    _ => PAM_IGNORE,
                };
                assert_eq!(code, expected, "{phase:?} {outcome:?}");
            }
        }
    }

    #[test]
    fn each_phase_and_each_outcome_follows_its_own_key() {
        type Key = fn(&mut FallbackRules) -> &mut OnFailure;
        let keys: [(Outcome, Key); 7] = [
            (Outcome::UnknownUser, |rules| &mut rules.unknown_user),
            (Outcome::BadPassword, |rules| &mut rules.bad_password),
            (Outcome::Refused, |rules| &mut rules.refused),
            (Outcome::Expired(Expired::Account), |rules| {
                &mut rules.expired
            }),
            (Outcome::Expired(Expired::Password), |rules| {
                &mut rules.expired
            }),
            (Outcome::Unavailable, |rules| &mut rules.unavailable),
            (Outcome::ConfigError, |rules| &mut rules.config_error),
        ];
        for (outcome, key) in keys {
            let mut fallback = all(OnFailure::Deny);
            *key(&mut fallback.account) = OnFailure::Ignore;
            assert_ne!(
                return_code(Phase::Auth, outcome, &fallback),
                PAM_IGNORE,
                "{outcome:?}"
            );
            assert_eq!(
                return_code(Phase::Account, outcome, &fallback),
                PAM_IGNORE,
                "{outcome:?}"
            );
            for other in Outcome::ALL
                .into_iter()
                .filter(|other| other.name() != outcome.name())
            {
                let code = return_code(Phase::Account, other, &fallback);
                assert_eq!(
                    code == PAM_IGNORE,
                    other == Outcome::Exempt,
                    "{outcome:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn every_end_of_a_change_has_its_code_in_each_pass() {
        const TABLE: [(ChangeOutcome, PamResultCode, PamResultCode); 13] = [
            (ChangeOutcome::Ready, PAM_SUCCESS, PAM_SYSTEM_ERR),
            (ChangeOutcome::Changed, PAM_SYSTEM_ERR, PAM_SUCCESS),
            (ChangeOutcome::Exempt, PAM_IGNORE, PAM_IGNORE),
            (ChangeOutcome::UnknownUser, PAM_IGNORE, PAM_IGNORE),
            (ChangeOutcome::Prohibited, PAM_PERM_DENIED, PAM_PERM_DENIED),
            (ChangeOutcome::BadPassword, PAM_AUTH_ERR, PAM_AUTH_ERR),
            (
                ChangeOutcome::Expired(Expired::Account),
                PAM_ACCT_EXPIRED,
                PAM_ACCT_EXPIRED,
            ),
            (
                ChangeOutcome::Expired(Expired::Password),
                PAM_AUTHTOK_EXPIRED,
                PAM_AUTHTOK_EXPIRED,
            ),
            (ChangeOutcome::Refused, PAM_PERM_DENIED, PAM_PERM_DENIED),
            (ChangeOutcome::Rejected, PAM_AUTHTOK_ERR, PAM_AUTHTOK_ERR),
            (ChangeOutcome::Unavailable, PAM_TRY_AGAIN, PAM_AUTHTOK_ERR),
            (ChangeOutcome::ConfigError, PAM_SERVICE_ERR, PAM_SERVICE_ERR),
            (ChangeOutcome::Unconfigured, PAM_IGNORE, PAM_IGNORE),
        ];
        assert!(TABLE.iter().map(|row| row.0).eq(ChangeOutcome::ALL));
        for (outcome, prelim, update) in TABLE {
            let fallback = all(OnFailure::Ignore);
            assert_eq!(change_code(Pass::Prelim, outcome, &fallback), prelim);
            assert_eq!(change_code(Pass::Update, outcome, &fallback), update);
            let denied = |code| match outcome {
                ChangeOutcome::Unconfigured => PAM_SERVICE_ERR,
                _ => code,
            };
            let fallback = all(OnFailure::Deny);
            let code = change_code(Pass::Prelim, outcome, &fallback);
            assert_eq!(code, denied(prelim), "{outcome:?}");
        }
    }

    #[test]
    fn no_failure_of_libpam_becomes_success_or_ignore() {
        for code in -5..100 {
            let code = host_error(HostError {
                code,
                action: "a test",
            });
            assert!(code != PAM_SUCCESS && code != PAM_IGNORE);
        }
    }
}
