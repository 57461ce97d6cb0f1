//! The last known refusal of a user: learnt from every live answer, and asked for in an outage.

use std::path::Path;

use super::basis::Bases;
use super::date::date;
use super::{Remarks, now};
use crate::login::{Decision, Stage};
use crate::names::UserName;
use crate::outcome::Outcome;
use crate::store::refusals::{self, Refusal};
use crate::store::{Moment, NoPlace, Place, STATE, lock_user};

/// What is remembered of the user who logs in.
pub struct LastRefusals<'a> {
    user: &'a UserName,
    bases: &'a Bases,
    known: Known,
    /// Before the first question of this login.
    began: Moment,
}

enum Known {
    /// These, the oldest first.
    All(Vec<Refusal>),
    /// Nobody can tell.
    Unreadable(String),
    /// This process has no memory.
    Nothing,
}

/// What an answer of the directory says about refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lesson {
    /// There is one.
    Refused(Stage),
    /// There is none.
    Lifted,
    /// Nothing.
    Nothing,
}

/// An answer that was remembered is no live one; a wrong password says nothing about the account.
fn lesson(decision: &Decision) -> Lesson {
    if decision.cached {
        return Lesson::Nothing;
    }
    match decision.outcome {
        Outcome::Refused | Outcome::Expired(_) => Lesson::Refused(decision.stage),
        Outcome::Granted | Outcome::MustChange | Outcome::UnknownUser => Lesson::Lifted,
        Outcome::Exempt | Outcome::BadPassword | Outcome::Unavailable | Outcome::ConfigError => {
            Lesson::Nothing
        }
    }
}

/// The refusals that are left after a lesson. One that is younger than the question to which this is
/// the answer stays: another process has asked later.
fn learnt(known: &[Refusal], lesson: Lesson, bases: &Bases, began: &Moment) -> Vec<Refusal> {
    // Whoever is refused at one stage has passed those before it.
    let passed: &[Stage] = match lesson {
        Lesson::Nothing => &[],
        Lesson::Refused(Stage::Account) => &[Stage::Account],
        Lesson::Refused(Stage::Gates) => &[Stage::Account, Stage::Gates],
        Lesson::Refused(Stage::Service) | Lesson::Lifted => {
            &[Stage::Account, Stage::Gates, Stage::Service]
        }
    };
    let is_over = |refusal: &&Refusal| {
        let younger = refusal.moment.boot == began.boot && refusal.moment.at > began.at;
        !younger && passed.iter().any(|stage| bases.at(*stage) == refusal.basis)
    };
    let left = known.iter().filter(|refusal| !is_over(refusal));
    left.cloned().collect()
}

impl<'a> LastRefusals<'a> {
    /// Reads what is remembered.
    pub fn of(user: &'a UserName, bases: &'a Bases, remarks: &mut Remarks) -> Self {
        let known = match Place::find(Path::new(STATE)) {
            Ok(place) => match refusals::read(&place, user) {
                Ok(known) => Known::All(known),
                Err(unusable) if unusable.is_damaged => {
                    remarks.damaged(STATE, &place, &unusable);
                    Known::All(Vec::new())
                }
                Err(unusable) => {
                    Known::Unreadable(format!("{STATE}/{}: {}", unusable.name, unusable.why))
                }
            },
            Err(NoPlace::Absent) => Known::All(Vec::new()),
            Err(NoPlace::NotRoot) => {
                remarks.debug("this process is not root's: nothing is remembered".to_owned());
                Known::Nothing
            }
            Err(NoPlace::NotPrivate) => {
                remarks.warning(format!(
                    "{STATE} is not a directory of root's alone: nothing is remembered; \
                     chown root and chmod 0700 mend that"
                ));
                Known::Nothing
            }
        };
        LastRefusals {
            user,
            bases,
            known,
            began: Moment::now(),
        }
    }

    /// Whether one would stand if the directory were not there.
    #[must_use]
    pub fn one_stands(&self) -> bool {
        match &self.known {
            Known::All(_) => self.standing().is_some(),
            Known::Unreadable(_) => true,
            Known::Nothing => false,
        }
    }

    /// The last one that answers what is asked now.
    fn standing(&self) -> Option<&Refusal> {
        match &self.known {
            Known::All(known) => {
                let mut latest = known.iter().rev();
                latest.find(|refusal| self.bases.contain(&refusal.basis))
            }
            Known::Unreadable(_) | Known::Nothing => None,
        }
    }

    /// Remembers what the directory has said.
    pub fn learn(&self, decision: &Decision, remarks: &mut Remarks) {
        let lesson = lesson(decision);
        let known_to_none = matches!(&self.known, Known::All(known) if known.is_empty());
        match (&self.known, lesson) {
            (Known::Nothing, _) | (_, Lesson::Nothing) => return,
            (_, Lesson::Lifted) if known_to_none => return,
            _ => {}
        }
        if let Err(why) = self.write(decision, lesson) {
            // Full or read-only: an old refusal may stand too long, or a new one be forgotten.
            remarks.warning(format!(
                "{STATE}: what was decided is not remembered: {why}"
            ));
        }
    }

    fn write(&self, decision: &Decision, lesson: Lesson) -> Result<(), String> {
        let place = Place::made(Path::new(STATE)).ok_or("the directory cannot be made")?;
        let lock = lock_user(&place, self.user);
        let _lock = lock.ok_or("another process does not give the lock back")?;
        // Another process may have learnt something meanwhile.
        let known = match refusals::read(&place, self.user) {
            Ok(known) => known,
            Err(unusable) if unusable.is_damaged => Vec::new(),
            Err(unusable) => return Err(unusable.why),
        };
        let mut left = learnt(&known, lesson, self.bases, &self.began);
        if let Lesson::Refused(stage) = lesson {
            left.push(Refusal {
                basis: self.bases.at(stage).to_owned(),
                outcome: decision.outcome,
                reason: decision.reason.clone(),
                date: now(),
                moment: Moment::now(),
            });
        }
        if left == known {
            return Ok(());
        }
        refusals::write(&place, self.user, &left).map_err(|error| error.to_string())
    }

    /// What stands in the place of a decision that no server would make.
    #[must_use]
    pub fn in_place_of(&self, decision: &Decision) -> Option<Decision> {
        let cause = decision.cause.map_or("no answer", |cause| cause.name());
        let unavailable = format!("the directory is unavailable ({cause})");
        let (outcome, reason) = match (&self.known, self.standing()) {
            (Known::Unreadable(what), _) => (
                Outcome::Refused,
                format!("{what}; {unavailable}, and what it last said cannot be read"),
            ),
            (_, Some(last)) => (
                last.outcome,
                format!(
                    "last known refusal of {}: {}; {unavailable}",
                    date(last.date),
                    last.reason
                ),
            ),
            (_, None) => return None,
        };
        Some(Decision {
            cause: decision.cause,
            server: decision.server.clone(),
            ..Decision::local(outcome, reason)
        })
    }
}
