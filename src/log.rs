//! The log: one line for each decision, to syslog and to a file.
//!
//! Logging cannot fail a login: a missing or full /dev/log costs at most [`PATIENCE`] and changes
//! nothing, and so does a file that cannot be written. Names from outside are escaped, so that nobody writes lines or fields of their own.

pub mod file;
mod time;

use std::cell::Cell;
use std::fmt::Write as _;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, SystemTime};

use syslog::{Facility, LogFormat, Logger, LoggerBackend, Severity};

use crate::characters::is_harmful;
use crate::config::{Log as Settings, LogFacility, LogLevel};
use crate::directory::Cause;
use crate::login::Decision;
use crate::login::change::Changing;
use crate::names::UserName;
use crate::outcome::{ChangeOutcome, Outcome};
use file::LogFile;

/// The socket of the system's log daemon.
const DEV_LOG: &str = "/dev/log";
/// How long one line may wait for a log daemon that does not read.
const PATIENCE: Duration = Duration::from_millis(10);
/// The longest value in a line, in bytes.
const MAX_VALUE: usize = 256;
/// The longest reason in a line, in bytes.
const MAX_REASON: usize = 1024;

/// Writes the lines of one hook.
pub struct Log {
    level: LogLevel,
    facility: Facility,
    /// `pam_rsldap(sshd:auth)`
    origin: String,
    file: Option<LogFile>,
    /// That the file cannot be written is worth one line.
    complained: Cell<bool>,
}

/// Whom a decision was about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// `PAM_USER`, as it came.
    pub user: &'a [u8],
    /// `PAM_RHOST`, as it came; empty if there is none.
    pub rhost: &'a [u8],
}

impl Log {
    /// A log for this service and phase (`auth`, `account`, `session`).
    #[must_use]
    pub fn new(settings: &Settings, debug: bool, service: &[u8], phase: &str) -> Self {
        Log {
            level: if debug {
                LogLevel::Debug
            } else {
                settings.level
            },
            facility: facility(settings.facility),
            origin: format!("pam_rsldap({}:{phase})", field(service, MAX_VALUE)),
            file: LogFile::of(settings),
            complained: Cell::new(false),
        }
    }

    /// The line of a decision.
    pub fn decision(&self, subject: Subject<'_>, decision: &Decision, elapsed: Duration) {
        let (level, severity) = seriousness(decision.outcome);
        self.write(level, severity, &decision_line(subject, decision, elapsed));
    }

    /// The local groups that a session has got.
    pub fn groups(&self, user: &[u8], names: &[String]) {
        let (user, names) = (field(user, MAX_VALUE), names.join(","));
        let text = format!("user={user} groups={}", field(names.as_bytes(), MAX_REASON));
        self.write(LogLevel::Info, Severity::LOG_INFO, &text);
    }

    /// The line of an attempt to change a password. One that goes on to the second pass has its line
    /// there.
    pub fn changing(&self, subject: Subject<'_>, end: &Changing, elapsed: Duration) {
        let (level, severity) = change_seriousness(end.outcome);
        let ended = Ended {
            outcome: end.outcome.name(),
            server: end.server.as_deref(),
            cause: end.cause,
            reason: &end.reason,
            passed_over: &end.passed_over,
            canonical: None,
            cached: false,
        };
        self.write(level, severity, &line(subject, &ended, elapsed));
    }

    /// Something is weaker than it should be.
    pub fn warning(&self, text: &str) {
        self.write(
            LogLevel::Warning,
            Severity::LOG_WARNING,
            &printable(text.as_bytes(), MAX_REASON),
        );
    }

    /// Whether steps are written.
    #[must_use]
    pub fn has_debug(&self) -> bool {
        self.level >= LogLevel::Debug
    }

    /// A step.
    pub fn debug(&self, text: &str) {
        self.write(
            LogLevel::Debug,
            Severity::LOG_DEBUG,
            &printable(text.as_bytes(), MAX_REASON),
        );
    }

    fn write(&self, level: LogLevel, severity: Severity, text: &str) {
        if level > self.level {
            return;
        }
        let line = format!("{}: {text}", self.origin);
        self.write_to_syslog(severity, &line);
        let Some(file) = &self.file else { return };
        let (time, pid) = (time::rfc3339(SystemTime::now()), std::process::id());
        let stamped = format!("{time} {}[{pid}]: {line}", process_name());
        let Err(error) = file.append(&stamped) else {
            return;
        };
        if self.has_debug() && !self.complained.replace(true) {
            let path = file.path().as_os_str().as_encoded_bytes();
            let problem = format!("log.file {}: {error}", printable(path, MAX_VALUE));
            let line = format!("{}: {problem}", self.origin);
            self.write_to_syslog(Severity::LOG_DEBUG, &line);
        }
    }

