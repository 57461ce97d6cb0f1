//! A directory that notes what a login asks of it, and what it says: for the `debug` log and for
//! `rsldapctl explain`.
//!
//! A step holds no password, and of an entry its [`Display`](fmt::Display) shows nothing but the name.

use std::fmt;
use std::time::{Duration, Instant};

use super::{Change, ChangeVerdict, Directory, DirectoryError, Entry, UserBindVerdict};
use crate::characters::printable;
use crate::names::{Dn, UserName};
use crate::policy::{Answer, Proof, Question};
use crate::secret::Password;

/// Any directory, with notes.
pub struct Traced<D> {
    directory: D,
    steps: Vec<Step>,
}

/// One thing that was asked.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub started: Instant,
    /// How long it took.
    pub took: Duration,
    /// Who answered, or was the last to be asked.
    pub server: Option<String>,
    /// What was asked, and the answer.
    pub event: Event,
}

/// What was asked, and the answer.
#[derive(Clone, Debug)]
pub enum Event {
    /// The entries of a user.
    Find(UserName, Result<Vec<Entry>, DirectoryError>),
    /// Whether a password is that of this entry.
    Verify(Dn, Result<UserBindVerdict, DirectoryError>),
    /// Questions about the groups of this entry.
    Ask(Dn, Result<Vec<(Question, Answer)>, DirectoryError>),
    /// The names of the groups of this entry.
    Groups(Dn, Result<Vec<String>, DirectoryError>),
    /// A new password for this entry.
    Change(Dn, Result<Change, DirectoryError>),
}

impl<D: Directory> Traced<D> {
    /// Nothing was asked yet.
    pub fn new(directory: D) -> Self {
        Traced {
            directory,
            steps: Vec::new(),
        }
    }

    /// What was asked so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The directory itself.
    pub fn inner(&self) -> &D {
        &self.directory
    }

    fn note(&mut self, started: Instant, event: Event) {
        self.steps.push(Step {
            started,
            took: started.elapsed(),
            server: self.directory.server(),
            event,
        });
    }
}

impl<D: Directory> Directory for Traced<D> {
    fn find(&mut self, user: &UserName) -> Result<Vec<Entry>, DirectoryError> {
        let started = Instant::now();
        let found = self.directory.find(user);
        self.note(started, Event::Find(user.clone(), found.clone()));
        found
    }

    fn verify(&mut self, dn: &Dn, password: &Password) -> Result<UserBindVerdict, DirectoryError> {
        let started = Instant::now();
        let verdict = self.directory.verify(dn, password);
        self.note(started, Event::Verify(dn.clone(), verdict.clone()));
        verdict
    }

    fn ask(
        &mut self,
        user: &UserName,
        entry: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        let started = Instant::now();
        let answers = self.directory.ask(user, entry, questions);
        let pairs = answers.clone().map(|answers| {
            let questions = questions.iter().cloned();
            questions.zip(answers).collect()
        });
        self.note(started, Event::Ask(entry.dn.clone(), pairs));
        answers
    }

    fn groups(&mut self, user: &UserName, entry: &Entry) -> Result<Vec<String>, DirectoryError> {
        let started = Instant::now();
        let names = self.directory.groups(user, entry);
        self.note(started, Event::Groups(entry.dn.clone(), names.clone()));
        names
    }

    fn change_password(
        &mut self,
        entry: &Entry,
        old: &Password,
        new: &Password,
    ) -> Result<Change, DirectoryError> {
        let started = Instant::now();
        let change = self.directory.change_password(entry, old, new);
        self.note(started, Event::Change(entry.dn.clone(), change.clone()));
        change
    }

    fn server(&self) -> Option<String> {
        self.directory.server()
    }

    fn passed_over(&self) -> String {
        self.directory.passed_over()
    }
}

/// One line, in which nothing from outside drives a terminal or ends the line.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.event.words();
        if let Some(server) = &self.server {
            line.push_str(&format!(" server={server}"));
        }
        let line = printable(&line);
        write!(f, "{line} ms={}", self.took.as_millis())
    }
}

