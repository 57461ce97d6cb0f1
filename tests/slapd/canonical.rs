//! `user.canonical_name`: logins under another spelling or an alias.
//!
//! Of the accounts that every host has, `nobody` is the one that may come from the directory; `daemon`
//! is below `min_uid`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::directory::{self, USERS, group_dn, password_of, user_dn};
use crate::common::pam::{Client, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SUCCESS, PAM_USER_UNKNOWN};
use crate::common::slapd::{Lease, Pool, Slapd, SlapdOptions};
use crate::fixture::{account, auth, client, stack};

static SERVERS: Pool = Pool::new(options);

fn server() -> Lease {
    SERVERS.lease()
}

fn options() -> SlapdOptions {
    let mut ldif = directory::standard();
    for name in ["nobody", "root", "daemon"] {
        ldif.user(name, &[]);
    }
    ldif.user("many", &[("uid", "nobody2"), ("uid", "nobody3")]);
    ldif.user("first", &[("mail", "shared@example.com")]);
    ldif.user("second", &[("mail", "shared@example.com")]);
    let members = ["nobody", "root", "daemon", "many", "alice"].map(user_dn);
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    ldif.group("everybody", &members);
    ldif.entry(
        &group_dn("posix"),
        &[
            ("objectClass", "posixGroup"),
            ("gidNumber", "20001"),
            ("memberUid", "nobody"),
        ],
    );
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        ..SlapdOptions::default()
    }
}

fn user(more: &str) -> String {
    format!(
        "canonical_name = true\nsearch = [ {{ base = \"{USERS}\", \
         filter = \"(|(uid={{user}})(mail={{user}}))\" }} ]\n{more}"
    )
}

fn config(server: &Slapd, more: &str) -> PathBuf {
    let flags = format!("is_active = '{}'", group_dn("everybody"));
    server.config(&[("user", &user(more)), ("flags", &flags)])
}

/// Why the login ended as it did, in the words of the log.
fn reason(config: &Path, user: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .args(["explain", user, "--json", "--config"])
        .arg(config)
        .output()
        .expect("rsldapctl runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_alias_becomes_the_account_in_every_phase() {
    let server = server();
    let stack = stack(&config(&server, ""));
    for typed in ["nobody@example.com", "NoBody", "NOBODY@EXAMPLE.COM"] {
        let mut login = client(&stack, typed, password_of("nobody"));
        assert_eq!(login.authenticate(0), PAM_SUCCESS, "{typed}");
        assert_eq!(login.user().as_deref(), Some("nobody"), "{typed}");
        let watch = server.watch();
        assert_eq!(login.acct_mgmt(0), PAM_SUCCESS, "{typed}");
        assert_eq!(login.setcred(0), PAM_SUCCESS, "{typed}");
        assert_eq!(login.open_session(0), PAM_SUCCESS, "{typed}");
        assert!(
            watch.operations().nothing(),
            "what auth found out is known by the new name"
        );
        let environment = login.getenvlist();
        let dn = environment.get("RSLDAP_DN").map(String::as_str);
        assert_eq!(dn, Some(user_dn("nobody").as_str()), "{typed}");
    }
}

#[test]
fn the_account_phase_alone_changes_the_name_too() {
    let server = server();
    let stack = stack(&config(&server, ""));
    let mut by_key = Client::start(&stack, "login", "nobody@example.com");
    assert_eq!(by_key.acct_mgmt(0), PAM_SUCCESS);
    assert_eq!(by_key.user().as_deref(), Some("nobody"));
}

#[test]
fn a_template_finds_another_spelling() {
    let server = server();
    let template = format!("canonical_name = true\ndn_template = \"uid={{user}},{USERS}\"");
    let flags = format!("is_active = '{}'", group_dn("everybody"));
    let stack = stack(&server.config(&[("user", &template), ("flags", &flags)]));
    let mut login = client(&stack, "NOBODY", password_of("nobody"));
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.user().as_deref(), Some("nobody"));
}

#[test]
fn who_is_not_in_keeps_the_name_that_was_typed() {
    let server = server();
    let open = stack(&config(&server, ""));
    let mut wrong = client(&open, "nobody@example.com", "wrong");
    assert_eq!(wrong.authenticate(0), PAM_AUTH_ERR);
    assert_eq!(wrong.user().as_deref(), Some("nobody@example.com"));
    let shut = server.config(&[
        ("user", &user("")),
        ("flags", &format!("is_active = '{}'", group_dn("staff"))),
    ]);
    let shut = stack(&shut);
    let mut refused = client(&shut, "nobody@example.com", password_of("nobody"));
    assert_eq!(refused.authenticate(0), PAM_PERM_DENIED);
    assert_eq!(refused.user().as_deref(), Some("nobody@example.com"));
}

