//! The few system calls that the standard library has no safe form of.

use std::ffi::{CStr, CString, c_char, c_int};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The effective uid of this process (geteuid(2)).
#[must_use]
pub fn effective_uid() -> u32 {
    // SAFETY: geteuid(2) takes nothing, touches nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// How many columns a terminal has. None where it does not say, and for what is no terminal
/// (TIOCGWINSZ(2const)).
#[must_use]
pub fn columns(terminal: impl AsFd) -> Option<usize> {
    let mut size = MaybeUninit::<libc::winsize>::zeroed();
    let descriptor = terminal.as_fd().as_raw_fd();
    // SAFETY: the request writes a winsize to a place that is ours; the descriptor is open.
    let code = unsafe { libc::ioctl(descriptor, libc::TIOCGWINSZ, size.as_mut_ptr()) };
    // SAFETY: a winsize is four numbers, for which zeros will do.
    let size = unsafe { size.assume_init() };
    (code == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// The time since the machine was started, asleep or not: nobody can set this clock
/// (CLOCK_BOOTTIME, clock_gettime(2)).
#[must_use]
pub fn boot_time() -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: clock_gettime(2) writes a timespec to a place that is ours.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, time.as_mut_ptr()) };
    if code != 0 {
        return Duration::ZERO;
    }
    // SAFETY: clock_gettime(2) returned 0, so it has written.
    let time = unsafe { time.assume_init() };
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The time in seconds since 1970-01-01 00:00 UTC. Nobody lives before that.
#[must_use]
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// The name of this host (gethostname(2)); empty if it has none, or one that is no text.
#[must_use]
pub fn hostname() -> String {
    // HOST_NAME_MAX is 64 on Linux. The last octet stays NUL, whatever is written.
    let mut name = [0_u8; 256];
    // SAFETY: gethostname(2) writes at most that many octets to a buffer that is ours.
    let code = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let length = name.iter().position(|octet| *octet == 0).unwrap_or(0);
    match (
        code,
        std::str::from_utf8(name.get(..length).unwrap_or_default()),
    ) {
        (0, Ok(name)) => name.to_owned(),
        _ => String::new(),
    }
}

/// The real uid of this process (getuid(2)): who started it, also where it is setuid.
#[must_use]
pub fn real_uid() -> u32 {
    // SAFETY: getuid(2) takes nothing, touches nothing and cannot fail.
    unsafe { libc::getuid() }
}

/// Takes an exclusive lock on a file, until it is closed. False if another process has it (flock(2)).
#[must_use]
pub fn lock(file: &File) -> bool {
    // SAFETY: flock(2) on a descriptor that is open while `file` lives.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

/// Gives a lock back. Closing the file would not, where another thread has started a process in the
/// meantime that has the file open too (flock(2)).
pub fn unlock(file: &File) {
    // SAFETY: as above.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_UN) };
}

/// The largest size that this process may write a file to, in bytes (RLIMIT_FSIZE, getrlimit(2)).
#[must_use]
pub fn file_size_limit() -> u64 {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: getrlimit(2) writes a structure to a place that is ours.
    let code = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, limit.as_mut_ptr()) };
    if code != 0 {
        return u64::MAX;
    }
    // SAFETY: getrlimit(2) returned 0, so it has written. RLIM_INFINITY is the largest number.
    unsafe { limit.assume_init() }.rlim_cur
}

/// The largest buffer that getpwnam_r(3) or getgrnam_r(3) gets for one entry, in bytes. A group lists
/// its members in it.
const MAX_ENTRY: usize = 1 << 22;

/// The uid of a local account, by the host's own name service (getpwnam_r(3)); None if there is no
/// such account.
///
/// # Errors
/// The name service failed, so nothing is known about the name.
pub fn local_uid(name: &[u8]) -> io::Result<Option<u32>> {
    let Ok(name) = CString::new(name) else {
        return Ok(None);
    };
    found_by(|size| account(&name, size))
}

/// The gid of a local group, by the host's own name service (getgrnam_r(3)); None if there is no group
/// of exactly this name. Some name services take another spelling for the same.
///
/// # Errors
/// As [`local_uid`].
pub fn local_gid(name: &str) -> io::Result<Option<u32>> {
    let Ok(name) = CString::new(name) else {
        return Ok(None);
    };
    found_by(|size| group(&name, size))
}

/// Looks up with a buffer that grows until the entry fits.
fn found_by(look_up: impl Fn(usize) -> Result<Option<u32>, c_int>) -> io::Result<Option<u32>> {
    let mut size = 1024;
    loop {
        match look_up(size) {
            Err(libc::ERANGE) if size < MAX_ENTRY => size *= 4,
            Err(libc::EINTR) => {}
            // The man pages list these as other ways to say "not found".
            Err(libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM) => return Ok(None),
            Err(code) => return Err(io::Error::from_raw_os_error(code)),
            Ok(found) => return Ok(found),
        }
    }
}

