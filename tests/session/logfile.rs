//! `log.file`: many writers, rotation, and everything that can be wrong with a file.

mod trouble;

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::pam::Stack;
use crate::logins::{Logins, finish, login, stack};
use crate::private_host::PrivateHost;

/// A directory of root's, a log file in it, and a stack that writes there.
struct Rig {
    directory: TempDir,
    stack: Stack,
}

impl Rig {
    fn new(log: &str) -> Rig {
        let directory = TempDir::new().expect("a temporary directory");
        let file = directory.path().join("log");
        let stack = stack(
            directory.path(),
            &format!("file = \"{}\"\n{log}", file.display()),
        );
        Rig { directory, stack }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    fn backup(&self, number: usize) -> PathBuf {
        self.directory.path().join(format!("log.{number}"))
    }

    fn logins<'a>(&'a self, name: &'a str, count: usize) -> Logins<'a> {
        Logins {
            stack: self.stack.path(),
            name,
            count,
            uid: 0,
            file_size: libc::RLIM_INFINITY,
        }
    }

    /// The files from the newest to the oldest.
    fn files(&self) -> Vec<String> {
        let mut files = vec![fs::read_to_string(self.path()).unwrap_or_default()];
        for number in 1.. {
            match fs::read_to_string(self.backup(number)) {
                Ok(text) => files.push(text),
                Err(_) => break,
            }
        }
        files
    }
}

fn in_private(body: impl FnOnce(&PrivateHost) + Send) {
    PrivateHost::run(&crate::common::module(), body);
}

/// The user of a whole line, without the `-`. Panics where anything is missing or too much.
fn name_of(line: &str) -> String {
    let (stamp, rest) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
    let shape: String = stamp
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{line:?}");
    let (_, rest) = rest
        .split_once("]: pam_rsldap(sshd:auth): user=-")
        .unwrap_or_else(|| panic!("{line:?}"));
    let (name, rest) = rest.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
    assert!(
        rest.starts_with("rhost=- outcome=unknown_user server=- ms="),
        "{line:?}"
    );
    assert!(
        rest.ends_with("reason=\"the name begins with - or +\""),
        "{line:?}"
    );
    name.to_owned()
}

/// How often each user is in the files.
fn counted(files: &[String]) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for file in files {
        assert!(file.is_empty() || file.ends_with('\n'));
        for line in file.lines() {
            *seen.entry(name_of(line)).or_default() += 1;
        }
    }
    seen
}

#[test]
fn a_line_is_that_of_syslog_with_a_time_stamp_in_a_file_of_roots() {
    in_private(|host| {
        let rig = Rig::new("");
        login(rig.stack.path(), "one");
        login(rig.stack.path(), "two");
        let text = fs::read_to_string(rig.path()).unwrap();
        assert_eq!(text.lines().count(), 2);
        for line in text.lines() {
            let (_, unstamped) = line.split_once(' ').unwrap();
            let found = host.find_in_log(0, &[unstamped]);
            assert!(found.is_some(), "{line}");
        }
        assert_eq!(name_of(text.lines().next().unwrap()), "one");
        let found = fs::metadata(rig.path()).unwrap();
        assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, 0));
    });
}

#[test]
fn processes_that_write_and_rotate_at_once_lose_and_tear_no_line() {
    const PROCESSES: usize = 32;
    const LOGINS: usize = 100;
    const MAX_BYTES: usize = 8000;
    in_private(|_| {
        let rig = Rig::new(&format!("max_bytes = {MAX_BYTES}\nbackups = 1000"));
        let names: Vec<String> = (0..PROCESSES).map(|number| format!("p{number}")).collect();
        let children: Vec<_> = names
            .iter()
            .map(|name| rig.logins(name, LOGINS).start())
            .collect();
        children.into_iter().for_each(finish);
        let files = rig.files();
        let seen = counted(&files);
        assert_eq!(seen.len(), PROCESSES * LOGINS);
        assert!(seen.values().all(|count| *count == 1));
        let rotated = files.len() - 1;
        assert!(rotated > 20, "only {rotated} rotations");
        // Who does not get the lock writes all the same, and may do so beyond the size.
        let longest = files.iter().map(String::len).max().unwrap();
        println!("{rotated} rotations, the longest file has {longest} bytes");
        assert!(longest < 16 * MAX_BYTES);
    });
}

#[test]
fn the_file_is_rotated_at_its_size_and_the_oldest_is_dropped() {
    in_private(|_| {
        let rig = Rig::new("max_bytes = 1000\nbackups = 2");
        for number in 0..40 {
            login(rig.stack.path(), &number.to_string());
        }
        let files = rig.files();
        assert_eq!(files.len(), 3);
        assert!(
            files
                .iter()
                .all(|file| file.len() <= 1000 && file.len() > 100)
        );
        // The newest lines are there, in their order.
        let lines = files.iter().rev().flat_map(|file| file.lines());
        let numbers: Vec<usize> = lines.map(|line| name_of(line).parse().unwrap()).collect();
        let expected: Vec<usize> = (40 - numbers.len()..40).collect();
        assert_eq!(numbers, expected);
        for number in 1..=2 {
            let found = fs::metadata(rig.backup(number)).unwrap();
            assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, 0));
        }
    });
}

