//! The configuration files in `conf/` and the manual page say what the parser does.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use pam_rsldap::config::{self, Config};

/// Every key that an administrator may rely on, with its table.
const KEYS: &[&str] = &[
    "server.uris",
    "server.srv_domain",
    "server.start_tls",
    "server.allow_cleartext",
    "server.connect_timeout",
    "server.operation_timeout",
    "server.deadline",
    "server.retry_after",
    "tls.verify",
    "tls.ca_file",
    "tls.ca_dir",
    "tls.client_certificate",
    "tls.client_key",
    "bind.dn",
    "bind.password_file",
    "bind.password",
    "bind.mechanism",
    "bind.as_user",
    "user.dn_template",
    "user.search",
    "user.name_attribute",
    "user.canonical_name",
    "user.min_uid",
    "user.exempt",
    "user.attributes.first_name",
    "group.type",
    "group.member_attribute",
    "group.name_attribute",
    "group.nested",
    "group.search",
    "flags.is_active",
    "flags.is_staff",
    "flags.is_superuser",
    "access.require",
    "access.deny",
    "access.account_state",
    "access.host_attribute",
    "access.service_attribute",
    "services.sudo.require",
    "session.environment",
    "session.local_groups.adm",
    "session.mirror_groups.mode",
    "session.mirror_groups.names",
    "session.mirror_groups.min_gid",
    "cache.groups",
    "offline.credentials",
    "offline.expire",
    "password.change",
    "password.prohibit_message",
    "fallback.unavailable",
    "fallback.unknown_user",
    "fallback.bad_password",
    "fallback.config_error",
    "fallback.refused",
    "fallback.expired",
    "fallback.account.unavailable",
    "fallback.account.unknown_user",
    "fallback.account.bad_password",
    "fallback.account.config_error",
    "fallback.account.refused",
    "fallback.account.expired",
    "log.level",
    "log.facility",
    "log.file",
    "log.max_bytes",
    "log.backups",
];

/// Only what is required, with the values that `conf/config.toml` has for it.
const REQUIRED_ONLY: &str = r#"
[server]
uris = ["ldaps://ldap1.example.com", "ldaps://ldap2.example.com"]
[user]
search = [{ base = "ou=users,dc=example,dc=com", scope = "subtree", filter = "(uid={user})" }]
[flags]
is_active = "cn=active,ou=groups,dc=example,dc=com"
"#;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap()
}

