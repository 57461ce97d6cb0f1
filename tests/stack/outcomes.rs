//! Every outcome in every shipped stack: what the application gets.
//!
//! The tables were written from the contract and pam.conf(5) first, and compared with libpam then.

use std::ffi::c_int;

use tempfile::TempDir;

use crate::common::pam::*;
use crate::scenario::{Local, RIGHT, Scenario, Setting, WRONG, auth, probe, staged};
use crate::shipped::{STACKS, code_name, stack};

/// pam_authenticate(3). "local" is the local password.
///
/// Only a right directory password with open gates, or an outcome without an opinion together with
/// a right local password, gets in. `refused` is final in every stack, whatever the local password.
/// pam_faillock ends a failed login with PAM_PERM_DENIED, the others with pam_deny's PAM_AUTH_ERR.
const AUTH: &str = "
outcome       local   sshd         sudo         system-auth  common       profile      faillock
granted       right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
granted       wrong   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
exempt        right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
exempt        wrong   AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     PERM_DENIED
unknown_user  right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
unknown_user  wrong   AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     PERM_DENIED
bad_password  right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
bad_password  wrong   AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     PERM_DENIED
refused       right   PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED
refused       wrong   PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED
unavailable   right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
unavailable   wrong   AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     PERM_DENIED
config_error  right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
config_error  wrong   AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     PERM_DENIED
(no module)   right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
(no module)   wrong   AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     AUTH_ERR     PERM_DENIED
";

/// pam_setcred(3) on the same handle, after the pam_authenticate of the table above.
///
/// libpam walks the way that pam_authenticate took. Every login that succeeded gets PAM_SUCCESS;
/// sshd and sudo drop it otherwise. After a failure no application gets here; it must not look
/// like a success all the same.
const SETCRED: &str = "
outcome       local   sshd         sudo         system-auth  common       profile      faillock
granted       right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
granted       wrong   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
exempt        right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
exempt        wrong   CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     PERM_DENIED
unknown_user  right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
unknown_user  wrong   CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     PERM_DENIED
bad_password  right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
bad_password  wrong   CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     PERM_DENIED
refused       right   PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED
refused       wrong   PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED
unavailable   right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
unavailable   wrong   CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     PERM_DENIED
config_error  right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
config_error  wrong   CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     PERM_DENIED
(no module)   right   SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
(no module)   wrong   CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     CRED_ERR     PERM_DENIED
";

/// pam_acct_mgmt(3) on a handle of its own, as after a login with a public key. "local" is what
/// pam_unix thinks of the account. bad_password has no meaning here: the entry is found and active.
///
/// A refusal stands whatever pam_unix says, also where pam_unix asks for a new password, which in
/// Debian's stack ends the stack on the spot. A module that is gone lets in nobody (but root: below).
const ACCOUNT: &str = "
outcome       local   sshd         sudo         system-auth  common       profile      faillock
granted       good    SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
granted       over    EXPIRED      EXPIRED      EXPIRED      AUTH_ERR     AUTH_ERR     EXPIRED
granted       change  NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN
granted       none    UNAVAIL      UNAVAIL      UNAVAIL      AUTH_ERR     AUTH_ERR     UNAVAIL
exempt        good    SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
exempt        over    EXPIRED      EXPIRED      EXPIRED      AUTH_ERR     AUTH_ERR     EXPIRED
exempt        change  NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN
exempt        none    UNAVAIL      UNAVAIL      UNAVAIL      AUTH_ERR     AUTH_ERR     UNAVAIL
unknown_user  good    SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
unknown_user  over    EXPIRED      EXPIRED      EXPIRED      AUTH_ERR     AUTH_ERR     EXPIRED
unknown_user  change  NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN
unknown_user  none    UNAVAIL      UNAVAIL      UNAVAIL      AUTH_ERR     AUTH_ERR     UNAVAIL
refused       good    PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED
refused       over    PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED
refused       change  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED
refused       none    PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED  PERM_DENIED
unavailable   good    SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
unavailable   over    EXPIRED      EXPIRED      EXPIRED      AUTH_ERR     AUTH_ERR     EXPIRED
unavailable   change  NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN
unavailable   none    UNAVAIL      UNAVAIL      UNAVAIL      AUTH_ERR     AUTH_ERR     UNAVAIL
config_error  good    SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS      SUCCESS
config_error  over    EXPIRED      EXPIRED      EXPIRED      AUTH_ERR     AUTH_ERR     EXPIRED
config_error  change  NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN    NEW_TOKEN
config_error  none    UNAVAIL      UNAVAIL      UNAVAIL      AUTH_ERR     AUTH_ERR     UNAVAIL
(no module)   good    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE
(no module)   over    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE
(no module)   change  NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE
(no module)   none    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE    NO_MODULE
";

const PASSWORDS: [(&str, Local); 2] = [("right", RIGHT), ("wrong", WRONG)];

