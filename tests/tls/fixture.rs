//! What these tests share: a machine that knows `ldap.example.com`, a server behind the TLS, and
//! the way to one login with the line that the log has of it.

use std::ffi::{CString, c_int};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::directory::{SERVICE_DN, SERVICE_PASSWORD, password_of, user_dn};
use crate::common::pam::{Client, PAM_AUTHINFO_UNAVAIL, PAM_SERVICE_ERR, PAM_SUCCESS, Stack};
use crate::common::slapd::{Lease, Pool, Slapd, SlapdOptions};
use crate::devlog::{DevLog, field};
use crate::recorder::Opening;

/// What the hosts(5) of [`Host`] says.
const HOSTS: &str = "127.0.0.1 localhost\n\
                     ::1 six.example.com\n\
                     127.0.0.1 ldap.example.com a.b.example.com lab.example.com example.com\n";

static SERVERS: Pool = Pool::new(SlapdOptions::default);

/// A running slapd for the calling test alone. It must be left as it was.
pub fn server() -> Lease {
    SERVERS.lease()
}

/// Where it listens without TLS.
pub fn address(slapd: &Slapd) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], slapd.port()))
}

/// The `[server]` section for a port of this machine.
pub fn section(opening: Opening, host: &str, port: u16) -> String {
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    match opening {
        Opening::Ldaps => server_section(&format!("ldaps://{host}:{port}"), ""),
        Opening::StartTls => server_section(&format!("ldap://{host}:{port}"), "start_tls = true\n"),
    }
}

/// The `[server]` section for a URI. What one test finds down is no other's concern.
pub fn server_section(uri: &str, more: &str) -> String {
    format!("uris = [\"{uri}\"]\nretry_after = \"0s\"\n{more}")
}

/// `ca_file = "…"` for a file in the server's directory with this text.
pub fn ca_file(slapd: &Slapd, pem: &str) -> String {
    let path = slapd.file("trusted.pem", 0o644, pem);
    format!("ca_file = \"{}\"", path.display())
}

/// A configuration with these two sections, the rest as usual.
pub fn config(slapd: &Slapd, server: &str, tls: &str) -> PathBuf {
    slapd.config(&[("server", server), ("tls", tls)])
}

/// A view of the machine for the calling thread alone, and for the rest of its life: `/dev/log` is
/// read by this test, `/etc/hosts` has the hosts of the tests, `/run` is empty.
pub struct Host {
    log: DevLog,
    seen: usize,
    laid_over: Vec<PathBuf>,
    files: TempDir,
}

impl Host {
    /// Needs root.
    pub fn enter() -> Host {
        let log = DevLog::capture();
        let files = TempDir::new().expect("a temporary directory");
        let mut host = Host {
            log,
            seen: 0,
            laid_over: Vec::new(),
            files,
        };
        host.lay_over("/etc/hosts", HOSTS);
        let run = host.files.path().join("run");
        fs::create_dir(&run).expect("mkdir");
        host.bind(&run, "/run");
        host
    }

    /// Lays a file with this text over one of the machine's, for this thread only.
    pub fn lay_over(&mut self, path: &str, text: &str) {
        let name = path.replace('/', "_");
        let file = self.files.path().join(name);
        fs::write(&file, text).expect("a file");
        self.bind(&file, path);
    }

    fn bind(&mut self, source: &Path, target: &str) {
        bind(source, Path::new(target));
        self.laid_over.push(PathBuf::from(target));
    }

    /// Alice's login with the right password: the auth phase.
    pub fn login(&mut self, config: &Path) -> Ended {
        self.login_with(config, &password_of("alice"))
    }

    /// Alice's login with this password.
    pub fn login_with(&mut self, config: &Path, password: &str) -> Ended {
        self.run(config, |client| {
            client.answer(password);
            client.authenticate(0)
        })
    }

    /// The account phase for alice alone.
    pub fn account(&mut self, config: &Path) -> Ended {
        self.run(config, |client| client.acct_mgmt(0))
    }

