//! A directory of root's, and files in it that nobody else can have made.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::sys::{self, effective_uid};

/// Any right of group and others.
const OPEN_TO_OTHERS: u32 = 0o077;

/// A directory that belongs to root alone, so that the names in it mean what root made them mean.
#[derive(Clone, Debug)]
pub struct Place(PathBuf);

/// Why there is no [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// This process is not root's.
    NotRoot,
    /// Nothing is there.
    Absent,
    /// A link, something else, or a directory that is not root's alone.
    NotPrivate,
}

/// A lock on a name, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// How often, and how far apart, a lock is tried that another process has. Nobody keeps one for more
/// than a few writes.
const TRIES: usize = 500;
const PAUSE: Duration = Duration::from_millis(1);

impl Place {
    /// The directory.
    ///
    /// # Errors
    /// It is not there, it is not what it should be, or this process is not root's.
    pub fn find(path: &Path) -> Result<Self, NoPlace> {
        if effective_uid() != 0 {
            return Err(NoPlace::NotRoot);
        }
        let found = fs::symlink_metadata(path).map_err(|_| NoPlace::Absent)?;
        if found.is_dir() && is_private(&found) {
            Ok(Place(path.to_owned()))
        } else {
            Err(NoPlace::NotPrivate)
        }
    }

    /// The same; None in place of the error.
    pub fn existing(path: &Path) -> Option<Self> {
        Self::find(path).ok()
    }

    /// The same, made if it is not there.
    pub fn made(path: &Path) -> Option<Self> {
        if effective_uid() == 0 {
            // It may be there already; what it is then, is looked at below.
            let _ = DirBuilder::new().mode(0o700).create(path);
        }
        Self::existing(path)
    }

    /// The names of all that is in it, in their order.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        let mut names = fs::read_dir(&self.0)?
            .map(name)
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    /// What is in a file. None if there is none.
    ///
    /// # Errors
    /// It is longer than `limit`, cannot be read, or is none that root alone can have written.
    pub fn read(&self, name: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.open_to_read(name)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut bytes)?;
        if bytes.len() > limit {
            return Err(odd("too long"));
        }
        Ok(Some(bytes))
    }

    /// The file that has the name, which root alone can have written. One that [`Place::replace`] has taken
    /// the name from since it was opened has none any more: then there is another one to open. Both is
    /// told by one look: between two of them it might lose its name.
    fn open_to_read(&self, name: &str) -> io::Result<Option<File>> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(FLAGS);
        for _ in 0..TRIES {
            let file = match options.open(self.0.join(name)) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            match file.metadata()? {
                found if found.nlink() == 0 => {}
                found if is_genuine(&found) => return Ok(Some(file)),
                _ => return Err(odd("not a file of root's alone")),
            }
        }
        Err(io::Error::other("it is replaced all the time"))
    }

    /// Puts a file in the place of whatever has its name: whoever reads it sees the old one or the
    /// new one, whole. `durable` waits until the disk has it. The caller holds the [`Lock`] on whatever
    /// the file belongs to.
    ///
    /// # Errors
    /// The file system is full or read-only, or the name belongs to a directory. The old file stays.
    pub fn replace(&self, name: &str, bytes: &[u8], durable: bool) -> io::Result<()> {
        // What a process leaves that is killed here, the next one takes away.
        let new = format!("{name}.new");
        self.remove(&new);
        let mut file = Self::options().create_new(true).open(self.0.join(&new))?;
        let written = file.write_all(bytes).and_then(|()| match durable {
            true => file.sync_all(),
            false => Ok(()),
        });
        let done = written.and_then(|()| fs::rename(self.0.join(&new), self.0.join(name)));
        match done {
            // The name as well: rename(2) is in the directory.
            Ok(()) if durable => File::open(&self.0)?.sync_all(),
            Ok(()) => Ok(()),
            Err(error) => {
                self.remove(&new);
                Err(error)
            }
        }
    }

    /// Waits for the lock on a name, in a file beside it that stays.
    ///
    /// # Errors
    /// It cannot be had in half a second, or the file system is full or read-only.
    pub fn lock(&self, name: &str) -> io::Result<Lock> {
        let name = format!("{name}.lock");
        for _ in 0..TRIES {
            let file = self.lock_file(&name)?;
            if !sys::lock(&file) {
                thread::sleep(PAUSE);
                continue;
            }
            // Somebody may have taken the file away meanwhile.
            if is_genuine_now(&file) {
                return Ok(Lock { _file: file });
            }
        }
        Err(io::Error::other(
            "another process does not give the lock back",
        ))
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        let foreign = || io::Error::other("the lock is not a file of root's alone");
        let open = || {
            let file = Self::options().create(true).open(self.0.join(name))?;
            is_genuine_now(&file).then_some(file).ok_or_else(foreign)
        };
        open().or_else(|_| {
            self.remove(name);
            open()
        })
    }

    /// An existing file, for reading and writing. None if there is none that root alone can have
    /// written.
    pub fn file(&self, name: &str) -> Option<File> {
        let file = Self::options().open(self.0.join(name)).ok()?;
        is_genuine_now(&file).then_some(file)
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

    /// Removes a file, if it is there. False if it is still there.
    pub fn remove(&self, name: &str) -> bool {
        let path = self.0.join(name);
        let is_absent = |error: io::Error| error.kind() == ErrorKind::NotFound;
        // A read-only file system says so before it looks.
        fs::remove_file(&path).is_ok() || fs::symlink_metadata(&path).is_err_and(is_absent)
    }

    /// Never through a link, and without waiting for the other end of a FIFO.
    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .mode(0o600)
            .custom_flags(FLAGS);
        options
    }
}

const FLAGS: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;

/// What is in the place of a file, and is none that can be believed.
fn odd(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// A file that root alone can have written, under this one name.
fn is_genuine(found: &Metadata) -> bool {
    found.is_file() && is_private(found) && found.nlink() == 1
}

fn is_genuine_now(file: &File) -> bool {
    file.metadata().is_ok_and(|found| is_genuine(&found))
}

/// Root's, and no right for anybody else.
fn is_private(found: &Metadata) -> bool {
    found.uid() == 0 && found.mode() & OPEN_TO_OTHERS == 0
}
