//! The report for people: a tree with times.

use std::io::{self, Write};

use super::gates::{Branch, Gate};
use super::report::{Asked, Report, Search, UserBind};
use crate::screen::{Screen, Tone};
use crate::stack::Next;

/// A line, and what is below it.
struct Line {
    tone: Tone,
    text: String,
    ms: Option<f64>,
    below: Vec<Line>,
}

impl Line {
    fn new(tone: Tone, text: impl Into<String>) -> Line {
        Line {
            tone,
            text: text.into(),
            ms: None,
            below: Vec::new(),
        }
    }

    fn plain(text: impl Into<String>) -> Line {
        Line::new(Tone::Plain, text)
    }

    fn took(self, ms: impl Into<Option<f64>>) -> Line {
        Line {
            ms: ms.into(),
            ..self
        }
    }

    fn with(mut self, below: impl IntoIterator<Item = Line>) -> Line {
        self.below.extend(below);
        self
    }
}

/// Prints it.
pub fn print(report: &Report<'_>) {
    let screen = Screen::stdout();
    let top = format!("{} through {}", report.user, report.service);
    let mut text = screen.paint(Tone::Plain, &top);
    text.push('\n');
    for line in lines(report) {
        write_line(&line, 1, screen, &mut text);
    }
    // A reader that goes away is no failure of ours.
    let _ = io::stdout().write_all(text.as_bytes());
}

fn write_line(line: &Line, depth: usize, screen: Screen, text: &mut String) {
    text.push_str(&"  ".repeat(depth));
    text.push_str(&screen.paint(line.tone, &line.text));
    if let Some(ms) = line.ms {
        text.push_str(&screen.paint(Tone::Quiet, &format!(" [{ms:.1} ms]")));
    }
    text.push('\n');
    for below in &line.below {
        write_line(below, depth + 1, screen, text);
    }
}

fn lines(report: &Report<'_>) -> Vec<Line> {
    let mut lines = vec![account_here(report), exempt(report)];
    if report.exempt.is_none() {
        lines.extend(server(report));
        lines.extend(service_binds(report));
        let canonical = report.canonical.as_deref();
        let search = report.search.as_ref();
        lines.extend(search.map(|found| self::search(found, canonical)));
        lines.push(bind(report));
        lines.extend(account_state(report));
        lines.extend(
            report
                .not_listed
                .iter()
                .map(|why| Line::new(Tone::Bad, why.clone())),
        );
        lines.extend(gates(report));
    }
    lines.push(outcome(report));
    lines.push(stack(&report.stack));
    lines
}

fn account_here(report: &Report<'_>) -> Line {
    Line::plain(match report.local_uid {
        Some(uid) => format!("account on this host: uid {uid}"),
        None => "account on this host: none (a session needs one)".to_owned(),
    })
}

fn exempt(report: &Report<'_>) -> Line {
    match &report.exempt {
        Some(why) => Line::new(Tone::Warning, format!("exempt: yes, {why}")),
        None => Line::plain(
            "exempt: no (not root, not in user.exempt, no local uid below user.min_uid)",
        ),
    }
}

fn server(report: &Report<'_>) -> Vec<Line> {
    let passed = report.passed_over.iter().map(|passed| {
        let text = format!("passed over {}: {}", passed.server, passed.reason);
        Line::new(Tone::Warning, text)
    });
    let mut lines: Vec<Line> = passed.collect();
    for connection in &report.connections {
        let address = connection.address.as_deref();
        let address = address.map(|address| format!(" ({address})"));
        let tone = match connection.protection {
            "cleartext" => Tone::Warning,
            _ => Tone::Plain,
        };
        let protection = Line::new(tone, connection.protection());
        let text = format!(
            "server: {}{}",
            connection.server,
            address.unwrap_or_default()
        );
        lines.push(Line::plain(text).with([protection]));
    }
    if lines.is_empty() {
        lines.push(Line::plain("server: none was asked"));
    }
    lines
}