#[test]
fn without_backups_the_file_begins_anew_and_a_line_longer_than_a_file_is_whole() {
    in_private(|_| {
        let rig = Rig::new("max_bytes = 1\nbackups = 0");
        for number in 0..3 {
            login(rig.stack.path(), &number.to_string());
        }
        assert_eq!(counted(&rig.files()).into_keys().collect::<Vec<_>>(), ["2"]);
        assert_eq!(rig.files().len(), 1);
    });
}

/// One thing that lies where the log file should be.
type Obstacle = (&'static str, fn(&Path));

const OBSTACLES: [Obstacle; 8] = [
    ("a symbolic link", |path| symlink("target", path).unwrap()),
    ("a link to nowhere", |path| symlink("new", path).unwrap()),
    ("a second name", |path| {
        fs::hard_link(path.with_file_name("target"), path).unwrap();
    }),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a FIFO", |path| {
        let path = CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: mkfifo(3) reads a string that ends with NUL.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    }),
    ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
    ("somebody's file", |path| {
        fs::write(path, "").unwrap();
        chown(path, Some(61001), None).unwrap();
    }),
    ("a file that a group may write", |path| {
        fs::write(path, "").unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o620)).unwrap();
    }),
];

#[test]
fn what_is_no_file_of_roots_is_not_written_to_and_no_login_fails() {
    in_private(|host| {
        for (what, lay) in OBSTACLES {
            let rig = Rig::new("level = \"debug\"");
            let target = rig.directory.path().join("target");
            fs::write(&target, "").unwrap();
            lay(&rig.path());
            let from = host.log().len();
            login(rig.stack.path(), "x");
            let place = format!("log.file {}: ", rig.path().display());
            let words = ["pam_rsldap(sshd:auth): ", &place];
            let line = host.find_in_log(from, &words);
            // authpriv.debug
            assert!(line.is_some_and(|line| line.starts_with("<87>")), "{what}");
            assert_eq!(fs::read(&target).unwrap(), b"", "{what}");
            assert!(!rig.directory.path().join("new").exists(), "{what}");
            if let Ok(found) = fs::metadata(rig.path()) {
                assert!(!found.is_file() || found.len() == 0, "{what}");
            }
            let lines = host.log();
            let complaints = lines[from..].iter().filter(|line| line.contains(&place));
            assert_eq!(complaints.count(), 1, "{what}");
        }
        // Without debug there is no complaint.
        let rig = Rig::new("");
        fs::create_dir(rig.path()).unwrap();
        let from = host.log().len();
        login(rig.stack.path(), "x");
        assert!(host.find_in_log(from, &["user=-x "]).is_some());
        assert_eq!(host.log().len(), from + 1);
    });
}

#[test]
fn in_a_directory_of_others_or_none_at_all_nothing_is_written() {
    in_private(|_| {
        for (owner, mode) in [(61001, 0o755), (0, 0o777), (0, 0o1777)] {
            let rig = Rig::new("");
            let directory = rig.directory.path();
            fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
            chown(directory, Some(owner), None).unwrap();
            login(rig.stack.path(), "x");
            assert!(!rig.path().exists(), "{owner} {mode:o}");
        }
        let directory = TempDir::new().unwrap();
        let stack = stack(directory.path(), "file = \"/nowhere/at/all/log\"");
        login(stack.path(), "x");
    });
}

#[test]
fn a_backup_that_cannot_be_replaced_costs_no_line() {
    in_private(|_| {
        let rig = Rig::new("max_bytes = 1000\nbackups = 1");
        fs::create_dir(rig.backup(1)).unwrap();
        fs::write(rig.backup(1).join("x"), "").unwrap();
        for number in 0..30 {
            login(rig.stack.path(), &number.to_string());
        }
        let text = fs::read_to_string(rig.path()).unwrap();
        assert_eq!(counted(&[text]).len(), 30);
    });
}

#[test]
fn a_process_that_is_not_roots_logs_to_syslog_alone() {
    in_private(|host| {
        let rig = Rig::new("level = \"debug\"");
        for path in [rig.directory.path(), rig.stack.path()] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        for made in [false, true] {
            if made {
                login(rig.stack.path(), "roots");
            }
            let from = host.log().len();
            Logins {
                uid: 61001,
                ..rig.logins("user", 1)
            }
            .run();
            assert!(host.find_in_log(from, &["user=-user-0 "]).is_some());
            assert!(host.find_in_log(from, &["log.file", "log: "]).is_some());
            assert_eq!(rig.path().exists(), made);
        }
        assert_eq!(
            counted(&rig.files()).into_keys().collect::<Vec<_>>(),
            ["roots"]
        );
    });
}

#[test]
fn the_level_counts_for_the_file_too() {
    in_private(|_| {
        let rig = Rig::new("level = \"warning\"");
        login(rig.stack.path(), "x");
        assert!(!rig.path().exists());
    });
}
