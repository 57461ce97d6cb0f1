//! A module configuration, put together from sections.

use std::path::Path;

use super::directory::{GROUPS, USERS};

/// The text of a configuration with these sections, changed by the overrides.
///
/// An override `("section", text)` replaces the section's lines, or removes it where the text is
/// empty; `("+section", text)` appends lines to the section, or makes it.
pub fn with(mut sections: Vec<(String, String)>, overrides: &[(&str, &str)]) -> String {
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

/// Every `[fallback]` as "deny", so that each outcome shows as its own code.
pub const ALL_DENY: &str = "unavailable = \"deny\"\nunknown_user = \"deny\"\nbad_password = \"deny\"\n\
                            config_error = \"deny\"\nrefused = \"deny\"\nexpired = \"deny\"";

/// `[bind]`: the service account.
pub fn bind(dn: &str, password_file: &Path) -> String {
    let password_file = password_file.display();
    format!("dn = \"{dn}\"\npassword_file = \"{password_file}\"")
}

/// `[user]` of the small directory.
pub fn user() -> String {
    format!(
        "search = [ {{ base = \"{USERS}\", scope = \"subtree\", filter = \"(uid={{user}})\" }} ]"
    )
}

/// `[group]` of the small directory.
pub fn group() -> String {
    format!(
        "type = \"group_of_names\"\nsearch = [ {{ base = \"{GROUPS}\", scope = \"subtree\", \
         filter = \"(objectClass=groupOfNames)\" }} ]"
    )
}

/// The same configuration with the patience that a machine needs that has much else to do.
pub fn patient(text: &str) -> String {
    text.replace(
        "[server]\n",
        "[server]\nconnect_timeout = \"15s\"\noperation_timeout = \"15s\"\ndeadline = \"40s\"\n",
    )
}