    fn write_to_syslog(&self, severity: Severity, line: &String) {
        let Ok(socket) = UnixDatagram::unbound() else {
            return;
        };
        if socket.set_write_timeout(Some(PATIENCE)).is_err() || socket.connect(DEV_LOG).is_err() {
            return;
        }
        let format = Tagged {
            facility: self.facility,
            process: process_name(),
        };
        let mut logger = Logger::new(LoggerBackend::Unix(socket), format);
        let _ = logger.formatter.format(&mut logger.backend, severity, line);
    }
}

/// The text of a decision, as contract and man page have it: fixed fields first, then what helps.
#[must_use]
pub fn decision_line(subject: Subject<'_>, decision: &Decision, elapsed: Duration) -> String {
    let ended = Ended {
        outcome: decision.outcome.name(),
        server: decision.server.as_deref(),
        cause: decision.cause,
        reason: &decision.reason,
        passed_over: &decision.passed_over,
        canonical: decision.canonical.as_ref(),
        cached: decision.cached,
    };
    line(subject, &ended, elapsed)
}

/// What a line says of how something ended.
struct Ended<'a> {
    outcome: &'static str,
    server: Option<&'a str>,
    cause: Option<Cause>,
    reason: &'a str,
    passed_over: &'a str,
    canonical: Option<&'a UserName>,
    cached: bool,
}

fn line(subject: Subject<'_>, ended: &Ended<'_>, elapsed: Duration) -> String {
    let mut line = format!(
        "user={} rhost={} outcome={} server={} ms={}",
        field(subject.user, MAX_VALUE),
        field(subject.rhost, MAX_VALUE),
        ended.outcome,
        field(ended.server.unwrap_or_default().as_bytes(), MAX_VALUE),
        elapsed.as_millis(),
    );
    if let Some(account) = ended.canonical {
        let _ = write!(
            line,
            " canonical={}",
            field(account.as_str().as_bytes(), MAX_VALUE)
        );
    }
    if let Some(cause) = ended.cause {
        let _ = write!(line, " cause={}", cause.name());
    }
    if ended.cached {
        line.push_str(" cache=hit");
    }
    for (key, text) in [("reason", ended.reason), ("passed_over", ended.passed_over)] {
        if !text.is_empty() {
            let _ = write!(line, " {key}={}", quoted(text.as_bytes(), MAX_REASON));
        }
    }
    line
}

/// How serious an outcome is: against `log.level`, and for syslog(3).
fn seriousness(outcome: Outcome) -> (LogLevel, Severity) {
    match outcome {
        Outcome::Granted | Outcome::Exempt => (LogLevel::Info, Severity::LOG_INFO),
        Outcome::UnknownUser
        | Outcome::BadPassword
        | Outcome::Refused
        | Outcome::Expired(_)
        | Outcome::MustChange => (LogLevel::Info, Severity::LOG_NOTICE),
        Outcome::Unavailable => (LogLevel::Warning, Severity::LOG_WARNING),
        Outcome::ConfigError => (LogLevel::Error, Severity::LOG_ERR),
    }
}

/// The same for a change of a password.
fn change_seriousness(outcome: ChangeOutcome) -> (LogLevel, Severity) {
    match outcome {
        ChangeOutcome::Ready => (LogLevel::Debug, Severity::LOG_DEBUG),
        ChangeOutcome::Changed | ChangeOutcome::Exempt => (LogLevel::Info, Severity::LOG_INFO),
        ChangeOutcome::UnknownUser
        | ChangeOutcome::Prohibited
        | ChangeOutcome::BadPassword
        | ChangeOutcome::Expired(_)
        | ChangeOutcome::Refused
        | ChangeOutcome::Rejected => (LogLevel::Info, Severity::LOG_NOTICE),
        ChangeOutcome::Unavailable => (LogLevel::Warning, Severity::LOG_WARNING),
        ChangeOutcome::ConfigError | ChangeOutcome::Unconfigured => {
            (LogLevel::Error, Severity::LOG_ERR)
        }
    }
}

/// A value that a program can split off again: `-` for none, in quotes where it holds more than a
/// word.
fn field(value: &[u8], limit: usize) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'=');
    if value.is_empty() {
        "-".to_owned()
    } else if value.iter().all(is_plain) && value.len() <= limit && value != b"-" {
        String::from_utf8_lossy(value).into_owned()
    } else {
        quoted(value, limit)
    }
}

fn quoted(value: &[u8], limit: usize) -> String {
    format!("\"{}\"", printable(value, limit).replace('"', "\\\""))
}

