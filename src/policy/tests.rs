use super::*;
use crate::config;
use std::path::Path;

const HEAD: &str = r#"
[server]
uris = ["ldap://127.0.0.1"]
[user]
exempt = ["root", "deploy"]
search = [{ base = "ou=people,o=x", scope = "subtree", filter = "(uid={user})" }]
"#;

fn config(rest: &str) -> Config {
    let text = format!("{HEAD}{rest}");
    config::parse(&text, Path::new("test.toml")).unwrap_or_else(|error| panic!("{error}"))
}

fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap()
}

/// A directory in which the user is in the group `cn=in`, not in `cn=out`; `cn=hidden` shows nothing,
/// `cn=withheld` is refused, `cn=gone` does not exist.
fn answer(question: &Question) -> Answer {
    let member = match question.group.as_str() {
        "cn=in" => true,
        "cn=out" => false,
        "cn=hidden" => return Answer::NotProven,
        "cn=withheld" => return Answer::Withheld("insufficientAccessRights".to_owned()),
        "cn=gone" => return Answer::NoSuchGroup,
        other => panic!("unexpected question about {other}"),
    };
    match member == (question.proof == Proof::Member) {
        true => Answer::Proven,
        false => Answer::NotProven,
    }
}

/// Asks until there is a verdict; gives it back with the number of rounds and questions.
fn decide(config: &Config, service: &str) -> (Verdict, usize, usize) {
    let service = ServiceName::parse(service).unwrap();
    let gates = gates(config, &service);
    let mut facts = Facts::new();
    for round in 0..100 {
        match verdict(&gates, &config.flags, &facts) {
            Verdict::Ask(questions) => {
                assert!(!questions.is_empty());
                for question in questions {
                    assert!(!facts.contains_key(&question), "asked twice: {question:?}");
                    let answer = answer(&question);
                    facts.insert(question, answer);
                }
            }
            verdict => return (verdict, round, facts.len()),
        }
    }
    panic!("no verdict after 100 rounds");
}

/// What a gate with this query comes to: `o`pen, `s`hut, `m`isconfigured.
fn gate(query: &str) -> char {
    match decide(&config(&format!("[flags]\nis_active = {query}")), "sshd").0 {
        Verdict::Open => 'o',
        Verdict::Shut(_) | Verdict::ShutForService(_) => 's',
        Verdict::Misconfigured(_) => 'm',
        Verdict::Ask(_) => '?',
    }
}

#[test]
fn the_algebra_holds_for_every_kind_of_group() {
    let groups = ["cn=in", "cn=out", "cn=hidden", "cn=withheld", "cn=gone"];
    let plain: String = groups
        .iter()
        .map(|group| gate(&format!("\"{group}\"")))
        .collect();
    assert_eq!(plain, "ossss");
    let not: String = groups
        .iter()
        .map(|group| gate(&format!("{{ not = \"{group}\" }}")))
        .collect();
    assert_eq!(
        not, "sossm",
        "nothing but a proven non-member passes a negation"
    );
    let twice: String = groups
        .iter()
        .map(|group| gate(&format!("{{ not = {{ not = \"{group}\" }} }}")))
        .collect();
    assert_eq!(twice, "osssm");
}

#[test]
fn any_and_all_go_in_written_order_and_no_further_than_needed() {
    // Row: first, column: second; in, out, hidden, withheld, gone.
    let groups = ["cn=in", "cn=out", "cn=hidden", "cn=withheld", "cn=gone"];
    let table = |kind: &str| -> Vec<String> {
        let row = |first: &&str| {
            let cell = |second: &&str| gate(&format!("{{ {kind} = [\"{first}\", \"{second}\"] }}"));
            groups.iter().map(cell).collect()
        };
        groups.iter().map(row).collect()
    };
    assert_eq!(table("any"), ["ooooo", "ossss", "ossss", "sssss", "ossss"]);
    assert_eq!(table("all"), ["ossss", "sssss", "sssss", "sssss", "sssss"]);
    assert_eq!(gate("[\"cn=out\", \"cn=in\"]"), 'o', "a list means any");
    assert_eq!(
        gate("{ any = [{ not = \"cn=in\" }, { all = [\"cn=in\", { not = \"cn=out\" }] }] }"),
        'o'
    );
}

#[test]
fn a_decided_any_asks_nothing_more() {
    let config = config("[flags]\nis_active = [\"cn=in\", \"cn=out\", \"cn=gone\"]");
    assert_eq!(decide(&config, "sshd"), (Verdict::Open, 1, 1));
}

#[test]
fn flags_may_name_flags() {
    let config = config(
        "[flags]\nis_active = \"cn=in\"\nis_admin = { all = [\"is_active\", \"cn=out\"] }\n\
         [access]\nrequire = { not = \"is_admin\" }",
    );
    assert_eq!(decide(&config, "sshd").0, Verdict::Open);
}

#[test]
fn the_questions_of_all_gates_travel_together() {
    let config = config(
        "[flags]\nis_active = \"cn=in\"\n[access]\nrequire = [\"cn=out\", \"cn=in\"]\ndeny = \"cn=out\"\n\
         [services.sudo]\nrequire = \"cn=in\"",
    );
    // Membership of cn=in and of cn=out, and non-membership of cn=out, in one round.
    assert_eq!(decide(&config, "sudo"), (Verdict::Open, 1, 3));
}

