//! The module as it is installed, which "make test-release" builds first.

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use common::directory::password_of;
use common::need;
use common::pam::{Client, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SUCCESS, Stack};
use common::slapd::{Slapd, SlapdOptions};

/// The most that a module may take of every program that asks PAM.
const MAX_SIZE: u64 = 2_500_000;

fn module() -> PathBuf {
    let test = common::module();
    // target/debug/deps/libpam_rsldap.so
    let target = test.ancestors().nth(3).expect("the directory of builds");
    let module = target.join("release/libpam_rsldap.so");
    assert!(module.is_file(), "run this by \"make test-release\"");
    module
}

fn symbols(which: &str) -> Vec<String> {
    let output = Command::new(need("nm", "binutils"))
        .args(["-D", "--format=posix", which])
        .arg(module())
        .output()
        .expect("nm runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let name = |line: &str| line.split([' ', '@']).next().map(str::to_owned);
    text.lines().filter_map(name).collect()
}

#[test]
fn it_is_no_larger_than_it_may_be() {
    let size = fs::metadata(module()).expect("the module").len();
    println!("{size} bytes");
    assert!(size <= MAX_SIZE, "{size} bytes, of {MAX_SIZE}");
}

#[test]
fn nothing_of_the_command_is_in_it() {
    // Each crate leaves its name in the places of its panics.
    let module = fs::read(module()).expect("the module");
    let has = |name: &str| module.windows(name.len()).any(|at| at == name.as_bytes());
    assert!(has("rustls-"), "no names of crates to look for");
    for name in ["clap_", "serde_json", "tree-sitter", "tree_sitter"] {
        assert!(!has(name), "{name} is linked into the module");
    }
}

#[test]
fn it_exports_the_six_hooks_and_nothing_else() {
    let names = symbols("--defined-only");
    let hooks = [
        "acct_mgmt",
        "authenticate",
        "chauthtok",
        "close_session",
        "open_session",
        "setcred",
    ];
    assert_eq!(names, hooks.map(|hook| format!("pam_sm_{hook}")));
}

#[test]
fn it_catches_panics_and_makes_no_backtraces() {
    let names = symbols("--undefined-only");
    let needs = |name: &str| names.iter().any(|needed| needed == name);
    assert!(needs("_Unwind_RaiseException"), "{names:?}");
    assert!(!needs("_Unwind_Backtrace"), "{names:?}");
}

#[test]
fn it_lets_in_who_has_the_password_and_nobody_else() {
    let slapd = Slapd::start(&SlapdOptions::default());
    let ca_file = format!("ca_file = \"{}\"", slapd.ca_file().display());
    let server = format!("uris = [\"{}\"]", slapd.ldaps_uri());
    let config = slapd.config(&[("server", &server), ("tls", &ca_file)]);
    // The service files of the tests name the module of the tests by its own name.
    let copy = tempfile::tempdir().expect("a directory");
    let module = copy.path().join("release.so");
    fs::copy(self::module(), &module).expect("a copy");
    let stack = Stack::with_config(config);
    let lines = ["auth", "account"].map(|facility| {
        let module = module.display();
        format!(
            "{facility} [success=done ignore=ignore default=die] {module} config=CONFIG\n\
             {facility} required pam_deny.so\n"
        )
    });
    stack.service("login", &lines.concat());
    let login = |user: &str, password: &str| {
        let mut client = Client::start(&stack, "login", user);
        client.answer(password);
        (client.authenticate(0), client.acct_mgmt(0))
    };
    let right = password_of("alice");
    assert_eq!(login("alice", &right), (PAM_SUCCESS, PAM_SUCCESS));
    assert_eq!(login("alice", "wrong").0, PAM_AUTH_ERR);
    let inactive = login("carol", &password_of("carol"));
    assert_eq!(inactive, (PAM_PERM_DENIED, PAM_PERM_DENIED));
}
