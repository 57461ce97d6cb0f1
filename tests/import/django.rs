//! Settings of django-auth-ldap and NetBox, one by one.

use crate::command::{Answer, import};

const HEAD: &str = "\
import ldap
from django_auth_ldap import config
from django_auth_ldap.config import *
AUTH_LDAP_SERVER_URI = 'ldaps://dir.ficus.example'
";
const USERS: &str = "AUTH_LDAP_USER_SEARCH = LDAPSearch('ou=people,dc=ficus,dc=example', ldap.SCOPE_ONELEVEL, '(uid=%(user)s)')\n";
const ACTIVE: &str = "AUTH_LDAP_USER_FLAGS_BY_GROUP = {'is_active': 'cn=on,dc=ficus,dc=example'}\n";

/// A complete file with these lines; it has to be complete still.
fn good(lines: &str) -> Answer {
    let answer = import("ldap_config.py", format!("{HEAD}{USERS}{ACTIVE}{lines}\n"));
    assert_eq!(answer.code, 0, "{lines}\n{}", answer.text);
    answer
}

fn without_gates(lines: &str) -> Answer {
    import("ldap_config.py", format!("{HEAD}{USERS}{lines}\n"))
}

#[test]
fn each_setting_has_its_key() {
    for (line, key, value) in [
        (
            "AUTH_LDAP_BIND_DN = 'cn=box,dc=ficus,dc=example'",
            "bind.dn",
            "\"cn=box,dc=ficus,dc=example\"",
        ),
        (
            "AUTH_LDAP_BIND_AS_AUTHENTICATING_USER = True",
            "bind.as_user",
            "true",
        ),
        ("LDAP_IGNORE_CERT_ERRORS = True", "tls.verify", "false"),
        (
            "LDAP_CA_CERT_FILE = '/etc/ssl/ficus.pem'",
            "tls.ca_file",
            "\"/etc/ssl/ficus.pem\"",
        ),
        (
            "LDAP_CA_CERT_DIR = '/etc/ssl/ficus'",
            "tls.ca_dir",
            "\"/etc/ssl/ficus\"",
        ),
        (
            "AUTH_LDAP_CONNECTION_OPTIONS = {ldap.OPT_NETWORK_TIMEOUT: 4}",
            "server.connect_timeout",
            "\"4s\"",
        ),
        (
            "AUTH_LDAP_CONNECTION_OPTIONS = {ldap.OPT_TIMEOUT: 2.5}",
            "server.operation_timeout",
            "\"2500ms\"",
        ),
        (
            "AUTH_LDAP_CONNECTION_OPTIONS = {ldap.OPT_X_TLS_CACERTFILE: '/a.pem', ldap.OPT_X_TLS_NEWCTX: 0}",
            "tls.ca_file",
            "\"/a.pem\"",
        ),
        (
            "ldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_NEVER)",
            "tls.verify",
            "false",
        ),
        (
            "AUTH_LDAP_USER_DN_TEMPLATE = 'uid=%(user)s,ou=people,dc=ficus,dc=example'",
            "user.dn_template",
            "\"uid={user},ou=people,dc=ficus,dc=example\"",
        ),
        (
            "AUTH_LDAP_USER_ATTR_MAP = {'email': 'mail'}",
            "user.attributes.email",
            "\"mail\"",
        ),
        (
            "AUTH_LDAP_DENY_GROUP = 'cn=off,dc=ficus,dc=example'",
            "access.deny",
            "\"cn=off,dc=ficus,dc=example\"",
        ),
        (
            "AUTH_LDAP_REQUIRE_GROUP = 'cn=in,dc=ficus,dc=example'",
            "access.require",
            "\"cn=in,dc=ficus,dc=example\"",
        ),
        (
            "AUTH_LDAP_USER_FLAGS_BY_GROUP['is_staff'] = ('cn=a,o=x', 'cn=b,o=x')",
            "flags.is_staff",
            "{ any = [\"cn=a,o=x\", \"cn=b,o=x\"] }",
        ),
    ] {
        assert_eq!(good(line).value(key), Some(value), "{line}");
    }
}

