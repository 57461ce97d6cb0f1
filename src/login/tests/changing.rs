//! The order of steps of a change of the password.

use super::change::{Changing, Subject, find, update, verify};
use super::*;
use crate::account_state::Closed;
use crate::config::ChangeMethod;
use crate::outcome::ChangeOutcome;

const DN: &str = "uid=alice,o=x";

fn subject(name: &[u8]) -> Subject<'_> {
    Subject {
        name,
        service: b"passwd",
        local_uid: Some(2000),
    }
}

fn script(steps: impl IntoIterator<Item = Step>) -> Script {
    Script(steps.into_iter().collect())
}

fn changed() -> Result<Change, DirectoryError> {
    Ok(Change {
        verdict: ChangeVerdict::Changed,
        said: String::new(),
        trouble: None,
    })
}

fn refused(refusal: Refusal, said: &str) -> Result<Change, DirectoryError> {
    Ok(Change {
        verdict: ChangeVerdict::Refused(refusal),
        said: said.to_owned(),
        trouble: None,
    })
}

fn looking(
    config: &Config,
    name: &[u8],
    by_root: bool,
    steps: Vec<Step>,
) -> (Result<Entry, Changing>, Vec<String>) {
    let mut user = typed("old");
    let mut script = script(steps);
    let found = find(config, subject(name), by_root, &mut user, &mut script);
    (found, user.told)
}

fn verifying(config: &Config, entry: &Entry, steps: Vec<Step>) -> (ChangeOutcome, Vec<String>) {
    let mut user = typed("old");
    let end = verify(config, entry, &mut user, &mut script(steps)).unwrap();
    (end.outcome, user.told)
}

fn updating(config: &Config, new: Typing, steps: Vec<Step>) -> (Changing, Vec<String>) {
    let mut user = typed("old");
    user.new = new;
    let end = update(config, subject(b"alice"), &mut user, &mut script(steps)).unwrap();
    (end, user.told)
}

fn proven() -> Vec<Step> {
    vec![
        Step::Find(Ok(vec![alice()])),
        Step::Verify(DN, Ok(UserBindVerdict::Right(None))),
    ]
}

#[test]
fn those_who_are_not_the_directorys_are_left_to_others_without_a_word() {
    let config = config(SEARCH, "");
    let outcome = |(found, told): (Result<Entry, Changing>, Vec<String>)| {
        assert!(told.is_empty(), "{told:?}");
        found.unwrap_err().outcome
    };
    assert_eq!(
        outcome(looking(&config, b"root", true, vec![])),
        ChangeOutcome::Exempt
    );
    assert_eq!(
        outcome(looking(&config, b"a:b", true, vec![])),
        ChangeOutcome::UnknownUser
    );
    for found in [
        vec![],
        vec![alice(), alice()],
        vec![Entry::new(alice().dn, [])],
    ] {
        let steps = vec![Step::Find(Ok(found))];
        assert_eq!(
            outcome(looking(&config, b"alice", true, steps)),
            ChangeOutcome::UnknownUser
        );
    }
}

#[test]
fn where_it_is_not_offered_the_directorys_users_are_told_and_refused() {
    for (password, words) in [
        (
            "change = \"off\"",
            "Passwords of the directory are not changed on this host.",
        ),
        ("prohibit_message = \"See https://x.\"", "See https://x."),
    ] {
        let config = config(SEARCH, &format!("[password]\n{password}"));
        for by_root in [false, true] {
            let steps = vec![Step::Find(Ok(vec![alice()]))];
            let (found, told) = looking(&config, b"alice", by_root, steps);
            assert_eq!(found.unwrap_err().outcome, ChangeOutcome::Prohibited);
            assert_eq!(told, [words]);
        }
    }
}

