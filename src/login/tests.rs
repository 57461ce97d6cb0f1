//! The order of steps, against a scripted directory: each test lists what is asked, in order, and
//! fails if something else is asked or something on the list is not.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::LazyLock;

use super::*;
use crate::directory::{Change, ChangeVerdict, Refusal, Unavailable};
use crate::policy::{Answer, Proof, Question};
use crate::secret::{NotAPassword, Password};
use crate::transaction::PasswordDialogue;

mod changing;
mod telling;

enum Step {
    Find(Result<Vec<Entry>, DirectoryError>),
    Verify(&'static str, Result<UserBindVerdict, DirectoryError>),
    Change(&'static str, &'static str, Result<Change, DirectoryError>),
    Ask(
        &'static [(&'static str, Proof)],
        Result<Vec<Answer>, DirectoryError>,
    ),
    Groups(Result<Vec<String>, DirectoryError>),
}

struct Script(VecDeque<Step>);

impl Drop for Script {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "{} steps were not taken", self.0.len());
        }
    }
}

impl Directory for Script {
    fn find(&mut self, _: &UserName) -> Result<Vec<Entry>, DirectoryError> {
        match self.0.pop_front() {
            Some(Step::Find(answer)) => answer,
            _ => panic!("a search at the wrong time"),
        }
    }

    fn verify(&mut self, dn: &Dn, _: &Password) -> Result<UserBindVerdict, DirectoryError> {
        match self.0.pop_front() {
            Some(Step::Verify(expected, verdict)) => {
                assert_eq!(dn.as_str(), expected);
                verdict
            }
            _ => panic!("a bind at the wrong time"),
        }
    }

    fn ask(
        &mut self,
        _: &UserName,
        _: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        match self.0.pop_front() {
            Some(Step::Ask(expected, answers)) => {
                let asked = questions
                    .iter()
                    .map(|question| (question.group.as_str(), question.proof));
                assert!(asked.eq(expected.iter().copied()), "{questions:?}");
                answers
            }
            _ => panic!("a group question at the wrong time: {questions:?}"),
        }
    }

    fn groups(&mut self, _: &UserName, _: &Entry) -> Result<Vec<String>, DirectoryError> {
        match self.0.pop_front() {
            Some(Step::Groups(names)) => names,
            _ => panic!("a search for groups at the wrong time"),
        }
    }

    fn change_password(
        &mut self,
        _: &Entry,
        old: &Password,
        new: &Password,
    ) -> Result<Change, DirectoryError> {
        match self.0.pop_front() {
            Some(Step::Change(expected_old, expected_new, change)) => {
                assert_eq!((old.expose(), new.expose()), (expected_old, expected_new));
                change
            }
            _ => panic!("a change at the wrong time"),
        }
    }

    fn server(&self) -> Option<String> {
        None
    }

    fn passed_over(&self) -> String {
        String::new()
    }
}

type Typing = Result<Result<&'static str, NotAPassword>, HostError>;

/// Somebody who types this, and hears what is told.
struct Typed {
    password: Typing,
    new: Typing,
    told: Vec<String>,
    refused: Vec<String>,
}

fn typing(password: Typing) -> Typed {
    Typed {
        password,
        new: Ok(Err(NotAPassword::Empty)),
        told: Vec::new(),
        refused: Vec::new(),
    }
}

impl Transaction for Typed {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        Ok(self
            .password?
            .map(|text| Password::new(text.as_bytes()).unwrap()))
    }

    fn tell(&mut self, notice: &Notice) {
        self.told.push(notice.text());
    }

    fn was_refused(&self, password: &Password) -> bool {
        self.refused.iter().any(|one| one == password.expose())
    }

    fn note_refused(&mut self, password: &Password) {
        self.refused.push(password.expose().to_owned());
    }
}

