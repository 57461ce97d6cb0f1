//! Reading the configuration, the service account's password and the client's key from disk.
//!
//! The file is checked on the descriptor that it is then read from, so it cannot be exchanged in
//! between. Opening never blocks, whatever lies there.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::ConfigError;
use super::parse::parse;
use super::sections::bind::no_password;
use super::{BindIdentity, BindSecret, Config};
use crate::secret::Password;
use crate::sys::effective_uid;

/// The largest configuration, in bytes.
const MAX_CONFIG: usize = 64 * 1024;

/// The largest file with a password, in bytes.
const MAX_SECRET: usize = 1024;

/// The largest file with a private key, in bytes.
const MAX_KEY: usize = 64 * 1024;

/// Room behind the expected end of a file. With less than 32 bytes, `read_to_end` reads into a
/// buffer of its own first.
const READ_AHEAD: usize = 64;

/// Write access of group and others.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Whatever a file with a secret must not allow: a group may read it, and nothing else.
const UNSAFE_FOR_SECRET: u32 = 0o037;

/// Any right of group and others.
const OPEN_TO_OTHERS: u32 = 0o077;

/// Reads and checks the configuration.
///
/// # Errors
/// The file cannot be read safely: not there, a symbolic link, not a regular file, not owned by
/// root or this process's user, writable by others, over 64 KiB, not UTF-8, holding a NUL. Or it
/// holds a password and others may read it. Or it has a mistake in it.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let (bytes, facts) = read_config(path)?;
    let config = parse(text(&bytes, path)?, path)?;
    let holds_secret = matches!(
        config.bind.as_who,
        BindIdentity::Simple(_, BindSecret::Inline(_))
    );
    if holds_secret && facts.mode & OPEN_TO_OTHERS != 0 {
        return Err(ConfigError::of_file(path, format!(
            "others than its owner may read this password (mode {:04o}); chmod 0600 {}, or use password_file",
            facts.mode, path.display()
        )).about("bind.password"));
    }
    Ok(config)
}

/// The text of the configuration, read as safely as [`load`] does.
///
/// # Errors
/// The file cannot be read safely, or is no text.
pub(super) fn read_text(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let (bytes, _) = read_config(path)?;
    text(&bytes, path).map(|text| Zeroizing::new(text.to_owned()))
}

fn read_config(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Facts), ConfigError> {
    let file = open(path, Kind::Config)?;
    let facts = facts(&file, path)?;
    safe_to_trust(&facts, path, effective_uid())?;
    if facts.mode & WRITABLE_BY_OTHERS != 0 {
        let mended = facts.mode & !WRITABLE_BY_OTHERS;
        return Err(ConfigError::of_file(
            path,
            format!(
                "others than its owner may change this file (mode {:04o}); chmod {mended:04o} {}",
                facts.mode,
                path.display()
            ),
        ));
    }
    let bytes = read(file, facts.size, path, MAX_CONFIG)?;
    Ok((bytes, facts))
}

/// Reads the service account's password. One line end at the end of the file is not part of it.
///
/// # Errors
/// As [`load`], and: any right for others, more than read access for the group, over 1 KiB,
/// empty.
pub fn read_secret(path: &Path) -> Result<Password, ConfigError> {
    let bytes = read_private(path, MAX_SECRET, "a password")?;
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line
        .strip_suffix(b"\r")
        .filter(|_| line.len() < bytes.len())
        .unwrap_or(line);
    Password::new(line).map_err(|reason| ConfigError::of_file(path, no_password(reason)))
}

/// Reads the file with a private key. The buffer is wiped when dropped.
///
/// # Errors
/// As [`load`], and: any right for others, more than read access for the group.
pub fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    read_private(path, MAX_KEY, "a private key")
}

/// Reads a file that holds `what`, and that nobody else may read.
fn read_private(path: &Path, limit: usize, what: &str) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let file = open(path, Kind::Secret)?;
    let facts = facts(&file, path)?;
    safe_to_trust(&facts, path, effective_uid())?;
    if facts.mode & UNSAFE_FOR_SECRET != 0 {
        return Err(ConfigError::of_file(
            path,
            format!(
                "too open for {what} (mode {:04o}); chmod 0600 {}, or 0640 for a group that has to read it",
                facts.mode,
                path.display()
            ),
        ));
    }
    read(file, facts.size, path, limit)
}

/// What a file is read for.
#[derive(Clone, Copy)]
enum Kind {
    Config,
    Secret,
}

/// Opens without following a link in the last place, without waiting for the other end of a FIFO,
/// without becoming the controlling process of a terminal, and not for the host's children.
fn open(path: &Path, kind: Kind) -> Result<File, ConfigError> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(|error| ConfigError::of_file(path, not_opened(&error, path, kind)))
}

