//! `--json` and the manual page: every member that a real run prints is in the section JSON, under its
//! command, and every member there is printed by some run.

mod runs;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const MANUAL: &str = include_str!("../../man/rsldapctl.8");

/// Objects whose members are named by the configuration.
const FREE: [&str; 1] = ["attributes"];

/// The text of the section JSON, by command; what is said before is under "".
fn sections() -> BTreeMap<&'static str, &'static str> {
    let (_, json) = MANUAL.split_once("\n.Sh JSON\n").expect("a section JSON");
    let (json, _) = json.split_once("\n.Sh ").expect("a section behind it");
    let mut sections = BTreeMap::new();
    for (number, part) in json.split("\n.Ss ").enumerate() {
        match number {
            0 => sections.insert("", part),
            _ => {
                let (name, text) = part.split_once('\n').expect("a text");
                sections.insert(name, text)
            }
        };
    }
    sections
}

/// The members that a text names: `.Va` macros, in lists and in the heads of list items.
fn members(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter_map(|line| {
        let line = line.strip_prefix(".It").map_or(line, str::trim_start);
        line.trim_start_matches('.').strip_prefix("Va ")
    });
    let words = lines
        .flat_map(str::split_whitespace)
        .flat_map(|word| word.split('.'));
    words
        .filter(|word| word.starts_with(char::is_alphabetic))
        .collect()
}

/// The commands to which a text sends its readers.
fn others(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(".Sx "));
    lines.map(|line| line.trim_end_matches([' ', '.', ';', ',']))
}

/// The names of all members in a value, at any depth.
fn printed(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|value| printed(value, found)),
        Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                if !FREE.contains(&name.as_str()) {
                    printed(value, found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_manual_page_names_every_member_that_is_printed_and_no_other() {
    let sections = sections();
    let seen = runs::all();
    let commands: BTreeSet<&str> = sections
        .keys()
        .copied()
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(seen.keys().copied().collect::<BTreeSet<_>>(), commands);
    let mut wrong = Vec::new();
    for (command, values) in seen {
        let text = sections[command];
        let mut found = BTreeSet::new();
        values.iter().for_each(|value| printed(value, &mut found));
        let own = members(text);
        let sent = others(text).chain([""]);
        let sent = sent.filter_map(|name| sections.get(name));
        let lent: BTreeSet<&str> = sent.flat_map(|text| members(text)).collect();
        let silent = own
            .iter()
            .filter(|name| !found.contains(**name) && !lent.contains(*name));
        wrong.extend(silent.map(|name| format!("{command}: no run has printed {name}")));
        let is_known = |name: &str| own.contains(name) || lent.contains(name);
        let hidden = found.iter().filter(|name| !is_known(name));
        wrong.extend(hidden.map(|name| format!("{command}: {name} is not in the manual page")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
