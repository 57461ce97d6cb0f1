//! The last known refusal of a user: learnt from every live answer, and asked for in an outage.

use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use super::basis::Bases;
use super::date::date;
use super::{Remarks, now};
use crate::login::{Decision, Stage};
use crate::names::UserName;
use crate::outcome::Outcome;
use crate::store::refusals::{self, Refusal};
use crate::store::{Moment, NoPlace, Place, STATE, lock_user};
use crate::sys;

/// What is remembered of the user who logs in.
pub struct LastRefusals<'a> {
    user: &'a UserName,
    bases: &'a dyn Deref<Target = Bases>,
    known: Known,
    /// Before the first question of this login, on the clock of this boot.
    began: Duration,
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
    let is_passed = |stage: &Stage| match lesson {
        Lesson::Nothing => false,
        Lesson::Refused(last) => *stage <= last,
        Lesson::Lifted => true,
    };
    let passed = Stage::ALL.into_iter().filter(is_passed);
    let passed: Vec<&str> = passed.map(|stage| bases.at(stage)).collect();
    let is_over = |refusal: &&Refusal| {
        let younger = refusal.moment.boot == began.boot && refusal.moment.at > began.at;
        !younger && passed.contains(&refusal.basis.as_str())
    };
    let left = known.iter().filter(|refusal| !is_over(refusal));
    left.cloned().collect()
}

impl<'a> LastRefusals<'a> {
    /// Reads what is remembered.
    pub fn of(
        user: &'a UserName,
        bases: &'a dyn Deref<Target = Bases>,
        remarks: &mut Remarks,
    ) -> Self {
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
            began: sys::boot_time(),
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

    /// Remembers what the directory has said of an account, which may have been asked for by another name
    /// than its own.
    pub fn learn(&self, account: &UserName, decision: &Decision, remarks: &mut Remarks) {
        let lesson = lesson(decision);
        let known_to_none =
            account == self.user && matches!(&self.known, Known::All(known) if known.is_empty());
        match (&self.known, lesson) {
            (Known::Nothing, _) | (_, Lesson::Nothing) => return,
            (_, Lesson::Lifted) if known_to_none => return,
            _ => {}
        }
        if let Err(why) = self.write(account, decision, lesson) {
            // Full or read-only: an old refusal may stand too long, or a new one be forgotten.
            remarks.warning(format!(
                "{STATE}: what was decided is not remembered: {why}"
            ));
        }
    }

    fn write(&self, account: &UserName, decision: &Decision, lesson: Lesson) -> Result<(), String> {
        let place = Place::made(Path::new(STATE)).ok_or("the directory cannot be made")?;
        let lock = lock_user(&place, account);
        let _lock = lock.map_err(|error| error.to_string())?;
        // Another process may have learnt something meanwhile.
        let known = match refusals::read(&place, account) {
            Ok(known) => known,
            Err(unusable) if unusable.is_damaged => Vec::new(),
            Err(unusable) => return Err(unusable.why),
        };
        let began = Moment::of_this_boot(self.began);
        let mut left = learnt(&known, lesson, self.bases, &began);
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
        refusals::write(&place, account, &left).map_err(|error| error.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ServiceName;
    use crate::outcome::Expired;
    use std::time::Duration;

    fn bases(service: &str) -> Bases {
        let text = "[server]\nuris = [\"ldap://127.0.0.1\"]\n[user]\ndn_template = \"uid={user},o=x\"\n\
                    [flags]\nis_active = \"cn=a\"\n[services.sudo]\nrequire = \"cn=s\"";
        let config = crate::config::parse(text, Path::new("test.toml")).unwrap();
        Bases::of(&config, &ServiceName::parse(service).unwrap())
    }

    fn moment(seconds: u64) -> Moment {
        Moment {
            boot: "boot".to_owned(),
            at: Duration::from_secs(seconds),
        }
    }

    fn refusal(basis: &str) -> Refusal {
        Refusal {
            basis: basis.to_owned(),
            outcome: Outcome::Refused,
            reason: String::new(),
            date: 0,
            moment: moment(10),
        }
    }

    /// The stages of sudo that are left after a lesson through sudo, or through another service.
    fn left(service: &str, lesson: Lesson) -> Vec<Stage> {
        let stages = [Stage::Account, Stage::Gates, Stage::Service];
        let sudo = bases("sudo");
        let known = stages.map(|stage| refusal(sudo.at(stage)));
        let left = learnt(&known, lesson, &bases(service), &moment(20));
        let is_left = |stage: &Stage| left.iter().any(|one| one.basis == sudo.at(*stage));
        stages.into_iter().filter(is_left).collect()
    }

    #[test]
    fn an_answer_lifts_the_refusals_of_the_stages_that_it_has_passed() {
        use Stage::{Account, Gates, Service};
        assert_eq!(left("sudo", Lesson::Nothing), [Account, Gates, Service]);
        assert_eq!(left("sudo", Lesson::Lifted), []);
        assert_eq!(left("sudo", Lesson::Refused(Service)), []);
        assert_eq!(left("sudo", Lesson::Refused(Gates)), [Service]);
        assert_eq!(left("sudo", Lesson::Refused(Account)), [Gates, Service]);
        // Another service says nothing about the gate of sudo.
        assert_eq!(left("sshd", Lesson::Lifted), [Service]);
    }

    #[test]
    fn an_answer_does_not_lift_what_another_process_has_learnt_since_it_asked() {
        let bases = bases("sshd");
        let known = [refusal(bases.at(Stage::Gates))];
        let after = |began| learnt(&known, Lesson::Lifted, &bases, &began);
        assert_eq!(after(moment(9)), known);
        assert_eq!(after(moment(10)), []);
        // In another boot every answer is later.
        let boot = "next".to_owned();
        assert_eq!(after(Moment { boot, ..moment(1) }), []);
    }

    #[test]
    fn only_live_answers_about_the_account_teach_anything() {
        for (outcome, lesson) in [
            (Outcome::Granted, Lesson::Lifted),
            (Outcome::MustChange, Lesson::Lifted),
            (Outcome::UnknownUser, Lesson::Lifted),
            (Outcome::Refused, Lesson::Refused(Stage::Account)),
            (
                Outcome::Expired(Expired::Password),
                Lesson::Refused(Stage::Account),
            ),
            (Outcome::BadPassword, Lesson::Nothing),
            (Outcome::Unavailable, Lesson::Nothing),
            (Outcome::ConfigError, Lesson::Nothing),
            (Outcome::Exempt, Lesson::Nothing),
        ] {
            let live = Decision::local(outcome, "");
            assert_eq!(super::lesson(&live), lesson, "{outcome}");
            let cached = Decision {
                cached: true,
                ..live
            };
            assert_eq!(super::lesson(&cached), Lesson::Nothing, "{outcome}");
        }
    }
}
