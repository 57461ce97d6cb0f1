//! Runs of every command, in as many situations as it has shapes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cache::site::{RUN, Site, after_some_logins, files};
use crate::common::directory::{group_dn, password_of};
use crate::rsldapctl::run;

/// What the command says, by the name of its section in the manual page.
pub type Seen = BTreeMap<&'static str, Vec<Value>>;

/// The same configuration, asked over TLS.
fn over_tls(site: &Site) -> String {
    let config = fs::read_to_string(&site.config).expect("a configuration");
    let ca = site.slapd.ca_file();
    let config = config.replace(&site.slapd.uri(), &site.slapd.ldaps_uri());
    let text = format!("{config}\n[tls]\nca_file = \"{}\"\n", ca.display());
    let file = site.slapd.file("tls.toml", 0o600, &text);
    file.to_str().expect("UTF-8").to_owned()
}

/// Runs everything.
pub fn all() -> Seen {
    let mut seen = Seen::new();
    after_some_logins(|site| {
        let tls = over_tls(site);
        fs::write("/etc/pam.d/sshd", include_str!("../../../pam.d/sshd")).expect("a stack");
        fs::write(format!("{RUN}/damaged"), "nothing").expect("a file");
        let mut ask = |section, config: &Path, arguments: &[&str], stdin: &str| {
            let output = run(config, &[&["--json"], arguments].concat(), stdin);
            let said = serde_json::from_slice(&output.stdout);
            let said = said.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"));
            seen.entry(section).or_default().push(said);
        };
        let missing = site.slapd.file("wrong.toml", 0o600, &wrong(site));
        for config in [Path::new(&tls), &site.config, &missing] {
            ask("check", config, &["check"], "");
            ask("status", config, &["status"], "");
            ask("cache list", config, &["cache", "list"], "");
            for user in ["alice", "bob", "carol", "root", "nobody-here", ""] {
                ask("explain", config, &["explain", user], "");
                let arguments = ["explain", user, "--service", "sudo", "--password-stdin"];
                ask("explain", config, &arguments, &password_of("alice"));
            }
            ask("stack", config, &["stack", "sshd"], "");
            ask("keys", config, &["keys", "alice"], "");
        }
        site.slapd.stop();
        for user in ["alice", "carol"] {
            ask("explain", &site.config, &["explain", user], "");
        }
        let mut caches = files().into_iter().filter(|path| path.ends_with(".cache"));
        let cache = caches.next().expect("a cache");
        fs::remove_file(&cache)
            .and_then(|()| fs::create_dir(&cache))
            .expect("a directory");
        ask("cache flush", &site.config, &["cache", "flush"], "");
        ask("completions", &site.config, &["completions", "bash"], "");
        for file in ["ldap_config.py", "nslcd.conf"] {
            let file = format!("{}/tests/import/files/{file}", env!("CARGO_MANIFEST_DIR"));
            ask("import", &site.config, &["import", &file], "");
        }
    });
    seen
}

/// A group that is not there, below `deny`.
fn wrong(site: &Site) -> String {
    let config = fs::read_to_string(&site.config).expect("a configuration");
    format!(
        "{config}\n[access]\ndeny = {{ not = \"{}\" }}\n",
        group_dn("missing")
    )
}
