//! `rsldapctl explain` with a server that has a password policy (slapo-ppolicy(5)): the state of the
//! password and of the account, in words.

use crate::common::directory::{BASE, Ldif, group_dn, password_of, user_dn};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{Answer, ask};

/// `pwdChangedTime` of passwords that are over for each of these policies.
const LONG_AGO: (&str, &str) = ("pwdChangedTime", "20200101000000Z");

/// Name, attributes of the entry, verdict of the bind, words, and outcome.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
    &'static str,
);

const CASES: [Case; 7] = [
    ("fine", &[], "right", "the password is right", "granted"),
    (
        "grace",
        &[
            LONG_AGO,
            ("pwdPolicySubentry", "cn=grace,dc=example,dc=com"),
        ],
        "right",
        "the password is right; it has run out and works",
        "granted",
    ),
    (
        "hard",
        &[LONG_AGO, ("pwdPolicySubentry", "cn=hard,dc=example,dc=com")],
        "password_expired",
        "the password has run out",
        "expired",
    ),
    (
        "warned",
        &[
            LONG_AGO,
            ("pwdPolicySubentry", "cn=warned,dc=example,dc=com"),
        ],
        "right",
        "the password is right; it runs out in",
        "granted",
    ),
    (
        "reset",
        &[("pwdReset", "TRUE")],
        "must_change",
        "must be changed: an administrator has set the password",
        "must_change",
    ),
    (
        "locked",
        &[("pwdAccountLockedTime", "000001010000Z")],
        "locked",
        "the account is locked",
        "expired",
    ),
    (
        "guessed",
        &[],
        "wrong",
        "the password is wrong",
        "bad_password",
    ),
];

fn start() -> Slapd {
    let mut ldif = Ldif::tree();
    let policy = |ldif: &mut Ldif, name: &str, rules: &[(&str, &str)]| {
        let mut all = vec![
            ("objectClass", "organizationalRole"),
            ("objectClass", "pwdPolicy"),
            ("pwdAttribute", "userPassword"),
            ("pwdMustChange", "TRUE"),
        ];
        all.extend(rules);
        ldif.entry(&format!("cn={name},{BASE}"), &all);
    };
    let guess = [("pwdLockout", "TRUE"), ("pwdMaxFailure", "3")];
    policy(&mut ldif, "default", &guess);
    policy(&mut ldif, "hard", &[("pwdMaxAge", "1000")]);
    let grace = [("pwdMaxAge", "1000"), ("pwdGraceAuthNLimit", "9")];
    policy(&mut ldif, "grace", &grace);
    let warned = [
        ("pwdMaxAge", "2000000000"),
        ("pwdExpireWarning", "1999999999"),
    ];
    policy(&mut ldif, "warned", &warned);
    for (name, attributes, ..) in CASES {
        ldif.user(name, attributes);
    }
    let members = CASES.map(|(name, ..)| user_dn(name));
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    ldif.group("active", &members);
    Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: "moduleload ppolicy".to_owned(),
        database: format!(
            "overlay ppolicy\nppolicy_default cn=default,{BASE}\nppolicy_use_lockout"
        ),
        ..SlapdOptions::default()
    })
}

fn explain(slapd: &Slapd, user: &str, password: &str) -> Answer {
    let flags = format!("is_active = \"{}\"", group_dn("active"));
    let config = slapd.config(&[("flags", &flags)]);
    ask(&config, &["explain", user, "--password-stdin"], password)
}

#[test]
fn what_the_policy_says_of_a_bind_is_told_in_words() {
    let slapd = start();
    for (name, _, verdict, words, outcome) in CASES {
        let password = match verdict {
            "wrong" => "surely-not-it".to_owned(),
            _ => password_of(name),
        };
        let said = explain(&slapd, name, &password);
        let bind = &said.json["bind"];
        assert_eq!(bind["verdict"], verdict, "{name}: {bind}");
        assert_eq!(said.json["outcome"], outcome, "{name}");
        assert!(
            bind["words"]
                .as_str()
                .is_some_and(|said| said.contains(words)),
            "{name}: {bind}"
        );
        said.line(&format!("the user's bind as {}", user_dn(name)));
        // The first line has the reason.
        let first = said.text.lines().next().expect("a line");
        let end = format!("{name} through sshd: {outcome}");
        assert!(first.starts_with(&end), "{first}");
    }
    // Two more guesses, of which each run above was one as text and one as JSON.
    let said = explain(&slapd, "guessed", "surely-not-it");
    assert_eq!(said.json["bind"]["verdict"], "locked");
    assert_eq!(
        explain(&slapd, "guessed", &password_of("guessed")).json["outcome"],
        "expired"
    );
}
