//! pam_faillock in its place: before, behind a failure, behind a success.

use pam_rsldap::outcome::{Expired, Outcome};

use super::super::case::{Case, Others, Strangers};
use super::super::explore::End;
use super::super::libpam::code::Code;
use super::super::libpam::line::{Facility, Line};
use super::super::modules::{Role, Stage, Subject as Who, role};
use super::super::rows::{Event, plain_case};
use super::{Finding, Level, Subject, example, join};

const WHERE: &str = "put preauth before pam_rsldap, `[default=die] pam_faillock.so authfail` where every failure arrives, and authsucc where every success does, as in";

pub fn find(subject: &Subject<'_>) -> Vec<Finding> {
    let lines = subject.lines(Facility::Auth);
    let stages: Vec<(usize, Stage)> = (0..lines.len())
        .filter_map(|index| Some((index, stage(lines.get(index)?)?)))
        .collect();
    if stages.is_empty() {
        return Vec::new();
    }
    let mut found = misplaced(lines, &stages);
    if found.is_empty() {
        found.extend(uncounted(subject, lines, &stages));
        found.extend(counted_success(subject, lines, &stages));
        found.extend(never_cleared(subject, lines, &stages));
    }
    found
}

fn stage(line: &Line) -> Option<Stage> {
    match role(line, Facility::Auth, Who::Ordinary) {
        Role::Faillock(stage) => Some(stage),
        _ => None,
    }
}

fn compares(line: &Line) -> bool {
    matches!(
        role(line, Facility::Auth, Who::Ordinary),
        Role::Ours | Role::Password { .. }
    )
}

fn finding(line: &Line, what: String, why: &str) -> Finding {
    Finding {
        id: "faillock_misplaced",
        level: Level::Warning,
        what,
        place: Some(line.place.to_string()),
        why: why.to_owned(),
        fix: format!("{WHERE} {}", example("sshd-faillock")),
    }
}

/// By the order of the lines.
fn misplaced(lines: &[Line], stages: &[(usize, Stage)]) -> Vec<Finding> {
    let first = lines.iter().position(compares);
    let last = lines.iter().rposition(compares);
    let (Some(first), Some(last)) = (first, last) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, stage) in stages {
        let Some(line) = lines.get(*index) else {
            continue;
        };
        match stage {
            Stage::Before if *index > first => found.push(finding(
                line,
                "pam_faillock preauth stands behind a line that compares a password".to_owned(),
                "a locked account is found out about only after its password was tried, and a right one may have let it in by then",
            )),
            Stage::Failed if *index < last => found.push(finding(
                line,
                "pam_faillock authfail stands before a line that compares a password".to_owned(),
                "it counts a failure before the password has failed everywhere: right passwords lock the account",
            )),
            Stage::Succeeded if *index < first => found.push(finding(
                line,
                "pam_faillock authsucc stands before every line that compares a password".to_owned(),
                "the counter is cleared by each attempt, and nobody is ever locked",
            )),
            Stage::Before | Stage::Failed | Stage::Succeeded => {}
        }
    }
    found
}

/// A case in which no other password is right, and no account is locked.
fn failing(subject: &Subject<'_>, outcome: Outcome) -> Case {
    let event = Event::Outcome(outcome);
    Case {
        strangers: Strangers::NeverYes,
        ..plain_case(event, Facility::Auth, subject.fallback, Others::No)
    }
}

/// Every failure goes by authfail.
fn uncounted(subject: &Subject<'_>, lines: &[Line], stages: &[(usize, Stage)]) -> Option<Finding> {
    let outcomes = [
        Outcome::BadPassword,
        Outcome::UnknownUser,
        Outcome::Unavailable,
        Outcome::Refused,
        Outcome::Expired(Expired::Account),
        Outcome::Expired(Expired::Password),
    ];
    let escapes = |outcome: &Outcome| {
        let missed = |end: &End| end.result != Code::SUCCESS && !end.facts.counted;
        let ends = failing(subject, *outcome).explore(lines).ends;
        ends.iter().any(missed)
    };
    let when: Vec<String> = outcomes
        .into_iter()
        .filter(escapes)
        .map(|outcome| Event::Outcome(outcome).name())
        .collect();
    if when.is_empty() {
        return None;
    }
    let line = lines.get(stages.first()?.0)?;
    Some(finding(
        line,
        format!(
            "failures are not counted by pam_faillock authfail: {}",
            join(&when)
        ),
        "passwords can be guessed without the account ever being locked: `die` and `requisite` end the stack before the counter",
    ))
}

/// No success goes by authfail.
fn counted_success(
    subject: &Subject<'_>,
    lines: &[Line],
    stages: &[(usize, Stage)],
) -> Option<Finding> {
    let ends = failing(subject, Outcome::Granted).explore(lines).ends;
    ends.iter().find(|end| end.facts.counted)?;
    let (index, _) = stages.iter().find(|(_, stage)| *stage == Stage::Failed)?;
    Some(finding(
        lines.get(*index)?,
        "pam_faillock authfail is reached with the right directory password".to_owned(),
        "right passwords lock the account",
    ))
}

/// The counter is cleared again.
fn never_cleared(
    subject: &Subject<'_>,
    lines: &[Line],
    stages: &[(usize, Stage)],
) -> Option<Finding> {
    let in_auth = stages.iter().any(|(_, stage)| *stage == Stage::Succeeded);
    let account = subject.lines(Facility::Account);
    let in_account = account.iter().any(|line| line.name() == "pam_faillock");
    if in_auth || in_account {
        return None;
    }
    let mut never = finding(
        lines.get(stages.first()?.0)?,
        "no line of pam_faillock clears the counter: neither authsucc nor `account required pam_faillock.so`".to_owned(),
        "failures of weeks add up, and lock the account of somebody who mistypes now and then",
    );
    never.level = Level::Note;
    never.fix = "add `account required pam_faillock.so`".to_owned();
    Some(never)
}
