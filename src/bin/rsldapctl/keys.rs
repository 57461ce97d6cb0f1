//! `rsldapctl keys USER`: the user's ssh keys, for sshd's AuthorizedKeysCommand (sshd_config(5)).
//!
//! sshd takes every line on standard output for a key. So nothing but keys is printed there, and
//! nothing at all unless the account phase would let the user in.

use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pam_rsldap::config::{self, Config};
use pam_rsldap::directory::Directory;
use pam_rsldap::directory::ldap::LdapDirectory;
use pam_rsldap::directory::traced::{Event, Traced};
use pam_rsldap::login::{self, Decision};
use pam_rsldap::names::AttributeName;
use pam_rsldap::notice::Notice;
use pam_rsldap::outcome::{Outcome, Phase};
use pam_rsldap::policy;
use pam_rsldap::secret::{NotAPassword, Password};
use pam_rsldap::sys;
use pam_rsldap::transaction::{HostError, Transaction};
use serde::Serialize;

use crate::Answer;
use crate::explain::answer;
use crate::screen::{print_json, printable};

/// The attribute of openssh-lpk's schema.
const ATTRIBUTE: &str = "sshPublicKey";

/// sshd reads no longer line (`SSH_MAX_PUBKEY_BYTES`).
const LONGEST: usize = 16_384;

/// The names of the fields are those of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    user: &'a str,
    outcome: &'static str,
    reason: String,
    keys: Vec<String>,
}

/// Prints the keys, if the gates of this service and the state of the account let the user in.
pub fn run(path: &Path, user: &str, service: &str, json: bool) -> Answer {
    let Found {
        decision,
        values,
        keys,
    } = match find(path, user, service) {
        Ok(found) => found,
        Err(problem) => {
            complain(&problem);
            if json {
                crate::screen::print_failure(&problem, true);
            }
            return Answer::Misconfigured;
        }
    };
    let outcome = decision.outcome;
    // An account that never reaches LDAP has its keys in its own authorized_keys.
    if !matches!(outcome, Outcome::Granted | Outcome::Exempt) {
        complain(&format!("{user}: {outcome}: {}", decision.reason));
    } else if outcome == Outcome::Granted && keys.len() < values.max(1) {
        complain(&format!("{user}: {}", few(values, keys.len())));
    }
    if json {
        print_json(&Report {
            user,
            outcome: outcome.name(),
            reason: decision.reason,
            keys,
        });
    } else {
        let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
        crate::screen::print(&text);
    }
    match outcome {
        // sshd notes in its log when the command fails; there is nothing wrong here.
        Outcome::Exempt => Answer::Good,
        outcome => answer(outcome),
    }
}

/// Why there are fewer keys than somebody may expect.
fn few(values: usize, keys: usize) -> String {
    if values == 0 {
        return format!(
            "granted, and no {ATTRIBUTE}: the entry has none, or lookups are not allowed to read it"
        );
    }
    format!(
        "{} of {values} values of {ATTRIBUTE} left out: a value has to be one line, TYPE KEY COMMENT, without options",
        values - keys
    )
}

fn complain(problem: &str) {
    let _ = writeln!(io::stderr(), "rsldapctl keys: {}", printable(problem));
}

struct Found {
    decision: Decision,
    /// How many values there are, keys or not.
    values: usize,
    keys: Vec<String>,
}

/// The decision of the account phase, and the keys that follow from it.
///
/// # Errors
/// The configuration, or this host.
fn find(path: &Path, user: &str, service: &str) -> Result<Found, String> {
    let name = user.as_bytes();
    let local_uid = sys::local_uid(name)
        .map_err(|error| format!("the host's own user database cannot be read: {error}"))?;
    if policy::is_root(name, local_uid) {
        return Ok(Found {
            decision: Decision::local(Outcome::Exempt, ""),
            values: 0,
            keys: Vec::new(),
        });
    }
    let config = config::load(path).map_err(|error| error.to_string())?;
    let config = with_keys(config);
    let mut directory = Traced::new(LdapDirectory::new(&config));
    let decision = login::decide(
        Phase::Account,
        &config,
        (name, service.as_bytes()),
        local_uid,
        &mut NoPassword,
        &mut directory,
    )
    .map_err(|error| format!("{} failed", error.action))?;
    let values = match decision.outcome {
        Outcome::Granted => values(&directory),
        Outcome::Exempt
        | Outcome::UnknownUser
        | Outcome::BadPassword
        | Outcome::Refused
        | Outcome::Expired(_)
        | Outcome::MustChange
        | Outcome::Unavailable
        | Outcome::ConfigError => Vec::new(),
    };
    Ok(Found {
        decision,
        values: values.len(),
        keys: values.into_iter().filter_map(key).collect(),
    })
}

