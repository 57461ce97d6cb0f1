//! One scene for each listed difference, so that none is listed which is none: a small directory, a
//! policy, a login, and both classes.

use crate::common::directory::{GROUPS, USERS};
use crate::dn::Dn;
use crate::login::Login;
use crate::policy::{Bind, Mirror, Policy, Query, Search};
use crate::tree::{Access, Group, Kind, MISSING, OUTSIDE, Tree, User};
use crate::verdict::Class::{self, Error, Exempt, Expired, Granted, Refused, Wrong};

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
    let mut elsewhere = Group::new(Kind::Names, "elsewhere", &active);
    elsewhere.dn = outside();
    groups.push(elsewhere);
    users.push(ada);
    let mut unseen = User::new("unseen");
    unseen.invisible = true;
    users.push(unseen);
    Tree { users, groups }
}

fn outside() -> Dn {
    Dn::new(&[("cn", "elsewhere")], OUTSIDE)
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
        mirror: Mirror::Off,
        cache: 0,
    }
}

pub fn login(name: &str) -> Login {
    Login {
        name: name.to_owned(),
        password: format!("{}-secret", name.trim()),
    }
}

/// The scene of a difference. That of `remembered-outage` needs an outage.
pub fn scene(difference: &str) -> Scene {
    let names = || policy(Kind::Names);
    let ((policy, login), (ours, theirs)) = match difference {
        "name-shape" => ((names(), login(" trim")), (Wrong, Granted)),
        "name-exact" => ((names(), login_as("upper", "UPPER")), (Wrong, Granted)),
        "lower-cased-dn" => ((names(), login("İlker")), (Granted, Wrong)),
        "posix-login-name" => (
            (policy(Kind::Posix), login_as("ada too", "ada")),
            (Refused, Granted),
        ),
        "posix-name-beyond-ascii" => ((policy(Kind::Posix), login("zoë")), (Refused, Error)),
        "attribute-that-is-no-text" => ((with("audio"), login("picture")), (Granted, Granted)),
        "attribute-made-presentable" => {
            ((with("description"), login("picture")), (Granted, Granted))
        }
        "operational-attribute" => (
            (with("createTimestamp"), login("alice")),
            (Granted, Granted),
        ),
        "account-state" => ((names(), login("old")), (Expired, Granted)),
        "exempt" => ((names(), login("root")), (Exempt, Granted)),
        "search-that-fails-in-a-union" => ((failing_union(), login("alice")), (Error, Granted)),
        "password-of-sshd" => (password_of_sshd(), (Wrong, Error)),
        "own-entry-that-cannot-be-read" => {
            let mut policy = names();
            policy.template = Some(format!("uid={{user}},{USERS}"));
            ((policy, login("unseen")), (Error, Refused))
        }
        _ => scene_of_groups(difference),
    };
    Scene {
        policy,
        login,
        ours,
        theirs,
    }
}

/// The scenes about a group that cannot be found, read, or compared.
fn scene_of_groups(difference: &str) -> ((Policy, Login), (Class, Class)) {
    let mut flat = policy(Kind::Names);
    let mut nested = nested();
    let alice = login("alice");
    match difference {
        "missing-group-below-not" => {
            flat.deny = Some(group(Kind::Names, "missing"));
            ((flat, alice), (Error, Granted))
        }
        "group-outside-of-the-search-below-not" => {
            nested.group_searches[0].base = Kind::Names.unit();
            nested.deny = Some(outside().text());
            ((nested, alice), (Refused, Granted))
        }
        "group-that-cannot-be-read" => {
            let guarded = Query::Group(group(Kind::Names, "guarded"));
            flat.flags.push(("is_staff".to_owned(), guarded));
            ((flat, alice), (Granted, Error))
        }
        "group-that-is-no-name-here" => {
            nested.mirror = Mirror::All;
            ((nested, alice), (Granted, Granted))
        }
        "percent-in-a-dn" => ((nested, login("100%")), (Granted, Error)),
        "spelling-in-nested-groups" => {
            let spaced = group(Kind::Names, "Outer Team").replace(',', ", ");
            nested.flags[0].1 = Query::Group(spaced);
            ((nested, alice), (Granted, Refused))
        }
        other => panic!("{other} has no scene"),
    }
}

fn login_as(typed: &str, name: &str) -> Login {
    Login {
        name: typed.to_owned(),
        ..login(name)
    }
}

fn failing_union() -> Policy {
    let mut policy = policy(Kind::Names);
    let mut missing = policy.searches[0].clone();
    missing.base = MISSING.to_owned();
    policy.searches.push(missing);
    policy
}

/// The service account is refused, which only those find out who ask.
fn password_of_sshd() -> (Policy, Login) {
    let mut policy = policy(Kind::Names);
    policy.bind = Bind::Refused;
    let mut login = login("alice");
    login.password = "\u{8}\n\r\u{7f}INCORRECT".to_owned();
    (policy, login)
}

fn nested() -> Policy {
    let mut policy = policy(Kind::Names);
    policy.nested = true;
    policy
}

fn with(attribute: &'static str) -> Policy {
    let mut policy = policy(Kind::Names);
    policy.attributes.push(("extra", attribute));
    policy
}
