//! The account phase: the only place where a login without a password meets the gates.

use pam_rsldap::outcome::Outcome;

use super::super::case::{Case, Helpers, Others};
use super::super::explore::End;
use super::super::libpam::code::Code;
use super::super::libpam::control::Action;
use super::super::libpam::line::{Facility, Line};
use super::super::modules::{Role, is_ours, role};
use super::super::rows::{Event, plain_case};
use super::{Finding, Level, Subject, example, lets_in, named};

const LINE: &str = "account [success=ok new_authtok_reqd=ok ignore=ignore user_unknown=ignore default=die] pam_rsldap.so";

pub fn find(subject: &Subject<'_>) -> Vec<Finding> {
    let has = |facility| subject.our_line(facility).is_some();
    match (has(Facility::Auth), has(Facility::Account)) {
        (false, false) if only_changes_passwords(subject) => Vec::new(),
        (false, false) => vec![absent(subject)],
        (true, false) => vec![no_account_line(subject)],
        (auth, true) => {
            let mut found = super::login::refusals(subject, Facility::Account);
            let skipped = jumped_over(subject, Facility::Account);
            let sound = skipped.is_none();
            found.extend(skipped);
            found.extend(password_change_lost(subject));
            if auth {
                found.extend(jumped_over(subject, Facility::Auth).map(|mut finding| {
                    if sound {
                        finding.level = Level::Note;
                    }
                    finding
                }));
            } else {
                found.push(no_auth_line(subject));
            }
            found
        }
    }
}

/// As `/etc/pam.d/passwd` of Debian: nobody logs in by it, and its password line is ours.
fn only_changes_passwords(subject: &Subject<'_>) -> bool {
    let is_own = |facility| {
        !subject.lines(facility).is_empty() && !subject.service.borrowed.contains(&facility)
    };
    subject.our_line(Facility::Password).is_some()
        && !is_own(Facility::Auth)
        && !is_own(Facility::Account)
}

fn absent(subject: &Subject<'_>) -> Finding {
    Finding {
        id: "not_in_stack",
        level: Level::Warning,
        what: format!(
            "no auth or account line of {} calls pam_rsldap",
            subject.name
        ),
        place: subject
            .service
            .file
            .as_ref()
            .map(|file| super::super::libpam::line::printable_path(file)),
        why: "the service knows nothing of the directory and of its gates".to_owned(),
        fix: format!(
            "copy the lines of {}, or run `pam-auth-update --enable rsldap` (Debian, Ubuntu)",
            example("sshd")
        ),
    }
}

fn no_auth_line(subject: &Subject<'_>) -> Finding {
    Finding {
        id: "no_auth_line",
        level: Level::Note,
        what: "no auth line calls pam_rsldap: the gates are asked, but directory passwords are not accepted".to_owned(),
        place: subject.our_place(Facility::Account),
        why: "that is right where another module compares the password, and an oversight elsewhere".to_owned(),
        fix: format!("add the four auth lines of {}", example("sshd")),
    }
}

fn no_account_line(subject: &Subject<'_>) -> Finding {
    Finding {
        id: "no_account_line",
        level: Level::Warning,
        what: "no account line calls pam_rsldap".to_owned(),
        place: subject.our_place(Facility::Auth),
        why: "a login with an ssh key, a cron job and sudo with NOPASSWD run no auth line: they pass every gate".to_owned(),
        fix: format!("put `{LINE}` before the account line of pam_unix.so"),
    }
}

/// An ordinary user gets through without our line being asked.
fn jumped_over(subject: &Subject<'_>, facility: Facility) -> Option<Finding> {
    let lines = subject.lines(facility);
    let event = Event::Outcome(Outcome::Refused);
    let case = Case {
        helpers: Helpers::Either,
        ..plain_case(event, facility, subject.fallback, Others::Either)
    };
    let around = |end: &&End| {
        lets_in(facility, end.result) && !end.facts.asked && !is_meant(&case, lines, end)
    };
    let ends = case.explore(lines).ends;
    let end = ends.iter().find(around)?;
    let culprit = leaper(lines, &end.way)?;
    let depends_on_user = matches!(
        role(culprit, facility, case.subject),
        Role::Condition(None) | Role::Unknown
    ) && culprit.name() != "pam_localuser";
    let name = facility.name();
    let (why, fix) = match facility {
        Facility::Account => (
            "whoever gets through there is not asked for any gate".to_owned(),
            format!("move our line before it: `{LINE}`"),
        ),
        _ => (
            "the directory is not asked about who gets through there: a user whom it refuses is stopped by the account line alone".to_owned(),
            format!("put our auth line first, as in {}", example("sshd")),
        ),
    };
    Some(Finding {
        id: match facility {
            Facility::Account => "account_line_skipped",
            _ => "auth_line_skipped",
        },
        level: if depends_on_user {
            Level::Note
        } else {
            Level::Warning
        },
        what: format!(
            "{} can end or jump over the {name} line of pam_rsldap",
            named(culprit)
        ),
        place: Some(culprit.place.to_string()),
        why,
        fix,
    })
}

/// A proof of another kind, such as a caller who is root, is meant to be a way around.
fn is_meant(case: &Case, lines: &[Line], end: &End) -> bool {
    end.way.iter().any(|(index, code)| {
        lines.get(*index).is_some_and(|line| {
            let ends_here = matches!(line.control.action(*code), Action::Done | Action::Jump(_));
            let proof = role(line, case.facility, case.subject) == Role::Proof;
            *code == Code::SUCCESS && proof && ends_here
        })
    })
}

/// The line that leaves out the first of ours.
fn leaper<'a>(lines: &'a [Line], way: &[(usize, Code)]) -> Option<&'a Line> {
    let ours = lines.iter().position(is_ours)?;
    let before = way.iter().rev().find(|(index, _)| *index < ours);
    let (index, _) = before?;
    lines.get(*index)
}

/// PAM_NEW_AUTHTOK_REQD has to reach the application, which then has the password changed.
fn password_change_lost(subject: &Subject<'_>) -> Option<Finding> {
    let lines = subject.lines(Facility::Account);
    let event = Event::Outcome(Outcome::MustChange);
    let case = plain_case(event, Facility::Account, subject.fallback, Others::Yes);
    let ends = case.explore(lines).ends;
    ends.iter()
        .find(|end| end.facts.asked && end.result == Code::SUCCESS)?;
    let line = subject.our_line(Facility::Account)?;
    let lost = line.control.action(case.ours.code) != Action::Ok;
    Some(Finding {
        id: "password_change_lost",
        level: Level::Warning,
        what: "a password that must be changed is accepted as it is: the account phase succeeds"
            .to_owned(),
        place: Some(line.place.to_string()),
        why: "the application is not told, and the user goes on with the old password".to_owned(),
        fix: if lost {
            "write new_authtok_reqd=ok on the line".to_owned()
        } else {
            format!("write the line as `{LINE}`, outside of substacks that reset it")
        },
    })
}
