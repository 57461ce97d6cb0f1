//! `rsldapctl import FILE`: the configuration of another program as one of ours.
//!
//! Each format has a reader that fills a [`Draft`]: values with the place that they come from, and
//! notes on what works otherwise, has no equivalent or has to be done by hand. The draft is printed
//! and, before that, read by the module's own parser, so that nothing is called complete that the
//! module would refuse. Secrets are not copied, and nothing of the source is run.

mod django;
mod docker;
mod draft;
mod filter;
mod format;
mod gates;
mod keywords;
mod literal;
mod nslcd;
mod padl;
mod python;
mod query;
mod servers;
mod sssd;
mod users;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use pam_rsldap::characters::excerpt;
use pam_rsldap::config;
use serde::Serialize;

use crate::Answer;
use crate::cli::{Format, Import};
use crate::screen::{print_failure, print_json};
use draft::{Draft, Level, Note, Origin};
use literal::comment;

/// A longer file is not a configuration.
const LONGEST: u64 = 256 * 1024;

/// What the command line adds to the file.
pub struct Wishes<'q> {
    domain: Option<&'q str>,
    is_active: Option<&'q str>,
}

/// What is printed with `--json`; the names are a promise.
#[derive(Serialize)]
struct Report {
    format: &'static str,
    complete: bool,
    config: String,
    notes: Vec<Note>,
}

/// Reads the file and prints what becomes of it.
pub fn run(question: &Import, json: bool) -> Answer {
    match import(question) {
        Ok(report) => {
            print(&report, json);
            if report.complete {
                Answer::Good
            } else {
                Answer::Negative
            }
        }
        Err(problem) => {
            let error = format!("{}: {problem}", excerpt(&question.file.to_string_lossy()));
            if json {
                print_failure(&error, json);
            } else {
                // Standard output is a configuration, and may be a file already.
                complain(&error);
            }
            Answer::Misconfigured
        }
    }
}

fn print(report: &Report, json: bool) {
    if json {
        print_json(report);
        return;
    }
    crate::screen::print(&report.config);
    let left = report
        .notes
        .iter()
        .filter(|note| note.level == Level::Todo)
        .count();
    if left > 0 {
        complain(&format!(
            "not complete: {left} to do by hand, each marked TODO"
        ));
    }
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn import(question: &Import) -> Result<Report, String> {
    let text = read(&question.file)?;
    let name = match question.file.file_name() {
        Some(name) if !is_stdin(&question.file) => name.to_string_lossy(),
        _ => "stdin".into(),
    };
    let extension = Path::new(&*name).extension();
    if extension.is_some_and(|extension| extension == "yml" || extension == "yaml") {
        return Err("YAML is not read; write what stands below \"environment:\" as KEY=value into a file of its own, and import that".to_owned());
    }
    let format = match question.from {
        Some(format) => format,
        None => format::recognise(&question.file, &text).ok_or(
            "neither its name nor its content tells whose configuration this is; say it with --from",
        )?,
    };
    if question.domain.is_some() && format != Format::Sssd {
        return Err("--domain is for sssd.conf alone".to_owned());
    }
    let wishes = Wishes {
        domain: question.domain.as_deref(),
        is_active: question.is_active.as_deref(),
    };
    let mut draft = Draft::new(&name);
    convert(format, &text, &name, &wishes, &mut draft)?;
    gates::shut(&mut draft);
    judge(&mut draft);
    Ok(Report {
        format: format.name(),
        complete: draft.is_complete(),
        config: head(&name, format, &draft) + &draft.text(),
        notes: draft.notes(),
    })
}

fn convert(
    format: Format,
    text: &str,
    name: &str,
    wishes: &Wishes<'_>,
    draft: &mut Draft,
) -> Result<(), String> {
    let settings = match format {
        Format::Netbox => {
            let module = python::read(text).map_err(|failure| match failure {
                python::Failure::Syntax(line) => {
                    format!("line {line} is not Python that can be read")
                }
                python::Failure::TooHard => "this Python is too hard to read".to_owned(),
            })?;
            let origin = |line: usize| Origin {
                line: Some(line),
                setting: None,
            };
            for (line, text) in &module.unseen {
                let text = format!("{text}. Look there for what says who may log in");
                draft.remark(Level::Todo, &origin(*line), text);
            }
            for (line, text) in &module.remarks {
                draft.remark(Level::Warning, &origin(*line), text);
            }
            django::Settings::new(module, name.contains("ldap_config"))
        }
        Format::NetboxDocker => django::Settings::from_pairs(docker::settings(text, draft)),
        Format::Nslcd => return keyword_file(text, || nslcd::convert(text, wishes, draft)),
        Format::Padl => return keyword_file(text, || padl::convert(text, wishes, draft)),
        Format::Sssd => return sssd::convert(text, wishes, draft),
    };
    if !settings.are_for_ldap() {
        return Err(
            "no setting of django-auth-ldap in it, such as AUTH_LDAP_SERVER_URI".to_owned(),
        );
    }
    django::convert(&settings, wishes, draft);
    Ok(())
}

fn keyword_file(text: &str, work: impl FnOnce()) -> Result<(), String> {
    const BASIC: [&str; 4] = ["uri", "host", "base", "binddn"];
    let known = keywords::lines(text)
        .iter()
        .any(|line| BASIC.contains(&line.keyword.as_str()));
    if !known {
        return Err("none of uri, host, base and binddn is in it".to_owned());
    }
    work();
    Ok(())
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a whole text file, and no device; `-` is standard input.
fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    if is_stdin(path) {
        let stdin = io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
        stdin.map_err(|error| error.to_string())?;
    } else {
        // Opening a FIFO must not wait for a writer.
        let mut options = File::options();
        options
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY);
        let file = options.open(path).map_err(|error| error.to_string())?;
        let metadata = file.metadata().map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Err("not a regular file".to_owned());
        }
        let all = file.take(LONGEST + 1).read_to_end(&mut bytes);
        all.map_err(|error| error.to_string())?;
    }
    if bytes.len() as u64 > LONGEST {
        return Err("longer than 256 KiB, which no configuration is".to_owned());
    }
    if bytes.contains(&0) {
        return Err("not a text file".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8 text")?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// Lets the module's own parser look at a draft that seems to be complete.
fn judge(draft: &mut Draft) {
    if !draft.is_complete() {
        return;
    }
    let mistake = match config::parse(&draft.text(), Path::new("config")) {
        Ok(_) => return,
        Err(error) => error.to_string(),
    };
    // "config:LINE:COLUMN: key: problem"
    let mistake = mistake
        .splitn(4, ':')
        .last()
        .unwrap_or(&mistake)
        .trim()
        .to_owned();
    let text = format!("the module would refuse this configuration: {mistake}");
    draft.remark(Level::Todo, &Origin::default(), text);
}

fn head(name: &str, format: Format, draft: &Draft) -> String {
    let name = excerpt(name);
    let state = if draft.is_complete() {
        "Read the comments; WARNING is what works otherwise than there."
    } else {
        "It is not complete: TODO is what has to be done by hand, WARNING what works otherwise than there."
    };
    let text = format!(
        "pam_rsldap configuration, made by rsldapctl import from {name} ({}). {state} \
         Then ask rsldapctl check.",
        format.name()
    );
    comment(&text, 100)
}
