//! The same logins through django-auth-ldap and through the module in the real libpam: verdicts,
//! flags, attributes and mirrored groups have to be equal, but for the differences that `differences.md` lists.

#[path = "../common/mod.rs"]
mod common;

mod differences;
mod dn;
mod environment;
mod login;
mod ours;
mod people;
mod policies;
mod policy;
mod random;
mod run;
mod scenes;
mod teams;
mod tree;
mod verdict;

use std::collections::BTreeSet;
use std::io::Write as _;

use differences::{Answers, DIFFERENCES, explain, list};
use run::{Report, Sides, run};
use tree::Kind;
use verdict::{Case, Class, Point, Text, compare};

/// How many verdicts a run compares at least.
const VERDICTS: usize = 2400;

/// Under the harness a test that passes is silent: the seed and the figures go past it.
fn say(report: &Report, seed: u64) {
    let _ = writeln!(std::io::stderr(), "{}", report.summary(seed));
}

#[test]
fn flat_groups_give_the_verdicts_of_django_auth_ldap() {
    let seed = random::seed();
    let report = run(seed, false, VERDICTS);
    say(&report, seed);
    report.check(seed);
}

#[test]
fn nested_groups_give_the_verdicts_of_django_auth_ldap() {
    let seed = random::seed();
    let report = run(seed, true, VERDICTS);
    say(&report, seed);
    report.check(seed);
}

#[test]
fn every_difference_has_a_reason_and_every_reason_a_difference() {
    let conditions: BTreeSet<&str> = DIFFERENCES
        .iter()
        .map(|difference| difference.name)
        .collect();
    let listed: BTreeSet<&str> = list().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(conditions, listed, "differences.rs and differences.md");
    for (name, reason) in list() {
        assert!(reason.len() > 40, "{name} has no reason");
    }
}

#[test]
fn every_listed_difference_occurs() {
    let tree = scenes::tree();
    let slapd = tree.serve();
    let mut sides = Sides::new(&slapd, 0);
    for difference in &DIFFERENCES {
        if difference.name == "remembered-outage" {
            continue;
        }
        let scene = scenes::scene(difference.name);
        let case = Case {
            tree: &tree,
            policy: &scene.policy,
            login: &scene.login,
        };
        sides.set_policy(&scene.policy);
        let answers = sides.login(&case);
        let name = difference.name;
        let Answers { ours, theirs, .. } = &answers;
        assert_eq!(
            answers.classes(),
            (scene.ours, scene.theirs),
            "{name}\n{case}\n{theirs:?}"
        );
        let points = compare(ours, &theirs.verdict);
        assert!(!points.is_empty(), "{name} is no difference: {ours:?}");
        for point in points {
            assert_eq!(explain(&case, &answers, &point), Some(name), "{point:?}");
        }
    }
}

#[test]
fn an_outage_is_remembered_there_and_not_here() {
    let tree = scenes::tree();
    let slapd = tree.serve();
    let mut sides = Sides::new(&slapd, 0);
    let mut policy = scenes::policy(Kind::Names);
    policy.cache = 600;
    let login = scenes::login("alice");
    sides.set_policy(&policy);
    let case = Case {
        tree: &tree,
        policy: &policy,
        login: &login,
    };
    slapd.stop();
    let answers = sides.login(&case);
    assert_eq!(answers.classes(), (Class::Error, Class::Error));
    slapd.restart();
    let answers = sides.login(&case);
    assert_eq!(answers.classes(), (Class::Granted, Class::Wrong));
    let name = explain(&case, &answers, &Point::Class);
    assert_eq!(name, Some("remembered-outage"));
}

/// The comparison has to see what it is for: each answer is altered in one point, and fails.
#[test]
fn an_answer_that_is_not_the_same_is_a_failure() {
    let tree = scenes::tree();
    let slapd = tree.serve();
    let mut sides = Sides::new(&slapd, 0);
    let mut policy = scenes::policy(Kind::Names);
    policy.attributes.push(("last_name", "sn"));
    let login = scenes::login("alice");
    sides.set_policy(&policy);
    let case = Case {
        tree: &tree,
        policy: &policy,
        login: &login,
    };
    let mut answers = sides.login(&case);
    let mut judged = |verdict: &verdict::Verdict| {
        answers.ours = verdict.clone();
        let mut report = Report::default();
        report.judge(&case, &answers);
        (report.equal, report.failures.len())
    };
    let ours = sides.login(&case).ours;
    assert_eq!(judged(&ours), (1, 0), "{ours:?}");
    let mut altered = vec![ours; 9];
    let classes = [Class::Wrong, Class::Refused, Class::Error, Class::Expired];
    for (verdict, class) in altered.iter_mut().zip(classes) {
        verdict.class = class;
    }
    altered[4].flags.insert("is_superuser".to_owned());
    altered[5].flags.clear();
    altered[6].attributes.clear();
    let other = Text::Utf8("tester".to_owned());
    altered[7].attributes.insert("last_name".to_owned(), other);
    altered[8].groups.insert("active".to_owned());
    for verdict in &altered {
        assert_eq!(judged(verdict), (0, 1), "{verdict:?}");
    }
}
