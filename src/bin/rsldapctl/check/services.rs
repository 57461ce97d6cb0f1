//! `[services.NAME]` of services that this host has not got.

use std::path::Path;

use pam_rsldap::config::{Config, nearest};

use super::finding::{Finding, Places, Severity};
use crate::stack::libpam::tree::Tree;

/// A misspelt name is a gate that nobody is led through. One configuration may serve many hosts, though,
/// so a name that is like no other is a note.
pub fn unknown(config: &Config, places: &Places) -> Vec<Finding> {
    let tree = Tree::below(Path::new("/"));
    if !tree.has_directory() {
        return Vec::new();
    }
    let here = tree.services();
    let names = config.services.keys().map(|service| service.as_str());
    let unknown = names.filter(|name| !here.iter().any(|one| one.eq_ignore_ascii_case(name)));
    let found = unknown.map(|name| {
        let (level, fix) = match nearest(name, here.iter().map(String::as_str)) {
            Some(meant) => (
                Severity::Warning,
                format!("did you mean \"{meant}\"? write [services.{meant}]"),
            ),
            None => (
                Severity::Note,
                "nothing to do, if it is for other hosts".to_owned(),
            ),
        };
        let what = format!("services.{name}: this host has no service of that name in /etc/pam.d");
        Finding::new(level, "service_unknown", what)
            .at(places.of_key(&format!("services.{name}")))
            .why("nobody is asked for the groups of this table")
            .fix(fix)
    });
    found.collect()
}