#[test]
fn searches_keep_base_scope_and_filter() {
    let answer = good(
        "AUTH_LDAP_USER_SEARCH = config.LDAPSearchUnion(\n\
         \x20 LDAPSearch('ou=a,dc=x', ldap.SCOPE_SUBTREE, '(&(objectClass=person)(cn=100%%)(uid=%(user)s))'),\n\
         \x20 LDAPSearch(base_dn='ou=b,dc=x', scope=1, filterstr='uid=%(user)s'),\n\
         )",
    );
    assert_eq!(
        answer.value("user.search"),
        Some(
            "[{ base = \"ou=a,dc=x\", scope = \"subtree\", filter = \"(&(objectClass=person)(cn=100%)(uid={user}))\" }, \
             { base = \"ou=b,dc=x\", scope = \"onelevel\", filter = \"uid={user}\" }]"
        )
    );
    assert!(
        answer
            .about("AUTH_LDAP_USER_SEARCH")
            .contains("is passed over")
    );
    let groups = good("AUTH_LDAP_GROUP_SEARCH = LDAPSearch('ou=g,dc=x', ldap.SCOPE_BASE)");
    assert_eq!(
        groups.value("group.search"),
        Some("[{ base = \"ou=g,dc=x\", scope = \"base\", filter = \"(objectClass=*)\" }]")
    );
}

#[test]
fn every_group_type_has_its_equivalent() {
    for (class, key, value) in [
        ("GroupOfNamesType()", "type", "\"group_of_names\""),
        (
            "GroupOfUniqueNamesType()",
            "type",
            "\"group_of_unique_names\"",
        ),
        (
            "ActiveDirectoryGroupType(name_attr='cn')",
            "type",
            "\"active_directory\"",
        ),
        (
            "OrganizationalRoleGroupType()",
            "type",
            "\"organizational_role\"",
        ),
        ("PosixGroupType('gidName')", "type", "\"posix_group\""),
        ("PosixGroupType('gidName')", "name_attribute", "\"gidName\""),
        (
            "MemberDNGroupType('listOf', name_attr='title')",
            "member_attribute",
            "\"listOf\"",
        ),
        (
            "MemberDNGroupType('listOf', name_attr='title')",
            "name_attribute",
            "\"title\"",
        ),
        (
            "config.MemberDNGroupType(member_attr='listOf')",
            "member_attribute",
            "\"listOf\"",
        ),
    ] {
        let answer = good(&format!("AUTH_LDAP_GROUP_TYPE = {class}"));
        assert_eq!(
            answer.value(&format!("group.{key}")),
            Some(value),
            "{class}"
        );
        assert_eq!(answer.value("group.nested"), None, "{class}");
    }
    let search = "AUTH_LDAP_GROUP_SEARCH = LDAPSearch('ou=g,dc=x', ldap.SCOPE_SUBTREE)\n";
    for (class, value) in [
        ("NestedGroupOfNamesType()", "\"group_of_names\""),
        (
            "NestedGroupOfUniqueNamesType()",
            "\"group_of_unique_names\"",
        ),
        ("NestedActiveDirectoryGroupType()", "\"active_directory\""),
        (
            "NestedOrganizationalRoleGroupType()",
            "\"organizational_role\"",
        ),
    ] {
        let answer = good(&format!("{search}AUTH_LDAP_GROUP_TYPE = {class}"));
        assert_eq!(answer.value("group.type"), Some(value), "{class}");
        assert_eq!(answer.value("group.nested"), Some("true"), "{class}");
    }
    for class in ["NISGroupType()", "OurOwnGroupType()"] {
        let lines = format!("{ACTIVE}AUTH_LDAP_GROUP_TYPE = {class}");
        assert_eq!(without_gates(&lines).code, 1, "{class}");
    }
}

#[test]
fn queries_keep_their_operators_and_their_order() {
    for (query, expected) in [
        ("LDAPGroupQuery('cn=a,o=x')", "\"cn=a,o=x\""),
        ("LDAPGroupQuery('cn=a,o=x') & 'x'", ""),
        (
            "LDAPGroupQuery('cn=a,o=x') & LDAPGroupQuery('cn=b,o=x') & LDAPGroupQuery('cn=c,o=x')",
            "{ all = [\"cn=a,o=x\", \"cn=b,o=x\", \"cn=c,o=x\"] }",
        ),
        (
            "LDAPGroupQuery('cn=a,o=x') | ~(LDAPGroupQuery('cn=b,o=x') & ~LDAPGroupQuery('cn=c,o=x'))",
            "{ any = [\"cn=a,o=x\", { not = { all = [\"cn=b,o=x\", { not = \"cn=c,o=x\" }] } }] }",
        ),
    ] {
        let answer = without_gates(&format!("{ACTIVE}AUTH_LDAP_REQUIRE_GROUP = {query}"));
        if expected.is_empty() {
            assert_eq!(
                answer.value("access.require"),
                Some("\"FILL_IN\""),
                "{query}"
            );
        } else {
            assert_eq!(answer.value("access.require"), Some(expected), "{query}");
        }
    }
}

