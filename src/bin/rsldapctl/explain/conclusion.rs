//! The answer in a line, and what stands beside it: whoever asks in the night reads this and no more.

use std::path::Path;

use pam_rsldap::outcome::Outcome;

use super::gates::Gate;
use super::report::Report;

/// No more groups fit into one line.
const MOST_GROUPS: usize = 3;

/// What the answer is made of.
pub struct Conclusion<'a> {
    pub report: &'a Report<'a>,
    pub outcome: Outcome,
    /// The configuration.
    pub path: &'a Path,
}

impl Conclusion<'_> {
    /// The answer.
    pub fn line(&self) -> String {
        let Report {
            user,
            service,
            reason,
            ..
        } = self.report;
        let user = match *user {
            "" => "a user without a name",
            user => user,
        };
        let answer = match (self.outcome, self.report.password_tried) {
            (Outcome::Granted, true) => "granted".to_owned(),
            (Outcome::Granted, false) => {
                "the directory lets the user in; the password was not tried (--password-stdin)"
                    .to_owned()
            }
            (Outcome::Exempt, _) => "exempt: the name never reaches the directory".to_owned(),
            (outcome, _) if reason.is_empty() => match outcome {
                Outcome::BadPassword => {
                    "bad_password: the server does not accept the password".to_owned()
                }
                outcome => outcome.name().to_owned(),
            },
            (outcome, _) => {
                let more = self.more();
                format!("{}: {reason}{more}", outcome.name())
            }
        };
        format!("{user} through {service}: {answer}")
    }

    /// What the reason does not say: the groups of a gate that is shut, and how the name is spelt.
    fn more(&self) -> String {
        match (self.outcome, &self.report.search) {
            (Outcome::Refused, _) => {
                let mut gates = self.report.gates.iter();
                let gate = gates.find(|gate| self.report.reason.starts_with(&gate.gate));
                let groups = gate.map(Gate::to_blame).unwrap_or_default();
                match groups.split_at_checked(MOST_GROUPS) {
                    _ if groups.is_empty() => String::new(),
                    Some((first, rest @ [_, ..])) => {
                        format!(": {}; and {} more", first.join("; "), rest.len())
                    }
                    Some(_) | None => format!(": {}", groups.join("; ")),
                }
            }
            (Outcome::UnknownUser, Some(search)) if !search.names.is_empty() => {
                format!(
                    " ({} is {})",
                    search.name_attribute,
                    search.names.join(", ")
                )
            }
            _ => String::new(),
        }
    }

    /// What is not in the answer and may well be why there is no login, or one all the same.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let is_in = matches!(self.outcome, Outcome::Granted | Outcome::MustChange);
        let has_account = self.report.local_uid.is_some() || self.report.canonical.is_some();
        if is_in && !has_account {
            warnings.push(format!(
                "this host has no account {}: sshd and others let nobody in who has none, \
                 whatever pam_rsldap says (getent passwd {})",
                self.report.user,
                self.word()
            ));
        }
        warnings.extend(self.of_memory());
        if self.outcome != Outcome::Exempt {
            warnings.extend(self.of_stack());
        }
        warnings
    }

    /// The name in a command that people may copy.
    fn word(&self) -> &str {
        let account = self.report.canonical.as_deref().unwrap_or(self.report.user);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
        match account.bytes().all(is_plain) {
            true => account,
            false => "USER",
        }
    }

    fn of_memory(&self) -> Vec<String> {
        let Some(remembered) = &self.report.remembered else {
            return Vec::new();
        };
        let is_down = self.outcome == Outcome::Unavailable;
        let mut warnings = Vec::new();
        match &remembered.refusal {
            Some(last) if is_down => warnings.push(format!(
                "no server answers, so the last known refusal stands, and a login ends as {}: {}",
                last.outcome, last.reason
            )),
            Some(_) | None => {}
        }
        if remembered.groups_fresh && self.outcome != Outcome::Granted {
            warnings.push(format!(
                "this host remembers groups of the user (cache.groups), and a login may be granted \
                 by them: rsldapctl cache flush {}",
                self.word()
            ));
        }
        if is_down && remembered.refusal.is_none() && remembered.offline_usable {
            warnings.push(
                "no server answers, and the last good password gets in (offline.credentials); \
                 it is not tried here"
                    .to_owned(),
            );
        }
        warnings
    }

    fn of_stack(&self) -> Vec<String> {
        let Report { service, stack, .. } = self.report;
        let mut warnings = Vec::new();
        let Some(row) = &stack.row else {
            return warnings;
        };
        let missing = |module: &Option<String>| module.is_none();
        let auth = missing(&row.auth.module);
        let account = row
            .account
            .as_ref()
            .is_some_and(|cell| missing(&cell.module));
        let lines = match (auth, account) {
            (true, true) => Some("no line"),
            (true, false) => Some("no auth line"),
            (false, true) => Some("no account line"),
            (false, false) => None,
        };
        warnings.extend(lines.map(|lines| {
            format!(
                "{lines} of {service} calls pam_rsldap, so that nothing of this counts there: \
                 rsldapctl stack {service}"
            )
        }));
        if let Some(other) = stack.configuration.as_deref().filter(|c| *c != self.path) {
            warnings.push(format!(
                "the stack of {service} says config={}, and this is about {}",
                other.display(),
                self.path.display()
            ));
        }
        warnings
    }
}
