//! What the lines are by themselves: readable, in reach of their jumps, with a password to look at.

use std::collections::{BTreeSet, HashSet};

use pam_rsldap::outcome::Outcome;

use super::super::case::Others;
use super::super::libpam::code::Code;
use super::super::libpam::control::Action;
use super::super::libpam::dispatch::landing;
use super::super::libpam::line::{Facility, Line, Reading, printable};
use super::super::libpam::problem::{Problem, Wrong};
use super::super::modules::{self, Role, Subject as Who, is_ours, role};
use super::super::rows::{Event, plain_case};
use super::{Finding, Level, MOST, Subject, join, named};

pub fn find(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = unreadable(subject);
    found.truncate(MOST);
    found.extend(no_file(subject));
    for facility in Facility::ALL {
        let mut jumps = jumps(subject, facility);
        jumps.truncate(MOST);
        found.extend(jumps);
        found.extend(arguments(subject, facility));
    }
    found.extend(no_prompt(subject));
    found.extend(empty_passwords(subject));
    found
}

fn no_file(subject: &Subject<'_>) -> Option<Finding> {
    subject.service.file.is_none().then(|| Finding {
        id: "no_service_file",
        level: Level::Note,
        what: format!("there is no service file for {}", subject.name),
        place: None,
        why: "libpam uses the lines of \"other\" for it".to_owned(),
        fix: "write the name of the service as the application gives it to pam_start(3)".to_owned(),
    })
}

/// What libpam cannot use.
fn unreadable(subject: &Subject<'_>) -> Vec<Finding> {
    let finding = |problem: &Problem| {
        const FAILS: &str =
            "libpam says so only in the system log, and a line that always fails takes its place";
        let (id, why, fix) = match problem.wrong {
            Wrong::Unreadable => (
                "bad_line",
                FAILS,
                "write it as pam.conf(5) says, or take it out",
            ),
            Wrong::NoModule => (
                "bad_line",
                "libpam says so only in the system log, and the line answers PAM_MODULE_UNKNOWN",
                "write the name with .so",
            ),
            Wrong::CarriageReturn => (
                "bad_line",
                "nobody sees it in an editor, and all modules without arguments are missing",
                "take the carriage returns out: sed -i 's/\\r$//' FILE",
            ),
            Wrong::TooLong => (
                "line_too_long",
                "the end of it is a line that always fails",
                "shorten it; to split it with a backslash does not help, for libpam joins the parts",
            ),
            Wrong::Loose => (
                "loose_backslash",
                "after an upgrade of libpam the stack is another; here it is read as before 1.6.0",
                "take the backslash out, or what stands between it and the line that continues it",
            ),
            Wrong::NoSuchFile => (
                "include_missing",
                FAILS,
                "mend the name, or take the line out",
            ),
            Wrong::Circle => ("include_circle", FAILS, "take one of the lines out"),
            Wrong::TooDeep => (
                "include_too_deep",
                FAILS,
                "include the file from nearer the top",
            ),
        };
        Finding {
            id,
            level: Level::Warning,
            what: problem.what.clone(),
            place: Some(problem.place.to_string()),
            why: why.to_owned(),
            fix: fix.to_owned(),
        }
    };
    subject.service.problems.iter().map(finding).collect()
}

/// What our module does not know.
fn arguments(subject: &Subject<'_>, facility: Facility) -> Vec<Finding> {
    let finding = |line: &Line| {
        let problem = modules::our_arguments(line).problem?;
        Some(Finding {
            id: "bad_argument",
            level: Level::Warning,
            what: printable(problem.as_bytes()),
            place: Some(line.place.to_string()),
            why: "with it, the module ends everything at this line as config_error: no password of the directory is right, and no gate is asked".to_owned(),
            fix: "mend the argument; pam_rsldap(8) lists them".to_owned(),
        })
    };
    let lines = subject.lines(facility).iter();
    lines
        .filter(|line| is_ours(line))
        .filter_map(finding)
        .collect()
}

/// Jumps that lead nowhere, or out of their file; `done` that ends more than its own file.
fn jumps(subject: &Subject<'_>, facility: Facility) -> Vec<Finding> {
    let lines = subject.lines(facility);
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let counts: BTreeSet<u32> = Code::all()
            .filter_map(|code| match line.control.action(code) {
                Action::Jump(count) => Some(count),
                _ => None,
            })
            .collect();
        for count in counts {
            match landing(lines, index, count) {
                Err(last) => found.push(too_far(line, count, last, index)),
                Ok(last) => found.extend(out_of_file(subject, lines, (index, last), count)),
            }
        }
        found.extend(done_too_much(subject, facility, index));
    }
    found
}

fn too_far(line: &Line, count: u32, last: usize, index: usize) -> Finding {
    Finding {
        id: "jump_too_far",
        level: Level::Warning,
        what: format!(
            "{} jumps over {count} lines, and there are only {} behind it",
            named(line),
            last.saturating_sub(index)
        ),
        place: Some(line.place.to_string()),
        why: "libpam takes that for an error of the stack: the phase ends with a refusal, also where the answer was yes".to_owned(),
        fix: "count again: a jump over N lines goes on at the one behind them, and a substack counts as one line".to_owned(),
    }
}

