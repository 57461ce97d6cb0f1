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
    let (_, json) = MANUAL.split_once("\n.SH JSON\n").expect("a section JSON");
    let (json, _) = json.split_once("\n.SH ").expect("a section behind it");
    let mut sections = BTreeMap::new();
    for (number, part) in json.split("\n.SS ").enumerate() {
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

/// The members that a text names: what is in italics, in the text and in the heads of list items.
fn members(text: &str) -> BTreeSet<&str> {
    let heads = text.lines().filter_map(|line| {
        let head = line.strip_prefix(".IR ").or(line.strip_prefix(".I "))?;
        Some(head.split([' ', '"', ',']))
    });
    let words = text.split("\\fI").skip(1);
    let words = words.filter_map(|rest| Some(rest.split_once("\\fR")?.0.split('.')));
    let all = heads.flatten().chain(words.flatten());
    all.filter(|word| word.starts_with(char::is_alphabetic))
        .collect()
}

/// What a text has in bold: among it are the commands to which it sends its readers.
fn others(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split("\\fB").skip(1);
    words.filter_map(|rest| Some(rest.split_once("\\fR")?.0))
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
