//! Every way in which our module may answer to pam_chauthtok(3), and what the application gets.
//!
//! libpam walks the stack twice, PAM_PRELIM_CHECK and then, if that ends with PAM_SUCCESS,
//! PAM_UPDATE_AUTHTOK. The second walk knows nothing of the first: each chooses its way by its own
//! answers. `tests/pamstack` compares that with the installed library.

use pam_rsldap::config::{Fallback, FallbackRules, OnFailure};
use pam_rsldap::module::code::change_code;
use pam_rsldap::outcome::{ChangeOutcome, Expired, Pass};

use super::case::{Helpers, Others, Strangers, answers_beside};
use super::explore::{End, Explored, Facts, World, explore, results};
use super::libpam::code::Code;
use super::libpam::control::Action;
use super::libpam::line::{Facility, Line};
use super::libpam::read::Service;
use super::modules::{Role, Subject, is_ours, our_arguments, role};

/// What becomes of a change at our line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub name: String,
    pub subject: Subject,
    /// What our line answers in the first pass, and in the second if it comes to that.
    pub prelim: Code,
    pub update: Code,
    /// Whether it asks for the new password.
    asks: bool,
    /// Whether the user is the directory's, so that nobody else has a password to change.
    pub of_directory: bool,
}

impl Change {
    /// Those of the table, for a line with this `config_error=`.
    pub fn all(config_error: OnFailure) -> Vec<Change> {
        use ChangeOutcome as Outcome;
        let mut all = Vec::new();
        for outcome in Outcome::ALL {
            match outcome {
                Outcome::Ready => {}
                Outcome::Changed | Outcome::Rejected => {
                    all.push(Change::of(outcome, Outcome::Ready, config_error));
                }
                Outcome::Refused | Outcome::Unavailable => {
                    all.push(Change::of(outcome, outcome, config_error));
                    all.push(Change::of(outcome, Outcome::Ready, config_error));
                }
                _ => all.push(Change::of(outcome, outcome, config_error)),
            }
        }
        for (name, subject) in [
            ("module missing", Subject::Ordinary),
            ("module missing (root)", Subject::Root),
        ] {
            all.push(Change {
                name: name.to_owned(),
                subject,
                prelim: Code::MODULE_UNKNOWN,
                update: Code::MODULE_UNKNOWN,
                asks: false,
                of_directory: false,
            });
        }
        all
    }

    /// A change that the module, after this first pass, ends so.
    fn of(outcome: ChangeOutcome, first: ChangeOutcome, config_error: OnFailure) -> Change {
        use ChangeOutcome as Outcome;
        let of_others = matches!(
            outcome,
            Outcome::Exempt | Outcome::UnknownUser | Outcome::Unconfigured
        );
        let name = match outcome {
            Outcome::Expired(Expired::Account) => "expired (account)".to_owned(),
            Outcome::Expired(Expired::Password) => "expired (password)".to_owned(),
            Outcome::Exempt => "exempt (root)".to_owned(),
            Outcome::Unconfigured => "config_error (unreadable)".to_owned(),
            Outcome::Refused | Outcome::Unavailable if first == Outcome::Ready => {
                format!("{} (second pass)", outcome.name())
            }
            _ => outcome.name().to_owned(),
        };
        Change {
            name,
            subject: match outcome {
                Outcome::Exempt => Subject::Root,
                _ => Subject::Ordinary,
            },
            prelim: code(Pass::Prelim, first, config_error),
            update: code(Pass::Update, outcome, config_error),
            asks: of_others || first == Outcome::Ready,
            of_directory: !of_others,
        }
    }

    /// Whether it is one that goes well, as far as it is ours.
    pub fn succeeds(&self) -> bool {
        self.update == Code::SUCCESS
    }

    /// The code with which it fails.
    pub fn failure(&self) -> Code {
        match self.prelim {
            Code::SUCCESS => self.update,
            code => code,
        }
    }
}

/// The code of an outcome, from the module's own table. Of `[fallback]` that asks for nothing but what
/// the line says.
fn code(pass: Pass, outcome: ChangeOutcome, config_error: OnFailure) -> Code {
    let rules = FallbackRules {
        config_error,
        ..FallbackRules::default()
    };
    let fallback = Fallback {
        auth: rules,
        account: rules,
    };
    let number = change_code(pass, outcome, &fallback) as usize;
    Code::from_number(number).unwrap_or(Code::SYSTEM_ERR)
}

/// A question to a stack.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub change: &'a Change,
    pub others: Others,
    pub helpers: Helpers,
    pub strangers: Strangers,
}