#[test]
fn each_gate_can_shut_the_way() {
    let active = "[flags]\nis_active = \"cn=in\"\n";
    let rows = [
        ("[flags]\nis_active = \"cn=out\"", "is_active is false"),
        (
            &format!("{active}[access]\nrequire = \"cn=out\""),
            "access.require is false",
        ),
        (
            &format!("{active}[access]\ndeny = \"cn=in\""),
            "access.deny is true",
        ),
        (
            "[flags]\nis_active = \"cn=gone\"",
            "is_active is false; group cn=gone does not exist",
        ),
        // Not shown to be outside: counts as denied.
        (
            &format!("{active}[access]\ndeny = \"cn=hidden\""),
            "access.deny is true",
        ),
        (
            &format!("{active}[access]\ndeny = \"cn=withheld\""),
            "access.deny cannot be decided: group cn=withheld: insufficientAccessRights",
        ),
        (
            &format!("{active}[services.sudo]\nrequire = \"cn=out\""),
            "services.sudo.require is false",
        ),
    ];
    for (text, why) in rows {
        let shut = match why.starts_with("services.") {
            true => Verdict::ShutForService(why.to_owned()),
            false => Verdict::Shut(why.to_owned()),
        };
        assert_eq!(decide(&config(text), "sudo").0, shut, "{text}");
    }
    let other = config(&format!("{active}[services.sudo]\nrequire = \"cn=out\""));
    assert_eq!(
        decide(&other, "sshd").0,
        Verdict::Open,
        "a service's gate is its own"
    );
}

#[test]
fn a_denied_group_that_does_not_exist_is_a_mistake_of_the_configuration() {
    let config =
        config("[flags]\nis_active = \"cn=in\"\n[access]\ndeny = [\"cn=out\", \"cn=gone\"]");
    let Verdict::Misconfigured(why) = decide(&config, "sshd").0 else {
        panic!()
    };
    assert!(why.starts_with("access.deny: the group cn=gone "), "{why}");
}

#[test]
fn a_shut_gate_counts_before_a_broken_one_behind_it() {
    let config = config("[flags]\nis_active = \"cn=out\"\n[access]\ndeny = \"cn=gone\"");
    assert_eq!(
        decide(&config, "sshd").0,
        Verdict::Shut("is_active is false".to_owned())
    );
}

#[test]
fn flags_are_set_only_where_they_are_proven() {
    let config = config(
        "[flags]\nis_active = \"cn=in\"\na = \"cn=out\"\nb = \"cn=withheld\"\nc = \"cn=gone\"\n\
         d = { not = \"cn=gone\" }\ne = { not = \"cn=out\" }\nf = \"cn=hidden\"\ng = { not = \"cn=hidden\" }",
    );
    let mut facts = Facts::new();
    let flags = loop {
        match names_that_hold(&config.flags, &config.flags, &facts) {
            Ok(flags) => break flags,
            Err(questions) => {
                facts.extend(questions.into_iter().map(|question| {
                    let answer = answer(&question);
                    (question, answer)
                }));
            }
        }
    };
    let names: Vec<&str> = flags.iter().map(FlagName::as_str).collect();
    assert_eq!(names, ["e", "is_active"]);
}

#[test]
fn a_group_written_in_two_ways_is_asked_about_once() {
    let config = config("[flags]\nis_active = { all = [\"cn=in\", \"CN = in\"] }");
    assert_eq!(decide(&config, "sshd"), (Verdict::Open, 1, 1));
    assert_eq!(dn("cn=in"), dn("CN = in"));
}

/// Rounds and questions of a gate over groups, of which `members` have the user as a member.
fn cost(query: &str, members: &[usize]) -> (char, usize, usize) {
    let config = config(&format!("[flags]\nis_active = {query}"));
    let gates = gates(&config, &ServiceName::parse("sshd").unwrap());
    let mut facts = Facts::new();
    for round in 0..100 {
        let value = match verdict(&gates, &config.flags, &facts) {
            Verdict::Ask(questions) => {
                for question in questions {
                    let number = question.group.as_str().strip_prefix("cn=g").unwrap();
                    let member = members.contains(&number.parse().unwrap());
                    let answer = match member == (question.proof == Proof::Member) {
                        true => Answer::Proven,
                        false => Answer::NotProven,
                    };
                    assert!(facts.insert(question, answer).is_none());
                }
                continue;
            }
            Verdict::Open => 'o',
            Verdict::Shut(_) | Verdict::ShutForService(_) | Verdict::Misconfigured(_) => 's',
        };
        return (value, round, facts.len());
    }
    panic!("no verdict after 100 rounds");
}

