//! One scene for each listed difference, so that none is listed which is none: a small directory, a
//! policy, a login, and both classes.

use crate::common::directory::{GROUPS, USERS};
use crate::dn::Dn;
use crate::login::Login;
use crate::policy::{Bind, Policy, Query, Search};
use crate::tree::{Access, Group, Kind, MISSING, Tree, User};
use crate::verdict::Class;

/// A login, and how both sides have to answer it.
pub struct Scene {
    pub policy: Policy,
    pub login: Login,
    pub ours: Class,
    pub theirs: Class,
}

/// The names of the users who are active.
const ACTIVE: [&str; 9] = [
    "alice", "UPPER", "trim", "İlker", "zoë", "100%", "picture", "old", "root",
];

pub fn tree() -> Tree {
    let mut users: Vec<User> = ACTIVE.iter().map(|name| User::new(name)).collect();
    users[6] = User::new("picture")
        .with("audio:", "/9j/AAEC//4=")
        .with("description", "a\nb\u{1b}[31m");
    users[7] = User::new("old").with("shadowExpire", "1");
    let mut ada = User::new("ada");
    ada.uids.push("ada too".to_owned());
    let active: Vec<&User> = users.iter().collect();
    let mut guarded = Group::new(Kind::Names, "guarded", &active);
    guarded.access = Access::Guarded;
    let mut posix = Group::new(Kind::Posix, "active", &[&users[0], &ada]);
    posix.gid = 40_001;
    let mut groups = vec![Group::new(Kind::Names, "active", &active), guarded, posix];
    let mut outer = Group::new(Kind::Names, "Outer Team", &[]);
    outer.members.push(groups[0].dn.text());
    groups.push(outer);
    users.push(ada);
    let mut unseen = User::new("unseen");
    unseen.invisible = true;
    users.push(unseen);
    Tree { users, groups }
}

fn group(kind: Kind, name: &str) -> String {
    Dn::new(&[("cn", name)], &kind.unit()).text()
}

/// One group that lets in, one search; nothing else.
pub fn policy(kind: Kind) -> Policy {
    let search = |base: &str, filter: &str| Search {
        base: base.to_owned(),
        scope: "subtree",
        filter: filter.to_owned(),
    };
    Policy {
        bind: Bind::Service,
        as_user: false,
        template: None,
        searches: vec![search(USERS, "(uid={user})")],
        name_attribute: "uid",
        attributes: Vec::new(),
        kind,
        nested: false,
        group_searches: vec![search(GROUPS, "(objectClass=*)")],
        flags: vec![("is_active".to_owned(), Query::Group(group(kind, "active")))],
        require: None,
        deny: None,
        cache: 0,
    }
}

pub fn login(name: &str) -> Login {
    Login {
        name: name.to_owned(),
        password: format!("{}-secret", name.trim()),
    }
}

/// The scene of a difference. [`crate::remembered_outage`] has one of its own.
pub fn scene(difference: &str) -> Scene {
    use Class::{Error, Exempt, Expired, Granted, Refused, Wrong};
    let names = || policy(Kind::Names);
    let posix = || policy(Kind::Posix);
    let (policy, login, ours, theirs) = match difference {
        "name-shape" => (names(), login(" trim"), Wrong, Granted),
        "name-exact" => {
            let mut upper = login("UPPER");
            upper.name = "upper".to_owned();
            (names(), upper, Wrong, Granted)
        }
        "missing-group-below-not" => {
            let mut policy = names();
            policy.deny = Some(group(Kind::Names, "missing"));
            (policy, login("alice"), Error, Granted)
        }
        "search-that-fails-in-a-union" => {
            let mut policy = names();
            let mut missing = policy.searches[0].clone();
            missing.base = MISSING.to_owned();
            policy.searches.push(missing);
            (policy, login("alice"), Error, Granted)
        }
        "group-that-cannot-be-read" => {
            let mut policy = names();
            let guarded = Query::Group(group(Kind::Names, "guarded"));
            policy.flags.push(("is_staff".to_owned(), guarded));
            (policy, login("alice"), Granted, Error)
        }
        "own-entry-that-cannot-be-read" => {
            let mut policy = names();
            policy.template = Some(format!("uid={{user}},{USERS}"));
            (policy, login("unseen"), Error, Refused)
        }
        "percent-in-a-dn" => (nested(), login("100%"), Granted, Error),
        "spelling-in-nested-groups" => {
            let mut policy = nested();
            policy.flags[0].1 = Query::Group(group(Kind::Names, "Outer Team").replace(',', ", "));
            (policy, login("alice"), Granted, Refused)
        }
        "lower-cased-dn" => (names(), login("İlker"), Granted, Wrong),
        "posix-login-name" => {
            let mut ada = login("ada");
            ada.name = "ada too".to_owned();
            (posix(), ada, Refused, Granted)
        }
        "posix-name-beyond-ascii" => (posix(), login("zoë"), Refused, Error),
        "attribute-that-is-no-text" => {
            let attribute = ("shown", "audio");
            (with(attribute), login("picture"), Granted, Granted)
        }
        "attribute-made-presentable" => {
            let attribute = ("note", "description");
            (with(attribute), login("picture"), Granted, Granted)
        }
        "operational-attribute" => {
            let attribute = ("made", "createTimestamp");
            (with(attribute), login("alice"), Granted, Granted)
        }
        "password-of-sshd" => {
            let mut policy = names();
            policy.bind = Bind::Refused;
            let mut login = login("alice");
            login.password = "\u{8}\n\r\u{7f}INCORRECT".to_owned();
            (policy, login, Wrong, Error)
        }
        "account-state" => (names(), login("old"), Expired, Granted),
        "exempt" => (names(), login("root"), Exempt, Granted),
        other => panic!("{other} has no scene"),
    };
    Scene {
        policy,
        login,
        ours,
        theirs,
    }
}

fn nested() -> Policy {
    let mut policy = policy(Kind::Names);
    policy.nested = true;
    policy
}

fn with(attribute: (&'static str, &'static str)) -> Policy {
    let mut policy = policy(Kind::Names);
    policy.attributes.push(attribute);
    policy
}
