//! What can be told from the files alone.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pam_rsldap::config::{
    self, BindIdentity, BindSecret, Config, ConfigError, OnFailure, Scheme, ServerUri,
};
use pam_rsldap::sys::effective_uid;
use pam_rsldap::transport::TlsClient;

use super::finding::{Finding, Places, Severity};
use super::{certificates, services};

/// Why a mistake in the files matters: it is the same for all of them.
const NOBODY: &str = "every login ends as config_error: nobody gets in by the directory";

/// The same for what this user may not read, which says nothing about root.
const NOBODY_AS_THIS_USER: &str = "services that run as this user end every login as config_error; \
     what those of root's get is for root to check";

fn why(problem: &str) -> &'static str {
    let barred = problem.contains(" may not read this file");
    if barred && effective_uid() != 0 {
        NOBODY_AS_THIS_USER
    } else {
        NOBODY
    }
}

/// A mistake that the parser has found.
pub fn mistake(error: &ConfigError) -> Finding {
    let (problem, fix) = match error.problem().split_once("; ") {
        Some((problem, fix)) => (problem, fix),
        None if error.key().is_empty() => (
            error.problem(),
            "correct this line: KEY = VALUE, and text in quotes (https://toml.io)",
        ),
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
        .why(why(error.problem()))
        .fix(fix)
}

/// All of it, for a configuration that has no mistake in itself.
pub fn find(path: &Path, config: &Config, places: &Places) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(secret(config, places));
    found.extend(tls(config, places));
    found.extend(certificates::of_files(config, places));
    found.extend(writable(path, config));
    found.extend(not_verified(config, places));
    found.extend(cleartext(config, places));
    found.extend(refusal_ignored(config, places));
    found.extend(no_time_left(config, places));
    found.extend(services::unknown(config, places));
    found
}

fn secret(config: &Config, places: &Places) -> Option<Finding> {
    let BindIdentity::Simple(_, BindSecret::File(path)) = &config.bind.as_who else {
        return None;
    };
    let finding = match config::read_secret(path) {
        Ok(password) => odd(password.expose())?,
        Err(error) => mistake(&error),
    };
    let what = format!("{}: {}", path.display(), finding.what);
    let place = places.of_key("bind.password_file");
    Some(Finding {
        id: "secret_file",
        what,
        ..finding.at(place)
    })
}

/// What is no mistake in a password, and is hardly ever meant.
fn odd(password: &str) -> Option<Finding> {
    let what = if password.contains(['\n', '\r']) {
        "more than one line, and all of them are the password"
    } else if password.starts_with('\u{feff}') {
        "the password begins with a byte order mark"
    } else if password.trim() != password {
        "the password begins or ends with white space"
    } else {
        return None;
    };
    let finding = Finding::new(Severity::Warning, "secret_file", what);
    Some(
        finding
            .why("a password that is not quite the right one is refused")
            .fix("write the password into it and nothing else: one line"),
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
            .why(why(&problem))
            .fix(fix),
    )
}

/// Whoever may write a file that decides logins, or a directory on the way to it, decides them. The
/// files that [`config`] reads have been looked at there.
fn writable(path: &Path, config: &Config) -> Vec<Finding> {
    let tls = &config.tls;
    let mut read_safely = vec![path];
    let mut others = Vec::new();
    if let BindIdentity::Simple(_, BindSecret::File(secret)) = &config.bind.as_who {
        read_safely.push(secret);
    }
    let authorities = files_of(tls.ca_dir.as_deref());
    if tls.verify {
        let paths = tls.ca_file.iter().chain(&tls.ca_dir).chain(&authorities);
        others.extend(paths);
    }
    if let Some(client) = &tls.client {
        read_safely.push(&client.key);
        others.push(&client.certificate);
    }
    // What is not there is another finding.
    let real = |path: &Path| path.canonicalize().ok();
    let parent = |path: &Path| real(path)?.parent().map(Path::to_owned);
    let places = read_safely.into_iter().filter_map(parent);
    let places: Vec<PathBuf> = places
        .chain(others.into_iter().filter_map(|path| real(path)))
        .collect();
    let mut found = Vec::new();
    for place in places.iter().flat_map(|place| place.ancestors()) {
        if let Some(finding) = writable_by_others(place) {
            finding.add_to(&mut found);
        }
    }
    found
}

/// The files of `tls.ca_dir`, where the links in it lead.
pub fn files_of(directory: Option<&Path>) -> Vec<PathBuf> {
    let entries = directory.and_then(|directory| fs::read_dir(directory).ok());
    let paths = entries.into_iter().flatten();
    let mut files: Vec<_> = paths
        .filter_map(|entry| entry.ok()?.path().canonicalize().ok())
        .filter(|path| path.is_file())
        .collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn writable_by_others(place: &Path) -> Option<Finding> {
    let facts = fs::metadata(place).ok()?;
    let (mode, owner, name) = (facts.mode() & 0o7777, facts.uid(), place.display());
    // In a sticky directory others can exchange nothing; root's group is root.
    let all = mode & 0o002 != 0 && mode & 0o1000 == 0;
    let group = mode & 0o020 != 0 && mode & 0o1000 == 0 && facts.gid() != 0;
    let (what, fix) = if owner != 0 && owner != effective_uid() {
        (
            format!("{name} belongs to uid {owner}"),
            format!("chown root {name}"),
        )
    } else if all || group {
        (
            format!("{name} may be written by others (mode {mode:04o}, uid {owner})"),
            format!("chmod go-w {name}"),
        )
    } else {
        return None;
    };
    let (id, why) = match facts.is_dir() {
        true => (
            "directory_writable",
            "whoever may write there can put another file in place of one that decides logins",
        ),
        false => (
            "file_writable",
            "whoever may write it decides which servers are trusted",
        ),
    };
    let finding = Finding::new(Severity::Warning, id, what);
    Some(finding.at(name.to_string()).why(why).fix(fix))
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
        let key = format!("server.uris[{number}]");
        to_in_clear(&uri.to_string(), places.of_key(&key))
    });
    found.collect()
}

/// Passwords go to this server as they are.
pub fn to_in_clear(server: &str, place: String) -> Finding {
    let what = format!("passwords go to {server} in clear (server.allow_cleartext = true)");
    Finding::new(Severity::Warning, "cleartext", what)
        .at(place)
        .why("everybody on the way can read and use them")
        .fix("write ldaps://, or start_tls = true, and take allow_cleartext out")
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
                .fix("write \"deny\" in place of \"ignore\", or take the line out")
                .add_to(&mut found);
        }
    }
    found
}

/// A first server that does not answer must leave time for the second.
fn no_time_left(config: &Config, places: &Places) -> Vec<Finding> {
    let server = &config.server;
    let limits = [
        ("server.connect_timeout", server.connect_timeout, "3s of 8s"),
        (
            "server.operation_timeout",
            server.operation_timeout,
            "5s of 8s",
        ),
    ];
    let too_long = limits
        .into_iter()
        .filter(|(_, limit, _)| server.uris.len() > 1 && *limit >= server.deadline);
    let found = too_long.map(|(key, limit, default)| {
        let what = format!(
            "{key} ({limit:?}) leaves nothing of server.deadline ({:?}) for a second server",
            server.deadline
        );
        Finding::new(Severity::Warning, "no_time_for_second_server", what)
            .at(places.of_key(key))
            .why("while the first server is silent, logins fail though the others are there")
            .fix(format!(
                "make it a part of deadline: {default}, as is the default"
            ))
    });
    found.collect()
}
