//! Each gate of a login, part by part.

use std::collections::BTreeMap;

use pam_rsldap::config::{Config, Query};
use pam_rsldap::names::{FlagName, ServiceName};
use pam_rsldap::policy::tree::{Node, Part, Value};
use pam_rsldap::policy::{self, Facts, Verdict};
use serde::Serialize;

/// A gate. The names of the fields are those of `--json`.
#[derive(Serialize)]
pub struct Gate {
    /// Where it comes from, such as `access.deny`.
    pub gate: String,
    /// The value of the query at which it is open.
    pub opens_at: bool,
    /// `open`, `shut`, `misconfigured`, or `unknown` where nothing was asked.
    pub state: &'static str,
    pub reason: String,
    pub tree: Branch,
}

/// A part of a query.
#[derive(Serialize)]
pub struct Branch {
    /// `group`, `flag`, `any`, `all` or `not`.
    pub part: &'static str,
    /// The group's DN, or the flag's name.
    pub name: Option<String>,
    /// `true`, `false`, `missing`, `unreadable` or `unknown`.
    pub value: &'static str,
    /// Why, where the value does not say it.
    pub reason: Option<String>,
    pub below: Vec<Branch>,
}

/// The gates of a service as far as these facts go.
pub fn gates(config: &Config, service: &str, facts: &Facts) -> Vec<Gate> {
    let service = ServiceName::of_transaction(service.as_bytes());
    let gates = policy::gates(config, &service);
    gates
        .iter()
        .map(|gate| self::gate(gate, &config.flags, facts))
        .collect()
}

fn gate(gate: &policy::Gate<'_>, flags: &BTreeMap<FlagName, Query>, facts: &Facts) -> Gate {
    let alone = std::slice::from_ref(gate);
    let (state, reason) = match policy::verdict(alone, flags, facts) {
        Verdict::Open => ("open", String::new()),
        Verdict::Shut(why) | Verdict::ShutForService(why) => ("shut", why),
        Verdict::Misconfigured(why) => ("misconfigured", why),
        Verdict::Ask(_) => ("unknown", String::new()),
    };
    Gate {
        gate: gate.name.clone(),
        opens_at: gate.opens_at(),
        state,
        reason,
        tree: branch(&gate.tree(flags, facts)),
    }
}

impl Gate {
    /// Which groups keep it shut: the parts that are not as they would have to be.
    pub fn to_blame(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.state == "shut" {
            self.tree.blame(self.opens_at, &mut found);
        }
        found
    }
}

impl Branch {
    fn blame(&self, wanted: bool, found: &mut Vec<String>) {
        let is_wanted = self.value == if wanted { "true" } else { "false" };
        if is_wanted {
            return;
        }
        let wanted = wanted != (self.part == "not");
        for part in &self.below {
            part.blame(wanted, found);
        }
        if self.part == "group" {
            let group = self.name.as_deref().unwrap_or_default();
            let why = match self.value {
                "true" => format!("in {group}"),
                "false" => format!("not in {group}"),
                "missing" => format!("there is no {group}"),
                _ => format!("not told about {group}"),
            };
            if !found.contains(&why) {
                found.push(why);
            }
        }
    }
}

fn branch(node: &Node<'_>) -> Branch {
    let (part, name) = match &node.part {
        Part::Group(group) => ("group", Some(group.to_string())),
        Part::Flag(flag) => ("flag", Some(flag.to_string())),
        Part::Any => ("any", None),
        Part::All => ("all", None),
        Part::Not => ("not", None),
    };
    let (value, reason) = match &node.value {
        Value::True => ("true", None),
        Value::False => ("false", None),
        Value::Missing => ("missing", None),
        Value::Unreadable(why) => {
            // Behind the name of the group, which is here already.
            let named = name.as_ref().map(|name| format!("group {name}: "));
            let bare = named.and_then(|named| why.strip_prefix(&named));
            ("unreadable", Some(bare.unwrap_or(why).to_owned()))
        }
        Value::Unknown(_) => ("unknown", None),
    };
    Branch {
        part,
        name,
        value,
        reason,
        below: node.below.iter().map(branch).collect(),
    }
}
