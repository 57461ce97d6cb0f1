//! Groups in groups, against a real slapd: what counts, what bounds it, and what it costs.

mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tree::{ELSEWHERE, many, options, server};

use crate::common::directory::{BASE, GROUPS, group_dn};
use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SERVICE_ERR, PAM_SUCCESS};
use crate::common::slapd::{Operations, Slapd, SlapdOptions};
use crate::fixture::{account, auth_right};
use crate::proxy::{Fault, Proxy};

const NESTED: &str = "nested = true\nsearch = [ { base = \"ou=groups,dc=example,dc=com\", \
                      scope = \"subtree\", filter = \"(objectClass=groupOfNames)\" } ]";

/// A configuration in which groups nest and the gates are these.
fn nested(server: &Slapd, access: &str) -> PathBuf {
    let flags = format!("is_active = '{}'", group_dn("active"));
    server.config(&[("group", NESTED), ("access", access), ("flags", &flags)])
}

fn requires(server: &Slapd, group: &str) -> PathBuf {
    nested(server, &format!("require = '{}'", group_dn(group)))
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

/// What a login of the account phase asked, after it ended in `code`.
fn asked(server: &Slapd, config: &Path, user: &str, code: libc::c_int) -> Operations {
    let watch = server.watch();
    assert_eq!(account(config, user), code, "{user}");
    watch.operations()
}

/// Searches for groups: one for each level.
fn levels(operations: &Operations) -> usize {
    let below_groups = |(base, _): &&(String, String)| base.eq_ignore_ascii_case(GROUPS);
    operations.searches.iter().filter(below_groups).count()
}

#[test]
fn a_member_of_a_member_is_a_member() {
    let server = server();
    for (group, members) in [
        ("inner", &["alice"][..]),
        ("middle", &["alice", "bob"]),
        ("outer", &["alice", "bob"]),
        ("top", &["alice"]),
    ] {
        let config = requires(&server, group);
        for user in ["alice", "bob", "carol"] {
            let code = match members.contains(&user) {
                true => PAM_SUCCESS,
                false => PAM_PERM_DENIED,
            };
            assert_eq!(auth_right(&config, user), code, "{user} in {group}");
            assert_eq!(account(&config, user), code, "{user} in {group}");
        }
    }
}

#[test]
fn nesting_works_for_every_kind_of_group_that_lists_dns() {
    let server = server();
    for kind in [
        "type = \"group_of_unique_names\"",
        "member_attribute = \"uniqueMember\"",
    ] {
        let section = format!("{kind}\nnested = true\nsearch = [ {{ base = \"{GROUPS}\" }} ]");
        let flags = format!("is_active = '{}'", group_dn("unique-outer"));
        let config = server.config(&[("group", &section), ("flags", &flags)]);
        assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS, "{kind}");
        assert_eq!(auth_right(&config, "bob"), PAM_PERM_DENIED, "{kind}");
    }
}

#[test]
fn circles_and_groups_in_themselves_end() {
    let server = server();
    for group in ["circle-a", "circle-b", "itself"] {
        let config = requires(&server, group);
        assert_eq!(account(&config, "alice"), PAM_SUCCESS, "{group}");
        assert_eq!(account(&config, "bob"), PAM_PERM_DENIED, "{group}");
        let denied = nested(&server, &format!("deny = '{}'", group_dn(group)));
        assert_eq!(account(&denied, "alice"), PAM_PERM_DENIED, "{group}");
        assert_eq!(account(&denied, "bob"), PAM_SUCCESS, "{group}");
    }
}

