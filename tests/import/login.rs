//! From the configuration of each project to a login: import, `check --offline`, and then the people
//! who should get in, and those who should not, at a real slapd.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::{import_file, program};
use crate::common::directory::{Ldif, group_dn, password_of, user_dn};
use crate::common::pam::{Client, PAM_ACCT_EXPIRED, PAM_PERM_DENIED, PAM_SUCCESS, Stack};
use crate::common::slapd::{Lease, Pool, Slapd, SlapdOptions};

static SERVERS: Pool = Pool::new(options);

/// What slapd does not bring along: authorizedService of the ldapns schema, and a little of Active
/// Directory's.
const SCHEMA: &str = "\
attributetype ( 1.3.6.1.4.1.5322.17.2.1 NAME 'authorizedService' \
EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' \
EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' \
EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY member )
";

/// alice, bob and sue are active; alice and sue are staff, sue is a superuser, carol is nothing. dave
/// is in the circle by way of staff's and is banned.
fn options() -> SlapdOptions {
    let mut ldif = Ldif::tree();
    for (name, more) in [
        ("alice", vec![]),
        ("carol", vec![]),
        ("dave", vec![]),
        ("bob", vec![("host", "*"), ("authorizedService", "login")]),
        (
            "sue",
            vec![("host", "elsewhere.example"), ("authorizedService", "cups")],
        ),
    ] {
        let principal = format!("{name}@ficus.example");
        let mut attributes = vec![
            ("objectClass", "extensibleObject"),
            ("givenName", name),
            ("sAMAccountName", name),
            ("userPrincipalName", &principal),
        ];
        attributes.extend(more);
        ldif.user(name, &attributes);
    }
    let [alice, bob, sue, dave] = ["alice", "bob", "sue", "dave"].map(user_dn);
    ldif.group("active", &[&alice, &bob, &sue]);
    ldif.group("staff", &[&alice, &dave]);
    ldif.group("superuser", &[&sue]);
    ldif.group("circle", &[&group_dn("staff")]);
    ldif.group("away", &[&bob]);
    ldif.group("banned", &[&dave]);
    ldif.entry(
        &group_dn("shed"),
        &[
            ("objectClass", "posixGroup"),
            ("gidNumber", "20100"),
            ("memberUid", "alice"),
            ("memberUid", "bob"),
        ],
    );
    ldif.entry(
        &group_dn("gardeners"),
        &[
            ("objectClass", "groupOfUniqueNames"),
            ("uniqueMember", &bob),
            ("uniqueMember", &sue),
        ],
    );
    for (name, members) in [
        ("Everybody", vec![alice.clone(), dave.clone(), bob.clone()]),
        ("Watering", vec![alice, sue]),
        ("Palms", vec![bob, group_dn("Watering")]),
    ] {
        let mut attributes = vec![("objectClass", "group")];
        attributes.extend(members.iter().map(|member| ("member", member.as_str())));
        ldif.entry(&group_dn(name), &attributes);
    }
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: SCHEMA.to_owned(),
        ..SlapdOptions::default()
    }
}

/// A fixture with this server in it.
pub fn fixture(name: &str, server: &Slapd) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/import/files")
        .join(name);
    fs::read_to_string(path)
        .expect("a fixture")
        .replace("@URI@", &server.uri())
        .replace("@LDAPS@", &server.ldaps_uri())
        .replace("@LDAPI@", &server.ldapi_uri())
        .replace("@PORT@", &server.port().to_string())
        .replace("@CA@", server.ca_file().to_str().expect("UTF-8"))
}

/// What an administrator has to add: the password file, and `[fallback]` so that every outcome
/// shows.
fn installed(text: &str, server: &Slapd) -> PathBuf {
    let password = server.file("bind-password", 0o600, "service-secret");
    let text = text
        .replace(
            "/etc/pam_rsldap/bind-password\"  #",
            &format!("{}\"  #", password.display()),
        )
        .replace("[server]\n", "[server]\nretry_after = \"0s\"\n");
    let deny = [
        "unavailable",
        "unknown_user",
        "bad_password",
        "config_error",
    ];
    let deny: String = deny
        .iter()
        .map(|key| format!("{key} = \"deny\"\n"))
        .collect();
    server.file(
        "imported.toml",
        0o600,
        &format!("{text}\n[fallback]\n{deny}"),
    )
}

/// Imports a fixture, checks it, and logs everybody in.
fn logins(server: &Lease, name: &str, arguments: &[&str], allowed: &[&str]) -> PathBuf {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join(name);
    fs::write(&file, fixture(name, server)).expect("a file");
    let answer = import_file(&file, arguments);
    assert_eq!(answer.code, 0, "{}\n{}", answer.errors, answer.text);
    let config = installed(&answer.text, server);
    let check = Command::new(program())
        .args(["check", "--offline", "--config"])
        .arg(&config)
        .output()
        .expect("rsldapctl");
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success(), "{said}\n{}", answer.text);
    for user in ["alice", "bob", "carol", "sue", "dave"] {
        let code = login(&config, user, &password_of(user));
        if allowed.contains(&user) {
            assert_eq!(code, PAM_SUCCESS, "{name}: {user} may log in");
        } else {
            assert_eq!(code, PAM_PERM_DENIED, "{name}: {user} may not");
        }
        let wrong = login(&config, user, "wrong");
        assert!(
            ![PAM_SUCCESS, PAM_PERM_DENIED, PAM_ACCT_EXPIRED].contains(&wrong),
            "{name}: {user}"
        );
    }
    config
}