fn not_opened(error: &io::Error, path: &Path, kind: Kind) -> String {
    let path = path.display();
    match (error.kind(), error.raw_os_error(), kind) {
        (ErrorKind::NotFound, _, Kind::Config) => {
            "no such file; write it (pam_rsldap.toml(5)), or name another: config=PATH in pam.d, --config PATH for rsldapctl".into()
        }
        (ErrorKind::NotFound, _, Kind::Secret) => {
            format!("no such file; write the password of bind.dn into it and chmod 0600 {path}")
        }
        (ErrorKind::PermissionDenied, _, Kind::Config) => format!(
            "uid {} may not read this file; chmod 0644 {path}, with the password in password_file",
            effective_uid()
        ),
        (ErrorKind::PermissionDenied, _, Kind::Secret) => format!(
            "uid {} may not read this file; for a service that is not root: chgrp GROUP {path}, chmod 0640 {path}, and the service's user into GROUP",
            effective_uid()
        ),
        (_, Some(libc::ELOOP), _) => "a symbolic link; name the file itself".into(),
        (_, Some(libc::ENXIO), _) => "not a regular file; put a file in its place".into(),
        _ => format!("cannot be opened: {error}; look at the path"),
    }
}

/// What the descriptor tells.
struct Facts {
    kind: FileType,
    owner: u32,
    mode: u32,
    size: u64,
}

fn facts(file: &File, path: &Path) -> Result<Facts, ConfigError> {
    let of = |found: Metadata| Facts {
        kind: found.file_type(),
        owner: found.uid(),
        mode: found.mode() & 0o7777,
        size: found.len(),
    };
    file.metadata()
        .map(of)
        .map_err(|error| unreadable(path, &error))
}

/// A regular file that only root or this process's own user can have written.
fn safe_to_trust(facts: &Facts, path: &Path, uid: u32) -> Result<(), ConfigError> {
    if !facts.kind.is_file() {
        let found = match facts.kind {
            kind if kind.is_dir() => "a directory",
            kind if kind.is_fifo() => "a FIFO",
            _ => "a device",
        };
        let problem = format!("{found}, not a regular file; put a file in its place");
        return Err(ConfigError::of_file(path, problem));
    }
    if facts.owner != 0 && facts.owner != uid {
        return Err(ConfigError::of_file(
            path,
            format!(
                "uid {} owns this file and could change it; chown root {}",
                facts.owner,
                path.display()
            ),
        ));
    }
    Ok(())
}

/// The whole file. The buffer is large enough from the start, so that no part of a secret stays
/// behind in a smaller one or on the stack, and is wiped when dropped.
fn read(
    file: File,
    size: u64,
    path: &Path,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let expected = usize::try_from(size).unwrap_or(limit).min(limit);
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + READ_AHEAD));
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() > limit {
        let problem = format!("larger than {limit} bytes; shorten it");
        return Err(ConfigError::of_file(path, problem));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> ConfigError {
    ConfigError::of_file(path, format!("cannot be read: {error}; look at the disk"))
}

fn text<'a>(bytes: &'a [u8], path: &Path) -> Result<&'a str, ConfigError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let good = std::str::from_utf8(good).unwrap_or_default();
        ConfigError::of_file(path, "not UTF-8; save the file as UTF-8").at(good, good.len())
    })?;
    match text.find('\0') {
        Some(offset) => Err(ConfigError::of_file(path, "a NUL byte; take it out").at(text, offset)),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_root_or_to_this_process() {
        let path = Path::new("/f");
        let executable = File::open("/proc/self/exe").unwrap();
        let mut facts = facts(&executable, path).unwrap();
        for (owner, uid) in [(0, 0), (0, 1000), (1000, 1000)] {
            facts.owner = owner;
            assert!(safe_to_trust(&facts, path, uid).is_ok());
        }
        for uid in [0, 1001] {
            facts.owner = 1000;
            let error = safe_to_trust(&facts, path, uid).unwrap_err().to_string();
            assert_eq!(
                error,
                "/f: uid 1000 owns this file and could change it; chown root /f"
            );
        }
    }

    #[test]
    fn a_process_without_the_right_to_read_is_told_how_to_get_it() {
        let denied = io::Error::from_raw_os_error(libc::EACCES);
        let uid = effective_uid();
        assert_eq!(
            not_opened(&denied, Path::new("/f"), Kind::Config),
            format!(
                "uid {uid} may not read this file; chmod 0644 /f, with the password in password_file"
            )
        );
        assert_eq!(
            not_opened(&denied, Path::new("/f"), Kind::Secret),
            format!(
                "uid {uid} may not read this file; for a service that is not root: chgrp GROUP /f, chmod 0640 /f, and the service's user into GROUP"
            )
        );
    }
}