#[test]
fn a_level_is_one_search_and_a_group_none() {
    let server = server();
    let direct = requires(&server, "inner");
    let operations = asked(&server, &direct, "alice", PAM_SUCCESS);
    assert_eq!(levels(&operations), 1, "{operations:#?}");
    let outer = requires(&server, "outer");
    let operations = asked(&server, &outer, "alice", PAM_SUCCESS);
    assert_eq!(levels(&operations), 3, "{operations:#?}");
    // Two ways to one group, and circles, are no reason to ask twice; nor are several gates.
    let groups = ["top", "left", "right", "circle-b", "itself", "outer"].map(group_dn);
    let all = nested(&server, &format!("require = {{ all = {groups:?} }}"));
    let operations = asked(&server, &all, "alice", PAM_SUCCESS);
    assert_eq!(levels(&operations), 3, "{operations:#?}");
    for group in groups {
        assert_eq!(operations.questions_about(&group), 0, "{operations:#?}");
    }
    // Of groups only the names are read: no list of members, whole or in ranges, ever travels.
    let asked_for = |line: &&String| line.contains(" SRCH attr=");
    let wanted = operations.lines.iter().filter(asked_for);
    let of_groups = wanted.filter(|line| !line.contains("attr=uid "));
    assert!(
        of_groups
            .clone()
            .all(|line| line.ends_with(" SRCH attr=1.1")),
        "{operations:#?}"
    );
    assert_eq!(of_groups.count(), 3);
}

#[test]
fn sixteen_levels_count_and_a_seventeenth_shuts_the_gate() {
    let server = server();
    let sixteenth = requires(&server, "level-16");
    assert_eq!(account(&sixteenth, "deep"), PAM_SUCCESS);
    let beyond = requires(&server, "level-17");
    let operations = asked(&server, &beyond, "deep", PAM_SUCCESS);
    assert_eq!(
        levels(&operations),
        17,
        "the last one was to see whether there is more"
    );
    // Whether there is an eighteenth nobody knows, so "no member" is not known of any group.
    for access in ["require", "deny"] {
        let config = nested(&server, &format!("{access} = '{}'", group_dn("top")));
        assert_eq!(account(&config, "deep"), PAM_PERM_DENIED, "{access}");
        let why = reason(&config, "deep");
        assert!(why.contains("group nesting: more than 16 levels"), "{why}");
    }
}

#[test]
fn a_user_in_too_many_groups_is_kept_out() {
    let server = server();
    let section = format!("nested = true\nsearch = [ {{ base = \"{BASE}\" }} ]");
    let config = server.config(&[
        ("group", &section),
        ("access", &format!("require = '{}'", group_dn("top"))),
    ]);
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    assert_eq!(account(&config, "many"), PAM_PERM_DENIED);
    let why = reason(&config, "many");
    assert!(
        why.contains("group nesting: more than 2000 groups"),
        "{why}"
    );
}

#[test]
fn a_user_in_very_many_groups_is_asked_about_in_several_filters() {
    let server = server();
    let section = format!("nested = true\nsearch = [ {{ base = \"{BASE}\" }} ]");
    let config = |access: &str, group: &str| {
        let access = format!("{access} = '{}'", group_dn(group));
        let flags = format!("is_active = '{}'", group_dn("active"));
        server.config(&[("group", &section), ("access", &access), ("flags", &flags)])
    };
    assert_eq!(account(&config("require", "wide"), "crowded"), PAM_SUCCESS);
    assert_eq!(account(&config("deny", "wide"), "crowded"), PAM_PERM_DENIED);
    let operations = asked(&server, &config("deny", "top"), "crowded", PAM_SUCCESS);
    let filters = operations.questions_about(&group_dn("top"));
    assert!(filters > 1, "{filters} filters");
    let denied = config("deny", "missing");
    assert_eq!(account(&denied, "crowded"), PAM_SERVICE_ERR);
}

#[test]
fn that_somebody_is_no_member_takes_one_question_more() {
    let server = server();
    let groups = ["outer", "circle-a"].map(group_dn);
    let denied = nested(&server, &format!("deny = {groups:?}"));
    let operations = asked(&server, &denied, "carol", PAM_SUCCESS);
    assert_eq!(levels(&operations), 2, "{operations:#?}");
    for group in groups {
        assert_eq!(operations.questions_about(&group), 1, "{operations:#?}");
    }
}

