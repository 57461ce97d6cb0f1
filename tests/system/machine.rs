//! The machine of these tests: a directory, accounts, the shipped stacks, the module installed.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::common::directory::{self, SERVICE_DN, SERVICE_PASSWORD};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::private_host::{Local, PrivateHost};

/// The accounts. Who is in which group of the directory is in `directory::standard`; dave is in
/// `/etc/passwd` alone, zoe in the directory alone. bob and carol have a local password besides
/// the one in the directory.
pub const ACCOUNTS: [(&str, u32, Local); 5] = [
    ("alice", 61001, Local::NoPassword),
    ("bob", 61002, Local::Password),
    ("carol", 61003, Local::Password),
    ("sue", 61004, Local::NoPassword),
    ("dave", 61005, Local::Password),
];

/// sudo would let everybody do everything; carol and, for one command, sue without a password.
const SUDOERS: &str = "\
Defaults lecture=never
root ALL=(ALL:ALL) ALL
alice, bob, sue, dave ALL=(ALL:ALL) ALL
sue ALL=(ALL:ALL) NOPASSWD: /bin/true
carol ALL=(ALL:ALL) NOPASSWD: ALL
";

/// A private host that is set up, and the directory that it asks.
pub struct Machine<'a> {
    pub host: &'a PrivateHost,
    pub slapd: &'a Slapd,
}

impl Machine<'_> {
    /// Sets everything up and calls `body`.
    pub fn run<T: Send>(body: impl FnOnce(&Machine) -> T + Send) -> T {
        let mut ldif = directory::standard();
        ldif.user("zoe", &[]);
        let options = SlapdOptions {
            ldif: ldif.text().to_owned(),
            ..SlapdOptions::default()
        };
        Machine::run_with(&options, body)
    }

    /// The same with another directory.
    pub fn run_with<T: Send>(options: &SlapdOptions, body: impl FnOnce(&Machine) -> T + Send) -> T {
        // The directory is another machine, as it were. It has to be started outside: all servers are
        // children of one thread, which would be in the view of the first test that starts one.
        let slapd = Slapd::start(options);
        PrivateHost::run(&crate::common::module(), |host| {
            let machine = Machine {
                host,
                slapd: &slapd,
            };
            machine.set_up();
            body(&machine)
        })
    }

    pub fn set_up(&self) {
        for (name, uid, local) in ACCOUNTS {
            self.host.add_user(name, uid, local);
        }
        for service in ["sshd", "sudo"] {
            let path = format!("/etc/pam.d/{service}");
            self.host.write(&path, 0o644, &shipped(service));
        }
        self.host.write("/etc/sudoers", 0o440, SUDOERS);
        self.host
            .write("/etc/pam_rsldap/bind-password", 0o600, SERVICE_PASSWORD);
        self.configure(&[]);
    }

    /// Writes the configuration: `[fallback]` as by default, sudo for superusers only.
    pub fn configure(&self, overrides: &[(&str, &str)]) {
        let bind =
            format!("dn = \"{SERVICE_DN}\"\npassword_file = \"/etc/pam_rsldap/bind-password\"");
        let mut sections = vec![
            ("bind", bind.as_str()),
            ("fallback", ""),
            ("services.sudo", "require = \"is_superuser\""),
        ];
        sections.extend(overrides);
        let text = self.slapd.config_text(&sections);
        self.host.write("/etc/pam_rsldap/config.toml", 0o644, &text);
    }

    /// A command that will run as the user.
    pub fn command_as(&self, user: &str, program: &str) -> Command {
        let (_, uid, _) = ACCOUNTS
            .into_iter()
            .find(|(name, _, _)| *name == user)
            .expect("a user of this machine");
        let mut command = Command::new(program);
        command.uid(uid).gid(uid).current_dir("/").env_clear().env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        command
    }

    /// Asserts that the module has logged one line for the decision, as documented.
    pub fn assert_logged(&self, from: usize, place: &str, user: &str, outcome: &str) {
        let head = format!("pam_rsldap({place}): user={user} ");
        let outcome = format!(" outcome={outcome} ");
        let line = self
            .host
            .find_in_log(from, &[&head, &outcome])
            .unwrap_or_else(|| {
                let lines = self.host.log();
                panic!(
                    "no line with {head:?} and {outcome:?}: {:#?}",
                    lines.get(from..)
                )
            });
        assert!(line.contains(" rhost=") && line.contains(" ms="), "{line}");
    }
}

/// The text of a file in `pam.d/`.
pub fn shipped(service: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("pam.d")
        .join(service);
    std::fs::read_to_string(path).expect("a shipped stack")
}
