//! `rsldapctl` at a real 389 Directory Server.

use crate::fixture::Site;
use crate::rsldapctl::{ask, findings};

#[test]
fn a_right_configuration_is_right_and_the_server_is_recognised() {
    let site = Site::enter();
    let (code, said) = ask(&site.config(&[]), &["check"], "");
    assert_eq!(code, Some(0), "{said:#}");
    assert_eq!(said["servers"][0]["product"], "389ds");
    assert!(said["servers"][0]["vendor"].is_string(), "{said:#}");
    assert!(findings(&said, "error").is_empty(), "{said:#}");
}

#[test]
fn a_type_that_the_groups_are_not_of_is_an_error_with_the_one_that_they_are_of() {
    let site = Site::enter();
    for (kind, code) in [
        ("group_of_unique_names", 1),
        ("organizational_role", 1),
        ("posix_group", 1),
        ("active_directory", 0),
        ("member_of", 0),
    ] {
        let config = site.config(&[("group", &format!("type = \"{kind}\""))]);
        let (status, said) = ask(&config, &["check"], "");
        assert_eq!(status, Some(code), "{said:#}");
        let [errors, warnings] = ["error", "warning"].map(|level| findings(&said, level));
        let unfit = kind == "active_directory";
        assert_eq!(warnings.contains(&"group_type_unfit"), unfit, "{said:#}");
        assert_eq!(
            errors.contains(&"group_wrong_schema"),
            code == 1,
            "{said:#}"
        );
        if code == 1 {
            let fix = said["findings"][0]["fix"].as_str().expect("a fix");
            assert!(fix.contains("type = \"group_of_names\""), "{fix}");
        }
    }
}

#[test]
fn accounts_that_are_over_show_the_family_that_says_so() {
    let site = Site::enter();
    let (code, said) = ask(&site.config(&[]), &["explain", "inactivated"], "");
    assert_eq!(
        (code, &said["outcome"]),
        (Some(1), &"expired".into()),
        "{said:#}"
    );
    let families = said["account_state"].as_array().expect("families");
    let closed = families.iter().find(|family| family["state"] == "closed");
    assert_eq!(closed.expect("a family")["family"], "389ds");
}
