//! `rsldapctl explain USER`: the module's own login, with this terminal in place of PAM, and every
//! step of it.

mod bind;
mod conclusion;
mod filter;
mod gates;
mod line;
mod password;
mod remembered;
mod report;
mod text;
mod wire;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use pam_rsldap::config::{self, Config};
use pam_rsldap::directory::ldap::LdapDirectory;
use pam_rsldap::directory::traced::{Event, Step, Traced};
use pam_rsldap::directory::{Directory, Entry};
use pam_rsldap::login::{self, Decision};
use pam_rsldap::names::{ServiceName, UserName};
use pam_rsldap::outcome::{Outcome, Phase};
use pam_rsldap::policy::{self, Facts};
use pam_rsldap::sys;
use pam_rsldap::transaction::HostError;
use pam_rsldap::transport::Failure;
use serde::Serialize;

use crate::Answer;
use crate::connection::{Connection, millis};
use crate::screen::{print_failure, print_json};
use wire::{Exchange, Wire};

/// What is asked.
pub struct Question<'a> {
    /// The login name.
    pub user: &'a str,
    /// The PAM service.
    pub service: &'a str,
    /// Whether a password follows on standard input.
    pub password_stdin: bool,
}

impl Question<'_> {
    /// Without a password only the account phase can be asked.
    fn phase(&self) -> Phase {
        if self.password_stdin {
            Phase::Auth
        } else {
            Phase::Account
        }
    }
}

/// A connection of the login. The names of the fields are those of `--json`.
#[derive(Clone, Serialize)]
pub struct Connected {
    #[serde(flatten)]
    pub connection: Connection,
    pub connect_ms: f64,
}

/// A login that was gone through, and all that was seen on the way.
pub struct Course {
    pub decision: Decision,
    pub local_uid: Option<u32>,
    /// The login's own steps.
    pub steps: Vec<Step>,
    /// What this command has asked on top, so that every group has an answer.
    pub more: Vec<Step>,
    /// Servers that could not be used, and why.
    pub failures: Vec<Failure>,
    pub connections: Vec<Connected>,
    pub exchanges: Vec<Exchange>,
    pub ms: f64,
}

/// Runs the login and prints how it went.
pub fn run(path: &Path, question: &Question<'_>, json: bool) -> Answer {
    let config = match config::load(path) {
        Ok(config) => config,
        Err(error) => {
            print_failure(
                &without_configuration(question, &error.to_string(), json),
                json,
            );
            return Answer::Misconfigured;
        }
    };
    let course = match login(question, &config) {
        Ok(course) => course,
        Err(error) => {
            print_failure(&error, json);
            return Answer::Misconfigured;
        }
    };
    let report = report::Report::new(path, question, &config, &course);
    if json {
        print_json(&report);
    } else {
        text::print(&report);
    }
    answer(course.decision.outcome)
}

/// What becomes of a login then: people read it in the words of every other answer. root stays local,
/// whatever the configuration is.
fn without_configuration(question: &Question<'_>, error: &str, json: bool) -> String {
    let Question { user, service, .. } = question;
    let is_root = policy::is_root(user.as_bytes(), None);
    match json || is_root {
        true => error.to_owned(),
        false => format!("{user} through {service}: config_error: {error}"),
    }
}

/// The exit status of an outcome.
pub fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Granted => Answer::Good,
        Outcome::Exempt
        | Outcome::UnknownUser
        | Outcome::BadPassword
        | Outcome::Refused
        | Outcome::Expired(_)
        | Outcome::MustChange => Answer::Negative,
        Outcome::ConfigError => Answer::Misconfigured,
        Outcome::Unavailable => Answer::Unavailable,
    }
}

fn login(question: &Question<'_>, config: &Config) -> Result<Course, String> {
    let started = Instant::now();
    let name = question.user.as_bytes();
    let local_uid = sys::local_uid(name)
        .map_err(|error| format!("the host's own user database cannot be read: {error}"))?;
    let wire = Arc::new(Wire::default());
    let directory = LdapDirectory::tapped(config, wire.clone());
    let mut directory = Traced::new(directory);
    let subject = (name, question.service.as_bytes());
    let decision = if policy::is_root(name, local_uid) {
        Decision::local(Outcome::Exempt, "")
    } else {
        let phase = question.phase();
        let mut terminal = password::Stdin;
        login::decide(
            phase,
            config,
            subject,
            local_uid,
            &mut terminal,
            &mut directory,
        )
        .map_err(|error| failed(&error))?
    };
    let ms = millis(started.elapsed());
    let own = directory.steps().len();
    let typed = UserName::parse(name).ok();
    if let Some(user) = decision.canonical.clone().or(typed) {
        ask_the_rest((&user, question.service), config, &mut directory);
    }
    let (steps, more) = directory.steps().split_at(own);
    let connections = wire.connections();
    let connections = connections.iter().map(|(server, facts, took)| Connected {
        connection: Connection::new(server, facts, config),
        connect_ms: millis(*took),
    });
    Ok(Course {
        decision,
        local_uid,
        steps: steps.to_vec(),
        more: more.to_vec(),
        failures: directory.inner().failures().to_vec(),
        connections: connections.collect(),
        exchanges: wire.exchanges(),
        ms,
    })
}

fn failed(error: &HostError) -> String {
    let why = io::Error::from_raw_os_error(error.code);
    format!("{} failed: {why}", error.action)
}

/// The login asks no further than it has to. Here every group of every gate gets an answer, if there
/// is an entry and a server that has not failed.
fn ask_the_rest(
    (user, service): (&UserName, &str),
    config: &Config,
    directory: &mut Traced<LdapDirectory<'_>>,
) {
    let failed = directory.steps().iter().any(|step| match &step.event {
        Event::Find(_, result) => result.is_err(),
        Event::Verify(_, result) => result.is_err(),
        Event::Ask(_, result) => result.is_err(),
        Event::Groups(_, result) => result.is_err(),
        Event::Change(_, result) => result.is_err(),
    });
    let entry = match entry(directory.steps()) {
        Some(entry) if !failed => entry.clone(),
        _ => return,
    };
    let service = ServiceName::of_transaction(service.as_bytes());
    let gates = policy::gates(config, &service);
    let facts = facts(directory.steps());
    let mut questions = Vec::new();
    for gate in &gates {
        for question in gate.tree(&config.flags, &facts).unasked() {
            if !questions.contains(&question) {
                questions.push(question);
            }
        }
    }
    if !questions.is_empty() {
        // What comes of it is noted as a step.
        let _ = directory.ask(user, &entry, &questions);
    }
}

/// The one entry that was found.
fn entry(steps: &[Step]) -> Option<&Entry> {
    steps.iter().find_map(|step| match &step.event {
        Event::Find(_, Ok(entries)) if entries.len() == 1 => entries.first(),
        _ => None,
    })
}

/// All that is known about groups after these steps.
fn facts<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Facts {
    let answers = steps.into_iter().filter_map(|step| match &step.event {
        Event::Ask(_, Ok(answers)) => Some(answers.iter().cloned()),
        _ => None,
    });
    answers.flatten().collect()
}
