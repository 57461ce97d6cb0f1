//! What is known of the modules that stand in service files: what they answer, and when.
//!
//! From their manual pages, and measured with Linux-PAM 1.5.2. A module that is not named here may
//! answer yes or no.

use std::ffi::{CStr, CString};

use pam_rsldap::module::args::Args;

use super::libpam::code::Code;
use super::libpam::line::{Facility, Line};

const OURS: &str = "pam_rsldap";

/// Modules that compare a password with one on this host.
const LOCAL_PASSWORDS: [&str; 5] = [
    "pam_unix",
    "pam_unix2",
    "pam_tcb",
    "pam_pwdfile",
    "pam_userdb",
];

/// Modules that let somebody else compare it.
const REMOTE_PASSWORDS: [&str; 16] = [
    "pam_sss",
    "pam_ldap",
    "pam_krb5",
    "pam_winbind",
    "pam_radius_auth",
    "pam_radius",
    "pam_tacplus",
    "pam_systemd_home",
    "pam_pgsql",
    "pam_mysql",
    "pam_himmelblau",
    "pam_kanidm",
    "pam_lsass",
    "pam_centrifydc",
    "pam_vas3",
    "pam_aad",
];

/// Modules that want another proof than a password.
const PROOFS: [&str; 20] = [
    "pam_rootok",
    "pam_u2f",
    "pam_google_authenticator",
    "pam_oath",
    "pam_yubico",
    "pam_duo",
    "pam_fprintd",
    "pam_pkcs11",
    "pam_p11",
    "pam_sss_gss",
    "pam_ssh_agent_auth",
    "pam_usb",
    "pam_rhosts",
    "pam_timestamp",
    "pam_otpw",
    "pam_privacyidea",
    "pam_securid",
    "pam_howdy",
    "pam_poldi",
    "pam_gssapi",
];

/// Modules that ask for a new password and judge it.
const CHECKERS: [&str; 4] = [
    "pam_pwquality",
    "pam_cracklib",
    "pam_passwdqc",
    "pam_pwhistory",
];

/// Modules that have nothing for auth, account and password, so libpam answers for them.
const SESSION_ONLY: [&str; 14] = [
    "pam_limits",
    "pam_systemd",
    "pam_elogind",
    "pam_umask",
    "pam_mkhomedir",
    "pam_oddjob_mkhomedir",
    "pam_namespace",
    "pam_motd",
    "pam_xauth",
    "pam_tty_audit",
    "pam_setquota",
    "pam_ck_connector",
    "pam_cgfs",
    "pam_tmpdir",
];

/// Who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Root,
    /// A user above `min_uid` who is not exempt.
    Ordinary,
}

/// What pam_faillock is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Before,
    Failed,
    Succeeded,
}

/// What part a line plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// pam_rsldap.
    Ours,
    /// Compares a password. `local`: with one on this host.
    Password {
        local: bool,
    },
    /// Asks for a new password and judges it.
    Checker,
    /// Wants another proof: a key, a second factor, a caller who is root.
    Proof,
    Faillock(Stage),
    /// Asks who the user is; `None` where that depends on the user.
    Condition(Option<bool>),
    /// Anything else that is known: what it answers as a rule, and when it objects.
    Helper(Vec<Code>, Vec<Code>),
    Unknown,
}

