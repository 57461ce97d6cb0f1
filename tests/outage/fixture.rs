//! The servers of these tests, and the shortest way to one login.

use std::ffi::c_int;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::directory::{self, GROUPS, SERVICE_DN, SERVICE_PASSWORD, USERS, group_dn};
use crate::common::pam::{Client, Stack};
use crate::common::slapd::{Slapd, SlapdOptions, start_replicas};
use crate::crowd;
use crate::proxy::Proxy;

/// Right passwords and open gates, and so on: what a login of a standard user should give.
pub const ALICE: (&str, &str) = ("alice", "alice-secret");

/// The name of the service in every stack of these tests.
pub const SERVICE: &str = "outage";

/// The standard directory, and the crowd.
pub fn options() -> SlapdOptions {
    let mut ldif = directory::Ldif::tree();
    let standard = ["alice", "bob", "carol", "sue"];
    for name in standard {
        ldif.user(name, &[("givenName", name)]);
    }
    let crowd = crowd::members();
    for name in &crowd.known {
        ldif.user(name, &[]);
    }
    let active: Vec<String> = ["alice", "bob", "sue"]
        .into_iter()
        .chain(crowd.active.iter().map(String::as_str))
        .map(directory::user_dn)
        .collect();
    let active: Vec<&str> = active.iter().map(String::as_str).collect();
    ldif.group("active", &active);
    for name in ["staff", "superuser"] {
        ldif.group(name, &[&directory::user_dn("sue")]);
    }
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        ..SlapdOptions::default()
    }
}

/// Two replicated servers that nobody may stop or change. Ask for them before a private host is
/// entered: servers are started outside.
pub fn servers() -> [&'static Slapd; 2] {
    static SERVERS: OnceLock<[&'static Slapd; 2]> = OnceLock::new();
    *SERVERS.get_or_init(|| start_replicas(&options()).map(Slapd::until_exit))
}

/// Proxies before the two servers.
pub fn proxies() -> [Proxy; 2] {
    servers().map(|server| Proxy::start(server.port()))
}

/// A configuration, and a stack of the module alone.
pub struct Rig {
    directory: TempDir,
    stack: Stack,
}

/// What the application got, and how long it took.
#[derive(Clone, Copy, Debug)]
pub struct Login {
    pub code: c_int,
    pub took: Duration,
}

impl Rig {
    /// The module that was just built, with these servers and further lines of `[server]`.
    pub fn new(uris: &[String], server: &str) -> Rig {
        Rig::with(uris, server, "")
    }

    /// As [`Rig::new`], with further sections. Every fallback is "deny", so that each outcome shows
    /// as its own code. A `[user]` or `[bind]` among the sections stands in place of the usual one.
    pub fn with(uris: &[String], server: &str, sections: &str) -> Rig {
        let rig = Rig {
            directory: TempDir::new().expect("a temporary directory"),
            stack: Stack::new(),
        };
        let password = rig.write("bind-password", 0o600, SERVICE_PASSWORD);
        let mut text = format!("[server]\nuris = {uris:?}\n{server}\n{sections}\n");
        if !sections.contains("[user]") {
            text += &format!(
                "[user]\nsearch = [ {{ base = \"{USERS}\", scope = \"subtree\", \
                 filter = \"(uid={{user}})\" }} ]\n"
            );
        }
        if !sections.contains("[bind]") && !sections.contains("anonymous") {
            text += &format!(
                "[bind]\ndn = \"{SERVICE_DN}\"\npassword_file = \"{}\"\n",
                password.display()
            );
        }
        text += &format!(
            "[group]\nsearch = [ {{ base = \"{GROUPS}\", scope = \"subtree\", \
             filter = \"(objectClass=groupOfNames)\" }} ]\n\
             [flags]\nis_active = \"{}\"\n\
             [fallback]\nunavailable = \"deny\"\nunknown_user = \"deny\"\nbad_password = \"deny\"\n\
             config_error = \"deny\"\nrefused = \"deny\"\nexpired = \"deny\"\n",
            group_dn("active")
        );
        rig.write("config.toml", 0o644, &text);
        rig.use_module(&crate::common::module());
        for path in [rig.directory.path(), rig.stack.path()] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("chmod");
        }
        rig
    }

    /// Makes this the module: a path, or the name of one that is installed.
    pub fn use_module(&self, module: &Path) {
        let module = module.display();
        let config = self.directory.path().join("config.toml");
        let config = config.display();
        let text = format!(
            "auth required {module} config={config}\naccount required {module} config={config}\n"
        );
        fs::write(self.stack.path().join(SERVICE), text).expect("a service file");
    }

    /// The directory of service files.
    pub fn services(&self) -> &Path {
        self.stack.path()
    }

    /// The auth phase.
    pub fn login(&self, (user, password): (&str, &str)) -> Login {
        let mut client = Client::start(&self.stack, SERVICE, user);
        client.answer(password);
        timed(|| client.authenticate(0))
    }

    /// The account phase alone, as sshd has it after a public key.
    pub fn account(&self, user: &str) -> Login {
        let mut client = Client::start(&self.stack, SERVICE, user);
        timed(|| client.acct_mgmt(0))
    }

    /// Writes a file beside the configuration.
    pub fn write(&self, name: &str, mode: u32, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("chmod");
        path
    }
}

/// The code of a call, and the time that it took.
pub fn timed(call: impl FnOnce() -> c_int) -> Login {
    let begin = Instant::now();
    let code = call();
    Login {
        code,
        took: begin.elapsed(),
    }
}

/// The URIs of proxies.
pub fn uris(proxies: &[Proxy]) -> Vec<String> {
    proxies.iter().map(Proxy::uri).collect()
}

pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
