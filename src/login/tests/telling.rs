//! What the user is told, in which phase, and what follows from a password that has to be changed.

use super::*;
use crate::account_state::{Closed, Warning};

const VERIFIED: &str = "uid=alice,o=x";

fn with(attributes: &[(&str, &str)]) -> Entry {
    let attributes = attributes
        .iter()
        .chain(&[("uid", "alice")])
        .map(|(name, value)| ((*name).to_owned(), vec![value.as_bytes().to_vec()]));
    Entry::new(Dn::parse(VERIFIED).unwrap(), attributes)
}

/// Auth with this verdict on the bind and this entry; the gate is open unless the login ends before.
fn auth(config: &Config, verdict: UserBindVerdict, entry: Entry, ends_early: bool) -> Decision {
    let mut steps = vec![
        Step::Find(Ok(vec![entry])),
        Step::Verify(VERIFIED, Ok(verdict)),
    ];
    if !ends_early {
        steps.push(Step::Ask(ACTIVE, Ok(vec![Answer::Proven])));
    }
    run(config, typed("x"), steps)
}

/// What is told in auth, in an account phase that takes the decision over, and in one that found the
/// same by itself.
fn told(decision: &Decision) -> [usize; 3] {
    [
        (Phase::Auth, false),
        (Phase::Account, true),
        (Phase::Account, false),
    ]
    .map(|(phase, taken_over)| {
        let mut user = typed("x");
        announce(phase, taken_over, decision, &mut user);
        user.told.len()
    })
}

#[test]
fn a_password_that_must_be_changed_lets_in_and_says_so_in_the_account_phase() {
    let config = config(SEARCH, "");
    let of_bind = auth(&config, UserBindVerdict::MustChange, alice(), false);
    let reset = with(&[("pwdReset", "TRUE")]);
    let of_entry = auth(&config, UserBindVerdict::Right(None), reset, false);
    for decision in [of_bind, of_entry] {
        assert_eq!(decision.outcome, Outcome::MustChange);
        assert!(!decision.reason.is_empty());
        assert!(decision.identity.is_some());
        assert_eq!(told(&decision), [0, 1, 1]);
    }
}

#[test]
fn the_gates_come_before_the_change() {
    let steps = [
        Step::Find(Ok(vec![alice()])),
        Step::Verify(VERIFIED, Ok(UserBindVerdict::MustChange)),
        Step::Ask(ACTIVE, Ok(vec![Answer::NotProven])),
    ];
    let decision = run(&config(SEARCH, ""), typed("x"), steps);
    assert_eq!(
        (decision.outcome, decision.notice),
        (Outcome::Refused, None)
    );
}

#[test]
fn where_passwords_are_not_changed_it_has_expired() {
    for (password, text) in [
        (
            "change = \"off\"",
            "Your password has expired. Ask your administrator for a new one.",
        ),
        ("prohibit_message = \"Ask Bob.\"", "Ask Bob."),
    ] {
        let config = config(SEARCH, &format!("[password]\n{password}"));
        let decision = auth(&config, UserBindVerdict::MustChange, alice(), false);
        assert_eq!(decision.outcome, Outcome::Expired(Expired::Password));
        assert_eq!(decision.notice.as_ref().unwrap().text(), text);
        assert_eq!(told(&decision), [1, 0, 1]);
    }
}

#[test]
fn the_more_urgent_of_two_warnings_is_told_once_and_not_in_auth() {
    let warned = |bind, days: i64| {
        let today = account_state::today(sys::now());
        let last = (today - 90 + days).to_string();
        let entry = with(&[
            ("shadowLastChange", &last),
            ("shadowMax", "90"),
            ("shadowWarning", "14"),
        ]);
        let verdict = UserBindVerdict::Right(bind);
        let decision = auth(&config(SEARCH, ""), verdict, entry, false);
        assert_eq!(decision.outcome, Outcome::Granted);
        assert_eq!(told(&decision), [0, 1, 1]);
        decision.notice.unwrap().text()
    };
    let in_an_hour = Some(Warning::ExpiresIn(7200));
    assert_eq!(
        warned(in_an_hour, 10),
        "Your password will expire in 2 hours."
    );
    assert_eq!(
        warned(Some(Warning::ExpiresIn(u32::MAX)), 11),
        "Your password will expire in 10 days."
    );
    let grace = warned(Some(Warning::GraceLeft(2)), 10);
    assert!(
        grace.starts_with("Your password has expired. 2 more logins"),
        "{grace}"
    );
    let quiet = auth(
        &config(SEARCH, ""),
        UserBindVerdict::Right(None),
        alice(),
        false,
    );
    assert_eq!(told(&quiet), [0, 0, 0]);
}

