//! Group schemas: who is a member of what.

use crate::common::directory::{BASE, GROUPS, group_dn, user_dn};
use crate::common::pam::{PAM_PERM_DENIED, PAM_SERVICE_ERR, PAM_SUCCESS};
use crate::common::slapd::Slapd;
use crate::fixture::{account, auth_right, awkward_group, server};
use std::path::PathBuf;

/// A configuration whose only gate is this group, of this type.
fn gate(server: &Slapd, kind: &str, object_class: &str, group: &str) -> PathBuf {
    let section = format!(
        "{kind}\nsearch = [ {{ base = \"{GROUPS}\", scope = \"subtree\", \
         filter = \"(objectClass={object_class})\" }} ]"
    );
    server.config(&[
        ("group", &section),
        ("flags", &format!("is_active = '{group}'")),
    ])
}

#[test]
fn members_of_every_group_schema_are_found_and_others_are_not() {
    let server = server();
    for (kind, object_class, name) in [
        ("type = \"group_of_names\"", "groupOfNames", "staff"),
        (
            "type = \"group_of_unique_names\"",
            "groupOfUniqueNames",
            "unique",
        ),
        (
            "type = \"organizational_role\"",
            "organizationalRole",
            "role",
        ),
        ("type = \"posix_group\"", "posixGroup", "posix"),
        (
            "member_attribute = \"exampleMember\"",
            "exampleGroup",
            "own",
        ),
    ] {
        let config = gate(&server, kind, object_class, &group_dn(name));
        assert_eq!(
            auth_right(&config, "alice"),
            PAM_SUCCESS,
            "{kind}: alice is a member"
        );
        assert_eq!(
            account(&config, "alice"),
            PAM_SUCCESS,
            "{kind}: alice is a member"
        );
        assert_eq!(
            auth_right(&config, "bob"),
            PAM_PERM_DENIED,
            "{kind}: bob is not a member"
        );
        assert_eq!(
            account(&config, "bob"),
            PAM_PERM_DENIED,
            "{kind}: bob is not a member"
        );
    }
}

#[test]
fn a_group_of_another_schema_has_no_members() {
    let server = server();
    let config = gate(
        &server,
        "type = \"group_of_names\"",
        "groupOfNames",
        &group_dn("unique"),
    );
    assert_eq!(auth_right(&config, "alice"), PAM_PERM_DENIED);
}

#[test]
fn the_primary_group_of_a_posix_account_counts() {
    let server = server();
    let config = gate(
        &server,
        "type = \"posix_group\"",
        "posixGroup",
        &group_dn("primary"),
    );
    assert_eq!(auth_right(&config, "pat"), PAM_SUCCESS, "by gidNumber");
    assert_eq!(account(&config, "pat"), PAM_SUCCESS, "by gidNumber");
    assert_eq!(
        auth_right(&config, "alice"),
        PAM_PERM_DENIED,
        "no gidNumber, not listed"
    );
    let other = gate(
        &server,
        "type = \"posix_group\"",
        "posixGroup",
        &group_dn("posix"),
    );
    assert_eq!(
        auth_right(&other, "pat"),
        PAM_PERM_DENIED,
        "another gidNumber, not listed"
    );
}

#[test]
fn a_primary_group_that_is_hidden_may_be_any() {
    let server = server();
    let kind = ("group", "type = \"posix_group\"");
    let flags = format!("is_active = {{ not = '{}' }}", group_dn("primary"));
    let config = server.config(&[kind, ("flags", &flags)]);
    for (user, code) in [
        ("pat", PAM_PERM_DENIED),
        ("hugh", PAM_PERM_DENIED),
        ("alice", PAM_SUCCESS),
    ] {
        assert_eq!(account(&config, user), code, "{user}");
    }
}

/// RFC 4517 §4.2.31: `DN#'0101'B` is not the entry of that name, but the one of that name and
/// identifier; the server compares.
#[test]
fn a_unique_member_with_an_identifier_is_another_one() {
    let server = server();
    let kind = "type = \"group_of_unique_names\"";
    let config = gate(&server, kind, "groupOfUniqueNames", &group_dn("identified"));
    assert_eq!(account(&config, "alice"), PAM_PERM_DENIED);
    assert_eq!(account(&config, "bob"), PAM_PERM_DENIED);
}

#[test]
fn nobody_is_proven_to_be_outside_of_a_group_that_may_be_the_primary_one() {
    let server = server();
    let kind = "type = \"active_directory\"";
    for (access, code) in [("require", PAM_SUCCESS), ("deny", PAM_PERM_DENIED)] {
        let access = format!("{access} = '{}'", group_dn("staff"));
        let config = server.config(&[("group", kind), ("access", &access)]);
        assert_eq!(auth_right(&config, "alice"), code, "{access}");
        // slapd knows no primaryGroupID.
        assert_eq!(auth_right(&config, "bob"), PAM_PERM_DENIED, "{access}");
    }
}

