//! One login in a process of its own.

use std::fs;
use std::os::fd::IntoRawFd as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::common::own_process::{Errand, OwnProcess, become_user};
use crate::common::pam::Client;
use crate::fixture::{ALICE, Login, Rig, SERVICE, timed};

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
pub struct Process(OwnProcess);

impl Task {
    /// Starts it.
    pub fn start(&self, rig: &Rig) -> Process {
        let since = |time: SystemTime| {
            let time = time.duration_since(SystemTime::UNIX_EPOCH);
            time.expect("after 1970").as_micros() as u64
        };
        let task = [
            rig.services().display().to_string(),
            self.begin.map_or(0, since).to_string(),
            self.uid.unwrap_or(0).to_string(),
            self.umask.unwrap_or(0o022).to_string(),
            self.descriptors.unwrap_or(0).to_string(),
        ];
        Process(OwnProcess::start(&[], "child::a_login_of_its_own", &task))
    }

    /// Starts it and waits for its end.
    pub fn run(&self, rig: &Rig) -> Login {
        self.start(rig).finish()
    }
}

impl Process {
    /// Sends it a signal.
    pub fn signal(&self, signal: libc::c_int) {
        self.0.signal(signal);
    }

    /// Waits for its end.
    pub fn finish(self) -> Login {
        let report = self.0.finish(PATIENCE);
        let (code, took) = report.split_once(' ').expect("a report");
        Login {
            code: code.parse().expect("a number"),
            took: Duration::from_micros(took.parse().expect("a number")),
        }
    }
}

/// The child's part.
#[test]
#[ignore = "the other tests start it, in a process of its own"]
fn a_login_of_its_own() {
    let errand = Errand::take();
    let [services, begin, uid, umask, descriptors] = errand.lines();
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
    errand.report(format_args!("{} {}", login.code, login.took.as_micros()));
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
