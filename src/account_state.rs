//! What an entry's attributes say of the account's state: facts in, verdict out. No I/O, no clock.
//!
//! Four families of attributes tell it, and `access.account_state` says which of them count; each
//! has a file of its own below. The same attributes answer for every login: with a password, an ssh
//! key, from cron, or by sudo with NOPASSWD.
//!
//! An attribute that is absent, or that the service account may not read, says nothing. An attribute
//! that makes no sense is never a grant: see [`State::Unreadable`].

mod active_directory;
mod attributes;
mod ds389;
pub(crate) mod generalized_time;
pub mod listed;
mod ppolicy;
pub mod shadow;

use std::collections::BTreeSet;

use crate::config::AccountState;
use crate::notice::Notice;
use crate::outcome::{Expired, Outcome};

pub use attributes::{Attributes, Unreadable};

/// Every family, in the order in which they are asked.
const FAMILIES: [AccountState; 4] = [
    AccountState::Shadow,
    AccountState::Ppolicy,
    AccountState::ActiveDirectory,
    AccountState::Ds389,
];

/// Seconds in a day, as shadow(5) counts days: those of UTC, without leap seconds.
const DAY: i64 = 86_400;

/// What is known besides the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The time, in seconds since 1970-01-01 00:00 UTC.
    pub now: i64,
    /// The user's own password bind has just succeeded. It proves that no lock-out of the server is in
    /// force and that the password has not run out by the server's reckoning; an entry that was read
    /// before the bind may still show a lock that is over. What only this side enforces (shadow), what
    /// an administrator set, and what must be changed, still counts.
    pub just_bound: bool,
    /// How long a lock-out lasts, in seconds: `pwdLockoutDuration` of the policy, or `lockoutDuration`
    /// of the domain. Zero is for ever. None: not known, and then a lock holds until it is gone from
    /// the entry.
    pub lockout_duration: Option<i64>,
}

/// Why nobody gets into the account, whatever the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// Too many wrong passwords, or locked by an administrator.
    Locked,
    /// Disabled by an administrator.
    Disabled,
    /// Past its last day, or before its first.
    Expired,
}

/// What to tell a user who gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Warning {
    /// The password runs out in so many seconds.
    ExpiresIn(u32),
    /// The password has run out; it opens the account so many times more.
    GraceLeft(u32),
}

impl Warning {
    /// The one of two that is more urgent.
    #[must_use]
    pub fn more_urgent(self, other: Warning) -> Warning {
        match (self, other) {
            (Warning::ExpiresIn(one), Warning::ExpiresIn(two)) => Warning::ExpiresIn(one.min(two)),
            (Warning::GraceLeft(one), Warning::GraceLeft(two)) => Warning::GraceLeft(one.min(two)),
            (grace @ Warning::GraceLeft(_), Warning::ExpiresIn(_))
            | (Warning::ExpiresIn(_), grace @ Warning::GraceLeft(_)) => grace,
        }
    }
}

/// The state of an account. The texts are reasons for the log: they hold names of attributes, and
/// never a value from the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is in the way.
    Fine(Option<Warning>),
    /// The password has to be changed now, and the server lets its owner do so.
    MustChange(String),
    /// The password has run out, and the server does not accept it any more.
    PasswordExpired(String),
    /// An attribute that counts cannot be read. A gate that could not be evaluated is shut.
    Unreadable(String),
    /// Locked, disabled or expired.
    Closed(Closed, String),
}

