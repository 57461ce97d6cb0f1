//! Groups of the server as gates, and ways to it.

use std::ffi::c_int;
use std::path::{Path, PathBuf};

use crate::common::directory::{BASE, GROUPS, group_dn};
use crate::common::login::account;
use crate::common::pam::{PAM_ACCT_EXPIRED, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::fixture::{Site, auth_right};

/// A configuration in which this group alone decides.
fn gate(site: &Site, name: &str, schema: &str) -> PathBuf {
    let flags = format!("is_active = \"{}\"", group_dn(name));
    site.config(&[("flags", &flags), ("group", schema)])
}

/// What auth and account both come to.
fn verdict(config: &Path, user: &str) -> c_int {
    let code = auth_right(config, user);
    assert_eq!(account(config, user), code, "{user}");
    code
}

#[test]
fn each_type_of_group_sees_its_own_members() {
    let site = Site::enter();
    for (name, schema) in [
        ("staff", "type = \"group_of_names\""),
        ("unique", "type = \"group_of_unique_names\""),
        (
            "unique",
            "type = \"group_of_names\"\nmember_attribute = \"uniqueMember\"",
        ),
        ("role", "type = \"organizational_role\""),
        ("posix", "type = \"posix_group\""),
    ] {
        let config = gate(&site, name, schema);
        assert_eq!(verdict(&config, "alice"), PAM_SUCCESS, "{schema}");
        assert_eq!(verdict(&config, "bob"), PAM_PERM_DENIED, "{schema}");
    }
    // A type that does not fit sees nobody.
    let config = gate(&site, "staff", "type = \"group_of_unique_names\"");
    assert_eq!(verdict(&config, "alice"), PAM_PERM_DENIED);
}

#[test]
fn members_of_member_groups_count_where_the_configuration_says_so() {
    let site = Site::enter();
    let search = format!("search = [ {{ base = \"{GROUPS}\" }} ]");
    let nested = format!("type = \"group_of_names\"\nnested = true\n{search}");
    for group in ["inner", "middle", "outer", "circle"] {
        let config = gate(&site, group, &nested);
        assert_eq!(verdict(&config, "carol"), PAM_SUCCESS, "{group}");
        assert_eq!(verdict(&config, "bob"), PAM_PERM_DENIED, "{group}");
    }
    let flat = gate(&site, "outer", "type = \"group_of_names\"");
    assert_eq!(verdict(&flat, "carol"), PAM_PERM_DENIED);
    let deny = format!("deny = \"{}\"", group_dn("outer"));
    let config = site.config(&[("access", &deny), ("group", &nested)]);
    assert_eq!(verdict(&config, "carol"), PAM_PERM_DENIED);
    assert_eq!(verdict(&config, "bob"), PAM_SUCCESS);
}

#[test]
fn the_server_keeps_the_groups_of_a_user_nested_ones_too_and_they_count() {
    let site = Site::enter();
    let entry = site.attributes("carol", &["memberOf"]);
    for group in ["active", "inner", "middle", "outer"] {
        let line = format!("memberOf: {}", group_dn(group));
        assert!(entry.contains(&line), "{group}: {entry}");
        let config = gate(&site, group, "type = \"member_of\"");
        assert_eq!(verdict(&config, "carol"), PAM_SUCCESS, "{group}");
        let others = match group {
            "active" => PAM_SUCCESS,
            _ => PAM_PERM_DENIED,
        };
        assert_eq!(verdict(&config, "bob"), others, "{group}");
        assert_eq!(verdict(&config, "outsider"), PAM_PERM_DENIED, "{group}");
    }
    let deny = format!("deny = \"{}\"", group_dn("outer"));
    let config = site.config(&[("access", &deny), ("group", "type = \"member_of\"")]);
    assert_eq!(verdict(&config, "carol"), PAM_PERM_DENIED);
    assert_eq!(verdict(&config, "bob"), PAM_SUCCESS);
}

#[test]
fn every_way_leads_to_the_same_verdicts() {
    let site = Site::enter();
    for (uri, more) in [
        ("ldaps://127.0.0.1", ""),
        ("ldap://127.0.0.1", "start_tls = true"),
        ("ldap://127.0.0.1", ""),
    ] {
        let config = site.config(&[("server", &format!("uris = [\"{uri}\"]\n{more}"))]);
        assert_eq!(verdict(&config, "alice"), PAM_SUCCESS, "{uri} {more}");
        assert_eq!(verdict(&config, "outsider"), PAM_PERM_DENIED, "{uri}");
        assert_eq!(
            verdict(&config, "inactivated"),
            PAM_ACCT_EXPIRED,
            "{uri} {more}"
        );
    }
    let server = "uris = [\"ldaps://127.0.0.1\"]";
    let config = site.config(&[("server", server), ("tls", "")]);
    assert_eq!(verdict(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
}

#[test]
fn the_groups_are_asked_as_the_user_where_the_configuration_says_so() {
    let site = Site::enter();
    let config = site.config(&[("+bind", "as_user = true")]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth_right(&config, "outsider"), PAM_PERM_DENIED);
    let anonymous = site.config(&[("bind", "")]);
    assert_eq!(verdict(&anonymous, "alice"), PAM_SUCCESS);
    let template = format!("dn_template = \"uid={{user}},ou=users,{BASE}\"");
    let template = site.config(&[("user", &template)]);
    assert_eq!(verdict(&template, "alice"), PAM_SUCCESS);
    assert_eq!(verdict(&template, "outsider"), PAM_PERM_DENIED);
}