fn service_binds(report: &Report<'_>) -> Vec<Line> {
    let binds = report.service_binds.iter().map(|bind| {
        let who = match bind.dn.as_str() {
            "" => "nobody",
            dn => dn,
        };
        let text = format!(
            "bind for lookups as {who} ({}): {}{}",
            bind.mechanism,
            bind.result.as_deref().unwrap_or("no answer"),
            said(&bind.diagnostic)
        );
        Line::plain(text).took(bind.ms)
    });
    binds.collect()
}

fn said(diagnostic: &str) -> String {
    match diagnostic {
        "" => String::new(),
        text => format!(", the server says \"{text}\""),
    }
}

fn asked(asked: &Asked) -> Line {
    let found = match asked.entries {
        0 => "no entry".to_owned(),
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    };
    let text = format!(
        "base \"{}\", scope {}, filter {}: {found}, {}",
        asked.base,
        asked.scope,
        asked.filter,
        asked.result.as_deref().unwrap_or("no answer")
    );
    Line::plain(text).took(asked.ms)
}

fn search(search: &Search, canonical: Option<&str>) -> Line {
    let (tone, text) = match (&search.error, search.entries.as_slice()) {
        (Some(error), _) => (Tone::Bad, format!("search for the entry failed: {error}")),
        (None, []) => (Tone::Bad, "search for the entry: none found".to_owned()),
        (None, [dn]) => (Tone::Good, format!("search for the entry: {dn}")),
        (None, all) => (
            Tone::Bad,
            format!("search for the entry: {} found, one is needed", all.len()),
        ),
    };
    let attribute = &search.name_attribute;
    let name = search
        .name_matches
        .map(|matches| match (matches, canonical) {
            (true, _) => Line::plain(format!("{attribute} has the login name as a value")),
            (false, Some(account)) => {
                Line::plain(format!("goes on as {account}, the value of {attribute}"))
            }
            (false, None) => Line::new(
                Tone::Bad,
                format!("no value of {attribute} is the login name, byte for byte"),
            ),
        });
    let more = search.entries.iter().filter(|_| search.entries.len() > 1);
    Line::new(tone, text)
        .took(search.ms)
        .with(search.searches.iter().map(asked))
        .with(more.map(Line::plain))
        .with(name)
}

fn bind(report: &Report<'_>) -> Line {
    match (&report.bind, report.password_tried) {
        (Some(bind), _) => user_bind(bind),
        (None, true) => Line::plain("the user's bind: not tried"),
        (None, false) => Line::new(
            Tone::Quiet,
            "the user's bind: not tried without a password (--password-stdin); \
             what follows is what the account phase decides",
        ),
    }
}

fn user_bind(bind: &UserBind) -> Line {
    let tone = match bind.verdict {
        Some("right") => Tone::Good,
        Some("must_change") => Tone::Warning,
        _ => Tone::Bad,
    };
    let code = bind.sub_code.as_ref();
    let details = format!(
        "{}{}{}",
        bind.result.as_deref().unwrap_or("no answer"),
        code.map(|code| format!(", sub-code {code}"))
            .unwrap_or_default(),
        said(&bind.diagnostic)
    );
    let text = format!("the user's bind as {}: {}", bind.dn, bind.words);
    Line::new(tone, text)
        .took(bind.ms)
        .with([Line::plain(details)])
}

fn account_state(report: &Report<'_>) -> Option<Line> {
    let families = report.account_state.iter().map(|family| {
        let tone = match family.state {
            "fine" => Tone::Good,
            _ => Tone::Bad,
        };
        let reason = match family.reason.as_str() {
            "" => String::new(),
            reason => format!(": {reason}"),
        };
        let text = format!("{}: {}{reason}", family.family, family.state);
        Line::new(tone, text)
    });
    (!report.account_state.is_empty()).then(|| Line::plain("state of the account").with(families))
}

fn gates(report: &Report<'_>) -> Option<Line> {
    let gates = report.gates.iter().map(gate);
    let questions = report.group_questions.iter().map(asked);
    let questions = (!report.group_questions.is_empty())
        .then(|| Line::plain("what was asked about groups").with(questions));
    (!report.gates.is_empty()).then(|| Line::plain("gates").with(gates).with(questions))
}

