//! A host with one directory, and the shortest way to a login on it.

use std::ffi::c_int;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::common::directory::{self, BASE, group_dn, user_dn};
use crate::common::pam::{Client, Stack};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::common::{module, need};
use crate::private_host::PrivateHost;

/// Where is what may vanish at any time.
pub const RUN: &str = "/run/pam_rsldap";
/// Where is what outlives a boot.
pub const STATE: &str = "/var/lib/pam_rsldap";

/// The services of each host; in the configurations of these tests sudo has a gate of its own.
pub const SERVICES: [&str; 3] = ["sshd", "su", "sudo"];
/// For the configuration: sudo is for superusers.
pub const SUDO_GATE: (&str, &str) = ("services.sudo", "require = \"is_superuser\"");

/// A host, its directory and its stack.
pub struct Site<'a> {
    pub host: &'a PrivateHost,
    pub slapd: Slapd,
    stack: Stack,
    /// The number of lines in the log that have been looked at.
    seen: Mutex<usize>,
}

/// Calls `body` on a host whose module has a configuration with these overrides (see
/// [`Slapd::config`]): sudo has a gate, and every fallback is "deny", so that each outcome shows.
pub fn on_a_host<T: Send>(
    overrides: &[(&str, &str)],
    body: impl FnOnce(&Site<'_>) -> T + Send,
) -> T {
    // Outside: the server is another machine, as it were.
    let slapd = Slapd::start(&SlapdOptions {
        ldif: tree(),
        ..SlapdOptions::default()
    });
    PrivateHost::run(&module(), |host| {
        let site = Site {
            host,
            slapd,
            stack: Stack::new(),
            seen: Mutex::new(0),
        };
        site.configure(overrides);
        for path in [site.slapd.path(), site.stack.path()] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("chmod");
        }
        body(&site)
    })
}

/// The standard directory, and a few who are not of it.
fn tree() -> String {
    let mut ldif = directory::standard();
    ldif.user("dave", &[]);
    for number in 0..64 {
        ldif.user(&format!("crowd{number}"), &[]);
    }
    let crowd: Vec<String> = (0..64).map(|n| user_dn(&format!("crowd{n}"))).collect();
    let crowd: Vec<&str> = crowd.iter().map(String::as_str).collect();
    ldif.group("crowd", &crowd);
    ldif.text().to_owned()
}

impl Site<'_> {
    /// Gives the module another configuration.
    pub fn configure(&self, overrides: &[(&str, &str)]) {
        let either = format!(
            "is_active = [\"{}\", \"{}\"]\nis_staff = \"{}\"\nis_superuser = \"{}\"",
            group_dn("active"),
            group_dn("crowd"),
            group_dn("staff"),
            group_dn("superuser")
        );
        let mut all = vec![SUDO_GATE, ("flags", either.as_str())];
        all.extend(overrides);
        let config = self.slapd.config(&all);
        // The one that is installed on the private host: nobody may read a checkout in root's home.
        let module = format!("pam_rsldap.so config={} debug", config.display());
        let lines = ["auth", "account", "password", "session"]
            .map(|facility| format!("{facility} required {module}\n"))
            .concat();
        for service in SERVICES {
            fs::write(self.stack.path().join(service), &lines).expect("a service file");
        }
    }

    /// The directory of the service files.
    pub fn services(&self) -> &Path {
        self.stack.path()
    }

    /// A transaction in which this password will be typed.
    pub fn client(&self, service: &str, user: &str, password: &str) -> Client {
        let mut client = Client::start(&self.stack, service, user);
        client.answer(password);
        client
    }

    /// The auth phase.
    pub fn auth(&self, service: &str, user: &str, password: &str) -> c_int {
        self.client(service, user, password).authenticate(0)
    }

    /// The account phase alone, as sshd has it after a public key.
    pub fn account(&self, service: &str, user: &str) -> c_int {
        Client::start(&self.stack, service, user).acct_mgmt(0)
    }

    /// The line of the next decision in the log.
    pub fn decision(&self) -> String {
        self.next_line(&[" outcome="])
    }

    /// The next line of the log that holds these words.
    pub fn next_line(&self, words: &[&str]) -> String {
        let mut seen = self.seen.lock().unwrap();
        let line = self.host.find_in_log(*seen, words);
        let line = line.unwrap_or_else(|| panic!("no {words:?} in {:#?}", self.host.log()));
        let log = self.host.log();
        let at = log.iter().skip(*seen).position(|other| *other == line);
        *seen += at.expect("it is there") + 1;
        line
    }

    /// Looks away from what has been logged so far.
    pub fn skip_log(&self) {
        let seen = *self.seen.lock().unwrap();
        self.read_all(seen);
        *self.seen.lock().unwrap() = self.host.log().len();
    }

    /// Waits until all that was sent to the log is read: a line of our own comes behind it.
    fn read_all(&self, from: usize) {
        let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let mark = format!("mark {:?}", std::time::Instant::now());
        socket.send_to(mark.as_bytes(), "/dev/log").unwrap();
        self.host.find_in_log(from, &[&mark]).expect("the mark");
    }

    /// Warnings behind what has been looked at.
    pub fn warnings(&self) -> Vec<String> {
        let seen = *self.seen.lock().unwrap();
        self.read_all(seen);
        let lines = self.host.log().into_iter().skip(seen);
        // authpriv.warning
        lines.filter(|line| line.starts_with("<84>")).collect()
    }

    /// Changes entries, ldapmodify(1).
    pub fn modify(&self, ldif: &str) {
        let mut child = Command::new(need("ldapmodify", "ldap-utils"))
            .args(["-x", "-H", &self.slapd.uri()])
            .args(["-D", &format!("cn=manager,{BASE}"), "-w", "manager"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("ldapmodify runs");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(ldif.as_bytes()).expect("write");
        drop(input);
        assert!(child.wait().expect("wait").success(), "{ldif}");
    }

    /// Puts a user into a group, or (`delete`) takes the user out.
    pub fn membership(&self, change: &str, group: &str, user: &str) {
        self.modify(&format!(
            "dn: {}\nchangetype: modify\n{change}: member\nmember: {}\n",
            group_dn(group),
            user_dn(user)
        ));
    }

    /// Sets an attribute of a user.
    pub fn set(&self, user: &str, attribute: &str, value: &str) {
        self.modify(&format!(
            "dn: {}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n",
            user_dn(user)
        ));
    }
}

/// The files of a directory that have this ending.
pub fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    found.sort();
    found
}
