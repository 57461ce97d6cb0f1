//! `rsldapctl` at a real Active Directory domain.

use serde_json::Value;

use crate::fixture::Site;
use crate::rsldapctl::{ask, findings};
use crate::samba::{BASE, group_dn, password_of, person_dn};

#[test]
fn a_right_configuration_is_right_and_another_type_of_group_is_not() {
    let site = Site::enter();
    let (code, said) = ask(&site.config(&[]), &["check"], "");
    assert_eq!(code, Some(0), "{said:#}");
    assert_eq!(said["servers"][0]["product"], "active_directory");
    assert_eq!(said["servers"][0]["member_of"], true);
    assert_eq!(findings(&said, "warning"), Vec::<&str>::new(), "{said:#}");
    let (_, said) = ask(
        &site.config(&[("group", "type = \"group_of_names\"")]),
        &["check"],
        "",
    );
    assert!(
        findings(&said, "warning").contains(&"group_type_unfit"),
        "{said:#}"
    );
    let unique = site.config(&[("group", "type = \"group_of_unique_names\"")]);
    let (code, said) = ask(&unique, &["check"], "");
    assert_eq!(code, Some(1), "{said:#}");
    assert_eq!(said["findings"][0]["id"], "group_wrong_schema");
    let fix = said["findings"][0]["fix"].as_str().expect("a fix");
    assert!(fix.contains("type = \"active_directory\""), "{fix}");
    let user = format!(
        "search = [ {{ base = \"{BASE}\", filter = \"(&(objectClass=user)(sAMAccountName={{user}}))\" }} ]"
    );
    let (code, said) = ask(&site.config(&[("user", &user)]), &["check"], "");
    assert_eq!(code, Some(1), "{said:#}");
    assert_eq!(findings(&said, "error"), ["name_attribute_missing"]);
}

#[test]
fn a_wrong_password_shows_the_sub_code_in_words() {
    let site = Site::enter();
    let config = site.config(&[]);
    let arguments = ["explain", "alice", "--password-stdin"];
    let (code, said) = ask(&config, &arguments, "surely-wrong");
    assert_eq!((code, &said["outcome"]), (Some(1), &"bad_password".into()));
    assert_eq!(said["bind"]["sub_code"], "52e", "{said:#}");
    let words = said["bind"]["words"].as_str().expect("words");
    assert!(
        words.contains("Active Directory says: wrong password"),
        "{words}"
    );
    let (code, said) = ask(&config, &arguments, &password_of("alice"));
    assert_eq!(
        (code, &said["outcome"]),
        (Some(0), &"granted".into()),
        "{said:#}"
    );
    assert_eq!(said["bind"]["sub_code"], Value::Null);
}

#[test]
fn every_sub_code_is_told_in_words_and_first_of_all_lines() {
    let site = Site::enter();
    let config = site.config(&[]);
    for (user, sub_code, words, outcome) in [
        ("no-hours", "530", "logonHours", "refused"),
        ("no-stations", "531", "userWorkstations", "refused"),
        ("ran-out", "532", "the password has run out", "expired"),
        ("disabled", "533", "the account is disabled", "expired"),
        ("ended", "701", "the account has expired", "expired"),
        ("must-change", "773", "must be changed", "expired"),
        ("guessed-today", "775", "the account is locked", "expired"),
    ] {
        let arguments = ["explain", user, "--password-stdin"];
        let (_, said) = ask(&config, &arguments, &password_of(user));
        assert_eq!(said["bind"]["sub_code"], sub_code, "{user}: {said:#}");
        let told = said["bind"]["words"].as_str().expect("words");
        assert!(told.contains(words), "{user}: {told}");
        assert_eq!(said["outcome"], outcome, "{user}");
        let conclusion = said["conclusion"].as_str().expect("a line");
        let start = format!("{user} through sshd: {outcome}: ");
        assert!(conclusion.starts_with(&start), "{conclusion}");
    }
}

#[test]
fn nested_groups_show_what_was_asked() {
    let site = Site::enter();
    let config = site.config(&[("group", "type = \"active_directory\"\nnested = true")]);
    let (code, said) = ask(&config, &["explain", "alice"], "");
    assert_eq!(code, Some(0), "{said:#}");
    let asked = said["group_questions"].as_array().expect("questions");
    assert!(!asked.is_empty());
    assert_eq!(said["gates"][0]["tree"]["name"], group_dn("linux-users"));
    assert_eq!(said["gates"][0]["tree"]["value"], "true");
}

#[test]
fn nested_groups_that_no_token_has_need_a_search() {
    let site = Site::enter();
    let nested = "type = \"active_directory\"\nnested = true";
    let search = format!("search = [{{ base = \"{BASE}\" }}]");
    let builtin = format!("CN=Users,CN=Builtin,{BASE}");
    let look = |group: &str, settings: &str| {
        let flags = format!("is_active = \"{group}\"");
        let config = site.config(&[("flags", &flags), ("group", settings)]);
        ask(&config, &["check"], "")
    };
    for group in [&builtin, &group_dn("distribution")] {
        let (code, said) = look(group, nested);
        assert_eq!(code, Some(1), "{said:#}");
        assert_eq!(findings(&said, "error"), ["group_outside_search"]);
        let fix = said["findings"][0]["fix"].as_str().expect("a fix");
        assert!(fix.contains(&search), "{fix}");
        let (code, said) = look(group, &format!("{nested}\n{search}"));
        assert_eq!(code, Some(0), "{said:#}");
        let elsewhere = format!("{nested}\nsearch = [{{ base = \"CN=Users,{BASE}\" }}]");
        let (code, said) = look(&builtin, &elsewhere);
        assert_eq!(code, Some(1), "{said:#}");
    }
    for group in ["outer", "of-everybody", "linux-users"] {
        let (code, said) = look(&group_dn(group), nested);
        assert_eq!(code, Some(0), "{said:#}");
    }
    // Nobody lists the primary group's members.
    let primary = format!("CN=Domain Users,CN=Users,{BASE}");
    let (code, said) = look(&primary, nested);
    assert_eq!(code, Some(0), "{said:#}");
    let (_, said) = look(&person_dn("alice"), nested);
    assert_eq!(findings(&said, "error"), ["group_wrong_schema"], "{said:#}");
}
