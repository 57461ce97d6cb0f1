//! What every shipped stack must hold to, line by line and as a whole.

use tempfile::TempDir;

use crate::common::pam::*;
use crate::scenario::{faillock, user};
use crate::shipped::{Line, STACKS, code_name, files, lines, rewrite, stack};

/// The one control of the account line (see the comments in `pam.d/sshd`).
const ACCOUNT: &str =
    "[success=ok new_authtok_reqd=ok ignore=ignore user_unknown=ignore default=die]";

/// Helpers that are no part of the question who may in, used as they are.
const HARMLESS: [&str; 5] = [
    "pam_permit.so",
    "pam_deny.so",
    "pam_env.so",
    "pam_faildelay.so",
    "pam_succeed_if.so",
];

/// Answers of the module other than success, from the contract, and some that it never gives.
const NOT_SUCCESS: [&str; 12] = [
    "ignore",
    "auth_err",
    "user_unknown",
    "perm_denied",
    "authinfo_unavail",
    "service_err",
    "acct_expired",
    "authtok_expired",
    "new_authtok_reqd",
    "system_err",
    "conv_err",
    "abort",
];

/// Answers of pam_unix to a wrong or missing password.
const UNIX_FAILS: [&str; 5] = [
    "auth_err",
    "user_unknown",
    "authinfo_unavail",
    "maxtries",
    "ignore",
];

fn of<'a>(lines: &'a [Line], facility: &str) -> Vec<&'a Line> {
    lines
        .iter()
        .filter(|line| line.facility == facility)
        .collect()
}

#[test]
fn every_file_in_pam_d_is_one_of_the_tested_stacks() {
    let mut names: Vec<_> = files()
        .iter()
        .map(|p| p.file_name().unwrap().to_owned())
        .collect();
    names.sort();
    let tested = [
        "common-account",
        "common-auth",
        "common-password",
        "sshd",
        "sshd-faillock",
        "sudo",
        "system-auth",
    ];
    assert_eq!(names, tested);
}

#[test]
fn every_line_of_every_stack_is_well_formed() {
    for name in STACKS {
        for line in lines(&stack(name)) {
            let context = format!("{name}: {line:?}");
            let facilities = ["auth", "account", "password", "session"];
            assert!(facilities.contains(&line.facility.as_str()), "{context}");
            assert!(line.module.ends_with(".so"), "{context}");
            // Nobody gets in with an empty local password, and nothing is taken from another file.
            assert!(!line.arguments.contains("nullok"), "{context}");
            assert!(
                !["include", "substack"].contains(&line.control.as_str()),
                "{context}"
            );
        }
    }
}

#[test]
fn the_account_line_throws_no_refusal_away_and_stands_before_pam_unix() {
    for name in STACKS {
        let lines = lines(&stack(name));
        let account = of(&lines, "account");
        let place = |module: &str| {
            account
                .iter()
                .position(|line| line.module == module)
                .unwrap()
        };
        let ours = place("pam_rsldap.so");
        assert_eq!(account[ours].control, ACCOUNT, "{name}");
        assert!(ours < place("pam_unix.so"), "{name}");
        // The only thing that jumps over it is the line for root.
        for (index, line) in account[..ours].iter().enumerate() {
            let root = line.module == "pam_succeed_if.so" && line.arguments == "quiet uid eq 0";
            let jumps = root && index + 1 == ours && line.control == "[success=1 default=ignore]";
            let required = line.control == "required" || line.control == "requisite";
            assert!(jumps || required, "{name}: {line:?}");
        }
    }
}

#[test]
fn the_session_line_is_optional() {
    for name in STACKS {
        for line in lines(&stack(name))
            .iter()
            .filter(|l| l.module == "pam_rsldap.so")
        {
            assert!(
                line.facility != "session" || line.control == "optional",
                "{name}"
            );
        }
    }
}

/// What libpam gives for a change of the password, where our module and pam_unix answer this in the
/// two passes.
fn changing(name: &str, ours: [&str; 2], unix: [&str; 2]) -> i32 {
    let passes = |[first, second]: [&str; 2]| format!("prechauthtok={first} chauthtok={second}");
    let text = rewrite(&stack(name), |line| match line.module.as_str() {
        "pam_rsldap.so" => Some(format!("pam_debug.so {}", passes(ours))),
        "pam_unix.so" => Some(format!("pam_debug.so {}", passes(unix))),
        "pam_pwquality.so" => Some("pam_debug.so".to_owned()),
        _ => None,
    });
    let stack = Stack::new();
    stack.service("s", &text);
    Client::start(&stack, "s", user()).chauthtok(0)
}

