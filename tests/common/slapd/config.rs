//! Module configurations for a server.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::super::directory::{self, SERVICE_DN, SERVICE_PASSWORD};
use super::super::sections;
use super::Slapd;

impl Slapd {
    /// A module configuration (mode 0600) for this server, in which every `[fallback]` is "deny"
    /// so that each outcome shows as its own code.
    ///
    /// [`sections::with`] says what an override is.
    pub fn config(&self, overrides: &[(&str, &str)]) -> PathBuf {
        let text = self.config_text(overrides);
        let number = self.configs.fetch_add(1, Ordering::Relaxed);
        self.file(&format!("config-{number}.toml"), 0o600, &text)
    }

    /// The text that [`Slapd::config`] writes.
    pub fn config_text(&self, overrides: &[(&str, &str)]) -> String {
        sections::with(self.default_sections(), overrides)
    }

    fn default_sections(&self) -> Vec<(String, String)> {
        let password = self.file("bind-password", 0o600, SERVICE_PASSWORD);
        let group = |name| directory::group_dn(name);
        [
            ("server", format!("uris = [\"{}\"]", self.uri())),
            ("bind", sections::bind(SERVICE_DN, &password)),
            ("user", sections::user()),
            (
                "user.attributes",
                "first_name = \"givenName\"\nlast_name = \"sn\"\nemail = \"mail\"".to_owned(),
            ),
            ("group", sections::group()),
            (
                "flags",
                format!(
                    "is_active = \"{}\"\nis_staff = \"{}\"\nis_superuser = \"{}\"",
                    group("active"),
                    group("staff"),
                    group("superuser")
                ),
            ),
            ("fallback", sections::ALL_DENY.to_owned()),
        ]
        .map(|(name, text)| (name.to_owned(), text))
        .into()
    }
}
