//! The decisions, and nothing else: facts in, verdict out. No I/O, no clock, no log.
//!
//! Group questions cost a round trip, so they are asked only when an answer is needed. The gates
//! are evaluated over the [`Facts`] known so far; where a fact is missing the verdict is
//! [`Verdict::Ask`], the login gets those facts, and the gates are evaluated again.

mod evaluate;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};

use evaluate::{Context, Truth, evaluate};

use crate::config::{Config, Query, User};
use crate::names::{BadUserName, Dn, FlagName, ServiceName, UserName};
use crate::ordered::ordered;
use crate::outcome::{Outcome, Phase};

/// uid 0 never reaches LDAP, whatever the configuration says: this is asked before it is opened. The
/// name `root` counts even when the host's own user database cannot be read.
#[must_use]
pub fn is_root(name: &[u8], local_uid: Option<u32>) -> bool {
    name == b"root" || local_uid == Some(0)
}

/// Whether this name stays local: listed in `user.exempt`, or a local account below `min_uid`.
/// [`is_root`] comes before.
#[must_use]
pub fn is_exempt(user: &UserName, local_uid: Option<u32>, rules: &User) -> bool {
    why_exempt(user, local_uid, rules).is_some()
}

/// Why a name stays local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exemption {
    /// `user.exempt` lists it.
    Listed,
    /// The local account's uid is below `user.min_uid`.
    LowUid,
}

/// Why this name stays local, if it does.
#[must_use]
pub fn why_exempt(user: &UserName, local_uid: Option<u32>, rules: &User) -> Option<Exemption> {
    if rules.exempt.contains(user.as_str()) {
        return Some(Exemption::Listed);
    }
    let low = local_uid.is_some_and(|uid| uid < rules.min_uid);
    low.then_some(Exemption::LowUid)
}

/// Whether one of the entry's names is exactly the login name. Directories compare names without
/// regard to case and blanks; the host does not.
#[must_use]
pub fn is_named(names: &[Vec<u8>], user: &UserName) -> bool {
    names.iter().any(|name| name == user.as_str().as_bytes())
}

/// The one name of an entry that is no exact match of the name typed: with several it is not known
/// which account is meant.
///
/// # Errors
/// Why there is none, in words for the log.
pub fn the_only_name(names: &[Vec<u8>]) -> Result<UserName, &'static str> {
    match names {
        [name] => UserName::parse(name).map_err(BadUserName::reason),
        [] => Err("no value"),
        _ => Err("several values, and none is exactly this name"),
    }
}

/// Whether somebody may go on under the name of this account: it exists on this host, may come from the
/// directory, and the name that was typed is not that of another account. Programs that do not look at
/// `PAM_USER` again would give that one's session away.
///
/// # Errors
/// Why not, in words for the log.
pub fn may_become(
    (name, uid): (&UserName, Option<u32>),
    typed_uid: Option<u32>,
    rules: &User,
) -> Result<(), &'static str> {
    if is_root(name.as_str().as_bytes(), uid) || is_exempt(name, uid, rules) {
        Err("never reached by an alias: that account does not come from the directory")
    } else if uid.is_none() {
        Err("no such account on this host")
    } else if typed_uid.is_some() && typed_uid != uid {
        Err("and the name typed is another account of this host")
    } else {
        Ok(())
    }
}

/// Whether the account phase may take over what the auth phase of the same transaction decided.
/// A wrong password says nothing about the account; everything else was found out without it.
#[must_use]
pub fn carries_over(auth: Outcome) -> bool {
    match auth {
        Outcome::Granted
        | Outcome::Exempt
        | Outcome::UnknownUser
        | Outcome::Refused
        | Outcome::Expired(_)
        | Outcome::MustChange
        | Outcome::Unavailable
        | Outcome::ConfigError => true,
        Outcome::BadPassword => false,
    }
}

/// What an answer about a group has to prove to be of use.
///
/// A search that finds nothing proves nothing: the entry may be no member, or the server may hide the
/// members from us. Where membership opens a gate, membership is to be proven; below `not` and
/// `deny`, where membership shuts it, the contrary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// That the entry is a member.
    Member,
    /// That it is not.
    NonMember,
}

impl Proof {
    fn opposite(self) -> Self {
        match self {
            Proof::Member => Proof::NonMember,
            Proof::NonMember => Proof::Member,
        }
    }
}

/// A question about one entry and a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The group.
    pub group: Dn,
    /// What has to be proven.
    pub proof: Proof,
}

/// What the directory said to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so.
    Proven,
    /// It is not so, or the server does not show it.
    NotProven,
    /// There is no such group.
    NoSuchGroup,
    /// The server would not say; its reason.
    Withheld(String),
}

/// What is known about the memberships of one entry.
pub type Facts = BTreeMap<Question, Answer>;

/// A gate that has to be open, in words for the log.
#[derive(Clone, Debug)]
pub struct Gate<'a> {
    /// Where the gate comes from: `is_active`, `access.require`, `services.sudo.require`, …
    pub name: String,
    query: &'a Query,
    /// The gate is open when the query has this value.
    opens_at: bool,
    /// Groups that nesting cannot see.
    unseen: BTreeSet<&'a Dn>,
    /// It stands before this service alone.
    of_service: bool,
}

impl Gate<'_> {
    fn shut(&self, why: String) -> Verdict {
        if self.of_service {
            Verdict::ShutForService(why)
        } else {
            Verdict::Shut(why)
        }
    }
}