/// A jump from an included file into the lines of the file that includes it.
fn out_of_file(
    subject: &Subject<'_>,
    lines: &[Line],
    (from, last): (usize, usize),
    count: u32,
) -> Option<Finding> {
    let line = lines.get(from)?;
    let readings = &subject.service.readings;
    let outside = |skipped: &&Line| !is_within(readings, skipped.reading, line.reading);
    let skipped = lines.get(from + 1..=last)?.iter().find(outside)?;
    Some(Finding {
        id: "jump_leaves_file",
        level: Level::Warning,
        what: format!(
            "{} jumps over {count} lines, out of its file, and skips {}",
            named(line),
            named(skipped)
        ),
        place: Some(line.place.to_string()),
        why: "the file that includes this one asks for something more, a one-time password perhaps, and it is left out".to_owned(),
        fix: "let the jump end at the last line of its own file, `required pam_permit.so`; or include the file with `substack`".to_owned(),
    })
}

/// `done` in an included file ends the including one, too.
fn done_too_much(subject: &Subject<'_>, facility: Facility, index: usize) -> Option<Finding> {
    let lines = subject.lines(facility);
    let line = lines.get(index)?;
    let compares = matches!(
        role(line, facility, Who::Ordinary),
        Role::Ours | Role::Password { .. }
    );
    if !compares || line.control.action(Code::SUCCESS) != Action::Done {
        return None;
    }
    let readings = &subject.service.readings;
    let demands = |later: &&Line| {
        let action = later.control.action(Code::AUTH_ERR);
        !is_within(readings, later.reading, line.reading)
            && matches!(action, Action::Bad | Action::Die)
            && !["pam_deny", "pam_permit"].contains(&later.name().as_str())
    };
    let same_stack = |later: &&Line| later.level >= line.level;
    let mut rest = lines.get(index + 1..)?.iter().take_while(same_stack);
    let skipped = rest.find(demands)?;
    Some(Finding {
        id: "done_skips_lines",
        level: Level::Warning,
        what: format!(
            "the yes of {} ends the including file, too, and skips {}",
            named(line),
            named(skipped)
        ),
        place: Some(line.place.to_string()),
        why: "`sufficient` and `success=done` end everything but a substack".to_owned(),
        fix: "include the file with `substack`, or jump to its last line instead of `done`"
            .to_owned(),
    })
}

/// Whether a reading is another one, or was included from there.
fn is_within(readings: &[Reading], reading: usize, of: usize) -> bool {
    let mut here = Some(reading);
    while let Some(index) = here {
        if index == of {
            return true;
        }
        here = readings.get(index).and_then(|reading| reading.parent);
    }
    false
}

/// `use_first_pass` where nobody has asked for a password.
fn no_prompt(subject: &Subject<'_>) -> Vec<Finding> {
    let lines = subject.lines(Facility::Auth);
    let events = [
        Event::Outcome(Outcome::BadPassword),
        Event::Outcome(Outcome::Exempt),
        Event::Outcome(Outcome::ConfigError),
        Event::Missing(Who::Ordinary),
    ]
    .map(|event| {
        let case = plain_case(event, Facility::Auth, subject.fallback, Others::No);
        let unprompted: HashSet<usize> = case.explore(lines).unprompted().collect();
        (event, unprompted)
    });
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let compares = matches!(
            role(line, Facility::Auth, Who::Ordinary),
            Role::Ours | Role::Password { .. }
        );
        if !compares || modules::prompts(line) {
            continue;
        }
        let when: Vec<String> = events
            .iter()
            .filter(|(_, unprompted)| unprompted.contains(&index))
            .map(|(event, _)| event.name())
            .collect();
        if when.is_empty() {
            continue;
        }
        // The first stands for an ordinary day.
        let always = when.first().is_some_and(|name| name == "bad_password");
        let when = if always {
            "ever".to_owned()
        } else {
            format!("where the outcome of pam_rsldap is {}", join(&when))
        };
        found.push(Finding {
            id: "use_first_pass_before_prompt",
            level: Level::Warning,
            what: format!(
                "{} has use_first_pass, and nobody has asked for a password before it {when}",
                named(line)
            ),
            place: Some(line.place.to_string()),
            why: "it fails without a prompt, and nobody gets in by it: root, whom pam_rsldap does not ask, among them".to_owned(),
            fix: "write try_first_pass instead".to_owned(),
        });
    }
    found.truncate(MOST);
    found
}

/// `nullok` lets in who has no local password.
fn empty_passwords(subject: &Subject<'_>) -> Option<Finding> {
    let lines = subject.lines(Facility::Auth);
    let line = lines
        .iter()
        .find(|line| line.name() == "pam_unix" && line.has_argument("nullok"))?;
    Some(Finding {
        id: "empty_local_password",
        level: Level::Note,
        what: format!("{} has nullok: a local account with an empty password needs none", named(line)),
        place: Some(line.place.to_string()),
        why: "the directory's user of the same name gets in there without any password while pam_rsldap has no opinion".to_owned(),
        fix: "take nullok out".to_owned(),
    })
}
