//! rsldapctl: checks the configuration of pam_rsldap and explains its decisions.

mod check;
mod explain;
mod import;
mod stack;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pam_rsldap::config::DEFAULT_PATH;
use serde::Serialize;

/// What a command found out, as its exit status says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// 0: yes, or all is well.
    Good,
    /// 1: no.
    Negative,
    /// 2: the command line or the configuration is wrong.
    Misconfigured,
    /// 3: no directory server answered.
    Unavailable,
}

/// Checks the configuration of pam_rsldap and explains its decisions.
#[derive(Parser)]
#[command(name = "rsldapctl", version, about)]
struct Command {
    /// The configuration file
    #[arg(long, global = true, value_name = "PATH", default_value = DEFAULT_PATH)]
    config: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Is the configuration right?
    Check {
        /// Look at the files alone, ask no server
        #[arg(long, required = true)]
        offline: bool,
    },
    /// How would a login of USER end, and why?
    Explain {
        /// The login name
        user: String,
        /// The PAM service, as in /etc/pam.d
        #[arg(long, value_name = "NAME", default_value = "sshd")]
        service: String,
        /// Read the password from standard input and try it, too
        #[arg(long)]
        password_stdin: bool,
    },
    /// What does the application get, and is its stack right?
    Stack {
        /// The PAM service, as in /etc/pam.d
        service: String,
        /// The directory that stands for /
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
    },
    /// What another program's configuration is here
    Import(import::Question),
}

fn main() -> ExitCode {
    let command = Command::parse();
    let answer = match &command.action {
        Action::Check { offline: _ } => check::run(&command.config, command.json),
        Action::Explain {
            user,
            service,
            password_stdin,
        } => {
            let question = explain::Question {
                user,
                service,
                password_stdin: *password_stdin,
            };
            explain::run(&command.config, &question, command.json)
        }
        Action::Stack { service, root } => {
            let question = stack::Question { service, root };
            stack::run(&command.config, &question, command.json)
        }
        Action::Import(question) => import::run(question, command.json),
    };
    ExitCode::from(match answer {
        Answer::Good => 0,
        Answer::Negative => 1,
        Answer::Misconfigured => 2,
        Answer::Unavailable => 3,
    })
}

/// Prints a report as JSON.
fn print_json(report: &impl Serialize) {
    match serde_json::to_string_pretty(report) {
        Ok(text) => println!("{text}"),
        Err(error) => println!("{{\"error\": \"{error}\"}}"),
    }
}
