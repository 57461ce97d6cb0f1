//! Random groups of every kind: flat ones, chains, diamonds and circles, empty ones, ones outside of
//! where groups are looked for, ones that may not be read.

use std::collections::BTreeSet;

use crate::dn::Dn;
use crate::random::Random;
use crate::tree::{Access, Group, Kind, OUTSIDE, User};

/// The first group of each kind, which has most users as members.
pub const MOST: &str = "active";

const ODD_NAMES: [&str; 14] = [
    "Staff Team",
    "a, b",
    "R&D (north)",
    "équipe",
    "plus+minus",
    "#1",
    "back\\slash*",
    "quo\"te",
    "tab\tand\u{7f}",
    "Straße",
    "o'neil's <team>",
    "semi;colon=",
    "日本",
    "UPPER",
];

/// How deep the chain of groups goes.
const CHAIN: usize = 6;

pub fn teams(random: &mut Random, users: &[User]) -> Vec<Group> {
    Kind::ALL
        .into_iter()
        .flat_map(|kind| teams_of(random, kind, users))
        .collect()
}

fn teams_of(random: &mut Random, kind: Kind, users: &[User]) -> Vec<Group> {
    let mut groups = vec![Group::new(kind, MOST, &[])];
    groups[0].members = members(random, kind, users, 85);
    let names = random.several(&ODD_NAMES, 6);
    let plain: Vec<String> = (0..8).map(|number| format!("g{number}")).collect();
    let names = names
        .into_iter()
        .copied()
        .chain(plain.iter().map(String::as_str));
    for (number, name) in names.enumerate() {
        let mut group = Group::new(kind, name, &[]);
        let share = *random.of(&[0, 5, 15, 40]);
        group.members = members(random, kind, users, share);
        group.gid = 40_000 + u32::try_from(number).expect("small");
        let base = match random.below(10) {
            0 => OUTSIDE.to_owned(),
            1..4 => kind.teams(),
            _ => kind.unit(),
        };
        let name = format!("{name} {}", kind.object_class());
        let name = if base == OUTSIDE { name } else { group.name() };
        group.dn = Dn::new(&[("cn", &name)], &base);
        let retired = kind != Kind::Own && random.percent(20);
        group.description = retired.then_some("retired 50%");
        groups.push(group);
    }
    for (place, access) in [
        Access::Hidden,
        Access::Guarded,
        Access::Opaque,
        Access::Private,
    ]
    .into_iter()
    .enumerate()
    {
        let mut group = Group::new(kind, &format!("{access:?}").to_lowercase(), &[]);
        group.members = members(random, kind, users, 50);
        group.access = access;
        group.gid = 50_000 + u32::try_from(place).expect("small");
        groups.push(group);
    }
    if kind != Kind::Posix {
        nest(random, &mut groups);
    }
    groups
}

/// So many of a hundred users, most by the usual spelling of their names.
fn members(random: &mut Random, kind: Kind, users: &[User], percent: usize) -> Vec<String> {
    let mut members = Vec::new();
    for user in users {
        if !random.percent(percent) {
            continue;
        }
        match kind {
            // An IA5 string.
            Kind::Posix => members.extend(user.uids.first().filter(|uid| uid.is_ascii()).cloned()),
            _ if random.percent(20) => members.push(user.dn.respelled(random)),
            _ => members.push(user.dn.text()),
        }
    }
    if kind != Kind::Posix && random.percent(20) {
        members.push("uid=nobody,ou=gone,dc=example,dc=com".to_owned());
    }
    members
}

/// Makes groups members of groups: a chain, sometimes closed to a circle, a diamond, and some at
/// random. A group of which everybody is a member is in none of it.
fn nest(random: &mut Random, groups: &mut [Group]) {
    let last = groups.len() - 4;
    let mut linked = BTreeSet::new();
    let mut link = |random: &mut Random, inner: usize, outer: usize| {
        if !linked.insert((inner, outer)) {
            return;
        }
        let dn = match random.percent(20) {
            true => groups[inner].dn.respelled(random),
            false => groups[inner].dn.text(),
        };
        groups[outer].members.push(dn);
    };
    for step in 0..CHAIN {
        link(random, 1 + step, 2 + step);
    }
    if random.percent(50) {
        link(random, 1 + CHAIN, 1);
    }
    for (inner, outer) in [(9, 10), (9, 11), (10, 12), (11, 12), (13, 13)] {
        link(random, inner, outer);
    }
    for _ in 0..5 {
        let (one, other) = (1 + random.below(last - 1), 1 + random.below(last - 1));
        link(random, one, other);
    }
    // Through one that cannot be seen, and through one outside.
    for inner in last..last + 4 {
        let outer = 1 + random.below(last - 1);
        link(random, inner, outer);
    }
}
