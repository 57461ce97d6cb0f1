//! Random policies.

use crate::common::directory::{BASE, GROUPS, USERS};
use crate::policy::{Bind, Mirror, Policy, Query, Search};
use crate::random::Random;
use crate::tree::{Access, CONTRACTORS, DEEP, Group, Kind, MISSING, OUTSIDE, Tree};

/// Ways to find a user by the name. The `%` is a literal one.
const USER_FILTERS: [&str; 8] = [
    "(uid={user})",
    "(uid={user})",
    "uid={user}",
    "(&(objectClass=inetOrgPerson)(uid={user}))",
    "(|(uid={user})(mail={user}))",
    "(|(uid={user})(cn={user}))",
    "(&(uid={user})(!(description=100%*)))",
    "(&(sn=Tester)(|(uid={user})(uid={user}-x)))",
];

const ATTRIBUTES: [(&str, &str); 9] = [
    ("first_name", "givenName"),
    ("last_name", "sn"),
    ("email", "MAIL"),
    ("note", "description"),
    ("shown", "displayName"),
    ("none", "employeeNumber"),
    ("uid", "uid"),
    ("picture", "audio"),
    ("alias", "surname"),
];

pub fn policy(random: &mut Random, tree: &Tree, nested: bool) -> Policy {
    let kind = match nested {
        true => *random.of(&[Kind::Names, Kind::UniqueNames, Kind::Role, Kind::Own]),
        false => *random.of(&Kind::ALL),
    };
    let bind = [Bind::Service, Bind::Anonymous, Bind::Refused][random.weighted(&[70, 28, 2])];
    let mut maker = Maker {
        random,
        tree,
        kind,
        nested,
    };
    let flags = maker.flags();
    let require = maker.random.percent(25).then(|| maker.query(2, true));
    let deny = maker.random.percent(25).then(|| maker.group());
    let group_searches = maker.group_searches();
    let searches = user_searches(random);
    let by_mail = searches[0].filter.contains("mail") && random.percent(50);
    Policy {
        bind,
        as_user: random.percent(20),
        template: random.percent(25).then(|| template(random)),
        searches,
        name_attribute: if by_mail { "mail" } else { "uid" },
        attributes: random
            .several(&ATTRIBUTES, 4)
            .into_iter()
            .copied()
            .collect(),
        kind,
        nested,
        group_searches,
        flags,
        require,
        deny,
        mirror: mirror(random),
        cache: 0,
    }
}

fn mirror(random: &mut Random) -> Mirror {
    let names = ["active", "g1", "g3", "UPPER", "équipe", "日本", "none-such"];
    let some = |random: &mut Random| random.several(&names, 3).into_iter().copied().collect();
    match random.below(12) {
        0 => Mirror::All,
        1 | 2 => Mirror::Only(some(random)),
        3 => Mirror::Except(some(random)),
        _ => Mirror::Off,
    }
}

fn template(random: &mut Random) -> String {
    let base = *random.of(&[USERS, USERS, DEEP]);
    match random.below(6) {
        0 => format!("cn={{user}},{base}"),
        1 => format!("UID={{user}}, {base}"),
        2 => format!("userid={{user}},{base}"),
        _ => format!("uid={{user}},{base}"),
    }
}

fn user_searches(random: &mut Random) -> Vec<Search> {
    let filter = *random.of(&USER_FILTERS);
    let search = |base: &str, scope| Search {
        base: base.to_owned(),
        scope,
        filter: filter.to_owned(),
    };
    match random.below(100) {
        0..40 => vec![search(USERS, "subtree")],
        40..50 => vec![search(USERS, "onelevel")],
        50..65 => vec![search(BASE, "subtree")],
        65..80 => vec![search(USERS, "subtree"), search(CONTRACTORS, "onelevel")],
        // Entries that both find.
        80..96 => vec![
            search(USERS, "subtree"),
            search(DEEP, "subtree"),
            search(BASE, "subtree"),
        ],
        96 => vec![search(USERS, "subtree"), search(MISSING, "subtree")],
        97 => vec![search(MISSING, "subtree")],
        _ => vec![search(USERS, "subtree")],
    }
}

struct Maker<'r, 't> {
    random: &'r mut Random,
    tree: &'t Tree,
    kind: Kind,
    nested: bool,
}

