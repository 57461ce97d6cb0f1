//! openssl(1), for what rustls and rcgen do not do: old versions of the protocol, weak keys.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::need;
use crate::common::slapd::{Slapd, free_port, spawn};
use crate::zoo::{Authority, HOST, Identity};

/// Runs a command of openssl in a directory, and answers what it printed.
pub fn run(directory: &Path, arguments: &[&str]) -> String {
    let done = Command::new(need("openssl", "openssl"))
        .current_dir(directory)
        .args(arguments)
        .output()
        .expect("openssl runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "openssl {arguments:?}: {said}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A certificate for [`HOST`] with a key of this kind (`rsa:1024`), signed with this digest.
pub fn identity(slapd: &Slapd, authority: &Authority, key: &str, digest: &str) -> Identity {
    let here = slapd.path();
    slapd.file("weak-ca.pem", 0o644, &authority.pem);
    slapd.file("weak-ca.key", 0o600, &authority.key());
    slapd.file("weak.ext", 0o644, &format!("subjectAltName = DNS:{HOST}\n"));
    let request = [
        "req", "-new", "-nodes", "-newkey", key, "-keyout", "weak.key",
    ];
    let request = [&request[..], &["-subj", "/CN=weak", "-out", "weak.csr"]].concat();
    run(here, &request);
    let sign = ["x509", "-req", "-in", "weak.csr", "-CA", "weak-ca.pem"];
    let with = ["-CAkey", "weak-ca.key", "-CAcreateserial", digest];
    let sign = [&sign[..], &with, &["-extfile", "weak.ext", "-days", "2"]].concat();
    Identity {
        certificates: run(here, &sign),
        key: fs::read_to_string(here.join("weak.key")).expect("a key"),
    }
}

/// openssl-s_server(1), for the versions that rustls does not speak.
pub struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Shows the identity; `options` are such as `-tls1_1`. Its files lie with slapd's.
    pub fn start(slapd: &Slapd, identity: &Identity, options: &[&str]) -> Server {
        let certificate = slapd.file("openssl.pem", 0o644, &identity.certificates);
        let key = slapd.file("openssl.key", 0o600, &identity.key);
        let port = free_port();
        let output = slapd.path().join(format!("openssl-{port}.log"));
        let log = File::create(&output).expect("a log");
        let mut command = Command::new(need("openssl", "openssl"));
        command
            .args(["s_server", "-accept", &format!("127.0.0.1:{port}")])
            .arg("-cert")
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .args(["-cipher", "ALL:@SECLEVEL=0"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log);
        let openssl = Server {
            child: spawn(command).expect("openssl starts"),
            port,
            log: output,
        };
        let end = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "openssl: {}", openssl.output());
            thread::sleep(Duration::from_millis(5));
        }
        openssl
    }

    /// All that it said, with what it decrypted.
    pub fn output(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether a client that is willing gets through to it.
    pub fn is_reached(&self, version: &str) -> bool {
        let output = Command::new(need("openssl", "openssl"))
            .args(["s_client", "-connect", &format!("127.0.0.1:{}", self.port)])
            .args([version, "-cipher", "ALL:@SECLEVEL=0", "-brief"])
            .stdin(Stdio::null())
            .output()
            .expect("openssl runs");
        String::from_utf8_lossy(&output.stderr).contains("CONNECTION ESTABLISHED")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
