//! The differences that are meant, as conditions. Each stands in `differences.md` by its name, with the
//! reason; what does not stand there is none.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::policy::Mirror;
use crate::tree::{Access, Group, Kind, MISSING};
use crate::verdict::{Case, Class, Point, Text, Theirs, Verdict, compare};

/// Both answers to a case.
pub struct Answers {
    pub ours: Verdict,
    pub theirs: Theirs,
    /// What django-auth-ldap says where the policy spells each group as the server does. Asked only where
    /// groups are nested and nothing else explains what differs.
    pub usual: Option<Theirs>,
}

impl Answers {
    /// Ours, theirs.
    pub fn classes(&self) -> (Class, Class) {
        (self.ours.class, self.theirs.verdict.class)
    }
}

/// A difference that is meant: whether it is what one point of a case is about.
pub struct Difference {
    pub name: &'static str,
    explains: fn(&Case<'_>, &Answers, &Point) -> bool,
}

pub const DIFFERENCES: [Difference; 20] = [
    Difference {
        name: "name-shape",
        explains: name_shape,
    },
    Difference {
        name: "name-exact",
        explains: name_exact,
    },
    Difference {
        name: "missing-group-below-not",
        explains: missing_group_below_not,
    },
    Difference {
        name: "group-outside-of-the-search-below-not",
        explains: group_outside_of_the_search_below_not,
    },
    Difference {
        name: "search-that-fails-in-a-union",
        explains: search_that_fails_in_a_union,
    },
    Difference {
        name: "group-that-cannot-be-read",
        explains: group_that_cannot_be_read,
    },
    Difference {
        name: "percent-in-a-dn",
        explains: percent_in_a_dn,
    },
    Difference {
        name: "group-that-is-no-name-here",
        explains: group_that_is_no_name_here,
    },
    Difference {
        name: "lower-cased-dn",
        explains: lower_cased_dn,
    },
    Difference {
        name: "posix-login-name",
        explains: posix_login_name,
    },
    Difference {
        name: "posix-name-beyond-ascii",
        explains: posix_name_beyond_ascii,
    },
    Difference {
        name: "attribute-that-is-no-text",
        explains: attribute_that_is_no_text,
    },
    Difference {
        name: "attribute-made-presentable",
        explains: attribute_made_presentable,
    },
    Difference {
        name: "own-entry-that-cannot-be-read",
        explains: own_entry_that_cannot_be_read,
    },
    Difference {
        name: "operational-attribute",
        explains: operational_attribute,
    },
    Difference {
        name: "account-state",
        explains: account_state,
    },
    Difference {
        name: "exempt",
        explains: exempt,
    },
    Difference {
        name: "password-of-sshd",
        explains: password_of_sshd,
    },
    Difference {
        name: "remembered-outage",
        explains: remembered_outage,
    },
    Difference {
        name: "spelling-in-nested-groups",
        explains: spelling_in_nested_groups,
    },
];

/// The difference that a point is about, if it is a listed one.
pub fn explain(case: &Case<'_>, answers: &Answers, point: &Point) -> Option<&'static str> {
    let listed = |difference: &&Difference| reason(difference.name).is_some();
    DIFFERENCES
        .iter()
        .filter(listed)
        .find(|difference| (difference.explains)(case, answers, point))
        .map(|difference| difference.name)
}

/// The sections of the list: name and reason.
pub fn list() -> &'static [(String, String)] {
    static LIST: OnceLock<Vec<(String, String)>> = OnceLock::new();
    LIST.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/differences.md");
        let text = fs::read_to_string(path).expect("the list");
        let sections = text.split("\n## ").skip(1);
        sections
            .map(|section| {
                let (name, reason) = section.split_once('\n').expect("a heading and a text");
                (name.trim().to_owned(), reason.trim().to_owned())
            })
            .collect()
    })
}

fn reason(name: &str) -> Option<&'static str> {
    let section = list().iter().find(|(section, _)| section == name);
    section.map(|(_, reason)| reason.as_str())
}

fn name_shape(case: &Case<'_>, Answers { ours, .. }: &Answers, _: &Point) -> bool {
    let name = case.login.name.as_str();
    let odd = name.trim() != name
        || name.is_empty()
        || name.len() > 256
        || name.starts_with(['-', '+'])
        || name.contains(|c: char| c.is_control() || c == '/' || c == ':');
    odd && ours.class == Class::Wrong
}

