//! Certificates that have expired, or will soon: those on disk and those of servers.

use std::path::{Path, PathBuf};

use pam_rsldap::config::Config;
use pam_rsldap::transport::certificate::Certificate;

use super::finding::{Finding, Places, Severity};
use super::offline::files_of;
use crate::connection::{Tls, days, now};

/// Days. A certificate that ends sooner is worth a word.
const SOON: i64 = 30;

/// The files of `[tls]`.
pub fn of_files(config: &Config, places: &Places) -> Vec<Finding> {
    let mut found = Vec::new();
    if config.tls.verify {
        let file = config.tls.ca_file.iter().cloned();
        found.extend(authorities(file.collect(), &places.of_key("tls.ca_file")));
        let directory = files_of(config.tls.ca_dir.as_deref());
        found.extend(authorities(directory, &places.of_key("tls.ca_dir")));
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

/// A trusted authority stays trusted when its time is over (RFC 5280 §6.1 takes its name and key alone,
/// and so does rustls), but the servers will not keep to it. One beside it that lasts may be the next.
fn authorities(files: Vec<PathBuf>, place: &str) -> Vec<Finding> {
    let read = files.iter().flat_map(|file| {
        let certificates = read(file).into_iter();
        certificates.map(move |certificate| (file.display(), certificate))
    });
    let certificates: Vec<_> = read.collect();
    let left = |certificate: &Certificate| certificate.days_left(now());
    let level = match certificates.iter().any(|(_, one)| left(one) >= SOON) {
        true => Severity::Note,
        false => Severity::Warning,
    };
    let ending = certificates.iter().filter(|(_, one)| left(one) < SOON);
    let found = ending.map(|(file, one)| {
        let subject = &one.subject;
        let what = format!("{file}: the authority {subject}: {}", days(left(one)));
        Finding::new(level, "ca_expired", what)
            .at(place.to_owned())
            .why("other programs do not trust it any longer, and a server that changes to another one is not trusted here")
            .fix("put the authority's new certificate into the file, and take this one out once no server uses it")
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
