//! The shared object itself: what it exports, what it needs, how it is linked.

use std::process::Command;

use crate::common::{module, need};

fn run(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(need(tool, "binutils"))
        .args(arguments)
        .arg(module())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{tool}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_module_exports_the_six_hooks_and_nothing_else() {
    let text = run("nm", &["-D", "--defined-only"]);
    let mut names: Vec<_> = text
        .lines()
        .filter_map(|line| line.split(' ').nth(2))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "pam_sm_acct_mgmt",
            "pam_sm_authenticate",
            "pam_sm_chauthtok",
            "pam_sm_close_session",
            "pam_sm_open_session",
            "pam_sm_setcred",
        ]
    );
}

#[test]
fn the_module_stays_mapped_and_is_bound_at_load_time() {
    let dynamic = run("readelf", &["-d"]);
    let flags: String = dynamic
        .lines()
        .filter(|line| line.contains("FLAGS"))
        .collect();
    assert!(flags.contains("NODELETE"), "{dynamic}");
    assert!(flags.contains("NOW"), "{dynamic}");
    let headers = run("readelf", &["-lW"]);
    assert!(headers.contains("GNU_RELRO"), "{headers}");
    let stack = headers
        .lines()
        .find(|line| line.contains("GNU_STACK"))
        .unwrap();
    assert!(!stack.contains("RWE"), "an executable stack: {stack}");
}

#[test]
fn the_module_needs_libpam_and_libc_alone() {
    // Another TLS or LDAP library in the host would be a second one beside the host's own.
    let text = run("readelf", &["-d"]);
    let needed: Vec<_> = text
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split('[').nth(1)?.split(']').next())
        .collect();
    assert!(needed.contains(&"libpam.so.0"), "{needed:?}");
    for library in &needed {
        let stem = library.split('.').next().unwrap();
        let known = [
            "libpam",
            "libc",
            "libgcc_s",
            "libm",
            "ld-linux-x86-64",
            "ld-linux-aarch64",
        ];
        assert!(known.contains(&stem), "{library} in {needed:?}");
    }
    // No search path: a module of a setuid program must not look for libraries elsewhere.
    assert!(
        !text.contains("RPATH") && !text.contains("RUNPATH"),
        "{text}"
    );
}

#[test]
fn the_object_has_no_text_relocations() {
    assert!(!run("readelf", &["-d"]).contains("TEXTREL"));
}

#[test]
fn nothing_of_the_commands_own_crates_is_linked_into_the_module() {
    let bytes = std::fs::read(module()).unwrap();
    let has = |name: &str| memchr::memmem::find(&bytes, name.as_bytes()).is_some();
    // What is linked leaves its name in symbols, panics and debug information.
    assert!(has("rustls") && has("ldap3"));
    for name in ["clap_builder", "clap_complete", "serde_json"] {
        assert!(!has(name), "{name}");
    }
}
