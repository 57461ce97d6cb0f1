//! `rsldapctl explain`: each leaf of each query, and the group that is to blame.

use serde_json::Value;

use crate::common::directory::{GROUPS, Ldif, USERS, group_dn, user_dn};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{Answer, ask};

/// alice is in inner, inner in outer; memberOf is kept for her alone.
fn start() -> Slapd {
    let mut ldif = Ldif::tree();
    let [active, inner] = ["active", "inner"].map(group_dn);
    let of = [
        ("memberOf", active.as_str()),
        ("memberOf", &inner),
        ("description", "sshd"),
    ];
    ldif.user("alice", &of);
    ldif.user("bob", &[("description", "!sshd")]);
    let [alice, bob] = ["alice", "bob"].map(user_dn);
    ldif.group("active", &[&alice, &bob]);
    ldif.group("inner", &[&alice]);
    ldif.group("outer", &[&inner]);
    ldif.group("banned", &[&bob]);
    Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: "moduleload memberof".to_owned(),
        database: "overlay memberof".to_owned(),
        ..SlapdOptions::default()
    })
}

fn explain(slapd: &Slapd, user: &str, sections: &[(&str, &str)]) -> Answer {
    let flags = format!(
        "is_active = \"{}\"\nis_inner = \"{}\"",
        group_dn("active"),
        group_dn("inner")
    );
    let all = [&[("flags", flags.as_str())], sections].concat();
    ask(&slapd.config(&all), &["explain", user], "")
}

/// `PART NAME VALUE` for a tree, indented, without the suffix.
fn drawn(tree: &Value, depth: usize, text: &mut String) {
    let word = |key: &str| {
        tree[key]
            .as_str()
            .unwrap_or_default()
            .replace(&format!(",{GROUPS}"), "")
    };
    let line = [word("part"), word("name"), word("value")]
        .join(" ")
        .replace("  ", " ");
    text.push_str(&format!("{}{line}\n", " ".repeat(depth)));
    let below = tree["below"].as_array().expect("an array");
    below.iter().for_each(|part| drawn(part, depth + 1, text));
}

fn tree(answer: &Answer, gate: &str) -> String {
    let gates = answer.json["gates"].as_array().expect("gates");
    let gate = gates
        .iter()
        .find(|one| one["gate"] == gate)
        .expect("the gate");
    let mut text = String::new();
    drawn(&gate["tree"], 0, &mut text);
    text
}

fn first_line(answer: &Answer) -> &str {
    answer.text.lines().next().expect("a line")
}

#[test]
fn a_query_is_drawn_with_every_part_of_it() {
    let slapd = start();
    let [inner, outer, banned] = ["inner", "outer", "banned"].map(group_dn);
    let access = format!(
        "require = {{ all = [{{ any = [\"{outer}\", \"is_inner\"] }}, {{ not = \"{banned}\" }}, \
         [\"{inner}\", \"{banned}\"]] }}"
    );
    let said = explain(&slapd, "alice", &[("access", &access)]);
    let drawing = "all true\n any true\n  group cn=outer false\n  flag is_inner true\n   group cn=inner true\n \
                   not true\n  group cn=banned false\n any true\n  group cn=inner true\n  group cn=banned false\n";
    assert_eq!(tree(&said, "access.require"), drawing);
    assert_eq!(said.json["outcome"], "granted");
    for line in [
        "all of these: true",
        "one of these: true",
        "not: true",
        "flag is_inner: true",
    ] {
        said.line(line);
    }
    // Bob is in none of the first, and in what must not be.
    let said = explain(&slapd, "bob", &[("access", &access)]);
    assert_eq!(said.json["outcome"], "refused");
    let first = first_line(&said);
    assert!(first.contains("access.require is false"), "{first}");
    for blamed in [
        format!("not in {outer}"),
        format!("not in {inner}"),
        format!("; in {banned}"),
    ] {
        assert!(first.contains(&blamed), "{blamed}: {first}");
    }
}