#[test]
fn root_sets_nobody_elses_password() {
    let config = config(SEARCH, "");
    let steps = || vec![Step::Find(Ok(vec![alice()]))];
    let (found, told) = looking(&config, b"alice", true, steps());
    assert_eq!(found.unwrap_err().outcome, ChangeOutcome::Prohibited);
    assert!(told[0].starts_with("root does not set"), "{told:?}");
    let (found, told) = looking(&config, b"alice", false, steps());
    assert_eq!((found, told), (Ok(alice()), vec![]));
}

#[test]
fn without_a_server_it_is_tried_again_later() {
    let config = config(SEARCH, "");
    let (found, told) = looking(&config, b"alice", false, vec![Step::Find(Err(down()))]);
    let end = found.unwrap_err();
    assert_eq!(
        (end.outcome, end.cause),
        (ChangeOutcome::Unavailable, Some(Cause::Closed))
    );
    assert!(told[0].contains("unchanged"), "{told:?}");
    let wrong = DirectoryError::Config("base".to_owned());
    let (found, _) = looking(&config, b"alice", false, vec![Step::Find(Err(wrong))]);
    assert_eq!(found.unwrap_err().outcome, ChangeOutcome::ConfigError);
}

#[test]
fn the_old_password_is_verified_before_a_new_one_is_asked_for() {
    let config = config(SEARCH, "");
    let cases = [
        (UserBindVerdict::Right(None), ChangeOutcome::Ready),
        (UserBindVerdict::MustChange, ChangeOutcome::Ready),
        (UserBindVerdict::Wrong, ChangeOutcome::BadPassword),
        (
            UserBindVerdict::PasswordExpired,
            ChangeOutcome::Expired(Expired::Password),
        ),
        (
            UserBindVerdict::PasswordReset,
            ChangeOutcome::Expired(Expired::Password),
        ),
        (
            UserBindVerdict::Closed(Closed::Locked),
            ChangeOutcome::Expired(Expired::Account),
        ),
        (
            UserBindVerdict::Closed(Closed::Disabled),
            ChangeOutcome::Expired(Expired::Account),
        ),
        (
            UserBindVerdict::Closed(Closed::Expired),
            ChangeOutcome::Expired(Expired::Account),
        ),
        (UserBindVerdict::Misconfigured, ChangeOutcome::ConfigError),
        (
            UserBindVerdict::Unavailable(Cause::Busy),
            ChangeOutcome::Unavailable,
        ),
    ];
    for (verdict, outcome) in cases {
        let (got, _) = verifying(&config, &alice(), vec![Step::Verify(DN, Ok(verdict))]);
        assert_eq!(got, outcome, "{verdict:?}");
    }
    let (got, _) = verifying(&config, &alice(), vec![Step::Verify(DN, Err(down()))]);
    assert_eq!(got, ChangeOutcome::Unavailable);
}

#[test]
fn active_directory_changes_a_password_that_it_lets_nobody_bind_with() {
    let mut config = config(SEARCH, "");
    // (The configuration of these tests has no TLS.)
    config.password.change = ChangeMethod::ActiveDirectory;
    for verdict in [
        UserBindVerdict::PasswordExpired,
        UserBindVerdict::PasswordReset,
    ] {
        let (got, told) = verifying(&config, &alice(), vec![Step::Verify(DN, Ok(verdict))]);
        assert_eq!((got, told), (ChangeOutcome::Ready, vec![]));
        let steps = vec![
            Step::Find(Ok(vec![alice()])),
            Step::Verify(DN, Ok(verdict)),
            Step::Change("old", "new", changed()),
        ];
        let (end, _) = updating(&config, Ok(Ok("new")), steps);
        assert_eq!(end.outcome, ChangeOutcome::Changed);
    }
}

