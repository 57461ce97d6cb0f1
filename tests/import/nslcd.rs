//! nslcd.conf, key by key.

use crate::command::{Answer, import};

const BASE: &str = "uri ldaps://dir.ficus.example/
base dc=ficus,dc=example
base group ou=groups,dc=ficus,dc=example
pam_authz_search (&(objectClass=posixGroup)(cn=in)(memberUid=$username))
";

fn with(lines: &str) -> Answer {
    import("nslcd.conf", format!("{BASE}{lines}\n"))
}

#[test]
fn each_keyword_has_its_key() {
    for (line, key, value) in [
        ("binddn cn=box,o=x", "bind.dn", "\"cn=box,o=x\""),
        ("sasl_mech EXTERNAL", "bind.mechanism", "\"external\""),
        ("TLS_REQCERT never", "tls.verify", "false"),
        ("tls_cacertfile /a.pem", "tls.ca_file", "\"/a.pem\""),
        ("tls_cacertdir /a", "tls.ca_dir", "\"/a\""),
        (
            "tls_cert /a.pem\ntls_key /b.pem",
            "tls.client_key",
            "\"/b.pem\"",
        ),
        ("bind_timelimit 2", "server.connect_timeout", "\"2s\""),
        ("timelimit 4", "server.operation_timeout", "\"4s\""),
        ("reconnect_retrytime 20", "server.retry_after", "\"20s\""),
        ("nss_min_uid 500", "user.min_uid", "500"),
        ("ignorecase yes", "user.canonical_name", "true"),
        (
            "map passwd uid loginName",
            "user.name_attribute",
            "\"loginName\"",
        ),
        (
            "map group member isMember",
            "group.member_attribute",
            "\"isMember\"",
        ),
        (
            "pam_password_prohibit_message \"Ask Ivy\"",
            "password.prohibit_message",
            "\"Ask Ivy\"",
        ),
        (
            "pam_authc_ppolicy no",
            "access.account_state",
            "[\"shadow\", \"active_directory\", \"389ds\"]",
        ),
        (
            "uri ldaps://b.example",
            "server.uris",
            "[\"ldaps://dir.ficus.example\", \"ldaps://b.example\"]",
        ),
    ] {
        assert_eq!(with(line).value(key), Some(value), "{line}");
    }
}

#[test]
fn the_last_of_several_settings_counts() {
    for (lines, key) in [
        ("tls_reqcert never\ntls_reqcert demand", "tls.verify"),
        ("tls_reqcert allow\ntls_reqcert try", "tls.verify"),
        ("ignorecase yes\nignorecase no", "user.canonical_name"),
        (
            "pam_authc_ppolicy no\npam_authc_ppolicy yes",
            "access.account_state",
        ),
    ] {
        let answer = with(lines);
        assert_eq!(answer.value(key), None, "{lines}");
        assert!(!answer.text.contains("can read passwords"), "{lines}");
    }
    let off = with("tls_reqcert demand\ntls_reqcert never");
    assert_eq!(off.value("tls.verify"), Some("false"));
}

#[test]
fn users_are_searched_with_base_scope_filter_and_map() {
    let answer = with(
        "base passwd ou=a,dc=ficus,dc=example\nbase passwd ou=b,dc=ficus,dc=example\nscope one\n\
         filter passwd (&(objectClass=user)(!(cn={x})))\nmap passwd uid sAMAccountName",
    );
    let filter = "(&(&(objectClass=user)(!(cn=\\\\7bx\\\\7d)))(sAMAccountName={user}))";
    assert_eq!(
        answer.value("user.search"),
        Some(
            format!(
                "[{{ base = \"ou=a,dc=ficus,dc=example\", scope = \"onelevel\", filter = \"{filter}\" }}, \
                 {{ base = \"ou=b,dc=ficus,dc=example\", scope = \"onelevel\", filter = \"{filter}\" }}]"
            )
            .as_str()
        )
    );
}

#[test]
fn servers_by_dns() {
    let lines = BASE.replace(
        "uri ldaps://dir.ficus.example/",
        "uri DNS:ficus.example\nssl start_tls",
    );
    let answer = import("nslcd.conf", lines);
    assert_eq!(answer.value("server.srv_domain"), Some("\"ficus.example\""));
    assert_eq!(answer.value("server.start_tls"), Some("true"));
    let own = import(
        "nslcd.conf",
        BASE.replace("uri ldaps://dir.ficus.example/", "uri DNSLDAPS"),
    );
    assert_eq!(own.code, 1);
    assert!(own.text.contains("# srv_domain = "), "{}", own.text);
}

