//! `rsldapctl check`: what the configuration names, and what is in the directory.

use crate::common::directory::{BASE, GROUPS, USERS, group_dn};
use crate::fixture::{Answer, ask, line_with, server};

/// The answer for a configuration with these changes, and the number of the line with a text.
fn check(changes: &[(&str, &str)], text: &str) -> (Answer, usize) {
    let server = server();
    let config = server.config(changes);
    let line = line_with(&config, text);
    (ask(&config, &["check"], ""), line)
}

fn flags(more: &str) -> String {
    format!("is_active = \"{}\"\n{more}", group_dn("active"))
}

#[test]
fn a_base_that_is_missing_is_an_error() {
    let base = format!("ou=missing,{BASE}");
    let search = format!("search = [\n{{ base = \"{USERS}\" }},\n{{ base = \"{base}\" }}\n]");
    let (answer, line) = check(&[("user", &search)], &base);
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["base_missing"]);
    assert_eq!(answer.line_of("base_missing"), line);

    let (answer, line) = check(
        &[("group", &format!("search = [{{ base = \"{base}\" }}]"))],
        &base,
    );
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("warning"), ["base_missing"]);
    assert_eq!(answer.line_of("base_missing"), line);
}

#[test]
fn a_search_that_finds_nobody_is_a_warning() {
    let search = format!("search = [{{ base = \"ou=nobody,{BASE}\" }}]");
    let (answer, line) = check(&[("user", &search)], "ou=nobody");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("warning"), ["no_users"]);
    assert_eq!(answer.line_of("no_users"), line);
}

#[test]
fn an_attribute_for_the_name_that_nobody_has_is_an_error() {
    let user = format!(
        "name_attribute = \"sAMAccountName\"\n\
         search = [{{ base = \"{USERS}\", filter = \"(uid={{user}})\" }}]"
    );
    let (answer, line) = check(&[("user", &user)], "sAMAccountName");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["name_attribute_missing"]);
    assert_eq!(answer.line_of("name_attribute_missing"), line);
    // The entries of groups have a cn, and no uid.
    let user =
        format!("search = [{{ base = \"{BASE}\", filter = \"(|(uid={{user}})(ou={{user}}))\" }}]");
    let (answer, _) = check(&[("user", &user)], "ou=");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("note"), ["name_attribute_missing"]);
}

#[test]
fn a_template_that_leads_elsewhere_is_a_warning() {
    let right = format!("dn_template = \"uid={{user}},{USERS}\"");
    let (answer, _) = check(&[("user", &right)], "dn_template");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert!(answer.findings("warning").is_empty(), "{}", answer.text);

    let wrong = format!("dn_template = \"cn={{user}},{USERS}\"");
    let search = format!("{wrong}\nsearch = [{{ base = \"{USERS}\" }}]");
    for user in [wrong, search] {
        let (answer, line) = check(&[("user", &user)], "dn_template");
        assert_eq!(answer.code, 0, "{}", answer.text);
        assert_eq!(answer.findings("warning"), ["template_mismatch"]);
        assert_eq!(answer.line_of("template_mismatch"), line);
    }
    let missing = format!("dn_template = \"uid={{user}},ou=missing,{BASE}\"");
    let (answer, line) = check(&[("user", &missing)], "dn_template");
    assert_eq!(answer.findings("error"), ["base_missing"]);
    assert_eq!(answer.line_of("base_missing"), line);
}

#[test]
fn a_filter_with_member_of_is_compared_with_what_the_server_keeps() {
    let group = group_dn("active");
    let search = format!(
        "search = [{{ base = \"{USERS}\", filter = \"(&(uid={{user}})(memberOf={group}))\" }}]"
    );
    let (answer, line) = check(&[("user", &search)], "memberOf");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["member_of_missing"]);
    assert_eq!(answer.line_of("member_of_missing"), line);
}

