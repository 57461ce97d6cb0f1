//! The directory of these tests, and the shortest way to one login.

use std::ffi::c_int;
use std::path::Path;

use crate::common::directory::{self, BASE, GROUPS, Ldif, USERS, group_dn, hex_escaped, user_dn};
pub use crate::common::login::{IGNORED, account, auth, client, stack, stack_with};
use crate::common::slapd::{Lease, Pool, SlapdOptions};

/// Names with every character that means something in a filter, a DN, LDIF or a shell. All are
/// active users with the password of [`directory::password_of`].
pub const SPECIAL_NAMES: [&str; 22] = [
    "o'brien",
    "smith, john",
    "quo\"te",
    "paren(the)ses",
    "(&(uid=x))",
    "ast*risk",
    "back\\slash",
    "\\2a",
    "inner space",
    "two  spaces",
    "zoë",
    "日本語",
    "plus+sign",
    "#hash",
    "semi;colon",
    "less<more>",
    "equal=s",
    "dot.ted-dash_",
    "amp&pipe|bang!",
    "ti~lde",
    "x{user}",
    "$HOME`%n`",
];

/// How many of the users `u00`, `u01`… there are. All are active.
pub const CROWD: usize = 64;

/// Password lengths at which a buffer somewhere might end; `len-N` is the user, active.
pub const LENGTHS: [usize; 6] = [1, 255, 256, 511, 512, 513];

/// A password of `length` bytes in which no part can be exchanged for another.
pub fn password_of_length(length: usize) -> String {
    (0_u8..=255)
        .cycle()
        .map(|byte| char::from(b'!' + byte % 94))
        .take(length)
        .collect()
}

static SERVERS: Pool = Pool::new(options);

/// A running server with the directory of these tests, for the calling test alone. It must be left
/// as it was.
pub fn server() -> Lease {
    SERVERS.lease()
}

/// The options of [`server`], for tests that break theirs.
pub fn options() -> SlapdOptions {
    let access = format!(
        "access to attrs=userPassword by self write by anonymous auth by * none\n\
         access to dn.base=\"{}\" by * none\n\
         access to dn.base=\"{}\" by * disclose\n\
         access to dn.base=\"{}\" attrs=member by * none\n\
         access to dn.base=\"{}\" attrs=gidNumber by * none\n\
         access to dn.base=\"{}\" by dn.exact=\"{}\" read by * none\n\
         access to * by * read\n",
        group_dn("hidden"),
        group_dn("unreadable"),
        group_dn("opaque"),
        user_dn("hugh"),
        group_dn("private"),
        user_dn("alice"),
    );
    SlapdOptions {
        ldif: tree().text().to_owned(),
        access,
        ..SlapdOptions::default()
    }
}

fn tree() -> Ldif {
    let mut ldif = Ldif::tree();
    add_users(&mut ldif);
    add_groups(&mut ldif);
    ldif
}

fn add_users(ldif: &mut Ldif) {
    for name in ["alice", "bob", "carol", "sue", "daemon", "root", "s*e"] {
        ldif.user(name, &[("givenName", name)]);
    }
    for name in SPECIAL_NAMES {
        ldif.user(name, &[]);
    }
    for number in 0..CROWD {
        ldif.user(&format!("u{number:02}"), &[]);
    }
    for length in LENGTHS {
        ldif.user(
            &format!("len-{length}"),
            &[("userPassword", &password_of_length(length))],
        );
    }
    ldif.user("nopass", &[("userPassword", "")]);
    ldif.user("unicode", &[("userPassword", "pässwörd ☃ 密码")]);
    ldif.user("replaced", &[("userPassword", "p\u{fffd}w")]);
    ldif.user("blank", &[("userPassword", " ")]);
    ldif.user("multi", &[("uid", "many"), ("uid", "Several")]);
    ldif.user(
        "ctrl",
        &[
            ("givenName", "a\nb\u{1b}[31mc\u{9b}d\r"),
            ("mail", "a@example.com"),
        ],
    );
    ldif.user("binary", &[("audio:", "/9j/AAEC//4=")]);
    ldif.user("long", &[("givenName", &format!("x{}", "é".repeat(6000)))]);
    let posix = [
        ("objectClass", "posixAccount"),
        ("uidNumber", "20500"),
        ("gidNumber", "20000"),
        ("homeDirectory", "/home/pat"),
    ];
    ldif.user("pat", &posix);
    // What his gidNumber is, nobody may know.
    ldif.user("hugh", &posix);
    let person = [("objectClass", "inetOrgPerson"), ("sn", "Tester")];
    let deep = format!("ou=deep,{USERS}");
    let contractors = format!("ou=contractors,{BASE}");
    for unit in [&deep, &contractors] {
        ldif.entry(unit, &[("objectClass", "organizationalUnit")]);
    }
    ldif.user("twin", &[]);
    let with = |uid, password| {
        [
            person[0],
            person[1],
            ("uid", uid),
            ("userPassword", password),
        ]
    };
    ldif.entry(&format!("cn=twin,{deep}"), &with("twin", "twin-secret"));
    ldif.user("case", &[]);
    ldif.entry(&format!("cn=case,{deep}"), &with("CASE", "case-secret"));
    ldif.entry(&format!("cn=Dan,{contractors}"), &with("dan", "dan-secret"));
}

