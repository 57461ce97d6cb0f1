//! `rsldapctl check` on a terminal: no word is broken, and nothing but the width of lines differs.

use std::path::Path;
use std::process::Command;

use crate::common::directory::group_dn;
use crate::common::need;
use crate::fixture::server;
use crate::rsldapctl::run;

/// The output on a terminal of its own (script(1)) that is this wide.
fn on_a_terminal(config: &Path, columns: usize) -> String {
    let program = env!("CARGO_BIN_EXE_rsldapctl");
    let command = format!(
        "stty columns {columns} && {program} --config {} check",
        config.display()
    );
    let output = Command::new(need("script", "bsdutils"))
        .args(["-qc", &command, "/dev/null"])
        .env("NO_COLOR", "1")
        .output()
        .expect("script runs");
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

#[test]
fn lines_are_as_long_as_the_terminal_is_wide_and_whole_elsewhere() {
    let server = server();
    let missing = group_dn("a-group-with-a-name-that-is-really-quite-long");
    let config = server.config(&[("access", &format!("deny = \"{missing}\""))]);
    let piped = run(&config, &["check"], "").stdout;
    let piped = String::from_utf8_lossy(&piped).into_owned();
    let longest = |text: &str| text.lines().map(|line| line.chars().count()).max();
    assert!(longest(&piped) > Some(120), "{piped}");
    // But for how long the server took.
    let words = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains(" ms to "));
        let lines: Vec<&str> = lines.collect();
        lines
            .join(" ")
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for columns in [80, 100] {
        let shown = on_a_terminal(&config, columns);
        assert!(longest(&shown) <= Some(columns), "{shown}");
        assert_eq!(words(&shown), words(&piped));
    }
}