#[test]
fn groups_that_are_not_there_are_errors_and_worse_below_not() {
    let missing = group_dn("missing");
    let more = format!(
        "is_staff = {{ any = [\n\"{}\",\n\"{missing}\"\n] }}",
        group_dn("staff")
    );
    let (answer, line) = check(&[("flags", &flags(&more))], &missing);
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["group_missing"]);
    assert_eq!(answer.line_of("group_missing"), line);

    for access in [
        format!("deny = \"{missing}\""),
        format!("require = {{ not = \"{missing}\" }}"),
    ] {
        let (answer, line) = check(&[("access", &access)], &missing);
        assert_eq!(answer.code, 1, "{}", answer.text);
        assert_eq!(answer.findings("error"), ["group_missing_negated"]);
        assert_eq!(answer.line_of("group_missing_negated"), line);
    }
    // Through a flag, it is the flag's line.
    let more = format!("is_banned = \"{missing}\"");
    let changes = [
        ("flags", flags(&more)),
        ("access", "deny = \"is_banned\"".to_owned()),
    ];
    let changes = changes
        .each_ref()
        .map(|(name, text)| (*name, text.as_str()));
    let (answer, line) = check(&changes, "is_banned = ");
    assert_eq!(answer.findings("error"), ["group_missing_negated"]);
    assert_eq!(answer.line_of("group_missing_negated"), line);
}

#[test]
fn groups_of_a_service_are_looked_at_too() {
    let missing = group_dn("missing");
    let service = format!("require = \"{missing}\"");
    let (answer, line) = check(&[("services.sudo", &service)], &missing);
    assert_eq!(answer.findings("error"), ["group_missing"]);
    assert_eq!(answer.line_of("group_missing"), line);
}

#[test]
fn a_group_that_cannot_be_read_is_an_error() {
    let more = format!("x = \"{}\"", group_dn("unreadable"));
    let (answer, line) = check(&[("flags", &flags(&more))], "cn=unreadable");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["group_unreadable"]);
    assert_eq!(answer.line_of("group_unreadable"), line);
}

#[test]
fn a_group_of_another_kind_is_an_error_with_the_type_that_it_has() {
    for (group, fix) in [
        (group_dn("unique"), "group_of_unique_names"),
        (group_dn("posix"), "posix_group"),
        (GROUPS.to_owned(), "name a group"),
    ] {
        let more = format!("x = \"{group}\"");
        let (answer, line) = check(&[("flags", &flags(&more))], "x = ");
        assert_eq!(answer.code, 1, "{}", answer.text);
        assert_eq!(answer.findings("error"), ["group_wrong_schema"]);
        assert_eq!(answer.line_of("group_wrong_schema"), line);
        let said = answer.finding("group_wrong_schema")["fix"]
            .as_str()
            .unwrap_or_default();
        assert!(said.contains(fix), "{said}");
    }
}

#[test]
fn a_gate_that_nobody_can_pass_is_a_warning() {
    let void = group_dn("void");
    let group = "member_attribute = \"exampleMember\"";
    let only = format!("is_active = \"{void}\"");
    let (answer, line) = check(&[("group", group), ("flags", &only)], &void);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("warning"), ["group_empty"]);
    assert_eq!(answer.line_of("group_empty"), line);
    // Nobody to be refused is no reason to worry.
    let (answer, _) = check(
        &[("access", &format!("deny = \"{void}\"")), ("group", group)],
        &void,
    );
    assert!(
        answer.findings("note").contains(&"group_empty"),
        "{}",
        answer.text
    );
}

#[test]
fn with_nested_groups_one_outside_the_searches_is_an_error() {
    let group = format!("nested = true\nsearch = [{{ base = \"ou=nobody,{BASE}\" }}]");
    let (answer, line) = check(&[("group", &group)], "is_active");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert!(answer.findings("error").contains(&"group_outside_search"));
    assert_eq!(answer.line_of("group_outside_search"), line);
    let group = format!("nested = true\nsearch = [{{ base = \"{GROUPS}\" }}]");
    let (answer, _) = check(&[("group", &group)], "is_active");
    assert_eq!(answer.code, 0, "{}", answer.text);
    let missing = format!("nested = true\nsearch = [{{ base = \"ou=missing,{BASE}\" }}]");
    let (answer, _) = check(&[("group", &missing)], "is_active");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert!(answer.findings("error").contains(&"base_missing"));
}

#[test]
fn groups_by_member_of_need_a_server_that_keeps_it() {
    let (answer, line) = check(&[("group", "type = \"member_of\"")], "member_of");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["member_of_missing"]);
    assert_eq!(answer.line_of("member_of_missing"), line);
}