#[test]
fn the_required_group_is_is_active_where_there_is_no_other() {
    let answer = without_gates("AUTH_LDAP_REQUIRE_GROUP = 'cn=in,o=x'");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.value("flags.is_active"), Some("\"cn=in,o=x\""));
    assert_eq!(answer.value("access.require"), None);
    assert!(
        answer
            .about("AUTH_LDAP_REQUIRE_GROUP")
            .contains("here it is final")
    );
}

#[test]
fn without_any_gate_the_reader_has_to_choose() {
    let answer = without_gates("");
    assert_eq!(answer.code, 1);
    assert_eq!(answer.value("flags.is_active"), None);
    assert!(
        answer.text.contains("# is_active = \"cn=active,"),
        "{}",
        answer.text
    );
    let [todo] = answer.todo()[..] else {
        panic!("{:#?}", answer.todo())
    };
    assert_eq!(todo["key"], "flags.is_active");
}

/// What is not known keeps a gate shut: the module refuses the placeholder.
#[test]
fn a_gate_that_cannot_be_told_stays_shut() {
    for (lines, key) in [
        ("AUTH_LDAP_REQUIRE_GROUP = find()", "access.require"),
        ("AUTH_LDAP_DENY_GROUP = find()", "access.deny"),
        (
            "AUTH_LDAP_USER_FLAGS_BY_GROUP['is_active'] = find()",
            "flags.is_active",
        ),
        ("AUTH_LDAP_USER_FLAGS_BY_GROUP = find()", "flags.is_active"),
        (
            "AUTH_LDAP_USER_FLAGS_BY_GROUP.update(is_active=1)",
            "flags.is_active",
        ),
        ("AUTH_LDAP_USER_FLAGS_BY_GROUP = {**A}", "flags.is_active"),
        (
            "AUTH_LDAP_REQUIRE_GROUP = ['cn=a,o=x', find()]",
            "access.require",
        ),
    ] {
        let answer = without_gates(&format!("{ACTIVE}{lines}"));
        assert_eq!(answer.code, 1, "{lines}");
        assert_eq!(
            answer.value(key),
            Some("\"FILL_IN\""),
            "{lines}\n{}",
            answer.text
        );
        let error = pam_rsldap::config::parse(&answer.text, std::path::Path::new("x")).unwrap_err();
        assert!(error.to_string().contains("no flag \"FILL_IN\""), "{error}");
    }
}

#[test]
fn a_password_in_clear_becomes_start_tls() {
    let plain = "AUTH_LDAP_SERVER_URI = 'ldap://dir.ficus.example'";
    let answer = good(plain);
    assert_eq!(answer.value("server.start_tls"), Some("true"));
    assert!(answer.about("AUTH_LDAP_SERVER_URI").contains("in clear"));
    let both = good(&format!("{plain}\nAUTH_LDAP_START_TLS = True"));
    assert_eq!(both.value("server.start_tls"), Some("true"));
    let needless = good("AUTH_LDAP_START_TLS = True");
    assert_eq!(needless.value("server.start_tls"), None);
    assert!(needless.about("AUTH_LDAP_START_TLS").contains("left out"));
    let local = good("AUTH_LDAP_SERVER_URI = 'ldap://127.0.0.1:1389'");
    assert_eq!(local.value("server.start_tls"), None);
}

/// NetBox reads these from Django's settings only: carrying them over could weaken TLS.
#[test]
fn global_options_of_netbox_are_left_out() {
    let options =
        "AUTH_LDAP_GLOBAL_OPTIONS = {ldap.OPT_X_TLS_REQUIRE_CERT: ldap.OPT_X_TLS_NEVER}\n";
    assert_eq!(good(options).value("tls.verify"), None);
    let django = import("settings.py", format!("{HEAD}{USERS}{ACTIVE}{options}"));
    assert_eq!(django.value("tls.verify"), Some("false"));
}

#[test]
fn the_attribute_of_the_login_name_follows_the_filter() {
    let search = |filter: &str| {
        good(&format!(
            "AUTH_LDAP_USER_SEARCH = LDAPSearch('o=x', ldap.SCOPE_SUBTREE, '{filter}')"
        ))
    };
    assert_eq!(search("(uid=%(user)s)").value("user.name_attribute"), None);
    assert_eq!(
        search("(cn=%(user)s)").value("user.name_attribute"),
        Some("\"cn\"")
    );
    let two = search("(|(userPrincipalName=%(user)s)(sAMAccountName=%(user)s))");
    assert_eq!(two.value("user.name_attribute"), Some("\"sAMAccountName\""));
    let told = two.notes("warning").iter().any(|note| {
        note["key"] == "user.name_attribute"
            && note["text"].to_string().contains("canonical_name = true")
    });
    assert!(told, "{}", two.text);
}

