//! Environment files of NetBox's container image: `KEY=value`, as docker and compose read them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::draft::{Draft, Level, Origin};
use super::python::{GroupType, Located, Scope, Search, Value};

/// A variable.
struct Variable {
    line: usize,
    name: String,
    value: String,
}

/// The variables of a file, and the lines that are none.
struct Environment {
    variables: Vec<Variable>,
    unreadable: Vec<usize>,
}

/// Takes a file apart. A later value of a name replaces an earlier one.
fn read(text: &str) -> Environment {
    let mut environment = Environment {
        variables: Vec::new(),
        unreadable: Vec::new(),
    };
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        match line
            .split_once('=')
            .filter(|(name, _)| is_name(name.trim_end()))
        {
            Some((name, value)) => {
                environment.put(at + 1, name.trim_end(), unquoted(value.trim()));
            }
            // Docker takes the value from where it is run.
            None if is_name(line) => environment.put(at + 1, line, format!("${{{line}}}")),
            None => environment.unreadable.push(at + 1),
        }
    }
    environment
}

impl Environment {
    fn put(&mut self, line: usize, name: &str, value: String) {
        self.variables.retain(|variable| variable.name != name);
        self.variables.push(Variable {
            line,
            name: name.to_owned(),
            value,
        });
    }
}

pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Compose takes quotes away, and a comment behind a blank.
fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|rest| rest.split_once(quote));
        if let Some((inner, after)) = inner {
            if after.is_empty() || after.trim_start().starts_with('#') {
                return inner.to_owned();
            }
        }
    }
    let end = value.find(" #").unwrap_or(value.len());
    value.get(..end).unwrap_or(value).trim_end().to_owned()
}

/// Whether every line is a comment or sets a variable.
pub fn fits(text: &str) -> bool {
    let environment = read(text);
    environment.unreadable.is_empty() && !environment.variables.is_empty()
}

/// The settings that the image's own `ldap_config.py` makes of the variables.
pub fn settings(text: &str, draft: &mut Draft) -> Vec<(String, Located)> {
    let environment = read(text);
    for line in &environment.unreadable {
        let origin = Origin {
            line: Some(*line),
            setting: None,
        };
        draft.remark(
            Level::Warning,
            &origin,
            "not KEY=value; this line is left out",
        );
    }
    let mut made = Made {
        environment: &environment,
        settings: Vec::new(),
        seen: RefCell::default(),
    };
    let is_ours = |variable: &&Variable| variable.name.contains("LDAP_");
    let mut ours = environment.variables.iter().filter(is_ours).peekable();
    if ours.peek().is_some() {
        made.make();
    }
    for variable in ours.filter(|variable| !made.seen.borrow().contains(&variable.name)) {
        let gate = ["REQUIRE", "DENY", "ACTIVE"]
            .iter()
            .any(|word| variable.name.contains(word));
        let level = if gate { Level::Todo } else { Level::Note };
        let text =
            "the image takes no notice of this variable, unless its ldap_config.py was changed";
        draft.remark(level, &Origin::new(variable.line, &variable.name), text);
    }
    made.settings
}

struct Made<'e> {
    environment: &'e Environment,
    settings: Vec<(String, Located)>,
    /// The variables that were asked for.
    seen: RefCell<BTreeSet<String>>,
}

