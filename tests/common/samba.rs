//! A Samba domain controller: the Active Directory that this project can test against.
//!
//! One domain, `ad.example.com` with the one controller `dc1`, is provisioned for each test binary,
//! in an [`Enclosure`] and in memory; that takes four to eight seconds. `samba/seed.py` says who is in it.
//! Tests that change an account have one of their own there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::common::need;
use crate::common::slapd::certificates::make_certificates;
use crate::enclosure::Enclosure;

/// The suffix of the domain.
pub const BASE: &str = "DC=ad,DC=example,DC=com";
pub const ADMINISTRATOR_PASSWORD: &str = "Passw0rd.Admin1";
/// The service account.
pub const SERVICE_DN: &str = "CN=svc-linux,OU=Service Accounts,DC=ad,DC=example,DC=com";

/// LDAP, LDAP over TLS, the global catalog without and with TLS, and DNS.
const PORTS: [u16; 5] = [389, 636, 3268, 3269, 53];

/// The password of the account `name`; good enough for the domain's policy.
pub fn password_of(name: &str) -> String {
    format!("Secret.{name}.1")
}

/// The DN of a person.
pub fn person_dn(name: &str) -> String {
    format!("CN={name},OU=People,{BASE}")
}

/// The DN of a group.
pub fn group_dn(name: &str) -> String {
    format!("CN={name},OU=Groups,{BASE}")
}

/// The domain of this test binary.
pub struct Domain {
    enclosure: &'static Enclosure,
}

impl Domain {
    /// The domain, running; the calling thread is in its network from here on.
    pub fn enter() -> &'static Domain {
        // One that cannot be provisioned is not tried again by each test.
        static DOMAIN: OnceLock<Result<Domain, String>> = OnceLock::new();
        let domain = DOMAIN.get_or_init(Domain::start);
        let domain = domain.as_ref().unwrap_or_else(|why| panic!("{why}"));
        domain.enclosure.enter();
        domain
    }

    fn start() -> Result<Domain, String> {
        need("samba", "samba (Debian 12) or samba-ad-dc (Debian 13)");
        need(
            "samba-tool",
            "samba-common-bin samba-ad-provision samba-dsdb-modules samba-vfs-modules \
              python3-samba python3-markdown python3-cryptography",
        );
        let directory = TempDir::new().expect("a temporary directory");
        make_certificates(
            directory.path(),
            &["127.0.0.1", "dc1.ad.example.com", "dc2.ad.example.com"],
        );
        fs::write(
            directory.path().join("seed.py"),
            include_str!("samba/seed.py"),
        )
        .expect("a file");
        let script = include_str!("samba/start.sh");
        let script = format!("ADMINISTRATOR_PASSWORD={ADMINISTRATOR_PASSWORD}\n{script}");
        let enclosure = Enclosure::start(&script, directory, &PORTS)?;
        Ok(Domain {
            enclosure: enclosure.until_exit(),
        })
    }

    /// The certificate of the authority that signed the controller's.
    pub fn ca_file(&self) -> PathBuf {
        self.enclosure.path().join("ca.pem")
    }
}

/// The lines of an account, as its LDIF has them, with the attributes that tell its state.
pub fn entry(domain: &Domain, name: &str) -> String {
    let mut command = search(
        domain,
        "Administrator@ad.example.com",
        ADMINISTRATOR_PASSWORD,
    );
    command.args([&format!("(sAMAccountName={name})"), "userAccountControl"]);
    command.args(["accountExpires", "lockoutTime", "pwdLastSet"]);
    command.arg("msDS-User-Account-Control-Computed");
    let output = command.output().expect("ldapsearch runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

/// What a search of the whole domain brings, with the references as comments.
pub fn subtree(domain: &Domain, filter: &str) -> String {
    let mut command = search(
        domain,
        "Administrator@ad.example.com",
        ADMINISTRATOR_PASSWORD,
    );
    let output = command
        .args([filter, "1.1"])
        .output()
        .expect("ldapsearch runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the controller says to a bind that it refuses.
pub fn diagnostic(domain: &Domain, dn: &str, password: &str) -> String {
    let output = search(domain, dn, password)
        .output()
        .expect("ldapsearch runs");
    assert!(!output.status.success(), "{dn} may bind");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn search(domain: &Domain, dn: &str, password: &str) -> Command {
    let mut command = Command::new(need("ldapsearch", "ldap-utils"));
    command
        .env("LDAPTLS_CACERT", domain.ca_file())
        .args([
            "-x",
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-H",
            "ldaps://127.0.0.1",
        ])
        .args(["-b", BASE, "-D", dn, "-w", password]);
    command
}