fn add_groups(ldif: &mut Ldif) {
    let [alice, bob, sue] = ["alice", "bob", "sue"].map(user_dn);
    let plain = [
        "alice", "bob", "sue", "daemon", "root", "nopass", "unicode", "replaced", "blank", "multi",
        "ctrl", "long", "pat", "twin", "case", "binary",
    ];
    let mut active: Vec<String> = plain.iter().map(|name| user_dn(name)).collect();
    active.extend((0..CROWD).map(|number| user_dn(&format!("u{number:02}"))));
    let escaped = |name: &str| format!("uid={},{USERS}", hex_escaped(name));
    active.extend(SPECIAL_NAMES.map(escaped));
    active.extend(LENGTHS.map(|length| escaped(&format!("len-{length}"))));
    active.push(format!("cn=twin,ou=deep,{USERS}"));
    active.push(format!("cn=Dan,ou=contractors,{BASE}"));
    let active: Vec<&str> = active.iter().map(String::as_str).collect();
    ldif.group("active", &active);
    ldif.group("staff", &[&alice, &sue]);
    ldif.group("superuser", &[&sue]);
    ldif.group("extra", &[&alice, &bob, &sue]);
    ldif.group("banned", &[&bob]);
    ldif.group("outer", &[&group_dn("staff")]);
    for name in ["hidden", "unreadable", "opaque", "private"] {
        ldif.group(name, &[&alice, &bob]);
    }
    let awkward = "a, b+c=\"d\" (e)* \\f #é";
    ldif.entry(
        &format!("cn={},{GROUPS}", hex_escaped(awkward)),
        &[
            ("objectClass", "groupOfNames"),
            ("cn", awkward),
            ("member", &alice),
        ],
    );
    ldif.entry(
        &group_dn("unique"),
        &[
            ("objectClass", "groupOfUniqueNames"),
            ("uniqueMember", &alice),
        ],
    );
    let identified = format!("{alice}#'0101'B");
    ldif.entry(
        &group_dn("identified"),
        &[
            ("objectClass", "groupOfUniqueNames"),
            ("uniqueMember", &identified),
        ],
    );
    ldif.entry(
        &group_dn("role"),
        &[
            ("objectClass", "organizationalRole"),
            ("roleOccupant", &alice),
        ],
    );
    ldif.entry(
        &group_dn("own"),
        &[("objectClass", "exampleGroup"), ("exampleMember", &alice)],
    );
    let posix = |gid, member| {
        [
            ("objectClass", "posixGroup"),
            ("gidNumber", gid),
            ("memberUid", member),
        ]
    };
    ldif.entry(&group_dn("posix"), &posix("20001", "alice"));
    ldif.entry(&group_dn("posixsue"), &posix("20002", "sue"));
    ldif.entry(&group_dn("primary"), &posix("20000", "nobody-else"));
}

/// The DN of the group whose name has everything that needs escaping, as a TOML literal string
/// may hold it.
pub fn awkward_group() -> String {
    format!("cn=a\\, b\\+c\\3D\\\"d\\\" (e)* \\5Cf \\23é,{GROUPS}")
}

/// The code of pam_authenticate(3) for this user with the right password.
pub fn auth_right(config: &Path, user: &str) -> c_int {
    auth(config, user, directory::password_of(user))
}