#[test]
fn a_server_that_sends_only_some_of_the_groups_keeps_the_gate_shut() {
    let limited = SlapdOptions {
        global: "sizelimit 500".to_owned(),
        ..options()
    };
    let hard = SlapdOptions {
        database: format!(
            "{}\nlimits * size.soft=500 size.hard=1000",
            limited.database
        ),
        ..limited.clone()
    };
    for (options, code) in [(limited, "sizeLimitExceeded"), (hard, "sizeLimitExceeded")] {
        let server = Slapd::start(&options);
        let section = format!("nested = true\nsearch = [ {{ base = \"{}\" }} ]", many());
        let flags = format!("is_active = 'cn=missing,{}'", many());
        let config = server.config(&[("group", &section), ("flags", &flags)]);
        assert_eq!(account(&config, "many"), PAM_PERM_DENIED);
        let why = reason(&config, "many");
        assert!(
            why.contains("groups and no more") && why.contains(code),
            "{why}"
        );
    }
}

#[test]
fn a_chain_has_all_its_links_where_groups_are_looked_for() {
    let server = server();
    let beyond = requires(&server, "beyond");
    assert_eq!(
        account(&beyond, "alice"),
        PAM_PERM_DENIED,
        "through a link elsewhere"
    );
    // A gate elsewhere has no members at all, as in django-auth-ldap, and the log says why.
    let gate = nested(&server, &format!("require = 'cn=gate,{ELSEWHERE}'"));
    assert_eq!(account(&gate, "sue"), PAM_PERM_DENIED);
    let why = reason(&gate, "sue");
    let expected = format!("group cn=gate,{ELSEWHERE} is outside group.search");
    assert!(why.contains(&expected), "{why}");
    // Where membership shuts the gate, it counts.
    let denied = nested(&server, &format!("deny = 'cn=gate,{ELSEWHERE}'"));
    assert_eq!(account(&denied, "sue"), PAM_PERM_DENIED);
    assert_eq!(account(&denied, "alice"), PAM_SUCCESS);
    let both = NESTED.replace(" } ]", &format!(" }}, {{ base = \"{ELSEWHERE}\" }} ]"));
    for (group, user) in [
        (group_dn("beyond"), "alice"),
        (format!("cn=gate,{ELSEWHERE}"), "sue"),
    ] {
        let access = format!("require = '{group}'");
        let config = server.config(&[("group", &both), ("access", &access)]);
        assert_eq!(account(&config, user), PAM_SUCCESS, "{group}");
        assert_eq!(account(&config, "bob"), PAM_PERM_DENIED, "{group}");
    }
}

#[test]
fn only_what_the_filter_of_the_search_matches_is_a_link() {
    let server = server();
    let others = NESTED.replace("(objectClass=groupOfNames)", "(!(cn=middle))");
    let access = format!("require = '{}'", group_dn("outer"));
    let config = server.config(&[("group", &others), ("access", &access)]);
    assert_eq!(account(&config, "alice"), PAM_PERM_DENIED);
}

#[test]
fn names_are_compared_as_names_at_every_link() {
    let server = server();
    for gate in [
        format!("CN=Around, OU=Groups,  {BASE}"),
        format!("cn=\\61round,{GROUPS}"),
        format!("cn=a\\2c b\\2b(C)* \\5cd,{GROUPS}"),
        format!("CN=\"A, B+(c)* \\\\d\", {GROUPS}"),
    ] {
        let config = nested(&server, &format!("require = '{gate}'"));
        assert_eq!(account(&config, "alice"), PAM_SUCCESS, "{gate}");
        assert_eq!(account(&config, "bob"), PAM_PERM_DENIED, "{gate}");
    }
}

#[test]
fn not_and_deny_keep_out_the_members_of_members() {
    let server = server();
    for access in [
        format!("deny = '{}'", group_dn("outer")),
        format!("require = {{ not = '{}' }}", group_dn("outer")),
        format!(
            "require = {{ all = [\"is_active\", {{ not = '{}' }}] }}",
            group_dn("outer")
        ),
    ] {
        let config = nested(&server, &access);
        for (user, code) in [
            ("alice", PAM_PERM_DENIED),
            ("bob", PAM_PERM_DENIED),
            ("carol", PAM_SUCCESS),
        ] {
            assert_eq!(auth_right(&config, user), code, "{user}: {access}");
            assert_eq!(account(&config, user), code, "{user}: {access}");
        }
    }
}

