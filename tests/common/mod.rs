//! What the integration tests share: the module that was just built, a client of the real libpam
//! with the shortest way to one login, and a real slapd with a small directory.

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod directory;
pub mod login;
pub mod own_process;
pub mod pam;
mod private_state;
pub mod sections;
pub mod slapd;

use std::path::{Path, PathBuf};

#[allow(unused_imports)] // most suites give their children the same
pub use private_state::OWN_STATE;

/// The module that cargo has just built.
///
/// `cargo test` refreshes `target/<profile>/deps/`, where the test binary itself lies, and not
/// `target/<profile>/`: the copy there may be yesterday's. An example lies in
/// `target/<profile>/examples/`, and `cargo build` refreshes the copy above it.
pub fn module() -> PathBuf {
    let program = std::env::current_exe().expect("the path of this program");
    let mut directory = program.parent().expect("a directory");
    if directory.ends_with("examples") {
        directory = directory.parent().expect("a directory");
    }
    let module = directory.join("libpam_rsldap.so");
    assert!(
        module.is_file(),
        "{} is missing: run the tests with `cargo test`, which builds it",
        module.display()
    );
    module
}

/// The path of a program, or a failure that says which package brings it.
pub fn need(tool: &str, package: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"])
        .filter(|directory| !directory.is_empty())
        .map(|directory| Path::new(directory).join(tool))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{tool} is missing: apt-get install {package}"))
}