impl PasswordDialogue for Typed {
    fn old_password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        self.password()
    }

    fn new_password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        Ok(self
            .new?
            .map(|text| Password::new(text.as_bytes()).unwrap()))
    }
}

/// Whoever asks this one fails.
struct Nobody;

impl Transaction for Nobody {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        panic!("a prompt at the wrong time")
    }

    fn tell(&mut self, notice: &Notice) {
        panic!("told {notice:?} at the wrong time")
    }
}

const SEARCH: &str =
    "search = [{ base = \"o=x\", scope = \"subtree\", filter = \"(uid={user})\" }]";
const TEMPLATE: &str = "dn_template = \"uid={user},o=x\"";
const ACTIVE: &[(&str, Proof)] = &[("cn=active", Proof::Member)];

fn config(lookup: &str, rest: &str) -> Config {
    let text = format!(
        "[server]\nuris = [\"ldap://127.0.0.1\"]\n[user]\n{lookup}\n[user.attributes]\nmail = \"mail\"\n\
         [flags]\nis_active = \"cn=active\"\n{rest}"
    );
    crate::config::parse(&text, Path::new("test.toml")).unwrap_or_else(|error| panic!("{error}"))
}

fn alice() -> Entry {
    let values = |text: &str| vec![text.as_bytes().to_vec()];
    let attributes = [
        ("UID".to_owned(), values("alice")),
        ("mail".to_owned(), values("a@x")),
    ];
    Entry::new(Dn::parse("uid=alice,o=x").unwrap(), attributes)
}

fn down() -> DirectoryError {
    let detail = "gone".to_owned();
    DirectoryError::Unavailable(Unavailable {
        cause: Cause::Closed,
        detail,
        server: None,
    })
}

/// alice wants in, through sshd.
fn request(config: &Config) -> Request<'_> {
    static USER: LazyLock<UserName> = LazyLock::new(|| UserName::parse(b"alice").unwrap());
    static SERVICE: LazyLock<ServiceName> = LazyLock::new(|| ServiceName::parse("sshd").unwrap());
    Request {
        config,
        user: &USER,
        service: &SERVICE,
        local_uid: None,
    }
}

fn run(config: &Config, typed: Typed, steps: impl IntoIterator<Item = Step>) -> Decision {
    let mut typed = typed;
    let mut script = Script(steps.into_iter().collect());
    authenticate(request(config), &mut typed, &mut script).unwrap()
}

fn typed(text: &'static str) -> Typed {
    typing(Ok(Ok(text)))
}

#[test]
fn with_a_search_the_order_is_search_bind_gates_flags() {
    let config = config(SEARCH, "is_staff = \"cn=staff\"");
    let steps = [
        Step::Find(Ok(vec![alice()])),
        Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Right(None))),
        Step::Ask(ACTIVE, Ok(vec![Answer::Proven])),
        Step::Ask(&[("cn=staff", Proof::Member)], Ok(vec![Answer::NotProven])),
    ];
    let decision = run(&config, typed("x"), steps);
    assert_eq!(decision.outcome, Outcome::Granted);
    let identity = decision.identity.unwrap();
    assert_eq!(
        identity
            .flags
            .iter()
            .map(FlagName::as_str)
            .collect::<Vec<_>>(),
        ["is_active"]
    );
    assert_eq!(identity.attributes["MAIL"], "a@x");
}

#[test]
fn with_a_template_the_bind_comes_first() {
    let config = config(TEMPLATE, "");
    let steps = [
        Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Right(None))),
        Step::Find(Ok(vec![alice()])),
        Step::Ask(ACTIVE, Ok(vec![Answer::Proven])),
    ];
    assert_eq!(run(&config, typed("x"), steps).outcome, Outcome::Granted);
    let steps = [Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Wrong))];
    assert_eq!(
        run(&config, typed("x"), steps).outcome,
        Outcome::BadPassword
    );
}

