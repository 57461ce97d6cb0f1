//! The names by which an entry of the directory may list this host.
//!
//! No resolver is asked: it may be as far away as the directory, and getaddrinfo(3) knows no deadline.

use std::fs::File;
use std::io::Read as _;

use crate::sys;

/// hosts(5).
const HOSTS: &str = "/etc/hosts";
/// How much of it is read, in bytes.
const MAX_HOSTS: u64 = 1 << 20;

/// The name of this host (gethostname(2)) and, where that is a FQDN, what stands before the first dot;
/// where it is none, the canonical name in `/etc/hosts` that begins with it. None if the host has no
/// name.
#[must_use]
pub fn host_names() -> Vec<String> {
    let mut hosts = Vec::new();
    if let Ok(file) = File::open(HOSTS) {
        let _ = file.take(MAX_HOSTS).read_to_end(&mut hosts);
    }
    names(&sys::hostname(), &String::from_utf8_lossy(&hosts))
}

fn names(hostname: &str, hosts: &str) -> Vec<String> {
    let short = hostname.split('.').next().unwrap_or_default();
    let mut names = vec![hostname.to_owned(), short.to_owned()];
    if hostname == short {
        names.extend(canonical_name(hostname, hosts));
    }
    names.retain(|name| !name.is_empty());
    names.dedup();
    names
}

/// The first name of the line that has this host; only one that adds a domain to the name.
fn canonical_name(hostname: &str, hosts: &str) -> Option<String> {
    hosts.lines().find_map(|line| {
        let (entry, _comment) = line.split_once('#').unwrap_or((line, ""));
        let mut words = entry.split_whitespace().skip(1);
        let first = words.next()?;
        let (name, domain) = first.split_once('.')?;
        let is_ours = name.eq_ignore_ascii_case(hostname) && !domain.is_empty();
        is_ours.then(|| first.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_goes_by_its_name_its_short_name_and_its_name_in_hosts() {
        let debian = "127.0.0.1\tlocalhost\n127.0.1.1\tweb1.example.com\tweb1 # ours\n";
        let cases: [(&str, &str, &[&str]); 9] = [
            ("web1", debian, &["web1", "web1.example.com"]),
            ("WEB1", debian, &["WEB1", "web1.example.com"]),
            ("web1", "", &["web1"]),
            ("web1", "127.0.1.1 web1 web1.example.com", &["web1"]),
            ("web1", "#127.0.1.1 web1.example.com", &["web1"]),
            ("web1", "127.0.0.1 localhost.localdomain web1", &["web1"]),
            ("web1", "127.0.0.1 web11.example.com web1.", &["web1"]),
            ("web1.example.org", debian, &["web1.example.org", "web1"]),
            ("", debian, &[]),
        ];
        for (hostname, hosts, expected) in cases {
            assert_eq!(names(hostname, hosts), expected, "{hostname} {hosts}");
        }
    }

    #[test]
    fn this_host_has_a_name() {
        assert!(!host_names().is_empty());
    }
}
