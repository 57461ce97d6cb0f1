//! One question to a stack: who logs in, what our module answers, and what the others may.

use super::explore::{Explored, Facts, World, explore};
use super::libpam::code::Code;
use super::libpam::control::Action;
use super::libpam::line::{Facility, Line};
use super::modules::{self, Role, Stage, Subject, role};

/// What modules that compare another password say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    Yes,
    No,
    Either,
}

/// What helpers do: those that check where, when and who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helpers {
    /// As on an ordinary day: nothing to object to.
    Content,
    Either,
}

/// What a module that this program does not know may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    Either,
    NeverYes,
}

/// What our module answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ours {
    pub code: Code,
    /// Whether it asks for the password before that.
    pub prompts: bool,
}

/// A question to a stack.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub facility: Facility,
    pub subject: Subject,
    pub ours: Ours,
    pub others: Others,
    pub helpers: Helpers,
    pub strangers: Strangers,
}

/// Answers of modules that compare passwords, where it is not yes.
const NO_PASSWORD: [Code; 4] = [
    Code::AUTH_ERR,
    Code::USER_UNKNOWN,
    Code::AUTHINFO_UNAVAIL,
    Code::MAXTRIES,
];
const NO_ACCOUNT: [Code; 4] = [
    Code::ACCT_EXPIRED,
    Code::AUTHINFO_UNAVAIL,
    Code::USER_UNKNOWN,
    Code::AUTH_ERR,
];

/// What a module answers that compares no password and counts nothing.
pub fn answers_beside(
    role: &Role,
    line: &Line,
    helpers: Helpers,
    strangers: Strangers,
) -> Vec<Code> {
    let (yes, no) = (Code::SUCCESS, Code::AUTH_ERR);
    match role {
        // A second factor is given where it is asked for; a way around the password is not taken.
        Role::Proof => match (helpers, line.control.action(yes)) {
            (Helpers::Either, _) => vec![yes, no],
            (Helpers::Content, Action::Ok) => vec![yes],
            (Helpers::Content, _) => vec![no],
        },
        Role::Condition(Some(true)) => vec![yes],
        Role::Condition(Some(false)) => vec![no],
        Role::Condition(None) => vec![yes, no],
        Role::Helper(good, bad) => {
            let mut answers = good.clone();
            if helpers == Helpers::Either {
                answers.extend(bad);
            }
            answers
        }
        Role::Ours | Role::Password { .. } | Role::Checker | Role::Faillock(_) | Role::Unknown => {
            match strangers {
                Strangers::Either => vec![yes, no, Code::IGNORE],
                Strangers::NeverYes => vec![no, Code::IGNORE],
            }
        }
    }
}

impl Case {
    /// All that may come of it.
    pub fn explore(&self, lines: &[Line]) -> Explored {
        explore(lines, self)
    }

    fn password(&self, line: &Line, local: bool, facts: Facts) -> Vec<Code> {
        let mut no = match self.facility {
            Facility::Account => NO_ACCOUNT,
            _ => NO_PASSWORD,
        }
        .to_vec();
        // `ignore_unknown_user` and the like: no opinion in place of a no.
        let is_silent = |argument: &Vec<u8>| argument.starts_with(b"ignore_");
        if line.arguments().iter().any(is_silent) {
            no.push(Code::IGNORE);
        }
        let nothing_to_compare =
            self.facility == Facility::Auth && !modules::prompts(line) && !facts.prompted;
        if nothing_to_compare {
            return vec![Code::AUTH_ERR];
        }
        match self.others {
            // What lies elsewhere does not know this host's root.
            Others::Yes if self.subject == Subject::Root && !local => vec![Code::USER_UNKNOWN],
            Others::Yes => vec![Code::SUCCESS],
            Others::No => no,
            Others::Either => {
                let mut all = vec![Code::SUCCESS];
                all.extend(no);
                if self.facility == Facility::Account {
                    all.push(Code::NEW_AUTHTOK_REQD);
                }
                all
            }
        }
    }

    fn faillock(&self, stage: Stage) -> Vec<Code> {
        let mut answers = match stage {
            Stage::Before => vec![Code::SUCCESS, Code::IGNORE],
            Stage::Failed => vec![Code::IGNORE],
            Stage::Succeeded => vec![Code::SUCCESS],
        };
        if self.helpers == Helpers::Either {
            answers.push(Code::AUTH_ERR);
        }
        answers
    }
}

impl World for Case {
    fn answers(&self, line: &Line, facts: Facts) -> Vec<Code> {
        match role(line, self.facility, self.subject) {
            Role::Ours => vec![self.ours.code],
            Role::Password { local } => self.password(line, local, facts),
            Role::Faillock(stage) => self.faillock(stage),
            bystander => answers_beside(&bystander, line, self.helpers, self.strangers),
        }
    }

    fn learn(&self, line: &Line, answer: Code, action: Action, facts: Facts) -> Facts {
        let mut facts = facts;
        let yes = answer == Code::SUCCESS;
        let ends_here = matches!(action, Action::Done | Action::Jump(_));
        match role(line, self.facility, self.subject) {
            Role::Ours => {
                facts.asked = true;
                facts.prompted |= self.ours.prompts && modules::prompts(line);
            }
            Role::Password { .. } => {
                facts.prompted |= modules::prompts(line);
                facts.proven |= yes;
            }
            Role::Proof | Role::Unknown => facts.proven |= yes && ends_here,
            // `user ingroup nopasswdlogin` may be meant, as the yes of a stranger may.
            Role::Condition(None) if line.name() == "pam_succeed_if" => {
                facts.proven |= yes && ends_here && self.strangers == Strangers::NeverYes;
            }
            Role::Faillock(Stage::Failed) => facts.counted = true,
            Role::Faillock(_) | Role::Checker | Role::Condition(_) | Role::Helper(..) => {}
        }
        facts
    }
}