#[test]
fn a_password_of_the_directory_is_never_changed_by_pam_unix() {
    for name in STACKS {
        // Whatever pam_unix would say, and whatever becomes of the change itself.
        for unix in ["success", "authtok_err", "perm_denied", "user_unknown"] {
            for (second, code) in [
                ("success", PAM_SUCCESS),
                ("authtok_err", PAM_AUTHTOK_ERR),
                ("perm_denied", PAM_PERM_DENIED),
                ("auth_err", PAM_AUTH_ERR),
                ("service_err", PAM_SERVICE_ERR),
            ] {
                let got = changing(name, ["success", second], [unix, unix]);
                assert_eq!(got, code, "{name}: {second}, pam_unix {unix}");
            }
            for (first, code) in [
                ("try_again", PAM_TRY_AGAIN),
                ("auth_err", PAM_AUTH_ERR),
                ("acct_expired", PAM_ACCT_EXPIRED),
                ("authtok_expired", PAM_AUTHTOK_EXPIRED),
                ("perm_denied", PAM_PERM_DENIED),
                ("service_err", PAM_SERVICE_ERR),
                ("conv_err", PAM_CONV_ERR),
            ] {
                let got = changing(name, [first, "success"], [unix, unix]);
                assert_eq!(got, code, "{name}: {first}, pam_unix {unix}");
            }
        }
    }
}

#[test]
fn a_local_password_is_changed_by_pam_unix_alone() {
    for name in STACKS {
        for ours in [["ignore"; 2], ["module_unknown"; 2]] {
            let changed = changing(name, ours, ["success", "success"]);
            assert_eq!(changed, PAM_SUCCESS, "{name} {ours:?}");
            for unix in [
                ["success", "authtok_err"],
                ["auth_err", "success"],
                ["user_unknown"; 2],
            ] {
                let refused = changing(name, ours, unix);
                assert_ne!(refused, PAM_SUCCESS, "{name} {ours:?} {unix:?}");
            }
        }
    }
}

#[test]
fn pam_auth_update_makes_the_same_lines_as_the_files_for_debian() {
    let without_session = |name: &str| {
        let mut lines = lines(&stack(name));
        lines.retain(|line| line.facility != "session");
        lines
    };
    assert_eq!(without_session("profile"), without_session("common"));
}

#[test]
fn the_auth_line_never_throws_a_refusal_away() {
    for name in STACKS {
        let lines = lines(&stack(name));
        let auth = of(&lines, "auth");
        let ours: Vec<_> = auth
            .iter()
            .filter(|line| line.module == "pam_rsldap.so")
            .collect();
        assert_eq!(ours.len(), 1, "{name}");
        let control = &ours[0].control;
        assert!(
            control.contains(" default=die]") || control.contains(" default=1]"),
            "{name}"
        );
        for lost in [
            "perm_denied=",
            "acct_expired=",
            "authtok_expired=",
            "default=ignore",
        ] {
            assert!(!control.contains(lost), "{name}: {control}");
        }
        // What [fallback] sets to "deny" has to stay a refusal.
        for lost in [
            "authinfo_unavail=",
            "user_unknown=",
            "auth_err=",
            "service_err=",
        ] {
            assert!(!control.contains(lost), "{name}: {control}");
        }
    }
}

#[test]
fn every_jump_of_an_auth_stack_lands_on_a_line_that_votes() {
    for name in STACKS {
        let lines = lines(&stack(name));
        let auth = of(&lines, "auth");
        for (index, line) in auth.iter().enumerate() {
            let Some(jump) = success_jump(&line.control) else {
                continue;
            };
            let target = auth
                .get(index + 1 + jump)
                .unwrap_or_else(|| panic!("{name}: off the end"));
            let votes = target.module == "pam_permit.so" || target.arguments.contains("authsucc");
            assert!(votes && target.control == "required", "{name}: {target:?}");
            // Nothing but pam_deny and the counter lies between: no way in beside the jumps.
            let before = auth[index + jump];
            assert_eq!(
                (before.module.as_str(), before.control.as_str()),
                ("pam_deny.so", "requisite"),
                "{name}"
            );
        }
    }
}

fn success_jump(control: &str) -> Option<usize> {
    let (_, rest) = control.split_once("success=")?;
    rest.split([' ', ']']).next()?.parse().ok()
}

#[test]
fn no_path_reaches_the_end_of_auth_without_a_vote() {
    // Every module that is not harmless says "no opinion" or fails; then nobody may get in.
    for name in STACKS {
        for others in ["ignore", "auth_err"] {
            let text = rewrite(&stack(name), |line| {
                let harmless = HARMLESS.contains(&line.module.as_str());
                (!harmless).then(|| format!("pam_debug.so auth={others}"))
            });
            assert_refused(name, &text, &format!("others {others}"));
        }
    }
}

