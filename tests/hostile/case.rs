//! A row of the tables: one misbehaviour, how the login has to end, and what holds for all of them.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ber::Request;
use super::child::{self, Phase, Report};
use super::common::pam;
use super::devlog::field;
use super::server::{Act, Point, Record, SERVICE_PASSWORD, Server, USER_PASSWORD};
use super::wire::Wire;

/// `server.deadline` is 1 s in these tests; the rest is the machine's.
const LONGEST: Duration = Duration::from_millis(1300);

/// How much memory a login may add.
const MOST_KIB: i64 = 32 * 1024;

/// How a phase ends: the outcomes of the module that can occur here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Granted,
    Unavailable,
    BadPassword,
    UnknownUser,
    Refused,
    ConfigError,
}

impl Ending {
    /// The return code and the word in the log.
    fn code_and_word(self) -> (i32, &'static str) {
        match self {
            Ending::Granted => (pam::PAM_SUCCESS, "granted"),
            Ending::Unavailable => (pam::PAM_AUTHINFO_UNAVAIL, "unavailable"),
            Ending::BadPassword => (pam::PAM_AUTH_ERR, "bad_password"),
            Ending::UnknownUser => (pam::PAM_USER_UNKNOWN, "unknown_user"),
            Ending::Refused => (pam::PAM_PERM_DENIED, "refused"),
            Ending::ConfigError => (pam::PAM_SERVICE_ERR, "config_error"),
        }
    }
}

/// One misbehaviour.
pub struct Case {
    name: String,
    at: Point,
    act: Arc<Act>,
    endings: Vec<Ending>,
    causes: Vec<&'static str>,
    stack_size: Option<usize>,
}

impl Case {
    /// The login may end in each of these ways.
    pub fn ends(
        name: impl Into<String>,
        at: Point,
        endings: &[Ending],
        act: impl Fn(&mut Wire, &Request) + Send + Sync + 'static,
    ) -> Case {
        let act: Act = Box::new(act);
        let (name, endings) = (name.into(), endings.to_vec());
        Case {
            name,
            at,
            act: Arc::new(act),
            endings,
            causes: Vec::new(),
            stack_size: None,
        }
    }

