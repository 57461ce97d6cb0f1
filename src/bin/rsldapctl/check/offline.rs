//! What can be told from the files alone.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use pam_rsldap::config::{
    self, BindIdentity, BindSecret, Config, ConfigError, OnFailure, Scheme, ServerUri,
};
use pam_rsldap::transport::TlsClient;

use super::certificates;
use super::finding::{Finding, Places, Severity};

/// Why a mistake in the files matters: it is the same for all of them.
const NOBODY: &str =
    "every login ends as config_error, which [fallback] and config_error= turn into a return code";

/// A mistake that the parser has found.
pub fn mistake(error: &ConfigError) -> Finding {
    let (problem, fix) = match error.problem().split_once("; ") {
        Some((problem, fix)) => (problem, fix),
        None => (
            error.problem(),
            "correct it; the manual page of the configuration says what each key takes",
        ),
    };
    let what = match error.key() {
        "" => problem.to_owned(),
        key => format!("{key}: {problem}"),
    };
    let place = match error.position() {
        Some((line, column)) => format!("{}:{line}:{column}", error.path().display()),
        None => error.path().display().to_string(),
    };
    Finding::new(Severity::Error, "configuration", what)
        .at(place)
        .why(NOBODY)
        .fix(fix)
}

/// All of it, for a configuration that has no mistake in itself.
pub fn find(path: &Path, config: &Config, places: &Places) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(secret(config, places));
    found.extend(tls(config, places));
    found.extend(certificates::of_files(config, places));
    found.extend(directories(path, config));
    found.extend(not_verified(config, places));
    found.extend(cleartext(config, places));
    found.extend(refusal_ignored(config, places));
    found.extend(no_time_left(config, places));
    found
}

fn secret(config: &Config, places: &Places) -> Option<Finding> {
    let BindIdentity::Simple(_, BindSecret::File(path)) = &config.bind.as_who else {
        return None;
    };
    let error = config::read_secret(path).err()?;
    let finding = mistake(&error);
    let what = format!("{}: {}", path.display(), finding.what);
    Some(
        Finding::new(Severity::Error, "secret_file", what)
            .at(places.of_key("bind.password_file"))
            .why(NOBODY)
            .fix(finding.fix),
    )
}

fn tls(config: &Config, places: &Places) -> Option<Finding> {
    let problem = TlsClient::new(&config.tls).err()?;
    let keys = [
        "tls.ca_file",
        "tls.ca_dir",
        "tls.client_certificate",
        "tls.client_key",
    ];
    let key = keys.iter().find(|key| problem.starts_with(*key));
    let (what, fix) = match problem.split_once("; ") {
        Some((what, fix)) => (what.to_owned(), fix.to_owned()),
        None => (
            problem.clone(),
            "correct the path, or put a PEM file there".to_owned(),
        ),
    };
    Some(
        Finding::new(Severity::Error, "tls_file", what)
            .at(places.of_key(key.unwrap_or(&"tls")))
            .why(NOBODY)
            .fix(fix),
    )
}

/// Whoever may write in the directory of a file can put another one in its place.
fn directories(path: &Path, config: &Config) -> Vec<Finding> {
    let mut files = vec![path];
    if let BindIdentity::Simple(_, BindSecret::File(secret)) = &config.bind.as_who {
        files.push(secret);
    }
    files.extend(config.tls.ca_file.as_deref());
    if let Some(client) = &config.tls.client {
        files.extend([client.certificate.as_path(), client.key.as_path()]);
    }
    let mut found: Vec<Finding> = Vec::new();
    for directory in files.iter().filter_map(|file| file.parent()) {
        let Ok(facts) = fs::metadata(directory) else {
            continue;
        };
        let (mode, owner) = (facts.mode() & 0o7777, facts.uid());
        let sticky = mode & 0o1000 != 0;
        let shared = mode & 0o022 != 0 && !sticky;
        if !shared {
            continue;
        }
        let name = directory.display();
        let what = format!("{name} may be written by others (mode {mode:04o}, uid {owner})");
        Finding::new(Severity::Warning, "directory_writable", what)
            .at(name.to_string())
            .why("whoever may write there can put another file in place of one that decides logins")
            .fix(format!("chmod go-w {name}"))
            .add_to(&mut found);
    }
    found
}

fn not_verified(config: &Config, places: &Places) -> Option<Finding> {
    let encrypted = config.server.start_tls
        || config.server.srv_domain.is_some()
        || config
            .server
            .uris
            .iter()
            .any(|uri| uri.scheme() == Scheme::Ldaps);
    (!config.tls.verify && encrypted).then(|| {
        let what = "the certificates of the servers are not verified (tls.verify = false)";
        Finding::new(Severity::Warning, "not_verified", what)
            .at(places.of_key("tls.verify"))
            .why("whoever is on the way to a server can read passwords and let anybody in")
            .fix("set tls.ca_file to the authority's certificate and take the line out")
    })
}

fn cleartext(config: &Config, places: &Places) -> Vec<Finding> {
    let server = &config.server;
    let in_clear =
        |uri: &ServerUri| uri.scheme() == Scheme::Ldap && !uri.is_local() && !server.start_tls;
    let uris = server.uris.iter().enumerate();
    let found = uris.filter(|(_, uri)| in_clear(uri)).map(|(number, uri)| {
        let what = format!("passwords go to {uri} in clear (server.allow_cleartext = true)");
        Finding::new(Severity::Warning, "cleartext", what)
            .at(places.of_key(&format!("server.uris[{number}]")))
            .why("everybody on the way can read and use them")
            .fix("write ldaps://, or start_tls = true, and take allow_cleartext out")
    });
    found.collect()
}

fn refusal_ignored(config: &Config, places: &Places) -> Vec<Finding> {
    let phases = [
        ("fallback", config.fallback.auth),
        ("fallback.account", config.fallback.account),
    ];
    let mut found = Vec::new();
    for (table, rules) in phases {
        for (key, rule) in [("refused", rules.refused), ("expired", rules.expired)] {
            let key = format!("{table}.{key}");
            if rule != OnFailure::Ignore || !places.has(&key) {
                continue;
            }
            let what =
                format!("{key} = \"ignore\": a user whom the directory refuses may still get in");
            Finding::new(Severity::Warning, "refusal_ignored", what)
                .at(places.of_key(&key))
                .why("the rest of the stack decides then, and does not know why the directory said no")
                .fix(format!("write {key} = \"deny\", or take the line out"))
                .add_to(&mut found);
        }
    }
    found
}

/// A first server that does not answer must leave time for the second.
fn no_time_left(config: &Config, places: &Places) -> Option<Finding> {
    let server = &config.server;
    let late = server.uris.len() > 1 && server.connect_timeout >= server.deadline;
    late.then(|| {
        let what = format!(
            "server.connect_timeout ({:?}) leaves nothing of server.deadline ({:?}) for a second server",
            server.connect_timeout, server.deadline
        );
        Finding::new(Severity::Warning, "no_time_for_second_server", what)
            .at(places.of_key("server.connect_timeout"))
            .why("while the first server is silent, logins fail though the others are there")
            .fix("make connect_timeout a part of deadline: 3s of 8s, as is the default")
    })
}
