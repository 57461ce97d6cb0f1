//! A real slapd(8) on free loopback ports, in a temporary directory, run as the current user.
//!
//! It logs with `stats`, so a test can say exactly which operations reached the directory:
//! [`Slapd::watch`], then [`Watch::operations`].

pub mod certificates;
mod child;
mod config;
mod operations;
mod pool;
mod replicas;

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use operations::Operations;
#[allow(unused_imports)] // not every suite shares servers
pub use pool::{Lease, Pool};
#[allow(unused_imports)] // nor has every suite two
pub use replicas::start_replicas;

use certificates::{LOOPBACK, make_certificates};
#[allow(unused_imports)] // most suites start nothing else
pub use child::spawn;
use operations::connection;

use super::directory::{self, BASE};
use super::need;

/// What the service account, users and everybody may read unless a test says otherwise.
const ACCESS: &str = "access to attrs=userPassword by self write by anonymous auth by * none\n\
                      access to * by * read\n";

/// A group schema of our own: objects that list DNs in `exampleMember`.
/// 1.3.6.1.4.1.32473 is the enterprise number for documentation (RFC 5612).
const SCHEMA: &str = "\
attributetype ( 1.3.6.1.4.1.32473.1.1 NAME 'exampleMember' EQUALITY distinguishedNameMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
objectclass ( 1.3.6.1.4.1.32473.1.2 NAME 'exampleGroup' SUP top STRUCTURAL MUST cn \
MAY exampleMember )
";

/// How to set up a server.
#[derive(Clone, Debug)]
pub struct SlapdOptions {
    /// The entries.
    pub ldif: String,
    /// Lines of slapd.conf(5) before the first `database`.
    pub global: String,
    /// `access to …` lines.
    pub access: String,
    /// Lines of slapd.conf(5) at the end: overlays and their options.
    pub database: String,
    /// The lines of slapd.conf(5) that begin with TLS, instead of the usual ones; none at all where
    /// the text is empty.
    pub tls: Option<String>,
}

impl Default for SlapdOptions {
    /// The standard directory, which everybody may read.
    fn default() -> SlapdOptions {
        SlapdOptions {
            ldif: directory::standard().text().to_owned(),
            global: String::new(),
            access: ACCESS.to_owned(),
            database: String::new(),
            tls: None,
        }
    }
}

/// The file in the server's directory that OpenSSL reads, if it is there and slapd is linked with it.
pub const OPENSSL_CONF: &str = "openssl.cnf";

/// A server. Dropping it stops the process and removes its files.
pub struct Slapd {
    directory: TempDir,
    port: u16,
    tls_port: u16,
    child: Mutex<Option<Child>>,
    // Connections that Watch made itself, by slapd's number: not the module's.
    own: Mutex<BTreeSet<u64>>,
    configs: AtomicUsize,
}

impl Slapd {
    /// Makes certificates, writes slapd.conf(5), loads the LDIF, starts the server and waits until
    /// it listens.
    pub fn start(options: &SlapdOptions) -> Slapd {
        let slapd = Slapd {
            directory: TempDir::new().expect("a temporary directory"),
            port: free_port(),
            tls_port: free_port(),
            child: Mutex::new(None),
            own: Mutex::new(BTreeSet::new()),
            configs: AtomicUsize::new(0),
        };
        make_certificates(slapd.path(), &LOOPBACK);
        slapd.write_settings(options);
        slapd.load(&options.ldif);
        slapd.restart();
        slapd
    }

    /// Stops the server, at once. Does nothing where it is not running.
    pub fn stop(&self) {
        if let Some(mut child) = lock(&self.child).take() {
            child.kill().expect("kill");
            child.wait().expect("wait");
        }
    }

