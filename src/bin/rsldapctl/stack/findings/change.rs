//! A change of the password: in the directory for its users, in `/etc/shadow` for the others, and never
//! in the wrong one of the two.

use std::collections::HashSet;

use pam_rsldap::outcome::Pass;

use super::super::case::{Helpers, Others, Strangers};
use super::super::change::{Change, Question, takes};
use super::super::explore::End;
use super::super::libpam::code::Code;
use super::super::libpam::line::{Facility, Line};
use super::super::modules::{Role, Subject as Who, our_arguments, role};
use super::{Finding, Level, MOST, Subject, first_yes, join, named};

const LINE: &str =
    "password [success=done ignore=ignore module_unknown=ignore default=die] pam_rsldap.so";
const JUMP: &str = "write success=done on the line of pam_rsldap, or success=N to jump over the other to `password required pam_permit.so`: a jump is no vote";

pub fn find(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(line) = subject.our_line(Facility::Password) else {
        return no_line(subject).into_iter().collect();
    };
    let changes = Change::all(our_arguments(line).config_error);
    let looked_at = Stack {
        lines: subject.lines(Facility::Password),
        line,
        changes: &changes,
    };
    let mut found = looked_at.failures_ignored();
    found.extend(looked_at.changed_twice());
    found.extend(looked_at.skipped());
    let unprompted = looked_at.no_prompt();
    if unprompted.is_empty() {
        found.extend(looked_at.changed_but_refused());
        found.extend(looked_at.local_unchangeable());
    }
    found.extend(unprompted);
    found
}

/// A password that has to be changed needs a line of ours.
fn no_line(subject: &Subject<'_>) -> Option<Finding> {
    let auth = subject.our_place(Facility::Auth)?;
    let lines = subject.lines(Facility::Password);
    // What our line would answer does not matter: there is none.
    let any = Change::all(subject.config_error).into_iter().next()?;
    let (_, second) = Question::plain(&any, Others::Yes).ends(lines);
    let yes = second.iter().find(|end| end.result == Code::SUCCESS);
    let setter = yes.and_then(|end| setter(lines, &end.way));
    let (level, why) = match (subject.changes_passwords, setter) {
        (false, _) => (
            Level::Note,
            "the configuration offers no change of passwords, so this line would say no more than that".to_owned(),
        ),
        (true, Some(line)) => (
            Level::Warning,
            format!(
                "a user whose directory password must be changed (must_change, PAM_NEW_AUTHTOK_REQD) is handed to {}: it refuses, or sets a local password and lets the user in with the old one in the directory",
                named(line)
            ),
        ),
        (true, None) => (
            Level::Note,
            "a user whose directory password must be changed (must_change, PAM_NEW_AUTHTOK_REQD) cannot change it in a login by this service".to_owned(),
        ),
    };
    Some(Finding {
        id: "no_password_line",
        level,
        what: "no password line calls pam_rsldap, and an auth line does".to_owned(),
        place: Some(auth),
        why,
        fix: format!("put `{LINE}` before the password line of pam_unix.so"),
    })
}

/// The line on the way that has set a password.
fn setter<'a>(lines: &'a [Line], way: &[(usize, Code)]) -> Option<&'a Line> {
    way.iter().find_map(|(index, code)| {
        let line = lines.get(*index)?;
        let sets = matches!(
            role(line, Facility::Password, Who::Ordinary),
            Role::Password { .. }
        );
        (sets && *code == Code::SUCCESS).then_some(line)
    })
}

/// The password lines, with one of ours.
struct Stack<'a> {
    lines: &'a [Line],
    line: &'a Line,
    changes: &'a [Change],
}

impl<'a> Stack<'a> {
    fn finding(&self, id: &'static str, what: String, why: &str, fix: String) -> Finding {
        Finding {
            id,
            level: Level::Warning,
            what,
            place: Some(self.line.place.to_string()),
            why: why.to_owned(),
            fix,
        }
    }