#[test]
fn not_and_deny_with_a_missing_group_are_an_error_of_the_configuration() {
    let server = server();
    for access in [
        format!("deny = '{}'", group_dn("missing")),
        format!("require = {{ not = '{}' }}", group_dn("missing")),
    ] {
        let config = nested(&server, &access);
        assert_eq!(account(&config, "carol"), PAM_SERVICE_ERR, "{access}");
    }
    let required = requires(&server, "missing");
    assert_eq!(account(&required, "carol"), PAM_PERM_DENIED);
}

#[test]
fn a_group_that_hides_its_members_lets_nobody_in() {
    let server = server();
    for group in ["opaque", "hidden"] {
        let required = requires(&server, group);
        assert_eq!(account(&required, "alice"), PAM_PERM_DENIED, "{group}");
        let denied = nested(&server, &format!("deny = '{}'", group_dn(group)));
        assert_ne!(
            account(&denied, "alice"),
            PAM_SUCCESS,
            "{group}: she is in it"
        );
        assert_ne!(
            account(&denied, "carol"),
            PAM_SUCCESS,
            "{group}: nobody can tell"
        );
    }
}

#[test]
fn a_link_that_hides_its_members_is_none() {
    let server = server();
    let config = requires(&server, "behind");
    assert_eq!(account(&config, "alice"), PAM_PERM_DENIED);
}

#[test]
fn a_base_that_does_not_exist_is_an_error_of_the_configuration() {
    let server = server();
    let section = format!("nested = true\nsearch = [ {{ base = \"ou=gone,{BASE}\" }} ]");
    let access = format!("require = 'cn=x,ou=gone,{BASE}'");
    let config = server.config(&[("group", &section), ("access", &access)]);
    assert_eq!(account(&config, "alice"), PAM_SERVICE_ERR);
}

#[test]
fn a_long_climb_ends_at_the_deadline() {
    let server = server();
    let proxy = Proxy::start(server.port());
    proxy.set(Fault::Delay(Duration::from_millis(100)));
    let uris = format!("uris = [\"{}\"]\ndeadline = \"1500ms\"", proxy.uri());
    let access = format!("require = '{}'", group_dn("level-16"));
    let config = server.config(&[("server", &uris), ("group", NESTED), ("access", &access)]);
    let started = Instant::now();
    assert_eq!(account(&config, "deep"), PAM_AUTHINFO_UNAVAIL);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    let near = server.config(&[("group", NESTED), ("access", &access)]);
    assert_eq!(account(&near, "deep"), PAM_SUCCESS, "without the delay");
}

/// `tokenGroups` and `objectSid` are not there, so the server is no domain controller.
#[test]
fn a_server_without_token_groups_is_climbed_by_levels() {
    let server = server();
    let section = NESTED.replace("nested", "type = \"active_directory\"\nnested");
    let config = |access: &str, group: &str| {
        let flags = format!("is_active = '{}'", group_dn("active"));
        let access = format!("{access} = '{}'", group_dn(group));
        server.config(&[("group", &section), ("access", &access), ("flags", &flags)])
    };
    assert_eq!(account(&config("require", "outer"), "alice"), PAM_SUCCESS);
    assert_eq!(
        account(&config("require", "outer"), "carol"),
        PAM_PERM_DENIED
    );
    assert_eq!(account(&config("deny", "outer"), "alice"), PAM_PERM_DENIED);
    assert_eq!(
        account(&config("deny", "missing"), "carol"),
        PAM_SERVICE_ERR
    );
    // Her primary group is not known; it could be this one.
    let denied = config("deny", "outer");
    assert_eq!(account(&denied, "carol"), PAM_PERM_DENIED);
    let why = reason(&denied, "carol");
    assert!(why.contains("does not show its primary group"), "{why}");
}
