//! A real sshd on a free loopback port, and the ssh client.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{net::TcpStream, thread};

use tempfile::TempDir;

use crate::common::{need, slapd::free_port};
use crate::machine::ACCOUNTS;
use crate::terminal::Terminal;

/// How a login proves who it is.
#[derive(Clone, Copy, Debug)]
pub enum Method<'a> {
    Password(&'a str),
    KeyboardInteractive(&'a str),
    PublicKey,
}

/// A running server. Every account of the machine accepts the one user key.
pub struct Sshd {
    directory: TempDir,
    port: u16,
    child: Child,
}

impl Sshd {
    /// Starts one with these lines of sshd_config(5) added, and waits until it listens.
    pub fn start(extra: &str) -> Sshd {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path();
        for name in ["hostkey", "userkey"] {
            make_key(&path.join(name));
        }
        for (user, uid, _) in ACCOUNTS {
            authorize(user, uid, &path.join("userkey.pub"));
        }
        let askpass = path.join("askpass");
        fs::write(&askpass, "#!/bin/sh\nprintf '%s\\n' \"$PASSWORD\"\n").expect("write");
        fs::set_permissions(&askpass, Permissions::from_mode(0o755)).expect("chmod");

        let port = free_port();
        let config = path.join("sshd_config");
        let here = path.display();
        let mut text = format!(
            "{extra}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {here}/hostkey\nPidFile none\n\
             UsePAM yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication yes\n\
             PubkeyAuthentication yes\nMaxStartups 500\nUseDNS no\nLogLevel VERBOSE\n"
        );
        // OpenSSH 9.8 and later stop listening to an address with many failures.
        let without_penalties = format!("{text}PerSourcePenalties no\n");
        fs::write(&config, &without_penalties).expect("write");
        if check(&config).is_ok() {
            text = without_penalties;
        }
        fs::write(&config, text).expect("write");
        if let Err(said) = check(&config) {
            panic!("sshd -t: {said}");
        }
        let child = spawn(path, &config);
        let mut sshd = Sshd {
            directory,
            port,
            child,
        };
        sshd.wait();
        sshd
    }

    /// One login that runs a command.
    pub fn login(&self, user: &str, method: Method, command: &str) -> Login {
        let (kind, password) = match method {
            Method::Password(password) => ("password", password),
            Method::KeyboardInteractive(password) => ("keyboard-interactive", password),
            Method::PublicKey => ("publickey", ""),
        };
        let output = self
            .client(kind, "NumberOfPasswordPrompts=1")
            .arg(format!("{user}@127.0.0.1"))
            .arg(command)
            .env("SSH_ASKPASS", self.directory.path().join("askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("PASSWORD", password)
            .stdin(Stdio::null())
            .output()
            .expect("ssh runs");
        Login {
            what: format!("{user}, {method:?}"),
            log: self.log(),
            output,
        }
    }

    /// One login on a terminal, by this method, that runs a command, or a shell if it is empty.
    pub fn dialogue(&self, user: &str, method: &str, command: &str) -> Terminal {
        self.dialogue_with(user, method, command, "NumberOfPasswordPrompts=1")
    }

    /// The same, with an option of ssh_config(5).
    pub fn dialogue_with(&self, user: &str, method: &str, command: &str, option: &str) -> Terminal {
        let mut client = self.client(method, option);
        client.arg("-tt").arg(format!("{user}@127.0.0.1"));
        if !command.is_empty() {
            client.arg(command);
        }
        Terminal::start(client)
    }

    fn client(&self, kind: &str, option: &str) -> Command {
        let mut client = Command::new(need("ssh", "openssh-client"));
        client
            .args(["-F", "/dev/null", "-p", &self.port.to_string(), "-i"])
            .arg(self.directory.path().join("userkey"))
            .args([
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
            ])
            .args([
                "-o",
                "LogLevel=ERROR",
                "-o",
                "ConnectTimeout=10",
                "-o",
                "IdentitiesOnly=yes",
            ])
            .args(["-o", "IdentityAgent=none", "-o", option, "-o"])
            .arg(format!("PreferredAuthentications={kind}"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.directory.path());
        client
    }

    /// The server's own log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("sshd.log")).unwrap_or_default()
    }

    /// The directory of its files.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().expect("wait");
            assert!(ended.is_none(), "sshd ended: {}", self.log());
            assert!(Instant::now() < end, "sshd does not listen: {}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What became of a login.
pub struct Login {
    what: String,
    log: String,
    output: Output,
}

impl Login {
    /// Whether the command ran.
    pub fn is_in(&self) -> bool {
        self.output.status.success()
    }

    /// Asserts that the command ran, and answers what it printed.
    pub fn assert_in(&self) -> String {
        assert!(
            self.output.status.success(),
            "{} is not let in: {}",
            self.what,
            self.said()
        );
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Asserts that nothing ran.
    pub fn assert_refused(&self) {
        // 255 is ssh's own failure; a command would have ended with another status.
        assert_eq!(
            self.output.status.code(),
            Some(255),
            "{}: {}",
            self.what,
            self.said()
        );
        assert!(
            self.output.stdout.is_empty(),
            "{}: {}",
            self.what,
            self.said()
        );
    }

    fn said(&self) -> String {
        let (out, err) = (&self.output.stdout, &self.output.stderr);
        let (out, err) = (String::from_utf8_lossy(out), String::from_utf8_lossy(err));
        format!("{out}{err}\nsshd's log:\n{}", self.log)
    }
}

fn spawn(directory: &Path, config: &Path) -> Child {
    let mut command = Command::new(need("sshd", "openssh-server"));
    command
        .arg("-D")
        .arg("-f")
        .arg(config)
        .arg("-E")
        .arg(directory.join("sshd.log"))
        .stdin(Stdio::null());
    // SAFETY: prctl(2) is async-signal-safe. The server must not outlive a test that is killed.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            Ok(())
        });
    }
    command.spawn().expect("sshd starts")
}

fn check(config: &Path) -> Result<(), String> {
    let sshd = need("sshd", "openssh-server");
    let output = Command::new(sshd)
        .arg("-t")
        .arg("-f")
        .arg(config)
        .output()
        .expect("sshd runs");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn make_key(path: &Path) {
    let status = Command::new(need("ssh-keygen", "openssh-client"))
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .status()
        .expect("ssh-keygen runs");
    assert!(status.success(), "ssh-keygen");
}

fn authorize(user: &str, uid: u32, key: &Path) {
    let directory = Path::new("/home").join(user).join(".ssh");
    fs::create_dir_all(&directory).expect("mkdir");
    let keys = directory.join("authorized_keys");
    fs::copy(key, &keys).expect("copy");
    for (path, mode) in [(directory, 0o700), (keys, 0o600)] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("chmod");
        chown(&path, Some(uid), Some(uid)).expect("chown");
    }
}