impl<'a> Question<'a> {
    /// A day on which nothing but the passwords is in question.
    pub fn plain(change: &'a Change, others: Others) -> Question<'a> {
        Question {
            change,
            others,
            helpers: Helpers::Content,
            strangers: Strangers::Either,
        }
    }

    /// All that may come of one pass.
    pub fn explore(self, pass: Pass, lines: &[Line]) -> Explored {
        let question = self;
        explore(lines, &Asked { question, pass })
    }

    /// Both passes: the ends of the first that are the end of it all, and those of the second.
    pub fn ends(self, lines: &[Line]) -> (Vec<End>, Vec<End>) {
        let first = self.explore(Pass::Prelim, lines).ends;
        let (good, bad): (Vec<_>, Vec<_>) =
            first.into_iter().partition(|e| e.result == Code::SUCCESS);
        let second = if good.is_empty() {
            Vec::new()
        } else {
            self.explore(Pass::Update, lines).ends
        };
        (bad, second)
    }
}

/// A question in one of the passes.
struct Asked<'a> {
    question: Question<'a>,
    pass: Pass,
}

/// Whether a module wants the password that it needs in this pass from one before it, and never asks.
pub fn takes(line: &Line, pass: Pass) -> bool {
    line.has_argument("use_first_pass")
        || (pass == Pass::Update && line.has_argument("use_authtok"))
}

impl Asked<'_> {
    fn password(&self, local: bool) -> Vec<Code> {
        let no = match self.pass {
            Pass::Prelim => [Code::AUTH_ERR, Code::USER_UNKNOWN],
            Pass::Update => [Code::AUTHTOK_ERR, Code::USER_UNKNOWN],
        };
        match self.question.others {
            Others::Yes if self.question.change.subject == Subject::Root && !local => {
                vec![Code::USER_UNKNOWN]
            }
            Others::Yes => vec![Code::SUCCESS],
            Others::No => no.to_vec(),
            Others::Either => vec![Code::SUCCESS, no[0], no[1]],
        }
    }
}

impl World for Asked<'_> {
    fn answers(&self, line: &Line, facts: Facts) -> Vec<Code> {
        let Question {
            change,
            helpers,
            strangers,
            ..
        } = self.question;
        let (ours, nothing) = match self.pass {
            Pass::Prelim => (change.prelim, Code::AUTH_ERR),
            Pass::Update => (change.update, Code::AUTHTOK_ERR),
        };
        let finds_nothing = takes(line, self.pass) && !facts.prompted;
        match role(line, Facility::Password, change.subject) {
            Role::Ours if finds_nothing && ours == Code::SUCCESS => vec![nothing],
            Role::Ours => vec![ours],
            Role::Password { .. } if finds_nothing => vec![nothing],
            Role::Password { local } => self.password(local),
            Role::Checker if self.pass == Pass::Prelim => vec![Code::SUCCESS],
            Role::Checker if finds_nothing => vec![nothing],
            Role::Checker if helpers == Helpers::Either => vec![Code::SUCCESS, nothing],
            Role::Checker => vec![Code::SUCCESS],
            bystander => answers_beside(&bystander, line, helpers, strangers),
        }
    }

    fn learn(&self, line: &Line, answer: Code, _: Action, facts: Facts) -> Facts {
        let mut facts = facts;
        let updates = self.pass == Pass::Update;
        let may_ask = !takes(line, self.pass);
        let yes = answer == Code::SUCCESS;
        match role(line, Facility::Password, self.question.change.subject) {
            Role::Ours => {
                let change = self.question.change;
                let asks = if updates {
                    change.asks
                } else {
                    change.of_directory
                };
                facts.asked = true;
                facts.prompted |= asks && may_ask;
                facts.changed |= updates && yes;
            }
            Role::Password { .. } => {
                facts.prompted |= may_ask && answer != Code::USER_UNKNOWN;
                facts.set |= updates && yes;
            }
            Role::Checker => facts.prompted |= updates && may_ask,
            Role::Unknown => facts.set |= updates && yes,
            Role::Proof | Role::Faillock(_) | Role::Condition(_) | Role::Helper(..) => {}
        }
        facts
    }
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub change: Change,
    /// What the application gets when the modules that set other passwords say yes; more than one
    /// where a module that is not known has a say.
    pub others_yes: Vec<Code>,
    pub others_no: Vec<Code>,
}

/// The table; without rows where no line calls our module.
pub fn table(service: &Service) -> Vec<Row> {
    let lines = service.lines(Facility::Password);
    let Some(line) = lines.iter().find(|line| is_ours(line)) else {
        return Vec::new();
    };
    let row = |change: Change| {
        let get = |others| {
            let (first, second) = Question::plain(&change, others).ends(lines);
            results(first.iter().chain(&second))
        };
        Row {
            others_yes: get(Others::Yes),
            others_no: get(Others::No),
            change: change.clone(),
        }
    };
    Change::all(our_arguments(line).config_error)
        .into_iter()
        .map(row)
        .collect()
}
