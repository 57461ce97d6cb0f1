//! The file of `log.file`: many processes append to it and rotate it at the same time.
//!
//! Each line is one write(2) to a file that is open for appending: Linux puts such writes one behind the
//! other, so that no line is lost or torn by another. Who also gets the lock on the file (flock(2)) looks
//! after it: whether the name still means this file, whether it is full, whether the last line is whole.
//! Nobody waits for the lock for long, so a process that is stopped while it has it holds nobody up; the
//! file then grows beyond its size until somebody gets the lock again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::config::Log as Settings;
use crate::sys;

/// How long a write may take. Half a line that is still there then is left by a process that was killed.
const WRITE_TIME: Duration = Duration::from_millis(1);
/// How often the lock on a full file is tried.
const TRIES: usize = 20;
/// How often a file may be rotated away between opening and locking it.
const ATTEMPTS: usize = 100;
/// How much others may append between looking at the size and writing, in bytes.
const MARGIN: u64 = 64 * 1024;
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
}

impl LogFile {
    /// The file of the configuration, if there is one.
    #[must_use]
    pub fn of(settings: &Settings) -> Option<Self> {
        settings.file.as_ref().map(|path| LogFile {
            path: path.clone(),
            max_bytes: settings.max_bytes,
            backups: settings.backups,
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
        let line = [line.as_bytes(), b"\n"].concat();
        let mut rotated = Ok(());
        for _ in 0..ATTEMPTS {
            let file = self.open()?;
            if !self.lock(&file, line.len())? {
                return write(&file, &line).and(rotated);
            }
            let written = match self.state(&file, line.len())? {
                State::RotatedAway => None,
                State::Full if rotated.is_ok() => {
                    rotated = self.rotate();
                    None
                }
                State::Full | State::HasRoom => Some(write_alone(&file, &line)),
            };
            sys::unlock(&file);
            if let Some(written) = written {
                return written.and(rotated);
            }
        }
        Err(io::Error::other("rotated again and again by others"))
    }

    /// Takes the lock if it is free. Only for a full file is it waited for, a little.
    fn lock(&self, file: &File, length: usize) -> io::Result<bool> {
        for _ in 0..TRIES {
            if sys::lock(file) {
                return Ok(true);
            }
            if !self.is_full(file.metadata()?.len(), length) {
                break;
            }
            thread::sleep(WRITE_TIME);
        }
        Ok(false)
    }

    fn is_full(&self, size: u64, length: usize) -> bool {
        size > 0 && size.saturating_add(length as u64) > self.max_bytes
    }

    /// What a file is, to whoever has the lock on it and a line of this length.
    fn state(&self, file: &File, length: usize) -> io::Result<State> {
        let ours = file.metadata()?;
        match fs::symlink_metadata(&self.path) {
            Ok(named) if (named.dev(), named.ino()) == (ours.dev(), ours.ino()) => {}
            Ok(_) => return Ok(State::RotatedAway),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::RotatedAway),
            Err(error) => return Err(error),
        }
        Ok(match self.is_full(ours.len(), length) {
            true => State::Full,
            false => State::HasRoom,
        })
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

/// See [`LogFile::state`].
enum State {
    /// Another process has just rotated it.
    RotatedAway,
    /// The line would make it too large.
    Full,
    HasRoom,
}

/// Appends a line, in one write.
fn write(file: &File, line: &[u8]) -> io::Result<()> {
    let size = file.metadata()?.len();
    // Beyond this size the system would cut the line and kill the process (SIGXFSZ). The limit comes
    // from whoever has called su or sudo.
    if size.saturating_add(line.len() as u64 + MARGIN) > sys::file_size_limit() {
        return Err(io::Error::other(
            "this process may not write so far (RLIMIT_FSIZE)",
        ));
    }
    let mut file = file;
    let written = loop {
        match file.write(line) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => break result?,
        }
    };
    match written == line.len() {
        true => Ok(()),
        false => Err(io::Error::from(ErrorKind::WriteZero)),
    }
}

/// The same with the lock: half a line that a process has left, killed in the middle, stays by itself,
/// and where the disk is full, no half line stays.
fn write_alone(file: &File, line: &[u8]) -> io::Result<()> {
    let size = file.metadata()?.len();
    let ended = [
        if ends_in_half_a_line(file)? { "\n" } else { "" }.as_bytes(),
        line,
    ]
    .concat();
    let written = write(file, &ended);
    if written.is_err() {
        let now = file.metadata()?.len();
        if now > size && now < size.saturating_add(ended.len() as u64) {
            file.set_len(size)?;
        }
    }
    written
}

fn ends_in_half_a_line(file: &File) -> io::Result<bool> {
    let half = || -> io::Result<Option<u64>> {
        let size = file.metadata()?.len();
        let mut last = [b'\n'];
        if size > 0 {
            file.read_at(&mut last, size - 1)?;
        }
        Ok((last != [b'\n']).then_some(size))
    };
    let Some(size) = half()? else {
        return Ok(false);
    };
    // A process without the lock may be writing it.
    thread::sleep(WRITE_TIME);
    Ok(half()? == Some(size))
}
