//! The command, as its users start it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs it once.
pub fn run(config: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .arg("--config")
        .arg(config)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rsldapctl");
    // A command that does not read has closed its end.
    let _ = child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(stdin.as_bytes());
    child.wait_with_output().expect("rsldapctl")
}

/// The exit status, and what it says as JSON.
#[allow(dead_code)] // not every suite asks for JSON alone
pub fn ask(config: &Path, arguments: &[&str], stdin: &str) -> (Option<i32>, Value) {
    let output = run(config, &[&["--json"], arguments].concat(), stdin);
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        panic!("{error}:\n{}", String::from_utf8_lossy(&text))
    });
    (output.status.code(), said)
}

/// The ids of the findings of a level.
#[allow(dead_code)] // not every suite looks at findings
pub fn findings<'a>(said: &'a Value, level: &str) -> Vec<&'a str> {
    let all = said["findings"].as_array().expect("findings");
    let found = all.iter().filter(|finding| finding["level"] == level);
    found.filter_map(|finding| finding["id"].as_str()).collect()
}
