//! The trusted certificates: a file, a directory, or the system's bundle, by absolute path.
//!
//! The system's bundle has some 140 certificates, and decoding all of them would cost as much as the
//! rest of the login. So what was not named one by one stays as it is on disk, and of it only what
//! can be the issuer of the certificates at hand is decoded.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use memchr::memmem;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use webpki::anchor_from_trusted_cert;

use crate::config::Tls;

/// Where distributions keep their bundle of trusted certificates: Debian and its kin, Fedora and its
/// kin, SUSE, Alpine.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The largest certificate file that is read, in bytes.
const MAX_CA_FILE: u64 = 4 * 1024 * 1024;

/// The most files of a directory that are read.
const MAX_CA_DIR: usize = 1000;

/// What stands in front of a certificate (RFC 7468 §5.1).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Base64 characters at the beginning of a certificate that are looked at first: 384 bytes of it,
/// which hold the names of nearly all.
const START: usize = 512;

/// Whose signature counts.
#[derive(Debug)]
pub struct Trust {
    /// Of `tls.ca_file`: all of them.
    anchors: Vec<TrustAnchor<'static>>,
    /// PEM files of which only what is needed is decoded.
    bundles: Vec<Vec<u8>>,
}

/// How much of each certificate in a bundle is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The beginning. Misses a certificate with a very long name.
    Quick,
    /// All of it.
    Thorough,
}

impl Trust {
    /// Reads the files.
    ///
    /// # Errors
    /// In words for the administrator: one is missing, unreadable, or has no certificate.
    pub fn load(settings: &Tls) -> Result<Self, String> {
        let anchors = match &settings.ca_file {
            Some(path) => anchors(path)?,
            None => Vec::new(),
        };
        let bundles = match (&settings.ca_dir, &settings.ca_file) {
            (Some(path), _) => directory(path)?,
            (None, Some(_)) => Vec::new(),
            (None, None) => vec![system_bundle()?],
        };
        Ok(Trust { anchors, bundles })
    }

    /// The trusted certificates that can have issued a certificate with one of these issuers (the
    /// content of a DER `Name`).
    pub fn roots(&self, issuers: &[&[u8]], look: Look) -> RootCertStore {
        let mut roots = RootCertStore::from_iter(self.anchors.iter().cloned());
        let finders: Vec<_> = issuers.iter().map(memmem::Finder::new).collect();
        let mentions = |der: &[u8]| finders.iter().any(|finder| finder.find(der).is_some());
        for bundle in &self.bundles {
            for at in memmem::find_iter(bundle, BEGIN) {
                let pem = bundle.get(at..).unwrap_or_default();
                let start = (look == Look::Quick).then(|| start(pem)).flatten();
                if start.is_some_and(|start| !mentions(&start)) {
                    continue;
                }
                // What cannot be read is trusted by nobody.
                let Ok(certificate) = CertificateDer::from_pem_slice(pem) else {
                    continue;
                };
                let anchor = anchor_from_trusted_cert(&certificate);
                let anchor = anchor
                    .ok()
                    .filter(|anchor| issuers.contains(&&*anchor.subject));
                roots.extend(anchor.map(|anchor| anchor.to_owned()));
            }
        }
        roots
    }
}

/// The first bytes of the certificate at the start of `pem`. None if it is not written in lines of
/// Base64 as usual: then all of it has to be decoded.
fn start(pem: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(START + 80);
    for line in pem.get(BEGIN.len()..)?.split(|byte| *byte == b'\n') {
        if line.starts_with(b"-") || text.len() >= START {
            break;
        }
        text.extend_from_slice(line.trim_ascii());
    }
    text.truncate(START);
    BASE64.decode(text).ok()
}

/// The certificates of a file that the administrator named: each has to be usable.
fn anchors(path: &Path) -> Result<Vec<TrustAnchor<'static>>, String> {
    let name = path.display();
    let bytes = read(path).map_err(|error| format!("tls.ca_file {name}: {error}"))?;
    let mut anchors = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let anchor = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| {
                anchor_from_trusted_cert(&certificate)
                    .map(|anchor| anchor.to_owned())
                    .map_err(|error| error.to_string())
            });
        anchors.push(anchor.map_err(|error| {
            let number = anchors.len() + 1;
            format!("tls.ca_file {name}: certificate {number}: {error}")
        })?);
    }
    if anchors.is_empty() {
        return Err(format!("tls.ca_file {name} has no certificate in PEM form"));
    }
    Ok(anchors)
}

