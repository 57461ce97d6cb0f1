//! What is remembered of a user's groups (`cache.groups`), and when that is forgotten.

use std::path::Path;
use std::time::Duration;

use super::Remarks;
use crate::config::Config;
use crate::names::UserName;
use crate::outcome::Outcome;
use crate::store::cache::{self, Kept};
use crate::store::{Place, RUN, fingerprint, lock_user};

/// The group cache, for one user.
pub struct Cache<'a> {
    user: &'a UserName,
    /// How long answers are used again; zero: not at all.
    pub(super) limit: Duration,
    /// What they are bound to: all that the configuration says.
    pub(super) configuration: String,
}

impl<'a> Cache<'a> {
    /// The one of this user, as the configuration wants it. With `bind.as_user` there is none: what a
    /// user gets as himself would serve a phase that asks as the service account.
    #[must_use]
    pub fn of(user: &'a UserName, config: &Config) -> Self {
        let limit = match config.bind.as_user {
            true => Duration::ZERO,
            false => config.cache.groups,
        };
        let configuration = match limit.is_zero() {
            true => String::new(),
            false => fingerprint(&format!("{config:?}")),
        };
        Cache {
            user,
            limit,
            configuration,
        }
    }

    /// Whether anything is to be remembered.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.limit.is_zero()
    }

    /// What is remembered and fresh.
    pub fn fresh(&self, remarks: &mut Remarks) -> Option<Kept> {
        if !self.is_on() {
            return None;
        }
        let place = Place::existing(Path::new(RUN))?;
        match cache::read(&place, self.user, &self.configuration) {
            Ok(kept) => kept
                .filter(|(_, age)| *age < self.limit)
                .map(|(kept, _)| kept),
            Err(unusable) => {
                remarks.damaged(RUN, &place, &unusable);
                None
            }
        }
    }

    /// Keeps what was learnt by a login that ended in this way, or forgets the user.
    /// An account may have been asked for by another name than its own.
    pub fn learn(
        &self,
        account: &UserName,
        outcome: Outcome,
        learnt: Option<&Kept>,
        remarks: &mut Remarks,
    ) {
        match outcome {
            Outcome::Granted => {
                if let Some(kept) = learnt {
                    self.keep(kept, remarks);
                }
            }
            Outcome::Refused | Outcome::Expired(_) | Outcome::MustChange | Outcome::UnknownUser => {
                Self::forget(account, remarks)
            }
            Outcome::Exempt
            | Outcome::BadPassword
            | Outcome::Unavailable
            | Outcome::ConfigError => {}
        }
    }

    fn keep(&self, kept: &Kept, remarks: &mut Remarks) {
        // Where there is no place for it, every login asks.
        let Some(place) = Place::made(Path::new(RUN)) else {
            return;
        };
        let Ok(_lock) = lock_user(&place, self.user) else {
            return;
        };
        if let Err(error) = cache::write(&place, self.user, &self.configuration, kept) {
            remarks.debug(format!("{RUN}: answers about groups are not kept: {error}"));
        }
    }

    fn forget(account: &UserName, remarks: &mut Remarks) {
        let Some(place) = Place::existing(Path::new(RUN)) else {
            return;
        };
        if !cache::remove(&place, account) {
            remarks.warning(format!(
                "{RUN}: what is remembered of a user who is refused cannot be removed"
            ));
        }
    }
}
