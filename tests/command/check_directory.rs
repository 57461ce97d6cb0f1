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
fn a_search_that_finds_nobody_is_a_warning_and_an_error_where_none_does() {
    let nobody = format!("{{ base = \"ou=nobody,{BASE}\" }}");
    let both = format!("search = [\n{{ base = \"{USERS}\" }},\n{nobody}\n]");
    let (answer, line) = check(&[("user", &both)], "ou=nobody");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("warning"), ["no_users"]);
    assert_eq!(answer.line_of("no_users"), line);

    let (answer, line) = check(&[("user", &format!("search = [{nobody}]"))], "ou=nobody");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["no_users"]);
    assert_eq!(answer.line_of("no_users"), line);

    let template = format!("dn_template = \"uid={{user}},ou=nobody,{BASE}\"");
    let (answer, line) = check(&[("user", &template)], "dn_template");
    assert_eq!(answer.findings("warning"), ["no_users"], "{}", answer.text);
    assert_eq!(answer.line_of("no_users"), line);
}

#[test]
fn a_base_that_may_not_be_read_is_an_error_whether_it_is_refused_or_hidden() {
    for (name, text) in [
        ("refused", "insufficientAccessRights"),
        ("hidden", "or it is hidden"),
    ] {
        let search = format!("search = [{{ base = \"ou={name},{BASE}\" }}]");
        let (answer, _) = check(&[("user", &search)], "search = ");
        assert_eq!(answer.code, 1, "{}", answer.text);
        assert_eq!(answer.findings("error"), ["base_missing"]);
        assert!(
            answer.line("[base_missing]").contains(text),
            "{}",
            answer.text
        );
    }
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
fn a_filter_that_finds_users_by_another_name_is_an_error() {
    let by_mail =
        format!("search = [{{ base = \"{USERS}\", filter = \"(mail={{user}}@example.com)\" }}]");
    assert_eq!(check(&[("user", &by_mail)], "search").0.code, 0);
    let by_mail = by_mail.replace("@example.com", "");
    let (answer, line) = check(&[("user", &by_mail)], "search");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["name_attribute_unfit"]);
    assert_eq!(answer.line_of("name_attribute_unfit"), line);
    for more in ["canonical_name = true", "name_attribute = \"mail\""] {
        let (answer, _) = check(&[("user", &format!("{more}\n{by_mail}"))], "search");
        assert_eq!(answer.code, 0, "{}", answer.text);
    }
}

#[test]
fn a_template_that_leads_elsewhere_is_an_error_and_a_warning_where_it_fits_some() {
    let right = format!("dn_template = \"uid={{user}},{USERS}\"");
    let (answer, _) = check(&[("user", &right)], "dn_template");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert!(answer.findings("warning").is_empty(), "{}", answer.text);

    let wrong = format!("dn_template = \"cn={{user}},{USERS}\"");
    let search = format!("{wrong}\nsearch = [{{ base = \"{USERS}\" }}]");
    for user in [wrong, search] {
        let (answer, line) = check(&[("user", &user)], "dn_template");
        assert_eq!(answer.code, 1, "{}", answer.text);
        assert_eq!(answer.findings("error"), ["template_mismatch"]);
        assert_eq!(answer.line_of("template_mismatch"), line);
    }
    // One of them is among the groups.
    let some = format!("{right}\nsearch = [{{ base = \"{BASE}\" }}]");
    let (answer, line) = check(&[("user", &some)], "dn_template");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("warning"), ["template_mismatch"]);
    assert_eq!(answer.line_of("template_mismatch"), line);
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
fn groups_that_are_named_anywhere_are_looked_at() {
    let missing = group_dn("missing");
    let named = format!("\"{missing}\"");
    for (section, text) in [
        ("+flags", format!("zoo = {named}")),
        (
            "access",
            format!("require = {{ any = [\"is_active\", {named}] }}"),
        ),
        ("services.sudo", format!("require = {named}")),
        ("session.local_groups", format!("adm = {named}")),
    ] {
        let (answer, line) = check(&[(section, &text)], &missing);
        assert_eq!(answer.code, 1, "{}", answer.text);
        assert_eq!(answer.findings("error"), ["group_missing"]);
        assert_eq!(answer.line_of("group_missing"), line);
    }
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
fn the_line_of_a_missing_group_is_where_it_does_most_harm() {
    let missing = group_dn("missing");
    let changes = [
        ("flags", flags(&format!("zoo = \"{missing}\""))),
        (
            "access",
            format!(
                "deny = {{ any = [\n\"{}\",\n\"{missing}\"\n] }}",
                group_dn("void")
            ),
        ),
    ];
    let changes = changes
        .each_ref()
        .map(|(name, text)| (*name, text.as_str()));
    let (answer, flag) = check(&changes, "zoo = ");
    let line = answer.line_of("group_missing_negated");
    assert!(line > flag, "{}", answer.text);
    assert!(
        answer
            .line("[group_missing_negated]")
            .contains("access.deny")
    );
}

#[test]
fn a_name_that_the_server_does_not_take_is_told_from_a_group_that_may_not_be_read() {
    let (answer, line) = check(&[("flags", &flags("x = \"team=a,o=b\""))], "x = ");
    assert_eq!(answer.code, 1, "{}", answer.text);
    let said = answer.finding("group_unreadable");
    assert!(
        said["fix"].as_str().unwrap().contains("correct the DN"),
        "{said}"
    );
    assert_eq!(answer.line_of("group_unreadable"), line);
}

#[test]
fn another_spelling_of_a_groups_name_is_the_same_group() {
    let other = "x = \"CN = ACTIVE ,  ou=Groups,DC=example , dc=COM\"";
    let (answer, _) = check(&[("flags", &flags(other))], "x = ");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.json["findings"], serde_json::json!([]));
}

