//! What has no file of its own: a command line that makes no sense, and completions.

use std::env;
use std::process::exit;

use clap::error::ErrorKind;
use clap_complete::Shell;
use serde::Serialize;

use crate::Answer;
use crate::screen::{print, print_failure, print_json};

/// Ends the program: help or the version was asked for, or the command line makes no sense. Who wants
/// JSON gets that then, too.
pub fn end(error: &clap::Error) -> ! {
    let words = env::args_os().skip(1).take_while(|word| word != "--");
    if error.use_stderr() && words.into_iter().any(|word| word == "--json") {
        print_failure(&what_is_wrong(error), true);
        exit(2);
    }
    error.exit()
}

fn what_is_wrong(error: &clap::Error) -> String {
    let text = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "no command is given".to_owned(),
        _ => error.render().to_string(),
    };
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let what = text.split("\n\nUsage:").next().unwrap_or(text);
    format!("{}; see rsldapctl --help", what.trim_end())
}

/// The names of the fields are those of `--json`.
#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

/// Prints the script for a shell.
pub fn completions(shell: Shell, command: &mut clap::Command, json: bool) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "rsldapctl", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    if json {
        let shell = shell.to_string();
        print_json(&Completions { shell, script });
    } else {
        print(&script);
    }
    Answer::Good
}
