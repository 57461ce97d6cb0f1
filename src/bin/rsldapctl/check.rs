//! `rsldapctl check`: is the configuration right, by itself and for the directory?

mod certificates;
mod finding;
mod groups;
mod member_of;
mod mentions;
mod nesting;
mod offline;
mod online;
mod product;
mod report;
mod services;
mod template;
mod trouble;
mod users;
mod wrap;

use std::path::Path;

use pam_rsldap::config;

use crate::Answer;
use crate::screen::print_json;
#[cfg(test)]
pub use finding::IDS;
use finding::{Finding, Places, Severity};
use online::Online;

/// Checks the configuration and, unless only the files count, every server of it.
pub fn run(path: &Path, offline: bool, json: bool) -> Answer {
    let (findings, online) = match config::load(path) {
        Err(error) => (vec![offline::mistake(&error)], None),
        Ok(config) => {
            let places = Places::of(path);
            let findings = offline::find(path, &config, &places);
            let usable = findings.iter().all(|f| f.level != Severity::Error);
            let online = (!offline && usable).then(|| online::check(&config, &places));
            (findings, online)
        }
    };
    let answer = answer(&findings, online.as_ref());
    let report = report::Report::new(path, offline, findings, online);
    if json {
        print_json(&report);
    } else {
        report::print(&report);
    }
    answer
}

/// Warnings are for the administrator; only errors are no.
fn answer(findings: &[Finding], online: Option<&Online>) -> Answer {
    let has_error = |findings: &[Finding]| findings.iter().any(|f| f.level == Severity::Error);
    match online {
        _ if has_error(findings) => Answer::Misconfigured,
        Some(online) if online.misconfigured() => Answer::Misconfigured,
        Some(online) if !online.any_up() => Answer::Unavailable,
        Some(online) if has_error(&online.findings) => Answer::Negative,
        Some(_) | None => Answer::Good,
    }
}
