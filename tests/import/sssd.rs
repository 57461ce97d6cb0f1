//! sssd.conf, key by key.

use crate::command::{Answer, import, import_with};

const BASE: &str = "ldap_uri = ldaps://dir.ficus.example
ldap_search_base = dc=ficus,dc=example
ldap_group_search_base = ou=groups,dc=ficus,dc=example
access_provider = simple
simple_allow_groups = in
";

fn with(lines: &str) -> Answer {
    import(
        "sssd.conf",
        format!("[domain/ficus.example]\nid_provider = ldap\n{BASE}{lines}\n"),
    )
}

#[test]
fn each_key_has_its_own() {
    for (line, key, value) in [
        (
            "",
            "flags.is_active",
            "\"cn=in,ou=groups,dc=ficus,dc=example\"",
        ),
        ("", "group.type", "\"posix_group\""),
        (
            "ldap_schema = rfc2307bis",
            "group.type",
            "\"group_of_names\"",
        ),
        ("ldap_schema = rfc2307bis", "group.nested", "true"),
        ("ldap_schema = ad", "group.type", "\"active_directory\""),
        (
            "ldap_schema = ad",
            "user.name_attribute",
            "\"sAMAccountName\"",
        ),
        (
            "ldap_group_member = isMember\nldap_schema = rfc2307bis",
            "group.member_attribute",
            "\"isMember\"",
        ),
        ("ldap_group_name = gid", "group.name_attribute", "\"gid\""),
        ("ldap_user_name = mail", "user.name_attribute", "\"mail\""),
        (
            "ldap_user_fullname = displayName",
            "user.attributes.full_name",
            "\"displayName\"",
        ),
        (
            "ldap_default_bind_dn = cn=box,o=x",
            "bind.dn",
            "\"cn=box,o=x\"",
        ),
        (
            "ldap_sasl_mech = EXTERNAL",
            "bind.mechanism",
            "\"external\"",
        ),
        ("ldap_tls_reqcert = allow", "tls.verify", "false"),
        ("ldap_tls_cacert = /a.pem", "tls.ca_file", "\"/a.pem\""),
        ("ldap_tls_cacertdir = /a", "tls.ca_dir", "\"/a\""),
        (
            "ldap_network_timeout = 2",
            "server.connect_timeout",
            "\"2s\"",
        ),
        ("ldap_opt_timeout = 4", "server.operation_timeout", "\"4s\""),
        ("offline_timeout = 90", "server.retry_after", "\"90s\""),
        ("cache_credentials = true", "offline.credentials", "true"),
        (
            "cache_credentials = true\n[pam]\noffline_credentials_expiration = 3",
            "offline.expire",
            "\"3d\"",
        ),
        (
            "[nss]\nfilter_users = root, ldapadmin",
            "user.exempt",
            "[\"root\", \"ldapadmin\"]",
        ),
        ("min_id = 500", "user.min_uid", "500"),
        ("case_sensitive = False", "user.canonical_name", "true"),
        ("case_sensitive = Preserving", "user.canonical_name", "true"),
        ("chpass_provider = none", "password.change", "\"off\""),
        (
            "simple_deny_groups = out",
            "access.deny",
            "\"cn=out,ou=groups,dc=ficus,dc=example\"",
        ),
        (
            "ldap_backup_uri = ldaps://b.example, ldaps://c.example",
            "server.uris",
            "[\"ldaps://dir.ficus.example\", \"ldaps://b.example\", \"ldaps://c.example\"]",
        ),
    ] {
        assert_eq!(with(line).value(key), Some(value), "{line}");
    }
}

/// sssd never sends a password in clear.
#[test]
fn ldap_is_ldap_with_start_tls() {
    let plain = with("ldap_uri = ldap://dir.ficus.example");
    assert_eq!(plain.value("server.start_tls"), Some("true"));
    assert!(
        plain
            .notes("warning")
            .iter()
            .all(|note| note["key"] != "server.start_tls")
    );
    let clear =
        with("ldap_uri = ldap://a.example\nldap_auth_disable_tls_never_use_in_production = true");
    assert_eq!(clear.value("server.allow_cleartext"), Some("true"));
    assert_eq!(clear.value("server.start_tls"), None);
}

#[test]
fn servers_by_dns() {
    let answer = with("ldap_uri = _srv_");
    assert_eq!(answer.value("server.srv_domain"), Some("\"ficus.example\""));
    let other = with("ldap_uri = _srv_\ndns_discovery_domain = trees.example");
    assert_eq!(other.value("server.srv_domain"), Some("\"trees.example\""));
}

