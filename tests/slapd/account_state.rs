//! Accounts that are locked, disabled, expired, or whose password has to be changed: with a password,
//! and without one, as with ssh keys.

use std::ffi::c_int;

use crate::common::directory::{BASE, Ldif, password_of, user_dn};
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED, PAM_SUCCESS,
};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{account, auth, auth_right};

/// What other directories have, by its own names.
const SCHEMA: &str = "\
attributetype ( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires' EQUALITY caseIgnoreMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.5322.17.2.1 NAME 'authorizedService' EQUALITY caseIgnoreMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.32473.1.3 NAME 'exampleAccount' SUP top AUXILIARY \
MAY ( nsAccountLock $ userAccountControl $ accountExpires $ host $ authorizedService ) )
";

/// Name, attributes, and what auth with the right password and account without one come to.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    c_int,
    c_int,
);

const SHADOW: (&str, &str) = ("objectClass", "shadowAccount");
const OTHER: (&str, &str) = ("objectClass", "exampleAccount");

const CASES: [Case; 12] = [
    ("fine", &[], PAM_SUCCESS, PAM_SUCCESS),
    (
        "locked",
        &[("pwdAccountLockedTime", "000001010000Z")],
        PAM_ACCT_EXPIRED,
        PAM_ACCT_EXPIRED,
    ),
    (
        "reset",
        &[("pwdReset", "TRUE")],
        PAM_SUCCESS,
        PAM_NEW_AUTHTOK_REQD,
    ),
    (
        "lastday",
        &[SHADOW, ("shadowExpire", "1")],
        PAM_ACCT_EXPIRED,
        PAM_ACCT_EXPIRED,
    ),
    (
        "farday",
        &[SHADOW, ("shadowExpire", "99999")],
        PAM_SUCCESS,
        PAM_SUCCESS,
    ),
    (
        "noday",
        &[SHADOW, ("shadowExpire", "-1")],
        PAM_SUCCESS,
        PAM_SUCCESS,
    ),
    (
        "mustchange",
        &[SHADOW, ("shadowLastChange", "0")],
        PAM_SUCCESS,
        PAM_NEW_AUTHTOK_REQD,
    ),
    (
        "inactivated",
        &[OTHER, ("nsAccountLock", "true")],
        PAM_ACCT_EXPIRED,
        PAM_ACCT_EXPIRED,
    ),
    (
        "disabled",
        &[OTHER, ("userAccountControl", "514")],
        PAM_ACCT_EXPIRED,
        PAM_ACCT_EXPIRED,
    ),
    (
        "enabled",
        &[
            OTHER,
            ("userAccountControl", "512"),
            ("accountExpires", "9223372036854775807"),
        ],
        PAM_SUCCESS,
        PAM_SUCCESS,
    ),
    (
        "over",
        &[OTHER, ("accountExpires", "132223104000000000")],
        PAM_ACCT_EXPIRED,
        PAM_ACCT_EXPIRED,
    ),
    // What cannot be read lets nobody in.
    (
        "unreadable",
        &[OTHER, ("accountExpires", "soon")],
        PAM_PERM_DENIED,
        PAM_PERM_DENIED,
    ),
];

/// Users whose entries list hosts and services, and whether that lets them in to `login` here.
type ListedUser = (&'static str, &'static [(&'static str, &'static str)], bool);

const LISTED: [ListedUser; 6] = [
    (
        "everywhere",
        &[OTHER, ("host", "*"), ("authorizedService", "*")],
        true,
    ),
    (
        "thisservice",
        &[
            OTHER,
            ("host", "*"),
            ("host", "!elsewhere"),
            ("authorizedService", "LOGIN"),
        ],
        true,
    ),
    (
        "otherservice",
        &[OTHER, ("host", "*"), ("authorizedService", "sudo")],
        false,
    ),
    (
        "notthisservice",
        &[
            OTHER,
            ("host", "*"),
            ("authorizedService", "*"),
            ("authorizedService", "!login"),
        ],
        false,
    ),
    (
        "elsewhere",
        &[OTHER, ("host", "no-such-host"), ("authorizedService", "*")],
        false,
    ),
    ("nowhere", &[OTHER, ("authorizedService", "*")], false),
];