/// The login asks for the attributes of the session, so the keys are one of those.
fn with_keys(mut config: Config) -> Config {
    let attribute = AttributeName::known(ATTRIBUTE);
    config
        .user
        .attributes
        .insert(ATTRIBUTE.to_owned(), attribute);
    // Nobody needs to know which flags are true.
    config.session.environment = false;
    config.session.give_no_groups();
    config
}

fn values<D: Directory>(directory: &Traced<D>) -> Vec<&[u8]> {
    let found = directory
        .steps()
        .iter()
        .filter_map(|step| match &step.event {
            Event::Find(_, Ok(entries)) => entries.first(),
            Event::Find(_, Err(_))
            | Event::Verify(..)
            | Event::Ask(..)
            | Event::Groups(..)
            | Event::Change(..) => None,
        });
    let values = found.flat_map(|entry| entry.values(ATTRIBUTE));
    values.map(Vec::as_slice).collect()
}

/// A value that is one line with one key, `TYPE BASE64 COMMENT`. Users can edit theirs: what has
/// options in front, or a line end, is not handed on.
fn key(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    // Files end with a line end, and are often stored as they are.
    let text = text.trim_end_matches(['\n', '\r', ' ']);
    if text.len() > LONGEST || text != printable(text) {
        return None;
    }
    let mut words = text.split(' ');
    let (kind, material) = (words.next()?, words.next()?);
    let known = ["ssh-", "ecdsa-", "sk-"];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-@.".contains(&byte);
    let is_kind = known.iter().any(|start| kind.starts_with(start)) && kind.bytes().all(plain);
    // The material begins with the type again (RFC 4253 §6.6).
    let bytes = BASE64.decode(material).ok()?;
    let length = u32::try_from(kind.len()).ok()?.to_be_bytes();
    let repeated = [&length, kind.as_bytes()].concat();
    (is_kind && bytes.starts_with(&repeated)).then(|| text.to_owned())
}

/// There is no password here, and the account phase asks for none.
struct NoPassword;

impl Transaction for NoPassword {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        Ok(Err(NotAPassword::Empty))
    }

    /// There is nobody to tell.
    fn tell(&mut self, _: &Notice) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKQ4XsuVVnkMEvmMlx2AQr7QdWyrsvZ2hXD1AEjB8Up";

    #[test]
    fn a_key_is_one_line_of_type_material_and_comment() {
        for value in [
            KEY.to_owned(),
            format!("{KEY} alice@example.com zoë"),
            format!("{KEY}\n"),
            format!("{KEY} x\r\n"),
        ] {
            let key = key(value.as_bytes()).unwrap_or_else(|| panic!("{value:?}"));
            assert_eq!(key, value.trim_end());
        }
    }

    #[test]
    fn everything_else_is_no_key() {
        for value in [
            String::new(),
            "ssh-ed25519".to_owned(),
            "ssh-ed25519 AAAA".to_owned(),
            "ssh-ed25519 no-base64!".to_owned(),
            KEY.replace("ssh-ed25519", "ssh-rsa"),
            format!("# {KEY}"),
            format!("command=\"/bin/sh\" {KEY}"),
            format!("cert-authority {KEY}"),
            format!("{KEY}\n{KEY}"),
            format!("{KEY}\rx"),
            format!("{KEY} \u{1b}[2J"),
            format!("{KEY} \u{202e}"),
            format!("{KEY}\0"),
            format!("{KEY} {}", "x".repeat(LONGEST)),
        ] {
            assert_eq!(key(value.as_bytes()), None, "{value:?}");
        }
        assert_eq!(key(&[KEY.as_bytes(), b" \xff"].concat()), None);
    }
}
