//! What a terminal gets: nothing from outside drives it, and colours and tables are for people.

use std::env;
use std::io::{self, IsTerminal, Write};

use pam_rsldap::characters::is_harmful;
pub use pam_rsldap::characters::printable;
use serde::Serialize;

/// How a word is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Warning,
    Quiet,
    Plain,
}

/// Whether colours are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    colours: bool,
}

impl Screen {
    /// Standard output: colours on a terminal, unless NO_COLOR is set to something
    /// (<https://no-color.org>) or the terminal says that it has none.
    pub fn stdout() -> Screen {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Screen {
            colours: io::stdout().is_terminal() && !set("NO_COLOR") && !dumb,
        }
    }

    /// The text in this tone, made harmless.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let text = printable(text);
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warning => "33",
            Tone::Quiet => "2",
            Tone::Plain => return text,
        };
        if self.colours {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text
        }
    }
}

/// Prints a report as JSON. What would drive a terminal is written as an escape of JSON, which means
/// the same.
pub fn print_json(report: &impl Serialize) {
    let text = match serde_json::to_string_pretty(report) {
        Ok(text) => text,
        Err(error) => format!("{{\"error\": \"{error}\"}}"),
    };
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        // serde_json has escaped the control characters of ASCII but DEL; the line ends are its own.
        if c != '\n' && is_harmful(c) {
            // JSON writes what is beyond U+FFFF as two (RFC 8259 §7).
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    print(&safe);
}

/// Writes to standard output. A reader that goes away is no failure of ours; an answer that gets lost in
/// any other way, as on a full disk, ends the program.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "rsldapctl: the answer is lost: {error}");
            std::process::exit(2);
        }
        Ok(()) | Err(_) => {}
    }
}

/// In place of a report, when there is none.
#[derive(Serialize)]
struct Failure<'a> {
    error: &'a str,
}

/// Prints why there is no report.
pub fn print_failure(error: &str, json: bool) {
    if json {
        print_json(&Failure { error });
    } else {
        print(&format!("{}\n", printable(error)));
    }
}

/// Rows for standard output: on a terminal in columns, each as wide as it has to be; elsewhere with a tab
/// between cells, for programs such as cut(1).
pub fn table<R: AsRef<[String]>>(rows: &[R]) -> String {
    laid_out(rows, io::stdout().is_terminal())
}

fn laid_out<R: AsRef<[String]>>(rows: &[R], in_columns: bool) -> String {
    let mut widths = Vec::new();
    for row in rows {
        let row = row.as_ref();
        widths.resize(row.len().max(widths.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells = row.as_ref().iter().map(|cell| printable(cell));
        if in_columns {
            let cells = cells.zip(&widths);
            let line: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            text.push_str(line.join("  ").trim_end());
        } else {
            text.push_str(&cells.collect::<Vec<_>>().join("\t"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c\u{202e}d\n"), "a?[2Jb?c?d?");
        let screen = Screen { colours: true };
        assert_eq!(screen.paint(Tone::Good, "a\u{7}"), "\u{1b}[32ma?\u{1b}[0m");
        assert_eq!(screen.paint(Tone::Plain, "a"), "a");
        let screen = Screen { colours: false };
        assert_eq!(screen.paint(Tone::Bad, "a"), "a");
    }

    #[test]
    fn columns_are_as_wide_as_they_have_to_be() {
        let rows = [["a", "b"], ["ccc", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(laid_out(&rows, true), "a    b\nccc\n");
    }

    #[test]
    fn away_from_a_terminal_a_tab_is_between_cells_and_in_none_of_them() {
        let rows = [["a\tb", "c"], ["", "d"]].map(|row| row.map(str::to_owned));
        assert_eq!(laid_out(&rows, false), "a?b\tc\n\td\n");
    }
}
