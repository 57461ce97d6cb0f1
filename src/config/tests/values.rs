//! What the values of a good file become.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::{EXAMPLE, MINIMAL, good, parsed};
use crate::config::{
    BindIdentity, BindSecret, ChangeMethod, FallbackRules, GroupSchema, LogFacility, LogLevel,
    MirrorMode, OnFailure, Query, Scope, UserLookup,
};
use crate::names::{AttributeName, Dn, FlagName, ServiceName};

fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap()
}

fn group(text: &str) -> Query {
    Query::Group(dn(text))
}

fn flag(name: &str) -> Query {
    Query::Flag(FlagName::parse(name).unwrap())
}

#[test]
fn a_minimal_file_gets_every_default() {
    let config = parsed(MINIMAL).unwrap();
    let server = &config.server;
    assert_eq!(server.uris.len(), 1);
    assert_eq!(
        (&server.srv_domain, server.start_tls, server.allow_cleartext),
        (&None, false, false)
    );
    assert_eq!(server.connect_timeout, Duration::from_secs(3));
    assert_eq!(server.operation_timeout, Duration::from_secs(5));
    assert_eq!(server.deadline, Duration::from_secs(8));
    assert_eq!(server.retry_after, Duration::from_secs(30));
    let tls = &config.tls;
    assert!(tls.verify && tls.ca_file.is_none() && tls.ca_dir.is_none() && tls.client.is_none());
    assert!(matches!(config.bind.as_who, BindIdentity::Anonymous) && !config.bind.as_user);
    let user = &config.user;
    assert!(matches!(user.lookup, UserLookup::Template(_)));
    assert_eq!(
        (
            user.name_attribute.as_str(),
            user.canonical_name,
            user.min_uid
        ),
        ("uid", false, 1000)
    );
    assert_eq!(user.exempt, BTreeSet::from(["root".to_owned()]));
    assert!(user.attributes.is_empty());
    assert_eq!(
        config.group.schema,
        GroupSchema::MemberDn(AttributeName::parse("member").unwrap())
    );
    assert_eq!(
        (config.group.name_attribute.as_str(), config.group.nested),
        ("cn", false)
    );
    assert!(config.group.search.is_empty());
    assert_eq!(
        config
            .flags
            .keys()
            .map(FlagName::as_str)
            .collect::<Vec<_>>(),
        ["is_active"]
    );
    let access = &config.access;
    assert!(access.require.is_none() && access.deny.is_none() && access.account_state.is_none());
    assert!(access.host_attribute.is_none() && access.service_attribute.is_none());
    assert!(config.services.is_empty());
    assert!(config.session.environment && config.session.local_groups.is_empty());
    let mirror = &config.session.mirror_groups;
    assert_eq!(
        (mirror.mode, mirror.names.len(), mirror.min_gid),
        (MirrorMode::Off, 0, 1000)
    );
    assert_eq!(config.cache.groups, Duration::ZERO);
    assert!(!config.offline.credentials);
    assert_eq!(config.offline.expire, Duration::from_secs(7 * 24 * 3600));
    assert_eq!(config.password.change, ChangeMethod::Exop);
    assert!(config.password.prohibit_message.is_none());
    assert_eq!(config.fallback.auth, FallbackRules::default());
    assert_eq!(config.fallback.account, FallbackRules::default());
    let log = &config.log;
    assert_eq!(
        (log.level, log.facility),
        (LogLevel::Info, LogFacility::Authpriv)
    );
    assert_eq!((&log.file, log.max_bytes, log.backups), (&None, 512_000, 5));
}

#[test]
fn the_example_says_what_the_documentation_says() {
    let config = parsed(EXAMPLE).unwrap();
    let uris: Vec<String> = config.server.uris.iter().map(ToString::to_string).collect();
    assert_eq!(
        uris,
        ["ldaps://ldap1.example.com", "ldaps://ldap2.example.com"]
    );
    assert_eq!(
        config.tls.ca_file.as_deref(),
        Some(Path::new("/etc/ssl/certs/ldap-ca.pem"))
    );
    let BindIdentity::Simple(name, BindSecret::File(path)) = &config.bind.as_who else {
        panic!("{:?}", config.bind);
    };
    assert_eq!(name, &dn("cn=svc,dc=example,dc=com"));
    assert_eq!(path, Path::new("/etc/pam_rsldap/bind-password"));
    let UserLookup::Search(searches) = &config.user.lookup else {
        panic!("{:?}", config.user.lookup);
    };
    assert_eq!(searches.len(), 1);
    assert_eq!(searches[0].scope, Scope::Subtree);
    let variables: Vec<&str> = config.user.attributes.keys().map(String::as_str).collect();
    assert_eq!(variables, ["EMAIL", "FIRST_NAME", "LAST_NAME"]);
    assert_eq!(
        config.group.search[0].filter.as_str(),
        "(objectClass=groupOfNames)"
    );
    assert_eq!(
        config.flags[&FlagName::parse("is_superuser").unwrap()],
        Query::Any(vec![
            group("cn=superuser,ou=groups,dc=example,dc=com"),
            group("cn=root,ou=groups,dc=example,dc=com"),
        ])
    );
    assert_eq!(
        config.access.require,
        Some(Query::Any(vec![flag("is_staff"), flag("is_superuser")]))
    );
    assert_eq!(
        config.access.deny,
        Some(Query::All(vec![
            group("cn=guests,ou=groups,dc=example,dc=com"),
            Query::Not(Box::new(flag("is_staff"))),
        ]))
    );
    assert_eq!(
        config.services[&ServiceName::parse("sudo").unwrap()],
        flag("is_superuser")
    );
    assert_eq!(config.services.len(), 2);
}