#[test]
fn a_gate_that_nobody_can_pass_is_an_error_where_every_login_needs_it() {
    let (void, active) = (group_dn("void"), group_dn("active"));
    let own = "member_attribute = \"exampleMember\"";
    // The second has to have a member, and has the empty name for one.
    for (group, settings) in [(&void, own), (&group_dn("hollow"), "")] {
        for (flags, access, level) in [
            (format!("is_active = \"{group}\""), String::new(), "error"),
            (
                format!("is_active = {{ all = [\"a\", \"{active}\"] }}\na = \"{group}\""),
                String::new(),
                "error",
            ),
            (flags(""), format!("require = \"{group}\""), "error"),
            (
                format!("is_active = [\"{active}\", \"{group}\"]"),
                String::new(),
                "warning",
            ),
            // Nobody to be refused is no reason to worry.
            (flags(""), format!("deny = \"{group}\""), "note"),
        ] {
            let changes = [("group", settings), ("flags", &flags), ("access", &access)];
            let (answer, line) = check(&changes, &format!("\"{group}\""));
            assert!(
                answer.findings(level).contains(&"group_empty"),
                "{level} {flags} {access}:\n{}",
                answer.text
            );
            assert_eq!(answer.line_of("group_empty"), line);
            if settings.is_empty() {
                assert_eq!(answer.code, i32::from(level == "error"), "{}", answer.text);
            }
        }
    }
    let (answer, _) = check(
        &[("flags", &flags(&format!("x = \"{}\"", group_dn("half"))))],
        "x = ",
    );
    assert_eq!(answer.json["findings"], serde_json::json!([]));
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
fn with_nested_groups_one_that_the_filter_passes_over_is_an_error() {
    for (filters, code) in [
        (&["(objectClass=posixGroup)"][..], 1),
        (&["(objectClass=posixGroup)", "(cn=*)"], 0),
    ] {
        let searches = filters
            .iter()
            .map(|filter| format!("{{ base = \"{GROUPS}\", filter = \"{filter}\" }}"));
        let searches = searches.collect::<Vec<_>>().join(", ");
        for nested in [true, false] {
            let group = format!("nested = {nested}\nsearch = [{searches}]");
            let (answer, line) = check(&[("group", &group)], "is_active");
            assert_eq!(
                answer.code,
                if nested { code } else { 0 },
                "{}",
                answer.text
            );
            if nested && code == 1 {
                assert_eq!(answer.line_of("group_outside_search"), line);
            }
        }
    }
}

#[test]
fn groups_by_member_of_need_a_server_that_keeps_it() {
    let (answer, line) = check(&[("group", "type = \"member_of\"")], "member_of");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["member_of_missing"]);
    assert_eq!(answer.line_of("member_of_missing"), line);
}
