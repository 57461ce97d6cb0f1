//! One login in a process of its own.

use std::ffi::c_int;
use std::path::Path;
use std::time::Duration;

use crate::common::own_process::{Errand, OwnProcess, become_user};
use crate::common::pam::Client;
use crate::fixture::Site;

/// A process that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the child does.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    pub service: &'a str,
    pub user: &'a str,
    /// Empty: the account phase alone.
    pub password: &'a str,
    /// It is done by this user and group.
    pub uid: u32,
}

/// The process.
pub struct Process(OwnProcess);

impl<'a> Task<'a> {
    /// A login of root's through sshd.
    pub fn new(user: &'a str, password: &'a str) -> Task<'a> {
        Task {
            service: "sshd",
            user,
            password,
            uid: 0,
        }
    }

    /// Starts it.
    pub fn start(&self, site: &Site<'_>) -> Process {
        self.start_with(site, &[])
    }

    /// Starts it under another program, which gets the command line as its last arguments.
    pub fn start_with(&self, site: &Site<'_>, wrapper: &[&str]) -> Process {
        let task = [
            site.services().display().to_string(),
            self.service.to_owned(),
            self.user.to_owned(),
            self.password.to_owned(),
            self.uid.to_string(),
        ];
        let test = "child::a_login_of_its_own";
        Process(OwnProcess::start(wrapper, test, &task))
    }

    /// Starts it and waits for its end.
    pub fn run(&self, site: &Site<'_>) -> c_int {
        self.start(site).finish()
    }
}

impl Process {
    /// Waits for its end: the code that the application got.
    pub fn finish(self) -> c_int {
        self.0.finish(PATIENCE).parse().expect("a number")
    }

    /// Waits for its end, which may be too early for a code.
    pub fn finish_or_die(self) {
        self.0.end(PATIENCE);
    }
}

/// The child's part.
#[test]
#[ignore = "the other tests start it, in a process of its own"]
fn a_login_of_its_own() {
    let errand = Errand::take();
    let [services, service, user, password, uid] = errand.lines();
    become_user(uid.parse().unwrap());
    let mut client = Client::start_at(Path::new(services), service, user);
    client.answer(password);
    errand.report(match password {
        "" => client.acct_mgmt(0),
        _ => client.authenticate(0),
    });
}
