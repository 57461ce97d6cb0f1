//! The shared object itself: what it exports, what it needs, how it is linked.

use std::path::Path;
use std::process::Command;

use crate::common::{module, need};

fn run(tool: &str, arguments: &[&str]) -> String {
    run_on(&module(), tool, arguments)
}

fn run_on(object: &Path, tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(need(tool, "binutils"))
        .args(arguments)
        .arg(object)
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

/// The crates of the feature "command" share a manifest with the module. What of them would be linked has
/// these names among the symbols; the build of the tests keeps all of them.
#[test]
fn nothing_that_the_command_alone_needs_is_linked_into_the_module() {
    const TRACES: [(&str, &str); 6] = [
        ("clap", "clap_builder"),
        ("clap_complete", "clap_complete"),
        ("serde", "serde_core"),
        ("serde_json", "serde_json"),
        ("tree-sitter", "ts_parser_new"),
        ("tree-sitter-python", "tree_sitter_python"),
    ];
    let manifest = include_str!("../../Cargo.toml");
    let (_, after) = manifest.split_once("\ncommand = [").expect("the feature");
    let (list, _) = after.split_once(']').expect("its end");
    let named: Vec<&str> = list
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"dep:")?.strip_suffix("\","))
        .collect();
    assert_eq!(named, TRACES.map(|(name, _)| name));

    let in_module = run("nm", &[]);
    let in_command = run_on(Path::new(env!("CARGO_BIN_EXE_rsldapctl")), "nm", &[]);
    assert!(
        in_module.contains("ldap3"),
        "the module has no symbols to look at"
    );
    for (name, trace) in TRACES {
        assert!(
            in_command.contains(trace),
            "{trace} is no trace of {name} any more"
        );
        assert!(
            !in_module.contains(trace),
            "{name} is linked into the module"
        );
    }
}
