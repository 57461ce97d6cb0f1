//! `rsldapctl explain USER`: the module's own login, with this terminal in place of PAM.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Instant;

use pam_rsldap::config::{self, Config};
use pam_rsldap::directory::ldap::LdapDirectory;
use pam_rsldap::login::{self, Decision};
use pam_rsldap::module::code::return_code;
use pam_rsldap::notice::Notice;
use pam_rsldap::outcome::{Outcome, Phase};
use pam_rsldap::policy;
use pam_rsldap::secret::{MAX_PASSWORD, NotAPassword, Password};
use pam_rsldap::sys;
use pam_rsldap::transaction::{HostError, Transaction};
use serde::Serialize;

use crate::{Answer, print_json};

/// What is asked.
pub struct Question<'a> {
    /// The login name.
    pub user: &'a str,
    /// The PAM service.
    pub service: &'a str,
    /// Whether a password follows on standard input.
    pub password_stdin: bool,
}

/// What a login comes to. The names of the fields are those of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    user: &'a str,
    service: &'a str,
    password_tried: bool,
    outcome: &'static str,
    reason: String,
    cause: Option<&'static str>,
    server: Option<String>,
    ms: u128,
    dn: Option<String>,
    flags: Vec<String>,
    attributes: BTreeMap<String, String>,
    auth: Option<String>,
    account: Option<String>,
}

/// In place of a [`Report`], when there is none.
#[derive(Serialize)]
struct Failure {
    error: String,
}

/// Runs the login and prints how it ended.
pub fn run(path: &Path, question: &Question<'_>, json: bool) -> Answer {
    let started = Instant::now();
    let decided = config::load(path)
        .map_err(|error| error.to_string())
        .and_then(|config| {
            let decision = decide(question, &config)?;
            Ok((config, decision))
        });
    let (config, decision) = match decided {
        Ok(decided) => decided,
        Err(error) if json => {
            print_json(&Failure { error });
            return Answer::Misconfigured;
        }
        Err(error) => {
            println!("{error}");
            return Answer::Misconfigured;
        }
    };
    let ms = started.elapsed().as_millis();
    let report = report(question, &config, &decision, ms);
    if json {
        print_json(&report);
    } else {
        print_text(&report);
    }
    match decision.outcome {
        Outcome::Granted => Answer::Good,
        Outcome::Exempt
        | Outcome::UnknownUser
        | Outcome::BadPassword
        | Outcome::Refused
        | Outcome::Expired(_)
        | Outcome::MustChange => Answer::Negative,
        Outcome::ConfigError => Answer::Misconfigured,
        Outcome::Unavailable => Answer::Unavailable,
    }
}

fn decide(question: &Question<'_>, config: &Config) -> Result<Decision, String> {
    let name = question.user.as_bytes();
    let local_uid = sys::local_uid(name)
        .map_err(|error| format!("the host's own user database cannot be read: {error}"))?;
    if policy::is_root(name, local_uid) {
        return Ok(Decision::local(Outcome::Exempt, "uid 0 never reaches LDAP"));
    }
    // Without a password only the account phase can be asked.
    let phase = if question.password_stdin {
        Phase::Auth
    } else {
        Phase::Account
    };
    let subject = (name, question.service.as_bytes());
    let mut directory = LdapDirectory::new(config);
    login::decide(
        phase,
        config,
        subject,
        local_uid,
        &mut Terminal,
        &mut directory,
    )
    .map_err(|error| format!("{} failed", error.action))
}

/// A transaction whose password is the first line of standard input.
struct Terminal;

impl Transaction for Terminal {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        let unreadable = |error: io::Error| HostError {
            code: error.raw_os_error().unwrap_or_default(),
            action: "reading the password from standard input",
        };
        Ok(Password::new(&read_password().map_err(unreadable)?))
    }

    /// The report says more than a user is told.
    fn tell(&mut self, _: &Notice) {}
}

/// The first line of standard input.
fn read_password() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One more than the longest password and its line end, so that a longer one is seen as such.
    io::stdin()
        .take(MAX_PASSWORD as u64 + 3)
        .read_to_end(&mut bytes)?;
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

fn report<'a>(
    question: &Question<'a>,
    config: &Config,
    decision: &Decision,
    ms: u128,
) -> Report<'a> {
    let code = |phase| {
        format!(
            "{:?}",
            return_code(phase, decision.outcome, &config.fallback)
        )
    };
    let identity = decision.identity.as_ref();
    let auth = question.password_stdin || decision.outcome != Outcome::Granted;
    Report {
        user: question.user,
        service: question.service,
        password_tried: question.password_stdin,
        outcome: decision.outcome.name(),
        reason: decision.reason.clone(),
        cause: decision.cause.map(|cause| cause.name()),
        server: decision.server.clone(),
        ms,
        dn: identity.map(|identity| identity.dn.to_string()),
        flags: identity
            .map(|identity| identity.flags.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        attributes: identity
            .map(|identity| identity.attributes.clone())
            .unwrap_or_default(),
        auth: auth.then(|| code(Phase::Auth)),
        account: (decision.outcome != Outcome::BadPassword).then(|| code(Phase::Account)),
    }
}

fn print_text(report: &Report<'_>) {
    let mut lines = vec![
        ("user", report.user.to_owned()),
        ("service", report.service.to_owned()),
        (
            "server",
            report
                .server
                .clone()
                .unwrap_or_else(|| "none was asked".to_owned()),
        ),
        ("entry", report.dn.clone().unwrap_or_default()),
        ("flags", report.flags.join(", ")),
    ];
    for (key, value) in &report.attributes {
        lines.push(("attribute", format!("{key} = {value}")));
    }
    let password = if report.password_tried {
        "tried"
    } else {
        "not tried (--password-stdin tries it); this is what the account phase decides"
    };
    lines.push(("password", password.to_owned()));
    lines.push(("outcome", format!("{} ({} ms)", report.outcome, report.ms)));
    lines.push(("cause", report.cause.unwrap_or_default().to_owned()));
    lines.push(("reason", report.reason.clone()));
    lines.push(("PAM auth", report.auth.clone().unwrap_or_default()));
    lines.push(("PAM account", report.account.clone().unwrap_or_default()));
    let mut out = io::stdout().lock();
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        // Names and values may come from the directory: nothing of theirs drives the terminal.
        let value: String = value
            .chars()
            .map(|c| if c.is_control() { '?' } else { c })
            .collect();
        let _ = writeln!(out, "{name:<12} {value}");
    }
}
