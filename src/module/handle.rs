//! The PAM handle as the rest of the project sees it.

use std::time::{Duration, Instant};

use pam::module::PamHandle;

use super::args::Args;
use super::ffi::{self, Item};
use crate::config::{Fallback, FallbackRules, Log as LogSettings};
use crate::login::Decision;
use crate::names::UserName;
use crate::secret::{NotAPassword, Password};
use crate::transaction::{HostError, Transaction};

/// How long an earlier phase's decision stands for a later one. The phases of one login follow each
/// other at once; a program that keeps a handle for longer gets a new answer.
const FRESH: Duration = Duration::from_secs(60);

/// How long libpam is asked to wait before it reports a failure.
const FAIL_DELAY: Duration = Duration::from_secs(2);

/// What one phase leaves for the next in the same handle. sshd runs phases in different processes, so
/// every phase also works without.
pub struct Remembered {
    /// `PAM_USER` and `PAM_SERVICE` at that time.
    pub subject: (Vec<u8>, Vec<u8>),
    /// The arguments of that phase's pam.d line: another line may have another configuration.
    pub args: Args,
    /// When.
    pub at: Instant,
    /// What was decided.
    pub decision: Decision,
    /// What the configuration says about reporting it.
    pub manner: Manner,
    /// The session's variables.
    pub environment: Vec<(String, String)>,
}

/// How a decision is reported: to the stack, and to the log.
#[derive(Clone)]
pub struct Manner {
    /// `[fallback]`
    pub fallback: Fallback,
    /// `[log]`
    pub log: LogSettings,
}

impl Manner {
    /// While no configuration is known.
    pub fn without_configuration(args: &Args) -> Self {
        let rules = FallbackRules {
            config_error: args.config_error,
            ..FallbackRules::default()
        };
        let fallback = Fallback {
            auth: rules,
            account: rules,
        };
        Manner {
            fallback,
            log: LogSettings::default(),
        }
    }
}

/// One hook's hold on the transaction.
pub struct Handle<'a>(pub &'a mut PamHandle);

impl Handle<'_> {
    /// `PAM_USER`, asked for where it is not set.
    ///
    /// # Errors
    /// The conversation failed.
    pub fn user(&mut self) -> Result<Vec<u8>, HostError> {
        ffi::user(self.0)
    }

    /// Goes on under another name. False if libpam did not take it.
    pub fn set_user(&mut self, user: &UserName) -> bool {
        ffi::set_user(self.0, user.as_str())
    }

    /// `PAM_SERVICE`
    pub fn service(&mut self) -> Vec<u8> {
        ffi::item(self.0, Item::Service)
    }

    /// `PAM_RHOST`, empty if it is not set.
    pub fn rhost(&mut self) -> Vec<u8> {
        ffi::item(self.0, Item::Rhost)
    }

    /// Leaves something for the phases behind. Without it they ask the directory again.
    pub fn remember(&mut self, remembered: Remembered) {
        let _ = ffi::keep(self.0, remembered);
    }

    /// What an earlier phase left for this user and service under the same arguments, unless it is
    /// stale.
    pub fn recall(&self, user: &[u8], service: &[u8], args: &Args) -> Option<&Remembered> {
        let remembered = ffi::kept(self.0)?;
        let (for_user, for_service) = &remembered.subject;
        let same = for_user == user && for_service == service && remembered.args == *args;
        (same && remembered.at.elapsed() < FRESH).then_some(remembered)
    }

    /// Sets a variable of the session. False if libpam did not.
    pub fn put_environment(&mut self, name: &str, value: &str) -> bool {
        ffi::put_environment(self.0, name, value)
    }

    /// Makes guessing slow, should the stack fail.
    pub fn delay_failure(&mut self) {
        ffi::delay_failure(self.0, FAIL_DELAY);
    }
}

impl Transaction for Handle<'_> {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        Ok(Password::new(&ffi::authtok(self.0)?))
    }
}
