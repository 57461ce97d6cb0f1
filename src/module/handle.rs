//! The PAM handle as the rest of the project sees it.

use std::time::{Duration, Instant};

use pam::constants::{PAM_SILENT, PamFlag};
use pam::module::PamHandle;

use super::args::Args;
use super::ffi::{self, Item, Style};
use super::refused::{RefusedPasswords, Scope};
use crate::config::{Config, Fallback, FallbackRules, Log as LogSettings};
use crate::login::Decision;
use crate::names::UserName;
use crate::notice::{Notice, Tone};
use crate::outcome::{ChangeOutcome, Outcome};
use crate::secret::{NotAPassword, Password};
use crate::session::groups::Wanted;
use crate::transaction::{HostError, PasswordDialogue, Transaction};

/// How long an earlier phase's decision stands for a later one. The phases of one login follow each
/// other at once; a program that keeps a handle for longer gets a new answer.
const FRESH: Duration = Duration::from_secs(60);

/// How long libpam is asked to wait before it reports a failure.
const FAIL_DELAY: Duration = Duration::from_secs(2);

/// How often a new password may be typed differently the second time: as with pam_unix(8).
const TRIES: u8 = 3;

/// What one phase leaves for the next in the same handle. sshd runs phases in different processes, so
/// every phase also works without.
#[derive(Clone)]
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
    /// The session's local groups.
    pub groups: SessionGroups,
}

/// The local groups of a session.
#[derive(Clone)]
pub struct SessionGroups {
    /// Those it is to get.
    pub wanted: Vec<Wanted>,
    /// Why there are fewer than there should be, or none.
    pub problem: Option<String>,
}

/// How the first pass of a change ended, for the second.
pub struct Prepared {
    /// `PAM_USER`
    pub user: Vec<u8>,
    /// The arguments of the pam.d line.
    pub args: Args,
    /// How it ended.
    pub outcome: ChangeOutcome,
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
    /// What the configuration says.
    pub fn of(config: &Config) -> Self {
        Manner {
            fallback: config.fallback,
            log: config.log.clone(),
        }
    }

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
pub struct Handle<'a> {
    pamh: &'a mut PamHandle,
    /// The application wants no messages.
    silent: bool,
    /// Whose passwords it is about, once that is known.
    scope: Option<Scope>,
}

impl<'a> Handle<'a> {
    /// A hold on this handle, with the flags of the hook.
    pub fn new(pamh: &'a mut PamHandle, flags: PamFlag) -> Self {
        Handle {
            pamh,
            silent: flags & PAM_SILENT != 0,
            scope: None,
        }
    }

    /// From now on passwords are those of this user.
    pub fn is_about(&mut self, user: &[u8], args: &Args) {
        self.scope = Some(Scope::new(user, args));
    }

    /// `PAM_USER`, asked for where it is not set.
    ///
    /// # Errors
    /// The conversation failed.
    pub fn user(&mut self) -> Result<Vec<u8>, HostError> {
        ffi::user(self.pamh)
    }

    /// Goes on under another name. False if libpam did not take it.
    pub fn set_user(&mut self, user: &UserName) -> bool {
        ffi::set_user(self.pamh, user.as_str())
    }

    /// `PAM_SERVICE`
    pub fn service(&mut self) -> Vec<u8> {
        ffi::item(self.pamh, Item::Service)
    }

    /// `PAM_RHOST`, empty if it is not set.
    pub fn rhost(&mut self) -> Vec<u8> {
        ffi::item(self.pamh, Item::Rhost)
    }

    /// Leaves something for the phases behind. Without it they ask the directory again.
    pub fn remember(&mut self, remembered: Remembered) {
        let _ = ffi::keep(self.pamh, remembered);
    }

    /// What an earlier phase left for this user and service under the same arguments, unless it is
    /// stale.
    pub fn recall(&self, user: &[u8], service: &[u8], args: &Args) -> Option<&Remembered> {
        let remembered: &Remembered = ffi::kept(self.pamh)?;
        let (for_user, for_service) = &remembered.subject;
        let same = for_user == user && for_service == service && remembered.args == *args;
        (same && remembered.at.elapsed() < FRESH).then_some(remembered)
    }

    /// Leaves how the first pass of a change ended. Without it the second begins anew.
    pub fn prepared(&mut self, prepared: Prepared) {
        let _ = ffi::keep(self.pamh, prepared);
    }

    /// How the first pass ended for this user under the same arguments.
    pub fn preparation(&self, user: &[u8], args: &Args) -> Option<ChangeOutcome> {
        let prepared: &Prepared = ffi::kept(self.pamh)?;
        (prepared.user == user && prepared.args == *args).then_some(prepared.outcome)
    }

    /// A login of this user that found that the password has to be changed goes on: its gates were open.
    pub fn password_is_changed(&mut self, user: &[u8]) {
        let remembered: Option<&Remembered> = ffi::kept(self.pamh);
        let must_change = |earlier: &&Remembered| {
            earlier.subject.0 == user && earlier.decision.outcome == Outcome::MustChange
        };
        let Some(mut earlier) = remembered.filter(must_change).cloned() else {
            return;
        };
        earlier.decision = Decision {
            identity: earlier.decision.identity,
            ..Decision::local(Outcome::Granted, "the password has been changed")
        };
        self.remember(earlier);
    }

    /// Sets a variable of the session. False if libpam did not.
    pub fn put_environment(&mut self, name: &str, value: &str) -> bool {
        ffi::put_environment(self.pamh, name, value)
    }

    /// Makes guessing slow, should the stack fail.
    pub fn delay_failure(&mut self) {
        ffi::delay_failure(self.pamh, FAIL_DELAY);
    }
}

impl Transaction for Handle<'_> {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        Ok(Password::new(&ffi::authtok(self.pamh, Item::Authtok)?))
    }

    fn tell(&mut self, notice: &Notice) {
        if !self.silent {
            let style = match notice.tone() {
                Tone::Info => Style::Info,
                Tone::Error => Style::Error,
            };
            ffi::show(self.pamh, style, &notice.text());
        }
    }

    fn was_refused(&self, password: &Password) -> bool {
        let refused: Option<&RefusedPasswords> = ffi::kept(self.pamh);
        match (refused, &self.scope) {
            (Some(refused), Some(scope)) => refused.has(scope, password),
            _ => false,
        }
    }

    fn note_refused(&mut self, password: &Password) {
        let earlier: Option<&RefusedPasswords> = ffi::kept(self.pamh);
        let refused = earlier.cloned().or_else(RefusedPasswords::new);
        if let (Some(mut refused), Some(scope)) = (refused, self.scope.clone()) {
            refused.add(scope, password);
            let _ = ffi::keep(self.pamh, refused);
        }
    }
}

impl PasswordDialogue for Handle<'_> {
    fn old_password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        Ok(Password::new(&ffi::authtok(self.pamh, Item::OldAuthtok)?))
    }

    fn new_password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        let mut tries = 1;
        loop {
            match ffi::authtok(self.pamh, Item::Authtok) {
                Err(error) if error.code == ffi::MISTYPED && tries < TRIES => tries += 1,
                typed => return Ok(Password::new(&typed?)),
            }
        }
    }
}
