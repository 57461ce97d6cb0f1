//! Credentials in a process of their own, this test binary started again: setgroups(2) is for whole
//! processes.

use std::ffi::c_int;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::common::pam::{Client, PAM_ESTABLISH_CRED, PAM_SUCCESS};

/// Tells the child where its task lies.
const TASK: &str = "SESSION_TASK";

/// What a process does, as root unless `uid` says otherwise.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    pub user: &'a str,
    pub service: &'a str,
    /// Authenticates with this password first.
    pub password: Option<&'a str>,
    /// The groups that the process has before.
    pub before: Vec<u32>,
    /// One call of pam_setcred(3) with each of these.
    pub flags: Vec<c_int>,
    pub uid: u32,
}

impl Default for Task<'_> {
    fn default() -> Self {
        Task {
            user: "sue",
            service: "sshd",
            password: None,
            before: vec![0, 29],
            flags: vec![PAM_ESTABLISH_CRED],
            uid: 0,
        }
    }
}

impl Task<'_> {
    /// Runs it in a child, with the stacks of the host. Gives back the groups of the process after it.
    /// Panics unless every call answered PAM_SUCCESS.
    pub fn groups(&self) -> Vec<u32> {
        let directory = TempDir::new().expect("a temporary directory");
        let list = |numbers: Vec<String>| numbers.join(",");
        let text = format!(
            "{}\n{}\n{}\n{}\n{}\n{}\n",
            self.user,
            self.service,
            self.password.unwrap_or_default(),
            list(self.before.iter().map(u32::to_string).collect()),
            list(self.flags.iter().map(c_int::to_string).collect()),
            self.uid,
        );
        fs::write(directory.path().join("task"), text).expect("write");
        let report = fs::File::create(directory.path().join("report")).expect("a report");
        let output = Command::new(std::env::current_exe().expect("the path of this program"))
            .args(["--exact", "child::credentials_of_its_own"])
            .args(["--ignored", "--nocapture"])
            .env(TASK, directory.path())
            .stdin(Stdio::from(report))
            .output()
            .expect("a child");
        assert!(output.status.success(), "{self:?}: {output:?}");
        let report = fs::read_to_string(directory.path().join("report")).expect("a report");
        numbers(report.trim())
    }
}

fn numbers<T: std::str::FromStr>(list: &str) -> Vec<T>
where
    T::Err: std::fmt::Debug,
{
    let numbers = list.split(',').filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// The child's part. Its standard input is the open file for the report.
#[test]
#[ignore = "the other tests start it, in a process of its own"]
fn credentials_of_its_own() {
    let directory = std::env::var_os(TASK).expect("only the tests of this suite start this one");
    let task = fs::read_to_string(Path::new(&directory).join("task")).unwrap();
    let task: Vec<&str> = task.lines().collect();
    let [user, service, password, before, flags, uid] = task[..] else {
        panic!("{task:?}");
    };
    let before: Vec<u32> = numbers(before);
    // SAFETY: setgroups(2) reads as many numbers as there are; setuid(2) takes a number.
    let done = unsafe {
        libc::setgroups(before.len(), before.as_ptr()) == 0
            && libc::setuid(uid.parse().unwrap()) == 0
    };
    assert!(done, "{}", std::io::Error::last_os_error());
    let mut client = Client::start_at(Path::new("/etc/pam.d"), service, user);
    if !password.is_empty() {
        client.answer(password);
        assert_eq!(client.authenticate(0), PAM_SUCCESS);
    }
    for flag in numbers(flags) {
        assert_eq!(client.setcred(flag), PAM_SUCCESS);
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let groups = status.lines().find_map(|line| line.strip_prefix("Groups:"));
    let groups: Vec<&str> = groups.unwrap().split_whitespace().collect();
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    let report = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    fs::File::from(report)
        .write_all(groups.join(",").as_bytes())
        .unwrap();
}