#[test]
fn a_byte_order_mark_and_other_line_ends_change_nothing() {
    let windows = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    let (windows, unix) = (parsed(&windows).unwrap(), parsed(EXAMPLE).unwrap());
    assert_eq!(format!("{windows:?}"), format!("{unix:?}"));
}

#[test]
fn searches_have_the_defaults_of_their_kind() {
    let config =
        good("[user]\nsearch = [{ base = \"ou=users\" }]\nname_attribute = \"sAMAccountName\"\n");
    let UserLookup::Search(searches) = config.user.lookup else {
        panic!("no search")
    };
    let alice = crate::names::UserName::parse(b"alice").unwrap();
    assert_eq!(
        searches[0].filter.expand(&alice).as_str(),
        "(sAMAccountName=alice)"
    );
    assert_eq!(searches[0].scope, Scope::Subtree);
    for (group, schema, filter) in [
        (
            "group_of_names",
            "MemberDn(AttributeName(\"member\"))",
            "(objectClass=groupOfNames)",
        ),
        (
            "group_of_unique_names",
            "MemberDn(AttributeName(\"uniqueMember\"))",
            "(objectClass=groupOfUniqueNames)",
        ),
        (
            "organizational_role",
            "MemberDn(AttributeName(\"roleOccupant\"))",
            "(objectClass=organizationalRole)",
        ),
        ("active_directory", "ActiveDirectory", "(objectClass=group)"),
        ("posix_group", "Posix", "(objectClass=posixGroup)"),
    ] {
        let config = good(&format!(
            "[group]\ntype = \"{group}\"\nsearch = [{{ base = \"ou=groups\" }}]\n"
        ));
        assert_eq!(format!("{:?}", config.group.schema), schema);
        assert_eq!(config.group.search[0].filter.as_str(), filter);
    }
    let config =
        good("[group]\nmember_attribute = \"owner\"\nsearch = [{ base = \"ou=groups\" }]\n");
    assert_eq!(
        config.group.schema,
        GroupSchema::MemberDn(AttributeName::parse("owner").unwrap())
    );
    assert_eq!(config.group.search[0].filter.as_str(), "(objectClass=*)");
}

#[test]
fn searches_may_be_tables_of_their_own() {
    let config = good(
        "[user]\n[[user.search]]\nbase = \"ou=a\"\n[[user.search]]\nbase = \"ou=b\"\nscope = \"onelevel\"\n",
    );
    let UserLookup::Search(searches) = config.user.lookup else {
        panic!("no search")
    };
    assert_eq!(
        searches.iter().map(|s| s.scope).collect::<Vec<_>>(),
        [Scope::Subtree, Scope::OneLevel]
    );
}

#[test]
fn the_template_wins_over_the_search() {
    let config =
        good("[user]\ndn_template = \"uid={user},dc=x\"\nsearch = [{ base = \"ou=users\" }]\n");
    assert!(matches!(config.user.lookup, UserLookup::Template(_)));
}

#[test]
fn the_account_phase_inherits_key_by_key() {
    let config = good(
        "[fallback]\nunavailable = \"deny\"\nrefused = \"ignore\"\n[fallback.account]\nunavailable = \"ignore\"\nexpired = \"ignore\"\n",
    );
    let auth = FallbackRules {
        unavailable: OnFailure::Deny,
        refused: OnFailure::Ignore,
        ..FallbackRules::default()
    };
    let account = FallbackRules {
        unavailable: OnFailure::Ignore,
        expired: OnFailure::Ignore,
        ..auth
    };
    assert_eq!(
        (config.fallback.auth, config.fallback.account),
        (auth, account)
    );
}

#[test]
fn cleartext_stays_on_this_host_unless_it_is_asked_for() {
    good(
        "[server]\nuris = [\"ldap://127.0.0.1:389\", \"ldap://[::1]\", \"ldap://localhost\", \"ldapi:///\"]\n",
    );
    good("[server]\nuris = [\"ldap://ldap.example.com\"]\nallow_cleartext = true\n");
}

#[test]
fn an_inline_password_is_kept_out_of_sight() {
    let config = good("[bind]\ndn = \"cn=svc\"\npassword = \"hunter2\"\nas_user = true\n");
    let BindIdentity::Simple(_, BindSecret::Inline(password)) = &config.bind.as_who else {
        panic!("no password");
    };
    assert_eq!(password.expose(), "hunter2");
    assert!(config.bind.as_user && !format!("{config:?}").contains("hunter2"));
}

#[test]
fn users_may_be_exempt_or_nobody_is() {
    assert!(
        good("[user]\ndn_template = \"uid={user},dc=x\"\nexempt = []\n")
            .user
            .exempt
            .is_empty()
    );
    let config = good(
        "[user]\ndn_template = \"uid={user},dc=x\"\nexempt = [\"backup\", \"ansible\"]\nmin_uid = 0\n",
    );
    assert_eq!(
        config.user.exempt,
        BTreeSet::from(["ansible".to_owned(), "backup".to_owned()])
    );
    assert_eq!(config.user.min_uid, 0);
}

#[test]
fn log_levels_and_facilities_have_their_names() {
    let config = good("[log]\nlevel = \"debug\"\nfacility = \"local7\"\n");
    assert_eq!(
        (config.log.level, config.log.facility),
        (LogLevel::Debug, LogFacility::Local(7))
    );
}