/// Asserts that the name is unknown in both phases, that no password goes out, and why.
fn assert_unknown(server: &Slapd, config: &Path, typed: &str, password: &str, why: &str) {
    let stack = stack(config);
    let watch = server.watch();
    let mut login = client(&stack, typed, password);
    assert_eq!(login.authenticate(0), PAM_USER_UNKNOWN, "{typed}");
    assert_eq!(login.user().as_deref(), Some(typed));
    assert_eq!(account(config, typed), PAM_USER_UNKNOWN, "{typed}");
    let operations = watch.operations();
    let users = operations.binds.iter().filter(|dn| dn.contains("ou=users"));
    assert_eq!(users.count(), 0, "{operations:#?}");
    let said = reason(config, typed);
    assert!(said.contains(why), "{typed}: {said}");
}

#[test]
fn an_alias_never_becomes_root_or_an_account_that_stays_local() {
    let server = server();
    let never = "does not come from the directory";
    for (name, more) in [
        ("root", ""),
        ("root", "min_uid = 0\nexempt = []"),
        ("daemon", ""),
        ("nobody", "exempt = [\"nobody\"]"),
        ("nobody", "min_uid = 65535"),
    ] {
        let config = config(&server, more);
        let typed = format!("{name}@example.com");
        assert_unknown(&server, &config, &typed, &password_of(name), never);
    }
    let config = config(&server, "min_uid = 0\nexempt = []");
    assert_unknown(&server, &config, "ROOT", "root-secret", never);
}

#[test]
fn an_alias_of_somebody_without_an_account_here_is_unknown() {
    let server = server();
    let config = config(&server, "");
    let why = "the entry is alice: no such account on this host";
    assert_unknown(&server, &config, "alice@example.com", "alice-secret", why);
    // The name itself needs no account, as without canonical_name.
    assert_eq!(auth(&config, "alice", "alice-secret"), PAM_SUCCESS);
}

#[test]
fn an_entry_with_several_names_is_nobody_by_an_alias() {
    let server = server();
    let config = config(&server, "");
    let why = "several values";
    assert_unknown(&server, &config, "many@example.com", "many-secret", why);
    assert_eq!(auth(&config, "many", "many-secret"), PAM_SUCCESS);
}

#[test]
fn an_entry_without_a_name_is_nobody() {
    let server = server();
    let config = config(&server, "name_attribute = \"employeeNumber\"");
    let why = "employeeNumber of the entry: no value";
    assert_unknown(&server, &config, "nobody", "nobody-secret", why);
}

#[test]
fn an_alias_of_two_entries_is_unknown() {
    let server = server();
    let config = config(&server, "");
    let why = "more than one entry";
    assert_unknown(&server, &config, "shared@example.com", "first-secret", why);
}

/// A program that does not look at `PAM_USER` again would open the session of the account that was
/// typed.
#[test]
fn the_name_of_one_account_is_no_alias_for_another() {
    let server = server();
    // "daemon" exists here, and this time it is an alias of nobody's.
    let search = format!(
        "canonical_name = true\nmin_uid = 1\n\
         search = [ {{ base = \"{USERS}\", filter = \"(|(displayName={{user}})(uid=n{{user}}))\" }} ]"
    );
    let mut options = options();
    options.ldif = options.ldif.replace(
        "mail: nobody@example.com",
        "mail: nobody@example.com\ndisplayName: daemon",
    );
    let own = Slapd::start(&options);
    let flags = format!("is_active = '{}'", group_dn("everybody"));
    let config = own.config(&[("user", &search), ("flags", &flags)]);
    let why = "the name typed is another account of this host";
    assert_unknown(&own, &config, "daemon", "nobody-secret", why);
    let config = server.config(&[("user", &search), ("flags", &flags)]);
    assert_unknown(
        &server,
        &config,
        "daemon",
        "nobody-secret",
        "no entry with this name",
    );
}

#[test]
fn groups_that_list_names_list_that_of_the_account() {
    let server = server();
    let flags = format!("is_active = '{}'", group_dn("posix"));
    let config = server.config(&[
        ("user", &user("")),
        ("group", "type = \"posix_group\""),
        ("flags", &flags),
    ]);
    let code = auth(&config, "nobody@example.com", "nobody-secret");
    assert_eq!(code, PAM_SUCCESS);
}

#[test]
fn without_canonical_name_an_alias_is_nobody() {
    let server = server();
    let plain = user("").replace("canonical_name = true", "canonical_name = false");
    let flags = format!("is_active = '{}'", group_dn("everybody"));
    let config = server.config(&[("user", &plain), ("flags", &flags)]);
    let why = "no value of uid is exactly this name";
    for typed in ["nobody@example.com", "Nobody"] {
        assert_unknown(&server, &config, typed, "nobody-secret", why);
    }
}
