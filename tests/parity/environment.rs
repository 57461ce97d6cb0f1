//! django-auth-ldap, installed into a virtual environment below `target/`, and one process of it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::common::need;
use crate::common::slapd::spawn;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parity");
const BUILD: &str = "requirements-build.txt";
const REQUIREMENTS: &str = "requirements.txt";

/// What to install where building fails.
const HINT: &str = "building python-ldap needs: apt-get install gcc python3-dev python3-venv libldap-dev libsasl2-dev";

/// The Python of the virtual environment, which is made where there is none for these requirements.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("parity");
        fs::create_dir_all(&home).expect("a directory");
        // Two test programs may come at the same time.
        let lock = File::create(home.join("lock")).expect("a lock");
        // SAFETY: flock(2) of a descriptor that is open; closing it gives the lock back.
        assert_eq!(unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX) }, 0);
        let environment = home.join("environment");
        let python = environment.join("bin/python");
        let wanted = stamp();
        let stamp = home.join("stamp");
        if !python.exists() || fs::read_to_string(&stamp).ok() != Some(wanted.clone()) {
            let _ = fs::remove_file(&stamp);
            let _ = fs::remove_dir_all(&environment);
            install(&environment, &python);
            fs::write(stamp, wanted).expect("a stamp");
        }
        python
    })
}

/// What the environment is made of: another Python or another requirement makes another one.
fn stamp() -> String {
    let version = run(Command::new(need("python3", "python3")).arg("-VV"));
    let text = |name| fs::read_to_string(Path::new(HERE).join(name)).expect("requirements");
    format!("{version}{}{}", text(BUILD), text(REQUIREMENTS))
}

fn install(environment: &Path, python: &Path) {
    let venv = ["-m", "venv"].map(OsStr::new);
    let python3 = need("python3", "python3");
    run(Command::new(python3).args(venv).arg(environment));
    for (file, isolation) in [(BUILD, None), (REQUIREMENTS, Some("--no-build-isolation"))] {
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--quiet", "--no-input"])
            .args([
                "--disable-pip-version-check",
                "--require-hashes",
                "--no-deps",
            ])
            .args(isolation)
            .arg("-r")
            .arg(Path::new(HERE).join(file));
        run(&mut pip);
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("python3 runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}\n{HINT}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A process that answers as django-auth-ldap does. Dropping it ends the process.
pub struct Process {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    pub fn start() -> Process {
        let mut command = Command::new(python());
        command
            .arg("-I") // no variable of the environment, no package of the user
            .arg("-B")
            .arg(Path::new(HERE).join("oracle.py"))
            // Without ldaprc and ldap.conf: ldap.conf(5).
            .env("LDAPNOINIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = spawn(command).expect("python starts");
        let requests = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Process {
            child,
            requests,
            answers,
        }
    }

    /// Sends one request; its answer is to be fetched with [`Process::receive`].
    pub fn send(&mut self, request: &Value) {
        let line = format!("{request}\n");
        self.requests
            .write_all(line.as_bytes())
            .expect("the oracle reads");
    }

    pub fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .expect("the oracle writes");
        assert!(
            !line.is_empty(),
            "the oracle ended: its own words are above"
        );
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
