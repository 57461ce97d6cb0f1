//! A gate, part by part, for people: which group made it open or shut.

use std::collections::BTreeMap;

use super::{Answer, Context, Facts, Gate, Question, Truth, evaluate};
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
        (Truth::Ask(question, _), _) => Value::Unknown(question),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};
    use crate::names::ServiceName;
    use crate::policy::{Proof, gates};

    const TEXT: &str = "[server]\nuris = [\"ldaps://a\"]\n\
        [user]\nsearch = [{ base = \"o=x\" }]\n\
        [flags]\nis_active = { any = [\"cn=a,o=x\", \"cn=b,o=x\"] }\n\
        [access]\ndeny = { not = \"cn=c,o=x\" }\nrequire = \"is_active\"\n";

    fn config() -> Config {
        parse(TEXT, std::path::Path::new("config.toml")).unwrap()
    }

    fn fact(group: &str, proof: Proof, answer: Answer) -> (Question, Answer) {
        let group = Dn::parse(group).unwrap();
        (Question { group, proof }, answer)
    }

    #[test]
    fn every_group_of_every_gate_has_its_place_and_its_question() {
        let config = config();
        let gates = gates(&config, &ServiceName::of_transaction(b"s"));
        let unasked = |facts: &Facts| {
            let trees = gates.iter().map(|gate| gate.tree(&config.flags, facts));
            let questions: Vec<_> = trees.map(|tree| tree.unasked().len()).collect();
            questions
        };
        assert_eq!(unasked(&Facts::new()), [2, 2, 1]);
        // The first of "any" is enough, and the second has still not been asked.
        let facts = Facts::from([fact("cn=a,o=x", Proof::Member, Answer::Proven)]);
        assert_eq!(unasked(&facts), [1, 1, 1]);
        let tree = gates[0].tree(&config.flags, &facts);
        assert_eq!((tree.part, tree.value), (Part::Any, Value::True));
        let values: Vec<_> = tree.below.iter().map(|node| &node.value).collect();
        assert!(matches!(values[..], [Value::True, Value::Unknown(_)]));
    }

    #[test]
    fn a_group_that_is_not_there_and_one_that_cannot_be_read_show() {
        let config = config();
        let gates = gates(&config, &ServiceName::of_transaction(b"s"));
        let facts = Facts::from([
            fact("cn=a,o=x", Proof::Member, Answer::NoSuchGroup),
            fact("cn=b,o=x", Proof::Member, Answer::Withheld("no".to_owned())),
            // Below "deny" and "not", what has to be proven is turned round twice.
            fact("cn=c,o=x", Proof::Member, Answer::NoSuchGroup),
        ]);
        let active = gates[0].tree(&config.flags, &facts);
        assert!(matches!(active.value, Value::Unreadable(_)));
        assert_eq!(active.below[0].value, Value::Missing);
        assert!(matches!(active.below[1].value, Value::Unreadable(_)));
        let required = gates[1].tree(&config.flags, &facts);
        assert_eq!(required.part, Part::Flag(&FlagName::is_active()));
        assert_eq!(required.below[0].part, Part::Any);
        let denied = gates[2].tree(&config.flags, &facts);
        assert_eq!((denied.part, denied.value), (Part::Not, Value::Missing));
    }
}
