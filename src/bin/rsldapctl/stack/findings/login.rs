//! The auth phase: who gets in without a password, and who does not get in with one.

use pam_rsldap::config::OnFailure;
use pam_rsldap::outcome::{Expired, Outcome};

use super::super::case::{Case, Helpers, Others, Strangers};
use super::super::explore::End;
use super::super::libpam::code::Code;
use super::super::libpam::control::Action;
use super::super::libpam::dispatch::{Jumps, walk};
use super::super::libpam::line::{Facility, Line};
use super::super::modules::{self, Role, is_ours, role};
use super::super::rows::{Event, plain_case};
use super::{Finding, Level, Subject, example, first_yes, join, lets_in, named};

pub fn find(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = without_password(subject);
    if subject.our_line(Facility::Auth).is_some() {
        found.extend(refusals(subject, Facility::Auth));
        found.extend(right_password(subject));
    }
    for facility in [Facility::Auth, Facility::Account] {
        found.extend(root_locked_out(subject, facility));
    }
    found.extend(no_session(subject));
    found
}

/// Every event in which nobody has typed a right directory password.
fn nothing_typed() -> Vec<Event> {
    let granting = [
        Event::Outcome(Outcome::Granted),
        Event::Outcome(Outcome::MustChange),
    ];
    let mut events = Event::all();
    events.push(Event::HostError);
    events.retain(|event| {
        let needs_password = matches!(
            event,
            Event::Outcome(Outcome::Refused | Outcome::Expired(_))
        );
        !granting.contains(event) && !needs_password
    });
    events
}

/// Nobody gets in by typing nothing.
fn without_password(subject: &Subject<'_>) -> Vec<Finding> {
    let lines = subject.lines(Facility::Auth);
    let mut found = Vec::new();
    for (strangers, level) in [
        (Strangers::NeverYes, Level::Warning),
        (Strangers::Either, Level::Note),
    ] {
        let mut when: Vec<String> = Vec::new();
        let mut yes: Option<&Line> = None;
        for event in nothing_typed() {
            let case = Case {
                helpers: Helpers::Either,
                strangers,
                ..plain_case(event, Facility::Auth, subject.fallback, Others::No)
            };
            let ends = case.explore(lines).ends;
            let open = |end: &&End| end.result == Code::SUCCESS && !end.facts.proven;
            if let Some(end) = ends.iter().find(open) {
                when.push(event.name());
                yes = yes.or_else(|| first_yes(lines, &end.way, Facility::Auth));
            }
        }
        if when.is_empty() {
            continue;
        }
        let who = yes.map_or("a line".to_owned(), named);
        let when = if subject.our_line(Facility::Auth).is_some() {
            format!(" where the outcome of pam_rsldap is {}", join(&when))
        } else {
            String::new()
        };
        found.push(Finding {
            id: "login_without_password",
            level,
            what: format!("a login without any password: auth succeeds by the yes of {who}{when}"),
            place: yes.map(|line| line.place.to_string()),
            why: "whoever knows a user's name gets in: the decision is left to a module that compares no password".to_owned(),
            fix: format!("let pam_rsldap and pam_unix jump to a last `auth required pam_permit.so`, with `auth requisite pam_deny.so` right before it, as in {}", example("sshd")),
        });
        break;
    }
    found
}

/// A refusal is final, whatever the other modules say.
pub fn refusals(subject: &Subject<'_>, facility: Facility) -> Vec<Finding> {
    let lines = subject.lines(facility);
    let phase = super::super::rows::phase(facility);
    let mut found = Vec::new();
    for (outcomes, level) in refusing(facility) {
        let mut when = Vec::new();
        let mut yes = None;
        let mut ignored = false;
        for outcome in outcomes {
            let event = Event::Outcome(outcome);
            let code = event.ours(phase, subject.fallback).code;
            let by_nature = matches!(outcome, Outcome::Refused | Outcome::Expired(_));
            if code == Code::IGNORE && !by_nature {
                continue;
            }
            let case = Case {
                helpers: Helpers::Either,
                ..plain_case(event, facility, subject.fallback, Others::Either)
            };
            let ends = case.explore(lines).ends;
            let through = |end: &&End| end.facts.asked && lets_in(facility, end.result);
            if let Some(end) = ends.iter().find(through) {
                ignored |= code == Code::IGNORE;
                when.push(format!("{} ({code})", event.name()));
                yes = yes.or_else(|| first_yes(lines, &end.way, facility));
            }
        }
        if !when.is_empty() {
            found.push(refusal(subject, facility, level, &when, yes, ignored));
        }
    }
    if subject.config_error == OnFailure::Deny {
        found.extend(unreadable_configuration(subject, facility));
    }
    found
}

