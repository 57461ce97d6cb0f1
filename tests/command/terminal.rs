//! Colours: on a terminal, and there only if they are wanted.

use std::process::Command;

use crate::common::need;
use crate::fixture::server;

/// The output of the command on a terminal of its own (script(1)), with this variable set.
fn on_a_terminal(config: &str, variable: (&str, &str)) -> Vec<u8> {
    let program = env!("CARGO_BIN_EXE_rsldapctl");
    let output = Command::new(need("script", "bsdutils"))
        .args(["-qec"])
        .arg(format!("{program} --config {config} check --offline"))
        .arg("/dev/null")
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .env(variable.0, variable.1)
        .output()
        .expect("script runs");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let server = server();
    let config = server.config(&[]);
    let config = config.to_str().expect("a path");
    let coloured = |variable| on_a_terminal(config, variable).contains(&0x1b);
    assert!(coloured(("X", "")));
    // https://no-color.org: an empty one is none.
    assert!(coloured(("NO_COLOR", "")));
    assert!(!coloured(("NO_COLOR", "1")));
    assert!(!coloured(("TERM", "dumb")));
}