    /// The login ends as unavailable, and the log says one of these causes.
    pub fn unavailable(
        name: impl Into<String>,
        at: Point,
        causes: &[&'static str],
        act: impl Fn(&mut Wire, &Request) + Send + Sync + 'static,
    ) -> Case {
        Case::ends(name, at, &[Ending::Unavailable], act).because(causes)
    }

    /// The server sends these bytes in place of its answer, and the login ends as unavailable.
    pub fn unavailable_after(
        name: impl Into<String>,
        at: Point,
        causes: &[&'static str],
        bytes: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
    ) -> Case {
        Case::unavailable(name, at, causes, says(bytes))
    }

    /// If it ends as unavailable, the log has to say one of these causes.
    pub fn because(mut self, causes: &[&'static str]) -> Case {
        self.causes = causes.to_vec();
        self
    }

    /// The same on a thread with so small a stack.
    pub fn on_a_stack_of(mut self, size: usize) -> Case {
        self.name += &format!(", on a stack of {} KiB", size / 1024);
        self.stack_size = Some(size);
        self
    }

    fn title(&self, phase: Phase) -> String {
        format!("{:?}: {} ({})", self.at, self.name, phase.name())
    }

    /// Tries it: what is wrong, and what it cost.
    fn try_phase(&self, phase: Phase) -> (Vec<String>, Report) {
        let elsewhere = Server::honest();
        let server = Server::start(self.at, self.act.clone(), elsewhere.port());
        let report = match child::login(server.port(), phase, self.stack_size) {
            Ok(report) => report,
            Err(problem) => return (vec![problem], Report::default()),
        };
        let record = server.record();
        let mut problems = self.judge_ending(&report);
        problems.extend(judge_host(&report));
        problems.extend(self.judge_wire(&report, &record, phase));
        if elsewhere.record().connections > 0 {
            problems.push("a referral was followed".to_owned());
        }
        (problems, report)
    }

    fn judge_ending(&self, report: &Report) -> Vec<String> {
        let ending = self
            .endings
            .iter()
            .find(|ending| ending.code_and_word().0 == report.code);
        let Some(ending) = ending else {
            let log = &report.log;
            return vec![format!(
                "code {} instead of {:?}; log {log:?}",
                report.code, self.endings
            )];
        };
        let decisions: Vec<_> = report
            .log
            .iter()
            .filter(|line| field(line, "outcome").is_some())
            .collect();
        let [line] = decisions[..] else {
            return vec![format!(
                "one line in the log for one decision, not {:?}",
                report.log
            )];
        };
        let mut problems = Vec::new();
        if field(line, "outcome") != Some(ending.code_and_word().1) {
            problems.push(format!("outcome in the log: {line}"));
        }
        let cause = field(line, "cause").unwrap_or("absent");
        if *ending == Ending::Unavailable
            && !self.causes.is_empty()
            && !self.causes.contains(&cause)
        {
            problems.push(format!(
                "cause {cause} instead of {:?}: {line}",
                self.causes
            ));
        }
        problems
    }

    /// What holds for every login, whatever the server does.
    fn judge_wire(&self, report: &Report, record: &Record, phase: Phase) -> Vec<String> {
        let mut problems = Vec::new();
        let mut holds = |what: &str, is_so: bool| {
            if !is_so {
                problems.push(format!("{what}; the server saw {:?}", record.points()));
            }
        };
        let came = |point| record.points().contains(&point);
        if !matches!(self.at, Point::Connect | Point::Accept) {
            holds("the login never came to this point", came(self.at));
        }
        let user_binds = record
            .points()
            .iter()
            .filter(|point| **point == Point::UserBind)
            .count();
        holds(
            "the user's password was offered more than once",
            user_binds <= 1,
        );
        holds("more than one connection", record.connections <= 1);
        let unnamed =
            |(_, request): &(Point, Request)| request.dn.is_empty() && !request.password.is_empty();
        holds(
            "an unauthenticated bind (RFC 4513 5.1.2)",
            !record.requests.iter().any(unnamed),
        );
        let sent = record.contains(USER_PASSWORD.as_bytes());
        // Whoever ends so has bound as the user, by whatever DN the server gave.
        let has_bound = matches!(report.code, pam::PAM_SUCCESS | pam::PAM_AUTH_ERR);
        let may_be_sent = phase == Phase::Auth && (self.at.is_after_password() || has_bound);
        holds(
            "the user's password was sent too early",
            !sent || may_be_sent,
        );
        if report.code == pam::PAM_SUCCESS {
            holds(
                "granted without a bind",
                came(Point::UserBind) || phase == Phase::Account,
            );
            holds("granted without a gate", came(Point::Gate));
        }
        problems
    }
}

/// What the module may not do to the process that loaded it.
fn judge_host(report: &Report) -> Vec<String> {
    let mut problems = Vec::new();
    let mut holds = |is_so: bool, what: String| {
        if !is_so {
            problems.push(what);
        }
    };
    holds(
        u128::from(report.ms) <= LONGEST.as_millis(),
        format!("took {} ms", report.ms),
    );
    holds(
        report.kib < MOST_KIB,
        format!("took {} KiB more", report.kib),
    );
    holds(
        report.descriptors == 0,
        format!("left {} descriptors", report.descriptors),
    );
    holds(
        report.threads == 0,
        format!("left {} threads", report.threads),
    );
    holds(
        report.output.is_empty(),
        format!("printed {}", report.output),
    );
    for secret in [USER_PASSWORD, SERVICE_PASSWORD] {
        holds(
            !report.log.concat().contains(secret),
            "a password in the log".to_owned(),
        );
    }
    problems
}

/// An act that sends bytes.
pub fn says(
    bytes: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) -> impl Fn(&mut Wire, &Request) + Send + Sync + 'static {
    move |wire, request| {
        wire.send(&bytes(request));
    }
}

/// The most that any login took.
#[derive(Clone, Debug, Default)]
struct Most {
    logins: usize,
    ms: u64,
    slowest: String,
    kib: i64,
    largest: String,
}

impl Most {
    fn count(&mut self, title: &str, report: &Report) {
        self.logins += 1;
        if report.ms > self.ms {
            (self.ms, self.slowest) = (report.ms, title.to_owned());
        }
        if report.kib > self.kib {
            (self.kib, self.largest) = (report.kib, title.to_owned());
        }
    }
}

/// Over all tables so far.
static MOST: Mutex<Option<Most>> = Mutex::new(None);

/// Tries every row, in each phase that comes by its point, and fails with the list of rows that
/// ended otherwise.
pub fn run(cases: &[Case]) {
    let mut failures = Vec::new();
    for case in cases {
        for phase in [Phase::Auth, Phase::Account] {
            if phase == Phase::Account && !case.at.is_in_account() {
                continue;
            }
            let title = case.title(phase);
            let (problems, report) = case.try_phase(phase);
            MOST.lock()
                .unwrap()
                .get_or_insert_default()
                .count(&title, &report);
            failures.extend(
                problems
                    .into_iter()
                    .map(|problem| format!("{title}: {problem}")),
            );
        }
    }
    print_most();
    assert!(
        failures.is_empty(),
        "{} problems:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Straight to stderr: the test harness would swallow it when all is well.
fn print_most() {
    let most = MOST.lock().unwrap().clone().unwrap_or_default();
    let text = format!(
        "hostile: {} logins so far; at most {} ms ({}); at most {} KiB more memory ({})\n",
        most.logins, most.ms, most.slowest, most.kib, most.largest
    );
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}