fn name_exact(case: &Case<'_>, Answers { ours, theirs, .. }: &Answers, _: &Point) -> bool {
    let same = |name: &Text| *name == Text::Utf8(case.login.name.clone());
    let other = theirs
        .names
        .as_ref()
        .is_some_and(|names| !names.iter().any(same));
    other && ours.class == Class::Wrong
}

fn missing_group_below_not(case: &Case<'_>, answers: &Answers, point: &Point) -> bool {
    // A gate is an error then.
    let shut = *point != Point::Class || answers.ours.class == Class::Error;
    let missing = |dn: &str| !named(case, dn).iter().any(|group| is_shown(group.access));
    shut && below_not(case, answers, point, missing)
}

fn group_outside_of_the_search_below_not(
    case: &Case<'_>,
    answers: &Answers,
    point: &Point,
) -> bool {
    let outside = |dn: &str| {
        named(case, dn)
            .iter()
            .any(|group| !case.policy.finds(group))
    };
    case.policy.nested && below_not(case, answers, point, outside)
}

/// Whether a group of this kind stands below `not` or `deny` where the point is, and what it should keep
/// shut is shut with us.
fn below_not(
    case: &Case<'_>,
    Answers { ours, theirs, .. }: &Answers,
    point: &Point,
    kind: impl Fn(&str) -> bool,
) -> bool {
    let place = match point {
        Point::Class if matches!(ours.class, Class::Error | Class::Refused) => "",
        Point::Flag(name) if theirs.verdict.flags.contains(name) => name,
        _ => return false,
    };
    let mut found = false;
    case.policy
        .each_group(&mut |at, dn, negated| found |= at == place && negated && kind(dn));
    found && theirs.verdict.class != Class::Wrong
}

/// The groups that a text of the configuration may mean.
fn named<'a>(case: &Case<'a>, text: &str) -> Vec<&'a Group> {
    let same = |group: &&Group| group.dn.is_spelled_in_any_way_as(text);
    case.tree.groups.iter().filter(same).collect()
}

/// Whether lookups find the group at all.
fn is_shown(access: Access) -> bool {
    match access {
        Access::Open | Access::Opaque | Access::Guarded => true,
        Access::Hidden | Access::Private => false,
    }
}

fn search_that_fails_in_a_union(
    case: &Case<'_>,
    Answers { ours, .. }: &Answers,
    _: &Point,
) -> bool {
    let searches = &case.policy.searches;
    let fails = searches.iter().any(|search| search.base == MISSING);
    case.policy.template.is_none() && searches.len() > 1 && fails && ours.class == Class::Error
}

fn group_that_cannot_be_read(case: &Case<'_>, answers: &Answers, point: &Point) -> bool {
    let error = &answers.theirs.error;
    let guarded = |group: &&Group| matches!(group.access, Access::Guarded | Access::Opaque);
    let guarded = |dn: &str| named(case, dn).iter().any(guarded);
    let no_dn = |dn: &str| dn.starts_with("noSuchAttribute");
    if case.policy.nested {
        return below_not(case, answers, point, |dn| guarded(dn) || no_dn(dn));
    }
    let mut unreadable = false;
    case.policy.each_group(&mut |_, dn, _| {
        unreadable |= error.starts_with("INSUFFICIENT_ACCESS") && guarded(dn);
        unreadable |= error.starts_with("INVALID_DN_SYNTAX") && no_dn(dn);
    });
    *point == Point::Class && unreadable
}

fn percent_in_a_dn(case: &Case<'_>, Answers { theirs, .. }: &Answers, point: &Point) -> bool {
    let dns = case.tree.users.iter().map(|user| &user.dn);
    let mut dns = dns.chain(case.tree.groups.iter().map(|group| &group.dn));
    let error = theirs.error.as_str();
    *point == Point::Class
        && matches!(error, "TypeError" | "ValueError")
        && (case.policy.nested || !matches!(case.policy.mirror, Mirror::Off))
        && dns.any(|dn| dn.text().contains('%'))
}

/// Letters whose lower case is not that of the server's matching rule.
fn changes_when_lower_cased(text: &str) -> bool {
    text.contains(['İ', 'Σ'])
}

fn lower_cased_dn(case: &Case<'_>, answers: &Answers, point: &Point) -> bool {
    let typed = case.login.name.trim().to_lowercase();
    let same = |uid: &String| uid.trim().to_lowercase() == typed;
    let mut users = case.tree.users.iter();
    *point == Point::Class
        && answers.theirs.verdict.class == Class::Wrong
        && users.any(|user| user.uids.iter().any(same) && changes_when_lower_cased(&user.dn.text()))
}

