//! Files that must not be trusted.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::MINIMAL;
use crate::config::{load, read_secret};

/// A file of this content and mode in a directory of its own.
fn file(content: &[u8], mode: u32) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (directory, path)
}

/// The message of [`load`], with `F` for the path.
fn load_error(path: &Path) -> String {
    load(path)
        .unwrap_err()
        .to_string()
        .replace(path.to_str().unwrap(), "F")
}

/// The message of [`read_secret`], with `F` for the path.
fn secret_error(path: &Path) -> String {
    read_secret(path)
        .unwrap_err()
        .to_string()
        .replace(path.to_str().unwrap(), "F")
}

fn with_inline_password() -> String {
    format!("{MINIMAL}[bind]\ndn = \"cn=svc\"\npassword = \"hunter2\"\n")
}

#[test]
fn a_file_that_only_its_owner_can_change_is_read() {
    for mode in [0o644, 0o640, 0o600, 0o400, 0o444] {
        let (_directory, path) = file(MINIMAL.as_bytes(), mode);
        assert!(load(&path).is_ok(), "{mode:o}");
    }
}

#[test]
fn a_file_that_others_can_change_is_refused() {
    for (mode, mended) in [
        (0o664, "0644"),
        (0o646, "0644"),
        (0o666, "0644"),
        (0o660, "0640"),
        (0o620, "0600"),
    ] {
        let (_directory, path) = file(MINIMAL.as_bytes(), mode);
        assert_eq!(
            load_error(&path),
            format!(
                "F: others than its owner may change this file (mode {mode:04o}); chmod {mended} F"
            )
        );
    }
}

#[test]
fn a_password_in_the_file_asks_for_mode_0600() {
    let (_directory, path) = file(with_inline_password().as_bytes(), 0o600);
    assert!(load(&path).is_ok());
    for mode in [0o644, 0o640, 0o604, 0o611] {
        let (_directory, path) = file(with_inline_password().as_bytes(), mode);
        assert_eq!(
            load_error(&path),
            format!(
                "F: bind.password: others than its owner may read this password (mode {mode:04o}); chmod 0600 F, or use password_file"
            )
        );
    }
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(
        made.expect("mkfifo is missing: apt-get install coreutils")
            .success()
    );
    let socket = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for (path, problem) in [
        (
            fifo.as_path(),
            "F: a FIFO, not a regular file; put a file in its place",
        ),
        (
            directory.path(),
            "F: a directory, not a regular file; put a file in its place",
        ),
        (
            Path::new("/dev/null"),
            "F: a device, not a regular file; put a file in its place",
        ),
        (
            socket.as_path(),
            "F: not a regular file; put a file in its place",
        ),
    ] {
        assert_eq!(load_error(path), problem);
        assert_eq!(secret_error(path), problem);
    }
}

#[test]
fn a_symbolic_link_is_refused() {
    let (directory, path) = file(MINIMAL.as_bytes(), 0o644);
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(
        load_error(&link),
        "F: a symbolic link; name the file itself"
    );
    assert_eq!(
        secret_error(&link),
        "F: a symbolic link; name the file itself"
    );
}

#[test]
fn a_missing_file_is_named_with_what_to_do() {
    let missing = Path::new("/nonexistent/config.toml");
    assert_eq!(
        load_error(missing),
        "F: no such file; write it (pam_rsldap.toml(5)), or name another: config=PATH in pam.d, --config PATH for rsldapctl"
    );
    assert_eq!(
        secret_error(missing),
        "F: no such file; write the password of bind.dn into it and chmod 0600 F"
    );
}

#[test]
fn a_file_has_at_most_64_kib() {
    let mut text = MINIMAL.to_owned();
    while text.len() < 64 * 1024 {
        text.push('\n');
    }
    let (_directory, path) = file(text.as_bytes(), 0o644);
    assert!(load(&path).is_ok());
    text.push('\n');
    let (_directory, path) = file(text.as_bytes(), 0o644);
    assert_eq!(load_error(&path), "F: larger than 65536 bytes; shorten it");
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let (_directory, path) = file(b"# a\n# \xff\n", 0o644);
    assert_eq!(
        load_error(&path),
        "F:2:3: not UTF-8; save the file as UTF-8"
    );
    let (_directory, path) = file(b"# a\n#\0\n", 0o644);
    assert_eq!(load_error(&path), "F:2:2: a NUL byte; take it out");
}

#[test]
fn a_secret_loses_one_line_end_and_nothing_else() {
    for (content, password) in [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("hunter2\r\n", "hunter2"),
        ("hunter2\r", "hunter2\r"),
        ("hunter2\n\n", "hunter2\n"),
        (" hunter2 \n", " hunter2 "),
        ("\n\n", "\n"),
    ] {
        let (_directory, path) = file(content.as_bytes(), 0o600);
        assert_eq!(
            read_secret(&path).unwrap().expose(),
            password,
            "{content:?}"
        );
    }
}

#[test]
fn a_secret_may_be_read_by_its_owner_and_one_group() {
    for mode in [0o400, 0o600, 0o640, 0o440, 0o700] {
        let (_directory, path) = file(b"hunter2", mode);
        assert!(read_secret(&path).is_ok(), "{mode:o}");
    }
    for mode in [0o644, 0o604, 0o660, 0o620, 0o610, 0o601, 0o602] {
        let (_directory, path) = file(b"hunter2", mode);
        assert_eq!(
            secret_error(&path),
            format!(
                "F: too open for a password (mode {mode:04o}); chmod 0600 F, or 0640 for a group that has to read it"
            )
        );
    }
}

#[test]
fn what_is_no_password_is_no_secret() {
    let long = "x".repeat(1025);
    for (content, problem) in [
        (
            "",
            "F: the password is empty, it would be an anonymous bind; fill it or leave bind.dn out",
        ),
        (
            "\n",
            "F: the password is empty, it would be an anonymous bind; fill it or leave bind.dn out",
        ),
        (
            "\r\n",
            "F: the password is empty, it would be an anonymous bind; fill it or leave bind.dn out",
        ),
        (
            "a\0b",
            "F: the password is not UTF-8 text without NUL; change it",
        ),
        (
            &long[..600],
            "F: the password is longer than 512 bytes; shorten it",
        ),
        (&long, "F: larger than 1024 bytes; shorten it"),
    ] {
        let (_directory, path) = file(content.as_bytes(), 0o600);
        assert_eq!(secret_error(&path), problem);
    }
}
