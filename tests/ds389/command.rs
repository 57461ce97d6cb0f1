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