/// The part that a line plays for a user in a facility.
pub fn role(line: &Line, facility: Facility, subject: Subject) -> Role {
    let name = line.name();
    let is_in = |list: &[&str]| list.contains(&name.as_str());
    if !line.can_be_loaded() {
        return Role::Helper(vec![Code::MODULE_UNKNOWN], Vec::new());
    }
    if is_ours(line) {
        return Role::Ours;
    }
    match name.as_str() {
        "pam_faillock" if facility == Facility::Auth => return Role::Faillock(stage(line)),
        "pam_succeed_if" if line.has_argument("use_uid") => return Role::Proof,
        "pam_wheel" if line.has_argument("trust") => return Role::Proof,
        "pam_succeed_if" => return Role::Condition(succeeds(line.arguments(), subject)),
        "pam_usertype" => {
            let system = line.has_argument("issystem");
            return Role::Condition(Some(system == (subject == Subject::Root)));
        }
        "pam_localuser" => {
            return Role::Condition((subject == Subject::Root).then_some(true));
        }
        "pam_debug" => return debug(line, facility),
        _ => {}
    }
    if facility == Facility::Password && is_in(&CHECKERS) {
        return Role::Checker;
    }
    if is_in(&LOCAL_PASSWORDS) || is_in(&REMOTE_PASSWORDS) {
        return Role::Password {
            local: is_in(&LOCAL_PASSWORDS),
        };
    }
    if is_in(&PROOFS) {
        return Role::Proof;
    }
    if is_in(&SESSION_ONLY) || is_in(&CHECKERS) {
        return Role::Helper(vec![Code::MODULE_UNKNOWN], Vec::new());
    }
    let helper = match facility {
        Facility::Account => account_helper(&name, line),
        Facility::Password => password_helper(&name),
        Facility::Auth | Facility::Session => auth_helper(&name, line),
    };
    helper.map_or(Role::Unknown, |(good, bad)| Role::Helper(good, bad))
}

/// Whether the line calls pam_rsldap.
pub fn is_ours(line: &Line) -> bool {
    line.name() == OURS && line.can_be_loaded()
}

/// What pam_rsldap makes of the arguments of its line.
pub fn our_arguments(line: &Line) -> Args {
    // Text with a NUL does not get here: it ends the line.
    let words = line.arguments().iter();
    let words: Vec<CString> = words
        .filter_map(|word| CString::new(word.clone()).ok())
        .collect();
    let words: Vec<&CStr> = words.iter().map(CString::as_c_str).collect();
    Args::parse(&words)
}

/// Whether a module can be without a password that somebody else has asked for.
pub fn prompts(line: &Line) -> bool {
    !line.has_argument("use_first_pass")
}

fn stage(line: &Line) -> Stage {
    if line.has_argument("authfail") {
        Stage::Failed
    } else if line.has_argument("authsucc") {
        Stage::Succeeded
    } else {
        Stage::Before
    }
}

type Answers = (Vec<Code>, Vec<Code>);

fn auth_helper(name: &str, line: &Line) -> Option<Answers> {
    let (yes, none, no) = (Code::SUCCESS, Code::IGNORE, Code::AUTH_ERR);
    Some(match name {
        "pam_permit" => (vec![yes], vec![]),
        "pam_deny" => (vec![no], vec![]),
        "pam_env" | "pam_faildelay" | "pam_issue" | "pam_group" | "pam_warn" | "pam_keyinit"
        | "pam_mail" => (vec![none], vec![]),
        "pam_wheel" => (vec![none], vec![Code::PERM_DENIED]),
        "pam_nologin" => nologin(line),
        "pam_cap" | "pam_echo" | "pam_lastlog" | "pam_gnome_keyring" | "pam_kwallet"
        | "pam_kwallet5" | "pam_mount" | "pam_ecryptfs" | "pam_fscrypt" | "pam_sepermit" => {
            (vec![yes, none], vec![no])
        }
        "pam_access" | "pam_shells" | "pam_securetty" | "pam_listfile" | "pam_time"
        | "pam_tally" | "pam_tally2" => (vec![yes], vec![no]),
        "pam_loginuid" | "pam_selinux" => (vec![Code::MODULE_UNKNOWN], vec![]),
        _ => return None,
    })
}

fn account_helper(name: &str, line: &Line) -> Option<Answers> {
    let (yes, none, no) = (Code::SUCCESS, Code::IGNORE, Code::PERM_DENIED);
    Some(match name {
        "pam_permit" | "pam_loginuid" | "pam_faillock" => (vec![yes], vec![]),
        "pam_deny" => (vec![Code::AUTH_ERR], vec![]),
        "pam_warn" => (vec![none], vec![]),
        "pam_nologin" => nologin(line),
        "pam_wheel" | "pam_sepermit" | "pam_lastlog" | "pam_echo" => (vec![yes, none], vec![no]),
        "pam_access" | "pam_shells" | "pam_securetty" | "pam_listfile" | "pam_time"
        | "pam_tally" | "pam_tally2" => (vec![yes], vec![no]),
        "pam_cap" | "pam_faildelay" | "pam_issue" | "pam_group" | "pam_keyinit" | "pam_mail"
        | "pam_selinux" => (vec![Code::MODULE_UNKNOWN], vec![]),
        _ => return None,
    })
}

