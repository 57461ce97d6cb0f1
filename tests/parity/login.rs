//! One login: who, with which password.

use crate::policy::Policy;
use crate::random::Random;
use crate::tree::{Tree, User};

#[derive(Clone, Debug)]
pub struct Login {
    pub name: String,
    pub password: String,
}

/// Names that would find somebody if any part of them reached a filter, a DN or a format string raw,
/// and names that nobody has.
const STRANGERS: [&str; 12] = [
    "*",
    "*)(uid=*",
    "a*",
    "nobody-here",
    "",
    " ",
    "\\2a",
    "%s",
    "%(user)s",
    "active,ou=users",
    "x+uid=x",
    "nameless0",
];

const WRONG: [&str; 7] = [
    "wrong",
    "*",
    "%s",
    "\u{8}\n\r\u{7f}INCORRECT",
    "パスワード",
    "  ",
    "\u{1}",
];

pub fn login(random: &mut Random, tree: &Tree, policy: &Policy) -> Login {
    if random.percent(4) {
        let name = (*random.of(&STRANGERS)).to_owned();
        let password = password(random, tree, None);
        return Login { name, password };
    }
    let mut user = random.of(&tree.users);
    for _ in 0..20 {
        if policy.reaches(user) {
            break;
        }
        user = random.of(&tree.users);
    }
    let name = match policy.name_attribute {
        "mail" if random.percent(80) => user.mail().unwrap_or_else(|| name(random, user)),
        _ => name(random, user),
    };
    let password = password(random, tree, user.password.as_deref());
    Login { name, password }
}

fn name(random: &mut Random, user: &User) -> String {
    // One without a name of this kind may still be found by another.
    let Some(first) = user.uids.first() else {
        return user.attributes[0].1.clone();
    };
    match random.below(100) {
        0..2 => first.to_uppercase(),
        2..4 => first.to_lowercase(),
        4 => format!(" {first}"),
        5 => format!("{first}\t "),
        6 => first.replace(' ', "  "),
        7..10 => user.mail().unwrap_or_else(|| first.clone()),
        10 => user.attributes[0].1.clone(),
        11..40 => random.of(&user.uids).clone(),
        _ => first.clone(),
    }
}

fn password(random: &mut Random, tree: &Tree, right: Option<&str>) -> String {
    let right = right.unwrap_or("had-it-one").to_owned();
    match random.below(100) {
        0..2 => String::new(),
        2 => " ".to_owned(),
        3..6 => (*random.of(&WRONG)).to_owned(),
        6 => format!("{right} "),
        7 => right.to_uppercase(),
        8 => right.chars().skip(1).collect(),
        9..11 => random.of(&tree.users).password.clone().unwrap_or_default(),
        _ => right,
    }
}
