//! Logins while no server answers (`offline.credentials`).
//!
//! What is kept is bound to what was asked: a login is granted where the directory has granted the same
//! question, gate for gate, within `offline.expire`. It is a grant of the auth phase alone, which has
//! the password; the account phase takes over the one of its own transaction.

use std::io;
use std::ops::Deref;
use std::path::Path;

use super::attempts::{self, Denied, Times};
use super::basis::Bases;
use super::date::date;
use super::verifier;
use super::{Remarks, now};
use crate::config::Config;
use crate::directory::Cause;
use crate::login::{Decision, Stage};
use crate::names::UserName;
use crate::outcome::Outcome;
use crate::secret::Password;
use crate::store::machine_key::MachineKey;
use crate::store::offline::{self, Grant, Kept};
use crate::store::{Moment, Place, STATE, Unusable, fingerprint, lock_user};

/// In place of a server in the log.
const OFFLINE: &str = "offline";

/// The offline login of one user.
pub struct Offline<'a> {
    /// Who.
    pub user: &'a UserName,
    /// What is asked.
    pub bases: &'a dyn Deref<Target = Bases>,
    /// The rules.
    pub config: &'a Config,
}

impl Offline<'_> {
    /// Learns from a live decision: keeps a grant with its password, and forgets what is over.
    pub fn learn(&self, decision: &Decision, password: Option<&Password>, remarks: &mut Remarks) {
        let Some(place) = Place::existing(Path::new(STATE)).or_else(|| self.new_place(decision))
        else {
            return;
        };
        let done = match (decision.outcome, password) {
            _ if !self.config.offline.credentials => self.forget(&place),
            (Outcome::Granted, Some(password)) => self.keep(&place, decision, password),
            (Outcome::Granted, None) => Ok(()),
            // Refused by the gate of this service alone.
            (Outcome::Refused, _) if decision.stage == Stage::Service => self.take_back(&place),
            (
                Outcome::Refused
                | Outcome::Expired(_)
                | Outcome::UnknownUser
                // The password that is kept is another one.
                | Outcome::MustChange,
                _,
            ) => self.forget(&place),
            (Outcome::BadPassword, Some(password)) => self.compare(&place, password),
            (Outcome::BadPassword, None)
            | (Outcome::Exempt | Outcome::Unavailable | Outcome::ConfigError, _) => Ok(()),
        };
        if let Err(error) = done {
            remarks.warning(format!(
                "{STATE}: the offline login is not kept up: {error}"
            ));
        }
    }

    /// The directory is made for the first thing to keep.
    fn new_place(&self, decision: &Decision) -> Option<Place> {
        let wanted = self.config.offline.credentials && decision.outcome == Outcome::Granted;
        if wanted {
            Place::made(Path::new(STATE))
        } else {
            None
        }
    }

    fn forget(&self, place: &Place) -> io::Result<()> {
        match offline::remove(place, self.user) {
            true => Ok(()),
            false => Err(io::Error::other("a verifier cannot be removed")),
        }
    }

    /// What is kept; none if it is damaged, since it is about to be replaced.
    fn kept(&self, place: &Place, key: &MachineKey) -> io::Result<Option<Kept>> {
        match offline::read(place, self.user, key) {
            Ok(kept) => Ok(kept),
            Err(unusable) if unusable.is_damaged => Ok(None),
            Err(unusable) => Err(io::Error::other(unusable.why)),
        }
    }

    fn keep(&self, place: &Place, decision: &Decision, password: &Password) -> io::Result<()> {
        let Some(identity) = &decision.identity else {
            return Ok(());
        };
        let key = MachineKey::made(place)?;
        let verifier = verifier::new(password, &key.pepper)?;
        let _lock = lock_user(place, self.user)?;
        let older = self.kept(place, &key)?;
        let now = now();
        let mut grants = older.map(|kept| kept.grants).unwrap_or_default();
        // What was answered from memory is no newer than it was.
        if !decision.cached {
            let asked = [Stage::Gates, Stage::Service].map(|stage| self.bases.at(stage));
            grants.retain(|grant| !asked.contains(&grant.basis.as_str()));
            let mut asked = asked.to_vec();
            asked.dedup();
            grants.extend(asked.into_iter().map(|basis| Grant {
                basis: basis.to_owned(),
                date: now,
                moment: Moment::now(),
            }));
        }
        let kept = Kept {
            identity: identity.clone(),
            session: self.session(),
            verifier,
            grants,
            seen: now,
            failures: 0,
            failed: 0,
        };
        offline::write(place, self.user, &key, &kept)
    }

    /// Takes the grant for this service alone back.
    fn take_back(&self, place: &Place) -> io::Result<()> {
        let Some(key) = MachineKey::existing(place).ok().flatten() else {
            return Ok(());
        };
        let _lock = lock_user(place, self.user)?;
        let Some(mut kept) = self.kept(place, &key)? else {
            return Ok(());
        };
        let before = kept.grants.len();
        let basis = self.bases.at(Stage::Service);
        kept.grants.retain(|grant| grant.basis != basis);
        if kept.grants.len() == before {
            return Ok(());
        }
        offline::write(place, self.user, &key, &kept).or_else(|_| self.forget(place))
    }

    /// The directory does not know a password that it knew: the password has been changed.
    fn compare(&self, place: &Place, password: &Password) -> io::Result<()> {
        let Some(key) = MachineKey::existing(place).ok().flatten() else {
            return Ok(());
        };
        let Some(kept) = self.kept(place, &key)? else {
            return Ok(());
        };
        let tag = verifier::tag(&kept.verifier, password, &key.pepper)?;
        match key.same(tag.as_ref(), &kept.verifier.tag) {
            true => self.forget(place),
            false => Ok(()),
        }
    }

    /// What the flags and attributes of a session come from.
    pub(super) fn session(&self) -> String {
        let Config {
            flags,
            user,
            session,
            ..
        } = self.config;
        fingerprint(&format!("{flags:?} {:?} {session:?}", user.attributes))
    }

    /// What takes the place of a decision that no server would make: a grant, or the same with the
    /// reason why there is none.
    #[must_use]
    pub fn in_place_of(
        &self,
        decision: Decision,
        password: Option<&Password>,
        remarks: &mut Remarks,
    ) -> Decision {
        // Trouble of this process says nothing about a server; nor does an answer that makes no sense.
        let is_outage = decision.cause.is_some_and(|cause| cause != Cause::Host);
        let (Some(password), true, true) = (password, is_outage, self.config.offline.credentials)
        else {
            return decision;
        };
        let why = match self.verify(password, remarks) {
            Some(Ok(kept)) => return self.grant(&decision, kept),
            Some(Err(why)) => why,
            None => return decision,
        };
        Decision {
            reason: format!("{}; no offline login: {why}", decision.reason),
            ..decision
        }
    }

    fn grant(&self, decision: &Decision, kept: Kept) -> Decision {
        let cause = decision.cause.map_or("", Cause::name);
        let last = self
            .grant_of(&kept, Stage::Gates)
            .map_or(0, |grant| grant.date);
        let reason = format!(
            "as the directory granted on {}; it is unavailable ({cause})",
            date(last)
        );
        Decision {
            server: Some(OFFLINE.to_owned()),
            cause: decision.cause,
            identity: Some(kept.identity),
            ..Decision::local(Outcome::Granted, reason)
        }
    }

    pub(super) fn grant_of<'k>(&self, kept: &'k Kept, stage: Stage) -> Option<&'k Grant> {
        let basis = self.bases.at(stage);
        kept.grants.iter().find(|grant| grant.basis == basis)
    }

    /// None: nothing is kept of this user.
    fn verify(&self, password: &Password, remarks: &mut Remarks) -> Option<Result<Kept, String>> {
        let place = Place::existing(Path::new(STATE))?;
        let mut odd = |unusable: Unusable| remarks.damaged(STATE, &place, &unusable);
        let key = MachineKey::existing(&place).map_err(&mut odd).ok()??;
        let read = |odd: &mut dyn FnMut(Unusable)| match offline::read(&place, self.user, &key) {
            Ok(kept) => kept,
            Err(unusable) => {
                odd(unusable);
                None
            }
        };
        let kept = read(&mut odd)?;
        if let Err(denied) = self.judge(&kept, &self.times()) {
            if attempts::is_over(&kept, &self.times()) {
                let _ = self.forget(&place);
            }
            return Some(Err(denied.to_string()));
        }
        // The work is done without the lock: a process that is stopped there holds nobody up.
        let tag = match verifier::tag(&kept.verifier, password, &key.pepper) {
            Ok(tag) => tag,
            Err(error) => return Some(Err(error.to_string())),
        };
        let _lock = match lock_user(&place, self.user) {
            Ok(lock) => lock,
            Err(error) => return Some(Err(uncounted(&error))),
        };
        let current = read(&mut odd)?;
        if current.verifier != kept.verifier {
            return Some(Err("another login has just changed what is kept".to_owned()));
        }
        let write = |kept: &Kept| offline::write(&place, self.user, &key, kept);
        Some(self.attempt(current, write, |kept| {
            key.same(tag.as_ref(), &kept.verifier.tag)
        }))
    }

    /// One attempt, under the lock: it counts as a failure before anybody knows that it is none. What
    /// cannot be counted is not tried.
    fn attempt(
        &self,
        kept: Kept,
        write: impl Fn(&Kept) -> io::Result<()>,
        is_right: impl FnOnce(&Kept) -> bool,
    ) -> Result<Kept, String> {
        // Behind the read: what another process has just written is not from the future.
        let times = self.times();
        let judged = self.judge(&kept, &times);
        judged.map_err(|denied| denied.to_string())?;
        let counted = attempts::failed(&kept, times.now);
        write(&counted).map_err(|error| uncounted(&error))?;
        if !is_right(&counted) {
            return Err(format!("wrong password, {}", attempts::count(&counted)));
        }
        let right = Kept {
            failures: 0,
            failed: 0,
            ..counted
        };
        // Else it is counted as one that failed, which is no harm.
        let _ = write(&right);
        Ok(right)
    }

    fn judge(&self, kept: &Kept, times: &Times) -> Result<(), Denied> {
        let granted = [Stage::Gates, Stage::Service].map(|stage| self.grant_of(kept, stage));
        if kept.session != self.session() {
            return Err(Denied::NeverGranted);
        }
        attempts::judge(kept, &granted, times)
    }

    pub(super) fn times(&self) -> Times {
        Times {
            now: now(),
            moment: Moment::now(),
            expire: self.config.offline.expire,
        }
    }
}

/// Why nobody may try.
fn uncounted(error: &io::Error) -> String {
    format!("the attempt cannot be counted: {error}")
}