fn password_helper(name: &str) -> Option<Answers> {
    let (yes, none, no) = (Code::SUCCESS, Code::IGNORE, Code::AUTHTOK_ERR);
    Some(match name {
        "pam_permit" => (vec![yes], vec![]),
        "pam_deny" => (vec![no], vec![]),
        "pam_warn" | "pam_echo" => (vec![none], vec![]),
        "pam_env" => (vec![Code::SERVICE_ERR], vec![]),
        "pam_access" | "pam_listfile" => (vec![yes], vec![Code::PERM_DENIED]),
        "pam_gnome_keyring" | "pam_kwallet" | "pam_kwallet5" | "pam_ecryptfs" | "pam_fscrypt" => {
            (vec![yes, none], vec![no])
        }
        "pam_faillock" | "pam_nologin" | "pam_securetty" | "pam_shells" | "pam_time"
        | "pam_cap" | "pam_faildelay" | "pam_issue" | "pam_group" | "pam_keyinit" | "pam_mail"
        | "pam_loginuid" | "pam_selinux" | "pam_sepermit" | "pam_wheel" | "pam_lastlog"
        | "pam_tally" | "pam_tally2" => (vec![Code::MODULE_UNKNOWN], vec![]),
        _ => return None,
    })
}

fn nologin(line: &Line) -> Answers {
    let good = if line.has_argument("successok") {
        Code::SUCCESS
    } else {
        Code::IGNORE
    };
    (vec![good], vec![Code::AUTH_ERR])
}

/// pam_debug answers what its arguments say.
fn debug(line: &Line, facility: Facility) -> Role {
    let event: &[u8] = match facility {
        Facility::Account => b"acct=",
        Facility::Password => b"chauthtok=",
        _ => b"auth=",
    };
    let word = line
        .arguments()
        .iter()
        .find_map(|argument| argument.strip_prefix(event));
    let answer = word.map_or(Some(Code::SUCCESS), Code::from_keyword);
    Role::Helper(vec![answer.unwrap_or(Code::SUCCESS)], Vec::new())
}

/// pam_succeed_if: whether all conditions hold, where uid and user name tell.
fn succeeds(arguments: &[Vec<u8>], subject: Subject) -> Option<bool> {
    let flags: [&[u8]; 6] = [
        b"debug",
        b"quiet",
        b"quiet_fail",
        b"quiet_success",
        b"audit",
        b"use_uid",
    ];
    let words: Vec<_> = arguments
        .iter()
        .map(Vec::as_slice)
        .filter(|word| !flags.contains(word))
        .collect();
    let mut all = Some(true);
    for condition in words.chunks(3) {
        let [field, operator, value] = condition else {
            return None;
        };
        match holds(field, operator, value, subject) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => all = None,
        }
    }
    all
}

fn holds(field: &[u8], operator: &[u8], value: &[u8], subject: Subject) -> Option<bool> {
    let root = subject == Subject::Root;
    match (field, operator) {
        (b"user", b"=" | b"eq") if value == b"root" => Some(root),
        (b"user", b"!=" | b"ne") if value == b"root" => Some(!root),
        (b"user", b"=" | b"eq") if root => Some(false),
        (b"uid", _) => {
            let value: u64 = std::str::from_utf8(value).ok()?.parse().ok()?;
            // An ordinary user has some uid from 1000 upwards.
            let (lowest, highest) = if root { (0, 0) } else { (1000, u64::MAX) };
            let below = |limit: u64| match (highest < limit, lowest >= limit) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            };
            let equal = match (lowest == highest, (lowest..=highest).contains(&value)) {
                (_, false) => Some(false),
                (true, true) => Some(true),
                (false, true) => None,
            };
            match operator {
                b"eq" | b"=" => equal,
                b"ne" | b"!=" => equal.map(|yes| !yes),
                b"lt" | b"<" => below(value),
                b"le" | b"<=" => below(value.checked_add(1)?),
                b"ge" | b">=" => below(value).map(|yes| !yes),
                b"gt" | b">" => below(value.checked_add(1)?).map(|yes| !yes),
                _ => None,
            }
        }
        _ => None,
    }
}