    /// Starts the server again, on the same ports, and waits until it listens.
    pub fn restart(&self) {
        self.stop();
        // A new process counts its connections from the beginning.
        lock(&self.own).clear();
        let seen = self.log().len();
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.log_path())
            .expect("a log");
        let mut command = Command::new(need("slapd", "slapd"));
        command
            .arg("-f")
            .arg(self.path().join("slapd.conf"))
            .env("OPENSSL_CONF", self.path().join(OPENSSL_CONF))
            .args(["-d", "stats", "-h"])
            .arg(format!(
                "{} {} {}",
                self.uri(),
                self.ldaps_uri(),
                self.ldapi_uri()
            ))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log);
        *lock(&self.child) = Some(spawn(command).expect("slapd starts"));
        self.wait_for("slapd starting", seen);
        self.wait_for_sockets(seen);
    }

    /// As [`Slapd::restart`], with these lines of slapd.conf(5) about TLS instead of those so far.
    pub fn restart_with_tls(&self, lines: &str) {
        let path = self.path().join("slapd.conf");
        let old = fs::read_to_string(path).expect("slapd.conf");
        let others = old.lines().filter(|line| !line.starts_with("TLS"));
        let others: String = others.flat_map(|line| [line, "\n"]).collect();
        self.file("slapd.conf", 0o600, &format!("{lines}\n{others}"));
        self.restart();
    }

    /// Sends the process a signal such as SIGSTOP. Dropping the server works on a stopped one too.
    pub fn signal(&self, signal: libc::c_int) {
        let pid = self.pid();
        // SAFETY: kill(2) of a child that is not yet waited for, so the number is still its own.
        let code = unsafe { libc::kill(pid, signal) };
        assert_eq!(code, 0, "kill({pid}, {signal})");
    }

    /// The process id.
    pub fn pid(&self) -> libc::pid_t {
        let child = lock(&self.child);
        child
            .as_ref()
            .expect("a running slapd")
            .id()
            .try_into()
            .expect("a process id")
    }

    /// Leaves the server running until the test binary exits, then stops it and removes its files.
    pub fn until_exit(self) -> &'static Slapd {
        static AT_EXIT: Once = Once::new();
        let slapd: &'static Slapd = Box::leak(Box::new(self));
        lock(&KEPT).push(slapd);
        // SAFETY: atexit(3) with a function that does not unwind.
        AT_EXIT.call_once(|| assert_eq!(unsafe { libc::atexit(stop_kept) }, 0, "atexit"));
        slapd
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    pub fn uri(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    pub fn ldaps_uri(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    pub fn ldapi_uri(&self) -> String {
        let socket = self.path().join("ldapi");
        format!(
            "ldapi://{}",
            socket.to_str().expect("a UTF-8 path").replace('/', "%2F")
        )
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.path().join("ca.pem")
    }

    /// The directory of all its files.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The whole `stats` log so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// From here on, every operation counts: see [`Watch::operations`].
    pub fn watch(&self) -> Watch<'_> {
        self.settle();
        Watch {
            slapd: self,
            from: self.log().len(),
        }
    }

    /// Writes a file of the server's directory with a mode, and answers its path.
    pub fn file(&self, name: &str, mode: u32, text: &str) -> PathBuf {
        let path = self.path().join(name);
        let mut file = File::create(&path).expect("a file");
        file.set_permissions(Permissions::from_mode(mode))
            .expect("chmod");
        file.write_all(text.as_bytes()).expect("write");
        path
    }

    fn log_path(&self) -> PathBuf {
        self.path().join("slapd.log")
    }

    fn write_settings(&self, options: &SlapdOptions) {
        let here = self.path().display();
        fs::create_dir(self.path().join("db")).expect("a directory for the database");
        let schemas: String = ["core", "cosine", "inetorgperson", "nis"]
            .map(|name| format!("include /etc/ldap/schema/{name}.schema\n"))
            .concat();
        let usual = format!(
            "TLSCACertificateFile {here}/ca.pem\nTLSCertificateFile {here}/server.pem\n\
             TLSCertificateKeyFile {here}/server.key\nTLSVerifyClient never"
        );
        let tls = options.tls.as_deref().unwrap_or(&usual);
        let text = format!(
            "{schemas}{SCHEMA}modulepath /usr/lib/ldap\nmoduleload back_mdb\n\
             pidfile {here}/slapd.pid\nargsfile {here}/slapd.args\nthreads 4\n\
             {tls}\n{}\ndatabase mdb\nsuffix {BASE}\nrootdn cn=manager,{BASE}\nrootpw manager\n\
             directory {here}/db\nmaxsize 16777216\ndbnosync\nindex objectClass,uid eq\n{}\n{}\n",
            options.global, options.access, options.database
        );
        self.file("slapd.conf", 0o600, &text);
    }

    fn load(&self, ldif: &str) {
        let ldif = self.file("seed.ldif", 0o600, ldif);
        let output = Command::new(need("slapadd", "slapd"))
            .arg("-q")
            .arg("-f")
            .arg(self.path().join("slapd.conf"))
            .arg("-l")
            .arg(ldif)
            .output()
            .expect("slapadd runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "slapadd: {said}");
    }

    /// Waits until `text` stands in the log behind `from`.
    fn wait_for(&self, text: &str, from: usize) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.log().get(from..).is_some_and(|new| new.contains(text)) {
            let ended = lock(&self.child)
                .as_mut()
                .is_none_or(|child| child.try_wait().expect("wait").is_some());
            assert!(!ended, "slapd ended:\n{}", self.log());
            assert!(
                Instant::now() < end,
                "no \"{text}\" in slapd's log:\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until all three sockets accept: slapd calls listen(2) after it said that it starts.
    fn wait_for_sockets(&self, from: usize) {
        let end = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(self.path().join("ldapi")).is_err() || !self.settle() {
            let log = self.log();
            let failed = log
                .get(from..)
                .is_some_and(|new| new.contains(" failed errno="));
            assert!(
                !failed && Instant::now() < end,
                "slapd does not listen:\n{log}"
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until slapd has logged every connection that was made before this call: it accepts
    /// them in order, so one of our own, once seen in the log, is behind all of them. False if
    /// there is nobody to connect to.
    fn settle(&self) -> bool {
        // Not connecting to a server that was stopped: its port may be somebody else's by now.
        let running = lock(&self.child).is_some();
        running
            && [self.tls_port, self.port]
                .into_iter()
                .all(|port| self.settle_port(port))
    }

    fn settle_port(&self, port: u16) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // An older connection may have had the same port on our side.
        let from = self.log().len();
        let Ok(probe) = TcpStream::connect_timeout(&address, Duration::from_secs(5)) else {
            return false;
        };
        let accept = format!(
            "ACCEPT from IP={} ",
            probe.local_addr().expect("an address")
        );
        let end = Instant::now() + Duration::from_secs(5);
        // A server that is stopped by SIGSTOP logs nothing: then what is there has to do.
        while Instant::now() < end {
            let log = self.log();
            let new = log.get(from..).unwrap_or_default();
            if let Some(line) = new.lines().find(|line| line.contains(&accept)) {
                let number = connection(line).expect("a connection number");
                lock(&self.own).insert(number);
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        true
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The part of a server's log that begins with [`Slapd::watch`].
pub struct Watch<'a> {
    slapd: &'a Slapd,
    from: usize,
}

impl Watch<'_> {
    /// What reached the server since.
    pub fn operations(&self) -> Operations {
        self.slapd.settle();
        let log = self.slapd.log();
        let own = lock(&self.slapd.own);
        let mut operations = Operations::default();
        for line in log.get(self.from..).unwrap_or_default().lines() {
            if connection(line).is_some_and(|number| !own.contains(&number)) {
                operations.read(line);
            }
        }
        operations
    }
}

/// A port of 127.0.0.1 on which nobody listens.
///
/// It is below the range from which Linux takes the ports of clients (ip(7), ip_local_port_range),
/// and each is given out once: a port from bind(2) to 0 is soon given to somebody else.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 18_000;
    const COUNT: u32 = 14_000;
    // Test binaries that run at the same time begin at different places.
    let begin = std::process::id().wrapping_mul(7919);
    loop {
        let next = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + next % COUNT).expect("below 65536");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

static KEPT: Mutex<Vec<&'static Slapd>> = Mutex::new(Vec::new());

extern "C" fn stop_kept() {
    for slapd in lock(&KEPT).drain(..) {
        if let Some(mut child) = lock(&slapd.child).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(slapd.path());
    }
}

/// A test that failed while it held the lock does not make the others fail.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