impl State {
    /// What the phase ends as, unless the state is fine.
    ///
    /// `MustChange` is no grant and no refusal: the gates still have to be open. `Unreadable` is
    /// `refused`, not `config_error`: that one is ignored by default, and the next module of the
    /// account stack would let in whoever has an ssh key.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            State::Fine(_) => None,
            State::MustChange(_) => Some(Outcome::MustChange),
            State::PasswordExpired(_) => Some(Outcome::Expired(Expired::Password)),
            State::Unreadable(_) => Some(Outcome::Refused),
            State::Closed(..) => Some(Outcome::Expired(Expired::Account)),
        }
    }

    /// Why, in words for the log; empty if the state is fine.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            State::Fine(_) => "",
            State::MustChange(why)
            | State::PasswordExpired(why)
            | State::Unreadable(why)
            | State::Closed(_, why) => why,
        }
    }

    /// What to tell a user who is known to be the owner.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        match self {
            State::Fine(warning) => warning.map(Notice::Warning),
            State::MustChange(_) => Some(Notice::MustChange),
            State::PasswordExpired(_) => Some(Notice::PasswordExpired),
            State::Unreadable(_) => None,
            State::Closed(closed, _) => Some(Notice::AccountClosed(*closed)),
        }
    }

    /// The one of two that leaves less open. Of two that leave the same, the first.
    fn worse(self, other: State) -> State {
        match (self, other) {
            (State::Fine(None), State::Fine(warning))
            | (State::Fine(warning), State::Fine(None)) => State::Fine(warning),
            (State::Fine(Some(one)), State::Fine(Some(two))) => {
                State::Fine(Some(one.more_urgent(two)))
            }
            (one, two) if two.severity() > one.severity() => two,
            (one, _) => one,
        }
    }

    fn severity(&self) -> u8 {
        match self {
            State::Fine(_) => 0,
            State::MustChange(_) => 1,
            State::PasswordExpired(_) => 2,
            State::Unreadable(_) => 3,
            State::Closed(..) => 4,
        }
    }
}

/// The state of the account with these attributes, by the families that count (None: all).
#[must_use]
pub fn evaluate(
    attributes: &Attributes<'_>,
    families: Option<&BTreeSet<AccountState>>,
    at: &Circumstances,
) -> State {
    let states = counted(families).map(|family| one(family, attributes, at));
    states.fold(State::Fine(None), State::worse)
}

/// The same, family by family.
#[must_use]
pub fn by_family(
    attributes: &Attributes<'_>,
    families: Option<&BTreeSet<AccountState>>,
    at: &Circumstances,
) -> Vec<(AccountState, State)> {
    let states = counted(families).map(|family| (family, one(family, attributes, at)));
    states.collect()
}

fn one(family: AccountState, attributes: &Attributes<'_>, at: &Circumstances) -> State {
    match family {
        AccountState::Shadow => shadow::state(attributes, at),
        AccountState::Ppolicy => ppolicy::state(attributes, at),
        AccountState::ActiveDirectory => active_directory::state(attributes, at),
        AccountState::Ds389 => ds389::state(attributes, at),
    }
}

/// The attributes that a search has to ask for by name: most are operational, and a server sends those
/// only when they are named (RFC 4511 §4.5.1.8).
#[must_use]
pub fn wanted_attributes(families: Option<&BTreeSet<AccountState>>) -> Vec<&'static str> {
    let names = counted(families).flat_map(|family| match family {
        AccountState::Shadow => shadow::ATTRIBUTES,
        AccountState::Ppolicy => ppolicy::ATTRIBUTES,
        AccountState::ActiveDirectory => active_directory::ATTRIBUTES,
        AccountState::Ds389 => ds389::ATTRIBUTES,
    });
    names.copied().collect()
}

/// The day of a time in seconds, as shadow(5) counts them.
#[must_use]
pub fn today(now: i64) -> i64 {
    now.div_euclid(DAY)
}

/// Whether a family counts.
#[must_use]
pub fn counts(families: Option<&BTreeSet<AccountState>>, family: AccountState) -> bool {
    families.is_none_or(|families| families.contains(&family))
}

fn counted(families: Option<&BTreeSet<AccountState>>) -> impl Iterator<Item = AccountState> {
    FAMILIES
        .into_iter()
        .filter(move |family| counts(families, *family))
}

/// The worst of some findings about one entry.
fn worst(findings: impl IntoIterator<Item = Result<State, Unreadable>>) -> State {
    let states = findings
        .into_iter()
        .map(|finding| finding.unwrap_or_else(|unreadable| State::Unreadable(unreadable.0)));
    states.fold(State::Fine(None), State::worse)
}

#[cfg(test)]
mod tests;
