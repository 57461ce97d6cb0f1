//! The command line itself: completions, help, and what is no command.

use std::process::{Command, Output};

fn rsldapctl(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .args(arguments)
        .output()
        .expect("rsldapctl")
}

#[test]
fn shells_get_a_script_that_knows_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = rsldapctl(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).expect("UTF-8");
        for word in [
            "check",
            "explain",
            "status",
            "stack",
            "keys",
            "cache",
            "flush",
            "password-stdin",
            "offline",
        ] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    // The script is one that bash can read.
    let script = rsldapctl(&["completions", "bash"]).stdout;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script).expect("write");
    let read = Command::new("bash").arg("-n").arg(file.path()).output();
    assert!(read.expect("bash").status.success());
}

#[test]
fn what_is_no_command_ends_with_2_and_prints_nothing_on_standard_output() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["explain"],
        &["check", "--onlin"],
        &["cache"],
        &["cache", "empty"],
        &["cache", "list", "--refusals"],
    ] {
        let output = rsldapctl(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}