#[test]
fn questions_that_are_needed_travel_together_and_the_others_are_not_asked() {
    let twenty: Vec<String> = (0..20).map(|number| format!("\"cn=g{number}\"")).collect();
    let twenty = twenty.join(", ");
    let all: Vec<usize> = (0..20).collect();
    for (query, members, expected) in [
        // Every one of them has to be right.
        (format!("{{ all = [{twenty}] }}"), &all[..], ('o', 1, 20)),
        (format!("{{ all = [{twenty}] }}"), &all[..5], ('s', 1, 20)),
        (format!("{{ not = [{twenty}] }}"), &[], ('o', 1, 20)),
        // One is enough: 1, then 2 more, 4, 8, 5.
        (format!("[{twenty}]"), &[0], ('o', 1, 1)),
        (format!("[{twenty}]"), &[1], ('o', 2, 3)),
        (format!("[{twenty}]"), &[19], ('o', 5, 20)),
        (format!("[{twenty}]"), &[], ('s', 5, 20)),
        (
            format!("{{ not = {{ all = [{twenty}] }} }}"),
            &all[1..],
            ('o', 1, 1),
        ),
        // Of parts, too.
        (
            format!("{{ all = [[{twenty}], {{ not = \"cn=g20\" }}] }}"),
            &[2],
            ('o', 2, 4),
        ),
    ] {
        assert_eq!(cost(&query, members), expected, "{query} {members:?}");
    }
}

#[test]
fn exemption_needs_no_directory() {
    let rules = config("[flags]\nis_active = \"cn=in\"").user;
    let user = |name: &str| UserName::parse(name.as_bytes()).unwrap();
    assert!(is_exempt(&user("root"), None, &rules));
    assert!(is_exempt(&user("deploy"), Some(5000), &rules));
    assert!(is_exempt(&user("daemon"), Some(1), &rules));
    assert!(is_exempt(&user("daemon"), Some(999), &rules));
    assert!(!is_exempt(&user("alice"), Some(1000), &rules));
    assert!(
        !is_exempt(&user("alice"), None, &rules),
        "no local account at all"
    );
    assert!(!is_exempt(&user("Root"), None, &rules), "another name");
}

#[test]
fn a_name_counts_byte_for_byte() {
    let user = UserName::parse(b"bob").unwrap();
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect::<Vec<_>>()
    };
    assert!(is_named(&names(&["bob"]), &user));
    assert!(is_named(&names(&["robert", "bob"]), &user));
    for others in [
        &[][..],
        &["BOB"],
        &["bob "],
        &["Bob", "b\u{200d}ob"],
        &["bobby"],
        &[""],
    ] {
        assert!(!is_named(&names(others), &user), "{others:?}");
    }
}

#[test]
fn an_alias_leads_to_an_account_that_may_be_reached_and_no_other() {
    let rules = config("[flags]\nis_active = \"cn=in\"").user;
    let may = |name: &str, uid, typed| {
        let name = UserName::parse(name.as_bytes()).unwrap();
        may_become((&name, uid), typed, &rules).is_ok()
    };
    assert!(may("alice", Some(1000), None));
    assert!(
        may("alice", Some(1000), Some(1000)),
        "two names of one account"
    );
    assert!(
        !may("alice", Some(1000), Some(1001)),
        "the name typed is another account"
    );
    assert!(!may("alice", None, None), "no account");
    assert!(
        !may("alice", None, Some(1000)),
        "no account, the name typed is one"
    );
    assert!(!may("alice", Some(999), None), "a system account");
    assert!(!may("deploy", Some(5000), None), "stays local");
    assert!(
        !may("root", None, None) && !may("alice", Some(0), None),
        "root"
    );
    let mut careless = rules.clone();
    (careless.min_uid, careless.exempt) = (0, BTreeSet::new());
    let root = UserName::parse(b"toor").unwrap();
    assert!(
        may_become((&root, Some(0)), Some(0), &careless).is_err(),
        "root"
    );
}

#[test]
fn an_alias_leads_to_the_only_name_of_an_entry() {
    let names = |names: &[&str]| {
        let names: Vec<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        the_only_name(&names).map(|name| name.as_str().to_owned())
    };
    assert_eq!(names(&["alice"]).as_deref(), Ok("alice"));
    for bad in [
        &[][..],
        &["a", "b"],
        &["a", "a"],
        &[""],
        &["-x"],
        &["a/b"],
        &["a\nb"],
        &[" a"],
    ] {
        assert!(names(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn exactly_one_entry_is_the_user() {
    assert_eq!(only_one(vec![1]), Ok(1));
    assert!(only_one(Vec::<u8>::new()).is_err());
    assert!(only_one(vec![1, 2]).is_err());
}

#[test]
fn only_a_wrong_password_does_not_carry_over_to_the_account_phase() {
    for outcome in Outcome::ALL {
        assert_eq!(
            carries_over(outcome),
            outcome != Outcome::BadPassword,
            "{outcome:?}"
        );
    }
}

#[test]
fn answers_that_a_guesser_wants_are_delayed() {
    for outcome in Outcome::ALL {
        let wanted = matches!(
            outcome.name(),
            "unknown_user" | "bad_password" | "refused" | "expired"
        );
        assert_eq!(deserves_delay(Phase::Auth, outcome), wanted, "{outcome:?}");
        assert!(!deserves_delay(Phase::Account, outcome));
    }
}