fn parsed(text: &str) -> Config {
    config::parse(text, Path::new("test.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A `[table]` header or the left side of `key = value`; prose is neither.
fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    (!name.is_empty() && !name.contains([' ', '[', '"'])).then_some(name)
}

fn key(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(" = ")?;
    let fits = |c: char| c.is_ascii_lowercase() || c == '_';
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

/// The line without the `# ` of a commented-out key or header.
fn example(line: &str) -> Option<&str> {
    let line = line.strip_prefix("# ")?;
    (header(line).is_some() || key(line).is_some()).then_some(line)
}

/// `table.key` for each key of the file, in use or commented out.
fn keys_in(text: &str) -> BTreeSet<String> {
    let mut table = String::new();
    let mut keys = BTreeSet::new();
    for line in text.lines() {
        let line = example(line).unwrap_or(line);
        if let Some(name) = header(line) {
            table = name.to_owned();
        } else if let Some(name) = key(line) {
            keys.insert(format!("{table}.{name}"));
        }
    }
    keys
}

fn with_examples(paragraph: &str) -> String {
    paragraph
        .lines()
        .map(|line| example(line).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The paragraphs of `conf/config.toml`. The examples are put to use, but for
/// `bind.password`, which does not go together with `bind.password_file`.
fn paragraphs_with_examples_in_use() -> Vec<String> {
    read("conf/config.toml")
        .split("\n\n")
        .map(|paragraph| {
            // Each of these stands in place of another key.
            let instead = ["# password = ", "# srv_domain = "];
            if instead.iter().any(|example| paragraph.contains(example)) {
                paragraph.to_owned()
            } else {
                with_examples(paragraph)
            }
        })
        .collect()
}

fn assert_same(what: &str, left: &impl Debug, right: &impl Debug) {
    assert_eq!(format!("{left:#?}"), format!("{right:#?}"), "{what}");
}

#[test]
fn every_shipped_configuration_parses() {
    let mut seen = Vec::new();
    for entry in fs::read_dir(project("conf")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let text = fs::read_to_string(&path).unwrap();
            if let Err(error) = config::parse(&text, &path) {
                panic!("{}: {error}", path.display());
            }
            seen.push(path.file_name().unwrap().to_owned());
        }
    }
    seen.sort();
    assert_eq!(
        seen,
        [
            "389-ds.toml",
            "active-directory.toml",
            "config.toml",
            "minimal.toml"
        ]
    );
}

#[test]
fn the_commented_configuration_shows_the_defaults() {
    let shown = parsed(&read("conf/config.toml"));
    let default = parsed(REQUIRED_ONLY);
    assert_same("server", &shown.server, &default.server);
    assert_same("tls", &shown.tls, &default.tls);
    assert_same("bind", &shown.bind, &default.bind);
    assert_same("user", &shown.user, &default.user);
    assert_same("group", &shown.group, &default.group);
    assert_same("everything", &shown, &default);
}

#[test]
fn the_minimal_configuration_adds_only_a_service_account() {
    let minimal = parsed(&read("conf/minimal.toml"));
    let mut default = parsed(REQUIRED_ONLY);
    default.bind = minimal.bind.clone();
    assert_same("minimal.toml", &minimal, &default);
}

#[test]
fn every_key_is_in_the_commented_configuration() {
    let written = keys_in(&read("conf/config.toml"));
    for key in KEYS {
        assert!(
            written.contains(*key),
            "{key} is missing in conf/config.toml"
        );
    }
}

#[test]
fn the_commented_configuration_has_no_key_that_does_not_exist() {
    let examples = [
        "user.attributes.",
        "services.",
        "session.local_groups.",
        "flags.",
    ];
    for key in keys_in(&read("conf/config.toml")) {
        let known = KEYS.iter().any(|known| *known == key);
        assert!(
            known || examples.iter().any(|table| key.starts_with(table)),
            "{key}"
        );
    }
}

#[test]
fn every_key_is_in_the_manual_page() {
    let page = read("man/pam_rsldap.toml.5");
    for key in KEYS {
        let named = page.lines().any(|line| {
            line.strip_prefix(".It Cm ").is_some_and(|rest| {
                rest.split_whitespace()
                    .next()
                    .is_some_and(|word| word == *key)
            })
        });
        let example = [
            "user.attributes.",
            "services.",
            "session.local_groups.",
            "flags.is_s",
        ]
        .iter()
        .any(|table| key.starts_with(table));
        assert!(
            named || example,
            "{key} is missing in man/pam_rsldap.toml.5"
        );
    }
}

/// What stands between lines that begin with `start` and `end`, and begins with a table.
fn examples(text: &str, start: &str, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while lines.any(|line| line.starts_with(start)) {
        let example: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        if example.first().is_some_and(|line| line.starts_with('[')) {
            found.push(example.join("\n"));
        }
    }
    found
}

#[test]
fn the_example_of_the_readme_parses() {
    let examples = examples(&read("README.md"), "```toml", "```");
    assert_eq!(examples.len(), 1);
    for example in examples {
        let config = parsed(&example);
        assert_eq!(config.services.len(), 2);
    }
}

#[test]
fn the_examples_of_the_manual_page_parse() {
    let examples = examples(&read("man/pam_rsldap.toml.5"), ".Bd -literal", ".Ed");
    assert_eq!(examples.len(), 2);
    let (shortest, second) = (parsed(&examples[0]), &examples[1]);
    assert_same(
        "the shortest",
        &shortest,
        &parsed(&read("conf/minimal.toml")),
    );
    parsed(&format!(
        "[server]\nuris = [\"ldaps://ldap1.example.com\"]\n{second}"
    ));
}

#[test]
fn every_example_of_a_key_parses() {
    let text = paragraphs_with_examples_in_use().join("\n\n");
    let by_dns = text
        .replace("\n# srv_domain = ", "\nsrv_domain = ")
        .replace("\nuris = ", "\n# uris = ");
    let domain = parsed(&by_dns).server.srv_domain;
    assert_eq!(domain.as_deref(), Some("example.com"));
    let config = parsed(&text);
    assert_eq!(config.flags.len(), 3);
    assert_eq!(config.services.len(), 5);
    assert_eq!(config.user.attributes.len(), 3);
    assert!(config.access.require.is_some() && config.access.deny.is_some());
}
