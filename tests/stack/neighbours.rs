//! The shipped stacks around the module: root, the real pam_unix, and `[fallback]`.

use tempfile::TempDir;

use crate::common::pam::*;
use crate::scenario::{RIGHT, Scenario, Setting, WRONG, staged};
use crate::shipped::{Line, STACKS, code_name, rewrite, stack};

#[test]
fn root_is_decided_by_pam_unix_whatever_happens_to_directory_and_module() {
    for scenario in Scenario::ALL {
        let setting = Setting::new(scenario);
        let watch = setting.watch();
        for name in STACKS {
            let tally = TempDir::new().unwrap();
            let tally = tally.path().to_str().unwrap();
            let context = format!("{name}, {}", scenario.name());
            for (local, auth_code) in [(RIGHT, true), (WRONG, false)] {
                let text = staged(&stack(name), scenario, local, tally);
                setting.stack.service(name, &text);
                let mut client = Client::start(&setting.stack, name, "root");
                client.answer("whatever");
                let code = client.authenticate(0);
                assert_eq!(code == PAM_SUCCESS, auth_code, "auth: {context}");
                assert_eq!(
                    code_name(client.acct_mgmt(0)),
                    "SUCCESS",
                    "account: {context}"
                );
            }
        }
        let operations = watch.operations();
        assert!(operations.nothing(), "{}: {operations:?}", scenario.name());
    }
}

#[test]
fn deny_in_fallback_is_final_in_every_shipped_stack() {
    let scenarios = [
        (Scenario::UnknownUser, "UNKNOWN"),
        (Scenario::BadPassword, "AUTH_ERR"),
        (Scenario::Unavailable, "UNAVAIL"),
    ];
    for (scenario, code) in scenarios {
        let setting = Setting::with(scenario, &[]);
        for name in STACKS {
            let tally = TempDir::new().unwrap();
            let text = staged(
                &stack(name),
                scenario,
                RIGHT,
                tally.path().to_str().unwrap(),
            );
            setting.stack.service(name, &text);
            let mut client = setting.client(name);
            client.answer(scenario.password());
            let code = if name == "faillock" {
                "PERM_DENIED"
            } else {
                code
            };
            let context = format!("{name}, {}", scenario.name());
            assert_eq!(code_name(client.authenticate(0)), code, "{context}");
        }
    }
}

#[test]
fn deny_in_fallback_shuts_the_account_phase_too_but_for_unknown_users() {
    // `user_unknown=ignore` on the account line leaves unknown users to pam_unix, as its comment says.
    for (scenario, code) in [
        (Scenario::Unavailable, "UNAVAIL"),
        (Scenario::UnknownUser, "SUCCESS"),
    ] {
        let setting = Setting::with(scenario, &[]);
        for name in STACKS {
            let tally = TempDir::new().unwrap();
            let tally = tally.path().to_str().unwrap();
            setting
                .stack
                .service(name, &staged(&stack(name), scenario, RIGHT, tally));
            let got = code_name(setting.client(name).acct_mgmt(0));
            assert_eq!(got, code, "{name}, {}", scenario.name());
        }
    }
}

#[test]
fn with_the_real_pam_unix_a_directory_user_without_a_local_password_gets_in() {
    for scenario in Scenario::ALL {
        let setting = Setting::new(scenario);
        for name in STACKS {
            let tally = TempDir::new().unwrap();
            let tally = tally.path().to_str().unwrap();
            let text = staged_with_pam_unix(&stack(name), scenario, tally);
            setting.stack.service(name, &text);
            let mut client = setting.client(name);
            client.answer(scenario.password());
            let code = client.authenticate(0);
            let context = format!("{name}, {}: {}", scenario.name(), code_name(code));
            // The local password of this account is not the one that was typed.
            assert_eq!(
                code == PAM_SUCCESS,
                scenario == Scenario::Granted,
                "{context}"
            );
            assert_eq!(client.prompts(), 1, "asked once: {context}");
            let code = client.acct_mgmt(0);
            let context = format!("{name}, {}: {}", scenario.name(), code_name(code));
            let shut = matches!(scenario, Scenario::Refused | Scenario::NoModule);
            assert_eq!(code == PAM_SUCCESS, !shut, "{context}");
        }
    }
}

#[test]
fn with_the_real_pam_unix_a_user_whom_nobody_knows_does_not_get_in() {
    let setting = Setting::new(Scenario::Granted);
    for name in STACKS {
        let tally = TempDir::new().unwrap();
        let tally = tally.path().to_str().unwrap();
        let text = staged_with_pam_unix(&stack(name), Scenario::Granted, tally);
        setting.stack.service(name, &text);
        for password in ["", "x", &Scenario::Granted.password()] {
            let mut client = Client::start(&setting.stack, name, "no-such-user-here");
            client.answer(password).answer(password);
            let code = client.authenticate(PAM_DISALLOW_NULL_AUTHTOK);
            assert_ne!(code, PAM_SUCCESS, "{name}, {password:?}");
            assert_ne!(client.acct_mgmt(0), PAM_SUCCESS, "{name}");
        }
    }
}

fn staged_with_pam_unix(text: &str, scenario: Scenario, tally: &str) -> String {
    let unix = |line: &Line| {
        let ours = line.module == "pam_unix.so";
        ours.then(|| format!("pam_unix_real {}", line.arguments))
    };
    let marked = rewrite(text, unix);
    staged(&marked, scenario, RIGHT, tally).replace("pam_unix_real", "pam_unix.so")
}
