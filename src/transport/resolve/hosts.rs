//! hosts(5).

use std::net::IpAddr;
use std::path::Path;

/// All addresses that the file has for a name, which is compared without case. A file that is
/// missing or cannot be read has none, as for the C library.
pub fn look_up(path: &Path, name: &str) -> Vec<IpAddr> {
    let content = super::read_start(path).unwrap_or_default();
    String::from_utf8_lossy(&content)
        .lines()
        .filter_map(|line| address_of(line, name))
        .collect()
}

/// The address in a line that has this name, as the canonical name or as an alias.
fn address_of(line: &str, name: &str) -> Option<IpAddr> {
    let (entry, _comment) = line.split_once('#').unwrap_or((line, ""));
    let mut words = entry.split_whitespace();
    let address = words.next()?.parse().ok()?;
    words
        .any(|word| word.eq_ignore_ascii_case(name))
        .then_some(address)
}
