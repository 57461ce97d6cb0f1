//! What `rsldapctl explain` says is what the module answers: the same logins through the real libpam.

use std::path::Path;

use crate::common::directory::{BASE, USERS, group_dn, password_of};
use crate::common::login::{IGNORED, account, auth};
use crate::common::pam::{
    PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_AUTHTOK_EXPIRED,
    PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED, PAM_SERVICE_ERR, PAM_SUCCESS, PAM_USER_UNKNOWN,
};
use crate::common::slapd::{Slapd, free_port};
use crate::fixture::server;
use crate::rsldapctl::ask;

const USERS_OF_EVERY_KIND: [&str; 15] = [
    "alice",
    "bob",
    "carol",
    "sue",
    "evil",
    "old",
    "stale",
    "lapsed",
    "twin",
    "wrong",
    "Alice",
    "nobody-here",
    "a/b",
    "root",
    "daemon",
];

fn number(name: &str) -> i32 {
    match name {
        "PAM_SUCCESS" => PAM_SUCCESS,
        "PAM_IGNORE" => IGNORED,
        "PAM_USER_UNKNOWN" => PAM_USER_UNKNOWN,
        "PAM_AUTH_ERR" => PAM_AUTH_ERR,
        "PAM_PERM_DENIED" => PAM_PERM_DENIED,
        "PAM_ACCT_EXPIRED" => PAM_ACCT_EXPIRED,
        "PAM_AUTHTOK_EXPIRED" => PAM_AUTHTOK_EXPIRED,
        "PAM_NEW_AUTHTOK_REQD" => PAM_NEW_AUTHTOK_REQD,
        "PAM_AUTHINFO_UNAVAIL" => PAM_AUTHINFO_UNAVAIL,
        "PAM_SERVICE_ERR" => PAM_SERVICE_ERR,
        other => panic!("{other}"),
    }
}

/// The configurations differ in what decides a login.
fn configurations(server: &Slapd) -> Vec<std::path::PathBuf> {
    let [staff, missing, superuser] = ["staff", "missing", "superuser"].map(group_dn);
    let deny = format!("deny = \"{superuser}\"");
    let not = format!("require = {{ all = [\"is_staff\", {{ not = \"{missing}\" }}] }}");
    let any = format!("require = [\"{missing}\", {{ not = \"{staff}\" }}]");
    let template = format!("dn_template = \"uid={{user}},{USERS}\"");
    let everywhere = format!("search = [ {{ base = \"{BASE}\", filter = \"(uid={{user}})\" }} ]");
    let down = format!("uris = [\"ldap://127.0.0.1:{}\"]", free_port());
    let ignore = "unknown_user = \"ignore\"\nbad_password = \"ignore\"\nrefused = \"ignore\"\n\
                  [fallback.account]\nrefused = \"deny\"\nexpired = \"ignore\"";
    let all: [&[(&str, &str)]; 11] = [
        &[],
        &[("access", &deny)],
        &[("access", &not)],
        &[("access", &any)],
        &[("user", &template)],
        &[("user", &everywhere)],
        &[("+bind", "as_user = true")],
        &[("services.login", "require = \"is_superuser\"")],
        &[("access", "service_attribute = \"description\"")],
        &[("server", &down)],
        &[("fallback", ignore)],
    ];
    all.map(|sections| server.config(sections)).into()
}

fn assert_agrees(config: &Path, user: &str) {
    let arguments = ["explain", user, "--service", "login"];
    let code = |said: &serde_json::Value, key: &str| said[key].as_str().map(number);
    let (_, said) = ask(config, &arguments, "");
    assert_eq!(
        code(&said, "account"),
        Some(account(config, user)),
        "{user}: {said:#}"
    );
    let arguments = [&arguments[..], &["--password-stdin"]].concat();
    for password in [password_of(user), "wrong".to_owned(), String::new()] {
        let (_, said) = ask(config, &arguments, &password);
        let real = auth(config, user, &password);
        assert_eq!(
            code(&said, "auth"),
            Some(real),
            "{user}, {password:?}: {said:#}"
        );
    }
}

#[test]
fn every_explanation_ends_as_the_login_does() {
    let server = server();
    for config in configurations(&server) {
        for user in USERS_OF_EVERY_KIND {
            assert_agrees(&config, user);
        }
    }
}
