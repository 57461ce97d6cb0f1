//! A private `/dev/log`: what a process sends to syslog(3), caught without touching the machine's.
//!
//! [`DevLog::capture`] gives the calling thread, and the threads and processes that it starts from
//! then on, a mount namespace of their own (mount_namespaces(7)) with a small `/dev` of their own.
//! There is no way back: the thread keeps it for the rest of its life. Needs root, or the root of
//! a user namespace (`unshare --user --map-root-user`).

use std::ffi::{CString, c_ulong};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What of the old `/dev` the new one has.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// The end of what a thread reads: nobody else sends this.
const FLUSH: &[u8] = b"\0flush";

/// The captured log.
pub struct DevLog {
    lines: Arc<Mutex<Vec<String>>>,
    flushed: Arc<Mutex<usize>>,
    flushes: usize,
}

impl DevLog {
    /// Puts a `/dev/log` of its own under the calling thread, and reads it.
    pub fn capture() -> DevLog {
        private_dev().unwrap_or_else(|error| {
            panic!(
                "no private /dev: {error}; run as root or under `unshare --user --map-root-user`"
            )
        });
        let socket = UnixDatagram::bind("/dev/log").expect("bind /dev/log");
        fs::set_permissions("/dev/log", fs::Permissions::from_mode(0o666)).expect("chmod /dev/log");
        let log = DevLog {
            lines: Arc::default(),
            flushed: Arc::default(),
            flushes: 0,
        };
        let (lines, flushed) = (log.lines.clone(), log.flushed.clone());
        // It ends with the process: a namespace and its socket cannot be left behind by a thread.
        thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(size) = socket.recv(&mut buffer) {
                if &buffer[..size] == FLUSH {
                    *flushed.lock().unwrap() += 1;
                } else {
                    let line = String::from_utf8_lossy(&buffer[..size]).into_owned();
                    lines.lock().unwrap().push(line);
                }
            }
        });
        log
    }

    /// Every datagram so far, as sent: `<PRI>`, time, tag and text.
    pub fn lines(&mut self) -> Vec<String> {
        let socket = UnixDatagram::unbound().expect("a socket");
        socket.send_to(FLUSH, "/dev/log").expect("send to /dev/log");
        self.flushes += 1;
        let end = Instant::now() + Duration::from_secs(5);
        while *self.flushed.lock().unwrap() < self.flushes {
            assert!(Instant::now() < end, "the reader of /dev/log has stopped");
            thread::sleep(Duration::from_millis(1));
        }
        self.lines.lock().unwrap().clone()
    }
}

/// The value of `key=value` in a log line, up to white space.
pub fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_whitespace()
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

/// Gives the calling thread a `/dev` of its own that has no `log` yet.
pub fn private_dev() -> io::Result<()> {
    // SAFETY: unshare(2) has no memory arguments.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // Nothing that is mounted from here on shows outside.
    mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE)?;
    let place = tempfile::TempDir::new()?;
    let new = place.path();
    mount(Some("tmpfs"), text(new)?, Some("tmpfs"), 0)?;
    for device in DEVICES {
        let old = format!("/dev/{device}");
        if Path::new(&old).exists() {
            let target = new.join(device);
            fs::write(&target, "")?;
            mount(Some(&old), text(&target)?, None, libc::MS_BIND)?;
        }
    }
    mount(Some(text(new)?), "/dev", None, libc::MS_BIND | libc::MS_REC)?;
    // The same file system stays mounted on /dev.
    unmount(text(new)?)
}

fn text(path: &Path) -> io::Result<&str> {
    path.to_str()
        .ok_or_else(|| io::Error::other("a path that is not UTF-8"))
}

fn mount(source: Option<&str>, target: &str, kind: Option<&str>, flags: c_ulong) -> io::Result<()> {
    let source = source.map(CString::new).transpose()?;
    let target = CString::new(target)?;
    let kind = kind.map(CString::new).transpose()?;
    let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
    // SAFETY: mount(2): the strings are NUL-terminated or NULL and live until it returns.
    let result = unsafe {
        libc::mount(
            pointer(&source),
            target.as_ptr(),
            pointer(&kind),
            flags,
            ptr::null(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn unmount(target: &str) -> io::Result<()> {
    let target = CString::new(target)?;
    // SAFETY: umount2(2): the string is NUL-terminated and lives until it returns.
    let result = unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
