//! The outcomes, each produced for real.
//!
//! `expired` and `must_change` are not among them: the suites slapd and system have them, from a server
//! with a password policy.

use std::ffi::c_int;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::directory::{GROUPS, Ldif, group_dn, password_of, user_dn};
use crate::common::pam::{Client, Stack};
use crate::common::slapd::{Lease, Pool, Slapd, SlapdOptions, Watch, free_port};
use crate::shipped::{Line, rewrite};

/// The directory of these tests: one user, who is active and not staff.
pub static DIRECTORY: Pool = Pool::new(directory);

fn directory() -> SlapdOptions {
    let mut ldif = Ldif::tree();
    ldif.user(&user(), &[("givenName", "Ann")]);
    ldif.group("active", &[&user_dn(&user())]);
    ldif.group("staff", &["cn=nobody-of-these"]);
    SlapdOptions {
        ldif: ldif.text().to_owned(),
        ..SlapdOptions::default()
    }
}

/// The user of all scenarios: an account of this host, so that pam_unix and pam_faillock know it.
/// Not root, whom the module never looks up.
pub fn user() -> String {
    // SAFETY: geteuid(2) and getpwuid(3); the name is copied at once, and the tests of this binary
    // ask for no other account.
    let name = unsafe {
        match libc::geteuid() {
            0 => return "nobody".to_owned(),
            uid => libc::getpwuid(uid),
        }
    };
    assert!(
        !name.is_null(),
        "the user who runs the tests has no account"
    );
    // SAFETY: as above; pw_name is a NUL-terminated string.
    let name = unsafe { std::ffi::CStr::from_ptr((*name).pw_name) };
    name.to_str().expect("a UTF-8 name").to_owned()
}

/// One way for a phase to end, and how to make it happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    Granted,
    Exempt,
    UnknownUser,
    BadPassword,
    Refused,
    Unavailable,
    ConfigError,
    /// Not an outcome: the file of the module is gone.
    NoModule,
}

impl Scenario {
    pub const ALL: [Scenario; 8] = [
        Scenario::Granted,
        Scenario::Exempt,
        Scenario::UnknownUser,
        Scenario::BadPassword,
        Scenario::Refused,
        Scenario::Unavailable,
        Scenario::ConfigError,
        Scenario::NoModule,
    ];

    /// The word in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Granted => "granted",
            Scenario::Exempt => "exempt",
            Scenario::UnknownUser => "unknown_user",
            Scenario::BadPassword => "bad_password",
            Scenario::Refused => "refused",
            Scenario::Unavailable => "unavailable",
            Scenario::ConfigError => "config_error",
            Scenario::NoModule => "(no module)",
        }
    }

    /// What the user types.
    pub fn password(self) -> String {
        match self {
            Scenario::BadPassword => "not-the-password".to_owned(),
            _ => password_of(&user()),
        }
    }

    /// The configuration, with these sections changed too.
    pub fn config(self, slapd: &Slapd, more: &[(&str, &str)]) -> PathBuf {
        let exempt = format!("exempt = [\"root\", \"{}\"]", user());
        // No group has an entry that is a user.
        let elsewhere = format!(
            "search = [ {{ base = \"{GROUPS}\", scope = \"subtree\", filter = \"(uid={{user}})\" }} ]"
        );
        let staff_only = format!("is_active = \"{}\"", group_dn("staff"));
        let closed_port = format!("uris = [\"ldap://127.0.0.1:{}\"]", free_port());
        // Whoever runs the tests may have a small uid.
        let mut sections = vec![];
        match self {
            Scenario::Granted | Scenario::BadPassword | Scenario::NoModule => {}
            Scenario::Exempt => sections.push(("+user", exempt.as_str())),
            Scenario::UnknownUser => sections.push(("user", elsewhere.as_str())),
            Scenario::Refused => sections.push(("flags", staff_only.as_str())),
            Scenario::Unavailable => sections.push(("server", closed_port.as_str())),
            Scenario::ConfigError => sections.push(("no_such_section", "key = 1")),
        }
        sections.push(("+user", "min_uid = 1"));
        sections.extend_from_slice(more);
        slapd.config(&sections)
    }
}

