//! Every way in which our module may answer, and what the application gets.

use pam_rsldap::config::Fallback;
use pam_rsldap::module::code::return_code;
use pam_rsldap::outcome::{Expired, Outcome, Phase};

use super::case::{Case, Helpers, Others, Ours, Strangers};
use super::explore::results;
use super::libpam::code::Code;
use super::libpam::line::{Facility, Kind};
use super::libpam::read::Service;
use super::modules::{Subject, is_ours};

/// What becomes of a login attempt at our line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Outcome(Outcome),
    /// A name that never reaches the directory, and is not root's.
    OtherExempt,
    /// The module's file is not there, or cannot be loaded.
    Missing(Subject),
    /// libpam or the application has failed, and the module hands that on.
    HostError,
}

impl Event {
    /// Those of the table.
    pub fn all() -> Vec<Event> {
        let mut all: Vec<Event> = Outcome::ALL.into_iter().map(Event::Outcome).collect();
        all.push(Event::Missing(Subject::Ordinary));
        all.push(Event::Missing(Subject::Root));
        all
    }

    pub fn name(self) -> String {
        match self {
            Event::Outcome(Outcome::Expired(Expired::Account)) => "expired (account)".to_owned(),
            Event::Outcome(Outcome::Expired(Expired::Password)) => "expired (password)".to_owned(),
            Event::Outcome(Outcome::Exempt) => "exempt (root)".to_owned(),
            Event::Outcome(outcome) => outcome.name().to_owned(),
            Event::OtherExempt => Outcome::Exempt.name().to_owned(),
            Event::Missing(Subject::Ordinary) => "module missing".to_owned(),
            Event::Missing(Subject::Root) => "module missing (root)".to_owned(),
            Event::HostError => "libpam failed".to_owned(),
        }
    }

    pub fn subject(self) -> Subject {
        match self {
            Event::Outcome(Outcome::Exempt) | Event::Missing(Subject::Root) => Subject::Root,
            Event::Outcome(_)
            | Event::OtherExempt
            | Event::Missing(Subject::Ordinary)
            | Event::HostError => Subject::Ordinary,
        }
    }

    /// What our line answers.
    pub fn ours(self, phase: Phase, fallback: &Fallback) -> Ours {
        let code = match self {
            Event::Outcome(outcome) => code(phase, outcome, fallback),
            Event::OtherExempt => code(phase, Outcome::Exempt, fallback),
            Event::Missing(_) => Code::MODULE_UNKNOWN,
            Event::HostError => Code::SYSTEM_ERR,
        };
        // Whoever is exempt is known, and an unreadable configuration found out, before anybody is asked.
        let early = matches!(
            self,
            Event::Outcome(Outcome::Exempt | Outcome::ConfigError)
                | Event::OtherExempt
                | Event::Missing(_)
        );
        Ours {
            code,
            prompts: phase == Phase::Auth && !early,
        }
    }
}

/// The code of an outcome, from the module's own table.
fn code(phase: Phase, outcome: Outcome, fallback: &Fallback) -> Code {
    let number = return_code(phase, outcome, fallback) as usize;
    Code::from_number(number).unwrap_or(Code::SYSTEM_ERR)
}

pub fn phase(facility: Facility) -> Phase {
    match facility {
        Facility::Account => Phase::Account,
        Facility::Auth | Facility::Password | Facility::Session => Phase::Auth,
    }
}

/// A day on which nothing but the passwords is in question.
pub fn plain_case(event: Event, facility: Facility, fallback: &Fallback, others: Others) -> Case {
    Case {
        facility,
        subject: event.subject(),
        ours: event.ours(phase(facility), fallback),
        others,
        helpers: Helpers::Content,
        strangers: Strangers::Either,
    }
}

/// One phase of a row of the table.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What our line answers, if there is one.
    pub module: Option<Code>,
    /// What the application gets when the modules that compare other passwords, or know of other
    /// accounts, say yes; more than one where a module that is not known has a say.
    pub others_yes: Vec<Code>,
    pub others_no: Vec<Code>,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub event: Event,
    pub auth: Cell,
    /// `None` where that cannot be: a password is not looked at in the account phase.
    pub account: Option<Cell>,
}

/// The table.
pub fn table(service: &Service, fallback: &Fallback) -> Vec<Row> {
    let events = Event::all().into_iter();
    events.map(|event| row(event, service, fallback)).collect()
}

/// One row of it.
pub fn row(event: Event, service: &Service, fallback: &Fallback) -> Row {
    let cell = |facility: Facility| {
        let lines = service.lines(facility);
        let get = |others| {
            let case = plain_case(event, facility, fallback, others);
            results(&case.explore(lines).ends)
        };
        Cell {
            module: lines
                .iter()
                .any(is_ours)
                .then(|| event.ours(phase(facility), fallback).code),
            others_yes: get(Others::Yes),
            others_no: get(Others::No),
        }
    };
    Row {
        event,
        auth: cell(Facility::Auth),
        account: (event != Event::Outcome(Outcome::BadPassword)).then(|| cell(Facility::Account)),
    }
}

/// The lines that may come next when ours has answered; none if there is no such line.
pub fn behind_ours(
    event: Event,
    service: &Service,
    facility: Facility,
    fallback: &Fallback,
) -> Vec<String> {
    let lines = service.lines(facility);
    let case = plain_case(event, facility, fallback, Others::Either);
    let mut all = Vec::new();
    for end in case.explore(lines).ends {
        let mut way = end.way.iter().map(|(index, _)| &lines[*index]);
        let next = match way.find(|line| is_ours(line)) {
            None if lines.iter().any(is_ours) => "it is not asked".to_owned(),
            None => continue,
            Some(_) => match way.find(|line| line.kind != Kind::Substack) {
                Some(line) => format!("{} ({})", line.name(), line.place),
                None => "the end".to_owned(),
            },
        };
        if !all.contains(&next) {
            all.push(next);
        }
    }
    all
}
