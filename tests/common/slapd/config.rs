//! Module configurations for a server.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::super::directory::{self, GROUPS, SERVICE_DN, SERVICE_PASSWORD, USERS};
use super::Slapd;

impl Slapd {
    /// A module configuration (mode 0600) for this server, in which every `[fallback]` is "deny"
    /// so that each outcome shows as its own code.
    ///
    /// An override `("section", text)` replaces the section's lines, or removes it where the text
    /// is empty; `("+section", text)` appends lines to the section, or makes it.
    pub fn config(&self, overrides: &[(&str, &str)]) -> PathBuf {
        let text = self.config_text(overrides);
        let number = self.configs.fetch_add(1, Ordering::Relaxed);
        self.file(&format!("config-{number}.toml"), 0o600, &text)
    }

    /// The text that [`Slapd::config`] writes.
    pub fn config_text(&self, overrides: &[(&str, &str)]) -> String {
        let mut sections = self.default_sections();
        for (name, text) in overrides {
            let (name, append) = name
                .strip_prefix('+')
                .map_or((*name, false), |name| (name, true));
            let place = match sections.iter().position(|(section, _)| section == name) {
                Some(place) => place,
                None => {
                    sections.push((name.to_owned(), String::new()));
                    sections.len() - 1
                }
            };
            let lines = &mut sections[place].1;
            if append {
                lines.push('\n');
                lines.push_str(text);
            } else {
                *lines = (*text).to_owned();
            }
        }
        // Without down markers, unless a test is about them: the next test may have a server on the
        // same port.
        for (_, text) in sections.iter_mut().filter(|(name, _)| name == "server") {
            if !text.contains("retry_after") {
                text.push_str("\nretry_after = \"0s\"");
            }
        }
        sections.retain(|(_, text)| !text.is_empty());
        sections
            .iter()
            .map(|(name, text)| format!("[{name}]\n{text}\n\n"))
            .collect()
    }

    fn default_sections(&self) -> Vec<(String, String)> {
        let password = self.file("bind-password", 0o600, SERVICE_PASSWORD);
        let group = |name| directory::group_dn(name);
        let deny = "unavailable = \"deny\"\nunknown_user = \"deny\"\nbad_password = \"deny\"\n\
                    config_error = \"deny\"\nrefused = \"deny\"\nexpired = \"deny\"";
        [
            ("server", format!("uris = [\"{}\"]", self.uri())),
            (
                "bind",
                format!(
                    "dn = \"{SERVICE_DN}\"\npassword_file = \"{}\"",
                    password.display()
                ),
            ),
            (
                "user",
                format!(
                    "search = [ {{ base = \"{USERS}\", scope = \"subtree\", \
                     filter = \"(uid={{user}})\" }} ]"
                ),
            ),
            (
                "user.attributes",
                "first_name = \"givenName\"\nlast_name = \"sn\"\nemail = \"mail\"".to_owned(),
            ),
            (
                "group",
                format!(
                    "type = \"group_of_names\"\nsearch = [ {{ base = \"{GROUPS}\", \
                     scope = \"subtree\", filter = \"(objectClass=groupOfNames)\" }} ]"
                ),
            ),
            (
                "flags",
                format!(
                    "is_active = \"{}\"\nis_staff = \"{}\"\nis_superuser = \"{}\"",
                    group("active"),
                    group("staff"),
                    group("superuser")
                ),
            ),
            ("fallback", deny.to_owned()),
        ]
        .map(|(name, text)| (name.to_owned(), text))
        .into()
    }
}
