//! What the integration tests share: the module that was just built, a client of the real libpam,
//! and a real slapd with a small directory.

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod directory;
pub mod pam;
pub mod slapd;

use std::path::{Path, PathBuf};

/// The module that `cargo test` has just built.
///
/// `cargo test` refreshes `target/<profile>/deps/`, where the test binary itself lies, and not
/// `target/<profile>/`: the copy there may be yesterday's.
pub fn module() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test binary");
    let module = test.parent().expect("a directory").join("libpam_rsldap.so");
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
