//! The few system calls that the standard library has no safe form of.

use std::ffi::{CString, c_char, c_int};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The effective uid of this process (geteuid(2)).
#[must_use]
pub fn effective_uid() -> u32 {
    // SAFETY: geteuid(2) takes nothing, touches nothing and cannot fail.
    unsafe { libc::geteuid() }
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

/// The largest buffer that getpwnam_r(3) gets for one account, in bytes.
const MAX_PASSWD_BUFFER: usize = 1 << 20;

/// The uid of a local account, by the host's own name service (getpwnam_r(3)); None if there is no
/// such account.
///
/// # Errors
/// The name service failed, so nothing is known about the name.
pub fn local_uid(name: &[u8]) -> io::Result<Option<u32>> {
    let Ok(name) = CString::new(name) else {
        return Ok(None);
    };
    let mut size = 1024;
    loop {
        match lookup(&name, size) {
            Err(libc::ERANGE) if size < MAX_PASSWD_BUFFER => size *= 4,
            Err(libc::EINTR) => {}
            // The man page lists these as other ways to say "not found".
            Err(libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM) => return Ok(None),
            Err(code) => return Err(io::Error::from_raw_os_error(code)),
            Ok(uid) => return Ok(uid),
        }
    }
}

/// One call of getpwnam_r(3) with a buffer of this size; the error is its return value.
fn lookup(name: &CString, size: usize) -> Result<Option<u32>, c_int> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_uid_0_and_nobody_has_no_such_name() {
        assert_eq!(local_uid(b"root").unwrap(), Some(0));
        assert_eq!(local_uid(b"no-such-user-here").unwrap(), None);
        assert_eq!(local_uid(b"a\0b").unwrap(), None);
    }
}