#[test]
fn a_wrong_password_asks_about_no_group() {
    let steps = [
        Step::Find(Ok(vec![alice()])),
        Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Wrong)),
    ];
    let decision = run(&config(SEARCH, ""), typed("x"), steps);
    assert_eq!(
        (decision.outcome, decision.identity),
        (Outcome::BadPassword, None)
    );
}

#[test]
fn what_cannot_be_a_password_asks_nothing_at_all() {
    for nothing in [
        NotAPassword::Empty,
        NotAPassword::TooLong,
        NotAPassword::NotText,
        NotAPassword::SshdJunk,
    ] {
        let decision = run(&config(SEARCH, ""), typing(Ok(Err(nothing))), []);
        assert_eq!(decision.outcome, Outcome::BadPassword, "{nothing:?}");
    }
}

#[test]
fn no_entry_two_entries_or_another_name_bind_nobody() {
    let mut other = alice();
    other.dn = Dn::parse("uid=alice,ou=y,o=x").unwrap();
    let upper = Entry::new(alice().dn, [("uid".to_owned(), vec![b"ALICE".to_vec()])]);
    let nameless = Entry::new(alice().dn, []);
    for found in [vec![], vec![alice(), other], vec![upper], vec![nameless]] {
        let decision = run(&config(SEARCH, ""), typed("x"), [Step::Find(Ok(found))]);
        assert_eq!(decision.outcome, Outcome::UnknownUser);
    }
}

#[test]
fn a_failure_at_any_step_is_neither_a_grant_nor_a_wrong_password() {
    let config = config(SEARCH, "is_staff = \"cn=staff\"");
    let steps = |failing: usize, error: fn() -> DirectoryError| {
        let mut steps = vec![
            Step::Find(Ok(vec![alice()])),
            Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Right(None))),
            Step::Ask(ACTIVE, Ok(vec![Answer::Proven])),
            Step::Ask(&[("cn=staff", Proof::Member)], Ok(vec![Answer::Proven])),
        ];
        steps.truncate(failing + 1);
        match steps.last_mut() {
            Some(Step::Find(answer)) => *answer = Err(error()),
            Some(Step::Verify(_, verdict)) => *verdict = Err(error()),
            Some(Step::Change(..)) => unreachable!(),
            Some(Step::Ask(_, answers)) => *answers = Err(error()),
            Some(Step::Groups(_)) | None => unreachable!(),
        }
        steps
    };
    for failing in 0..4 {
        let decision = run(&config, typed("x"), steps(failing, down));
        assert_eq!(decision.outcome, Outcome::Unavailable, "step {failing}");
        assert_eq!(decision.cause, Some(Cause::Closed));
        let wrong = || DirectoryError::Config("base".to_owned());
        let decision = run(&config, typed("x"), steps(failing, wrong));
        assert_eq!(decision.outcome, Outcome::ConfigError, "step {failing}");
    }
}

#[test]
fn a_gate_without_an_answer_is_shut() {
    for answers in [vec![], vec![Answer::NotProven], vec![Answer::NoSuchGroup]] {
        let steps = [
            Step::Find(Ok(vec![alice()])),
            Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Right(None))),
            Step::Ask(ACTIVE, Ok(answers)),
        ];
        assert_eq!(
            run(&config(SEARCH, ""), typed("x"), steps).outcome,
            Outcome::Refused
        );
    }
}

#[test]
fn flags_are_not_asked_for_without_a_session_environment() {
    let config = config(
        SEARCH,
        "is_staff = \"cn=staff\"\n[session]\nenvironment = false",
    );
    let steps = [
        Step::Find(Ok(vec![alice()])),
        Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Right(None))),
        Step::Ask(ACTIVE, Ok(vec![Answer::Proven])),
    ];
    assert_eq!(run(&config, typed("x"), steps).outcome, Outcome::Granted);
}