/// The gates of a login through this service, in the order in which they are tried.
#[must_use]
pub fn gates<'a>(config: &'a Config, service: &ServiceName) -> Vec<Gate<'a>> {
    let mut gates = Vec::new();
    let unseen = config.groups_outside_search();
    let mut add = |name: &str, query: Option<&'a Query>, opens_at, of_service| {
        gates.extend(query.map(|query| Gate {
            name: name.to_owned(),
            query,
            opens_at,
            unseen: unseen.clone(),
            of_service,
        }));
    };
    let is_active = FlagName::is_active();
    let flag = config.flags.get(&is_active);
    add(is_active.as_str(), flag, true, false);
    add(
        "access.require",
        config.access.require.as_ref(),
        true,
        false,
    );
    add("access.deny", config.access.deny.as_ref(), false, false);
    let name = format!("services.{}.require", service.as_str());
    add(&name, config.services.get(service), true, true);
    gates
}

/// What the gates say, given the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All gates are open.
    Open,
    /// A gate that stands before every service is shut; which, and why.
    Shut(String),
    /// Those are open, and the one that stands before this service alone is shut.
    ShutForService(String),
    /// A group that `not` or `deny` names does not exist: with it missing, everybody would get in.
    Misconfigured(String),
    /// These have to be asked first.
    Ask(Vec<Question>),
}

/// Evaluates the gates in their order: the first that is not open decides. While that one still
/// needs a fact, the verdict asks for it, and for what the gates behind it need next, so that
/// their questions travel together.
#[must_use]
pub fn verdict(gates: &[Gate<'_>], flags: &BTreeMap<FlagName, Query>, facts: &Facts) -> Verdict {
    let mut questions = Vec::new();
    for gate in gates {
        let name = &gate.name;
        match evaluate(gate.query, flags, facts, Context::of_gate(gate.opens_at)) {
            Truth::Known(value) if value == gate.opens_at => {}
            Truth::Ask(first, more) => add_new(first, more, &mut questions),
            // An earlier gate may still decide; then this one does not matter.
            _ if !questions.is_empty() => {}
            Truth::Known(value) => {
                let mut why = format!("{name} is {value}");
                for group in groups_of(gate.query, flags) {
                    if is_missing(group, facts) {
                        why.push_str(&format!("; group {group} does not exist"));
                    } else if gate.unseen.contains(group) {
                        why.push_str(&format!("; group {group} is outside group.search"));
                    }
                }
                return gate.shut(why);
            }
            Truth::Broken(why) => return gate.shut(format!("{name} cannot be decided: {why}")),
            Truth::MissingGroup(group) => {
                return Verdict::Misconfigured(format!(
                    "{name}: the group {group} is named by \"not\" or \"deny\" and does not exist; \
                     correct its DN or create it"
                ));
            }
        }
    }
    if questions.is_empty() {
        Verdict::Open
    } else {
        Verdict::Ask(questions)
    }
}

fn add_new(first: Question, more: Vec<Question>, questions: &mut Vec<Question>) {
    for question in std::iter::once(first).chain(more) {
        if !questions.contains(&question) {
            questions.push(question);
        }
    }
}

/// Whether a group turned out not to exist: an outdated DN, as a rule.
fn is_missing(group: &Dn, facts: &Facts) -> bool {
    let question = Question {
        group: group.clone(),
        proof: Proof::Member,
    };
    facts.get(&question) == Some(&Answer::NoSuchGroup)
}

/// The groups of a query and of the flags in it.
fn groups_of<'a>(query: &'a Query, flags: &'a BTreeMap<FlagName, Query>) -> BTreeSet<&'a Dn> {
    let below = |query| groups_of(query, flags);
    match query {
        Query::Group(group) => ordered([group]),
        Query::Flag(name) => flags.get(name).map(below).unwrap_or_default(),
        Query::Not(query) => below(query),
        Query::Any(queries) | Query::All(queries) => ordered(queries.iter().flat_map(below)),
    }
}

/// The names whose queries are true, or the questions to ask first. What cannot be decided is not
/// true. For the flags themselves, both arguments are the same.
///
/// # Errors
/// The questions that are still open, for all queries together.
pub fn names_that_hold<N: Ord + Clone>(
    queries: &BTreeMap<N, Query>,
    flags: &BTreeMap<FlagName, Query>,
    facts: &Facts,
) -> Result<BTreeSet<N>, Vec<Question>> {
    let mut set = BTreeSet::new();
    let mut questions = Vec::new();
    for (name, query) in queries {
        match evaluate(query, flags, facts, Context::of_gate(true)) {
            Truth::Known(true) => {
                set.insert(name.clone());
            }
            Truth::Ask(first, more) => add_new(first, more, &mut questions),
            Truth::Known(false) | Truth::Broken(_) | Truth::MissingGroup(_) => {}
        }
    }
    if questions.is_empty() {
        Ok(set)
    } else {
        Err(questions)
    }
}

/// The outcome for the number of entries that a lookup found.
///
/// # Errors
/// [`Outcome::UnknownUser`] with the reason, unless there is exactly one.
pub fn only_one<T>(found: Vec<T>) -> Result<T, &'static str> {
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        (None, _) => Err("no entry with this name"),
        (Some(_), Some(_)) => Err("more than one entry with this name"),
    }
}

/// Whether failed attempts in this phase and with this outcome are worth a delay
/// (pam_fail_delay(3)): the answers that a guesser is after.
#[must_use]
pub fn deserves_delay(phase: Phase, outcome: Outcome) -> bool {
    match (phase, outcome) {
        (
            Phase::Auth,
            Outcome::UnknownUser | Outcome::BadPassword | Outcome::Refused | Outcome::Expired(_),
        ) => true,
        (
            Phase::Auth,
            Outcome::Granted
            | Outcome::Exempt
            | Outcome::MustChange
            | Outcome::Unavailable
            | Outcome::ConfigError,
        )
        | (Phase::Account, _) => false,
    }
}

#[cfg(test)]
mod tests;
