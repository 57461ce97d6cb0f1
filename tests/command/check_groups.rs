//! `rsldapctl check`: every group that the configuration names, and what is in the directory.

use crate::common::directory::{BASE, GROUPS, Ldif, group_dn, user_dn};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{ask, check, line_with, options, server};

fn flags(more: &str) -> String {
    format!("is_active = \"{}\"\n{more}", group_dn("active"))
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
fn hidden_members_below_not_or_deny_shut_everybody_out() {
    let (staff, posix) = (group_dn("staff"), group_dn("posix"));
    let access = format!(
        "access to dn.base=\"{staff}\" attrs=member by * none\n\
         access to dn.base=\"{posix}\" attrs=memberUid by * none\n{}",
        options().access
    );
    let slapd = Slapd::start(&SlapdOptions {
        access,
        ..options()
    });
    let active = group_dn("active");
    for (group, settings, flags, access) in [
        (&staff, "", flags(""), format!("deny = \"{staff}\"")),
        (
            &staff,
            "",
            format!("is_active = {{ all = [\"{active}\",\n{{ not = \"{staff}\" }}] }}"),
            String::new(),
        ),
        (
            &posix,
            "type = \"posix_group\"",
            format!("is_active = {{ not = \"{posix}\" }}"),
            String::new(),
        ),
    ] {
        let changes = [("group", settings), ("flags", &flags), ("access", &access)];
        let config = slapd.config(&changes);
        let answer = ask(&config, &["check"], "");
        assert_eq!(answer.code, 1, "{}", answer.text);
        assert_eq!(answer.findings("error"), ["group_unreadable"]);
        assert!(answer.findings("note").is_empty(), "{}", answer.text);
        let why = answer.finding("group_unreadable")["why"].as_str();
        assert!(why.unwrap().contains("everybody"), "{}", answer.text);
        let line = line_with(&config, &format!("\"{group}\""));
        assert_eq!(answer.line_of("group_unreadable"), line);
        // Who is in no such group is refused only where its members are hidden.
        let told = ask(&config, &["explain", "evil"], "");
        assert_eq!(told.json["outcome"], "refused", "{}", told.text);
        let shown = server();
        let told = ask(&shown.config(&changes), &["explain", "evil"], "");
        assert_ne!(told.json["outcome"], "refused", "{}", told.text);
    }
    // Where users are asked as themselves, it concerns only those without a password.
    let deny = format!("deny = \"{staff}\"");
    let changes = [("+bind", "as_user = true"), ("access", &deny)];
    let answer = ask(&slapd.config(&changes), &["check"], "");
    assert_eq!(answer.findings("warning"), ["group_unreadable"]);
    let why = answer.finding("group_unreadable")["why"].as_str();
    assert!(why.unwrap().contains("ssh keys"), "{}", answer.text);
    // The same group opens a flag and is below deny: that is the place.
    let changes = [
        ("flags", flags(&format!("is_staff = \"{staff}\""))),
        ("access", format!("deny = \"{staff}\"")),
    ];
    let changes = changes
        .each_ref()
        .map(|(name, text)| (*name, text.as_str()));
    let config = slapd.config(&changes);
    let answer = ask(&config, &["check"], "");
    assert_eq!(
        answer.line_of("group_unreadable"),
        line_with(&config, "deny = ")
    );
}

#[test]
fn members_that_may_be_searched_and_not_read_are_neither_hidden_nor_none() {
    let access = format!("access to attrs=member by * search\n{}", options().access);
    let slapd = Slapd::start(&SlapdOptions {
        access,
        ..options()
    });
    let half = group_dn("half");
    let changes = [
        ("flags", flags(&format!("x = \"{half}\""))),
        ("access", format!("deny = \"{}\"", group_dn("staff"))),
    ];
    let changes = changes
        .each_ref()
        .map(|(name, text)| (*name, text.as_str()));
    let answer = ask(&slapd.config(&changes), &["check"], "");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.json["findings"], serde_json::json!([]));
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
fn the_fix_of_a_wrong_kind_is_none_that_is_carried_out_already() {
    let fix = |settings: &str, dn: &str| {
        let flags = format!("is_active = \"{dn}\"");
        let (answer, _) = check(&[("group", settings), ("flags", &flags)], "is_active");
        let fix = answer.finding("group_wrong_schema")["fix"].as_str();
        fix.unwrap().to_owned()
    };
    for dn in [user_dn("alice"), GROUPS.to_owned()] {
        let said = fix("type = \"group_of_names\"", &dn);
        assert!(!said.contains("type = "), "{said}");
        assert!(said.contains("name a group"), "{said}");
    }
    for settings in ["", "type = \"group_of_names\"\n"] {
        let settings = format!("{settings}member_attribute = \"mitglied\"");
        let said = fix(&settings, &group_dn("active"));
        assert!(said.contains("take member_attribute out"), "{said}");
    }
    let (answer, _) = check(&[("group", "type = \"group_of_names\"")], "is_active");
    assert_eq!(answer.json["findings"], serde_json::json!([]));
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
fn every_place_of_a_missing_group_is_named() {
    let missing = group_dn("missing");
    let named = format!("require = \"{missing}\"");
    let flag = format!("zoo = \"{missing}\"");
    let changes = [
        ("+flags", flag.as_str()),
        ("services.sshd", &named),
        ("services.sudo", &named),
    ];
    let server = server();
    let config = server.config(&changes);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.findings("error"), ["group_missing"]);
    assert_eq!(
        answer.line_of("group_missing"),
        line_with(&config, "zoo = ")
    );
    let said = answer.line("[group_missing]");
    for service in ["sshd", "sudo"] {
        let section = format!("[services.{service}]");
        let line = line_with(&config, &section) + 1;
        let place = format!("services.{service}.require (line {line})");
        assert!(said.contains(&place), "{place}: {said}");
    }
}

#[test]
fn a_missing_group_below_two_negations_ends_logins_as_config_error() {
    let missing = group_dn("missing");
    let twice = format!(
        "deny = {{ all = [\"{}\", {{ not = \"{missing}\" }}] }}",
        group_dn("staff")
    );
    let (answer, line) = check(&[("access", &twice)], &missing);
    assert_eq!(answer.findings("error"), ["group_missing_negated"]);
    assert_eq!(answer.line_of("group_missing_negated"), line);
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
fn a_group_with_more_members_than_fit_is_neither_empty_nor_the_end_of_the_look() {
    let mut ldif = Ldif::default();
    let names = (0..6000).map(|number| user_dn(&format!("member{number:05}")));
    let names: Vec<String> = std::iter::once(String::new()).chain(names).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    ldif.group("large", &names);
    let slapd = Slapd::start(&SlapdOptions {
        ldif: format!("{}{}", options().ldif, ldif.text()),
        ..options()
    });
    let all = flags(&format!(
        "a = \"{}\"\nz = \"{}\"",
        group_dn("large"),
        group_dn("missing")
    ));
    let answer = ask(&slapd.config(&[("flags", &all)]), &["check"], "");
    assert_eq!(
        answer.findings("error"),
        ["group_missing"],
        "{}",
        answer.text
    );
    assert!(answer.findings("warning").is_empty(), "{}", answer.text);
    assert_eq!(answer.json["servers"][0]["up"], true);
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
fn a_nested_group_that_no_domain_controller_computes_needs_a_search() {
    let nested = "type = \"active_directory\"\nnested = true";
    let (answer, line) = check(&[("group", nested)], "is_active");
    assert_eq!(answer.code, 1, "{}", answer.text);
    let said = answer.finding("group_outside_search");
    assert_eq!(said["level"], "error", "{said}");
    assert!(
        said["what"].as_str().unwrap().contains("group.search"),
        "{said}"
    );
    assert_eq!(answer.line_of("group_outside_search"), line);
    // The fix, carried out.
    let search = format!("search = [{{ base = \"{BASE}\" }}]");
    let fix = said["fix"].as_str().unwrap();
    assert!(fix.contains("type = \"group_of_names\""), "{fix}");
    assert!(fix.contains(&search), "{fix}");
    let mended = format!("type = \"group_of_names\"\nnested = true\n{search}");
    for right in [&mended, "type = \"active_directory\""] {
        let (answer, _) = check(&[("group", right)], "is_active");
        assert_eq!(answer.code, 0, "{}", answer.text);
    }
}