/// One call of getpwnam_r(3) with a buffer of this size; the error is its return value.
fn account(name: &CString, size: usize) -> Result<Option<u32>, c_int> {
    let mut buffer: Vec<c_char> = vec![0; size];
    let mut entry = MaybeUninit::<libc::passwd>::uninit();
    let mut found = std::ptr::null_mut();
    // SAFETY: getpwnam_r(3): the name ends with NUL; entry, buffer (with its true length) and found
    // are ours and outlive the call.
    let code = unsafe {
        libc::getpwnam_r(
            name.as_ptr(),
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if code != 0 {
        return Err(code);
    }
    if found.is_null() {
        return Ok(None);
    }
    // SAFETY: getpwnam_r(3) returned 0 and a result, which points to `entry`, now filled in.
    Ok(Some(unsafe { entry.assume_init_ref() }.pw_uid))
}

/// One call of getgrnam_r(3), likewise.
fn group(name: &CString, size: usize) -> Result<Option<u32>, c_int> {
    let mut buffer: Vec<c_char> = vec![0; size];
    let mut entry = MaybeUninit::<libc::group>::uninit();
    let mut found = std::ptr::null_mut();
    // SAFETY: getgrnam_r(3): the name ends with NUL; entry, buffer (with its true length) and found
    // are ours and outlive the call.
    let code = unsafe {
        libc::getgrnam_r(
            name.as_ptr(),
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if code != 0 {
        return Err(code);
    }
    if found.is_null() {
        return Ok(None);
    }
    // SAFETY: getgrnam_r(3) returned 0 and a result, which points to `entry`, now filled in.
    let entry = unsafe { entry.assume_init_ref() };
    if entry.gr_name.is_null() {
        return Ok(None);
    }
    // SAFETY: gr_name is a string in `buffer`, which lives, and ends with NUL.
    let same = unsafe { CStr::from_ptr(entry.gr_name) } == name.as_c_str();
    Ok(same.then_some(entry.gr_gid))
}

/// The supplementary groups of this process (getgroups(2)).
///
/// # Errors
/// The system's, when another thread changes them all the time.
pub fn supplementary_groups() -> io::Result<Vec<u32>> {
    // Another thread may add some between the two calls.
    for _ in 0..3 {
        // SAFETY: getgroups(2) with size 0 only counts.
        let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
        let room = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        let mut groups: Vec<libc::gid_t> = vec![0; room];
        // SAFETY: getgroups(2) writes at most `count` numbers to a place of ours that has room for them.
        let count = unsafe { libc::getgroups(count, groups.as_mut_ptr()) };
        if let Ok(count) = usize::try_from(count) {
            groups.truncate(count);
            // getgroups(2) with size 0 counts again, and writes nothing.
            if count <= room {
                return Ok(groups);
            }
        }
    }
    Err(io::Error::last_os_error())
}

/// Sets the supplementary groups of this process, all its threads together (setgroups(2)).
///
/// # Errors
/// The system's: the process may not, or there are more than [`max_groups`].
pub fn set_supplementary_groups(groups: &[u32]) -> io::Result<()> {
    // SAFETY: setgroups(2) reads as many numbers as the slice has.
    match unsafe { libc::setgroups(groups.len(), groups.as_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// How many supplementary groups a process may have (NGROUPS_MAX, sysconf(3)).
#[must_use]
pub fn max_groups() -> usize {
    // SAFETY: sysconf(3) takes a number.
    let limit = unsafe { libc::sysconf(libc::_SC_NGROUPS_MAX) };
    usize::try_from(limit).unwrap_or(0)
}

/// A terminal that does not show what is typed, until this is dropped (termios(3)). The key that would
/// interrupt the program ends the line there, so that nobody is left with a blind terminal.
pub struct Hidden<'a> {
    terminal: &'a File,
    before: libc::termios,
}

impl<'a> Hidden<'a> {
    /// Switches the echo off, and drops what was typed before.
    ///
    /// # Errors
    /// It is no terminal, or one that does not obey.
    pub fn new(terminal: &'a File) -> io::Result<Self> {
        let mut before = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: tcgetattr(3) writes a structure to a place that is ours; the descriptor is open.
        if unsafe { libc::tcgetattr(terminal.as_raw_fd(), before.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: tcgetattr(3) returned 0, so it has written.
        let before = unsafe { before.assume_init() };
        let hidden = Hidden { terminal, before };
        let mut wanted = before;
        wanted.c_lflag &= !(libc::ECHO | libc::ISIG);
        if let Some(end) = wanted.c_cc.get_mut(libc::VEOL) {
            *end = hidden.interrupt();
        }
        hidden.set(&wanted)?;
        Ok(hidden)
    }

    /// The byte of the key that interrupts, such as Ctrl-C.
    #[must_use]
    pub fn interrupt(&self) -> u8 {
        let key = self.before.c_cc.get(libc::VINTR);
        key.copied().unwrap_or(libc::_POSIX_VDISABLE)
    }

    fn set(&self, settings: &libc::termios) -> io::Result<()> {
        // SAFETY: tcsetattr(3) reads a structure; the descriptor is open.
        match unsafe { libc::tcsetattr(self.terminal.as_raw_fd(), libc::TCSAFLUSH, settings) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        let _ = self.set(&self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_uid_0_and_nobody_has_no_such_name() {
        assert_eq!(local_uid(b"root").unwrap(), Some(0));
        assert_eq!(local_uid(b"no-such-user-here").unwrap(), None);
        assert_eq!(local_uid(b"a\0b").unwrap(), None);
    }

    #[test]
    fn root_is_group_0_and_other_spellings_are_no_group() {
        assert_eq!(local_gid("root").unwrap(), Some(0));
        for name in ["Root", "no-such-group-here", "", "a\0b", "root:x:0"] {
            assert_eq!(local_gid(name).unwrap(), None, "{name:?}");
        }
    }

    #[test]
    fn the_groups_of_this_process_are_those_that_linux_shows() {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("Groups:"));
        let shown = line.unwrap().split_whitespace();
        let mut shown: Vec<u32> = shown.map(|gid| gid.parse().unwrap()).collect();
        let mut groups = supplementary_groups().unwrap();
        shown.sort_unstable();
        groups.sort_unstable();
        assert_eq!(groups, shown);
        assert!(max_groups() >= 32);
    }
}
