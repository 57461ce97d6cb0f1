//! The same login in directories of any size: what it costs must not depend on that.

use std::ffi::c_int;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::common::directory::{GROUPS, Ldif, group_dn, password_of, user_dn};
use super::common::pam::{Client, PAM_SUCCESS, Stack};
use super::common::slapd::{Slapd, SlapdOptions};
use super::turns::{Traffic, Turns};

/// How deep the nested gates are.
pub const DEPTH: usize = 5;
/// How many gates there are of each kind.
pub const GATES: usize = 20;

/// What the gates of a login are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gates {
    /// So many groups that list the user.
    Flat(usize),
    /// So many groups that have the user through [`DEPTH`] levels.
    Nested(usize),
    /// The group of all users.
    Everybody,
    /// The same, with nesting.
    EverybodyNested,
}

/// What a login costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Binds, searches and compares.
    pub operations: usize,
    pub traffic: Traffic,
}

/// A directory of so many users, one of them alice, who is in every gate; the others are in the
/// group of all users.
pub fn options(users: usize) -> SlapdOptions {
    let mut ldif = Ldif::tree();
    ldif.user("alice", &[]);
    for number in 1..users {
        ldif.user(&format!("u{number:06}"), &[]);
    }
    let alice = user_dn("alice");
    for gate in 1..=GATES {
        ldif.group(&format!("flat-{gate:02}"), &[&alice]);
        let mut below = alice.clone();
        for level in 1..=DEPTH {
            let name = format!("nested-{gate:02}-{level}");
            ldif.group(&name, &[&below]);
            below = group_dn(&name);
        }
    }
    let mut text = ldif.text().to_owned();
    let everybody = group_dn("everybody");
    let _ = write!(
        text,
        "dn: {everybody}\nobjectClass: groupOfNames\ncn: everybody\nmember: {alice}\n"
    );
    for number in 1..users {
        let _ = writeln!(text, "member: {}", user_dn(&format!("u{number:06}")));
    }
    SlapdOptions {
        ldif: text + "\n",
        // slapd.conf(5): values are found by bisection, not one after the other.
        global: "sortvals member".to_owned(),
        database: "maxsize 4294967296\nindex member eq".to_owned(),
        ..SlapdOptions::default()
    }
}

/// A configuration with these gates, for a server or a relay before it.
pub fn config(server: &Slapd, uri: &str, gates: Gates) -> PathBuf {
    let (nested, groups): (bool, Vec<String>) = match gates {
        Gates::Flat(count) => (
            false,
            (1..=count).map(|gate| format!("flat-{gate:02}")).collect(),
        ),
        Gates::Nested(count) => (
            true,
            (1..=count)
                .map(|gate| format!("nested-{gate:02}-{DEPTH}"))
                .collect(),
        ),
        Gates::Everybody => (false, vec!["everybody".to_owned()]),
        Gates::EverybodyNested => (true, vec!["everybody".to_owned()]),
    };
    let groups: Vec<String> = groups.iter().map(|name| group_dn(name)).collect();
    let search = format!("nested = {nested}\nsearch = [ {{ base = \"{GROUPS}\" }} ]");
    server.config(&[
        ("server", &format!("uris = [\"{uri}\"]")),
        ("group", &search),
        ("flags", &format!("is_active = {{ all = {groups:?} }}")),
    ])
}

/// A stack that asks the module alone.
pub fn stack(config: &std::path::Path) -> Stack {
    let stack = Stack::with_config(config);
    let module = "pam_rsldap.so config=CONFIG";
    stack.service(
        "login",
        &format!("auth required {module}\naccount required {module}\n"),
    );
    stack
}

/// alice's login: both phases.
pub fn login(stack: &Stack) -> c_int {
    let mut client = Client::start(stack, "login", "alice");
    client.answer(password_of("alice"));
    match client.authenticate(0) {
        PAM_SUCCESS => client.acct_mgmt(0),
        code => code,
    }
}

/// What alice's login costs.
pub fn cost(server: &Slapd, relay: &Turns, gates: Gates) -> Cost {
    let stack = stack(&config(server, &relay.uri(), gates));
    let watch = server.watch();
    relay.take();
    assert_eq!(login(&stack), PAM_SUCCESS, "{gates:?}");
    let seen = watch.operations();
    Cost {
        operations: seen.binds.len() + seen.searches.len() + seen.compares.len(),
        traffic: relay.take(),
    }
}
