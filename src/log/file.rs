//! The file of `log.file`: many processes append to it and rotate it at the same time.
//!
//! Each line is one write(2) to a file that is open for appending, under a lock (flock(2)) on that file.
//! Whoever gets the lock looks whether the name still means this file: another process may have rotated
//! it in the meantime. A process that was stopped while it had the lock holds the others up once, for
//! [`PATIENCE`]; they go on without the lock, and do not rotate.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::Log as Settings;
use crate::sys;

/// How long the lock is waited for.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a process sleeps before it tries to get the lock again.
const PAUSE: Duration = Duration::from_micros(200);
/// How often a file may be rotated away between opening and locking it.
const ATTEMPTS: usize = 100;
/// Write access of group and others.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// Write access of others.
const WRITABLE_BY_ALL: u32 = 0o002;

/// A log file that is not open.
#[derive(Clone, Debug)]
pub struct LogFile {
    path: PathBuf,
    max_bytes: u64,
    backups: u32,
    /// Cleared when the lock did not come in time.
    waits: Cell<bool>,
}

impl LogFile {
    /// The file of the configuration, if there is one.
    #[must_use]
    pub fn of(settings: &Settings) -> Option<Self> {
        settings.file.as_ref().map(|path| LogFile {
            path: path.clone(),
            max_bytes: settings.max_bytes,
            backups: settings.backups,
            waits: Cell::new(true),
        })
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line, which has no line end. Rotates the file before, if it would become too large.
    ///
    /// # Errors
    /// The file is no plain file of root's in a directory of root's, or the system's error. The line is
    /// then not in the file, unless only rotating has failed.
    pub fn append(&self, line: &str) -> io::Result<()> {
        self.check_directory()?;
        let mut line = line.to_owned();
        line.push('\n');
        let mut rotated = Ok(());
        for _ in 0..ATTEMPTS {
            let file = self.open()?;
            if !self.lock(&file) {
                let size = file.metadata()?.len();
                return write(&file, size, line.as_bytes(), false);
            }
            let outcome = if self.is_current(&file)? {
                let size = file.metadata()?.len();
                let full = size > 0 && size.saturating_add(line.len() as u64) > self.max_bytes;
                if full && rotated.is_ok() {
                    rotated = self.rotate();
                    None
                } else {
                    Some(write(&file, size, line.as_bytes(), true))
                }
            } else {
                None
            };
            sys::unlock(&file);
            if let Some(written) = outcome {
                return written.and(rotated);
            }
        }
        Err(io::Error::other("rotated again and again by others"))
    }

    /// In a directory that others may write to, the names are theirs.
    fn check_directory(&self) -> io::Result<()> {
        let directory = fs::metadata(self.path.parent().unwrap_or(Path::new("/")))?;
        if directory.uid() != 0 || directory.mode() & WRITABLE_BY_ALL != 0 {
            return Err(io::Error::other(
                "the directory has to be root's, and not writable for others",
            ));
        }
        Ok(())
    }

    /// Opens the file; root makes it if it is not there. Never through a link, and without waiting for
    /// the other end of a FIFO.
    fn open(&self) -> io::Result<File> {
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(sys::effective_uid() == 0)
            .mode(0o600)
            .custom_flags(flags)
            .open(&self.path)?;
        let found = file.metadata()?;
        // A file that has just been rotated away for good has no name left.
        if !found.is_file() || found.nlink() > 1 {
            return Err(io::Error::other("not a regular file with one name"));
        }
        if found.uid() != 0 || found.mode() & WRITABLE_BY_OTHERS != 0 {
            return Err(io::Error::other("not root's, or writable for others"));
        }
        Ok(file)
    }

    /// False if the lock did not come in time.
    fn lock(&self, file: &File) -> bool {
        let end = Instant::now() + PATIENCE;
        loop {
            if sys::lock(file) {
                return true;
            }
            if !self.waits.get() || Instant::now() >= end {
                self.waits.set(false);
                return false;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whether the path still leads to this file.
    fn is_current(&self, file: &File) -> io::Result<bool> {
        let ours = file.metadata()?;
        match fs::symlink_metadata(&self.path) {
            Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes room: the file becomes `.1`, `.1` becomes `.2`, and so on up to the first number that is
    /// free, or the last. A process that ends in the middle leaves a gap and loses nothing.
    fn rotate(&self) -> io::Result<()> {
        if self.backups == 0 {
            return fs::remove_file(&self.path);
        }
        let free = (1..self.backups).find(|number| {
            let found = fs::symlink_metadata(self.backup(*number));
            found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
        });
        for number in (1..free.unwrap_or(self.backups)).rev() {
            fs::rename(self.backup(number), self.backup(number + 1))?;
        }
        fs::rename(&self.path, self.backup(1))
    }

    fn backup(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

/// Writes a line behind the `size` bytes that are there, or nothing of it.
fn write(file: &File, size: u64, line: &[u8], locked: bool) -> io::Result<()> {
    let mut last = [b'\n'];
    if locked && size > 0 {
        file.read_at(&mut last, size - 1)?;
    }
    // A process that was killed has left half a line, which stays one by itself.
    let end_of_theirs: &[u8] = if last == [b'\n'] { b"" } else { b"\n" };
    let line = [end_of_theirs, line].concat();
    // Beyond this size the system would cut the line and kill the process (SIGXFSZ). The limit comes
    // from whoever has called su or sudo.
    if size.saturating_add(line.len() as u64) > sys::file_size_limit() {
        return Err(io::Error::other(
            "this process may not write so far (RLIMIT_FSIZE)",
        ));
    }
    let written = loop {
        match (&*file).write(&line) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => break result?,
        }
    };
    if written < line.len() {
        // The disk is full. Half a line would spoil the next one.
        if locked {
            file.set_len(size)?;
        }
        return Err(io::Error::from(ErrorKind::WriteZero));
    }
    Ok(())
}
