//! Certificates that have expired, or will soon: those on disk and those of servers.

use std::path::Path;

use pam_rsldap::config::Config;
use pam_rsldap::transport::certificate::Certificate;

use super::finding::{Finding, Places, Severity};
use crate::connection::{Tls, days, now};

/// Days. A certificate that ends sooner is worth a word.
const SOON: i64 = 30;

/// The files of `[tls]`.
pub fn of_files(config: &Config, places: &Places) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(path) = &config.tls.ca_file {
        found.extend(authority(path, places));
    }
    if let Some(client) = &config.tls.client {
        found.extend(ours(&client.certificate, places));
    }
    found
}

/// Those that cannot be read are another finding.
fn read(path: &Path) -> Vec<Certificate> {
    Certificate::of_file(path).unwrap_or_default()
}

fn authority(path: &Path, places: &Places) -> Vec<Finding> {
    let certificates = read(path);
    let ended = |certificate: &&Certificate| certificate.days_left(now()) < 0;
    let all = certificates.iter().all(|certificate| ended(&certificate));
    let found = certificates
        .iter()
        .filter(|certificate| certificate.days_left(now()) < SOON);
    let found = found.map(|certificate| {
        let left = certificate.days_left(now());
        let level = match left {
            ..=-1 if all => Severity::Error,
            ..=-1 => Severity::Note,
            _ => Severity::Warning,
        };
        let what = format!(
            "{}: the authority {}: {}",
            path.display(),
            certificate.subject,
            days(left)
        );
        Finding::new(level, "ca_expired", what)
            .at(places.of_key("tls.ca_file"))
            .why("a server's certificate leads to no authority that is valid, and no connection comes about")
            .fix("put the authority's new certificate into the file, beside the old one")
    });
    found.collect()
}

fn ours(path: &Path, places: &Places) -> Option<Finding> {
    let certificate = read(path).into_iter().next()?;
    let left = certificate.days_left(now());
    let level = match left {
        ..=-1 => Severity::Error,
        0..SOON => Severity::Warning,
        _ => return None,
    };
    let what = format!(
        "{}: our own certificate, {}: {}",
        path.display(),
        certificate.subject,
        days(left)
    );
    let finding = Finding::new(level, "client_certificate_expired", what)
        .at(places.of_key("tls.client_certificate"))
        .why("servers that ask for it will not talk to this host")
        .fix("renew it");
    Some(finding)
}

/// The certificates that a server sends.
pub fn of_server(server: &str, tls: &Tls, place: &str) -> Vec<Finding> {
    let own = (
        format!("the certificate of {server}"),
        &tls.subject,
        tls.days_left,
    );
    let chain = tls.chain.iter().map(|link| {
        let what = format!("a certificate that {server} sends with its own");
        (what, &link.subject, link.days_left)
    });
    let ending = std::iter::once(own).chain(chain);
    let ending = ending.filter(|(_, _, left)| *left < SOON);
    let found = ending.map(|(what, subject, left)| {
        let id = match left {
            ..=-1 => "certificate_expired",
            _ => "certificate_expires",
        };
        let what = format!("{what}, {subject}: {}", days(left));
        Finding::new(Severity::Warning, id, what)
            .at(place.to_owned())
            .why("a server whose certificate has expired is not used, unless tls.verify is false")
            .fix("renew it on the server")
    });
    found.collect()
}
