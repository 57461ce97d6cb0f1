//! Random users: ordinary ones, and those with whom logins tend to go wrong.

use crate::common::directory::USERS;
use crate::dn::Dn;
use crate::random::Random;
use crate::tree::{CONTRACTORS, DEEP, User};

/// Login names with every character that means something in a filter, a DN, a format string, LDIF
/// or TOML; names that directories fold and hosts do not.
const ODD_NAMES: [&str; 37] = [
    "o'brien",
    "O'Hara",
    "smith, john",
    "quo\"te",
    "paren(the)ses",
    "ast*risk",
    "back\\slash",
    "\\2a",
    "inner space",
    "two  spaces",
    "zoë",
    "ZOË2",
    "日本語",
    "plus+sign",
    "#hash",
    "semi;colon",
    "less<more>",
    "equal=s",
    "100%",
    "50%off",
    "%(user)s",
    "amp&pipe|bang!",
    "x{user}",
    "$HOME`n`",
    "UPPER",
    "MiXed",
    "İlker",
    "ΟΔΟΣ",
    "straße",
    "Ｆｕｌｌ",
    "e\u{301}cole",
    "\u{fb01}sh",
    "a\u{a0}b",
    "ti~lde",
    "user@example.com",
    "EXAMPLE\\user",
    "dot.ted-dash_",
];

/// Names that no host would have, and the module gives to nobody.
const IMPOSSIBLE_NAMES: [&str; 7] = [
    "trailing ",
    " leading",
    "-dash",
    "+plus",
    "a/b",
    "a:b",
    "a\tb",
];

const GIVEN_NAMES: [&str; 6] = ["Anna", "Zoë", "Jean Luc", "明", " padded ", "O'Neil, \"Q\""];

/// A text that is no UTF-8, in base64.
const BINARY: &str = "/9j/AAEC//4=";

const PASSWORDS: [&str; 8] = [
    "s3cret",
    "pässwörd ☃ 密码",
    " ",
    " lead and trail ",
    "p\u{fffd}w",
    "tab\tand\u{7f}",
    "{SSHA}looks-like-a-hash%s",
    "quo\"te'back\\slash",
];

/// About sixty users. Some names occur twice, in units that only some searches look into.
pub fn people(random: &mut Random) -> Vec<User> {
    let mut users = Vec::new();
    for number in 0..26 {
        let letters: String = (0..4)
            .map(|_| *random.of(&['a', 'e', 'k', 'n', 'o', 's', 't']))
            .collect();
        users.push(person(random, &format!("{letters}{number}")));
    }
    for name in random.several(&ODD_NAMES, 20) {
        users.push(person(random, name));
    }
    for name in random.several(&IMPOSSIBLE_NAMES, 2) {
        users.push(person(random, name));
    }
    for place in 0..4 {
        let twin = twin(random, &users[place * 3], place);
        users.push(twin);
    }
    several_names(random, &mut users);
    for number in 0..2 {
        let name = format!("nameless{number}");
        let mut nameless = User::new(&name);
        nameless.dn = Dn::new(&[("cn", &name)], USERS);
        nameless = nameless.with("mail", &format!("{name}@example.com"));
        nameless.uids.clear();
        users.push(nameless);
    }
    users
}

fn person(random: &mut Random, name: &str) -> User {
    let mut user = User::new(name);
    let base = *random.of(&[USERS, USERS, USERS, USERS, DEEP, CONTRACTORS]);
    let cn = match random.percent(4) {
        true => &format!("{}\tTab", name.trim()),
        false => name.trim(),
    };
    user.attributes[0].1 = cn.to_owned();
    user.dn = match random.below(12) {
        0 => Dn::new(&[("cn", cn)], base),
        1 => Dn::new(&[("cn", cn), ("uid", name)], base),
        _ => Dn::new(&[("uid", name)], base),
    };
    user.password = match random.below(20) {
        0 => None,
        1..8 => Some((*random.of(&PASSWORDS)).to_owned()),
        8 => Some("x".repeat(400 + random.below(100))),
        _ => user.password,
    };
    user.gid = random
        .percent(40)
        .then(|| 40_000 + u32::try_from(random.below(12)).expect("small"));
    user.invisible = random.percent(2);
    attributes(random, user)
}

fn attributes(random: &mut Random, mut user: User) -> User {
    let name = user.uids[0].clone();
    for _ in 0..random.weighted(&[3, 5, 2]) {
        let given = *random.of(&GIVEN_NAMES);
        if !user.attributes.contains(&("givenName", given.to_owned())) {
            user = user.with("givenName", given);
        }
    }
    if random.percent(70) && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        user = user.with("mail", &format!("{name}@Example.COM"));
        if random.percent(20) {
            user = user.with("mail", &format!("second.{name}@example.com"));
        }
    }
    if random.percent(10) {
        user = user.with("givenName;lang-de", "Hänsel");
    }
    if random.percent(8) {
        user = user.with("description", "two\nlines\u{1b}[31m and more\u{7f}");
    } else if random.percent(4) {
        user = user.with("description", &"é".repeat(3000));
    } else if random.percent(30) {
        user = user.with("description", "100% sure; a=b, c");
    }
    if random.percent(5) {
        user = user.with("audio:", BINARY);
    }
    if random.percent(30) {
        user = user.with("displayName", &format!("The {}", name.trim()));
    }
    user
}

/// Another entry with the same name: it depends on the searches whether both are found.
fn twin(random: &mut Random, user: &User, number: usize) -> User {
    let mut twin = User::new(&user.uids[0]);
    let base = *random.of(&[DEEP, CONTRACTORS]);
    let cn = format!("twin{number}");
    twin.dn = Dn::new(&[("cn", &cn)], base);
    twin.attributes[0].1 = cn;
    if random.percent(50) {
        twin.uids = vec![user.uids[0].to_uppercase()];
    }
    if random.percent(50) {
        twin.password.clone_from(&user.password);
    }
    twin
}

/// Further names for a few of them; the second one may differ in case only.
fn several_names(random: &mut Random, users: &mut [User]) {
    for place in 0..5 {
        let user = &mut users[place * 5 + 1];
        let more = match random.below(3) {
            0 => format!("{} too", user.uids[0].trim()),
            1 => format!("second{place}"),
            _ => format!("Zweit{place}ß"),
        };
        user.uids.push(more);
    }
}
