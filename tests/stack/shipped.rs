//! The stacks that users copy, read from the repository.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::pam::*;

/// Every shipped stack, in the order of the columns of the tables.
pub const STACKS: [&str; 6] = [
    "sshd",
    "sudo",
    "system-auth",
    "common",
    "profile",
    "faillock",
];

/// The text of a shipped stack: all its facilities, as one service file.
pub fn stack(name: &str) -> String {
    match name {
        "common" => ["auth", "account", "password"]
            .map(|facility| read(&format!("pam.d/common-{facility}")))
            .concat(),
        "profile" => pam_auth_update(&read("packaging/pam-configs/rsldap")),
        "faillock" => read("pam.d/sshd-faillock"),
        _ => read(&format!("pam.d/{name}")),
    }
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file under `pam.d/`.
pub fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("pam.d");
    let entries = fs::read_dir(directory).expect("pam.d");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

/// What pam-auth-update(8) makes of our profile and Debian's own for pam_unix: the lines of both, by
/// priority, with `end` as the number of lines to the block's end, then pam_deny and pam_permit.
fn pam_auth_update(profile: &str) -> String {
    let ours = blocks(profile);
    let unix = BTreeMap::from([
        (
            "Auth",
            "[success=end default=ignore] pam_unix.so try_first_pass",
        ),
        (
            "Account",
            "[success=end new_authtok_reqd=done default=ignore] pam_unix.so",
        ),
        (
            "Password",
            "[success=end default=ignore] pam_unix.so obscure use_authtok try_first_pass yescrypt",
        ),
    ]);
    let mut text = String::new();
    for (block, facility) in [
        ("Auth", "auth"),
        ("Account", "account"),
        ("Password", "password"),
    ] {
        // Ours is the first: its priority is the higher one.
        let initial = ours.get(&format!("{block}-Initial"));
        let mut lines = initial.unwrap_or(&ours[block]).clone();
        lines.push(unix[block].to_owned());
        let count = lines.len();
        for (index, line) in lines.iter().enumerate() {
            let end = format!("={}", count - index);
            text += &format!("{facility} {}\n", line.replace("=end", &end));
        }
        text += &format!("{facility} requisite pam_deny.so\n{facility} required pam_permit.so\n");
    }
    for line in &ours["Session"] {
        text += &format!("session {line}\n");
    }
    text
}

/// The indented lines below each `Name:` of a profile.
fn blocks(profile: &str) -> BTreeMap<String, Vec<String>> {
    let mut blocks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut block = String::new();
    for line in profile.lines() {
        match line.strip_prefix('\t') {
            Some(line) => blocks
                .entry(block.clone())
                .or_default()
                .push(line.to_owned()),
            None => block = line.split(':').next().unwrap_or_default().to_owned(),
        }
    }
    blocks
}

/// One line of a service file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub facility: String,
    pub control: String,
    pub module: String,
    pub arguments: String,
}

/// The lines of a service file, without comments.
pub fn lines(text: &str) -> Vec<Line> {
    let meaningful = |line: &&str| !line.is_empty() && !line.starts_with('#');
    text.lines()
        .map(str::trim)
        .filter(meaningful)
        .map(line)
        .collect()
}

fn line(text: &str) -> Line {
    let (facility, rest) = word(text);
    let (control, rest) = match rest.find(']') {
        Some(end) if rest.starts_with('[') => rest.split_at(end + 1),
        _ => word(rest),
    };
    let (module, arguments) = word(rest.trim());
    Line {
        facility: facility.trim_start_matches('-').to_owned(),
        control: control.to_owned(),
        module: module.to_owned(),
        arguments: arguments.to_owned(),
    }
}

fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

/// The text with each line's module and arguments as `change` says; it gets facility and module.
pub fn rewrite(text: &str, change: impl Fn(&Line) -> Option<String>) -> String {
    let mut result = String::new();
    for line in lines(text) {
        let kept = || format!("{} {}", line.module, line.arguments);
        let module = change(&line).unwrap_or_else(kept);
        result += &format!("{} {} {module}\n", line.facility, line.control);
    }
    result
}

/// The name of a return code, without `PAM_`.
pub fn code_name(code: c_int) -> String {
    let name = match code {
        PAM_SUCCESS => "SUCCESS",
        PAM_SERVICE_ERR => "SERVICE_ERR",
        PAM_SYSTEM_ERR => "SYSTEM_ERR",
        PAM_PERM_DENIED => "PERM_DENIED",
        PAM_AUTH_ERR => "AUTH_ERR",
        PAM_AUTHINFO_UNAVAIL => "UNAVAIL",
        PAM_USER_UNKNOWN => "UNKNOWN",
        PAM_NEW_AUTHTOK_REQD => "NEW_TOKEN",
        PAM_ACCT_EXPIRED => "EXPIRED",
        PAM_CRED_ERR => "CRED_ERR",
        PAM_CONV_ERR => "CONV_ERR",
        PAM_AUTHTOK_ERR => "AUTHTOK_ERR",
        PAM_IGNORE => "IGNORE",
        PAM_ABORT => "ABORT",
        PAM_MODULE_UNKNOWN => "NO_MODULE",
        code => return code.to_string(),
    };
    name.to_owned()
}

/// Module is unknown (security/_pam_types.h).
pub const PAM_MODULE_UNKNOWN: c_int = 28;