fn gate(gate: &Gate) -> Line {
    let tone = match gate.state {
        "open" => Tone::Good,
        "unknown" => Tone::Quiet,
        _ => Tone::Bad,
    };
    let wanted = if gate.opens_at {
        ""
    } else {
        " (opens at false)"
    };
    let text = format!("{}{wanted}: {}", gate.gate, gate.state);
    Line::new(tone, text).with([branch(&gate.tree)])
}

fn branch(branch: &Branch) -> Line {
    let name = match (branch.part, branch.name.as_deref()) {
        ("any", _) => "one of these".to_owned(),
        ("all", _) => "all of these".to_owned(),
        (part, Some(name)) => format!("{part} {name}"),
        (part, None) => part.to_owned(),
    };
    let value = match branch.value {
        "missing" if branch.part == "group" => "there is no such group",
        "missing" => "undecided, for want of a group",
        "unknown" => "not asked",
        value => value,
    };
    let reason = branch.reason.as_deref();
    let reason = reason.map(|reason| format!(", {reason}"));
    let text = format!("{name}: {value}{}", reason.unwrap_or_default());
    let tone = match branch.value {
        "missing" | "unreadable" => Tone::Warning,
        "unknown" => Tone::Quiet,
        _ => Tone::Plain,
    };
    Line::new(tone, text).with(branch.below.iter().map(self::branch))
}

fn outcome(report: &Report<'_>) -> Line {
    let tone = match report.outcome {
        "granted" => Tone::Good,
        "exempt" | "must_change" => Tone::Warning,
        _ => Tone::Bad,
    };
    let codes = [("auth", &report.auth), ("account", &report.account)];
    let codes = codes.into_iter().filter_map(|(phase, code)| {
        let code = code.as_ref()?;
        Some(Line::plain(format!("PAM {phase}: {code}")))
    });
    let cause = report
        .cause
        .map(|cause| Line::plain(format!("cause: {cause}")));
    let reason = (!report.reason.is_empty()).then(|| Line::plain(report.reason.clone()));
    let flags = report.flags.join(", ");
    let flags = (!flags.is_empty()).then(|| Line::plain(format!("flags: {flags}")));
    let groups = report.local_groups.join(", ");
    let groups = (!groups.is_empty()).then(|| Line::plain(format!("local groups: {groups}")));
    let attributes = report.attributes.iter();
    let attributes = attributes.map(|(key, value)| Line::plain(format!("{key}: {value}")));
    let memory = (report.outcome == "unavailable").then(|| {
        Line::plain(
            "a login goes by what this host remembers now: the last refusal, or with \
             offline.credentials the last good password",
        )
    });
    Line::new(tone, format!("outcome: {}", report.outcome))
        .took(report.ms)
        .with(reason)
        .with(cause)
        .with(memory)
        .with(flags)
        .with(groups)
        .with(attributes)
        .with(codes)
}

fn stack(next: &Next) -> Line {
    let Some(row) = &next.row else {
        let why = next.error.as_deref().unwrap_or_default();
        return Line::new(Tone::Warning, format!("the stack: nothing to say, {why}"));
    };
    let own = (!next.own_file).then(|| {
        Line::new(
            Tone::Warning,
            "no file of its own in /etc/pam.d: that of \"other\" counts",
        )
    });
    let cells = [("auth", Some(&row.auth)), ("account", row.account.as_ref())];
    let cells = cells.into_iter().filter_map(|(phase, cell)| {
        let cell = cell?;
        let text = match cell.module {
            Some(_) => format!(
                "{phase}: {} if the other modules say yes, {} if they say no",
                cell.others_yes.join(" or "),
                cell.others_no.join(" or ")
            ),
            None => format!("{phase}: no line calls pam_rsldap"),
        };
        Some(Line::plain(text))
    });
    Line::plain("the stack: what the application gets")
        .with(own)
        .with(cells)
}