#[test]
fn groups_of_active_directory_are_recognised() {
    let answer = with("filter group (objectClass=group)\nmap group uniqueMember member");
    let authz = answer.value("group.type");
    assert_eq!(
        authz,
        Some("\"posix_group\""),
        "what the gate asks for counts"
    );
    let gate = "pam_authz_search (&(objectClass=user)(uid=$username)(memberOf=cn=in,o=x))";
    let lines: Vec<&str> = BASE
        .lines()
        .map(|line| {
            if line.starts_with("pam_authz") {
                gate
            } else {
                line
            }
        })
        .collect();
    let text = format!(
        "{}\nfilter group (objectClass=group)\nmap group member member\n",
        lines.join("\n")
    );
    assert_eq!(
        import("nslcd.conf", text).value("group.type"),
        Some("\"active_directory\"")
    );
}

#[test]
fn a_socket_keeps_its_slash() {
    let answer = import(
        "nslcd.conf",
        BASE.replace("ldaps://dir.ficus.example/", "ldapi:///"),
    );
    assert_eq!(answer.value("server.uris"), Some("[\"ldapi:///\"]"));
    assert_eq!(answer.code, 0, "{}", answer.text);
}

#[test]
fn ssl_on_is_ldaps() {
    let answer = import(
        "nslcd.conf",
        BASE.replace("ldaps://", "ldap://") + "ssl on\n",
    );
    assert_eq!(
        answer.value("server.uris"),
        Some("[\"ldaps://dir.ficus.example\"]")
    );
}

#[test]
fn searches_that_decide_become_gates() {
    let with = |search: &str| {
        let lines: Vec<&str> = BASE
            .lines()
            .filter(|line| !line.starts_with("pam_authz"))
            .collect();
        import(
            "nslcd.conf",
            format!("{}\npam_authz_search {search}\n", lines.join("\n")),
        )
    };
    let member_of = with("(&(objectClass=posixAccount)(uid=$username)(memberOf=cn=in,o=x))");
    assert_eq!(member_of.code, 0, "{}", member_of.text);
    assert_eq!(member_of.value("flags.is_active"), Some("\"cn=in,o=x\""));
    assert_eq!(member_of.value("group.type"), Some("\"group_of_names\""));
    let mixed = with(
        "(&(uid=$username)(|(memberOf=cn=a,o=x)(memberOf:1.2.840.113556.1.4.1941:=cn=b,o=x)))",
    );
    assert_eq!(
        mixed.code, 1,
        "direct members of one group, and all of another: here it is one or the other"
    );
    assert!(
        mixed
            .todo()
            .iter()
            .any(|note| note["key"] == "group.nested")
    );
    let by_name = with("(&(objectClass=groupOfNames)(cn=in)(member=$dn))");
    assert_eq!(
        by_name.value("flags.is_active"),
        Some("\"cn=in,ou=groups,dc=ficus,dc=example\"")
    );
    assert!(by_name.about("pam_authz_search").contains("a guess"));
    let host = with("(&(uid=$username)(|(host=$hostname)(host=$fqdn)(host=\\2a)))");
    assert_eq!(host.value("access.host_attribute"), Some("\"host\""));
    assert_eq!(host.code, 1, "nobody says who is active");
    let service = with("(&(uid=$username)(|(authorizedService=$service)(authorizedService=\\2a)))");
    assert_eq!(
        service.value("access.service_attribute"),
        Some("\"authorizedService\"")
    );
    for other in [
        "(&(uid=$username)(description=$rhost))",
        "(&(uid=$username)(!(loginDisabled=*)))",
        "(&(uid=$username)(!(host=$hostname)))",
        "(&(uid=$username)(|(host=$hostname)(cn=x)))",
        "(host=$hostname)",
        "(host=$fqdn)",
        "(|(host=$fqdn)(host=\\2a))",
        "(|(host=$hostname)(host=$fqdn))",
        "(|(host=$hostname)(host=$fqdn)(host=$domain)(host=\\2a))",
        "(authorizedService=$service)",
        "(&(objectClass=gardener)(uid=$username)(memberOf=cn=in,o=x))",
        "(&(helper=$username)(memberOf=cn=in,o=x))",
        "(&(cn=in)(memberUid=$username)(description=open))",
        "(&(cn=in)(memberUid=$dn))",
        "(&(cn=in)(member=$username))",
        "(uid=$username",
    ] {
        let answer = with(other);
        assert_eq!(answer.code, 1, "{other}");
        assert_eq!(
            answer.value("access.require"),
            Some("\"FILL_IN\""),
            "{other}"
        );
    }
    // The gate asks for the attribute that it names, whatever NSS has in its place.
    let other = with("(&(cn=in)(memberUid=$username))\nmap group uniqueMember member");
    assert!(other.todo().iter().any(|note| note["key"] == "group.type"));
    let same = with("(&(cn=in)(member=$dn))\nmap group uniqueMember member");
    assert_eq!(same.code, 0, "{}", same.text);
    let two = with("(memberOf=cn=a,o=x)\npam_authz_search (&(cn=in)(memberUid=$username))");
    assert!(two.todo().iter().any(|note| note["key"] == "group.type"));
}