/// A server, and a directory of service files whose `CONFIG` belongs to a scenario. `[fallback]` is
/// absent from the configuration: the defaults hold.
pub struct Setting {
    pub slapd: Lease,
    pub stack: Stack,
}

impl Setting {
    pub fn new(scenario: Scenario) -> Setting {
        Setting::with(scenario, &[("fallback", "")])
    }

    /// As [`Setting::new`] with these sections changed, but every `[fallback]` at "deny".
    pub fn with(scenario: Scenario, more: &[(&str, &str)]) -> Setting {
        let slapd = DIRECTORY.lease();
        wait_until_it_listens(&slapd);
        let stack = Stack::with_config(scenario.config(&slapd, more));
        Setting { slapd, stack }
    }

    /// The scenario, and one line of the module whose exact code the application gets.
    pub fn probe(scenario: Scenario, arguments: &str) -> Setting {
        let setting = Setting::new(scenario);
        setting.stack.service("probe", &probe(arguments));
        setting
    }

    /// From here on every operation counts.
    pub fn watch(&self) -> Watch<'_> {
        wait_until_it_is_idle(&self.slapd);
        self.slapd.watch()
    }

    pub fn client(&self, service: &str) -> Client {
        Client::start(&self.stack, service, user())
    }
}

/// slapd says that it is starting a moment before it listens.
fn wait_until_it_listens(slapd: &Slapd) {
    let end = Instant::now() + Duration::from_secs(5);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, slapd.port())).is_err() {
        assert!(Instant::now() < end, "slapd does not listen");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The end of a connection is logged by another thread, a moment later: that line is not to be
/// taken for traffic of what comes next.
fn wait_until_it_is_idle(slapd: &Slapd) {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let log = slapd.log();
        let begun = log.matches(" ACCEPT from ").count();
        let ended = log.lines().filter(|l| l.contains(" closed")).count();
        if begun > 0 && begun == ended {
            return;
        }
        assert!(Instant::now() < end, "{begun} connections, {ended} closed");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A stack that hands the module's own code through: `default=ok` makes every code the result,
/// PAM_IGNORE too.
pub fn probe(arguments: &str) -> String {
    ["auth", "account", "session", "password"]
        .map(|facility| {
            format!("{facility} [default=ok] pam_rsldap.so config=CONFIG {arguments}\n")
        })
        .concat()
}

/// What pam_debug answers in the place of pam_unix.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    pub auth: &'static str,
    pub account: &'static str,
}

/// The local password is right.
pub const RIGHT: Local = Local {
    auth: "success",
    account: "success",
};
/// The local password is wrong.
pub const WRONG: Local = Local {
    auth: "auth_err",
    account: "success",
};

/// The shipped stack with our configuration, a module in the place of pam_unix that answers
/// what `local` says, and counters of pam_faillock in the directory `tally`.
pub fn staged(text: &str, scenario: Scenario, local: Local, tally: &str) -> String {
    rewrite(text, |line| {
        Some(match line.module.as_str() {
            "pam_rsldap.so" if scenario == Scenario::NoModule => {
                "/nonexistent/pam_gone.so".to_owned()
            }
            "pam_rsldap.so" => "pam_rsldap.so config=CONFIG".to_owned(),
            "pam_unix.so" => format!("pam_debug.so auth={} acct={}", local.auth, local.account),
            "pam_faillock.so" => faillock(line, tally),
            _ => return None,
        })
    })
}

/// The line of pam_faillock with counters of its own.
pub fn faillock(line: &Line, tally: &str) -> String {
    format!(
        "pam_faillock.so {} dir={tally} deny=3 unlock_time=600",
        line.arguments
    )
}

/// The code of the auth phase of a probe.
pub fn auth(setting: &Setting, password: &str) -> c_int {
    let mut client = setting.client("probe");
    client.answer(password);
    client.authenticate(0)
}