fn posix_login_name(case: &Case<'_>, _: &Answers, point: &Point) -> bool {
    let name = &case.login.name;
    let not_the_first = case.tree.users.iter().any(|user| {
        let mails = user
            .attributes
            .iter()
            .filter(|(attribute, _)| *attribute == "mail");
        let mut others = user.uids.iter().skip(1).chain(mails.map(|(_, mail)| mail));
        others.any(|other| other == name)
    });
    case.policy.kind == Kind::Posix && not_the_first && !matches!(point, Point::Attribute(_))
}

fn posix_name_beyond_ascii(
    case: &Case<'_>,
    Answers { theirs, .. }: &Answers,
    point: &Point,
) -> bool {
    let error = theirs.error.starts_with("INVALID_SYNTAX");
    case.policy.kind == Kind::Posix && error && *point == Point::Class
}

fn attribute_that_is_no_text(_: &Case<'_>, answers: &Answers, point: &Point) -> bool {
    let Point::Attribute(key) = point else {
        return false;
    };
    let theirs = answers.theirs.verdict.attributes.get(key);
    matches!(theirs, Some(Text::Bytes(_))) && !answers.ours.attributes.contains_key(key)
}

fn attribute_made_presentable(_: &Case<'_>, answers: &Answers, point: &Point) -> bool {
    let Point::Attribute(key) = point else {
        return false;
    };
    let ours = answers.ours.attributes.get(key);
    let theirs = answers.theirs.verdict.attributes.get(key);
    let (Some(Text::Utf8(ours)), Some(Text::Utf8(theirs))) = (ours, theirs) else {
        return false;
    };
    let mut clean: String = theirs.chars().filter(|c| !c.is_control()).collect();
    while clean.len() > 4096 {
        clean.pop();
    }
    clean == *ours
}

fn exempt(case: &Case<'_>, Answers { ours, .. }: &Answers, _: &Point) -> bool {
    case.login.name == "root" && ours.class == Class::Exempt
}

fn operational_attribute(case: &Case<'_>, answers: &Answers, point: &Point) -> bool {
    let Point::Attribute(key) = point else {
        return false;
    };
    let mut attributes = case.policy.attributes.iter();
    attributes.any(|(of, attribute)| of == key && *attribute == "createTimestamp")
        && !answers.theirs.verdict.attributes.contains_key(key)
}

fn account_state(case: &Case<'_>, Answers { ours, .. }: &Answers, _: &Point) -> bool {
    let shadow = |(name, _): &(&str, String)| *name == "shadowExpire";
    let mut users = case.tree.users.iter();
    ours.class == Class::Expired
        && users
            .any(|user| user.uids.contains(&case.login.name) && user.attributes.iter().any(shadow))
}

/// What sshd(8) sends in place of a password for a user who may not log in.
fn password_of_sshd(case: &Case<'_>, Answers { ours, .. }: &Answers, _: &Point) -> bool {
    let junk = case.login.password.starts_with("\u{8}\n\r\u{7f}INCORRECT");
    junk && ours.class == Class::Wrong
}

fn remembered_outage(case: &Case<'_>, Answers { theirs, .. }: &Answers, _: &Point) -> bool {
    case.policy.cache > 0 && theirs.verdict.class == Class::Wrong
}

fn group_that_is_no_name_here(_: &Case<'_>, answers: &Answers, point: &Point) -> bool {
    let impossible = |c: char| c.is_whitespace() || c.is_control() || ":,/".contains(c);
    match point {
        Point::Group(name) => name.contains(impossible) && !answers.ours.groups.contains(name),
        Point::Class | Point::Flag(_) | Point::Attribute(_) => false,
    }
}

/// Only with a template: a search does not find such an entry.
fn own_entry_that_cannot_be_read(case: &Case<'_>, answers: &Answers, point: &Point) -> bool {
    let name = &case.login.name;
    let mut users = case.tree.users.iter();
    case.policy.template.is_some()
        && *point == Point::Class
        && answers.ours.class == Class::Error
        && answers.theirs.verdict.class == Class::Refused
        && users.any(|user| user.invisible && user.uids.contains(name))
}

/// There is no other difference once the groups are spelled as the server does.
fn spelling_in_nested_groups(case: &Case<'_>, answers: &Answers, _: &Point) -> bool {
    let Some(usual) = &answers.usual else {
        return false;
    };
    let answers = Answers {
        ours: answers.ours.clone(),
        theirs: usual.clone(),
        usual: None,
    };
    let points = compare(&answers.ours, &usual.verdict);
    let mut explained = points.iter().map(|point| explain(case, &answers, point));
    explained.all(|name| name.is_some())
}