/// The files with certificates in a directory, whatever their names; a link to one that is there too
/// adds nothing.
fn directory(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let name = path.display();
    let unreadable = |error: io::Error| format!("tls.ca_dir {name}: {error}");
    let mut bundles = Vec::new();
    let mut known = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // Links that lead nowhere are common where certificates come and go.
        let Ok(facts) = fs::metadata(&path) else {
            continue;
        };
        let file = (facts.dev(), facts.ino());
        if !facts.is_file() || known.contains(&file) {
            continue;
        }
        known.push(file);
        if known.len() > MAX_CA_DIR {
            return Err(format!(
                "tls.ca_dir {name} has more than {MAX_CA_DIR} files; set tls.ca_file"
            ));
        }
        let Ok(bytes) = read(&path) else { continue };
        if memmem::find(&bytes, BEGIN).is_some() {
            bundles.push(bytes);
        }
    }
    if bundles.is_empty() {
        return Err(format!(
            "tls.ca_dir {name} has no file with a certificate in PEM form"
        ));
    }
    Ok(bundles)
}

fn system_bundle() -> Result<Vec<u8>, String> {
    let found = SYSTEM_BUNDLES
        .iter()
        .map(PathBuf::from)
        .find_map(|path| read(&path).ok());
    let bytes = found.ok_or_else(|| {
        format!(
            "no bundle of trusted certificates at {}; install ca-certificates or set tls.ca_file",
            SYSTEM_BUNDLES.join(", ")
        )
    })?;
    if memmem::find(&bytes, BEGIN).is_none() {
        return Err("the system's bundle of trusted certificates is empty; set tls.ca_file".into());
    }
    Ok(bytes)
}

/// Reads a file of certificates. It may be a link, as the system's bundle often is, but no device and
/// no FIFO, which could block.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is no regular file",
        ));
    }
    let mut bytes = Vec::new();
    file.take(MAX_CA_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn system() -> Trust {
        Trust {
            anchors: Vec::new(),
            bundles: vec![system_bundle().expect("apt-get install ca-certificates")],
        }
    }

    /// "cargo test --release --lib trust -- --nocapture" shows what a login saves.
    #[test]
    fn a_quick_look_finds_each_authority_of_the_system() {
        let trust = system();
        let everybody: Vec<_> = CertificateDer::pem_slice_iter(&trust.bundles[0])
            .flatten()
            .collect();
        let subjects: Vec<_> = everybody
            .iter()
            .filter_map(|certificate| anchor_from_trusted_cert(certificate).ok())
            .map(|anchor| anchor.subject.to_vec())
            .collect();
        assert!(subjects.len() > 50);
        let [mut quick, mut thorough] = [std::time::Duration::ZERO; 2];
        for subject in &subjects {
            let begin = Instant::now();
            let found = trust.roots(&[subject], Look::Quick);
            quick += begin.elapsed();
            let begin = Instant::now();
            let all = trust.roots(&[subject], Look::Thorough);
            thorough += begin.elapsed();
            assert!(!found.is_empty());
            assert_eq!(found.roots, all.roots);
            assert!(
                found
                    .roots
                    .iter()
                    .all(|root| root.subject.as_ref() == subject)
            );
        }
        let count = u32::try_from(subjects.len()).unwrap();
        println!(
            "one of {count} trusted certificates: {:?}, where all are decoded {:?}",
            quick / count,
            thorough / count
        );
    }

    #[test]
    fn nobody_is_trusted_who_is_not_in_the_bundle() {
        for look in [Look::Quick, Look::Thorough] {
            assert!(system().roots(&[b"\x31\x00".as_slice()], look).is_empty());
            assert!(system().roots(&[], look).is_empty());
        }
    }
}