#[test]
fn the_query_field_makes_the_name_canonical() {
    let answer = import(
        "ldap_config.py",
        format!(
            "{HEAD}{ACTIVE}\
             AUTH_LDAP_USER_SEARCH = LDAPSearch('o=x', ldap.SCOPE_SUBTREE, '(mail=%(user)s)')\n\
             AUTH_LDAP_USER_ATTR_MAP = {{'username': 'sAMAccountName'}}\n\
             AUTH_LDAP_USER_QUERY_FIELD = 'username'\n"
        ),
    );
    assert_eq!(
        answer.value("user.name_attribute"),
        Some("\"sAMAccountName\"")
    );
    assert_eq!(answer.value("user.canonical_name"), Some("true"));
}

#[test]
fn mirrored_groups_keep_their_names() {
    for (line, mode, names) in [
        ("AUTH_LDAP_MIRROR_GROUPS = True", "\"all\"", None),
        (
            "AUTH_LDAP_MIRROR_GROUPS = ['adm', 'ops team']",
            "\"only\"",
            Some("[\"adm\"]"),
        ),
        (
            "AUTH_LDAP_MIRROR_GROUPS_EXCEPT = {'wheel'}",
            "\"except\"",
            Some("[\"wheel\"]"),
        ),
    ] {
        let search = "AUTH_LDAP_GROUP_SEARCH = LDAPSearch('ou=g,dc=x', ldap.SCOPE_SUBTREE)";
        let answer = good(&format!("{search}\n{line}"));
        assert_eq!(
            answer.value("session.mirror_groups.mode"),
            Some(mode),
            "{line}"
        );
        assert_eq!(answer.value("session.mirror_groups.names"), names, "{line}");
    }
    assert_eq!(
        good("AUTH_LDAP_MIRROR_GROUPS = False").value("session.mirror_groups.mode"),
        None
    );
}

/// There the gates are never cached.
#[test]
fn a_cache_is_proposed_and_not_switched_on() {
    let answer = good("AUTH_LDAP_CACHE_TIMEOUT = 60 * 60");
    assert_eq!(answer.value("cache.groups"), None);
    assert!(
        answer.text.contains("# groups = \"3600s\""),
        "{}",
        answer.text
    );
}

#[test]
fn what_has_no_key_is_said() {
    for line in [
        "AUTH_LDAP_FIND_GROUP_PERMS = True",
        "AUTH_LDAP_AUTHORIZE_ALL_USERS = True",
        "AUTH_LDAP_NO_NEW_USERS = True",
        "AUTH_LDAP_PERMIT_EMPTY_PASSWORD = True",
        "AUTH_LDAP_REFRESH_DN_ON_BIND = True",
        "AUTH_LDAP_USER_ATTRLIST = ['cn']",
        "AUTH_LDAP_ALWAYS_UPDATE_USER = False",
        "AUTH_LDAP_2_SERVER_URI = 'ldaps://b.example'",
        "AUTH_LDAP_SOMETHING_NEW = 1",
    ] {
        let setting = line.split(' ').next().unwrap();
        assert!(!good(line).about(setting).is_empty(), "{line}");
    }
}

/// As the container image's own file finds its group type.
#[test]
fn a_function_that_gets_the_name_of_a_group_type_is_taken_for_it() {
    let answer = good("AUTH_LDAP_GROUP_TYPE = _load('GroupOfUniqueNamesType')");
    assert_eq!(
        answer.value("group.type"),
        Some("\"group_of_unique_names\"")
    );
    let told = answer
        .notes("warning")
        .iter()
        .any(|note| note["text"].to_string().contains("_load(...) was not run"));
    assert!(told, "{}", answer.text);
}

#[test]
fn a_gate_for_sudo_is_proposed_to_those_who_have_superusers() {
    let answer = good("AUTH_LDAP_USER_FLAGS_BY_GROUP['is_superuser'] = 'cn=root,o=x'");
    assert!(answer.config().services.is_empty());
    let used: String = answer
        .text
        .lines()
        .map(|line| {
            let line = match line.strip_prefix("# ") {
                Some(rest) if rest.starts_with("[services") || rest.starts_with("require = ") => {
                    rest
                }
                _ => line,
            };
            format!("{line}\n")
        })
        .collect();
    let config = pam_rsldap::config::parse(&used, std::path::Path::new("x")).unwrap();
    assert_eq!(config.services.len(), 2);
    assert!(!good("").text.contains("services.sudo"));
}