#[test]
fn no_answer_without_a_right_password_is_a_login_in_any_shipped_stack() {
    // The hazard of PAM_IGNORE: helpers that say yes (pam_faillock does) must not become the vote.
    for name in STACKS {
        for ours in NOT_SUCCESS {
            for unix in UNIX_FAILS {
                let tally = TempDir::new().unwrap();
                let text = rewrite(&stack(name), |line| {
                    Some(match line.module.as_str() {
                        "pam_rsldap.so" => format!("pam_debug.so auth={ours}"),
                        "pam_unix.so" => format!("pam_debug.so auth={unix}"),
                        "pam_faillock.so" => faillock(line, tally.path().to_str().unwrap()),
                        _ => return None,
                    })
                });
                assert_refused(name, &text, &format!("module {ours}, pam_unix {unix}"));
            }
        }
    }
}

#[test]
fn a_helper_that_says_yes_in_front_of_a_shipped_stack_lets_nobody_in() {
    // As users do: pam_faillock preauth, pam_listfile, pam_access ... before our lines.
    for name in STACKS {
        let tally = TempDir::new().unwrap();
        let text = rewrite(&stack(name), |line| {
            Some(match line.module.as_str() {
                "pam_rsldap.so" => "pam_debug.so auth=ignore".to_owned(),
                "pam_unix.so" => "pam_debug.so auth=auth_err".to_owned(),
                "pam_faillock.so" => faillock(line, tally.path().to_str().unwrap()),
                _ => return None,
            })
        });
        let text = format!("auth required pam_permit.so\n{text}");
        assert_refused(name, &text, "a helper in front");
    }
}

#[test]
fn a_module_that_ends_the_stack_early_is_still_asked_after_the_gates() {
    // pam_unix and NEW_AUTHTOK_REQD: the line of Debian ends the stack with `done`.
    for name in STACKS {
        let tally = TempDir::new().unwrap();
        let text = rewrite(&stack(name), |line| {
            Some(match line.module.as_str() {
                "pam_rsldap.so" => "pam_debug.so acct=perm_denied".to_owned(),
                "pam_unix.so" => "pam_debug.so acct=new_authtok_reqd".to_owned(),
                "pam_faillock.so" => faillock(line, tally.path().to_str().unwrap()),
                _ => return None,
            })
        });
        let stack = Stack::new();
        stack.service(name, &text);
        let code = Client::start(&stack, name, user()).acct_mgmt(0);
        assert_eq!(code_name(code), "PERM_DENIED", "{name}");
    }
}

#[test]
fn what_the_module_cannot_answer_yet_has_its_effect_in_every_shipped_stack() {
    // pam_debug gives the codes of `expired` and `must_change` in its place; the local account is fine.
    for name in STACKS {
        let tally = TempDir::new().unwrap();
        let client = |ours: &str| {
            let text = rewrite(&stack(name), |line| {
                Some(match line.module.as_str() {
                    "pam_rsldap.so" => format!("pam_debug.so {ours}"),
                    "pam_unix.so" => "pam_debug.so auth=success acct=success".to_owned(),
                    "pam_faillock.so" => faillock(line, tally.path().to_str().unwrap()),
                    _ => return None,
                })
            });
            let stack = Stack::new();
            stack.service(name, &text);
            Client::start(&stack, name, user())
        };
        for (ours, code) in [("acct_expired", PAM_ACCT_EXPIRED), ("authtok_expired", 27)] {
            // Where pam_faillock counts, every failure ends as in the table of `outcomes`.
            let auth = if name == "faillock" {
                PAM_PERM_DENIED
            } else {
                code
            };
            assert_eq!(
                client(&format!("auth={ours}")).authenticate(0),
                auth,
                "{name} {ours}"
            );
            assert_eq!(
                client(&format!("acct={ours}")).acct_mgmt(0),
                code,
                "{name} {ours}"
            );
        }
        let mut must_change = client("auth=success acct=new_authtok_reqd");
        assert_eq!(must_change.authenticate(0), PAM_SUCCESS, "{name}");
        assert_eq!(must_change.acct_mgmt(0), PAM_NEW_AUTHTOK_REQD, "{name}");
        assert_eq!(
            must_change.setcred(PAM_ESTABLISH_CRED),
            PAM_SUCCESS,
            "{name}"
        );
    }
}

fn assert_refused(name: &str, text: &str, context: &str) {
    let stack = Stack::new();
    stack.service(name, text);
    let mut client = Client::start(&stack, name, user());
    let code = client.authenticate(0);
    // PAM_IGNORE and PAM_NEW_AUTHTOK_REQD as a result are taken for success by some applications.
    let refused = ![PAM_SUCCESS, PAM_IGNORE].contains(&code);
    let change = code == PAM_NEW_AUTHTOK_REQD && !context.contains("new_authtok_reqd");
    assert!(
        refused && !change,
        "{name}, {context}: {}\n{text}",
        code_name(code)
    );
}
