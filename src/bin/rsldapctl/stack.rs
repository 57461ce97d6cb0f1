//! `rsldapctl stack SERVICE`: what the application gets for each outcome of the module, and what is
//! wrong with the service files.

mod case;
mod change;
mod explore;
mod findings;
pub mod libpam;
mod modules;
mod report;
mod rows;

use std::path::{Path, PathBuf};

use pam_rsldap::config::{self, DEFAULT_PATH, Fallback, FallbackRules, OnFailure};
use pam_rsldap::outcome::Outcome;
use serde::Serialize;

use crate::Answer;
use crate::screen::print_failure;
use findings::{Finding, Level};
use libpam::line::{Facility, Line, printable, printable_path};
use libpam::read;
use libpam::text::Buffer;
use libpam::tree::Tree;

/// What is asked.
pub struct Question<'a> {
    /// The PAM service.
    pub service: &'a str,
    /// The directory that stands for `/`.
    pub root: &'a Path,
}

/// Reads the service files, evaluates them and prints what there is to say.
pub fn run(config: &Path, question: &Question<'_>, json: bool) -> Answer {
    let service = match read_service(question) {
        Ok(service) => service,
        Err(error) => {
            print_failure(&error, json);
            return Answer::Misconfigured;
        }
    };
    let mut passwords = service.lines(Facility::Password).iter();
    let ours = our_line(&service).or_else(|| passwords.find(|line| modules::is_ours(line)));
    let (configuration, unreadable) = configuration(&config_path(config, question.root, ours));
    let fallback = configuration.fallback;
    let subject = findings::Subject {
        name: question.service,
        service: &service,
        fallback: &fallback,
        config_error: ours.map_or(OnFailure::Ignore, |line| {
            modules::our_arguments(line).config_error
        }),
        changes_passwords: configuration.changes_passwords,
    };
    let mut findings = findings::find(&subject);
    findings.extend(unreadable);
    let ok = findings.iter().all(|f| f.level == Level::Note);
    let tables = (rows::table(&service, &fallback), change::table(&service));
    report::print(&report::Report::new(&subject, &tables, findings, ok), json);
    if ok { Answer::Good } else { Answer::Negative }
}

/// What comes after the module, for another command. The names of the fields are those of `--json`.
#[derive(Serialize)]
pub struct Next {
    /// Why there is nothing to say.
    pub error: Option<String>,
    /// False: the service has no file, and that of `other` counts.
    pub own_file: bool,
    pub row: Option<report::Outcome>,
    /// What libpam does behind the module's line: the lines that may be next, or that the phase ends.
    pub auth_next: Vec<String>,
    pub account_next: Vec<String>,
    /// The configuration that the module's line names.
    #[serde(skip)]
    pub configuration: Option<PathBuf>,
}

/// What the application gets for this outcome, by this host's service files.
pub fn next(service: &str, (outcome, is_root): (Outcome, bool), fallback: &Fallback) -> Next {
    let root = Path::new("/");
    let question = Question { service, root };
    match read_service(&question) {
        Ok(service) => {
            let event = match outcome {
                Outcome::Exempt if !is_root => rows::Event::OtherExempt,
                outcome => rows::Event::Outcome(outcome),
            };
            let row = rows::row(event, &service, fallback);
            Next {
                error: None,
                own_file: service.file.is_some(),
                row: Some(report::outcome(&row)),
                auth_next: rows::behind_ours(event, &service, Facility::Auth, fallback),
                account_next: rows::behind_ours(event, &service, Facility::Account, fallback),
                configuration: our_line(&service).and_then(named_config),
            }
        }
        Err(error) => Next {
            error: Some(error),
            own_file: false,
            row: None,
            auth_next: Vec::new(),
            account_next: Vec::new(),
            configuration: None,
        },
    }
}

fn read_service(question: &Question<'_>) -> Result<read::Service, String> {
    let name = question.service;
    let is_name = !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains('/')
        && !name.chars().any(char::is_control);
    if !is_name {
        let shown = printable(name.as_bytes());
        return Err(format!(
            "\"{shown}\" is no name of a service: give the name of a file in /etc/pam.d"
        ));
    }
    if !question.root.is_dir() {
        return Err(format!(
            "{} is not a directory",
            printable_path(question.root)
        ));
    }
    // Which libpam is there cannot be told from its files. Where a newer one would read something else,
    // there is a finding.
    let tree = Tree::below(question.root);
    read::read(&tree, name, Buffer::Fixed).map_err(|error| error.to_string())
}

/// The configuration that our line names, or else that of the command line. Paths that the host's
/// own programs use are below `root`.
fn config_path(given: &Path, root: &Path, ours: Option<&Line>) -> PathBuf {
    match ours.and_then(named_config) {
        Some(path) => below(root, &path),
        None if given == Path::new(DEFAULT_PATH) => below(root, given),
        None => given.to_owned(),
    }
}

fn our_line(service: &read::Service) -> Option<&Line> {
    let lines = |facility| service.lines(facility).iter();
    let mut all = [Facility::Auth, Facility::Account]
        .into_iter()
        .flat_map(lines);
    all.find(|line| modules::is_ours(line))
}

/// The configuration that the line names, as the module reads it.
fn named_config(line: &Line) -> Option<PathBuf> {
    let mut arguments = line.arguments().iter();
    let names_one = arguments.any(|argument| argument.starts_with(b"config="));
    names_one.then(|| modules::our_arguments(line).config)
}

fn below(root: &Path, path: &Path) -> PathBuf {
    libpam::root::resolve(root, path).unwrap_or_else(|_| path.to_owned())
}

/// What the configuration has to say here.
struct Configuration {
    fallback: Fallback,
    changes_passwords: bool,
}

/// Without a configuration that can be read, its defaults.
fn configuration(path: &Path) -> (Configuration, Option<Finding>) {
    match config::load(path) {
        Ok(config) => {
            let changes_passwords = config.password.is_offered();
            let fallback = config.fallback;
            let configuration = Configuration {
                fallback,
                changes_passwords,
            };
            (configuration, None)
        }
        Err(error) => {
            let rules = FallbackRules::default();
            let configuration = Configuration {
                fallback: Fallback {
                    auth: rules,
                    account: rules,
                },
                changes_passwords: true,
            };
            let finding = Finding {
                id: "configuration_unreadable",
                level: Level::Note,
                what: printable(error.to_string().as_bytes()),
                place: Some(printable_path(path)),
                why: "the tables are those of the defaults of [fallback]".to_owned(),
                fix: format!(
                    "see `rsldapctl --config {} check --offline`",
                    printable_path(path)
                ),
            };
            (configuration, Some(finding))
        }
    }
}
