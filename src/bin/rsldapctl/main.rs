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

use std::io;
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
    let command = Command::parse();
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
            let name = "rsldapctl";
            clap_complete::generate(*shell, &mut Command::command(), name, &mut io::stdout());
            Answer::Good
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
    use super::*;

    const MANUAL: &str = include_str!("../../../man/rsldapctl.8");

    fn assert_in_manual(what: &str, text: &str, command: &str) {
        assert!(
            text.contains(what),
            "{what} of {command}: not in the manual page"
        );
    }

    fn is_own(argument: &&clap::Arg) -> bool {
        !["help", "version"].contains(&argument.get_id().as_str())
    }

    /// The line of a command, its options and arguments, and the options of all commands.
    #[test]
    fn the_manual_page_names_every_command_and_option() {
        let command = Command::command();
        command.clone().debug_assert();
        let (synopsis, _) = MANUAL.split_once(".Sh DESCRIPTION").expect("a description");
        for argument in command.get_arguments().filter(is_own) {
            let option = argument.get_long().expect("a long option");
            assert_in_manual(&format!("Fl -{option}"), synopsis, "all commands");
        }
        for action in command.get_subcommands() {
            let name = action.get_name();
            if !action.has_subcommands() {
                assert_command(synopsis, name, action);
            }
            for nested in action.get_subcommands() {
                assert_command(synopsis, &format!("{name} {}", nested.get_name()), nested);
            }
        }
    }

    fn assert_command(synopsis: &str, name: &str, command: &clap::Command) {
        assert_in_manual(&format!(".Cm {name}\n"), synopsis, name);
        let place = MANUAL.find(&format!("Cm {name}")).expect("the command");
        for argument in command.get_arguments().filter(is_own) {
            let word = match argument.get_long() {
                Some(option) => format!("Fl -{option}"),
                None => format!("Ar {}", argument.get_id().as_str().to_uppercase()),
            };
            assert_in_manual(&word, synopsis, name);
            assert_in_manual(&word, &MANUAL[place..], name);
        }
    }

    #[test]
    fn the_manual_page_names_every_finding() {
        let words: Vec<&str> = MANUAL.split_whitespace().collect();
        for id in check::IDS {
            assert!(words.contains(&id), "{id} is not in the manual page");
        }
    }
}
