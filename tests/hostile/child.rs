//! One login in a process of its own. So a crash is seen as a crash, memory is measured from a fresh
//! start, and what the module prints is caught.

use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::common::own_process;
use super::common::pam::{Client, Stack};
use super::devlog::DevLog;
use super::server::{
    ACTIVE_DN, GROUPS_DN, SERVICE_DN, SERVICE_PASSWORD, USER, USER_PASSWORD, USERS_DN,
};

/// A process that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// The phase that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Auth,
    Account,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Phase::Auth => "auth",
            Phase::Account => "account",
        }
    }
}

/// What the child saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The return code that the application got.
    pub code: i32,
    /// How long the call took, in milliseconds.
    pub ms: u64,
    /// Growth of peak resident memory, in KiB.
    pub kib: i64,
    /// Descriptors and threads that are left.
    pub descriptors: i64,
    pub threads: i64,
    /// What came out on stdout and stderr while the module was loaded.
    pub output: String,
    /// The log.
    pub log: Vec<String>,
}

/// Runs one phase against a server on `port`, in a child process.
///
/// # Errors
/// The child did not live to the end, or printed something.
pub fn login(port: u16, phase: Phase, stack_size: Option<usize>) -> Result<Report, String> {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path();
    write_secret(&path.join("bind-password"), SERVICE_PASSWORD);
    write_secret(
        &path.join("config.toml"),
        &config(port, &path.join("bind-password")),
    );
    let stack_size = stack_size.map_or_else(String::new, |size| size.to_string());
    fs::write(path.join("task"), format!("{} {stack_size}", phase.name())).unwrap();
    run(path)?;
    let report =
        fs::read_to_string(path.join("report")).map_err(|error| format!("no report: {error}"))?;
    Ok(parse(&report))
}

fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Everything that can be denied is denied, so that the application sees each outcome's own code.
fn config(port: u16, password_file: &Path) -> String {
    format!(
        r#"
[server]
uris = ["ldap://127.0.0.1:{port}"]
retry_after = "0s"
connect_timeout = "900ms"
operation_timeout = "900ms"
deadline = "1s"

[bind]
dn = "{SERVICE_DN}"
password_file = "{}"

[user]
search = [ {{ base = "{USERS_DN}", scope = "subtree", filter = "(uid={{user}})" }} ]

[flags]
is_active = "{ACTIVE_DN}"
is_staff = "cn=staff,{GROUPS_DN}"
is_superuser = {{ all = ["is_staff", "cn=superuser,{GROUPS_DN}"] }}

[fallback]
unavailable = "deny"
unknown_user = "deny"
bad_password = "deny"
config_error = "deny"
"#,
        password_file.display()
    )
}

fn run(directory: &Path) -> Result<(), String> {
    // SAFETY: geteuid(2) has no arguments and cannot fail.
    let wrapper: &[&str] = if unsafe { libc::geteuid() } == 0 {
        &[]
    } else {
        super::common::need("unshare", "util-linux");
        &["unshare", "--user", "--map-root-user"]
    };
    let mut child = own_process::command(wrapper, "child::a_login_of_its_own", directory)
        // What one server has refused is nothing that the next child knows of.
        .env_remove(super::common::OWN_STATE)
        .env("RUST_BACKTRACE", "1")
        .stdout(fs::File::create(directory.join("stdout")).unwrap())
        .stderr(fs::File::create(directory.join("stderr")).unwrap())
        .spawn()
        .unwrap();
    let Some(status) = own_process::wait(&mut child, PATIENCE) else {
        child.kill().unwrap();
        child.wait().unwrap();
        return Err(format!("the process still ran after {PATIENCE:?}"));
    };
    let stderr = fs::read_to_string(directory.join("stderr")).unwrap();
    if let Some(signal) = status.signal() {
        let output = fs::read_to_string(directory.join("output")).unwrap_or_default();
        return Err(format!(
            "the process was killed by signal {signal}: {output}{stderr}"
        ));
    }
    if !status.success() {
        let stdout = fs::read_to_string(directory.join("stdout")).unwrap();
        return Err(format!("the process ended with {status}: {stdout}{stderr}"));
    }
    if !stderr.is_empty() {
        return Err(format!("stderr: {stderr:?}"));
    }
    Ok(())
}

