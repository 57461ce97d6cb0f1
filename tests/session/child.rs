//! Credentials in a process of their own: setgroups(2) is for whole processes.

use std::ffi::c_int;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::common::own_process::{Errand, OwnProcess};
use crate::common::pam::{Client, PAM_ESTABLISH_CRED, PAM_SUCCESS};

/// A process that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

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
        let task = [
            self.user.to_owned(),
            self.service.to_owned(),
            self.password.unwrap_or_default().to_owned(),
            list(&self.before),
            list(&self.flags),
            self.uid.to_string(),
        ];
        let process = OwnProcess::start(&[], "child::credentials_of_its_own", &task);
        numbers(&process.finish(PATIENCE))
    }
}

fn list(numbers: &[impl ToString]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(",")
}

fn numbers<T: std::str::FromStr>(list: &str) -> Vec<T>
where
    T::Err: std::fmt::Debug,
{
    let numbers = list.split(',').filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// The child's part.
#[test]
#[ignore = "the other tests start it, in a process of its own"]
fn credentials_of_its_own() {
    let errand = Errand::take();
    let [user, service, password, before, flags, uid] = errand.lines();
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
    errand.report(groups.join(","));
}
