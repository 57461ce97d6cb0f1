//! Module configurations for the domain.

use std::ffi::c_int;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::login::auth;
use crate::common::sections;
use crate::samba::{BASE, Domain, SERVICE_DN, group_dn, password_of};

/// The controller, for this thread; and where this test's configurations are.
pub struct Site {
    domain: &'static Domain,
    directory: TempDir,
}

impl Site {
    /// Enters the network of the domain, which the first call provisions.
    pub fn enter() -> Site {
        Site {
            domain: Domain::enter(),
            directory: TempDir::new().expect("a temporary directory"),
        }
    }

    /// A patient module configuration for the domain. [`sections::with`] says what an override is.
    pub fn config(&self, overrides: &[(&str, &str)]) -> PathBuf {
        let text = sections::with(self.default_sections(), overrides);
        self.file("config.toml", &sections::patient(&text))
    }

    /// A new file that nobody else may read.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let number = fs::read_dir(self.path()).expect("a directory").count();
        let path = self.path().join(format!("{number}-{name}"));
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("chmod");
        path
    }

    /// The domain itself.
    pub fn domain(&self) -> &Domain {
        self.domain
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn default_sections(&self) -> Vec<(String, String)> {
        let password = self.file("bind-password", &password_of("svc-linux"));
        [
            ("server", "uris = [\"ldaps://127.0.0.1\"]".to_owned()),
            (
                "tls",
                format!("ca_file = \"{}\"", self.domain.ca_file().display()),
            ),
            ("bind", sections::bind(SERVICE_DN, &password)),
            (
                "user",
                format!(
                    "name_attribute = \"sAMAccountName\"\n\
                     search = [ {{ base = \"{BASE}\", scope = \"subtree\", \
                     filter = \"(&(objectCategory=person)(objectClass=user)\
                     (sAMAccountName={{user}}))\" }} ]"
                ),
            ),
            ("group", "type = \"active_directory\"".to_owned()),
            (
                "flags",
                format!(
                    "is_active = \"{}\"\nis_staff = \"{}\"",
                    group_dn("linux-users"),
                    group_dn("linux-staff")
                ),
            ),
            ("fallback", sections::ALL_DENY.to_owned()),
        ]
        .map(|(name, text)| (name.to_owned(), text))
        .into()
    }
}

/// The code of pam_authenticate(3) for this user with the right password.
pub fn auth_right(config: &Path, user: &str) -> c_int {
    auth(config, user, password_of(user))
}
