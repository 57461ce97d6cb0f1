//! The manual page rsldapctl(8), on standard output. "make man" writes it to man/rsldapctl.8.
//!
//! The commands come from the command line itself, in the words of `--help`: each that runs something is
//! a subsection with its synopsis, explanation, arguments and options. The rest is `man/rsldapctl.8.in`.

use std::io::{self, Write as _};

use clap::{Arg, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

// Its words are wanted here, and not what was parsed.
#[allow(dead_code)]
#[path = "../src/bin/rsldapctl/cli.rs"]
pub mod cli;

/// Names of keys and findings are neither broken nor stretched.
const HEAD: &str = r#".\" "make man" writes this from src/bin/rsldapctl/cli.rs and man/rsldapctl.8.in.
.ie \n(.g .ds Aq \(aq
.el .ds Aq '
.TH RSLDAPCTL 8 2026-11-24 pam_rsldap "System Manager's Manual"
.nh
.ad l
"#;
const REST: &str = include_str!("../man/rsldapctl.8.in");

fn main() -> io::Result<()> {
    io::stdout().write_all(page()?.as_bytes())
}

/// The whole page.
pub fn page() -> io::Result<String> {
    // Below one heading, the options are one list.
    let command = cli::Command::command().mut_args(|argument| argument.help_heading(None));
    let man = Man::new(command.clone());
    let mut page = HEAD.to_owned();
    page += &text(|to| man.render_name_section(to))?;
    page += &text(|to| synopsis(&command).to_writer(to))?;
    // The first paragraph is what NAME says.
    let description = text(|to| man.render_description_section(to))?;
    page += ".SH DESCRIPTION\n";
    page += after(&description, ".PP\n");
    page += &text(|to| man.render_options_section(to))?;
    page += ".SH COMMANDS\n";
    for (path, action) in actions(&command) {
        page += &subsection(&path, action)?;
    }
    Ok(page + REST)
}

/// What can be run, with its words: `cache list`, and not `cache`, which does nothing by itself.
pub fn actions(command: &Command) -> Vec<(String, &Command)> {
    let mut found = Vec::new();
    for action in command.get_subcommands() {
        let name = action.get_name();
        if !action.has_subcommands() {
            found.push((name.to_owned(), action));
        }
        let below = actions(action).into_iter();
        found.extend(below.map(|(path, below)| (format!("{name} {path}"), below)));
    }
    found
}

fn synopsis(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    let mut first = usage("", command);
    first.extend([roman(" "), italic("COMMAND"), roman(" ...")]);
    roff.text(first);
    for (path, action) in actions(command) {
        roff.control("br", []);
        roff.text(usage(&path, action));
    }
    roff
}

/// `rsldapctl explain USER [--service NAME]`; clap_mangen's has `[--service]`.
fn usage(path: &str, command: &Command) -> Vec<Inline> {
    let mut line = vec![bold(format!("rsldapctl {path}").trim_end())];
    for argument in command.get_arguments() {
        let required = argument.is_required_set();
        line.push(roman(if required { " " } else { " [" }));
        line.extend(words(argument));
        line.push(roman(if required { "" } else { "]" }));
    }
    line
}

/// `--service NAME`, or `USER`.
fn words(argument: &Arg) -> Vec<Inline> {
    let option = argument.get_long().map(|name| bold(format!("--{name}")));
    let takes_value = argument.get_action().takes_values();
    let names = argument.get_value_names().filter(|_| takes_value);
    let value = names.map(|names| italic(names.join(" ")));
    match (option, value) {
        (Some(option), Some(value)) => vec![option, roman(" "), value],
        (option, value) => option.into_iter().chain(value).collect(),
    }
}

fn subsection(path: &str, command: &Command) -> io::Result<String> {
    let mut head = Roff::new();
    head.control("SS", [path]);
    head.text(usage(path, command));
    head.control("PP", []);
    let mut subsection = text(|to| head.to_writer(to))?;

    // --help and the options of all commands are said once, at the top of the page.
    let command = command.clone().disable_help_flag(true);
    let man = Man::new(command.clone());
    let explanation = text(|to| man.render_description_section(to))?;
    subsection += after(&explanation, ".SH DESCRIPTION\n");
    for positional in [true, false] {
        let some = command.clone().mut_args(|argument| {
            let other = argument.is_positional() != positional;
            argument.hide(other)
        });
        let list = text(|to| Man::new(some).render_options_section(to))?;
        subsection += after(&list, ".SH OPTIONS\n");
    }
    Ok(subsection)
}

/// What is written, as part of a longer page: without what each part begins with, without empty lines,
/// and with close lists of values.
fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<String> {
    let mut written = Vec::new();
    write(&mut written)?;
    let text = String::from_utf8(written).map_err(io::Error::other)?;
    let beginning = Roff::new().render();
    let text = text.replacen(&beginning, "", 1);
    let text = text
        .replace("\n.br\n\n.br\n", "\n.sp\n")
        .replace("\n\n", "\n.sp\n");
    Ok(text
        .replace(".RS 14\n", ".RS\n.PD 0\n")
        .replace(".RE\n", ".RE\n.PD\n"))
}

/// Nothing if there is no such line.
fn after<'t>(text: &'t str, line: &str) -> &'t str {
    text.split_once(line)
        .map(|(_, rest)| rest)
        .unwrap_or_default()
}
