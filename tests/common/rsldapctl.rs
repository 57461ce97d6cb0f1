//! The command, asked for JSON.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The exit status, and what it says.
pub fn ask(config: &Path, arguments: &[&str], stdin: &str) -> (Option<i32>, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .arg("--config")
        .arg(config)
        .arg("--json")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rsldapctl");
    // A command that does not read has closed its end.
    let _ = child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("rsldapctl");
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(&output.stdout);
        panic!("{error}:\n{text}")
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
