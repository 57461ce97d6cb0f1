//! Logins that need no directory, in a process of their own: each leaves one line in the log.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::common::pam::{Client, PAM_USER_UNKNOWN, Stack};
use crate::common::slapd::free_port;

/// Tells the child what to do.
const TASK: &str = "SESSION_LOGINS";
/// The stack.
pub const SERVICE: &str = "sshd";

/// A stack with this module and `[log]`.
pub fn stack(directory: &Path, log: &str) -> Stack {
    let config = directory.join("config.toml");
    let text = format!(
        "[server]\nuris = [\"ldap://127.0.0.1:{}\"]\nretry_after = \"0s\"\n\
         [user]\nsearch = [{{ base = \"o=x\" }}]\n[flags]\nis_active = \"cn=x\"\n\
         [fallback]\nunknown_user = \"deny\"\n[log]\n{log}\n",
        free_port()
    );
    std::fs::write(&config, text).expect("write");
    let stack = Stack::new();
    // The one that is installed on the private host: nobody may read a checkout in root's home.
    let line = format!("auth required pam_rsldap.so config={}\n", config.display());
    std::fs::write(stack.path().join(SERVICE), line).expect("a service file");
    stack
}

/// One login, of a user that no directory is asked about: the name begins with `-`.
pub fn login(stack: &Path, name: &str) {
    let mut client = Client::start_at(stack, SERVICE, format!("-{name}"));
    assert_eq!(client.authenticate(0), PAM_USER_UNKNOWN);
}

/// Logins of one process.
#[derive(Clone, Copy, Debug)]
pub struct Logins<'a> {
    pub stack: &'a Path,
    /// The users are `-NAME-0`, `-NAME-1`, …
    pub name: &'a str,
    pub count: usize,
    pub uid: u32,
    /// RLIMIT_FSIZE
    pub file_size: u64,
}

impl Logins<'_> {
    /// Starts it.
    pub fn start(&self) -> Child {
        let mut task = OsString::from(format!(
            "{} {} {} {} ",
            self.name, self.count, self.uid, self.file_size
        ));
        task.push(self.stack);
        Command::new(std::env::current_exe().expect("the path of this program"))
            .args(["--exact", "logins::logins_of_its_own"])
            .args(["--ignored", "--nocapture"])
            .env(TASK, task)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a child")
    }

    /// Runs it to its end.
    pub fn run(&self) {
        finish(self.start());
    }
}

/// Waits for a process that has to end well.
pub fn finish(child: Child) {
    let output = child.wait_with_output().expect("wait");
    assert!(output.status.success(), "{output:?}");
}

/// The child's part.
#[test]
#[ignore = "the other tests start it, in a process of its own"]
fn logins_of_its_own() {
    let task = std::env::var(TASK).expect("only the tests of this suite start this one");
    let task: Vec<&str> = task.splitn(5, ' ').collect();
    let [name, count, uid, file_size, stack] = task[..] else {
        panic!("{task:?}");
    };
    let file_size = file_size.parse().unwrap();
    let limit = libc::rlimit {
        rlim_cur: file_size,
        rlim_max: file_size,
    };
    // SAFETY: setrlimit(2) reads the structure; setuid(2) takes a number.
    let done = unsafe {
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) == 0
            && libc::setuid(uid.parse().unwrap()) == 0
    };
    assert!(done, "{}", std::io::Error::last_os_error());
    for number in 0..count.parse().unwrap() {
        login(Path::new(stack), &format!("{name}-{number}"));
    }
}
