//! PADL's ldap.conf, key by key.

use crate::command::{Answer, import};

const BASE: &str = "uri ldaps://dir.ficus.example/
base dc=ficus,dc=example
pam_groupdn cn=in,dc=ficus,dc=example
pam_password exop
";

fn with(lines: &str) -> Answer {
    import("pam_ldap.conf", format!("{BASE}{lines}\n"))
}

#[test]
fn each_keyword_has_its_key() {
    for (line, key, value) in [
        ("", "flags.is_active", "\"cn=in,dc=ficus,dc=example\""),
        (
            "pam_member_attribute member",
            "group.type",
            "\"group_of_names\"",
        ),
        (
            "pam_member_attribute uniquemember",
            "group.type",
            "\"group_of_unique_names\"",
        ),
        (
            "pam_member_attribute isMember",
            "group.member_attribute",
            "\"isMember\"",
        ),
        ("binddn cn=box,o=x", "bind.dn", "\"cn=box,o=x\""),
        ("rootbinddn cn=box,o=x", "bind.dn", "\"cn=box,o=x\""),
        (
            "binddn cn=box,o=x\nrootbinddn cn=root,o=x",
            "bind.dn",
            "\"cn=box,o=x\"",
        ),
        ("tls_checkpeer no", "tls.verify", "false"),
        ("tls_cacertfile /a.pem", "tls.ca_file", "\"/a.pem\""),
        ("TLS_CACERT /a.pem", "tls.ca_file", "\"/a.pem\""),
        ("bind_timelimit 2", "server.connect_timeout", "\"2s\""),
        ("timelimit 4", "server.operation_timeout", "\"4s\""),
        ("pam_min_uid 500", "user.min_uid", "500"),
        (
            "pam_check_host_attr yes",
            "access.host_attribute",
            "\"host\"",
        ),
        (
            "pam_check_service_attr yes",
            "access.service_attribute",
            "\"authorizedService\"",
        ),
        ("pam_password ad", "password.change", "\"ad\""),
        (
            "pam_password_prohibit_message Ask Ivy",
            "password.prohibit_message",
            "\"Ask Ivy\"",
        ),
        (
            "pam_login_attribute mail",
            "user.name_attribute",
            "\"mail\"",
        ),
    ] {
        assert_eq!(with(line).value(key), Some(value), "{line}");
    }
}

#[test]
fn hosts_and_a_port_become_uris() {
    for (lines, uris) in [
        (
            "host a.example b.example\nport 3389\nssl start_tls",
            "[\"ldap://a.example:3389\", \"ldap://b.example:3389\"]",
        ),
        (
            "host a.example:4389\nport 3389",
            "[\"ldap://a.example:4389\"]",
        ),
        ("host a.example\nssl on", "[\"ldaps://a.example\"]"),
        ("host 2001:db8::7\nssl on", "[\"ldaps://[2001:db8::7]\"]"),
    ] {
        let text = BASE.replace("uri ldaps://dir.ficus.example/", lines);
        let answer = import("ldap.conf", text);
        assert_eq!(answer.value("server.uris"), Some(uris), "{lines}");
        assert_eq!(answer.code, 0, "{}", answer.text);
    }
}

#[test]
fn the_last_of_several_settings_counts() {
    for (lines, key) in [
        ("tls_checkpeer no\ntls_checkpeer yes", "tls.verify"),
        (
            "pam_check_host_attr yes\npam_check_host_attr no",
            "access.host_attribute",
        ),
        (
            "pam_check_service_attr yes\npam_check_service_attr no",
            "access.service_attribute",
        ),
    ] {
        assert_eq!(with(lines).value(key), None, "{lines}");
    }
}

#[test]
fn users_are_searched_where_nss_looks_and_with_the_filter_of_pam() {
    let answer = with(
        "nss_base_passwd ou=a,?one?(cn=*)\nnss_base_passwd ou=b,dc=ficus,dc=example\npam_filter objectClass=account",
    );
    assert_eq!(
        answer.value("user.search"),
        Some(
            "[{ base = \"ou=a,dc=ficus,dc=example\", scope = \"onelevel\", filter = \"(&(&(cn=*)(objectClass=account))(uid={user}))\" }, \
             { base = \"ou=b,dc=ficus,dc=example\", scope = \"subtree\", filter = \"(&(objectClass=account)(uid={user}))\" }]"
        )
    );
}

#[test]
fn without_a_group_the_reader_has_to_choose() {
    let answer = import("ldap.conf", BASE.replace("pam_groupdn", "# pam_groupdn"));
    assert_eq!(answer.code, 1);
    assert_eq!(answer.todo()[0]["key"], "flags.is_active");
}
