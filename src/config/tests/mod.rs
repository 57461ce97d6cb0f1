//! The configuration from outside: what is taken, what is refused, and with which words.

mod file;
mod hostile;
mod uri;
mod values;
mod wrong;

use std::path::Path;

use super::{Config, ConfigError, parse};

/// The least that is a configuration.
const MINIMAL: &str = r#"
[server]
uris = ["ldaps://ldap.example.com"]
[user]
dn_template = "uid={user},ou=users,dc=example,dc=com"
[flags]
is_active = "cn=active,ou=groups,dc=example,dc=com"
"#;

/// The example of the documentation.
const EXAMPLE: &str = include_str!("../../../tests/fixtures/example.toml");

/// What is required in place of a section that the test does not care for.
fn completed(text: &str) -> String {
    let mut completed = text.to_owned();
    for (start, section) in [
        ("[server", "[server]\nuris = [\"ldaps://a\"]\n"),
        (
            "[user]",
            "[user]\ndn_template = \"uid={user},dc=example\"\n",
        ),
        ("[flags", "[flags]\nis_active = \"cn=active,dc=example\"\n"),
    ] {
        if !text.contains(start) {
            completed.push_str(section);
        }
    }
    completed
}

/// A configuration that has to be right.
fn good(text: &str) -> Config {
    parsed(&completed(text)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The message about a wrong configuration, without the path.
fn message(text: &str) -> String {
    match parsed(text) {
        Ok(_) => panic!("this was accepted:\n{text}"),
        Err(error) => error.to_string().replacen("c.toml:", "", 1),
    }
}

fn parsed(text: &str) -> Result<Config, ConfigError> {
    parse(text, Path::new("c.toml"))
}