fn parse(text: &str) -> Report {
    let mut report = Report::default();
    for line in text.lines() {
        let (key, value) = line.split_once(' ').unwrap();
        match key {
            "code" => report.code = value.parse().unwrap(),
            "ms" => report.ms = value.parse().unwrap(),
            "kib" => report.kib = value.parse().unwrap(),
            "descriptors" => report.descriptors = value.parse().unwrap(),
            "threads" => report.threads = value.parse().unwrap(),
            "output" => report.output = value.to_owned(),
            _ => report.log.push(value.to_owned()),
        }
    }
    report
}

/// The child's part.
#[test]
#[ignore = "the other tests start it, in a process of its own"]
fn a_login_of_its_own() {
    let directory = own_process::directory();
    let task = fs::read_to_string(directory.join("task")).unwrap();
    let (phase, stack_size) = task.split_once(' ').unwrap();
    let phase = if phase == "auth" {
        Phase::Auth
    } else {
        Phase::Account
    };
    let mut log = DevLog::capture();
    let stack = Stack::with_config(directory.join("config.toml"));
    stack.service(
        "hostile",
        "auth required pam_rsldap.so config=CONFIG\naccount required pam_rsldap.so config=CONFIG\n",
    );
    // libpam opens this descriptor of libc's for a message of its own, and leaves it open.
    // SAFETY: openlog(3) keeps the pointer; the string is static.
    unsafe { libc::openlog(c"hostile".as_ptr(), libc::LOG_NDELAY, libc::LOG_AUTHPRIV) };
    let output = Output::capture(&directory.join("output"));
    let before = (count("fd"), count("task"));
    fs::write("/proc/self/clear_refs", "5").unwrap(); // peak := resident, proc(5)
    let resident = peak();
    let (code, ms) = match stack_size.parse() {
        Ok(size) => on_a_stack_of(size, &stack, phase),
        Err(_) => one_phase(&stack, phase),
    };
    let kib = peak() - resident;
    let (descriptors, threads) = (count("fd") - before.0, count("task") - before.1);
    let output = output.end();
    let mut report = format!(
        "code {code}\nms {ms}\nkib {kib}\ndescriptors {descriptors}\nthreads {threads}\noutput {}\n",
        output.escape_debug()
    );
    for line in log.lines() {
        report += &format!("log {}\n", line.escape_debug());
    }
    fs::write(directory.join("report"), report).unwrap();
}

fn on_a_stack_of(size: usize, stack: &Stack, phase: Phase) -> (i32, u128) {
    let login = || {
        // SAFETY: gettid(2) has no arguments and cannot fail.
        let own = unsafe { libc::gettid() };
        (own, one_phase(stack, phase))
    };
    let (own, result) = thread::scope(|scope| {
        let small = thread::Builder::new().stack_size(size);
        small.spawn_scoped(scope, login).unwrap().join().unwrap()
    });
    // A thread can be joined a moment before the kernel has removed it.
    while Path::new("/proc/self/task").join(own.to_string()).exists() {
        thread::yield_now();
    }
    result
}

fn one_phase(stack: &Stack, phase: Phase) -> (i32, u128) {
    let mut client = Client::start(stack, "hostile", USER);
    client.answer(USER_PASSWORD);
    let start = Instant::now();
    let code = match phase {
        Phase::Auth => client.authenticate(0),
        Phase::Account => client.acct_mgmt(0),
    };
    (code, start.elapsed().as_millis())
}

/// How many entries `/proc/self/…` has.
fn count(what: &str) -> i64 {
    fs::read_dir(Path::new("/proc/self").join(what))
        .unwrap()
        .count() as i64
}

/// Peak resident memory in KiB, proc(5).
fn peak() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// stdout and stderr of this process, caught.
struct Output {
    path: PathBuf,
    saved: [OwnedFd; 2],
}

impl Output {
    /// From now on both go to this file.
    fn capture(path: &Path) -> Output {
        let file = fs::File::create_new(path).unwrap();
        let saved = [1, 2].map(|descriptor| {
            // SAFETY: dup(2) and dup2(2) take descriptors that are open; the new one is ours alone.
            unsafe {
                let saved = libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 3);
                assert!(saved >= 0, "fcntl");
                assert!(libc::dup2(file.as_raw_fd(), descriptor) >= 0);
                OwnedFd::from_raw_fd(saved)
            }
        });
        Output {
            path: path.to_owned(),
            saved,
        }
    }

    /// Puts both back, and says what was written in between.
    fn end(self) -> String {
        for (saved, descriptor) in self.saved.iter().zip([1, 2]) {
            // SAFETY: dup2(2) takes descriptors that are open.
            unsafe { libc::dup2(saved.as_raw_fd(), descriptor) };
        }
        fs::read_to_string(self.path).unwrap()
    }
}