#[test]
fn a_group_whose_dn_needs_escaping_is_found() {
    let server = server();
    let config = gate(
        &server,
        "type = \"group_of_names\"",
        "groupOfNames",
        &awkward_group(),
    );
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth_right(&config, "bob"), PAM_PERM_DENIED);
}

#[test]
fn a_member_of_a_member_is_not_a_member_unless_groups_are_nested() {
    let server = server();
    let config = gate(
        &server,
        "type = \"group_of_names\"",
        "groupOfNames",
        &group_dn("outer"),
    );
    assert_eq!(auth_right(&config, "alice"), PAM_PERM_DENIED);
}

#[test]
fn the_dn_of_a_group_is_compared_as_a_dn() {
    let server = server();
    for spelled in [
        "CN=Active, OU=Groups,  DC=example,DC=com",
        "commonName=active,organizationalUnitName=groups,0.9.2342.19200300.100.1.25=example,dc=com",
    ] {
        let config = server.config(&[("flags", &format!("is_active = \"{spelled}\""))]);
        assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS, "{spelled}");
        assert_eq!(auth_right(&config, "carol"), PAM_PERM_DENIED, "{spelled}");
    }
}

#[test]
fn a_group_that_does_not_exist_has_no_members() {
    let server = server();
    let missing = group_dn("missing");
    let config = server.config(&[("flags", &format!("is_active = \"{missing}\""))]);
    assert_eq!(auth_right(&config, "alice"), PAM_PERM_DENIED);
    assert_eq!(account(&config, "alice"), PAM_PERM_DENIED);
    let elsewhere = server.config(&[("flags", &format!("is_active = \"cn=x,ou=missing,{BASE}\""))]);
    assert_eq!(auth_right(&elsewhere, "alice"), PAM_PERM_DENIED);
}

#[test]
fn a_missing_group_that_would_keep_people_out_is_an_error_of_the_configuration() {
    let server = server();
    let missing = group_dn("missing");
    for access in [
        format!("deny = \"{missing}\""),
        format!("require = {{ not = \"{missing}\" }}"),
        format!("require = {{ all = [\"is_active\", {{ not = \"{missing}\" }}] }}"),
        format!("deny = [\"{}\", \"{missing}\"]", group_dn("banned")),
    ] {
        let config = server.config(&[("access", &access)]);
        assert_eq!(auth_right(&config, "alice"), PAM_SERVICE_ERR, "{access}");
        assert_eq!(account(&config, "alice"), PAM_SERVICE_ERR, "{access}");
    }
}

#[test]
fn a_group_that_may_not_be_read_lets_nobody_in() {
    let server = server();
    // One is hidden altogether (noSuchObject), of the second only the existence may be known
    // (insufficientAccessRights), and of the third everything but the members.
    for name in ["hidden", "unreadable", "opaque"] {
        let group = group_dn(name);
        let required = server.config(&[("access", &format!("require = \"{group}\""))]);
        assert_eq!(auth_right(&required, "alice"), PAM_PERM_DENIED, "{name}");
        assert_eq!(account(&required, "alice"), PAM_PERM_DENIED, "{name}");
        let denied = server.config(&[("access", &format!("deny = \"{group}\""))]);
        assert_ne!(
            auth_right(&denied, "alice"),
            PAM_SUCCESS,
            "{name}: alice is in it"
        );
        assert_ne!(
            auth_right(&denied, "sue"),
            PAM_SUCCESS,
            "{name}: nobody can tell"
        );
    }
}

#[test]
fn groups_are_asked_about_as_the_user_where_that_is_configured() {
    let server = server();
    let access = format!("require = \"{}\"", group_dn("private"));
    let as_service = server.config(&[("access", &access)]);
    assert_eq!(
        auth_right(&as_service, "alice"),
        PAM_PERM_DENIED,
        "only alice may read the group"
    );
    let as_user = server.config(&[("access", &access), ("+bind", "as_user = true")]);
    let watch = server.watch();
    assert_eq!(auth_right(&as_user, "alice"), PAM_SUCCESS);
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 1, "{operations:#?}");
    assert_eq!(
        auth_right(&as_user, "bob"),
        PAM_PERM_DENIED,
        "bob is in it but may not read it"
    );
    assert_eq!(auth_right(&as_user, "carol"), PAM_PERM_DENIED);
}

/// slapd may end an anonymous connection with more than 100 requests that wait.
#[test]
fn hundreds_of_questions_are_asked_in_portions() {
    let server = server();
    let missing: Vec<String> = (0..400)
        .map(|n| group_dn(&format!("missing-{n}")))
        .collect();
    let access = format!("require = {{ any = {missing:?} }}");
    let config = server.config(&[("access", &access), ("bind", "")]);
    let watch = server.watch();
    assert_eq!(account(&config, "alice"), PAM_PERM_DENIED);
    let operations = watch.operations();
    assert_eq!(operations.connections, 1, "{operations:#?}");
    for group in &missing {
        assert_eq!(operations.questions_about(group), 1, "{group}");
    }
    let members = |line: &String| line.contains(" SRCH attr=") && line.contains("member");
    assert!(!operations.lines.iter().any(members), "{operations:#?}");
}