#[test]
fn search_bases_may_have_scope_and_filter() {
    let answer = with("ldap_user_search_base = ou=a,o=x?onelevel?(cn=*)?ou=b,o=x?subtree?");
    assert_eq!(
        answer.value("user.search"),
        Some(
            "[{ base = \"ou=a,o=x\", scope = \"onelevel\", filter = \"(&(cn=*)(&(objectClass=posixAccount)(uid={user})))\" }, \
             { base = \"ou=b,o=x\", scope = \"subtree\", filter = \"(&(objectClass=posixAccount)(uid={user}))\" }]"
        )
    );
}

#[test]
fn rules_of_access_become_gates_or_stay_shut() {
    let ldap = |lines: &str| {
        with(&format!(
            "access_provider = ldap\nsimple_allow_groups =\n{lines}"
        ))
    };
    let filter = ldap("ldap_access_filter = (|(memberOf=cn=a,o=x)(memberOf=cn=b,o=x))");
    assert_eq!(
        filter.value("flags.is_active"),
        Some("{ any = [\"cn=a,o=x\", \"cn=b,o=x\"] }")
    );
    assert_eq!(
        filter.value("group.type"),
        Some("\"member_of\""),
        "memberUid of such a group has nobody"
    );
    let banned = ldap("ldap_access_filter = (!(memberOf=cn=a,o=x))");
    assert_eq!(banned.value("group.type"), Some("\"member_of\""));
    assert_eq!(banned.code, 0, "{}", banned.text);
    let chain = ldap("ldap_access_filter = memberOf:1.2.840.113556.1.4.1941:=cn=a,o=x");
    assert_eq!(chain.value("group.nested"), Some("true"));
    let flat = ldap("ldap_schema = rfc2307bis\nldap_access_filter = memberOf=cn=a,o=x");
    assert_eq!(
        flat.value("group.nested"),
        None,
        "memberOf has the direct groups"
    );
    let other = ldap("ldap_access_filter = (employeeType=gardener)");
    assert_eq!(other.value("access.require"), Some("\"FILL_IN\""));
    let order = ldap("ldap_access_order = host, authorized_service, expire");
    assert_eq!(order.value("access.host_attribute"), Some("\"host\""));
    assert_eq!(
        order.value("access.service_attribute"),
        Some("\"authorizedService\"")
    );
    assert_eq!(order.code, 1, "nobody says who is active");
    assert_eq!(
        ldap("ldap_access_order = rhost").value("access.require"),
        Some("\"FILL_IN\"")
    );
    for provider in ["permit", "deny", "krb5", "ad"] {
        assert_eq!(
            with(&format!("access_provider = {provider}")).code,
            1,
            "{provider}"
        );
    }
    let users = with("simple_deny_users = mallory");
    assert_eq!(users.value("access.deny"), Some("\"FILL_IN\""));
    assert!(!users.text.contains("mallory"));
}

/// sssd does not join lines (INI_PARSE_NOWRAP).
#[test]
fn a_key_that_is_set_in_is_a_key_of_its_own() {
    let answer = with(
        "description = our servers\n  simple_deny_groups = out\n\tmin_id = 5000\n  and no key",
    );
    assert_eq!(
        answer.value("access.deny"),
        Some("\"cn=out,ou=groups,dc=ficus,dc=example\"")
    );
    assert_eq!(answer.value("user.min_uid"), Some("5000"));
    assert!(
        answer.text.contains("this line is left out"),
        "{}",
        answer.text
    );
    let all = format!("[domain/a]\n  id_provider = ldap\n{BASE}");
    assert_eq!(
        import("sssd.conf", all).code,
        0,
        "a domain whose keys are all set in"
    );
}

#[test]
fn one_domain_is_chosen() {
    let domain = |name: &str, provider: &str| {
        format!(
            "[domain/{name}]\nid_provider = {provider}\n{}",
            BASE.replace("dir", name)
        )
    };
    let text = format!(
        "[sssd]\ndomains = b, c\n{}{}{}",
        domain("a", "ldap"),
        domain("b", "ad"),
        domain("c", "ldap")
    );
    let first = import("sssd.conf", &text);
    assert_eq!(
        first.value("server.uris"),
        Some("[\"ldaps://c.ficus.example\"]")
    );
    let asked = import_with("sssd.conf", &text, &["--domain", "a"]);
    assert_eq!(
        asked.value("server.uris"),
        Some("[\"ldaps://a.ficus.example\"]")
    );
    for (name, why) in [("b", "not of the LDAP provider"), ("z", "no [domain/z]")] {
        let answer = import_with("sssd.conf", &text, &["--domain", name]);
        assert_eq!(answer.code, 2);
        assert!(answer.errors.contains(why), "{}", answer.errors);
    }
    let two = import(
        "sssd.conf",
        text.replace("domains = b, c", "domains = a, c"),
    );
    assert_eq!(
        two.value("server.uris"),
        Some("[\"ldaps://a.ficus.example\"]")
    );
    assert!(
        two.text.contains("--domain takes another: a, c"),
        "{}",
        two.text
    );
    assert_eq!(import("sssd.conf", domain("b", "ad")).code, 2);
}