/// Text with everything escaped that could end the line, drive a terminal or hide something. A
/// longer one is cut.
fn printable(value: &[u8], limit: usize) -> String {
    let mut text = String::new();
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                c if c.is_ascii_control() => {
                    let _ = write!(text, "\\x{:02x}", u32::from(c));
                }
                c if is_harmful(c) => {
                    let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
                }
                c => text.push(c),
            }
            if text.len() >= limit {
                text.push_str("...");
                return text;
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The name that the lines of a PAM module go under: that of the program, as pam_syslog(3) does.
fn process_name() -> String {
    let name = std::fs::read_to_string("/proc/self/comm").unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .collect();
    if name.is_empty() {
        "pam_rsldap".to_owned()
    } else {
        name
    }
}

fn facility(facility: LogFacility) -> Facility {
    match facility {
        LogFacility::Authpriv => Facility::LOG_AUTHPRIV,
        LogFacility::Auth => Facility::LOG_AUTH,
        LogFacility::Daemon => Facility::LOG_DAEMON,
        LogFacility::User => Facility::LOG_USER,
        LogFacility::Local(1) => Facility::LOG_LOCAL1,
        LogFacility::Local(2) => Facility::LOG_LOCAL2,
        LogFacility::Local(3) => Facility::LOG_LOCAL3,
        LogFacility::Local(4) => Facility::LOG_LOCAL4,
        LogFacility::Local(5) => Facility::LOG_LOCAL5,
        LogFacility::Local(6) => Facility::LOG_LOCAL6,
        LogFacility::Local(7) => Facility::LOG_LOCAL7,
        LogFacility::Local(_) => Facility::LOG_LOCAL0,
    }
}

/// RFC 3164 without a time stamp: `<PRI>TAG[PID]: text`. The log daemon stamps a line as it
/// arrives; the crate's own formatter writes UTC where local time belongs.
struct Tagged {
    facility: Facility,
    process: String,
}

impl LogFormat<&String> for Tagged {
    fn format<W: std::io::Write>(
        &self,
        writer: &mut W,
        severity: Severity,
        line: &String,
    ) -> syslog::Result<()> {
        let priority = self.facility as u8 | severity as u8;
        write!(
            writer,
            "<{priority}>{}[{}]: {line}",
            self.process,
            std::process::id()
        )
        .map_err(syslog::Error::Write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Cause;
    use crate::names::UserName;

    fn line(user: &[u8], decision: &Decision) -> String {
        decision_line(
            Subject { user, rhost: b"" },
            decision,
            Duration::from_micros(3900),
        )
    }

    #[test]
    fn a_decision_is_one_line_of_fields() {
        let granted = Decision {
            server: Some("ldaps://ldap1.example.com:636".to_owned()),
            ..Decision::local(Outcome::Granted, "")
        };
        assert_eq!(
            line(b"alice", &granted),
            "user=alice rhost=- outcome=granted server=ldaps://ldap1.example.com:636 ms=3"
        );
        let alias = Decision {
            canonical: Some(UserName::parse(b"alice").unwrap()),
            ..granted
        };
        let line_of_alias = line(b"Alice@Example.COM", &alias);
        assert!(line_of_alias.starts_with("user=Alice@Example.COM rhost="));
        assert!(line_of_alias.ends_with(" ms=3 canonical=alice"));
        let down = Decision {
            cause: Some(Cause::Refused),
            ..Decision::local(Outcome::Unavailable, "127.0.0.1:389: refused")
        };
        assert_eq!(
            line(b"alice", &down),
            "user=alice rhost=- outcome=unavailable server=- ms=3 cause=refused \
             reason=\"127.0.0.1:389: refused\""
        );
    }

    #[test]
    fn nobody_forges_a_line_or_a_field() {
        let unknown = Decision::local(Outcome::UnknownUser, "");
        for (user, shown) in [
            (
                &b"x outcome=granted"[..],
                "user=\"x outcome=granted\" rhost=",
            ),
            (b"x\" y", "user=\"x\\\" y\" rhost="),
            (b"a\\", "user=\"a\\\\\" rhost="),
            (
                b"x\nNov 24 sshd[1]: ok",
                "user=\"x\\nNov 24 sshd[1]: ok\" rhost=",
            ),
            (b"\x1b[2J\xff\x07", "user=\"\\x1b[2J\\xff\\x07\" rhost="),
            (
                "a\u{202e}b\u{85}".as_bytes(),
                "user=\"a\\u{202e}b\\u{85}\" rhost=",
            ),
            ("zoë".as_bytes(), "user=\"zoë\" rhost="),
            (b"-", "user=\"-\" rhost="),
            (b"%n%s", "user=%n%s rhost="),
        ] {
            let line = line(user, &unknown);
            assert!(line.starts_with(shown), "{line}");
            assert!(!line.contains('\n'));
        }
    }

    #[test]
    fn long_values_are_cut() {
        let unknown = Decision::local(Outcome::UnknownUser, "x".repeat(9000));
        assert!(line(&[b'u'; 9000], &unknown).len() < 1400);
    }
}
