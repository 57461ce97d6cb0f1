//! One login in a process of its own: this test binary, started again.

use std::fs;
use std::os::fd::IntoRawFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use crate::common::pam::Client;
use crate::fixture::{ALICE, Login, Rig, SERVICE, timed};

/// Tells the child where its task lies.
const TASK: &str = "OUTAGE_TASK";
/// A process that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a child differs from its parent.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// The login begins then; at once without it.
    pub begin: Option<SystemTime>,
    /// It is made by this user and group.
    pub uid: Option<u32>,
    pub umask: Option<u32>,
    /// This process may open so many descriptors besides those that it has.
    pub descriptors: Option<u64>,
}

/// A process that logs alice in.
pub struct Process {
    child: Child,
    directory: TempDir,
}

impl Task {
    /// Starts it.
    pub fn start(&self, rig: &Rig) -> Process {
        let directory = TempDir::new().expect("a temporary directory");
        let since = |time: SystemTime| {
            let time = time.duration_since(SystemTime::UNIX_EPOCH);
            time.expect("after 1970").as_micros() as u64
        };
        let text = format!(
            "{}\n{}\n{}\n{}\n{}",
            rig.services().display(),
            self.begin.map_or(0, since),
            self.uid.unwrap_or(0),
            self.umask.unwrap_or(0o022),
            self.descriptors.unwrap_or(0)
        );
        fs::write(directory.path().join("task"), text).expect("write");
        let child = Command::new(std::env::current_exe().expect("the path of this program"))
            .args([
                "--exact",
                "child::a_login_of_its_own",
                "--ignored",
                "--nocapture",
            ])
            .env(TASK, directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a child");
        Process { child, directory }
    }

    /// Starts it and waits for its end.
    pub fn run(&self, rig: &Rig) -> Login {
        self.start(rig).finish()
    }
}

impl Process {
    /// Sends it a signal.
    pub fn signal(&self, signal: libc::c_int) {
        let pid = self.child.id().try_into().expect("a process id");
        // SAFETY: kill(2) of a child that is not yet waited for, so the number is still its own.
        let code = unsafe { libc::kill(pid, signal) };
        assert_eq!(code, 0, "kill({pid}, {signal})");
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Login {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                break status;
            }
            assert!(Instant::now() < end, "a login still ran after {PATIENCE:?}");
            thread::sleep(Duration::from_millis(1));
        };
        assert_eq!(status.signal(), None, "the process was killed");
        let report = fs::read_to_string(self.directory.path().join("report")).unwrap_or_default();
        let (code, took) = report.split_once(' ').expect("a report");
        Login {
            code: code.parse().expect("a number"),
            took: Duration::from_micros(took.parse().expect("a number")),
        }
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
    let [services, begin, uid, umask, descriptors] = task[..] else {
        panic!("{task:?}");
    };
    let mut report = fs::File::create(directory.join("report")).unwrap();
    // SAFETY: umask(2) has no conditions.
    unsafe { libc::umask(umask.parse().unwrap()) };
    become_user(uid.parse().unwrap());
    limit_descriptors(descriptors.parse().unwrap());
    let begin = SystemTime::UNIX_EPOCH + Duration::from_micros(begin.parse().unwrap());
    if let Ok(wait) = begin.duration_since(SystemTime::now()) {
        thread::sleep(wait);
    }
    let mut client = Client::start_at(Path::new(services), SERVICE, ALICE.0);
    client.answer(ALICE.1);
    let login = timed(|| client.authenticate(0));
    use std::io::Write as _;
    write!(report, "{} {}", login.code, login.took.as_micros()).unwrap();
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

fn limit_descriptors(more: u64) {
    if more == 0 {
        return;
    }
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let numbers = open.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<i32>().ok());
    let highest = numbers.max().unwrap();
    // Fills the gaps.
    let mut last = 0;
    while last <= highest {
        last = fs::File::open("/dev/null").unwrap().into_raw_fd();
    }
    let limit = libc::rlimit {
        rlim_cur: u64::try_from(last).unwrap() + 1 + more,
        rlim_max: 4096,
    };
    // SAFETY: setrlimit(2) reads the structure.
    let code = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(code, 0, "{}", std::io::Error::last_os_error());
}