const ACCOUNTS: [(&str, Local); 4] = [
    ("good", RIGHT),
    (
        "over",
        Local {
            auth: "success",
            account: "acct_expired",
        },
    ),
    (
        "change",
        Local {
            auth: "success",
            account: "new_authtok_reqd",
        },
    ),
    (
        "none",
        Local {
            auth: "success",
            account: "authinfo_unavail",
        },
    ),
];

/// Runs a login in each shipped stack; the answer is one line of a table.
fn row(scenario: Scenario, word: &str, local: Local, run: impl Fn(&mut Client) -> c_int) -> String {
    let setting = Setting::new(scenario);
    let mut row = format!("{:<14}{word:<8}", scenario.name());
    for name in STACKS {
        let tally = TempDir::new().unwrap();
        let text = staged(
            &stack(name),
            scenario,
            local,
            tally.path().to_str().unwrap(),
        );
        setting.stack.service(name, &text);
        let mut client = setting.client(name);
        client.answer(scenario.password());
        row += &format!("{:<13}", code_name(run(&mut client)));
    }
    row.trim_end().to_owned()
}

fn table(
    scenarios: impl Iterator<Item = Scenario>,
    locals: &[(&str, Local)],
    run: impl Fn(&mut Client) -> c_int,
) -> String {
    let mut table = format!("\n{:<14}{:<8}", "outcome", "local");
    table += &STACKS.map(|name| format!("{name:<13}")).concat();
    table.truncate(table.trim_end().len());
    for scenario in scenarios {
        for (word, local) in locals {
            table += &format!("\n{}", row(scenario, word, *local, &run));
        }
    }
    table + "\n"
}

fn assert_table(actual: &str, expected: &str) {
    let differ = actual.lines().zip(expected.lines()).filter(|(a, b)| a != b);
    let differ: Vec<_> = differ
        .map(|(a, b)| format!("got      {a}\nexpected {b}"))
        .collect();
    assert!(actual == expected, "{}\n{actual}", differ.join("\n"));
}

#[test]
fn each_scenario_is_the_outcome_that_it_is_named_after() {
    let expected = [
        (Scenario::Granted, PAM_SUCCESS),
        (Scenario::Exempt, PAM_IGNORE),
        (Scenario::UnknownUser, PAM_USER_UNKNOWN),
        (Scenario::BadPassword, PAM_AUTH_ERR),
        (Scenario::Refused, PAM_PERM_DENIED),
        (Scenario::Unavailable, PAM_AUTHINFO_UNAVAIL),
        (Scenario::ConfigError, PAM_SERVICE_ERR),
    ];
    for (scenario, code) in expected {
        // Every fallback is "deny": each outcome shows as its own code.
        let setting = Setting::with(scenario, &[]);
        setting.stack.service("probe", &probe("config_error=deny"));
        let got = auth(&setting, &scenario.password());
        assert_eq!(code_name(got), code_name(code), "{}", scenario.name());
    }
}

#[test]
fn authenticate_answers_as_the_table_says() {
    let run = |client: &mut Client| client.authenticate(0);
    assert_table(&table(Scenario::ALL.into_iter(), &PASSWORDS, run), AUTH);
}

#[test]
fn setcred_after_authenticate_answers_as_the_table_says() {
    let run = |client: &mut Client| {
        client.authenticate(0);
        client.setcred(PAM_ESTABLISH_CRED)
    };
    assert_table(&table(Scenario::ALL.into_iter(), &PASSWORDS, run), SETCRED);
}

#[test]
fn account_without_authenticate_answers_as_the_table_says() {
    let scenarios = Scenario::ALL
        .into_iter()
        .filter(|s| *s != Scenario::BadPassword);
    let run = |client: &mut Client| client.acct_mgmt(0);
    assert_table(&table(scenarios, &ACCOUNTS, run), ACCOUNT);
}

#[test]
fn account_after_authenticate_answers_as_it_does_alone() {
    // sudo and password logins: both phases on one handle.
    for scenario in Scenario::ALL {
        let run = |client: &mut Client| {
            client.authenticate(0);
            client.acct_mgmt(0)
        };
        let code = match scenario {
            Scenario::Refused => "PERM_DENIED",
            Scenario::NoModule => "NO_MODULE",
            _ => "SUCCESS",
        };
        let line = row(scenario, "right", RIGHT, run);
        let codes: Vec<_> = line.split_whitespace().rev().take(STACKS.len()).collect();
        assert_eq!(codes, [code; STACKS.len()], "{line}");
    }
}

#[test]
fn setcred_without_authenticate_succeeds_in_every_stack() {
    // sshd after a public key, and the parent of its keyboard-interactive child.
    for scenario in Scenario::ALL
        .into_iter()
        .filter(|s| *s != Scenario::NoModule)
    {
        let line = row(scenario, "right", RIGHT, |c| c.setcred(PAM_ESTABLISH_CRED));
        let codes: Vec<_> = line.split_whitespace().rev().take(STACKS.len()).collect();
        assert_eq!(codes, ["SUCCESS"; STACKS.len()], "{line}");
    }
}
