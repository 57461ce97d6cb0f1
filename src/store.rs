//! What the machine remembers between processes, in files that only root can read or write.
//!
//! A name from outside never becomes part of a path: files are named by the SHA-256 of it.

pub mod cache;
pub mod down;
pub mod inventory;
pub mod machine_key;
mod moment;
pub mod offline;
mod place;
mod record;
pub mod refusals;

use std::io;

use ring::digest::{SHA256, digest};

use crate::names::UserName;

pub use moment::Moment;
pub use place::{Lock, NoPlace, Place};

/// Where is what may vanish at any time.
pub const RUN: &str = "/run/pam_rsldap";

/// Where is what a reboot must not take away.
pub const STATE: &str = "/var/lib/pam_rsldap";

/// A file is there and of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
    /// It is not what this module writes, and counts as absent. If not, this process may not or cannot
    /// read it (no descriptors left, a failing disk), and nothing is known about what is in it.
    pub is_damaged: bool,
}

impl Unusable {
    fn of(name: &str, error: &io::Error) -> Self {
        let odd_code = matches!(
            error.raw_os_error(),
            Some(libc::ELOOP | libc::ENXIO | libc::ENODEV)
        );
        Unusable {
            name: name.to_owned(),
            why: error.to_string(),
            is_damaged: odd_code || error.kind() == io::ErrorKind::InvalidData,
        }
    }

    fn damaged(name: &str) -> Self {
        Unusable {
            name: name.to_owned(),
            why: "not what was written".to_owned(),
            is_damaged: true,
        }
    }
}

/// The record in a file, if it is there.
fn record_in(
    place: &Place,
    name: &str,
    title: &str,
    seal: record::Seal<'_>,
) -> Result<Option<Vec<record::Line>>, Unusable> {
    let found = place.read(name, record::MAX_SIZE);
    let Some(bytes) = found.map_err(|error| Unusable::of(name, &error))? else {
        return Ok(None);
    };
    let lines = record::read(&bytes, title, seal);
    lines.map(Some).ok_or_else(|| Unusable::damaged(name))
}

/// The user whom a record is about, as it says itself and as its file is named. None if it is not there.
fn user_of(
    place: &Place,
    name: &str,
    kind: &str,
    title: &str,
    seal: record::Seal<'_>,
) -> Result<Option<UserName>, Unusable> {
    let Some(lines) = record_in(place, name, title, seal)? else {
        return Ok(None);
    };
    let mut first = lines.into_iter().next().filter(|line| line.key == "user");
    let user = first.as_mut().and_then(record::Line::bytes);
    user.and_then(|user| UserName::parse(&user).ok())
        .filter(|user| file_name(user.as_str(), kind) == name)
        .map(Some)
        .ok_or_else(|| Unusable::damaged(name))
}

/// The SHA-256 of something, in hexadecimal.
#[must_use]
pub fn fingerprint(of: &str) -> String {
    hex(digest(&SHA256, of.as_bytes()).as_ref())
}

/// Waits for the lock on what is kept of a user in this place.
///
/// # Errors
/// As [`Place::lock`].
pub fn lock_user(place: &Place, user: &UserName) -> io::Result<Lock> {
    place.lock(&fingerprint(user.as_str()))
}

/// The name of the file about something.
fn file_name(about: &str, kind: &str) -> String {
    format!("{}.{kind}", fingerprint(about))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
