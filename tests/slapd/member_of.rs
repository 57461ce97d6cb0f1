//! Gates by `memberOf`, with slapo-memberof(5).

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::directory::{BASE, GROUPS, Ldif, group_dn, user_dn};
use crate::common::need;
use crate::common::pam::{PAM_PERM_DENIED, PAM_SERVICE_ERR, PAM_SUCCESS};
use crate::common::slapd::{Lease, Pool, Slapd, SlapdOptions};
use crate::fixture::{account, auth_right};

/// One more than are looked at.
const MANY: usize = 2_001;

static SERVERS: Pool = Pool::new(options);

fn server() -> Lease {
    SERVERS.lease()
}

/// slapadd(8) runs no overlay, so what the overlay would keep is in the LDIF.
fn options() -> SlapdOptions {
    let [shy, half] = ["shy", "half"].map(user_dn);
    let access = format!(
        "access to attrs=userPassword by self write by anonymous auth by * none\n\
         access to dn.base=\"{shy}\" attrs=memberOf by * none\n\
         access to dn.base=\"{half}\" attrs=memberOf val.exact=\"{}\" by * none\n\
         access to dn.base=\"{}\" attrs=member by * none\n\
         access to * by * read\n",
        group_dn("banned"),
        group_dn("opaque"),
    );
    let [active, banned] = ["active", "banned"].map(group_dn);
    let mut ldif = Ldif::tree();
    let in_both = [("memberOf", active.as_str()), ("memberOf", banned.as_str())];
    for name in ["alice", "shy", "half"] {
        ldif.user(name, &in_both);
    }
    for name in ["carol", "old"] {
        ldif.user(name, &in_both[..1]);
    }
    ldif.user("nobody", &[]);
    let groups: Vec<String> = (0..MANY).map(|n| format!("cn=g{n:04},{GROUPS}")).collect();
    let many: Vec<(&str, &str)> = groups.iter().map(|dn| ("memberOf", dn.as_str())).collect();
    ldif.user("many", &many);
    let [alice, carol, old] = ["alice", "carol", "old"].map(user_dn);
    ldif.group("active", &[&alice, &carol, &old, &shy, &half]);
    // "old" has been in it since before there was an overlay; "shy" and "half" are by another group.
    ldif.group("banned", &[&alice, &old]);
    ldif.group("opaque", &[&alice]);
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        access,
        global: "moduleload memberof".to_owned(),
        database: "overlay memberof".to_owned(),
        ..SlapdOptions::default()
    }
}

fn config(server: &Slapd, access: &str) -> PathBuf {
    let flags = format!("is_active = 'CN=Active, OU=Groups, {BASE}'");
    server.config(&[
        ("group", "type = \"member_of\""),
        ("flags", &flags),
        ("access", access),
    ])
}

fn denies(server: &Slapd, group: &str) -> PathBuf {
    config(server, &format!("deny = '{}'", group_dn(group)))
}

#[test]
fn a_group_that_the_entry_names_costs_no_question() {
    let server = server();
    let config = config(&server, "");
    for (user, code) in [("alice", PAM_SUCCESS), ("nobody", PAM_PERM_DENIED)] {
        let watch = server.watch();
        assert_eq!(auth_right(&config, user), code, "{user}");
        assert_eq!(account(&config, user), code, "{user}");
        let operations = watch.operations();
        assert_eq!(operations.searches.len(), 2, "{operations:#?}");
    }
}

#[test]
fn the_server_keeps_the_attribute() {
    let server = Slapd::start(&options());
    let config = config(&server, "");
    assert_eq!(account(&config, "nobody"), PAM_PERM_DENIED);
    let change = |what: &str| {
        let (group, user) = (group_dn("active"), user_dn("nobody"));
        modify(
            &server,
            &format!("dn: {group}\nchangetype: modify\n{what}: member\nmember: {user}\n"),
        );
    };
    change("add");
    assert_eq!(account(&config, "nobody"), PAM_SUCCESS);
    change("delete");
    assert_eq!(account(&config, "nobody"), PAM_PERM_DENIED);
}

/// ldapmodify(1)
fn modify(server: &Slapd, ldif: &str) {
    let mut child = Command::new(need("ldapmodify", "ldap-utils"))
        .args([
            "-x",
            "-H",
            &server.uri(),
            "-D",
            &format!("cn=manager,{BASE}"),
            "-w",
            "manager",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("ldapmodify runs");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(ldif.as_bytes()).expect("a write");
    drop(input);
    assert!(child.wait().expect("it ends").success(), "{ldif}");
}

#[test]
fn not_and_deny_keep_members_out() {
    let server = server();
    for access in ["deny = '<banned>'", "require = { not = '<banned>' }"] {
        let access = access.replace("<banned>", &group_dn("banned"));
        let config = config(&server, &access);
        assert_eq!(account(&config, "alice"), PAM_PERM_DENIED, "{access}");
        assert_eq!(account(&config, "carol"), PAM_SUCCESS, "{access}");
    }
    assert_eq!(
        account(&denies(&server, "missing"), "carol"),
        PAM_SERVICE_ERR
    );
}

#[test]
fn an_attribute_that_is_hidden_lets_nobody_in() {
    let server = server();
    let required = config(&server, &format!("require = '{}'", group_dn("banned")));
    assert_eq!(account(&required, "alice"), PAM_SUCCESS);
    // Of "shy" the whole attribute is hidden, of "half" the value that counts.
    for user in ["shy", "half"] {
        assert_eq!(account(&required, user), PAM_PERM_DENIED, "{user}");
        assert_eq!(
            account(&denies(&server, "banned"), user),
            PAM_PERM_DENIED,
            "{user}"
        );
    }
}

#[test]
fn what_the_group_lists_counts_against_the_user_too() {
    let server = server();
    let denied = denies(&server, "banned");
    assert_eq!(
        account(&denied, "old"),
        PAM_PERM_DENIED,
        "memberOf was never set"
    );
    assert_eq!(
        account(&denies(&server, "opaque"), "carol"),
        PAM_PERM_DENIED,
        "nobody can tell"
    );
}

#[test]
fn a_server_that_does_not_keep_the_attribute_lets_nobody_in() {
    let server = crate::fixture::server();
    let active = format!("is_active = '{}'", group_dn("active"));
    let banned = format!("is_active = {{ not = '{}' }}", group_dn("banned"));
    for flags in [active, banned] {
        let config = server.config(&[("group", "type = \"member_of\""), ("flags", &flags)]);
        assert_eq!(account(&config, "alice"), PAM_PERM_DENIED, "{flags}");
    }
}

#[test]
fn no_more_values_are_looked_at_than_are_sane() {
    let server = server();
    for (number, code) in [(MANY - 2, PAM_SUCCESS), (MANY - 1, PAM_PERM_DENIED)] {
        let flags = format!("is_active = 'cn=g{number:04},{GROUPS}'");
        let config = server.config(&[("group", "type = \"member_of\""), ("flags", &flags)]);
        assert_eq!(account(&config, "many"), code, "{flags}");
    }
}
