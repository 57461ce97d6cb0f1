//! A directory of root's, and files in it that nobody else can have made.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::sys::effective_uid;

/// Any right of group and others.
const OPEN_TO_OTHERS: u32 = 0o077;

/// A directory that belongs to root alone, so that the names in it mean what root made them mean.
#[derive(Clone, Debug)]
pub struct Place(PathBuf);

impl Place {
    /// The directory. None where it is not there, the path is a link or something else, or it is
    /// not root's alone; and for a process that is not root's.
    pub fn existing(path: &Path) -> Option<Self> {
        if effective_uid() != 0 {
            return None;
        }
        let found = fs::symlink_metadata(path).ok()?;
        (found.is_dir() && is_private(&found)).then(|| Place(path.to_owned()))
    }

    /// The same, made if it is not there.
    pub fn made(path: &Path) -> Option<Self> {
        if effective_uid() == 0 {
            // It may be there already; what it is then, is looked at below.
            let _ = DirBuilder::new().mode(0o700).create(path);
        }
        Self::existing(path)
    }

    /// An existing file, for reading and writing. None if there is none that root alone can have
    /// written.
    pub fn file(&self, name: &str) -> Option<File> {
        let file = Self::options().open(self.0.join(name)).ok()?;
        let found = file.metadata().ok()?;
        let genuine = found.is_file() && is_private(&found) && found.nlink() == 1;
        genuine.then_some(file)
    }

    /// A file for reading and writing: an existing one, or a new one in place of whatever else has
    /// its name.
    ///
    /// # Errors
    /// The file system is full or read-only, or the name belongs to a directory.
    pub fn file_or_new(&self, name: &str) -> io::Result<File> {
        let create = || {
            let path = self.0.join(name);
            Self::options().create_new(true).open(path)
        };
        if let Some(file) = self.file(name) {
            return Ok(file);
        }
        match create() {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.remove(name);
                create()
            }
            result => result,
        }
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.0.join(name));
    }

    /// Never through a link, and without waiting for the other end of a FIFO.
    fn options() -> OpenOptions {
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .mode(0o600)
            .custom_flags(flags);
        options
    }
}

/// Root's, and no right for anybody else.
fn is_private(found: &Metadata) -> bool {
    found.uid() == 0 && found.mode() & OPEN_TO_OTHERS == 0
}