impl Event {
    fn words(&self) -> String {
        match self {
            Event::Find(user, Ok(entries)) => {
                let names: Vec<&str> = entries.iter().map(|entry| entry.dn.as_str()).collect();
                format!("search for {user}: {}", listed(&names, "no entry"))
            }
            Event::Find(user, Err(error)) => format!("search for {user}: failed: {error}"),
            Event::Verify(dn, Ok(verdict)) => format!("bind as {dn}: {}", verdict.name()),
            Event::Verify(dn, Err(error)) => format!("bind as {dn}: failed: {error}"),
            Event::Ask(dn, Ok(answers)) => {
                let answers: Vec<String> = answers.iter().map(in_words).collect();
                format!("groups of {dn}: {}", listed(&answers, "nothing asked"))
            }
            Event::Ask(dn, Err(error)) => format!("groups of {dn}: failed: {error}"),
            Event::Groups(dn, Ok(names)) => {
                format!("names of the groups of {dn}: {}", listed(names, "none"))
            }
            Event::Groups(dn, Err(error)) => {
                format!("names of the groups of {dn}: failed: {error}")
            }
            Event::Change(dn, Ok(change)) => {
                let verdict = match &change.verdict {
                    ChangeVerdict::Changed => "changed",
                    ChangeVerdict::Refused(_) => "refused",
                    ChangeVerdict::Misconfigured => "misconfigured",
                    ChangeVerdict::Unavailable(_) => "unavailable",
                };
                format!("new password for {dn}: {verdict}, {}", change.said)
            }
            Event::Change(dn, Err(error)) => format!("new password for {dn}: failed: {error}"),
        }
    }
}

fn in_words((question, answer): &(Question, Answer)) -> String {
    let Question { group, proof } = question;
    match (proof, answer) {
        (Proof::Member, Answer::Proven) => format!("in {group}"),
        (Proof::Member, Answer::NotProven) => format!("not in {group}"),
        (Proof::NonMember, Answer::Proven) => format!("surely not in {group}"),
        (Proof::NonMember, Answer::NotProven) => format!("perhaps in {group}"),
        (_, Answer::NoSuchGroup) => format!("there is no {group}"),
        (_, Answer::Withheld(why)) => format!("not told about {group} ({why})"),
    }
}

fn listed<T: AsRef<str>>(parts: &[T], nothing: &str) -> String {
    match parts {
        [] => nothing.to_owned(),
        parts => {
            let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
            parts.join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Cause, Unavailable};

    fn line(event: Event) -> String {
        let step = Step {
            started: Instant::now(),
            took: Duration::from_millis(7),
            server: Some("ldaps://ldap1".to_owned()),
            event,
        };
        step.to_string()
    }

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    #[test]
    fn a_step_is_one_line() {
        let user = UserName::parse(b"alice").unwrap();
        let entry = |name: &str| Entry::new(dn(name), [("mail".to_owned(), vec![b"x".to_vec()])]);
        let found = vec![entry("uid=alice,o=x"), entry("uid=alice,o=y")];
        assert_eq!(
            line(Event::Find(user.clone(), Ok(found))),
            "search for alice: uid=alice,o=x; uid=alice,o=y server=ldaps://ldap1 ms=7"
        );
        assert_eq!(
            line(Event::Find(user, Ok(Vec::new()))),
            "search for alice: no entry server=ldaps://ldap1 ms=7"
        );
        assert_eq!(
            line(Event::Verify(
                dn("uid=alice,o=x"),
                Ok(UserBindVerdict::Wrong)
            )),
            "bind as uid=alice,o=x: wrong server=ldaps://ldap1 ms=7"
        );
        let question = |proof| Question {
            group: dn("cn=g,o=x"),
            proof,
        };
        let answers = vec![
            (question(Proof::Member), Answer::Proven),
            (question(Proof::NonMember), Answer::NoSuchGroup),
        ];
        assert_eq!(
            line(Event::Ask(dn("uid=alice,o=x"), Ok(answers))),
            "groups of uid=alice,o=x: in cn=g,o=x; there is no cn=g,o=x server=ldaps://ldap1 ms=7"
        );
    }

    #[test]
    fn what_a_server_says_cannot_begin_a_line_of_its_own() {
        let error = DirectoryError::Unavailable(Unavailable {
            cause: Cause::Busy,
            detail: "busy\npam_rsldap: outcome=granted\u{1b}[2J\u{202e}".to_owned(),
            server: None,
        });
        let text = line(Event::Verify(dn("o=x"), Err(error)));
        assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'));
    }
}