/// Outcomes that are to end the login, where `[fallback]` does not say otherwise. The shipped account
/// lines let pam_unix decide about users who are not in the directory, so that one may be meant.
fn refusing(facility: Facility) -> Vec<(Vec<Outcome>, Level)> {
    let mut outcomes = vec![
        Outcome::Refused,
        Outcome::Expired(Expired::Account),
        Outcome::Expired(Expired::Password),
        Outcome::Unavailable,
        Outcome::ConfigError,
    ];
    match facility {
        Facility::Account => vec![
            (outcomes, Level::Warning),
            (vec![Outcome::UnknownUser], Level::Note),
        ],
        Facility::Auth | Facility::Password | Facility::Session => {
            outcomes.extend([Outcome::UnknownUser, Outcome::BadPassword]);
            vec![(outcomes, Level::Warning)]
        }
    }
}

fn refusal(
    subject: &Subject<'_>,
    facility: Facility,
    level: Level,
    when: &[String],
    yes: Option<&Line>,
    ignored: bool,
) -> Finding {
    let name = facility.name();
    let by = yes.map_or(String::new(), |line| format!(": {} says yes", named(line)));
    let fix = match (ignored, facility) {
        (true, _) => "set refused = \"deny\" and expired = \"deny\" in [fallback] of the configuration".to_owned(),
        (false, Facility::Account) => "write the line as `account [success=ok new_authtok_reqd=ok ignore=ignore user_unknown=ignore default=die] pam_rsldap.so`, without user_unknown=ignore where unknown users are to be refused".to_owned(),
        (false, _) => "write default=die on the line, as in `auth [success=2 ignore=ignore module_unknown=ignore default=die] pam_rsldap.so`".to_owned(),
    };
    Finding {
        id: "refusal_not_final",
        level,
        what: format!(
            "a refusal does not end the login: after {} {name} can still succeed{by}",
            join(when)
        ),
        place: subject.our_place(facility),
        why: "a user whom the directory refuses gets in all the same, with an old local password or by a line that asks for none".to_owned(),
        fix,
    }
}

/// `config_error=deny` on the line is a wish, too.
fn unreadable_configuration(subject: &Subject<'_>, facility: Facility) -> Option<Finding> {
    let mut fallback = *subject.fallback;
    fallback.auth.config_error = OnFailure::Deny;
    fallback.account.config_error = OnFailure::Deny;
    let case = Case {
        helpers: Helpers::Either,
        ..plain_case(
            Event::Outcome(Outcome::ConfigError),
            facility,
            &fallback,
            Others::Either,
        )
    };
    let lines = subject.lines(facility);
    let ends = case.explore(lines).ends;
    let end = ends
        .iter()
        .find(|end| end.facts.asked && lets_in(facility, end.result))?;
    let when = format!("config_error=deny ({})", case.ours.code);
    let yes = first_yes(lines, &end.way, facility);
    Some(refusal(
        subject,
        facility,
        Level::Warning,
        &[when],
        yes,
        false,
    ))
}

/// The right password, and open gates, are enough.
fn right_password(subject: &Subject<'_>) -> Option<Finding> {
    let lines = subject.lines(Facility::Auth);
    let event = Event::Outcome(Outcome::Granted);
    let case = plain_case(event, Facility::Auth, subject.fallback, Others::No);
    let ends = case.explore(lines).ends;
    let finding = |id, what: String, fix: &str| Finding {
        id,
        level: Level::Warning,
        what,
        place: subject.our_place(Facility::Auth),
        why: "nobody can log in with a directory password".to_owned(),
        fix: fix.to_owned(),
    };
    let Some(end) = ends.iter().find(|end| end.result == Code::SUCCESS) else {
        let got = ends
            .first()
            .map_or(String::new(), |end| end.result.to_string());
        return Some(finding(
            "granted_but_refused",
            format!("auth ends with {got} although pam_rsldap has found password and gates right"),
            "let the jump of success=N end at `auth required pam_permit.so`: a jump is no vote",
        ));
    };
    let cred = |jumps| {
        let earlier = Some((end.way.as_slice(), jumps));
        let answer = |_: usize, line: &Line| credentials(line, &case);
        walk(lines, earlier, answer).result
    };
    let worst = [Jumps::Vote, Jumps::AreSilent].map(cred);
    let failed = worst.into_iter().find(|code| *code != Code::SUCCESS)?;
    Some(finding(
        "setcred_fails",
        format!("pam_setcred(3) ends with {failed} after a successful login"),
        "let the jump of success=N end at `auth required pam_permit.so`, and not at pam_deny.so",
    ))
}