    fn changed(&self) -> Option<&'a Change> {
        self.changes.iter().find(|change| change.succeeds())
    }

    /// A change that fails ends in a success: by a local password for a user of the directory, or
    /// without any for whomever.
    fn failures_ignored(&self) -> Vec<Finding> {
        let failing = |set: bool| {
            let counts = move |change: &&Change| {
                let of_others = !set && change.prelim == Code::IGNORE;
                (change.of_directory && !change.succeeds()) || of_others
            };
            self.changes.iter().filter(counts)
        };
        let mut found = Vec::new();
        for set in [true, false] {
            let mut when = Vec::new();
            let mut yes = None;
            for change in failing(set) {
                let others = if change.of_directory {
                    Others::Either
                } else {
                    Others::No
                };
                let question = Question {
                    helpers: Helpers::Either,
                    strangers: Strangers::NeverYes,
                    ..Question::plain(change, others)
                };
                let (_, second) = question.ends(self.lines);
                let through = |end: &&End| {
                    end.result == Code::SUCCESS && end.facts.asked && end.facts.set == set
                };
                if let Some(end) = second.iter().find(through) {
                    when.push(format!("{} ({})", change.name, change.failure()));
                    let sets = setter(self.lines, &end.way);
                    yes = yes
                        .or(sets.or_else(|| first_yes(self.lines, &end.way, Facility::Password)));
                }
            }
            let after = match when.len() {
                0 => continue,
                all if all == failing(set).count() => "after each failure of pam_rsldap".to_owned(),
                _ => format!("after {}", join(&when)),
            };
            found.push(self.failure_ignored(set, &after, &yes.map_or("a line".to_owned(), named)));
        }
        found
    }

    fn failure_ignored(&self, set: bool, after: &str, by: &str) -> Finding {
        let (what, why) = if set {
            (
                format!(
                    "{after}, {by} can set a local password, and passwd(1) says that it was done"
                ),
                "the password in the directory is the old one, and there is a local one beside it that lets the user in when the directory is down",
            )
        } else {
            (
                format!(
                    "{after}, passwd(1) can say by the yes of {by} that it was done, and nothing is changed"
                ),
                "the user believes in a new password that nobody has set, and a login lets somebody in who had to change it first",
            )
        };
        self.finding(
            "change_failure_ignored",
            what,
            why,
            format!("write default=die on the line: `{LINE}`"),
        )
    }

    /// After the change in the directory another module sets a password, too.
    fn changed_twice(&self) -> Option<Finding> {
        let question = Question::plain(self.changed()?, Others::Yes);
        let (_, second) = question.ends(self.lines);
        let twice = |end: &&End| end.facts.changed && end.facts.set;
        let end = second.iter().find(twice)?;
        let by = setter(self.lines, &end.way).map_or("a line".to_owned(), named);
        Some(self.finding(
            "password_changed_twice",
            format!("{by} sets a local password as well, after pam_rsldap has changed the one in the directory"),
            "the local one lets the user in when the directory is down, and stays as it is when the other is changed elsewhere",
            JUMP.to_owned(),
        ))
    }

    /// Who has no local password cannot change the one in the directory, or is told so.
    fn changed_but_refused(&self) -> Option<Finding> {
        let ends = |others| Some(Question::plain(self.changed()?, others).ends(self.lines));
        let (first, second) = ends(Others::No)?;
        let is_good = |end: &End| end.facts.changed && end.result == Code::SUCCESS;
        if second.iter().any(is_good) {
            return None;
        }
        let whom = if ends(Others::Yes)?.1.iter().any(is_good) {
            " of a user without a local one"
        } else {
            ""
        };
        let finding = |what: String, why| {
            Some(self.finding("changed_but_refused", what, why, JUMP.to_owned()))
        };
        if second.is_empty() {
            let code = first.first()?.result;
            return finding(
                format!(
                    "the password{whom} is never changed: the first pass ends with {code} although pam_rsldap is ready"
                ),
                "passwd(1) fails before it asks for a new password",
            );
        }
        let code = second.iter().find(|end| end.facts.changed)?.result;
        finding(
            format!(
                "the password{whom} is changed in the directory, and then the application gets {code}"
            ),
            "passwd(1) says that nothing was changed, and the old password is no longer right",
        )
    }

    /// A user of the directory gets a local password without our line being asked.
    fn skipped(&self) -> Option<Finding> {
        let question = Question {
            helpers: Helpers::Either,
            strangers: Strangers::NeverYes,
            ..Question::plain(self.changed()?, Others::Either)
        };
        let (_, second) = question.ends(self.lines);
        let around = |end: &&End| end.result == Code::SUCCESS && !end.facts.asked && end.facts.set;
        let end = second.iter().find(around)?;
        let culprit = setter(self.lines, &end.way)?;
        Some(Finding {
            place: Some(culprit.place.to_string()),
            ..self.finding(
                "password_line_skipped",
                format!("{} can set a local password before pam_rsldap is asked", named(culprit)),
                "a user of the directory who is in /etc/passwd as well gets a local password there, and keeps the old one in the directory",
                format!("move our line before it: `{LINE}`"),
            )
        })
    }

    /// Lines that never ask, where nobody has asked before them.
    fn no_prompt(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for pass in [Pass::Prelim, Pass::Update] {
            let (ours, others) = (
                self.unprompted_in(pass, true),
                self.unprompted_in(pass, false),
            );
            for (index, line) in self.lines.iter().enumerate() {
                let unprompted = match role(line, Facility::Password, Who::Ordinary) {
                    Role::Ours => ours.contains(&index),
                    Role::Password { .. } | Role::Checker => others.contains(&index),
                    _ => false,
                };
                let place = Some(line.place.to_string());
                let known = found.iter().any(|f: &Finding| f.place == place);
                if unprompted && takes(line, pass) && !known && found.len() < MOST {
                    found.push(self.unprompted(line, pass));
                }
            }
        }
        found
    }

    /// The lines whose turn may come in this pass before anybody has asked, where it matters to ours or
    /// to the others: what needs no password of the user needs no prompt either.
    fn unprompted_in(&self, pass: Pass, ours: bool) -> HashSet<usize> {
        let matters = |change: &&Change| {
            let asked_now = change.succeeds() || (!change.of_directory && !ours);
            asked_now && change.prelim != Code::MODULE_UNKNOWN
        };
        let mut all = HashSet::new();
        for change in self.changes.iter().filter(matters) {
            let question = Question::plain(change, Others::Yes);
            all.extend(question.explore(pass, self.lines).unprompted());
        }
        all
    }

    fn unprompted(&self, line: &Line, pass: Pass) -> Finding {
        let (word, which, fix) = match pass {
            Pass::Prelim => ("use_first_pass", "the old", "take use_first_pass out"),
            Pass::Update => (
                "use_authtok",
                "a new",
                "take use_authtok out, or put `password requisite pam_pwquality.so` before the first line",
            ),
        };
        Finding {
            place: Some(line.place.to_string()),
            ..self.finding(
                "use_authtok_before_prompt",
                format!(
                    "{} has {word}, and nobody has asked for {which} password before it",
                    named(line)
                ),
                "it fails without a prompt, and no password is changed",
                fix.to_owned(),
            )
        }
    }

    /// Passwords that are not the directory's are changed as before.
    fn local_unchangeable(&self) -> Option<Finding> {
        let stuck = |change: &&Change| {
            let others = !change.of_directory && change.prelim == Code::IGNORE;
            let (_, second) = Question::plain(change, Others::Yes).ends(self.lines);
            others
                && !second
                    .iter()
                    .any(|end| end.result == Code::SUCCESS && end.facts.set)
        };
        let names: Vec<String> = self
            .changes
            .iter()
            .filter(stuck)
            .map(|change| change.name.clone())
            .collect();
        if names.is_empty() {
            return None;
        }
        Some(self.finding(
            "local_password_unchangeable",
            format!(
                "no line sets a local password where pam_rsldap answers {}",
                join(&names)
            ),
            "pam_rsldap leaves root and users who are not in the directory to pam_unix",
            "write ignore=ignore on the line, and put `password required pam_unix.so` behind it"
                .to_owned(),
        ))
    }
}
