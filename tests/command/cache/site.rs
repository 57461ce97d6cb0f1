//! A host on which logins have left something, and the command there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::common::directory;
use crate::common::login;
use crate::common::module;
use crate::common::pam::{Client, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::common::slapd::{Slapd, SlapdOptions, free_port};
use crate::fixture::{Answer, ask, harmless};
use crate::private_host::PrivateHost;
use crate::rsldapctl::run;

pub const RUN: &str = "/run/pam_rsldap";
pub const STATE: &str = "/var/lib/pam_rsldap";
pub const EVERYTHING: [(&str, &str); 3] = [
    ("cache", "groups = \"1h\""),
    ("offline", "credentials = true\nexpire = \"2d\""),
    ("services.sudo", "require = \"is_superuser\""),
];

/// A host and its directory.
pub struct Site {
    pub slapd: Slapd,
    pub config: PathBuf,
    pub dead: String,
}

/// Alice is granted sshd and refused sudo, carol is refused everywhere, bob is granted sshd; and
/// the first of two servers is down.
pub fn after_some_logins(body: impl FnOnce(&Site) + Send) {
    on_a_host(|site| {
        assert_eq!(site.auth("sudo", "alice"), PAM_PERM_DENIED);
        assert_eq!(site.auth("sshd", "alice"), PAM_SUCCESS);
        assert_eq!(site.auth("sshd", "bob"), PAM_SUCCESS);
        assert_eq!(site.auth("sshd", "carol"), PAM_PERM_DENIED);
        body(site);
    });
}

pub fn on_a_host(body: impl FnOnce(&Site) + Send) {
    let slapd = Slapd::start(&SlapdOptions {
        ldif: directory::standard().text().to_owned(),
        ..SlapdOptions::default()
    });
    PrivateHost::run(&module(), |_| {
        let dead = format!("ldap://127.0.0.1:{}", free_port());
        let config = configure(&slapd, &dead, &EVERYTHING);
        body(&Site {
            slapd,
            config,
            dead,
        });
    });
}

pub fn configure(slapd: &Slapd, dead: &str, sections: &[(&str, &str)]) -> PathBuf {
    let server = format!(
        "uris = [\"{dead}\", \"{}\"]\nretry_after = \"10m\"",
        slapd.uri()
    );
    let mut all = vec![("server", server.as_str())];
    all.extend(sections);
    slapd.config(&all)
}

impl Site {
    pub fn auth(&self, service: &str, user: &str) -> i32 {
        self.auth_with(service, user, &directory::password_of(user))
    }

    pub fn auth_with(&self, service: &str, user: &str, password: &str) -> i32 {
        let stack = login::stack(&self.config);
        let mut client = Client::start(&stack, service, user);
        client.answer(password);
        client.authenticate(0)
    }

    /// Changes nothing.
    pub fn list(&self, arguments: &[&str]) -> Answer {
        let before = files();
        let all = [&["cache", "list"], arguments].concat();
        let answer = ask(&self.config, &all, "");
        assert_eq!(files(), before, "{all:?}");
        self.without_secrets(&answer.text);
        self.without_secrets(&answer.json.to_string());
        answer
    }

    pub fn flush(&self, arguments: &[&str]) -> (i32, Value) {
        let all = [&["--json", "cache", "flush"], arguments].concat();
        let output = run(&self.config, &all, "");
        let text = harmless(&output, "");
        let code = output.status.code().expect("an exit status");
        (code, serde_json::from_str(&text).expect("JSON"))
    }

    /// Neither a salt nor a tag of any verifier, nor the value of an attribute.
    fn without_secrets(&self, text: &str) {
        assert!(!text.contains("@example.com"), "{text}");
        for file in files().iter().filter(|file| file.ends_with(".offline")) {
            let Ok(record) = fs::read_to_string(file) else {
                continue;
            };
            for line in record.lines().filter(|line| line.starts_with("argon2id")) {
                for word in line.split(' ').filter(|word| word.len() >= 16) {
                    assert!(!text.contains(word), "{word} in {text}");
                }
            }
        }
    }
}

/// All that is there but locks.
pub fn files() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for directory in [RUN, STATE] {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            found.insert(path.to_str().expect("UTF-8").to_owned());
        }
    }
    found.retain(|path| !path.ends_with(".lock") && !path.ends_with("machine.key"));
    found
}

pub fn users<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let all = list.as_array().expect("an array").iter();
    let mut names: Vec<_> = all.map(|one| one[key].as_str().unwrap_or("?")).collect();
    names.sort_unstable();
    names
}

/// `KIND USER`, for each.
pub fn things(list: &Value) -> Vec<String> {
    let all = list.as_array().expect("an array").iter();
    let words = |thing: &Value| {
        let word = |key: &str| thing[key].as_str().unwrap_or("?").to_owned();
        format!("{} {}", word("kind"), word("about"))
    };
    let mut words: Vec<_> = all.map(words).collect();
    words.sort_unstable();
    words
}

pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}