/// What modules answer to pam_setcred(3).
fn credentials(line: &Line, case: &Case) -> Code {
    match role(line, Facility::Auth, case.subject) {
        Role::Helper(good, _) if good == [Code::MODULE_UNKNOWN] => Code::MODULE_UNKNOWN,
        Role::Helper(good, _) if good == [Code::AUTH_ERR] => Code::CRED_ERR,
        Role::Helper(good, _) if good == [Code::IGNORE] => Code::IGNORE,
        _ => Code::SUCCESS,
    }
}

/// root gets in with the local password whatever happens to the directory or to our file.
fn root_locked_out(subject: &Subject<'_>, facility: Facility) -> Option<Finding> {
    let lines = subject.lines(facility);
    if !lines.iter().any(is_ours) {
        return None;
    }
    let locked_out = |event: Event| {
        let case = plain_case(event, facility, subject.fallback, Others::Yes);
        let ends = case.explore(lines).ends;
        // `pam_succeed_if.so user != root`, as display managers have it, is meant.
        let is_meant = |end: &End| {
            end.way.iter().any(|(index, code)| {
                let line = &lines[*index];
                let shut = matches!(line.control.action(*code), Action::Bad | Action::Die);
                shut && role(line, facility, case.subject) == Role::Condition(Some(false))
            })
        };
        !ends
            .iter()
            .any(|end| end.result == Code::SUCCESS || is_meant(end))
    };
    let always = locked_out(Event::Outcome(Outcome::Exempt));
    let missing = locked_out(Event::Missing(modules::Subject::Root));
    let line = subject.our_line(facility)?;
    let ends_there = matches!(line.control.action(Code::IGNORE), Action::Bad | Action::Die);
    let fix = match (always, missing, facility) {
        (true, ..) if ends_there => "write ignore=ignore on the line of pam_rsldap",
        (true, _, Facility::Auth) => {
            "put `auth [success=1 default=ignore] pam_unix.so try_first_pass` behind the pam_rsldap line"
        }
        (true, ..) => "put `account required pam_unix.so` behind the line",
        (false, true, Facility::Auth) => "write module_unknown=ignore on the line",
        (false, true, _) => {
            "put `account [success=1 default=ignore] pam_succeed_if.so quiet uid eq 0` right before the line"
        }
        (false, false, _) => return None,
    };
    let when = if always {
        "with the directory up or down"
    } else {
        "while pam_rsldap.so is missing or cannot be loaded"
    };
    Some(Finding {
        id: "root_locked_out",
        level: Level::Warning,
        what: format!(
            "local root is locked out: {} refuses the right local password, {when}",
            facility.name()
        ),
        place: subject.our_place(facility),
        why: "root is the account that mends the rest; pam_rsldap has no opinion on it, and the stack has to let pam_unix decide".to_owned(),
        fix: fix.to_owned(),
    })
}

/// Our module never refuses a session; its absence may.
fn no_session(subject: &Subject<'_>) -> Option<Finding> {
    let line = subject.our_line(Facility::Session)?;
    let action = line.control.action(Code::MODULE_UNKNOWN);
    matches!(action, Action::Bad | Action::Die).then(|| Finding {
        id: "root_locked_out",
        level: Level::Warning,
        what: "nobody gets a session, root neither, while pam_rsldap.so is missing or cannot be loaded".to_owned(),
        place: Some(line.place.to_string()),
        why: "the module sets variables and groups there, and never refuses: a login without them is better than none".to_owned(),
        fix: "write `session optional pam_rsldap.so`".to_owned(),
    })
}
