//! Groups in groups, and the primary group, as the controller computes them.

use std::ffi::c_int;
use std::path::{Path, PathBuf};

use crate::common::login::{account, auth};
use crate::common::pam::{PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::fixture::{Site, auth_right};
use crate::samba::{BASE, group_dn};

const NESTED: &str = "type = \"active_directory\"\nnested = true";
const FLAT: &str = "type = \"active_directory\"";

/// A configuration in which this group alone decides.
fn gate(site: &Site, group: &str, schema: &str) -> PathBuf {
    let flags = format!("is_active = \"{group}\"");
    site.config(&[("flags", &flags), ("group", schema)])
}

/// What auth and account both come to.
fn verdict(config: &Path, user: &str) -> c_int {
    let code = auth_right(config, user);
    assert_eq!(account(config, user), code, "{user}");
    code
}

#[test]
fn members_of_member_groups_count_where_the_configuration_says_so() {
    let site = Site::enter();
    for group in ["inner", "middle", "outer"] {
        let config = gate(&site, &group_dn(group), NESTED);
        assert_eq!(verdict(&config, "carol"), PAM_SUCCESS, "{group}");
        assert_eq!(verdict(&config, "bob"), PAM_PERM_DENIED, "{group}");
        assert_eq!(auth(&config, "carol", "wrong"), PAM_AUTH_ERR);
        let config = gate(&site, &group_dn(group), FLAT);
        let flat = match group {
            "inner" => PAM_SUCCESS,
            _ => PAM_PERM_DENIED,
        };
        assert_eq!(verdict(&config, "carol"), flat, "{group}, flat");
    }
}

#[test]
fn groups_that_are_members_of_each_other_end() {
    let site = Site::enter();
    for group in ["circle-a", "circle-b"] {
        let config = gate(&site, &group_dn(group), NESTED);
        assert_eq!(verdict(&config, "carol"), PAM_SUCCESS, "{group}");
        assert_eq!(verdict(&config, "bob"), PAM_PERM_DENIED, "{group}");
    }
}

#[test]
fn a_group_that_is_denied_is_denied_to_its_members_members() {
    let site = Site::enter();
    let deny = format!("deny = \"{}\"", group_dn("outer"));
    let config = site.config(&[("access", &deny), ("group", NESTED)]);
    assert_eq!(verdict(&config, "carol"), PAM_PERM_DENIED);
    assert_eq!(verdict(&config, "bob"), PAM_SUCCESS);
    let config = site.config(&[("access", &deny), ("group", FLAT)]);
    assert_eq!(verdict(&config, "carol"), PAM_SUCCESS);
}

#[test]
fn the_primary_group_is_a_gate_although_it_lists_nobody() {
    let site = Site::enter();
    let domain_users = format!("CN=Domain Users,CN=Users,{BASE}");
    for schema in [FLAT, NESTED] {
        let config = gate(&site, &domain_users, schema);
        assert_eq!(verdict(&config, "alice"), PAM_SUCCESS, "{schema}");
        assert_eq!(verdict(&config, "outsider"), PAM_SUCCESS, "{schema}");
        // Another primary group: the old one then lists the user.
        assert_eq!(verdict(&config, "elsewhere"), PAM_SUCCESS, "{schema}");
        let deny = format!("deny = \"{domain_users}\"");
        let config = site.config(&[("access", &deny), ("group", schema)]);
        assert_eq!(verdict(&config, "alice"), PAM_PERM_DENIED, "{schema}");
        let config = gate(&site, &group_dn("first"), schema);
        assert_eq!(verdict(&config, "elsewhere"), PAM_SUCCESS, "{schema}");
        assert_eq!(verdict(&config, "alice"), PAM_PERM_DENIED, "{schema}");
    }
}

#[test]
fn the_primary_groups_own_groups_count() {
    let site = Site::enter();
    let config = gate(&site, &group_dn("of-everybody"), NESTED);
    assert_eq!(verdict(&config, "alice"), PAM_SUCCESS);
    let config = gate(&site, &group_dn("of-everybody"), FLAT);
    assert_eq!(verdict(&config, "alice"), PAM_PERM_DENIED);
}

#[test]
fn what_the_token_does_not_have_is_found_by_levels_where_a_search_is_named() {
    let site = Site::enter();
    let search = format!("{NESTED}\nsearch = [ {{ base = \"{BASE}\" }} ]");
    // A group that is the same in every domain; "Domain Users" is a member of it.
    let builtin = format!("CN=Users,CN=Builtin,{BASE}");
    let distribution = group_dn("distribution");
    for group in [builtin, distribution] {
        let config = gate(&site, &group, &search);
        assert_eq!(verdict(&config, "carol"), PAM_SUCCESS, "{group}");
        let config = gate(&site, &group, NESTED);
        assert_eq!(verdict(&config, "carol"), PAM_PERM_DENIED, "{group}");
    }
}

#[test]
fn the_global_catalog_knows_nested_groups_too() {
    let site = Site::enter();
    let flags = format!("is_active = \"{}\"", group_dn("outer"));
    let config = site.config(&[
        ("flags", &flags),
        ("group", NESTED),
        ("server", "uris = [\"ldaps://127.0.0.1:3269\"]"),
    ]);
    assert_eq!(verdict(&config, "carol"), PAM_SUCCESS);
    assert_eq!(verdict(&config, "bob"), PAM_PERM_DENIED);
}

#[test]
fn member_of_has_direct_groups_and_not_the_primary_one() {
    let site = Site::enter();
    let schema = "type = \"member_of\"";
    let config = gate(&site, &group_dn("inner"), schema);
    assert_eq!(verdict(&config, "carol"), PAM_SUCCESS);
    assert_eq!(verdict(&config, "bob"), PAM_PERM_DENIED);
    let primary = format!("CN=Domain Users,CN=Users,{BASE}");
    for group in [group_dn("outer"), primary] {
        let config = gate(&site, &group, schema);
        assert_eq!(verdict(&config, "carol"), PAM_PERM_DENIED, "{group}");
    }
}
