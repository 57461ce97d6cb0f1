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

/// A section of the page without fonts.
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
    let fonts = |page: String, font| page.replace(font, "");
    let page = ["\\fB", "\\fI", "\\fR"]
        .into_iter()
        .fold(COMMITTED.to_owned(), fonts);
    let page = page.replace("\\-", "-");
    let synopsis = section(&page, ".SH SYNOPSIS\n");
    let options = section(&page, ".SH OPTIONS\n");
    for argument in own(&command()) {
        assert!(
            synopsis.contains(&format!("[{}]", words(argument))),
            "{argument}"
        );
        assert_eq!(
            page.matches(&format!(".TP\n--{}", argument.get_id()))
                .count(),
            1,
            "{argument}"
        );
        assert!(
            options.contains(&format!("\n--{}", argument.get_id())),
            "{argument}"
        );
    }
    for (path, action) in manual::actions(&command()) {
        let line = synopsis
            .lines()
            .find(|line| line.starts_with(&format!("rsldapctl {path}")));
        let line = line.unwrap_or_else(|| panic!("{path} is not in SYNOPSIS"));
        let text = section(
            &page,
            &format!(".SS \"{path}\"\n").replace("\"", if path.contains(' ') { "\"" } else { "" }),
        );
        assert!(text.starts_with(line), "{path}");
        for argument in own(action) {
            assert!(
                line.contains(&words(argument)),
                "{path}: {argument} in SYNOPSIS"
            );
            let name = argument.get_long().map(|name| format!("--{name}"));
            let name = name.unwrap_or_else(|| words(argument));
            let explained = text.lines().skip_while(|line| *line != ".TP");
            assert!(
                explained.into_iter().any(|line| line.contains(&name)),
                "{path}: {name}"
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
    let mut all = command();
    all.build();
    for (path, action) in manual::actions(&all) {
        let mut action = action.clone();
        assert_fits(&action.render_help().to_string(), &path);
        assert_fits(&action.render_long_help().to_string(), &path);
    }
}