#[test]
fn a_deny_names_the_group_that_it_is_for() {
    let slapd = start();
    let access = format!("deny = \"{}\"", group_dn("banned"));
    let said = explain(&slapd, "bob", &[("access", &access)]);
    let first = first_line(&said);
    assert!(
        first.ends_with(&format!("access.deny is true: in {}", group_dn("banned"))),
        "{first}"
    );
    assert!(
        said.line("access.deny (")
            .ends_with("(opens at false): shut")
    );
    assert_eq!(
        explain(&slapd, "alice", &[("access", &access)]).json["outcome"],
        "granted"
    );
}

#[test]
fn no_more_than_three_groups_are_in_the_first_line() {
    let slapd = start();
    let names = ["a", "b", "c", "d", "e"].map(|name| format!("\"{}\"", group_dn(name)));
    let access = format!("require = [{}]", names.join(", "));
    let said = explain(&slapd, "alice", &[("access", &access)]);
    let first = first_line(&said);
    assert!(
        first.contains("there is no cn=c,") && !first.contains("there is no cn=d,"),
        "{first}"
    );
    assert!(first.ends_with("and 2 more"), "{first}");
}

#[test]
fn nested_groups_count_and_each_level_that_was_asked_shows() {
    let slapd = start();
    let access = format!("require = \"{}\"", group_dn("outer"));
    let nested = format!("nested = true\nsearch = [{{ base = \"{GROUPS}\" }}]");
    let said = explain(&slapd, "alice", &[("access", &access), ("group", &nested)]);
    assert_eq!(said.json["outcome"], "granted");
    let asked = said.json["group_questions"].as_array().expect("questions");
    let filters: Vec<&str> = asked
        .iter()
        .filter_map(|one| one["filter"].as_str())
        .collect();
    for member in [user_dn("alice"), group_dn("inner")] {
        let part = format!("(member={member})");
        assert!(
            filters.iter().any(|filter| filter.contains(&part)),
            "{part}: {filters:?}"
        );
    }
    let said = explain(&slapd, "alice", &[("access", &access)]);
    assert_eq!(said.json["outcome"], "refused");
}

#[test]
fn groups_by_member_of_are_those_that_the_entry_shows() {
    let slapd = start();
    let group = ("group", "type = \"member_of\"");
    let said = explain(&slapd, "alice", &[group]);
    assert_eq!(said.json["outcome"], "granted");
    said.line("memberOf of the entry: 2");
    let said = explain(&slapd, "bob", &[group]);
    assert_eq!(said.json["outcome"], "refused");
    said.line("the entry has no memberOf, or none that may be read");
}

#[test]
fn groups_that_are_asked_as_the_user_are_said_to_be() {
    let slapd = start();
    let bind = ("+bind", "as_user = true");
    explain(&slapd, "alice", &[bind]).line("with a password they are asked as the user");
    let config = slapd.config(&[bind]);
    let said = ask(
        &config,
        &["explain", "alice", "--password-stdin"],
        "alice-secret",
    );
    said.line("asked as the user, where the password was right (bind.as_user)");
    // One bind for lookups, before the search.
    assert_eq!(said.json["service_binds"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_host_or_service_that_is_listed_lets_the_user_in() {
    let slapd = start();
    let access = ("access", "service_attribute = \"description\"");
    let said = explain(&slapd, "alice", &[access]);
    assert_eq!(said.json["outcome"], "granted");
    said.line("access.host_attribute and service_attribute, where set: they let the user in");
    let said = explain(&slapd, "bob", &[access]);
    assert_eq!(said.json["outcome"], "refused");
    assert!(
        first_line(&said).contains("refused: description"),
        "{}",
        said.text
    );
    let said = explain(
        &slapd,
        "alice",
        &[("access", "host_attribute = \"description\"")],
    );
    assert_eq!(said.json["not_listed"].as_array().map(Vec::len), Some(1));
    assert!(said.json["search"]["searches"][0]["base"] == USERS);
}
