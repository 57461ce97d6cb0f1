//! The gates, with each group.

use super::asked;
use crate::explain::gates::{Branch, Gate};
use crate::explain::line::Line;
use crate::explain::report::Report;
use crate::screen::Tone;

/// The gates, and what was asked for them.
pub fn gates(report: &Report<'_>) -> Option<Line> {
    let gates = report.gates.iter().map(gate);
    let questions = report.group_questions.iter().map(asked);
    let questions = (!report.group_questions.is_empty())
        .then(|| Line::plain("what was asked about groups").with(questions));
    let as_user = match (report.as_user, &report.bind) {
        (false, _) => None,
        (true, Some(_)) => Some("asked as the user, where the password was right (bind.as_user)"),
        (true, None) => Some(
            "asked as lookups are; with a password they are asked as the user (bind.as_user), \
             who may see other groups",
        ),
    };
    let head = Line::plain("gates")
        .with(as_user.map(Line::plain))
        .with(report.member_of.as_deref().map(member_of));
    (!report.gates.is_empty()).then(|| head.with(gates).with(questions))
}

fn member_of(groups: &[String]) -> Line {
    const MOST: usize = 10;
    let text = match groups.len() {
        0 => "the entry has no memberOf, or none that may be read".to_owned(),
        count => format!("memberOf of the entry: {count}"),
    };
    let shown = groups
        .iter()
        .take(MOST)
        .map(|group| Line::plain(group.clone()));
    let more = groups.len().checked_sub(MOST).filter(|more| *more > 0);
    let more = more.map(|more| Line::plain(format!("and {more} more")));
    Line::plain(text).with(shown).with(more)
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
