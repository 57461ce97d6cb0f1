//! `rsldapctl check`: groups by `memberOf`.

use crate::common::directory::{BASE, Ldif, SERVICE_DN, USERS, group_dn, user_dn};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{ask, check, options};

fn flags(more: &str) -> String {
    format!("is_active = \"{}\"\n{more}", group_dn("active"))
}

#[test]
fn groups_by_member_of_need_a_server_that_keeps_it() {
    let (answer, line) = check(&[("group", "type = \"member_of\"")], "member_of");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["member_of_missing"]);
    assert_eq!(answer.line_of("member_of_missing"), line);
}

/// With slapo-memberof(5). slapadd(8) runs no overlay, so what it would keep is in the LDIF.
fn with_member_of() -> Slapd {
    let mut ldif = Ldif::tree();
    let active = group_dn("active");
    let of_alice = [("memberOf", active.as_str())];
    ldif.user("alice", &of_alice).user("bob", &[]);
    ldif.group("active", &[&user_dn("alice")]);
    ldif.group("hollow", &[""]).group("dummy", &[SERVICE_DN]);
    ldif.group("opaque", &[&user_dn("bob")]);
    let [unique, posix] = ["unique", "posix"].map(group_dn);
    let member = ("uniqueMember", &*user_dn("bob"));
    ldif.entry(&unique, &[("objectClass", "groupOfUniqueNames"), member]);
    let class = ("objectClass", "posixGroup");
    let member = ("memberUid", "alice");
    ldif.entry(&posix, &[class, ("gidNumber", "5000"), member]);
    let unit = [("objectClass", "organizationalUnit")];
    ldif.entry(&format!("ou=unit,{BASE}"), &unit);
    let access = format!(
        "access to dn.base=\"{}\" attrs=member by * none\n{}",
        group_dn("opaque"),
        options().access
    );
    Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        access,
        global: "moduleload memberof".to_owned(),
        database: "overlay memberof".to_owned(),
        ..SlapdOptions::default()
    })
}

#[test]
fn with_member_of_what_no_user_names_is_no_gate() {
    let slapd = with_member_of();
    let look = |flags: &str, access: &str, user: &str| {
        let changes = [
            ("group", "type = \"member_of\""),
            ("flags", flags),
            ("access", access),
            ("user", user),
        ];
        let changes = &changes[..if user.is_empty() { 3 } else { 4 }];
        ask(&slapd.config(changes), &["check"], "")
    };
    let template = format!("dn_template = \"uid={{user}},{USERS}\"");
    for (dn, id, fix) in [
        (user_dn("alice"), "group_wrong_schema", "name a group"),
        (
            format!("ou=unit,{BASE}"),
            "group_wrong_schema",
            "name a group",
        ),
        (
            group_dn("posix"),
            "group_wrong_schema",
            "type = \"posix_group\"",
        ),
        (group_dn("hollow"), "group_empty", "add users"),
        (group_dn("dummy"), "group_empty", "add users"),
        (
            group_dn("unique"),
            "group_empty",
            "type = \"group_of_unique_names\"",
        ),
    ] {
        for user in ["", &template] {
            let answer = look(&format!("is_active = \"{dn}\""), "", user);
            assert_eq!(answer.code, 1, "{}", answer.text);
            assert_eq!(answer.findings("error"), [id], "{}", answer.text);
            let said = answer.finding(id)["fix"].as_str().unwrap();
            assert!(said.contains(fix), "{said}");
        }
        let answer = look(&flags(&format!("x = \"{dn}\"")), "", "");
        let level = match id {
            "group_empty" => "warning",
            _ => "error",
        };
        assert_eq!(answer.findings(level), [id], "{}", answer.text);
        // A group that shuts nobody out is right there, and what is no group is not.
        let answer = look(&flags(""), &format!("deny = \"{dn}\""), "");
        assert_eq!(answer.code, i32::from(level == "error"), "{}", answer.text);
        assert!(answer.findings("warning").is_empty(), "{}", answer.text);
        let noted = !["dummy", "unique"].map(group_dn).contains(&dn) && level != "error";
        assert_eq!(
            !answer.findings("note").is_empty(),
            noted,
            "{}",
            answer.text
        );
    }
    let opaque = format!("deny = \"{}\"", group_dn("opaque"));
    let answer = look(&flags(""), &opaque, "");
    assert_eq!(answer.findings("error"), ["group_unreadable"]);
    for user in ["", &template] {
        let answer = look(&flags(""), "", user);
        assert_eq!(answer.json["findings"], serde_json::json!([]));
    }
}
