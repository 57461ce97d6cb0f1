//! All ways through a stack, where some lines may answer in more than one manner.
//!
//! Ways that meet in the same place with the same state are followed once, so the work grows with
//! the number of lines, and not with that of all combinations.

use std::collections::HashSet;

use super::libpam::code::Code;
use super::libpam::control::Action;
use super::libpam::dispatch::{State, Walk};
use super::libpam::line::{Kind, Line};

/// What has happened on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    /// Somebody has asked the user for a password, so others find one.
    pub prompted: bool,
    /// Our module was asked.
    pub asked: bool,
    /// pam_faillock has counted a failure.
    pub counted: bool,
    /// Another module has been shown a proof and let the user in for it.
    pub proven: bool,
    /// Our module has changed the password in the directory.
    pub changed: bool,
    /// Another module has set a password.
    pub set: bool,
}

/// How the modules of a stack behave.
pub trait World {
    /// Every answer that the module of this line may give.
    fn answers(&self, line: &Line, facts: Facts) -> Vec<Code>;
    /// What is known after one of them, which did `action`.
    fn learn(&self, line: &Line, answer: Code, action: Action, facts: Facts) -> Facts;
}

/// One end that a stack may come to.
#[derive(Clone, Debug)]
pub struct End {
    /// What the application gets.
    pub result: Code,
    pub facts: Facts,
    /// The lines on a shortest way there, and their answers.
    pub way: Vec<(usize, Code)>,
}

/// What the application may get, each code once.
pub fn results<'e>(ends: impl IntoIterator<Item = &'e End>) -> Vec<Code> {
    let mut codes: Vec<Code> = ends.into_iter().map(|end| end.result).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Everything that may happen.
#[derive(Debug, Default)]
pub struct Explored {
    /// One for each result and facts.
    pub ends: Vec<End>,
    /// The lines whose turn may come, with what is known then.
    pub turns: HashSet<(usize, Facts)>,
}

impl Explored {
    /// The lines whose turn may come before anybody has asked for a password.
    pub fn unprompted(&self) -> impl Iterator<Item = usize> + '_ {
        let unprompted = self.turns.iter().filter(|(_, facts)| !facts.prompted);
        unprompted.map(|(index, _)| *index)
    }
}

struct Node {
    state: State,
    facts: Facts,
    before: Option<(usize, (usize, Code))>,
}

/// Follows every way through `lines`.
pub fn explore(lines: &[Line], world: &impl World) -> Explored {
    let mut found = Explored::default();
    let mut nodes = vec![Node {
        state: State::start(),
        facts: Facts::default(),
        before: None,
    }];
    let mut seen = HashSet::new();
    let mut at = 0;
    // A queue, so that the first way to an end is a shortest one.
    while let Some(node) = nodes.get(at) {
        let (mut state, facts) = (node.state.clone(), node.facts);
        match state.turn(lines) {
            None => end(&mut found, &nodes, at, state.result()),
            Some(index) => {
                found.turns.insert((index, facts));
                for (next, facts, step) in follow(lines, world, index, &state, facts) {
                    if seen.insert((next.clone(), facts)) {
                        nodes.push(Node {
                            state: next,
                            facts,
                            before: Some((at, step)),
                        });
                    }
                }
            }
        }
        at += 1;
    }
    found
}

fn follow(
    lines: &[Line],
    world: &impl World,
    index: usize,
    state: &State,
    facts: Facts,
) -> Vec<(State, Facts, (usize, Code))> {
    let line = &lines[index];
    let answers = match line.kind {
        // The answer is libpam's own.
        Kind::MustFail => vec![Code::PERM_DENIED],
        Kind::Module { .. } | Kind::Substack => world.answers(line, facts),
    };
    let mut ways = Vec::new();
    for answer in answers {
        let mut next = state.clone();
        let action = next.answer(lines, answer, Walk::First);
        let facts = action.map_or(facts, |action| world.learn(line, answer, action, facts));
        ways.push((next, facts, (index, answer)));
    }
    ways
}

fn end(found: &mut Explored, nodes: &[Node], at: usize, result: Code) {
    let facts = nodes[at].facts;
    if found
        .ends
        .iter()
        .any(|end| (end.result, end.facts) == (result, facts))
    {
        return;
    }
    let mut way = Vec::new();
    let mut here = at;
    while let Some((before, step)) = nodes[here].before {
        way.push(step);
        here = before;
    }
    way.reverse();
    found.ends.push(End { result, facts, way });
}