#[test]
fn strangers_hear_nothing() {
    let silent = [
        UserBindVerdict::Wrong,
        // The server says these without a look at the password.
        UserBindVerdict::Closed(Closed::Locked),
        UserBindVerdict::Closed(Closed::Disabled),
        UserBindVerdict::Misconfigured,
        UserBindVerdict::Unavailable(Cause::Busy),
    ];
    for verdict in silent {
        let decision = auth(&config(SEARCH, ""), verdict, alice(), true);
        assert_eq!(told(&decision), [0, 0, 0], "{verdict:?}");
    }
    let nobody = run(&config(SEARCH, ""), typed("x"), [Step::Find(Ok(vec![]))]);
    assert_eq!(told(&nobody), [0, 0, 0]);
}

#[test]
fn the_owner_of_an_account_hears_why_it_is_closed() {
    let config = config(SEARCH, "");
    for verdict in [
        UserBindVerdict::PasswordExpired,
        UserBindVerdict::PasswordReset,
        UserBindVerdict::Closed(Closed::Expired),
    ] {
        let decision = auth(&config, verdict, alice(), true);
        assert_eq!(told(&decision), [1, 0, 1], "{verdict:?}");
        assert_ne!(decision.outcome, Outcome::Granted);
        assert_ne!(decision.outcome, Outcome::MustChange);
    }
    let over = with(&[("shadowExpire", "1")]);
    let decision = auth(&config, UserBindVerdict::Right(None), over, true);
    assert_eq!(told(&decision), [1, 0, 1]);
}

#[test]
fn a_password_that_was_just_refused_is_not_sent_again() {
    let config = config(SEARCH, "");
    let request = request(&config);
    let mut typed = typed("x");
    let steps = [
        Step::Find(Ok(vec![alice()])),
        Step::Verify(VERIFIED, Ok(UserBindVerdict::Wrong)),
    ];
    let mut script = Script(steps.into_iter().collect());
    for _ in 0..3 {
        let decision = authenticate(request, &mut typed, &mut script).unwrap();
        assert_eq!(decision.outcome, Outcome::BadPassword);
    }
    // Another one is.
    typed.password = Ok(Ok("y"));
    script.0.extend([
        Step::Find(Ok(vec![alice()])),
        Step::Verify(VERIFIED, Ok(UserBindVerdict::Right(None))),
        Step::Ask(ACTIVE, Ok(vec![Answer::Proven])),
    ]);
    let decision = authenticate(request, &mut typed, &mut script).unwrap();
    assert_eq!(decision.outcome, Outcome::Granted);
}

#[test]
fn hosts_and_services_are_listed_before_any_group_is_asked_for() {
    let listing = config(
        SEARCH,
        "[access]\nhost_attribute = \"host\"\nservice_attribute = \"authorizedService\"",
    );
    let everywhere = [("host", "*"), ("authorizedService", "sshd")];
    let in_time = auth(
        &listing,
        UserBindVerdict::Right(None),
        with(&everywhere),
        false,
    );
    assert_eq!(in_time.outcome, Outcome::Granted);
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[], "host: the entry has none"),
        (&[("host", "*")], "authorizedService: the entry has none"),
        (
            &[("host", "elsewhere"), ("authorizedService", "sshd")],
            "host: does not list ",
        ),
        (
            &[("host", "*"), ("authorizedService", "sudo")],
            "authorizedService: does not list sshd",
        ),
    ];
    for (attributes, reason) in cases {
        let decision = auth(
            &listing,
            UserBindVerdict::Right(None),
            with(attributes),
            true,
        );
        assert_eq!(decision.outcome, Outcome::Refused);
        assert!(decision.reason.starts_with(reason), "{}", decision.reason);
    }
}
