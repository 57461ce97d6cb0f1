//! A private view of this machine, for tests that need a real sshd, sudo or pam_unix.
//!
//! One thread gets a mount namespace of its own (mount_namespaces(7)) in which `/etc`, the directory
//! of PAM modules, `/run`, `/home`, `/dev` and what daemons write below `/var` are copies or
//! empty. There the module is installed, users are added and stacks replaced; the machine itself
//! sees nothing of it. Children of the thread inherit the view. When the thread and they are gone,
//! so is the namespace with all that was mounted in it.

// Each program uses its own part of this.
#![allow(dead_code)]

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::net::Shutdown;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{ffi::CString, io, panic, ptr};

use tempfile::TempDir;

/// The local password of [`PrivateHost::add_user`] with `Local::Password`.
pub const LOCAL_PASSWORD: &str = "local-secret";
/// crypt(5) of it, SHA-512 with few rounds.
const LOCAL_HASH: &str = "$6$rounds=1000$rsldapdemo$HR26tWde6LZE2v70DsS7B87qcYPceWAfDaIWUpRgdirp5pYvxh3bnUM40tUbEPNGRjc/CahxXfd6MqwAt9ane/";

/// What a user has in `/etc/shadow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// [`LOCAL_PASSWORD`].
    Password,
    /// `!`, as plain useradd(8) leaves it.
    NoPassword,
}

/// The private view. It exists inside [`PrivateHost::run`] only.
pub struct PrivateHost {
    log: SystemLog,
}