impl Made<'_> {
    fn variable(&self, name: &str) -> Option<(usize, &str)> {
        self.seen.borrow_mut().insert(name.to_owned());
        let variable = self
            .environment
            .variables
            .iter()
            .find(|variable| variable.name == name)?;
        (!variable.value.is_empty()).then_some((variable.line, variable.value.as_str()))
    }

    fn put(&mut self, name: &str, line: usize, value: Value) {
        self.settings
            .push((name.to_owned(), Located { line, value }));
    }

    /// A text that is set as it is; one with a variable in it is not known.
    fn literal(&self, name: &str) -> Option<(usize, Value)> {
        let (line, text) = self.variable(name)?;
        let value = text.replace("$$", "");
        Some(if value.contains('$') {
            (line, Value::unknown("it names another variable"))
        } else {
            (line, Value::Text(text.replace("$$", "$")))
        })
    }

    fn make(&mut self) {
        for (from, to) in TEXTS {
            if let Some((line, value)) = self.literal(from) {
                self.put(to, line, value);
            }
        }
        for name in TRUTHS {
            if let Some((line, text)) = self.variable(name) {
                let value = Value::Boolean(text.eq_ignore_ascii_case("true"));
                self.put(name, line, value);
            }
        }
        self.searches();
        self.groups();
        if let Some((line, text)) = self.variable("AUTH_LDAP_CACHE_TIMEOUT") {
            let value = text
                .parse()
                .map_or(Value::unknown("a text that is no number"), Value::Integer);
            self.put("AUTH_LDAP_CACHE_TIMEOUT", line, value);
        }
        let attribute = |(field, variable, default): (&str, &str, &str)| {
            let (line, value) = self
                .literal(variable)
                .unwrap_or((0, Value::Text(default.to_owned())));
            let key = Located {
                line,
                value: Value::Text(field.to_owned()),
            };
            (key, Located { line, value })
        };
        let pairs = ATTRIBUTES.map(attribute).into();
        self.put("AUTH_LDAP_USER_ATTR_MAP", 0, Value::Dictionary(pairs));
    }

    fn searches(&mut self) {
        let attribute = self
            .variable("AUTH_LDAP_USER_SEARCH_ATTR")
            .map_or("sAMAccountName", |(_, name)| name);
        let filter = format!("({attribute}=%(user)s)");
        self.search("USER", filter);
        let class = self
            .variable("AUTH_LDAP_GROUP_SEARCH_CLASS")
            .map_or("group", |(_, name)| name);
        let filter = format!("(objectClass={class})");
        self.search("GROUP", filter);
    }

    fn search(&mut self, of: &str, default: String) {
        let Some((line, base)) = self.literal(&format!("AUTH_LDAP_{of}_SEARCH_BASEDN")) else {
            return;
        };
        let filter = match self.literal(&format!("AUTH_LDAP_{of}_SEARCH_FILTER")) {
            Some((_, value)) => value,
            None => Value::Text(default),
        };
        let value = match (base, filter) {
            (Value::Text(base), Value::Text(filter)) => Value::Search(Search {
                base,
                scope: Scope::Subtree,
                filter: Some(filter),
            }),
            _ => Value::unknown("it names another variable"),
        };
        self.put(&format!("AUTH_LDAP_{of}_SEARCH"), line, value);
    }

    fn groups(&mut self) {
        let (line, class) = self
            .variable("AUTH_LDAP_GROUP_TYPE")
            .unwrap_or((0, "GroupOfNamesType"));
        let group_type = GroupType {
            class: class.to_owned(),
            member_attribute: None,
            name_attribute: None,
        };
        self.put("AUTH_LDAP_GROUP_TYPE", line, Value::GroupType(group_type));
        let mut flags = Vec::new();
        for (flag, variable) in FLAGS {
            if let Some((line, value)) = self.literal(variable) {
                let key = Located {
                    line,
                    value: Value::Text(flag.to_owned()),
                };
                flags.push((key, Located { line, value }));
            }
        }
        if let Some((first, _)) = flags.first() {
            let line = first.line;
            self.put(
                "AUTH_LDAP_USER_FLAGS_BY_GROUP",
                line,
                Value::Dictionary(flags),
            );
        }
    }
}

/// The required group is `is_active` as well, and would be asked for twice.
const FLAGS: [(&str, &str); 3] = [
    ("is_active", "AUTH_LDAP_REQUIRE_GROUP_DN"),
    ("is_staff", "AUTH_LDAP_IS_ADMIN_DN"),
    ("is_superuser", "AUTH_LDAP_IS_SUPERUSER_DN"),
];

const TEXTS: [(&str, &str); 6] = [
    ("AUTH_LDAP_SERVER_URI", "AUTH_LDAP_SERVER_URI"),
    ("AUTH_LDAP_BIND_DN", "AUTH_LDAP_BIND_DN"),
    ("AUTH_LDAP_BIND_PASSWORD", "AUTH_LDAP_BIND_PASSWORD"),
    ("AUTH_LDAP_USER_DN_TEMPLATE", "AUTH_LDAP_USER_DN_TEMPLATE"),
    ("LDAP_CA_CERT_FILE", "LDAP_CA_CERT_FILE"),
    ("LDAP_CA_CERT_DIR", "LDAP_CA_CERT_DIR"),
];

const TRUTHS: [&str; 5] = [
    "AUTH_LDAP_START_TLS",
    "LDAP_IGNORE_CERT_ERRORS",
    "AUTH_LDAP_BIND_AS_AUTHENTICATING_USER",
    "AUTH_LDAP_FIND_GROUP_PERMS",
    "AUTH_LDAP_MIRROR_GROUPS",
];

const ATTRIBUTES: [(&str, &str, &str); 3] = [
    ("first_name", "AUTH_LDAP_ATTR_FIRSTNAME", "givenName"),
    ("last_name", "AUTH_LDAP_ATTR_LASTNAME", "sn"),
    ("email", "AUTH_LDAP_ATTR_MAIL", "mail"),
];
