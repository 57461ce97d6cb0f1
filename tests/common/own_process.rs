//! Work in a process of its own: this test binary, started again for one of its ignored tests.

use std::fmt::Display;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Tells the child where its task lies.
const TASK: &str = "PAM_RSLDAP_TESTS_TASK";

/// The command that runs this test alone, with its task in this directory; as the last arguments of
/// another program, if there is one.
pub fn command(wrapper: &[&str], test: &str, directory: &Path) -> Command {
    let own = std::env::current_exe().expect("the path of this program");
    let own = own.to_str().expect("a UTF-8 path");
    let words: Vec<&str> = wrapper.iter().copied().chain([own]).collect();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(TASK, directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// Waits for the end of a process, at most so long.
pub fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + patience;
    loop {
        let status = child.try_wait().expect("wait");
        if status.is_some() || Instant::now() > end {
            return status;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// A process with a task, which ends with a report. It is killed on drop.
pub struct OwnProcess {
    child: Child,
    directory: TempDir,
}

impl OwnProcess {
    /// Starts it. [`command`] says what the first two are; no line of the task holds a line feed.
    pub fn start(wrapper: &[&str], test: &str, task: &[String]) -> OwnProcess {
        let directory = TempDir::new().expect("a temporary directory");
        let text: String = task.iter().map(|line| format!("{line}\n")).collect();
        fs::write(directory.path().join("task"), text).expect("write");
        let mut command = command(wrapper, test, directory.path());
        let child = command.spawn().expect("a child");
        OwnProcess { child, directory }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: libc::c_int) {
        let pid = self.child.id().try_into().expect("a process id");
        // SAFETY: kill(2) of a child that is not yet waited for, so the number is still its own.
        let code = unsafe { libc::kill(pid, signal) };
        assert_eq!(code, 0, "kill({pid}, {signal})");
    }

    /// Waits for its end, whatever that is; and what is there of a report.
    pub fn end(mut self, patience: Duration) -> (ExitStatus, String) {
        let status = wait(&mut self.child, patience)
            .unwrap_or_else(|| panic!("the process still ran after {patience:?}"));
        let report = fs::read_to_string(self.directory.path().join("report"));
        (status, report.unwrap_or_default())
    }

    /// Waits for its end, which has to be a good one: the report.
    pub fn finish(self, patience: Duration) -> String {
        let (status, report) = self.end(patience);
        assert!(status.success(), "the process ended with {status}");
        report
    }
}

impl Drop for OwnProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The directory that [`command`] got, in the child.
pub fn directory() -> PathBuf {
    let directory = std::env::var_os(TASK);
    directory
        .expect("only the tests of this suite start this one")
        .into()
}

/// What an [`OwnProcess`] was started for, in the child.
pub struct Errand {
    task: String,
    report: fs::File,
}

impl Errand {
    /// To be taken first: another user could not open the files.
    pub fn take() -> Errand {
        let directory = directory();
        Errand {
            task: fs::read_to_string(directory.join("task")).unwrap(),
            report: fs::File::create(directory.join("report")).unwrap(),
        }
    }

    /// The lines of the task.
    pub fn lines<const N: usize>(&self) -> [&str; N] {
        let lines: Vec<&str> = self.task.lines().collect();
        lines.try_into().expect("as many lines as were written")
    }

    pub fn report(&self, report: impl Display) {
        write!(&self.report, "{report}").unwrap();
    }
}

/// Goes on as this user and group, without further groups; as it is, if that is root.
pub fn become_user(uid: u32) {
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
