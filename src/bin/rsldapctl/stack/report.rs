//! What `rsldapctl stack` prints.

use std::io::{self, Write};

use serde::Serialize;

use super::change;
use super::findings::{Finding, Level, Subject};
use super::libpam::code::Code;
use super::libpam::line::{printable, printable_path};
use super::modules::Subject as Who;
use super::rows::{self, Row};
use crate::screen::{Screen, Tone, print_json, table};

/// All that is printed. The names of the fields are those of `--json`.
#[derive(Serialize)]
pub struct Report {
    service: String,
    ok: bool,
    /// Every file that was read, each once.
    files: Vec<String>,
    /// The facilities for which the service has no line, so that those of `other` count.
    from_other: Vec<&'static str>,
    outcomes: Vec<Outcome>,
    changes: Vec<Change>,
    findings: Vec<Finding>,
}

/// One row of the table.
#[derive(Serialize)]
pub struct Outcome {
    outcome: String,
    user: &'static str,
    pub auth: Cell,
    pub account: Option<Cell>,
}

/// One row of the table of password changes.
#[derive(Serialize)]
struct Change {
    outcome: String,
    user: &'static str,
    /// What the module says in the first pass, and in the second.
    prelim: String,
    update: String,
    others_yes: Vec<String>,
    others_no: Vec<String>,
}

/// What the module says in one phase, and what the application gets.
#[derive(Serialize)]
pub struct Cell {
    pub module: Option<String>,
    pub others_yes: Vec<String>,
    pub others_no: Vec<String>,
}

impl Report {
    pub fn new(
        subject: &Subject<'_>,
        (outcomes, changes): &(Vec<Row>, Vec<change::Row>),
        findings: Vec<Finding>,
        ok: bool,
    ) -> Report {
        let mut files = Vec::new();
        for reading in &subject.service.readings {
            let file = printable_path(&reading.file);
            if !files.contains(&file) {
                files.push(file);
            }
        }
        Report {
            service: printable(subject.name.as_bytes()),
            ok,
            files,
            from_other: subject.service.borrowed.iter().map(|f| f.name()).collect(),
            outcomes: outcomes.iter().map(outcome).collect(),
            changes: changes.iter().map(of_change).collect(),
            findings,
        }
    }
}

pub fn outcome(row: &Row) -> Outcome {
    Outcome {
        outcome: row.event.name(),
        user: user(row.event.subject()),
        auth: cell(&row.auth),
        account: row.account.as_ref().map(cell),
    }
}

fn user(subject: Who) -> &'static str {
    match subject {
        Who::Root => "root",
        Who::Ordinary => "ordinary",
    }
}

fn names(codes: &[Code]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}

fn of_change(row: &change::Row) -> Change {
    Change {
        outcome: row.change.name.clone(),
        user: user(row.change.subject),
        prelim: row.change.prelim.to_string(),
        update: row.change.update.to_string(),
        others_yes: names(&row.others_yes),
        others_no: names(&row.others_no),
    }
}

fn cell(cell: &rows::Cell) -> Cell {
    Cell {
        module: cell.module.map(|code| code.to_string()),
        others_yes: names(&cell.others_yes),
        others_no: names(&cell.others_no),
    }
}

pub fn print(report: &Report, json: bool) {
    if json {
        print_json(report);
    } else {
        let mut text = Vec::new();
        // A vector takes everything.
        let _ = print_text(report, &mut text);
        crate::screen::print(&String::from_utf8_lossy(&text));
    }
}

fn print_text(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}: {}", report.service, report.files.join(", "))?;
    for facility in &report.from_other {
        writeln!(
            out,
            "{facility}: no line of its own; those of \"other\" count"
        )?;
    }
    let has_line = |row: &Outcome| {
        let cells = [Some(&row.auth), row.account.as_ref()];
        cells
            .into_iter()
            .flatten()
            .any(|cell| cell.module.is_some())
    };
    if report.outcomes.iter().any(has_line) {
        print_outcomes(&report.outcomes, out)?;
    }
    if !report.changes.is_empty() {
        print_changes(&report.changes, out)?;
    }
    let screen = Screen::stdout();
    for finding in &report.findings {
        let level = match finding.level {
            Level::Warning => screen.paint(Tone::Warning, "WARNING"),
            Level::Note => screen.paint(Tone::Quiet, "note"),
        };
        writeln!(out, "\n{level}: {} [{}]", finding.what, finding.id)?;
        if let Some(place) = &finding.place {
            writeln!(out, "  where: {place}")?;
        }
        writeln!(out, "  why:   {}", finding.why)?;
        writeln!(out, "  fix:   {}", finding.fix)?;
    }
    if report.ok {
        let text = format!("{}: nothing to mend", report.service);
        writeln!(out, "\n{}", screen.paint(Tone::Good, &text))?;
    }
    Ok(())
}

/// What the application gets. "yes" and "no": what the other modules say of password and account;
/// "..." where it may be another code as well.
fn print_outcomes(outcomes: &[Outcome], out: &mut impl Write) -> io::Result<()> {
    let mut rows = vec![
        ["", "auth", "", "", "account", "", ""].map(str::to_owned),
        [
            "pam_rsldap's outcome",
            "it answers",
            "others yes",
            "others no",
            "it answers",
            "others yes",
            "others no",
        ]
        .map(str::to_owned),
    ];
    for outcome in outcomes {
        let [a, b, c] = texts(Some(&outcome.auth));
        let [d, e, f] = texts(outcome.account.as_ref());
        rows.push([outcome.outcome.clone(), a, b, c, d, e, f]);
    }
    write!(out, "\n{}", table(&rows))?;
    writeln!(
        out,
        "what the application gets if the other modules that know passwords and accounts say yes, or no"
    )
}

/// The same for a change of the password.
fn print_changes(changes: &[Change], out: &mut impl Write) -> io::Result<()> {
    let mut rows = vec![
        ["", "password", "", "", ""].map(str::to_owned),
        [
            "pam_rsldap's outcome",
            "first pass",
            "second pass",
            "others yes",
            "others no",
        ]
        .map(str::to_owned),
    ];
    for change in changes {
        rows.push([
            change.outcome.clone(),
            short(&change.prelim).to_owned(),
            short(&change.update).to_owned(),
            first(&change.others_yes),
            first(&change.others_no),
        ]);
    }
    write!(out, "\n{}", table(&rows))?;
    writeln!(
        out,
        "what passwd(1) gets, or a login that has the password changed, if the other modules that set passwords say yes, or no"
    )
}

fn texts(cell: Option<&Cell>) -> [String; 3] {
    let Some(cell) = cell else {
        return ["-", "-", "-"].map(str::to_owned);
    };
    let module = cell.module.as_deref().map_or("-", short);
    [
        module.to_owned(),
        first(&cell.others_yes),
        first(&cell.others_no),
    ]
}

fn short(name: &str) -> &str {
    name.trim_start_matches("PAM_")
}

/// The table has room for one code, and PAM_SUCCESS is always the first of several.
fn first(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => short(one).to_owned(),
        [one, ..] => format!("{} ...", short(one)),
    }
}
