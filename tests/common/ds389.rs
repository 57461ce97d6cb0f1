//! A 389 Directory Server.
//!
//! One instance is made for each test binary, in an [`Enclosure`] and in memory; that takes four to ten
//! seconds. The suite says what is in it; tests that change an account have one of their own.

use std::path::PathBuf;
use std::process::Command;
use std::{fs, thread};

use tempfile::TempDir;

use crate::common::need;
use crate::common::slapd::certificates::make_certificates;
use crate::enclosure::Enclosure;

/// Who may do everything, cn=config too.
pub const MANAGER_DN: &str = "cn=Directory Manager";
pub const MANAGER_PASSWORD: &str = "manager-secret";

/// LDAP, and LDAP over TLS.
const PORTS: [u16; 2] = [389, 636];

/// The instance of this test binary.
pub struct Ds389 {
    enclosure: &'static Enclosure,
}

impl Ds389 {
    /// Makes an instance with the suffix `dc=example,dc=com` and the sample entries of
    /// dscreate(8), starts it, and has the
    /// manager carry out `ldif`: entries to add, and changes.
    ///
    /// # Errors
    /// There is no server: what it said.
    pub fn start(ldif: &str) -> Result<Ds389, String> {
        need("ns-slapd", "389-ds-base");
        need("dscreate", "389-ds-base");
        need("pk12util", "libnss3-tools");
        need("openssl", "openssl");
        let directory = TempDir::new().expect("a temporary directory");
        make_certificates(
            directory.path(),
            &["127.0.0.1", "ldap1.example.com", "ldap2.example.com"],
        );
        let script = include_str!("ds389/start.sh");
        let script = format!("MANAGER_PASSWORD={MANAGER_PASSWORD}\n{script}");
        let enclosure = Enclosure::start(&script, directory, &PORTS)?;
        let server = Ds389 {
            enclosure: enclosure.until_exit(),
        };
        // The thread that changes things stays in the network, so it is one of its own.
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                server.enter();
                server.change(ldif);
            });
            inside
                .join()
                .map_err(|_| "the directory is not filled".to_owned())
        })?;
        Ok(server)
    }

    /// Puts the calling thread into the network of the server.
    pub fn enter(&self) {
        self.enclosure.enter();
    }

    /// The manager carries out a text in LDIF. For threads that have entered.
    pub fn change(&self, ldif: &str) {
        let path = self.enclosure.path().join("change.ldif");
        fs::write(&path, ldif).expect("a file");
        let output = Command::new(need("ldapmodify", "ldap-utils"))
            .args(["-a", "-x", "-H", "ldap://127.0.0.1", "-D", MANAGER_DN])
            .args(["-w", MANAGER_PASSWORD, "-f"])
            .arg(path)
            .output()
            .expect("ldapmodify runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let done = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "ldapmodify: {done}\n{said}");
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.enclosure.path().join("ca.pem")
    }
}
