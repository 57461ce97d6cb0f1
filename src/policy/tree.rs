//! A gate, part by part, for people: which group made it open or shut.

use std::collections::BTreeMap;

use super::{Answer, Context, Facts, Gate, Proof, Question, Truth, evaluate};
use crate::config::Query;
use crate::names::{Dn, FlagName};

/// One part of a gate's query, and its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// What it is.
    pub part: Part<'a>,
    /// What it comes to by the facts.
    pub value: Value,
    /// What it consists of, in written order.
    pub below: Vec<Node<'a>>,
}

/// What a part of a query is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A group.
    Group(&'a Dn),
    /// Another flag; its query is below.
    Flag(&'a FlagName),
    /// One of what is below.
    Any,
    /// All of it.
    All,
    /// Its contrary.
    Not,
}

/// What a part comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// True.
    True,
    /// False.
    False,
    /// A group that does not exist, or a part that cannot be decided for want of it.
    Missing,
    /// The server would not say; its reason.
    Unreadable(String),
    /// This has not been asked.
    Unknown(Question),
}

impl Gate<'_> {
    /// The value of the query at which the gate is open.
    #[must_use]
    pub fn opens_at(&self) -> bool {
        self.opens_at
    }

    /// The gate, part by part.
    #[must_use]
    pub fn tree<'a>(&'a self, flags: &'a BTreeMap<FlagName, Query>, facts: &Facts) -> Node<'a> {
        node(self.query, flags, facts, Context::of_gate(self.opens_at))
    }
}

fn node<'a>(
    query: &'a Query,
    flags: &'a BTreeMap<FlagName, Query>,
    facts: &Facts,
    context: Context,
) -> Node<'a> {
    let below = |query| node(query, flags, facts, context);
    let (part, below) = match query {
        Query::Group(group) => (Part::Group(group), Vec::new()),
        Query::Flag(name) => (
            Part::Flag(name),
            flags.get(name).map(below).into_iter().collect(),
        ),
        Query::Any(queries) => (Part::Any, queries.iter().map(below).collect()),
        Query::All(queries) => (Part::All, queries.iter().map(below).collect()),
        Query::Not(query) => {
            let inner = node(query, flags, facts, context.below_not());
            (Part::Not, vec![inner])
        }
    };
    let value = match (evaluate(query, flags, facts, context), query) {
        (_, Query::Group(group)) if is_missing(group, facts, context) => Value::Missing,
        (Truth::Known(true), _) => Value::True,
        (Truth::Known(false), _) => Value::False,
        (Truth::Ask(question), _) => Value::Unknown(question),
        (Truth::Broken(why), _) => Value::Unreadable(why),
        (Truth::MissingGroup(_), _) => Value::Missing,
    };
    Node { part, value, below }
}

fn is_missing(group: &Dn, facts: &Facts, context: Context) -> bool {
    let question = Question {
        group: group.clone(),
        proof: context.proof,
    };
    facts.get(&question) == Some(&Answer::NoSuchGroup)
}

impl Node<'_> {
    /// The questions about groups in here that have not been asked, each once.
    #[must_use]
    pub fn unasked(&self) -> Vec<Question> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect(&self, found: &mut Vec<Question>) {
        if let (Part::Group(_), Value::Unknown(question)) = (&self.part, &self.value) {
            if !found.contains(question) {
                found.push(question.clone());
            }
        }
        self.below.iter().for_each(|node| node.collect(found));
    }
}

/// What a group question proves, in words.
#[must_use]
pub fn proof_in_words(proof: Proof) -> &'static str {
    match proof {
        Proof::Member => "is a member",
        Proof::NonMember => "is not a member",
    }
}
