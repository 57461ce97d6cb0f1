//! The table, against the real libpam with pam_debug in place of our module and of pam_unix.

use std::ffi::c_int;

use crate::command::Host;
use crate::common::pam::{Client, Stack};
use crate::explore::{Facts, World, explore};
use crate::libpam::code::Code;
use crate::libpam::control::Action;
use crate::libpam::dispatch::walk;
use crate::libpam::line::{Facility, Line};
use crate::libpam::read;
use crate::libpam::text::Buffer;
use crate::libpam::tree::Tree;
use crate::random::{Random, files};
use crate::shipped::{rewrite, stack};

fn keyword(name: &serde_json::Value) -> String {
    let name = name.as_str().expect("a code");
    name.trim_start_matches("PAM_").to_lowercase()
}

/// What libpam gives in auth and account.
fn measured(text: &str, user: &str, ours: [&str; 2], others: [&str; 2]) -> [c_int; 2] {
    let stack = Stack::new();
    let text = rewrite(text, |line| match line.module.as_str() {
        "pam_rsldap.so" => Some(format!("pam_debug.so auth={} acct={}", ours[0], ours[1])),
        "pam_unix.so" => Some(format!(
            "pam_debug.so auth={} acct={}",
            others[0], others[1]
        )),
        _ => None,
    });
    stack.service("s", &text);
    let mut client = Client::start(&stack, "s", user);
    [client.authenticate(0), client.acct_mgmt(0)]
}

#[test]
fn the_table_says_what_libpam_does() {
    for name in ["sshd", "sudo", "common", "system-auth"] {
        let text = stack(name);
        let answer = Host::with(&text).ask("s");
        let rows = answer.json["outcomes"].as_array().unwrap();
        assert_eq!(rows.len(), 12);
        for row in rows {
            let user = if row["user"] == "root" {
                "root"
            } else {
                "nobody"
            };
            let ours = [&row["auth"], &row["account"]].map(|cell| match &cell["module"] {
                serde_json::Value::Null => "ignore".to_owned(),
                code => keyword(code),
            });
            for (key, others) in [
                ("others_yes", ["success", "success"]),
                ("others_no", ["auth_err", "acct_expired"]),
            ] {
                let got = measured(&text, user, [&ours[0], &ours[1]], others);
                for (phase, code) in ["auth", "account"].into_iter().zip(got) {
                    let Some(cell) = row[phase][key].as_array() else {
                        continue;
                    };
                    let said = |name| Code::from_keyword(keyword(name).as_bytes()).unwrap();
                    let numbers: Vec<_> = cell.iter().map(|n| said(n).number()).collect();
                    assert!(
                        numbers.contains(&usize::try_from(code).unwrap()),
                        "{name} {} {phase} {key}: libpam {code}, table {cell:?}",
                        row["outcome"]
                    );
                }
            }
        }
    }
}

/// Each module answers one of two things.
struct Two;

const ANSWERS: [Code; 2] = [Code::SUCCESS, Code::AUTH_ERR];

impl World for Two {
    fn answers(&self, _: &Line, _: Facts) -> Vec<Code> {
        ANSWERS.to_vec()
    }

    fn learn(&self, _: &Line, _: Code, _: Action, facts: Facts) -> Facts {
        facts
    }
}

#[test]
fn exploring_finds_what_all_combinations_come_to() {
    let mut random = Random::new(11);
    let mut compared = 0;
    for _ in 0..400 {
        let stack = Stack::new();
        for (name, text) in files(&mut random, stack.path()) {
            stack.service(name, &text);
        }
        let service = read::read(&Tree::only(stack.path()), "s", Buffer::Fixed).expect("a service");
        let lines = service.lines(Facility::Auth);
        if lines.len() > 10 {
            continue;
        }
        compared += 1;
        let mut explored: Vec<_> = explore(lines, &Two).ends.iter().map(|e| e.result).collect();
        let mut walked: Vec<_> = (0..1 << lines.len())
            .map(|bits: usize| walk(lines, None, |at, _| ANSWERS[bits >> at & 1]).result)
            .collect();
        for codes in [&mut explored, &mut walked] {
            codes.sort_unstable();
            codes.dedup();
        }
        assert_eq!(explored, walked, "{lines:#?}");
    }
    assert!(compared > 100);
}
