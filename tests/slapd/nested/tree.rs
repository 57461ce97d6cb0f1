//! The directory of the tests of nested groups.

use crate::common::directory::{BASE, GROUPS, Ldif, group_dn, user_dn};
use crate::common::slapd::{Lease, Pool, SlapdOptions};

/// Outside the place where groups are looked for.
pub const ELSEWHERE: &str = "ou=elsewhere,dc=example,dc=com";
/// How many groups `many` is in: one more than count.
const MANY: usize = 2_001;
/// How many of them `crowded` is in.
const CROWDED: usize = 1_900;
/// Groups of groups above `deep`: one level more than counts.
const LEVELS: usize = 17;

const USERS: [&str; 7] = ["alice", "bob", "carol", "sue", "deep", "many", "crowded"];

static SERVERS: Pool = Pool::new(options);

/// A server with this directory, for the calling test alone.
pub fn server() -> Lease {
    SERVERS.lease()
}

/// The options of [`server`].
pub fn options() -> SlapdOptions {
    let hidden = format!(
        "access to attrs=userPassword by self write by anonymous auth by * none\n\
         access to dn.base=\"{}\" attrs=member by * none\n\
         access to dn.base=\"{}\" by * none\n\
         access to * by * read\n",
        group_dn("opaque"),
        group_dn("hidden"),
    );
    let mut ldif = Ldif::tree();
    for unit in [ELSEWHERE, &many()] {
        ldif.entry(unit, &[("objectClass", "organizationalUnit")]);
    }
    for user in USERS {
        ldif.user(user, &[]);
    }
    add_groups(&mut ldif);
    let [many_dn, crowded] = ["many", "crowded"].map(user_dn);
    for number in 0..MANY {
        let mut group = vec![("objectClass", "groupOfNames"), ("member", &many_dn)];
        if number < CROWDED {
            group.push(("member", &crowded));
        }
        ldif.entry(&format!("cn=g{number:04},{}", many()), &group);
    }
    ldif.group("wide", &[&format!("cn=g{:04},{}", CROWDED - 1, many())]);
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        access: hidden,
        global: "sizelimit unlimited".to_owned(),
        database: "index member,uniqueMember eq".to_owned(),
        ..SlapdOptions::default()
    }
}

/// Where the groups of `many` are.
pub fn many() -> String {
    format!("ou=many,{BASE}")
}

fn add_groups(ldif: &mut Ldif) {
    let users = USERS.map(user_dn);
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    ldif.group("active", &users);
    let [alice, bob, sue, deep] = ["alice", "bob", "sue", "deep"].map(user_dn);
    ldif.group("inner", &[&alice]);
    ldif.group("middle", &[&group_dn("inner"), &bob]);
    ldif.group("outer", &[&group_dn("middle")]);
    ldif.group("circle-a", &[&group_dn("circle-b"), &alice]);
    ldif.group("circle-b", &[&group_dn("circle-a")]);
    ldif.group("itself", &[&group_dn("itself"), &alice]);
    ldif.group("left", &[&group_dn("inner")]);
    ldif.group("right", &[&group_dn("inner")]);
    ldif.group("top", &[&group_dn("left"), &group_dn("right")]);
    let mut below = deep;
    for level in 1..=LEVELS {
        ldif.group(&format!("level-{level}"), &[&below]);
        below = group_dn(&format!("level-{level}"));
    }
    let link = format!("cn=link,{ELSEWHERE}");
    let gate = format!("cn=gate,{ELSEWHERE}");
    let group = |member| [("objectClass", "groupOfNames"), ("member", member)];
    ldif.entry(&link, &group(&alice));
    ldif.entry(&gate, &group(&sue));
    ldif.group("beyond", &[&link]);
    // A name that needs escaping, and members that are spelled in other ways than the entries.
    let awkward = format!("cn=A\\2C b\\2B(c)\\2A \\5Cd,{GROUPS}");
    ldif.entry(
        &awkward,
        &[
            ("objectClass", "groupOfNames"),
            ("cn", "A, b+(c)* \\d"),
            ("member", &alice),
        ],
    );
    let spelled = "CN=a\\,  B\\+(C)* \\\\D , OU=Groups, DC=Example,DC=com";
    ldif.group("around", &[spelled]);
    ldif.group("opaque", &[&group_dn("inner")]);
    ldif.group("hidden", &[&group_dn("inner")]);
    ldif.group("behind", &[&group_dn("opaque")]);
    let unique = |member| {
        [
            ("objectClass", "groupOfUniqueNames"),
            ("uniqueMember", member),
        ]
    };
    ldif.entry(&group_dn("unique"), &unique(&alice));
    ldif.entry(&group_dn("unique-outer"), &unique(&group_dn("unique")));
}
