//! Paths below another root, as chroot(2) would see them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// As the kernel's ELOOP limit.
const MOST_LINKS: usize = 40;

/// The path on this host of `path` below `root`: an absolute symbolic link begins at `root`, and
/// `..` does not leave it.
///
/// # Errors
/// A symbolic link cannot be read, or there are too many.
pub fn resolve(root: &Path, path: &Path) -> io::Result<PathBuf> {
    if root == Path::new("/") {
        return Ok(path.to_owned());
    }
    let mut todo: Vec<OsString> = names(path);
    let mut done: Vec<OsString> = Vec::new();
    let mut links = 0;
    while let Some(name) = todo.pop() {
        if name == ".." {
            done.pop();
            continue;
        }
        done.push(name);
        let here = done.iter().fold(root.to_owned(), |path, n| path.join(n));
        let is_link = fs::symlink_metadata(&here).is_ok_and(|m| m.file_type().is_symlink());
        if !is_link {
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(io::Error::other("too many levels of symbolic links"));
        }
        let target = fs::read_link(&here)?;
        done.pop();
        if target.is_absolute() {
            done.clear();
        }
        todo.extend(names(&target));
    }
    Ok(done.iter().fold(root.to_owned(), |path, n| path.join(n)))
}

/// The names in a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| part.as_os_str().to_owned())
        .collect()
}