impl<'t> Maker<'_, 't> {
    /// is_active lets most users in, or who is in is random; the others are so on purpose.
    fn flags(&mut self) -> Vec<(String, Query)> {
        let most = Query::Group(self.of_this_kind()[0].dn.text());
        let mut flags = Vec::new();
        for place in 0..9 {
            let (name, query) = match place {
                0 => {
                    let query = match self.random.below(10) {
                        0..5 => most.clone(),
                        5..7 => Query::Any(vec![most.clone(), self.query(1, false)]),
                        7 => Query::All(vec![most.clone(), self.query(1, true)]),
                        _ => self.query(2, true),
                    };
                    ("is_active".to_owned(), query)
                }
                1 => ("is_staff".to_owned(), self.query(2, true)),
                2 => ("is_superuser".to_owned(), self.query(2, true)),
                3 => {
                    let flag = Query::Flag(self.random.below(3));
                    let query = match self.random.below(3) {
                        0 => Query::Not(Box::new(flag)),
                        1 => Query::All(vec![flag, self.query(1, false)]),
                        _ => Query::Any(vec![flag, self.query(1, false)]),
                    };
                    ("of-flag".to_owned(), query)
                }
                // Single groups: the plain facts about memberships.
                number => (format!("in.{number}"), Query::Group(self.group())),
            };
            flags.push((name, query));
        }
        flags
    }

    fn query(&mut self, depth: usize, may_negate: bool) -> Query {
        if depth == 0 || self.random.percent(40) {
            return Query::Group(self.group());
        }
        let many = |maker: &mut Self| {
            let count = 1 + maker.random.below(3);
            (0..count)
                .map(|_| maker.query(depth - 1, may_negate))
                .collect()
        };
        match self.random.below(if may_negate { 5 } else { 4 }) {
            0 | 1 => Query::Any(many(self)),
            2 | 3 => Query::All(many(self)),
            _ => Query::Not(Box::new(self.query(depth - 1, may_negate))),
        }
    }

    /// A group's DN: as a rule of one that can be read, sometimes spelled in an unusual way.
    fn group(&mut self) -> String {
        let groups = self.of_this_kind();
        let readable = |group: &&&Group| group.access == Access::Open;
        let open: Vec<&Group> = groups.iter().filter(readable).copied().collect();
        match self.random.below(400) {
            0..6 => format!("cn=no such group,{GROUPS}"),
            6 => format!("cn=x,{MISSING}"),
            // An attribute that the server does not know: not a DN there.
            7 => format!("noSuchAttribute=x,{GROUPS}"),
            8..14 => self.random.of(&self.tree.groups).dn.text(),
            14..16 => self.random.of(&groups).dn.text(),
            16..30 => {
                let group = *self.random.of(&open);
                group.dn.respelled(self.random)
            }
            // What django-auth-ldap compares as text is spelled as the server does, as a rule.
            30..70 if !self.nested => {
                let group = *self.random.of(&open);
                // Some ways to type a letter give two characters.
                let spelled = group.dn.respelled(self.random);
                spelled.replace('é', "e\u{301}")
            }
            _ => self.random.of(&open).dn.as_configured(),
        }
    }

    fn of_this_kind(&self) -> Vec<&'t Group> {
        let of_this_kind = |group: &&Group| group.kind == self.kind;
        self.tree.groups.iter().filter(of_this_kind).collect()
    }

    fn group_searches(&mut self) -> Vec<Search> {
        let class = self.kind.object_class();
        let search = |base: String, scope, filter| Search {
            base,
            scope,
            filter,
        };
        let plain = format!("(objectClass={class})");
        let unit = self.kind.unit();
        match self.random.below(10) {
            0..5 => vec![search(unit, "subtree", plain)],
            5 => vec![search(GROUPS.to_owned(), "subtree", plain)],
            6 => vec![search(unit, "onelevel", plain)],
            7 => vec![
                search(unit, "subtree", plain.clone()),
                search(OUTSIDE.to_owned(), "subtree", plain),
            ],
            _ => {
                let filter = format!("(&{plain}(!(description=retired 50%)))");
                vec![search(unit, "subtree", filter)]
            }
        }
    }
}
