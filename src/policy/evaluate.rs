//! The value of a query over the facts known so far, or what has to be asked to get on.
//!
//! A query is evaluated in written order and no further than needed, as `and` and `or` are in a
//! program. Questions are dearer by the round trip than by the piece, so what is asked next is more than
//! the one fact that is missing: where the gate opens only if every part turns out well, all of it;
//! where one part is enough, as many parts as are known not to be the one, and one more.

use std::collections::BTreeMap;

use super::{Answer, Facts, Proof, Question};
use crate::config::Query;
use crate::names::{Dn, FlagName};

/// The value of a query.
pub(super) enum Truth {
    Known(bool),
    /// A fact is missing; and others will be, if it does not decide.
    Ask(Question, Vec<Question>),
    /// The server would not say.
    Broken(String),
    /// Below `not` or `deny`, a group that does not exist.
    MissingGroup(Dn),
}

/// Where in a gate a query stands.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// What a group question has to prove here.
    pub(super) proof: Proof,
    /// Below `not` or `deny`, where "no such group" must not count as "no member".
    negated: bool,
}

impl Context {
    pub(super) fn of_gate(opens_at: bool) -> Self {
        let proof = if opens_at {
            Proof::Member
        } else {
            Proof::NonMember
        };
        Context {
            proof,
            negated: !opens_at,
        }
    }

    /// Whether the gate is the nearer to opening if a query here has this value.
    fn hopes_for(self, value: bool) -> bool {
        value == (self.proof == Proof::Member)
    }

    pub(super) fn below_not(self) -> Self {
        Context {
            proof: self.proof.opposite(),
            negated: true,
        }
    }
}

/// Evaluates a query.
pub(super) fn evaluate(
    query: &Query,
    flags: &BTreeMap<FlagName, Query>,
    facts: &Facts,
    context: Context,
) -> Truth {
    match query {
        Query::Group(group) => group_truth(group, facts, context),
        Query::Flag(name) => match flags.get(name) {
            Some(query) => evaluate(query, flags, facts, context),
            None => Truth::Broken(format!("there is no flag {name}")),
        },
        Query::Any(queries) => first_that_is(true, queries, flags, facts, context),
        Query::All(queries) => first_that_is(false, queries, flags, facts, context),
        Query::Not(query) => match evaluate(query, flags, facts, context.below_not()) {
            Truth::Known(value) => Truth::Known(!value),
            undecided => undecided,
        },
    }
}

/// What is not proven counts as what keeps the gate shut.
fn group_truth(group: &Dn, facts: &Facts, context: Context) -> Truth {
    let question = Question {
        group: group.clone(),
        proof: context.proof,
    };
    match facts.get(&question) {
        None => Truth::Ask(question, Vec::new()),
        Some(Answer::Proven) => Truth::Known(context.proof == Proof::Member),
        Some(Answer::NotProven) => Truth::Known(context.proof == Proof::NonMember),
        Some(Answer::NoSuchGroup) if context.negated => Truth::MissingGroup(question.group),
        Some(Answer::NoSuchGroup) => Truth::Known(false),
        Some(Answer::Withheld(why)) => Truth::Broken(format!("group {group}: {why}")),
    }
}

/// Stops at the first query that is `decisive` or not known; otherwise the value is its opposite.
fn first_that_is(
    decisive: bool,
    queries: &[Query],
    flags: &BTreeMap<FlagName, Query>,
    facts: &Facts,
    context: Context,
) -> Truth {
    let mut known = 0;
    let mut questions = Vec::new();
    let mut asked = 0;
    for query in queries {
        match evaluate(query, flags, facts, context) {
            Truth::Known(value) if value != decisive => known += 1,
            Truth::Ask(first, more) => {
                questions.push(first);
                questions.extend(more);
                asked += 1;
                if context.hopes_for(decisive) && asked > known {
                    break;
                }
            }
            // What comes behind an open question decides nothing yet, and this ends what may be needed.
            _ if asked > 0 => break,
            decided => return decided,
        }
    }
    let mut questions = questions.into_iter();
    match questions.next() {
        None => Truth::Known(!decisive),
        Some(first) => Truth::Ask(first, questions.collect()),
    }
}