fn server() -> Slapd {
    let mut ldif = Ldif::tree();
    let policies = format!("ou=policies,{BASE}");
    ldif.entry(&policies, &[("objectClass", "organizationalUnit")]);
    ldif.entry(
        &format!("cn=default,{policies}"),
        &[
            ("objectClass", "device"),
            ("objectClass", "pwdPolicy"),
            ("pwdAttribute", "userPassword"),
            ("pwdLockout", "TRUE"),
            ("pwdMaxFailure", "3"),
            ("pwdMustChange", "TRUE"),
        ],
    );
    for (name, attributes, ..) in CASES {
        ldif.user(name, attributes);
    }
    ldif.user("guessed", &[]);
    for (name, attributes, _) in LISTED {
        ldif.user(name, attributes);
    }
    ldif.user("outsider", &[SHADOW, ("shadowExpire", "1")]);
    let mut active: Vec<String> = CASES.iter().map(|(name, ..)| user_dn(name)).collect();
    active.push(user_dn("guessed"));
    active.extend(LISTED.map(|(name, ..)| user_dn(name)));
    let active: Vec<&str> = active.iter().map(String::as_str).collect();
    ldif.group("active", &active);
    for name in ["staff", "superuser"] {
        ldif.group(name, &[&user_dn("fine")]);
    }
    Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        global: format!("{SCHEMA}modulepath /usr/lib/ldap\nmoduleload ppolicy\n"),
        database: format!(
            "overlay ppolicy\nppolicy_default cn=default,{policies}\nppolicy_use_lockout\n"
        ),
        ..SlapdOptions::default()
    })
}

#[test]
fn the_state_of_an_account_counts_with_a_password_and_without() {
    let server = server();
    let config = server.config(&[]);
    for (name, _, with_password, without) in CASES {
        assert_eq!(auth_right(&config, name), with_password, "{name}: auth");
        assert_eq!(account(&config, name), without, "{name}: account");
    }
}

#[test]
fn hosts_and_services_that_an_entry_lists_are_gates_where_the_configuration_says_so() {
    let server = server();
    let gates = "host_attribute = \"host\"\nservice_attribute = \"authorizedService\"";
    let config = server.config(&[("access", gates)]);
    let open = server.config(&[]);
    for (name, _, lets_in) in LISTED {
        let code = if lets_in {
            PAM_SUCCESS
        } else {
            PAM_PERM_DENIED
        };
        assert_eq!(auth_right(&config, name), code, "{name}: auth");
        assert_eq!(account(&config, name), code, "{name}: account");
        assert_eq!(auth(&config, name, "wrong"), PAM_AUTH_ERR, "{name}");
        assert_eq!(auth_right(&open, name), PAM_SUCCESS, "{name}");
    }
}

#[test]
fn a_wrong_password_is_wrong_whatever_the_entry_says() {
    let server = server();
    let config = server.config(&[]);
    // A locked account is one that the server does not look at: it says so for every password.
    for (name, ..) in CASES.iter().filter(|(name, ..)| *name != "locked") {
        assert_eq!(auth(&config, name, "wrong"), PAM_AUTH_ERR, "{name}");
    }
}

#[test]
fn an_account_that_was_locked_by_guessing_is_closed_for_the_right_password_too() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    for _ in 0..3 {
        assert_eq!(auth(&config, "guessed", "wrong"), PAM_AUTH_ERR);
    }
    assert_eq!(auth_right(&config, "guessed"), PAM_ACCT_EXPIRED);
    assert_eq!(account(&config, "guessed"), PAM_ACCT_EXPIRED);
    // One attempt is one bind.
    let operations = watch.operations();
    assert_eq!(
        operations.binds_as(&user_dn("guessed")),
        4,
        "{operations:#?}"
    );
}

#[test]
fn only_the_families_that_the_configuration_names_count() {
    let server = server();
    let shadow = server.config(&[("access", "account_state = [\"shadow\"]")]);
    assert_eq!(account(&shadow, "lastday"), PAM_ACCT_EXPIRED);
    for name in ["inactivated", "disabled", "over", "unreadable", "reset"] {
        assert_eq!(account(&shadow, name), PAM_SUCCESS, "{name}");
    }
    let others = server.config(&[(
        "access",
        "account_state = [\"ppolicy\", \"active_directory\", \"389ds\"]",
    )]);
    assert_eq!(account(&others, "lastday"), PAM_SUCCESS);
    for name in ["locked", "inactivated", "disabled", "over"] {
        assert_eq!(account(&others, name), PAM_ACCT_EXPIRED, "{name}");
    }
}

#[test]
fn a_dn_template_makes_no_difference() {
    let server = server();
    let template = "dn_template = \"uid={user},ou=users,dc=example,dc=com\"";
    let config = server.config(&[("user", template)]);
    for (name, _, with_password, without) in CASES {
        assert_eq!(auth_right(&config, name), with_password, "{name}: auth");
        assert_eq!(account(&config, name), without, "{name}: account");
    }
}

#[test]
fn nobody_gets_in_who_is_both_expired_and_outside() {
    let server = server();
    let config = server.config(&[]);
    let password = password_of("outsider");
    assert_eq!(auth(&config, "outsider", password), PAM_ACCT_EXPIRED);
    assert_eq!(account(&config, "outsider"), PAM_ACCT_EXPIRED);
}
