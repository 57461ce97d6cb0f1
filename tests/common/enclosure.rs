//! A server that cannot be told its ports or its directories, shut in: a process tree with its own
//! network, mounts, host name and process ids (namespaces(7)).
//!
//! The network has the loopback device and nothing else, so the server's default ports are out of
//! reach for all but the threads that [`Enclosure::enter`]. What its script mounts, usually a tmpfs
//! over each directory that the server writes to, is visible to that tree alone. When the test binary
//! ends, however it ends, the kernel kills the tree: its first process dies with ours, and all others
//! with the first. With them go the mounts and the network.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use tempfile::TempDir;

use crate::common::need;
use crate::common::slapd::spawn;

/// The line with which a script says that the namespaces are there.
const INSIDE: &str = "inside the enclosure";
/// How long a server may take to be there, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(300);
/// What every script begins with. The test's PATH may lead to another Python than the one that has
/// the server's modules.
const PROLOGUE: &str = "set -eu\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C\n\
                        ip link set lo up\necho inside the enclosure\n";
/// What every script ends with: the shell has to stay the first process. The kernel forgets that a process
/// shall die with its parent when that process changes its user, as servers do.
const EPILOGUE: &str = "\necho the server ended\nexit 1\n";

/// A running tree. Dropping it kills all of it.
pub struct Enclosure {
    directory: TempDir,
    child: Mutex<Child>,
}

impl Enclosure {
    /// Runs `script` (sh) in the directory, in namespaces of its own, and waits until it accepts
    /// connections on all of these ports of 127.0.0.1. The script ends with the server, in the
    /// foreground.
    ///
    /// Panics where the process is not root.
    ///
    /// # Errors
    /// The script ended, or took too long: what it said.
    pub fn start(script: &str, directory: TempDir, ports: &[u16]) -> Result<Enclosure, String> {
        // SAFETY: geteuid(2) has no conditions.
        let root = unsafe { libc::geteuid() } == 0;
        assert!(
            root,
            "root is needed, for private namespaces: run it with sudo"
        );
        need("ip", "iproute2");
        let log = File::create(directory.path().join("log")).expect("a log");
        let mut command = Command::new(need("unshare", "util-linux"));
        command
            .args(["--net", "--mount", "--uts", "--pid", "--mount-proc"])
            .args(["--fork", "--kill-child"])
            .args(["sh", "-c", &format!("{PROLOGUE}{script}{EPILOGUE}")])
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log);
        let child = spawn(command).expect("unshare starts");
        let enclosure = Enclosure {
            directory,
            child: Mutex::new(child),
        };
        enclosure.wait(|enclosure| enclosure.log().contains(INSIDE))?;
        enclosure.wait(|enclosure| enclosure.listens(ports))?;
        Ok(enclosure)
    }

    /// The directory in which the script runs.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What the script and the server have said so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Puts the calling thread, and the children that it will have, into the enclosure's network. Its
    /// view of files and processes stays.
    pub fn enter(&self) {
        self.try_enter()
            .unwrap_or_else(|error| panic!("no network: {error}\n{}", self.log()));
    }

    fn try_enter(&self) -> io::Result<()> {
        let network = File::open(format!("/proc/{}/ns/net", self.pid()))?;
        // SAFETY: setns(2) of the network concerns the calling thread alone.
        match unsafe { libc::setns(network.as_raw_fd(), libc::CLONE_NEWNET) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn listens(&self, ports: &[u16]) -> bool {
        let connects = |port: &u16| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        };
        // The thread that asks stays in the network, so it is one of its own.
        thread::scope(|scope| {
            let inside = scope.spawn(|| self.try_enter().is_ok() && ports.iter().all(connects));
            inside.join().expect("no panic")
        })
    }

    fn wait(&self, mut done: impl FnMut(&Enclosure) -> bool) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            if lock(&self.child).try_wait().expect("wait").is_some() {
                return Err(format!("the server ended:\n{}", self.log()));
            }
            if Instant::now() > end {
                return Err(format!("no server in time:\n{}", self.log()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Leaves the tree running until the test binary exits, then kills it and removes its files.
    pub fn until_exit(self) -> &'static Enclosure {
        static AT_EXIT: Once = Once::new();
        let enclosure: &'static Enclosure = Box::leak(Box::new(self));
        lock(&KEPT).push(enclosure);
        // SAFETY: atexit(3) with a function that does not unwind.
        AT_EXIT.call_once(|| assert_eq!(unsafe { libc::atexit(end_kept) }, 0, "atexit"));
        enclosure
    }

    fn pid(&self) -> u32 {
        lock(&self.child).id()
    }

    /// Kills the first process, and with it all others. unshare(1), its parent, then ends too.
    fn end(&self) {
        let pid = self.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let first = children.unwrap_or_default();
        let mut child = lock(&self.child);
        match first.trim().parse() {
            Ok(first) => {
                // SAFETY: kill(2) of the only child of our child, which waits for nothing else.
                unsafe { libc::kill(first, libc::SIGKILL) };
            }
            // It has not begun, or the kernel was built without this file: the first process dies with
            // unshare(1) in any case.
            Err(_) => child.kill().expect("kill"),
        }
        child.wait().expect("wait");
    }
}

impl Drop for Enclosure {
    fn drop(&mut self) {
        self.end();
    }
}

static KEPT: Mutex<Vec<&'static Enclosure>> = Mutex::new(Vec::new());

/// A test that failed while it held the lock does not make the others fail.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn end_kept() {
    for enclosure in lock(&KEPT).drain(..) {
        enclosure.end();
        let _ = fs::remove_dir_all(enclosure.path());
    }
}
