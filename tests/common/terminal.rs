//! A program on a terminal of its own, for what reads passwords from /dev/tty: ssh(1), passwd(1).

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use std::{io, ptr};

/// How long a program may take for what is expected of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that runs on a terminal. Dropping it ends the program.
pub struct Terminal {
    master: File,
    child: Child,
    written: Arc<Mutex<Vec<u8>>>,
    /// How much of it has been expected.
    read: usize,
}

impl Terminal {
    /// Starts the program with the terminal as its controlling one.
    pub fn start(mut command: Command) -> Terminal {
        let (master, slave) = open();
        let end = || Stdio::from(slave.try_clone().expect("a descriptor"));
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: setsid(2), ioctl(2) and prctl(2) are async-signal-safe; descriptor 0 is the terminal.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().expect("the program starts");
        drop(command);
        drop(slave);
        let written = Arc::new(Mutex::new(Vec::new()));
        let (mut from, to) = (
            master.try_clone().expect("a descriptor"),
            Arc::clone(&written),
        );
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Ends with EIO when the last program on the terminal is gone.
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                to.lock().expect("no panic").extend(&buffer[..length]);
            }
        });
        Terminal {
            master,
            child,
            written,
            read: 0,
        }
    }

    /// Waits until the program has written `text` behind what was expected before.
    pub fn expect(&mut self, text: &str) -> &mut Terminal {
        let end = Instant::now() + PATIENCE;
        loop {
            let all = self.text();
            if let Some(at) = all.get(self.read..).and_then(|new| new.find(text)) {
                self.read += at + text.len();
                return self;
            }
            assert!(Instant::now() < end, "no {text:?} in:\n{all}");
            let ended = self.child.try_wait().expect("wait").is_some();
            assert!(
                !ended || self.text() != all || self.settled(),
                "the program ended without {text:?}:\n{all}"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types a line.
    pub fn line(&mut self, text: &str) -> &mut Terminal {
        // A program that reads a password throws away what was typed before it had switched off the echo.
        thread::sleep(Duration::from_millis(100));
        self.master
            .write_all(format!("{text}\n").as_bytes())
            .expect("the terminal takes a line");
        self
    }

    /// Waits for the end of the program.
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                thread::sleep(Duration::from_millis(50));
                return status;
            }
            assert!(Instant::now() < end, "does not end:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// All that it has written, without the carriage returns.
    pub fn text(&self) -> String {
        let written = self.written.lock().expect("no panic");
        String::from_utf8_lossy(&written).replace('\r', "")
    }

    /// Gives the reader time for the last words of a program that has ended. False at the second time.
    fn settled(&self) -> bool {
        let before = self.text();
        thread::sleep(Duration::from_millis(300));
        self.text() != before
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both ends of a new terminal, openpty(3).
fn open() -> (File, OwnedFd) {
    let (mut master, mut slave) = (-1, -1);
    // SAFETY: openpty(3) writes two descriptors to places that are ours; the rest may be null.
    let code = unsafe {
        libc::openpty(
            &raw mut master,
            &raw mut slave,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    assert_eq!(code, 0, "openpty: {}", io::Error::last_os_error());
    // SAFETY: the descriptors are open and nobody else's.
    let (master, slave) = unsafe { (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
    // SAFETY: fcntl(2) on an open descriptor. The program must not inherit the master.
    let code = unsafe { libc::fcntl(master.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    assert_eq!(code, 0, "fcntl: {}", io::Error::last_os_error());
    (master, slave)
}
