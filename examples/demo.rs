//! Logins as a table: the real libpam, the shipped `pam.d/sshd`, a real slapd. "make demo" runs it.
//!
//! It needs root. Accounts, stack and configuration exist in a private view of this machine
//! (`tests/common/private_host.rs`); nothing on the machine itself changes. Each login is a process
//! of its own, as it would be in sshd.

#[path = "../tests/common/mod.rs"]
#[allow(unused_imports)]
mod common;
#[path = "../tests/common/private_host.rs"]
mod private_host;

use std::io::{self, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use common::directory::{SERVICE_DN, SERVICE_PASSWORD, password_of};
use common::pam::{Client, PAM_AUTH_ERR, PAM_ESTABLISH_CRED, PAM_PERM_DENIED, PAM_SUCCESS, Stack};
use common::slapd::{Slapd, SlapdOptions};
use private_host::{LOCAL_PASSWORD, Local, PrivateHost};

const SERVICE: &str = "sshd";
const STACK: &str = include_str!("../pam.d/sshd");
const CONFIG: &str = "/etc/pam_rsldap/config.toml";

/// Which password the user types.
#[derive(Clone, Copy)]
enum Password {
    Directory,
    Local,
    Wrong,
}

/// One line of the table, and what has to stand in it.
struct Case {
    what: &'static str,
    user: &'static str,
    password: Password,
    outcome: &'static str,
    auth: i32,
    flags: &'static str,
}

const fn case(
    what: &'static str,
    (user, password): (&'static str, Password),
    outcome: &'static str,
    auth: i32,
    flags: &'static str,
) -> Case {
    Case {
        what,
        user,
        password,
        outcome,
        auth,
        flags,
    }
}

const DIRECTORY_UP: [Case; 7] = [
    case(
        "active",
        ("bob", Password::Directory),
        "granted",
        PAM_SUCCESS,
        "is_active",
    ),
    case(
        "active, wrong password",
        ("bob", Password::Wrong),
        "bad_password",
        PAM_AUTH_ERR,
        "-",
    ),
    case(
        "outside is_active",
        ("carol", Password::Directory),
        "refused",
        PAM_PERM_DENIED,
        "-",
    ),
    case(
        "staff",
        ("alice", Password::Directory),
        "granted",
        PAM_SUCCESS,
        "is_active,is_staff",
    ),
    case(
        "superuser",
        ("sue", Password::Directory),
        "granted",
        PAM_SUCCESS,
        "is_active,is_staff,is_superuser",
    ),
    case(
        "on this host only",
        ("dave", Password::Local),
        "unknown_user",
        PAM_SUCCESS,
        "-",
    ),
    case(
        "the same, wrong password",
        ("dave", Password::Wrong),
        "unknown_user",
        PAM_AUTH_ERR,
        "-",
    ),
];

const DIRECTORY_STOPPED: [Case; 2] = [
    case(
        "directory stopped, on this host",
        ("dave", Password::Local),
        "unavailable",
        PAM_SUCCESS,
        "-",
    ),
    case(
        "directory stopped, not on it",
        ("bob", Password::Directory),
        "unavailable",
        PAM_AUTH_ERR,
        "-",
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            let slapd = Slapd::start(&SlapdOptions::default());
            PrivateHost::run(&common::module(), |host| demonstrate(host, &slapd))
        }
        [user] => log_in(user),
        _ => ExitCode::from(2),
    }
}

/// The whole table.
fn demonstrate(host: &PrivateHost, slapd: &Slapd) -> ExitCode {
    set_up(host, slapd);
    println!(
        "\nA slapd of our own on {}, PAM service {SERVICE}:\n",
        slapd.uri()
    );
    let line = |cells: [&str; 7]| {
        let [what, user, auth, account, flags, ms, outcome] = cells;
        println!("{what:32} {user:6} {auth:16} {account:12} {flags:32} {ms:>6}  {outcome}");
    };
    line([
        "case",
        "user",
        "auth",
        "account",
        "RSLDAP_FLAGS",
        "ms",
        "the module says",
    ]);
    let mut wrong = Vec::new();
    let mut show = |case: &Case| {
        let seen = run(host, case);
        line([
            case.what,
            case.user,
            &name(seen.auth),
            &seen.account.map_or("-".to_owned(), name),
            &seen.flags,
            &seen.milliseconds,
            &seen.outcome,
        ]);
        wrong.extend(seen.differs_from(case));
    };
    DIRECTORY_UP.iter().for_each(&mut show);
    slapd.stop();
    DIRECTORY_STOPPED.iter().for_each(&mut show);

    if !wrong.is_empty() {
        println!("\nNot as it should be:");
        wrong.iter().for_each(|line| println!("  {line}"));
        return ExitCode::FAILURE;
    }
    println!(
        "\nThe stack is pam.d/sshd, word for word: where the module has no opinion, pam_unix decides.\n\
         The configuration was as short as conf/minimal.toml; every key is in conf/config.toml.\n\
         To set up a host: README.md."
    );
    ExitCode::SUCCESS
}

/// Accounts, stack and configuration. bob, carol, alice and sue have no local password.
fn set_up(host: &PrivateHost, slapd: &Slapd) {
    for (number, user) in (61001..).zip(["alice", "bob", "carol", "sue"]) {
        host.add_user(user, number, Local::NoPassword);
    }
    host.add_user("dave", 61005, Local::Password);
    host.write("/etc/pam_rsldap/bind-password", 0o600, SERVICE_PASSWORD);
    let bind = format!("dn = \"{SERVICE_DN}\"\npassword_file = \"/etc/pam_rsldap/bind-password\"");
    let config = slapd.config_text(&[("bind", bind.as_str()), ("fallback", "")]);
    host.write(CONFIG, 0o644, &config);
}

/// What a login led to.
struct Seen {
    auth: i32,
    account: Option<i32>,
    flags: String,
    milliseconds: String,
    outcome: String,
}

impl Seen {
    /// A sentence, if this is not what the case says.
    fn differs_from(&self, case: &Case) -> Option<String> {
        let account = (case.auth == PAM_SUCCESS).then_some(PAM_SUCCESS);
        let good = self.auth == case.auth
            && self.account == account
            && self.flags == case.flags
            && self.outcome == case.outcome;
        let (what, auth, flags, outcome) = (case.what, name(case.auth), case.flags, case.outcome);
        (!good).then(|| format!("{what}: expected {auth}, {flags}, {outcome}"))
    }
}

/// Lets another process of this program log in.
fn run(host: &PrivateHost, case: &Case) -> Seen {
    let from = host.log().len();
    let password = match case.password {
        Password::Directory => password_of(case.user),
        Password::Local => LOCAL_PASSWORD.to_owned(),
        Password::Wrong => "a guess".to_owned(),
    };
    let mut child = Command::new(std::env::current_exe().expect("our own path"))
        .arg(case.user)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(password.as_bytes())
        .expect("the password is read");
    drop(stdin);
    let output = child.wait_with_output().expect("wait");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let [auth, account, flags, milliseconds] = words(&text);
    // "pam_rsldap(sshd:auth): user=alice ... outcome=granted ..."
    let decision = host.find_in_log(
        from,
        &[&format!("pam_rsldap({SERVICE}:auth): "), " outcome="],
    );
    let decision = decision.unwrap_or_default();
    let (_, outcome) = decision.split_once(" outcome=").unwrap_or(("", "nothing"));
    Seen {
        auth: auth.parse().expect("a return code"),
        account: account.parse().ok(),
        flags,
        milliseconds,
        outcome: outcome
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

fn words<const N: usize>(text: &str) -> [String; N] {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    words
        .try_into()
        .unwrap_or_else(|words| panic!("the login ended with {words:?}"))
}

/// One login with the password on standard input. Prints the codes of auth and account, the flags
/// and the time that auth took.
fn log_in(user: &str) -> ExitCode {
    let password = io::read_to_string(io::stdin()).expect("a password");
    let stack = Stack::with_config(CONFIG);
    stack.service(SERVICE, STACK);
    let mut client = Client::start(&stack, SERVICE, user);
    client.set_rhost("192.0.2.7").answer(&password);
    let start = Instant::now();
    let auth = client.authenticate(0);
    let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
    let (mut account, mut flags) = ("-".to_owned(), None);
    if auth == PAM_SUCCESS {
        let code = client.acct_mgmt(0);
        account = code.to_string();
        if code == PAM_SUCCESS && client.setcred(PAM_ESTABLISH_CRED) == PAM_SUCCESS {
            client.open_session(0);
            flags = client.getenvlist().remove("RSLDAP_FLAGS");
            client.close_session(0);
        }
    }
    println!(
        "{auth} {account} {} {milliseconds:.1}",
        flags.as_deref().unwrap_or("-")
    );
    ExitCode::SUCCESS
}

/// The name of a PAM return code.
fn name(code: i32) -> String {
    match code {
        PAM_SUCCESS => "PAM_SUCCESS".to_owned(),
        PAM_AUTH_ERR => "PAM_AUTH_ERR".to_owned(),
        PAM_PERM_DENIED => "PAM_PERM_DENIED".to_owned(),
        other => format!("PAM code {other}"),
    }
}
