//! `rsldapctl cache flush`. It needs no configuration: files are named after users and servers.

use std::collections::BTreeSet;
use std::path::Path;

use pam_rsldap::names::UserName;
use pam_rsldap::store::inventory::{self, Found, Kind};
use pam_rsldap::store::machine_key::MachineKey;
use pam_rsldap::store::{Place, RUN, STATE, fingerprint};
use serde::Serialize;

use crate::Answer;
use crate::screen::{print_json, table};

/// What is removed only where somebody says so.
pub struct More {
    pub refusals: bool,
    pub offline: bool,
}

/// What was done. The names of the fields are those of `--json`.
#[derive(Default, Serialize)]
struct Report {
    /// Nothing that was to go is left.
    ok: bool,
    user: Option<String>,
    removed: Vec<Thing>,
    /// Remembered, and not asked for.
    kept: Vec<Thing>,
    failed: Vec<Failure>,
}

#[derive(Serialize)]
struct Thing {
    kind: &'static str,
    /// The user or the server; null where the file does not say so.
    about: Option<String>,
    file: String,
}

#[derive(Serialize)]
struct Failure {
    file: String,
    problem: String,
}

/// Removes, and prints.
pub fn run(user: Option<&UserName>, more: &More, json: bool) -> Answer {
    let mut report = Report {
        user: user.map(ToString::to_string),
        ..Report::default()
    };
    for path in [RUN, STATE] {
        report.flush(path, user, more);
    }
    report.ok = report.failed.is_empty();
    if json {
        print_json(&report);
    } else {
        print(&report);
    }
    let is_unknown = report.removed.is_empty() && report.kept.is_empty();
    match user.is_some() && is_unknown || !report.ok {
        true => Answer::Negative,
        false => Answer::Good,
    }
}

impl More {
    fn is_wanted(&self, kind: Kind) -> bool {
        match kind {
            Kind::Cache | Kind::Marker => true,
            Kind::Refusals => self.refusals,
            Kind::Offline => self.offline,
        }
    }
}

impl Report {
    fn flush(&mut self, path: &'static str, user: Option<&UserName>, more: &More) {
        let found = match inventory::files(path) {
            Ok(found) => found,
            Err(error) => return self.fail(path.to_owned(), &error.to_string()),
        };
        let Some(place) = Place::existing(Path::new(path)) else {
            return;
        };
        let key = MachineKey::existing(&place).ok().flatten();
        let stem = user.map(|user| fingerprint(user.as_str()));
        let mut done = BTreeSet::new();
        for file in found {
            let Some(kind) = file.kind else {
                continue;
            };
            let is_meant = stem.as_ref().is_none_or(|stem| file.stem() == stem);
            // One that is not finished is beside the one that is.
            if !is_meant || !done.insert(kind.file(file.stem())) {
                continue;
            }
            let thing = thing(&place, &file, kind, key.as_ref());
            if !more.is_wanted(kind) {
                self.kept.push(thing);
                continue;
            }
            match inventory::remove(&place, kind, file.stem()) {
                Ok(()) => self.removed.push(thing),
                Err(why) => self.fail(thing.file, &why),
            }
        }
    }

    fn fail(&mut self, file: String, problem: &str) {
        let problem = problem.to_owned();
        self.failed.push(Failure { file, problem });
    }
}

fn thing(place: &Place, file: &Found, kind: Kind, key: Option<&MachineKey>) -> Thing {
    let word = match kind {
        Kind::Cache => "cache",
        Kind::Refusals => "refusals",
        Kind::Offline => "offline",
        Kind::Marker => "marker",
    };
    Thing {
        kind: word,
        about: inventory::subject(place, file, key),
        file: format!("{}/{}", kind.path(), kind.file(file.stem())),
    }
}

fn print(report: &Report) {
    let row = |what: &str, kind: &str, rest: &str| [what, kind, rest].map(str::to_owned).to_vec();
    let about = |thing: &Thing| thing.about.clone().unwrap_or_else(|| thing.file.clone());
    let mut rows = Vec::new();
    for thing in &report.removed {
        rows.push(row("removed", thing.kind, &about(thing)));
    }
    for thing in &report.kept {
        let option = format!("{} (--{0} removes it)", thing.kind);
        rows.push(row("kept", &option, &about(thing)));
    }
    for failure in &report.failed {
        let rest = format!("{}: {}", failure.file, failure.problem);
        rows.push(row("FAILED", "", &rest));
    }
    if rows.is_empty() {
        let nothing = match &report.user {
            Some(user) => format!("nothing is remembered of {user}"),
            None => "nothing is remembered".to_owned(),
        };
        rows.push(vec![nothing]);
    }
    crate::screen::print(&table(&rows));
}
