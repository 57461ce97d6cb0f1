//! Environment files of NetBox's container image.

use crate::command::import;

const BASE: &str = "AUTH_LDAP_SERVER_URI=ldaps://dir.ficus.example
AUTH_LDAP_USER_SEARCH_BASEDN=ou=people,dc=ficus,dc=example
AUTH_LDAP_REQUIRE_GROUP_DN=cn=on,dc=ficus,dc=example
";

#[test]
fn defaults_are_those_of_the_image() {
    let answer = import("netbox.env", BASE);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(
        answer.value("user.name_attribute"),
        Some("\"sAMAccountName\"")
    );
    assert!(
        answer
            .value("user.search")
            .unwrap()
            .contains("(sAMAccountName={user})")
    );
    assert_eq!(answer.value("group.type"), Some("\"group_of_names\""));
    assert_eq!(
        answer.value("flags.is_active"),
        Some("\"cn=on,dc=ficus,dc=example\"")
    );
    assert_eq!(answer.value("access.require"), None, "it is asked for once");
    assert_eq!(
        answer.value("user.attributes.first_name"),
        Some("\"givenName\"")
    );
}

#[test]
fn quotes_and_comments_are_taken_as_compose_takes_them() {
    for line in [
        "AUTH_LDAP_BIND_DN=cn=box,o=x",
        "AUTH_LDAP_BIND_DN=\"cn=box,o=x\"",
        "AUTH_LDAP_BIND_DN='cn=box,o=x' # who asks",
        "AUTH_LDAP_BIND_DN=cn=box,o=x # who asks",
        "export AUTH_LDAP_BIND_DN=cn=box,o=x",
        "AUTH_LDAP_BIND_DN=cn=old,o=x\nAUTH_LDAP_BIND_DN=cn=box,o=x",
    ] {
        let answer = import("netbox.env", format!("{BASE}{line}\n"));
        assert_eq!(answer.value("bind.dn"), Some("\"cn=box,o=x\""), "{line}");
    }
}

#[test]
fn another_variable_in_a_value_is_not_resolved() {
    let text = BASE.replace("cn=on,dc=ficus,dc=example", "cn=on,${TREE}");
    let answer = import("netbox.env", text);
    assert_eq!(answer.code, 1);
    assert_eq!(answer.value("flags.is_active"), Some("\"FILL_IN\""));
}

#[test]
fn other_variables_of_the_file_are_of_no_interest() {
    let answer = import(
        "netbox.env",
        format!("DB_PASSWORD=J5brHrAX\nnot a variable\n{BASE}"),
    );
    assert_eq!(answer.code, 0);
    assert!(!answer.text.contains("J5brHrAX") && !answer.text.contains("DB_PASSWORD"));
    assert!(answer.text.contains("netbox.env:2"), "{}", answer.text);
}
