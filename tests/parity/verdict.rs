//! How a login ended, in words that both sides share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::login::Login;
use crate::policy::Policy;
use crate::tree::Tree;

/// What happened to whom under which rules.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub tree: &'a Tree,
    pub policy: &'a Policy,
    pub login: &'a Login,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Granted,
    /// Unknown, or not the password: who asks shall not see which.
    Wrong,
    /// The password is right, a gate is shut.
    Refused,
    /// There is no answer: a server or an administrator has to act.
    Error,
    /// The module left the user to its neighbours. django-auth-ldap has no such thing.
    Exempt,
    /// The account or its password has expired. django-auth-ldap has no such thing.
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    Utf8(String),
    /// Bytes that are not UTF-8, in hexadecimal digits.
    Bytes(String),
}

/// What one side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub class: Class,
    /// Those that are true, and the attributes that were found; empty unless granted.
    pub flags: BTreeSet<String>,
    pub attributes: BTreeMap<String, Text>,
    /// The names of the groups that are mirrored.
    pub groups: BTreeSet<String>,
}

impl Verdict {
    /// Of this class, with nothing besides.
    pub fn new(class: Class) -> Verdict {
        Verdict {
            class,
            flags: BTreeSet::new(),
            attributes: BTreeMap::new(),
            groups: BTreeSet::new(),
        }
    }
}

/// What django-auth-ldap said, and what it knew.
#[derive(Clone, Debug)]
pub struct Theirs {
    pub verdict: Verdict,
    /// The exception, for [`Class::Error`].
    pub error: String,
    /// The values of the name attribute that it saw in the entry, where a password was right.
    pub names: Option<Vec<Text>>,
}

/// One point in which the two sides differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    Class,
    Flag(String),
    Attribute(String),
    Group(String),
}

/// All of them: the class, or else what comes with a grant.
pub fn compare(ours: &Verdict, theirs: &Verdict) -> Vec<Point> {
    if ours.class != theirs.class {
        return vec![Point::Class];
    }
    let flags = ours.flags.symmetric_difference(&theirs.flags);
    let keys: BTreeSet<&String> = ours
        .attributes
        .keys()
        .chain(theirs.attributes.keys())
        .collect();
    let differs = |key: &&String| ours.attributes.get(*key) != theirs.attributes.get(*key);
    let attributes = keys.into_iter().filter(differs);
    let groups = ours.groups.symmetric_difference(&theirs.groups);
    flags
        .map(|flag| Point::Flag(flag.clone()))
        .chain(attributes.map(|key| Point::Attribute(key.clone())))
        .chain(groups.map(|group| Point::Group(group.clone())))
        .collect()
}

impl Theirs {
    /// From an answer of `oracle.py`.
    pub fn read(answer: &Value) -> Theirs {
        let class = match answer["class"].as_str() {
            Some("granted") => Class::Granted,
            Some("wrong") => Class::Wrong,
            Some("refused") => Class::Refused,
            Some("error") => Class::Error,
            other => panic!("a class that is none: {other:?} in {answer}"),
        };
        let mut verdict = Verdict::new(class);
        if class == Class::Granted {
            let flags = answer["flags"].as_array().expect("flags").iter();
            verdict.flags = flags
                .map(|flag| flag.as_str().expect("a name").to_owned())
                .collect();
            let groups = answer["groups"].as_array().expect("groups").iter();
            verdict.groups = groups
                .map(|group| group.as_str().expect("a name").to_owned())
                .collect();
            let attributes = answer["attributes"].as_object().expect("attributes").iter();
            verdict.attributes = attributes
                .map(|(key, value)| (key.clone(), text(value)))
                .collect();
        }
        let names = answer["names"].as_array();
        Theirs {
            verdict,
            error: answer["error"].as_str().unwrap_or_default().to_owned(),
            names: names.map(|names| names.iter().map(text).collect()),
        }
    }
}

fn text(value: &Value) -> Text {
    match value {
        Value::String(text) => Text::Utf8(text.clone()),
        other => Text::Bytes(other["bytes"].as_str().expect("bytes").to_owned()),
    }
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let toml = self.policy.toml("ldap://…", "…");
        let Login { name, password } = self.login;
        write!(f, "{toml}\nlogin: user {name:?}, password {password:?}")
    }
}
