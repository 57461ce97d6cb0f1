//! `rsldapctl check --offline`: syntax, values and permissions of the files.

use std::path::Path;

use pam_rsldap::config::{self, BindIdentity, BindSecret, Config};
use pam_rsldap::transport::TlsClient;
use serde::Serialize;

use crate::Answer;
use crate::screen::print_json;

#[derive(Serialize)]
struct Report {
    ok: bool,
    findings: Vec<String>,
}

/// Checks the configuration and the files that it names; each finding says how to mend it.
pub fn run(path: &Path, json: bool) -> Answer {
    let findings = match config::load(path) {
        Err(error) => vec![error.to_string()],
        Ok(config) => named_files(&config),
    };
    let report = Report {
        ok: findings.is_empty(),
        findings,
    };
    if json {
        print_json(&report);
    } else if report.ok {
        println!("{}: the configuration is right", path.display());
    } else {
        report
            .findings
            .iter()
            .for_each(|finding| println!("{finding}"));
    }
    if report.ok {
        Answer::Good
    } else {
        Answer::Misconfigured
    }
}

fn named_files(config: &Config) -> Vec<String> {
    let mut findings = Vec::new();
    if let BindIdentity::Simple(_, BindSecret::File(path)) = &config.bind.as_who {
        findings.extend(
            config::read_secret(path)
                .err()
                .map(|error| error.to_string()),
        );
    }
    findings.extend(TlsClient::new(&config.tls).err());
    findings
}
