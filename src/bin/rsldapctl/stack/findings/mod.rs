//! What is wrong with a service's stacks, in words.

mod change;
mod faillock;
mod gate;
mod layout;
mod login;

use pam_rsldap::config::{Fallback, OnFailure};
use serde::Serialize;

use super::libpam::code::Code;
use super::libpam::control::Action;
use super::libpam::line::{Facility, Line};
use super::libpam::read::Service;
use super::modules::{self, Role, is_ours, role};

/// More of one kind say nothing new.
const MOST: usize = 20;

/// Whether a finding has to be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Yes.
    Warning,
    /// It may be meant.
    Note,
}

/// Something to tell the administrator. The names of the fields are those of `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word that does not change.
    pub id: &'static str,
    pub level: Level,
    pub what: String,
    /// `FILE:LINE`
    #[serde(rename = "where")]
    pub place: Option<String>,
    pub why: String,
    pub fix: String,
}

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub name: &'a str,
    pub service: &'a Service,
    pub fallback: &'a Fallback,
    /// `config_error=` on our auth line.
    pub config_error: OnFailure,
    /// Whether `[password]` offers a change of passwords.
    pub changes_passwords: bool,
}

impl Subject<'_> {
    fn lines(&self, facility: Facility) -> &[Line] {
        self.service.lines(facility)
    }

    fn our_line(&self, facility: Facility) -> Option<&Line> {
        self.lines(facility).iter().find(|line| is_ours(line))
    }

    fn our_place(&self, facility: Facility) -> Option<String> {
        self.our_line(facility).map(|line| line.place.to_string())
    }
}

/// All findings, those that have to be mended first.
pub fn find(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = layout::find(subject);
    found.extend(login::find(subject));
    found.extend(gate::find(subject));
    found.extend(faillock::find(subject));
    found.extend(change::find(subject));
    found.sort_by_key(|finding| finding.level);
    found
}

/// Whether the application lets the user in for it. A password that has to be changed is changed,
/// and then the user is in.
fn lets_in(facility: Facility, code: Code) -> bool {
    code == Code::SUCCESS || (facility == Facility::Account && code == Code::NEW_AUTHTOK_REQD)
}

/// The first line on the way that has said yes, for a message: by a vote, or by accepting a password
/// and jumping to the line that votes.
fn first_yes<'a>(lines: &'a [Line], way: &[(usize, Code)], facility: Facility) -> Option<&'a Line> {
    way.iter().find_map(|(index, code)| {
        let line = lines.get(*index)?;
        let accepts = matches!(
            role(line, facility, modules::Subject::Ordinary),
            Role::Password { .. }
        );
        let says_yes = match line.control.action(*code) {
            Action::Ok | Action::Done => true,
            Action::Jump(_) => accepts,
            Action::Ignore | Action::Bad | Action::Die | Action::Reset => false,
        };
        (*code == Code::SUCCESS && says_yes).then_some(line)
    })
}

/// Where `make install` puts the stacks to copy.
fn example(name: &str) -> String {
    format!("/usr/share/doc/pam_rsldap/examples/pam.d/{name}")
}

/// `pam_x (FILE:LINE)`
fn named(line: &Line) -> String {
    format!("{} ({})", line.name(), line.place)
}

fn join(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