#[test]
fn the_entry_may_be_in_the_way() {
    let config = config(SEARCH, "");
    let today = account_state::today(sys::now());
    let entry = |attributes: &[(&str, i64)]| {
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![value.to_string().into_bytes()]));
        Entry::new(alice().dn, attributes)
    };
    let cases = [
        (entry(&[("shadowLastChange", 0)]), ChangeOutcome::Ready),
        (
            entry(&[("shadowExpire", 1)]),
            ChangeOutcome::Expired(Expired::Account),
        ),
        (
            entry(&[
                ("shadowLastChange", today - 100),
                ("shadowMax", 10),
                ("shadowInactive", 5),
            ]),
            ChangeOutcome::Expired(Expired::Password),
        ),
        (
            entry(&[("shadowLastChange", today - 2), ("shadowMin", 7)]),
            ChangeOutcome::Rejected,
        ),
        (
            entry(&[("shadowLastChange", today - 7), ("shadowMin", 7)]),
            ChangeOutcome::Ready,
        ),
        (entry(&[("shadowMin", -7)]), ChangeOutcome::Refused),
    ];
    for (entry, outcome) in cases {
        let steps = vec![Step::Verify(DN, Ok(UserBindVerdict::Right(None)))];
        let (got, told) = verifying(&config, &entry, steps);
        assert_eq!(got, outcome, "{entry:?}");
        let wordless = matches!(got, ChangeOutcome::Ready | ChangeOutcome::Refused);
        assert_eq!(told.is_empty(), wordless, "{told:?}");
    }
}

#[test]
fn the_change_follows_the_proof_on_the_same_connection() {
    let config = config(SEARCH, "");
    let mut steps = proven();
    steps.push(Step::Change("old", "new", changed()));
    let (end, told) = updating(&config, Ok(Ok("new")), steps);
    assert_eq!((end.outcome, told), (ChangeOutcome::Changed, vec![]));
}

#[test]
fn a_new_password_that_is_none_is_not_sent() {
    let config = config(SEARCH, "");
    for nothing in [
        NotAPassword::Empty,
        NotAPassword::TooLong,
        NotAPassword::NotText,
    ] {
        let (end, told) = updating(&config, Ok(Err(nothing)), vec![]);
        assert_eq!((end.outcome, told.len()), (ChangeOutcome::Rejected, 1));
    }
}

#[test]
fn a_refusal_is_no_change_and_is_said_in_words() {
    let config = config(SEARCH, "");
    for refusal in Refusal::ALL {
        let mut steps = proven();
        steps.push(Step::Change(
            "old",
            "new",
            refused(refusal, "weak\u{1b}[2J"),
        ));
        let (end, told) = updating(&config, Ok(Ok("new")), steps);
        let expected = match refusal.is_about_the_new_password() {
            true => ChangeOutcome::Rejected,
            false => ChangeOutcome::Refused,
        };
        assert_eq!(end.outcome, expected, "{refusal:?}");
        let words = match refusal.wants_servers_words() {
            true => format!("{} The directory says: weak[2J", refusal.words()),
            false => refusal.words().to_owned(),
        };
        assert_eq!(told, [words]);
    }
}

#[test]
fn a_failure_at_any_step_is_no_change() {
    let config = config(SEARCH, "");
    for failing in 0..3 {
        let mut steps = proven();
        steps.push(Step::Change("old", "new", Err(down())));
        steps.truncate(failing + 1);
        match steps.last_mut() {
            Some(Step::Find(answer)) => *answer = Err(down()),
            Some(Step::Verify(_, verdict)) => *verdict = Err(down()),
            _ => {}
        }
        let (end, told) = updating(&config, Ok(Ok("new")), steps);
        assert_eq!(end.outcome, ChangeOutcome::Unavailable, "step {failing}");
        // Only what was sent may have been done.
        assert_eq!(told[0].contains("not certain"), failing == 2, "{told:?}");
    }
    // Found by the first pass, gone in the second: still none of pam_unix's business.
    let (end, _) = updating(&config, Ok(Ok("new")), vec![Step::Find(Ok(vec![]))]);
    assert_eq!(end.outcome, ChangeOutcome::Unavailable);
}
