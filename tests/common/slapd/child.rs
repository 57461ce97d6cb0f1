//! Children that do not outlive the test binary.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{Mutex, OnceLock, mpsc};
use std::{io, thread};

use super::lock;

type Started = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts a child that dies with this process, however it ends.
///
/// The parent of PR_SET_PDEATHSIG(2const) is a thread, and each test has its own, so all children
/// are started by one thread that lives as long as the process.
pub fn spawn(command: Command) -> io::Result<Child> {
    static STARTER: OnceLock<Mutex<mpsc::Sender<Started>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, commands) = mpsc::channel::<Started>();
        thread::spawn(move || {
            for (mut command, answer) in commands {
                // SAFETY: prctl(2) is a plain system call, allowed between fork and exec.
                unsafe {
                    command.pre_exec(
                        || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                            0 => Ok(()),
                            _ => Err(io::Error::last_os_error()),
                        },
                    );
                }
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (sender, answer) = mpsc::channel();
    lock(starter)
        .send((command, sender))
        .expect("the starting thread lives");
    answer.recv().expect("the starting thread answers")
}