    fn run(&mut self, config: &Path, phase: impl FnOnce(&mut Client) -> c_int) -> Ended {
        let stack = Stack::with_config(config);
        let module = "pam_rsldap.so config=CONFIG config_error=deny";
        stack.service(
            "login",
            &format!("auth required {module}\naccount required {module}\n"),
        );
        let mut client = Client::start(&stack, "login", "alice");
        let begin = Instant::now();
        let code = phase(&mut client);
        let time = begin.elapsed();
        let lines = self.log.lines().split_off(self.seen);
        self.seen += lines.len();
        for line in &lines {
            for secret in [SERVICE_PASSWORD, &password_of("alice")] {
                assert!(!line.contains(secret), "a password in the log: {line}");
            }
        }
        Ended { code, time, lines }
    }
}

impl Drop for Host {
    /// The thread may go on with another test.
    fn drop(&mut self) {
        for target in self.laid_over.drain(..).rev() {
            let target = c_path(&target);
            // SAFETY: umount2(2): the string is NUL-terminated and lives until it returns.
            unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
        }
    }
}

/// How a phase has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: c_int,
    pub time: Duration,
    /// What the log has of it.
    pub lines: Vec<String>,
}

impl Ended {
    /// The line of the decision.
    pub fn decision(&self) -> &str {
        let is_decision = |line: &&String| line.contains(" outcome=");
        let decisions: Vec<_> = self.lines.iter().filter(is_decision).collect();
        assert_eq!(decisions.len(), 1, "one decision: {self:#?}");
        decisions[0]
    }

    /// `cause=` of the decision.
    pub fn cause(&self) -> Option<&str> {
        field(self.decision(), "cause")
    }

    /// The warnings: <84> is authpriv.warning. A decision is not one of them.
    pub fn warnings(&self) -> Vec<&String> {
        let is_warning = |line: &&String| line.starts_with("<84>") && !line.contains(" outcome=");
        self.lines.iter().filter(is_warning).collect()
    }

    pub fn assert_granted(&self, what: &str) {
        assert_eq!(self.code, PAM_SUCCESS, "{what}: {self:#?}");
        assert_eq!(
            field(self.decision(), "outcome"),
            Some("granted"),
            "{what}: {self:#?}"
        );
    }

    /// Unavailable, for one of these causes and within this time.
    pub fn assert_unavailable(&self, what: &str, causes: &[&str], limit: Duration) {
        assert_eq!(self.code, PAM_AUTHINFO_UNAVAIL, "{what}: {self:#?}");
        let cause = self.cause().unwrap_or("none");
        assert!(
            causes.contains(&cause),
            "{what}: cause {cause} is not in {causes:?}: {self:#?}"
        );
        assert!(
            self.decision().contains(" outcome=unavailable "),
            "{what}: {self:#?}"
        );
        assert!(self.time < limit, "{what}: {self:#?}");
    }

    /// A mistake of the administrator, told at once and in these words.
    pub fn assert_config_error(&self, what: &str, words: &[&str]) {
        assert_eq!(self.code, PAM_SERVICE_ERR, "{what}: {self:#?}");
        for word in words {
            let line = self.decision();
            assert!(
                line.contains(word),
                "{what}: \"{word}\" is missing: {self:#?}"
            );
        }
        assert!(self.time < Duration::from_millis(500), "{what}: {self:#?}");
    }
}

/// Fails if a credential, of the service account or the user, is in these bytes.
pub fn assert_no_credential(bytes: &[u8], what: &str) {
    let secrets = [
        SERVICE_DN.to_owned(),
        SERVICE_PASSWORD.to_owned(),
        user_dn("alice"),
        password_of("alice"),
        "alice".to_owned(),
        "EXTERNAL".to_owned(),
    ];
    for secret in secrets {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{what}: {secret} went over the wire: {bytes:x?}");
    }
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL")
}

fn bind(source: &Path, target: &Path) {
    let (from, to) = (c_path(source), c_path(target));
    // SAFETY: mount(2): the strings are NUL-terminated and live until it returns.
    let code = unsafe {
        libc::mount(
            from.as_ptr(),
            to.as_ptr(),
            ptr::null(),
            libc::MS_BIND | libc::MS_REC,
            ptr::null(),
        )
    };
    assert_eq!(
        code,
        0,
        "mount {}: {}",
        target.display(),
        std::io::Error::last_os_error()
    );
}