impl PrivateHost {
    /// Calls `body` on a thread that has a private view of the machine, with `module` installed as
    /// `pam_rsldap.so`. Processes that `body` leaves behind are killed.
    ///
    /// Panics where the process is not root.
    pub fn run<T: Send>(module: &Path, body: impl FnOnce(&PrivateHost) -> T + Send) -> T {
        // SAFETY: geteuid(2) has no conditions.
        let root = unsafe { libc::geteuid() } == 0;
        assert!(
            root,
            "root is needed, for a private mount namespace and for pam_unix: run it with sudo"
        );
        let outcome = thread::scope(|scope| {
            let inside = scope.spawn(|| {
                enter(module);
                let host = PrivateHost {
                    log: SystemLog::open(),
                };
                let namespace = namespace("thread-self");
                let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| body(&host)));
                kill_all_in(namespace);
                outcome
            });
            inside.join()
        });
        match outcome.and_then(|outcome| outcome) {
            Ok(value) => value,
            Err(payload) => panic::resume_unwind(payload),
        }
    }

    /// Adds an account with a group of its own and a home directory.
    pub fn add_user(&self, name: &str, uid: u32, local: Local) {
        let hash = match local {
            Local::Password => LOCAL_HASH,
            Local::NoPassword => "!",
        };
        replace_line(
            "/etc/passwd",
            name,
            &format!("x:{uid}:{uid}::/home/{name}:/bin/sh"),
        );
        replace_line("/etc/shadow", name, &format!("{hash}:19000:0:99999:7:::"));
        replace_line("/etc/group", name, &format!("x:{uid}:"));
        let home = PathBuf::from("/home").join(name);
        fs::create_dir(&home).expect("a home directory");
        chown(&home, Some(uid), Some(uid)).expect("chown");
    }

    /// Writes a file of the private `/etc`, as root's, and answers its path.
    pub fn write(&self, path: &str, mode: u32, text: &str) -> PathBuf {
        let path = PathBuf::from(path);
        assert!(
            path.starts_with("/etc"),
            "{} is not private",
            path.display()
        );
        fs::create_dir_all(path.parent().expect("a directory")).expect("mkdir");
        let _ = fs::remove_file(&path);
        let mut file = File::options()
            .create_new(true)
            .write(true)
            .mode(mode)
            .open(&path)
            .expect("a new file");
        file.set_permissions(Permissions::from_mode(mode))
            .expect("chmod");
        file.write_all(text.as_bytes()).expect("write");
        path
    }

    /// What was written to `/dev/log` so far.
    pub fn log(&self) -> Vec<String> {
        self.log
            .lines
            .lock()
            .expect("no panic in the reader")
            .clone()
    }

    /// The first line behind `from` that holds all of `words`; waits for it for two seconds.
    pub fn find_in_log(&self, from: usize, words: &[&str]) -> Option<String> {
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            let lines = self.log();
            let mut new = lines.iter().skip(from);
            if let Some(line) = new.find(|line| words.iter().all(|word| line.contains(word))) {
                return Some(line.clone());
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

/// A listener on the private `/dev/log`, as a syslog daemon would be.
struct SystemLog {
    socket: UnixDatagram,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl SystemLog {
    fn open() -> SystemLog {
        let socket = UnixDatagram::bind("/dev/log").expect("the private /dev is writable");
        fs::set_permissions("/dev/log", Permissions::from_mode(0o666)).expect("chmod");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (from, to) = (
            socket.try_clone().expect("a descriptor"),
            Arc::clone(&lines),
        );
        let reader = thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = from.recv(&mut buffer) {
                let line = String::from_utf8_lossy(&buffer[..length]).into_owned();
                to.lock().expect("no panic elsewhere").push(line);
            }
        });
        SystemLog {
            socket,
            lines,
            reader: Some(reader),
        }
    }
}

impl Drop for SystemLog {
    fn drop(&mut self) {
        // Ends the reader's recv(2) with 0.
        self.socket.shutdown(Shutdown::Both).expect("shutdown");
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Gives the calling thread its namespace and lays the copies over the originals.
fn enter(module: &Path) {
    // SAFETY: unshare(2) of the mount namespace concerns the calling thread alone.
    let code = unsafe { libc::unshare(libc::CLONE_NEWNS) };
    assert_eq!(
        code,
        0,
        "unshare(CLONE_NEWNS): {}",
        io::Error::last_os_error()
    );
    // Nothing that is mounted from here on is passed on to the machine's own namespace.
    mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE, "");

    let stage = TempDir::new().expect("a temporary directory");
    let at = |name: &str| stage.path().join(name);
    mount("private", stage.path(), "tmpfs", 0, "mode=0755");
    let modules = directory_of_modules();
    for (name, original) in [("etc", Path::new("/etc")), ("modules", modules.as_path())] {
        copy(original, &at(name));
    }
    fs::copy(module, at("modules/pam_rsldap.so")).expect("a copy of the module");
    make_devices(&at("dev"));
    for name in ["run/sshd", "run/lock", "home", "lib", "log"] {
        fs::create_dir_all(at(name)).expect("mkdir");
    }
    for (name, target) in [
        ("etc", Path::new("/etc")),
        ("modules", modules.as_path()),
        // Also hides the sockets of nscd, systemd-userdbd and logind.
        ("run", Path::new("/run")),
        ("home", Path::new("/home")),
        // sudo writes below /var/lib, sshd to /var/log.
        ("lib", Path::new("/var/lib")),
        ("log", Path::new("/var/log")),
        ("dev", Path::new("/dev")),
    ] {
        mount(at(name), target, "", libc::MS_BIND | libc::MS_REC, "");
    }
    unmount(stage.path());
    accounts_from_files();
}

/// Users and groups come from the private files alone, nsswitch.conf(5).
fn accounts_from_files() {
    let text = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    let accounts = [
        "passwd",
        "shadow",
        "group",
        "gshadow",
        "initgroups",
        "sudoers",
    ];
    let others = text.lines().filter(|line| {
        let database = line.split(':').next().unwrap_or_default();
        !accounts.contains(&database.trim())
    });
    let mut text: String = others.flat_map(|line| [line, "\n"]).collect();
    text.push_str("passwd: files\nshadow: files\ngroup: files\n");
    fs::write("/etc/nsswitch.conf", text).expect("write");
}

/// Where libpam finds modules that are named without a path.
fn directory_of_modules() -> PathBuf {
    let arch = std::env::consts::ARCH;
    [
        format!("/usr/lib/{arch}-linux-gnu/security"),
        "/usr/lib64/security".to_owned(),
        "/lib64/security".to_owned(),
        "/usr/lib/security".to_owned(),
        "/lib/security".to_owned(),
    ]
    .iter()
    .map(PathBuf::from)
    .find(|directory| directory.join("pam_unix.so").is_file())
    .expect("pam_unix.so is missing: apt-get install libpam-modules")
}

/// A `/dev` with the devices that every program expects, ptys of its own and no `/dev/log` yet.
fn make_devices(dev: &Path) {
    for directory in ["pts", "shm"] {
        fs::create_dir_all(dev.join(directory)).expect("mkdir");
    }
    for device in ["null", "zero", "full", "random", "urandom", "tty"] {
        File::create(dev.join(device)).expect("a place for the device");
        mount(
            Path::new("/dev").join(device),
            dev.join(device),
            "",
            libc::MS_BIND,
            "",
        );
    }
    let options = "newinstance,ptmxmode=0666,mode=0620,gid=5";
    mount("devpts", dev.join("pts"), "devpts", 0, options);
    let links = [
        ("pts/ptmx", "ptmx"),
        ("/proc/self/fd", "fd"),
        ("/proc/self/fd/0", "stdin"),
        ("/proc/self/fd/1", "stdout"),
        ("/proc/self/fd/2", "stderr"),
    ];
    for (target, name) in links {
        std::os::unix::fs::symlink(target, dev.join(name)).expect("a link");
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()
        .expect("cp(1)");
    assert!(
        status.success(),
        "cp -a {} {}",
        from.display(),
        to.display()
    );
}

fn mount(
    source: impl AsRef<Path>,
    target: impl AsRef<Path>,
    kind: &str,
    flags: libc::c_ulong,
    options: &str,
) {
    let (source, target) = (c_path(source.as_ref()), c_path(target.as_ref()));
    let kind = CString::new(kind).expect("no NUL");
    let options = CString::new(options).expect("no NUL");
    let data = if options.is_empty() {
        ptr::null()
    } else {
        options.as_ptr().cast()
    };
    // SAFETY: mount(2) reads NUL-terminated strings, which live until it returns.
    let code = unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, data) };
    assert_eq!(
        code,
        0,
        "mount {source:?} on {target:?}: {}",
        io::Error::last_os_error()
    );
}

/// Takes a mount away from the tree of names; what is bound from it elsewhere stays.
fn unmount(target: &Path) {
    let target = c_path(target);
    // SAFETY: umount2(2) reads a NUL-terminated string.
    let code = unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
    assert_eq!(code, 0, "umount {target:?}: {}", io::Error::last_os_error());
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL in a path")
}

/// Puts `name:rest` into a file of passwd(5)'s kind, instead of what it says about the name.
fn replace_line(path: &str, name: &str, rest: &str) {
    let old = fs::read_to_string(path).expect("an account file");
    let others = old
        .lines()
        .filter(|line| line.split(':').next() != Some(name));
    let mut text: String = others.flat_map(|line| [line, "\n"]).collect();
    text.push_str(&format!("{name}:{rest}\n"));
    fs::write(path, text).expect("the private file is writable");
}

/// The number of a process's mount namespace, or `None` where the process is gone.
fn namespace_of(process: &str) -> Option<u64> {
    let metadata = fs::metadata(format!("/proc/{process}/ns/mnt")).ok()?;
    Some(metadata.ino())
}

fn namespace(process: &str) -> u64 {
    namespace_of(process).expect("/proc is mounted")
}

/// The processes in a mount namespace; a process with threads counts where its first thread is.
pub fn processes_in(namespace: u64) -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted");
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok())
        .filter(|pid: &i32| namespace_of(&pid.to_string()) == Some(namespace))
        .collect()
}

/// Kills what is left in the namespace: nobody but us could start a process there.
fn kill_all_in(namespace: u64) {
    let own = std::process::id();
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let left = processes_in(namespace);
        let others: Vec<_> = left
            .into_iter()
            .filter(|pid| pid.unsigned_abs() != own)
            .collect();
        if others.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "processes {others:?} do not end");
        for pid in others {
            // SAFETY: kill(2) has no conditions; the process is in our namespace.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        thread::sleep(Duration::from_millis(5));
    }
}
