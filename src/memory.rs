//! The login with a memory: [`login::decide`] is the live decision, and what was decided before is
//! consulted around it.
//!
//! - Before it: what is known about the user's groups, if it is fresh ([`cached`], `cache.groups`).
//! - In its place, when no server answers: the last known refusal ([`refusals`]), for every user; else
//!   the last grant, for whoever knows the password that it was for ([`offline`],
//!   `offline.credentials`).
//! - Behind it, every live answer is learnt from.
//!
//! A process that is not root's has no memory and works without. Nothing that goes wrong here fails a
//! login; it goes into the [`Remarks`], for the log.

mod attempts;
mod basis;
mod cache;
mod cached;
pub mod date;
mod held_back;
pub mod inspect;
mod offline;
mod refusals;
mod verifier;

use std::cell::LazyCell;
use std::path::Path;

use crate::config::Config;
use crate::directory::Directory;
use crate::login::{self, Decision};
use crate::names::{ServiceName, UserName};
use crate::outcome::{Outcome, Phase};
use crate::policy;
use crate::store::{self, Place, RUN, STATE, Unusable};
use crate::sys;
use crate::transaction::{HostError, Transaction};

use basis::Bases;
use cache::Cache;
use cached::Cached;
use held_back::HeldBack;
use offline::Offline;
use refusals::LastRefusals;

/// What there is to say about the memory itself.
#[derive(Clone, Debug, Default)]
pub struct Remarks {
    /// Something is weaker than it should be.
    pub warnings: Vec<String>,
    /// A step.
    pub steps: Vec<String>,
}

impl Remarks {
    fn warning(&mut self, text: String) {
        self.warnings.push(text);
    }

    fn debug(&mut self, text: String) {
        self.steps.push(text);
    }

    /// Once: what is damaged is removed.
    fn damaged(&mut self, path: &str, place: &Place, unusable: &Unusable) {
        let Unusable { name, why, .. } = unusable;
        let end = match unusable.is_damaged && place.remove(name) {
            true => "it counts as absent and is removed",
            false => "it counts as absent",
        };
        self.warning(format!("{path}/{name}: {why}; {end}"));
    }
}

/// As [`login::decide`], with a memory.
///
/// # Errors
/// The password could not be asked for.
pub fn decide(
    phase: Phase,
    config: &Config,
    subject: (&[u8], &[u8]),
    local_uid: Option<u32>,
    transaction: &mut dyn Transaction,
    directory: &mut dyn Directory,
    remarks: &mut Remarks,
) -> Result<Decision, HostError> {
    let (name, service) = subject;
    let Some(user) = remembered(name, local_uid, config) else {
        return login::decide(phase, config, subject, local_uid, transaction, directory);
    };
    // First of all, so that what follows is about this moment and not the one before the prompt. libpam
    // keeps what was typed: nobody is asked twice.
    let password = match phase {
        Phase::Auth => transaction.password()?.ok(),
        Phase::Account => None,
    };
    // Most logins have nothing to compare it with.
    let bases = LazyCell::new(|| Bases::of(config, &ServiceName::of_transaction(service)));
    let refusals = LastRefusals::of(&user, &bases, remarks);
    let cache = Cache::of(&user, config);
    // Nobody gets in by an answer that is older than a refusal.
    let kept = match refusals.one_stands() {
        true => None,
        false => cache.fresh(remarks),
    };
    let mut directory = Cached::new(directory, kept, cache.is_on());
    let decision = live(transaction, &mut directory, |transaction, directory| {
        login::decide(phase, config, subject, local_uid, transaction, directory)
    })?;
    // What was learnt is about the account, whatever its user has typed.
    let account = decision.canonical.as_ref().unwrap_or(&user);
    let learnt = directory.learnt().filter(|_| decision.canonical.is_none());
    cache.learn(account, decision.outcome, learnt, remarks);
    refusals.learn(account, &decision, remarks);
    let offline = Offline {
        user: account,
        bases: &bases,
        config,
    };
    if decision.outcome != Outcome::Unavailable {
        offline.learn(&decision, password.as_ref(), remarks);
        return Ok(decision);
    }
    Ok(match refusals.in_place_of(&decision) {
        Some(refusal) => refusal,
        None => offline.in_place_of(decision.clone(), password.as_ref(), remarks),
    })
}

/// Decides, with what is remembered; and once more without, if that did not end in a grant.
fn live(
    transaction: &mut dyn Transaction,
    directory: &mut Cached<'_>,
    decide: impl Fn(&mut dyn Transaction, &mut dyn Directory) -> Result<Decision, HostError>,
) -> Result<Decision, HostError> {
    let mut held_back = HeldBack::new(transaction);
    loop {
        let decision = decide(&mut held_back, directory)?;
        if directory.may_be(decision.outcome) {
            held_back.hand_on();
            let cached = directory.was_used();
            return Ok(Decision { cached, ..decision });
        }
        held_back.drop_it();
    }
}

/// Forgets what rests on a user's old password: it has just been changed through this module. What there
/// is to say for the log.
#[must_use]
pub fn password_changed(user: &UserName) -> Vec<String> {
    let mut problems = Vec::new();
    for path in [RUN, STATE] {
        let Some(place) = Place::existing(Path::new(path)) else {
            continue;
        };
        let removed = [
            store::cache::remove(&place, user),
            store::offline::remove(&place, user),
        ];
        if removed.contains(&false) {
            problems.push(format!(
                "{path}: what rests on the old password cannot be removed; \
                 it counts until the directory answers the next login of {}",
                user.as_str()
            ));
        }
    }
    problems
}

/// The wall clock, in seconds since 1970.
fn now() -> u64 {
    u64::try_from(sys::now()).unwrap_or_default()
}

/// The user, unless the name is one that never reaches the directory.
fn remembered(name: &[u8], local_uid: Option<u32>, config: &Config) -> Option<UserName> {
    let user = UserName::parse(name).ok()?;
    (!policy::is_exempt(&user, local_uid, &config.user)).then_some(user)
}