fn login(config: &Path, user: &str, password: &str) -> i32 {
    let stack = Stack::with_config(config);
    stack.service(
        "login",
        "auth required pam_rsldap.so config=CONFIG\naccount required pam_rsldap.so config=CONFIG\n",
    );
    let mut client = Client::start(&stack, "login", user);
    client.answer(password);
    match client.authenticate(0) {
        PAM_SUCCESS => client.acct_mgmt(0),
        other => other,
    }
}

#[test]
fn netbox() {
    let server = SERVERS.lease();
    let config = logins(&server, "ldap_config.py", &[], &["alice", "bob", "sue"]);
    let config = pam_rsldap::config::load(&config).expect("a configuration");
    assert_eq!(config.flags.len(), 3);
    assert_eq!(config.user.attributes.len(), 3);
}

/// As NetBox's documentation has it for Active Directory: two names, nested groups, and a required
/// group besides is_active.
#[test]
fn netbox_with_a_directory_like_active_directory() {
    let server = SERVERS.lease();
    let config = logins(&server, "ldap_config_ad.py", &[], &["alice", "bob"]);
    let config = pam_rsldap::config::load(&config).expect("a configuration");
    assert!(config.user.canonical_name && config.group.nested);
}

#[test]
fn django_with_nested_groups_and_a_query() {
    let server = SERVERS.lease();
    logins(&server, "settings.py", &[], &["alice", "sue"]);
}

#[test]
fn the_container_image_of_netbox() {
    let server = SERVERS.lease();
    logins(&server, "netbox.env", &[], &["alice", "bob", "sue"]);
}

#[test]
fn nslcd() {
    let server = SERVERS.lease();
    logins(&server, "nslcd.conf", &[], &["alice", "bob"]);
}

#[test]
fn sssd_with_groups_by_name() {
    let server = SERVERS.lease();
    let config = logins(&server, "sssd.conf", &[], &["alice", "sue", "dave"]);
    let config = pam_rsldap::config::load(&config).expect("a configuration");
    assert!(config.user.exempt.contains("backup"));
    assert_eq!(config.user.min_uid, 500);
}

#[test]
fn sssd_with_a_filter_of_groups() {
    let server = SERVERS.lease();
    logins(
        &server,
        "sssd.conf",
        &["--domain", "annexe"],
        &["alice", "sue", "dave"],
    );
}

#[test]
fn padl() {
    let server = SERVERS.lease();
    logins(&server, "ldap.conf", &[], &["bob", "sue"]);
}

#[test]
fn padl_with_the_attributes_of_hosts_and_services() {
    let server = SERVERS.lease();
    for line in ["pam_check_host_attr yes", "pam_check_service_attr yes"] {
        let text = fixture("ldap.conf", &server) + line + "\n";
        let directory = TempDir::new().expect("a temporary directory");
        let file = directory.path().join("ldap.conf");
        fs::write(&file, text).expect("a file");
        let answer = import_file(&file, &[]);
        assert_eq!(answer.code, 0, "{}", answer.text);
        let config = installed(&answer.text, &server);
        assert_eq!(
            login(&config, "bob", &password_of("bob")),
            PAM_SUCCESS,
            "{line}"
        );
        assert_eq!(
            login(&config, "sue", &password_of("sue")),
            PAM_PERM_DENIED,
            "{line}"
        );
        assert_eq!(
            login(&config, "alice", &password_of("alice")),
            PAM_PERM_DENIED,
            "{line}"
        );
    }
}

/// nslcd itself has no group of its own that would say who is active.
#[test]
fn is_active_can_be_given_on_the_command_line() {
    let server = SERVERS.lease();
    let text = fixture("nslcd.conf", &server);
    let text = text.replace("pam_authz_search", "# pam_authz_search");
    let text = text.replace(
        "filter passwd",
        "filter group (objectClass=groupOfNames)\nmap group member member\nfilter passwd",
    );
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("nslcd.conf");
    fs::write(&file, text).expect("a file");
    assert_eq!(import_file(&file, &[]).code, 1);
    let answer = import_file(&file, &["--is-active", &group_dn("active")]);
    assert_eq!(answer.code, 0, "{}", answer.text);
    let config = installed(&answer.text, &server);
    assert_eq!(login(&config, "bob", &password_of("bob")), PAM_SUCCESS);
    assert_eq!(
        login(&config, "carol", &password_of("carol")),
        PAM_PERM_DENIED
    );
}
