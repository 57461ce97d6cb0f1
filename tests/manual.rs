//! The manual page rsldapctl(8) is that of the command line, and the help fits a terminal.

#[allow(dead_code)] // Its main prints the page.
#[path = "../examples/manual.rs"]
mod manual;

use clap::{Arg, Command, CommandFactory as _};

const COMMITTED: &str = include_str!("../man/rsldapctl.8");

/// Of a terminal, and of what a manual page leaves of it.
const COLUMNS: usize = 80;
const MARGINS: usize = 9;

fn command() -> Command {
    manual::cli::Command::command()
}

/// With what clap adds to it.
fn built(command: &Command) -> Command {
    let mut command = command.clone();
    command.build();
    command
}

fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    let own = |argument: &&Arg| !["help", "version"].contains(&argument.get_id().as_str());
    command.get_arguments().filter(own)
}

/// `--service NAME`, `USER`.
fn words(argument: &Arg) -> String {
    let value = || argument.get_value_names().expect("a value").join(" ");
    match argument.get_long() {
        Some(option) if argument.get_action().takes_values() => format!("--{option} {}", value()),
        Some(option) => format!("--{option}"),
        None => value(),
    }
}

/// The page without fonts and quotes.
fn plain() -> String {
    let drop = |page: String, mark| page.replace(mark, "");
    let marks = ["\\fB", "\\fI", "\\fR", "\""].into_iter();
    marks.fold(COMMITTED.replace("\\-", "-"), drop)
}

fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, rest) = page.split_once(heading).expect(heading);
    rest.split("\n.S").next().expect("a section")
}

#[test]
fn the_manual_page_is_that_of_the_command_line() {
    let page = manual::page().expect("a page");
    for (number, (committed, made)) in COMMITTED.lines().zip(page.lines()).enumerate() {
        let number = number + 1;
        assert_eq!(
            committed, made,
            "man/rsldapctl.8, line {number}: run make man"
        );
    }
    assert!(
        COMMITTED == page,
        "man/rsldapctl.8 is shorter or longer: run make man"
    );
}

#[test]
fn the_manual_page_names_every_command_and_option() {
    command().debug_assert();
    let page = plain();
    let synopsis = section(&page, ".SH SYNOPSIS\n");
    for argument in own(&built(&command())) {
        assert!(
            synopsis.contains(&words(argument)),
            "{argument} in SYNOPSIS"
        );
        let times = page.matches(&format!(".TP\n{argument}")).count();
        assert_eq!(times, 1, "{argument}: the same for all commands");
    }
    for (path, action) in manual::actions(&command()) {
        let text = section(&page, &format!(".SS {path}\n"));
        let usage = text.lines().next().expect("a usage");
        assert!(usage.starts_with(&format!("rsldapctl {path}")), "{path}");
        assert!(
            synopsis.lines().any(|line| line == usage),
            "{path} in SYNOPSIS"
        );
        for argument in own(&built(action)) {
            assert!(usage.contains(&words(argument)), "{path}: {argument}");
            assert!(
                text.contains(&format!(".TP\n{argument}")),
                "{path}: {argument}"
            );
        }
    }
}

fn assert_fits(help: &str, path: &str) {
    for line in help.lines() {
        // What is indented stands like this in the manual page, between its margins.
        let example = line.starts_with("    ") && !line.starts_with("     ");
        let columns = if example { COLUMNS - MARGINS } else { COLUMNS };
        let fits = line.chars().count() <= columns || line.contains("[possible values: ");
        assert!(fits, "{path}: more than {columns} columns: {line}");
    }
}

#[test]
fn the_help_fits_a_terminal() {
    assert_fits(&command().render_long_help().to_string(), "rsldapctl");
    for (path, action) in manual::actions(&built(&command())) {
        let mut action = action.clone();
        assert_fits(&action.render_help().to_string(), &path);
        assert_fits(&action.render_long_help().to_string(), &path);
    }
}
