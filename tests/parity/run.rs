//! A run: one directory, many policies, many logins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::common::slapd::Slapd;
use crate::differences::{Answers, explain};
use crate::environment::Process;
use crate::login::{Login, login};
use crate::ours::Module;
use crate::people::people;
use crate::policies::policy;
use crate::policy::Policy;
use crate::random::{Random, SEED};
use crate::teams::teams;
use crate::tree::Tree;
use crate::verdict::{Case, Class, Theirs, compare};

/// How many logins are tried under one policy.
const LOGINS: usize = 12;
const WORKERS: usize = 2;

/// What a run has found.
#[derive(Default)]
pub struct Report {
    pub nested: bool,
    pub compared: usize,
    /// Class, flags and attributes are the same.
    pub equal: usize,
    /// Our verdicts by their class.
    pub classes: BTreeMap<Class, usize>,
    /// Cases that differ in a way that is listed, by its name.
    pub listed: BTreeMap<&'static str, usize>,
    /// The others.
    pub failures: Vec<String>,
}

impl Report {
    fn add(&mut self, other: Report) {
        self.compared += other.compared;
        self.equal += other.equal;
        for (class, count) in other.classes {
            *self.classes.entry(class).or_default() += count;
        }
        for (name, count) in other.listed {
            *self.listed.entry(name).or_default() += count;
        }
        self.failures.extend(other.failures);
    }

    /// Takes in one case.
    pub fn judge(&mut self, case: &Case<'_>, answers: &Answers) {
        let Answers { ours, theirs, .. } = answers;
        self.compared += 1;
        *self.classes.entry(ours.class).or_default() += 1;
        let points = compare(ours, &theirs.verdict);
        self.equal += usize::from(points.is_empty());
        let names = points.iter().map(|point| explain(case, answers, point));
        let names: Option<BTreeSet<&str>> = names.collect();
        match names {
            Some(names) => names
                .into_iter()
                .for_each(|name| *self.listed.entry(name).or_default() += 1),
            None => {
                let usual = answers.usual.as_ref().map(|usual| &usual.verdict);
                let text = format!(
                    "{case}\nours: {ours:?}\ntheirs: {theirs:?}\nusual: {usual:?}\n{points:?}\n"
                );
                self.failures.push(text);
            }
        }
    }

    /// Fails if anything differs that may not, or if too little was compared for a verdict on it.
    pub fn check(&self, seed: u64) {
        let summary = self.summary(seed);
        let shown: Vec<&str> = self.failures.iter().take(4).map(String::as_str).collect();
        assert!(shown.is_empty(), "{summary}\n{}", shown.join("\n"));
        assert!(self.compared >= 2000, "{summary}");
        for class in [Class::Granted, Class::Wrong, Class::Refused, Class::Error] {
            let count = self.classes.get(&class).copied().unwrap_or_default();
            assert!(
                count * 100 >= self.compared,
                "hardly any {class:?}: {summary}"
            );
        }
        // What is listed may not swallow what is to be compared.
        assert!(self.equal * 10 >= self.compared * 6, "{summary}");
    }

    /// The figures.
    pub fn summary(&self, seed: u64) -> String {
        let mut text = format!(
            "{SEED}={seed}, {}: {} of {} verdicts are equal, {} differ as listed, {} do not",
            if self.nested { "nested" } else { "flat" },
            self.equal,
            self.compared,
            self.compared - self.equal - self.failures.len(),
            self.failures.len()
        );
        let _ = write!(
            text,
            "\n  ours: {:?}\n  listed: {:?}",
            self.classes, self.listed
        );
        text
    }
}

/// Logs users in until so many verdicts are compared. The same seed makes the same cases.
pub fn run(seed: u64, nested: bool, verdicts: usize) -> Report {
    let mut random = Random::new(seed);
    let users = people(&mut random);
    let groups = teams(&mut random, &users);
    let tree = Tree { users, groups };
    let slapd = tree.serve();
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report {
        nested,
        ..Report::default()
    });
    let work = |worker: usize| {
        let mut sides = Sides::new(&slapd, worker);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number * LOGINS >= verdicts {
                return;
            }
            let mut random = Random::new(seed ^ ((number as u64 + 1) << 32));
            let policy = policy(&mut random, &tree, nested);
            let logins: Vec<Login> = (0..LOGINS)
                .map(|_| login(&mut random, &tree, &policy))
                .collect();
            let found = sides.under(&tree, &policy, &logins);
            report.lock().expect("no worker fails").add(found);
        }
    };
    thread::scope(|scope| {
        let work = &work;
        (0..WORKERS).for_each(|worker| drop(scope.spawn(move || work(worker))));
    });
    report.into_inner().expect("no worker fails")
}

/// Both sides at one server.
pub struct Sides<'a> {
    slapd: &'a Slapd,
    module: Module<'a>,
    oracle: Process,
}

impl<'a> Sides<'a> {
    pub fn new(slapd: &'a Slapd, worker: usize) -> Sides<'a> {
        Sides {
            slapd,
            module: Module::new(slapd, worker),
            oracle: Process::start(),
        }
    }

    pub fn set_policy(&mut self, policy: &Policy) {
        self.ask(&json!({ "policy": policy.json(&self.slapd.uri()) }));
        self.module.set_policy(policy);
    }

    /// Both answers, under the policy that was set.
    pub fn login(&mut self, case: &Case<'_>) -> Answers {
        let Login { name, password } = case.login;
        let request = json!({ "user": name, "password": password });
        self.oracle.send(&request);
        let ours = self.module.login(case.policy, case.login);
        let theirs = Theirs::read(&self.oracle.receive());
        let mut answers = Answers {
            ours,
            theirs,
            usual: None,
        };
        let points = compare(&answers.ours, &answers.theirs.verdict);
        let unexplained = |point| explain(case, &answers, point).is_none();
        if case.policy.nested && points.iter().any(unexplained) {
            let uri = self.slapd.uri();
            self.ask(&json!({ "policy": case.policy.usual(case.tree).json(&uri) }));
            answers.usual = Some(Theirs::read(&self.ask(&request)));
            self.ask(&json!({ "policy": case.policy.json(&uri) }));
        }
        answers
    }

    fn ask(&mut self, request: &Value) -> Value {
        self.oracle.send(request);
        self.oracle.receive()
    }

    fn under(&mut self, tree: &Tree, policy: &Policy, logins: &[Login]) -> Report {
        let mut report = Report::default();
        self.set_policy(policy);
        for login in logins {
            let case = Case {
                tree,
                policy,
                login,
            };
            report.judge(&case, &self.login(&case));
        }
        report
    }
}
