//! A policy: what an administrator writes, once as our configuration and once as django-auth-ldap's
//! settings.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::common::directory::{SERVICE_DN, SERVICE_PASSWORD};
use crate::dn::escaped;
use crate::tree::{Group, Kind, Tree, User};

/// A question about groups.
#[derive(Clone, Debug)]
pub enum Query {
    /// A DN, as the administrator spells it.
    Group(String),
    /// A flag of the same policy, by its place. django-auth-ldap has no such thing: there its query is
    /// written out.
    Flag(usize),
    Any(Vec<Query>),
    All(Vec<Query>),
    Not(Box<Query>),
}

impl Query {
    /// The same with other spellings of its groups.
    fn spelled(&self, spelling: &dyn Fn(&str) -> String) -> Query {
        let all = |queries: &[Query]| {
            queries
                .iter()
                .map(|query| query.spelled(spelling))
                .collect()
        };
        match self {
            Query::Group(dn) => Query::Group(spelling(dn)),
            Query::Flag(place) => Query::Flag(*place),
            Query::Any(queries) => Query::Any(all(queries)),
            Query::All(queries) => Query::All(all(queries)),
            Query::Not(query) => Query::Not(Box::new(query.spelled(spelling))),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    Anonymous,
    Service,
    /// The service account with a wrong password.
    Refused,
}

/// A search for users or for groups.
#[derive(Clone, Debug)]
pub struct Search {
    pub base: String,
    pub scope: &'static str,
    /// With `{user}` where the name goes.
    pub filter: String,
}

/// Which of the user's groups become groups of the session, or of the Django user.
#[derive(Clone, Debug)]
pub enum Mirror {
    Off,
    All,
    Only(Vec<&'static str>),
    Except(Vec<&'static str>),
}

impl Mirror {
    fn toml(&self) -> String {
        let (mode, names) = match self {
            Mirror::Off => return String::new(),
            Mirror::All => ("all", String::new()),
            Mirror::Only(names) => ("only", format!("names = {}\n", json!(names))),
            Mirror::Except(names) => ("except", format!("names = {}\n", json!(names))),
        };
        format!("[session.mirror_groups]\nmode = \"{mode}\"\n{names}")
    }

    /// MIRROR_GROUPS and MIRROR_GROUPS_EXCEPT.
    fn json(&self) -> Value {
        match self {
            Mirror::Off => json!([null, null]),
            Mirror::All => json!([true, null]),
            Mirror::Only(names) => json!([names, null]),
            Mirror::Except(names) => json!([null, names]),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Policy {
    pub bind: Bind,
    pub as_user: bool,
    /// Wins over the searches.
    pub template: Option<String>,
    pub searches: Vec<Search>,
    pub name_attribute: &'static str,
    /// Key → attribute.
    pub attributes: Vec<(&'static str, &'static str)>,
    pub kind: Kind,
    pub nested: bool,
    pub group_searches: Vec<Search>,
    /// The first one is is_active.
    pub flags: Vec<(String, Query)>,
    pub require: Option<Query>,
    /// A DN: django-auth-ldap takes nothing else here.
    pub deny: Option<String>,
    pub mirror: Mirror,
    /// django-auth-ldap's CACHE_TIMEOUT in seconds; none of ours.
    pub cache: u32,
}

impl Policy {
    /// The file that the module reads. Each outcome shows as its own code.
    pub fn toml(&self, uri: &str, password_file: &str) -> String {
        let mut text = format!("[server]\nuris = [{}]\nretry_after = \"0s\"\n", quoted(uri));
        if self.bind != Bind::Anonymous || self.as_user {
            text.push_str("[bind]\n");
        }
        if self.bind != Bind::Anonymous {
            let file = quoted(password_file);
            let _ = writeln!(text, "dn = {}\npassword_file = {file}", quoted(SERVICE_DN));
        }
        if self.as_user {
            text.push_str("as_user = true\n");
        }
        text.push_str("[user]\nmin_uid = 0\nexempt = []\n");
        if let Some(template) = &self.template {
            let _ = writeln!(text, "dn_template = {}", quoted(template));
        }
        let _ = writeln!(text, "search = {}", searches(&self.searches));
        let _ = writeln!(text, "name_attribute = {}", quoted(self.name_attribute));
        text.push_str("[user.attributes]\n");
        for (key, attribute) in &self.attributes {
            let _ = writeln!(text, "{key} = {}", quoted(attribute));
        }
        let setting = match self.kind {
            Kind::Own => "member_attribute",
            _ => "type",
        };
        let _ = writeln!(text, "[group]\n{setting} = {}", quoted(self.kind.setting()));
        let _ = writeln!(text, "search = {}", searches(&self.group_searches));
        if self.nested {
            text.push_str("nested = true\n");
        }
        text.push_str("[flags]\n");
        for (name, query) in &self.flags {
            let _ = writeln!(text, "{} = {}", quoted(name), self.toml_of(query));
        }
        self.toml_of_access(&mut text);
        text.push_str(&self.mirror.toml());
        text
    }

    fn toml_of_access(&self, text: &mut String) {
        text.push_str("[access]\n");
        if let Some(require) = &self.require {
            let _ = writeln!(text, "require = {}", self.toml_of(require));
        }
        if let Some(deny) = &self.deny {
            let _ = writeln!(text, "deny = {}", quoted(deny));
        }
        text.push_str("[fallback]\n");
        for key in [
            "unavailable",
            "unknown_user",
            "bad_password",
            "config_error",
            "refused",
            "expired",
        ] {
            let _ = writeln!(text, "{key} = \"deny\"");
        }
    }

    fn toml_of(&self, query: &Query) -> String {
        let list = |queries: &[Query]| {
            let queries: Vec<String> = queries.iter().map(|query| self.toml_of(query)).collect();
            format!("[{}]", queries.join(", "))
        };
        match query {
            Query::Group(dn) => quoted(dn),
            Query::Flag(place) => quoted(&self.flags[*place].0),
            // Both ways to write it.
            Query::Any(queries) if queries.len() % 2 == 0 => list(queries),
            Query::Any(queries) => format!("{{ any = {} }}", list(queries)),
            Query::All(queries) => format!("{{ all = {} }}", list(queries)),
            Query::Not(query) => format!("{{ not = {} }}", self.toml_of(query)),
        }
    }

    /// What `oracle.py` makes settings of.
    pub fn json(&self, uri: &str) -> Value {
        let bind = match self.bind {
            Bind::Anonymous => ["", ""],
            Bind::Service => [SERVICE_DN, SERVICE_PASSWORD],
            Bind::Refused => [SERVICE_DN, "wrong"],
        };
        let flags = self.flags.iter();
        let flags: Map<_, _> = flags
            .map(|(name, query)| (name.clone(), self.json_of(query)))
            .collect();
        let attributes: Map<_, _> = self
            .attributes
            .iter()
            .map(|(key, attribute)| ((*key).to_owned(), json!(attribute)))
            .collect();
        json!({
            "uri": uri,
            "bind": bind,
            "as_user": self.as_user,
            "template": self.template.as_deref().map(with_python_placeholder),
            "searches": json_of_searches(&self.searches),
            "name_attribute": self.name_attribute,
            "attributes": attributes,
            "group": {
                "type": self.kind.setting(),
                "nested": self.nested,
                "searches": json_of_searches(&self.group_searches),
            },
            "flags": flags,
            "require": self.require.as_ref().map(|query| self.json_of(query)),
            "deny": self.deny,
            "mirror": self.mirror.json(),
            "cache": self.cache,
        })
    }

    fn json_of(&self, query: &Query) -> Value {
        let list = |queries: &[Query]| -> Vec<Value> {
            queries.iter().map(|query| self.json_of(query)).collect()
        };
        match query {
            Query::Group(dn) => json!(dn),
            Query::Flag(place) => self.json_of(&self.flags[*place].1),
            Query::Any(queries) => json!({ "any": list(queries) }),
            Query::All(queries) => json!({ "all": list(queries) }),
            Query::Not(query) => json!({ "not": self.json_of(query) }),
        }
    }

    /// Whether a login of this user has a chance to find the entry.
    pub fn reaches(&self, user: &User) -> bool {
        let Some(uid) = user.uids.first() else {
            return true;
        };
        let dn = user.dn.text();
        match &self.template {
            Some(template) => user
                .dn
                .is_spelled_in_any_way_as(&template.replace("{user}", &escaped(uid))),
            None => self.searches.iter().any(|search| {
                let below = dn.strip_suffix(search.base.as_str());
                below.is_some_and(|front| search.scope == "subtree" || !front.contains("ou="))
            }),
        }
    }

    /// Whether `group.search` finds the group.
    pub fn finds(&self, group: &Group) -> bool {
        let dn = group.dn.text();
        self.group_searches.iter().any(|search| {
            let below = dn.strip_suffix(search.base.as_str());
            let deep = search.scope == "subtree";
            let near = below.is_some_and(|front| deep || !front.contains("ou="));
            let excluded = search.filter.contains("retired") && group.description.is_some();
            near && !excluded && group.kind == self.kind
        })
    }

    /// The same with each group of the tree spelled as the server does.
    pub fn usual(&self, tree: &Tree) -> Policy {
        let usual = |query: &Query| query.spelled(&|dn| tree.as_sent(dn));
        let flags = self.flags.iter();
        Policy {
            flags: flags
                .map(|(name, query)| (name.clone(), usual(query)))
                .collect(),
            require: self.require.as_ref().map(usual),
            deny: self.deny.as_deref().map(|dn| tree.as_sent(dn)),
            ..self.clone()
        }
    }

    /// Calls for each group that decides about the login or a flag: with where it stands (a flag's
    /// name, or "" for a gate), how it is spelled, and whether it stands below `not` or `deny`.
    pub fn each_group(&self, visit: &mut impl FnMut(&str, &str, bool)) {
        for (place, (name, query)) in self.flags.iter().enumerate() {
            // is_active is a flag and a gate.
            if place == 0 {
                self.walk(query, false, &mut |dn, negated| visit("", dn, negated));
            }
            self.walk(query, false, &mut |dn, negated| visit(name, dn, negated));
        }
        if let Some(query) = &self.require {
            self.walk(query, false, &mut |dn, negated| visit("", dn, negated));
        }
        if let Some(dn) = &self.deny {
            visit("", dn, true);
        }
    }

    fn walk(&self, query: &Query, negated: bool, visit: &mut impl FnMut(&str, bool)) {
        match query {
            Query::Group(dn) => visit(dn, negated),
            Query::Flag(place) => self.walk(&self.flags[*place].1, negated, visit),
            Query::Any(queries) | Query::All(queries) => {
                for query in queries {
                    self.walk(query, negated, visit);
                }
            }
            Query::Not(query) => self.walk(query, true, visit),
        }
    }
}

/// A basic string of TOML; what JSON escapes is escaped alike there.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn searches(searches: &[Search]) -> String {
    let searches: Vec<String> = searches
        .iter()
        .map(
            |Search {
                 base,
                 scope,
                 filter,
             }| {
                let (base, filter) = (quoted(base), quoted(filter));
                format!("{{ base = {base}, scope = \"{scope}\", filter = {filter} }}")
            },
        )
        .collect();
    format!("[ {} ]", searches.join(", "))
}

fn json_of_searches(searches: &[Search]) -> Value {
    let search = |search: &Search| {
        json!([
            search.base,
            search.scope,
            with_python_placeholder(&search.filter)
        ])
    };
    searches.iter().map(search).collect()
}

/// The text as a format string of Python.
fn with_python_placeholder(text: &str) -> String {
    text.replace('%', "%%").replace("{user}", "%(user)s")
}
