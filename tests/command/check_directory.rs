//! `rsldapctl check`: the bases, searches and templates of users, and what is in the directory.

use crate::common::directory::{BASE, GROUPS, USERS, group_dn};
use crate::fixture::check;

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
    // One is among the groups, and there the search finds nobody else.
    for base in [BASE, GROUPS] {
        let some = format!("{right}\nsearch = [{{ base = \"{base}\" }}]");
        let (answer, line) = check(&[("user", &some)], "dn_template");
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
