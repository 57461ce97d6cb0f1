//! Which program's configuration a file is.

use std::path::Path;

use super::{docker, keywords};
use crate::cli::Format;

impl Format {
    /// As `--from` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Netbox => "netbox",
            Format::NetboxDocker => "netbox-docker",
            Format::Nslcd => "nslcd",
            Format::Sssd => "sssd",
            Format::Padl => "padl",
        }
    }
}

/// The format, by the name of the file and by what is in it. None if neither tells.
pub fn recognise(path: &Path, text: &str) -> Option<Format> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase());
    let name = name.unwrap_or_default();
    if name.ends_with(".py") {
        Some(Format::Netbox)
    } else if has_sssd_sections(text) {
        Some(Format::Sssd)
    } else if text.contains("LDAP_") && (name.ends_with(".env") || docker::fits(text)) {
        Some(Format::NetboxDocker)
    } else if text.contains("AUTH_LDAP_") {
        Some(Format::Netbox)
    } else if name.contains("nslcd") {
        Some(Format::Nslcd)
    } else if name.contains("sssd") {
        Some(Format::Sssd)
    } else {
        by_keywords(text).or_else(|| name.contains("ldap.conf").then_some(Format::Padl))
    }
}

fn has_sssd_sections(text: &str) -> bool {
    let title = |line: &str| line.starts_with("[domain/") || line == "[sssd]";
    text.lines().any(|line| title(line.trim()))
}

/// nslcd's file and PADL's have most keywords in common; these belong to one of them.
fn by_keywords(text: &str) -> Option<Format> {
    const NSLCD: [&str; 10] = [
        "gid",
        "threads",
        "map",
        "filter",
        "pam_authz_search",
        "pam_authc_ppolicy",
        "pam_authc_search",
        "tls_reqcert",
        "nss_min_uid",
        "reconnect_retrytime",
    ];
    const PADL: [&str; 11] = [
        "host",
        "rootbinddn",
        "pam_filter",
        "pam_login_attribute",
        "pam_groupdn",
        "pam_member_attribute",
        "pam_password",
        "pam_check_host_attr",
        "nss_base_passwd",
        "tls_checkpeer",
        "bind_policy",
    ];
    let lines = keywords::lines(text);
    let count = |words: &[&str]| {
        lines
            .iter()
            .filter(|line| words.contains(&line.keyword.as_str()))
            .count()
    };
    let (nslcd, padl) = (count(&NSLCD), count(&PADL));
    match nslcd.cmp(&padl) {
        std::cmp::Ordering::Greater => Some(Format::Nslcd),
        std::cmp::Ordering::Less => Some(Format::Padl),
        std::cmp::Ordering::Equal => None,
    }
}