#[test]
fn the_account_phase_binds_nobody() {
    for lookup in [SEARCH, TEMPLATE] {
        let config = config(lookup, "");
        for (answer, outcome) in [
            (Answer::Proven, Outcome::Granted),
            (Answer::NotProven, Outcome::Refused),
        ] {
            let steps = [
                Step::Find(Ok(vec![alice()])),
                Step::Ask(ACTIVE, Ok(vec![answer])),
            ];
            let mut script = Script(steps.into_iter().collect());
            let mut nobody = Nobody;
            let decision = account(request(&config), &mut nobody, &mut script);
            assert_eq!(decision.outcome, outcome);
        }
    }
}

#[test]
fn a_failed_conversation_is_handed_back() {
    let config = config(SEARCH, "");
    let error = HostError {
        code: 19,
        action: "asking for the password",
    };
    let mut script = Script(VecDeque::new());
    let result = authenticate(request(&config), &mut typing(Err(error)), &mut script);
    assert_eq!(result, Err(error));
}

#[test]
fn impossible_and_exempt_names_are_decided_at_once() {
    let config = config(SEARCH, "");
    let screened = |name: &[u8], uid| screen(name, uid, &config).map_err(|(outcome, _)| outcome);
    assert_eq!(screened(b"-x", None), Err(Outcome::UnknownUser));
    assert_eq!(screened(b"\xff", None), Err(Outcome::UnknownUser));
    assert_eq!(screened(b"daemon", Some(1)), Err(Outcome::Exempt));
    assert_eq!(screened(b"root", None), Err(Outcome::Exempt));
    assert!(screened(b"alice", Some(1000)).is_ok());
}

const SESSION: &str = "is_staff = \"cn=staff\"\n[group]\nsearch = [{ base = \"o=x\" }]\n\
    [session.local_groups]\nadm = \"is_staff\"\nops = \"cn=ops\"\nall = \"is_active\"\n\
    [session.mirror_groups]\nmode = \"all\"";

#[test]
fn the_groups_of_the_session_are_asked_for_with_the_flags_and_the_mirrored_ones_last() {
    let config = config(SEARCH, SESSION);
    let steps = |groups| {
        [
            Step::Find(Ok(vec![alice()])),
            Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Right(None))),
            Step::Ask(ACTIVE, Ok(vec![Answer::Proven])),
            Step::Ask(
                &[("cn=ops", Proof::Member), ("cn=staff", Proof::Member)],
                Ok(vec![Answer::NotProven, Answer::Proven]),
            ),
            Step::Groups(groups),
        ]
    };
    let directory = vec!["web".to_owned()];
    let groups = |groups| {
        let decision = run(&config, typed("x"), steps(groups));
        assert_eq!(decision.outcome, Outcome::Granted);
        decision.identity.unwrap().groups
    };
    let expected = Groups {
        local: ["adm".to_owned(), "all".to_owned()].into_iter().collect(),
        directory: directory.clone(),
        problem: None,
    };
    assert_eq!(groups(Ok(directory)), expected);
    // A login that has passed its gates does not fail for what it would get besides.
    for (error, problem) in [
        (down(), "gone"),
        (DirectoryError::Config("no base".to_owned()), "no base"),
    ] {
        let expected = Groups {
            directory: Vec::new(),
            problem: Some(problem.to_owned()),
            ..expected.clone()
        };
        assert_eq!(groups(Err(error)), expected);
    }
}

#[test]
fn a_user_who_may_not_in_gets_no_groups_and_none_are_asked_for() {
    let steps = [
        Step::Find(Ok(vec![alice()])),
        Step::Verify("uid=alice,o=x", Ok(UserBindVerdict::Right(None))),
        Step::Ask(ACTIVE, Ok(vec![Answer::NotProven])),
    ];
    let decision = run(&config(SEARCH, SESSION), typed("x"), steps);
    assert_eq!(
        (decision.outcome, decision.identity),
        (Outcome::Refused, None)
    );
}
