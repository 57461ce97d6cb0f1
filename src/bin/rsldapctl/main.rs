//! rsldapctl: checks the configuration of pam_rsldap and explains its decisions.

mod cache;
mod check;
mod cli;
mod connection;
mod explain;
mod import;
mod keys;
mod screen;
mod stack;
mod status;
mod usage;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use cli::{Action, Command};

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

fn main() -> ExitCode {
    let command = Command::try_parse().unwrap_or_else(|error| usage::end(&error));
    let answer = match &command.action {
        Action::Check { offline } => check::run(&command.config, *offline, command.json),
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
        Action::Status => status::run(&command.config, command.json),
        Action::Cache(action) => cache::run(&command.config, action, command.json),
        Action::Keys { user, service } => keys::run(&command.config, user, service, command.json),
        Action::Import(question) => import::run(question, command.json),
        Action::Completions { shell } => {
            usage::completions(*shell, &mut Command::command(), command.json)
        }
    };
    ExitCode::from(match answer {
        Answer::Good => 0,
        Answer::Negative => 1,
        Answer::Misconfigured => 2,
        Answer::Unavailable => 3,
    })
}

#[cfg(test)]
mod tests {
    use super::check;

    const MANUAL: &str = include_str!("../../../man/rsldapctl.8");

    #[test]
    fn the_manual_page_names_every_finding() {
        let words: Vec<&str> = MANUAL.split_whitespace().collect();
        for id in check::IDS {
            assert!(words.contains(&id), "{id} is not in the manual page");
        }
    }
}
