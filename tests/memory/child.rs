//! One login in a process of its own: this test binary, started again.

use std::ffi::c_int;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::pam::Client;
use crate::fixture::Site;

/// Tells the child where its task lies.
const TASK: &str = "MEMORY_TASK";
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
pub struct Process {
    pub child: Child,
    directory: TempDir,
}

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
        let directory = TempDir::new().expect("a temporary directory");
        let Task {
            service,
            user,
            password,
            uid,
        } = self;
        let services = site.services().display();
        let text = format!("{services}\n{service}\n{user}\n{password}\n{uid}\n");
        fs::write(directory.path().join("task"), text).expect("write");
        let own = std::env::current_exe().expect("the path of this program");
        let own = own.to_str().expect("a UTF-8 path");
        let mut words: Vec<&str> = wrapper.to_vec();
        words.extend([own, "--exact", "child::a_login_of_its_own"]);
        words.extend(["--ignored", "--nocapture"]);
        let child = Command::new(words[0])
            .args(&words[1..])
            .env(TASK, directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("a child");
        Process { child, directory }
    }

    /// Starts it and waits for its end.
    pub fn run(&self, site: &Site<'_>) -> c_int {
        self.start(site).finish()
    }
}

impl Process {
    /// Waits for its end: the code that the application got.
    pub fn finish(mut self) -> c_int {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                break status;
            }
            assert!(Instant::now() < end, "a login still ran after {PATIENCE:?}");
            thread::sleep(Duration::from_millis(1));
        };
        assert_eq!(status.signal(), None, "the process was killed");
        let report = fs::read_to_string(self.directory.path().join("report"));
        report.expect("a report").parse().expect("a number")
    }
}

impl Process {
    /// Waits for its end, which may be too early for a code.
    pub fn finish_or_die(mut self) {
        self.child.wait().expect("wait");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child's part.
#[test]
#[ignore = "the other tests start it, in a process of its own"]
fn a_login_of_its_own() {
    let directory = std::env::var_os(TASK).expect("only the tests of this suite start this one");
    let directory = Path::new(&directory);
    let task = fs::read_to_string(directory.join("task")).unwrap();
    let task: Vec<&str> = task.lines().collect();
    let [services, service, user, password, uid] = task[..] else {
        panic!("{task:?}");
    };
    use std::io::Write as _;
    let mut report = fs::File::create(directory.join("report")).unwrap();
    become_user(uid.parse().unwrap());
    let mut client = Client::start_at(Path::new(services), service, user);
    client.answer(password);
    let code = match password {
        "" => client.acct_mgmt(0),
        _ => client.authenticate(0),
    };
    write!(report, "{code}").unwrap();
}

fn become_user(uid: u32) {
    if uid != 0 {
        // SAFETY: setgroups(2) with no groups, setgid(2) and setuid(2) have no memory arguments.
        let done = unsafe {
            libc::setgroups(0, std::ptr::null()) == 0
                && libc::setgid(uid) == 0
                && libc::setuid(uid) == 0
        };
        assert!(done, "{}", std::io::Error::last_os_error());
    }
}
