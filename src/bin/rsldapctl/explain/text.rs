//! The report for people: a tree with times.

mod gates;

use super::bind::UserBind;
use super::line::Line;
use super::report::{Asked, Bind, Family, Report, Search};
use crate::screen::{self, Screen, Tone};

/// Prints it: the answer, what stands beside it, and how it came about.
pub fn print(report: &Report<'_>) {
    let screen = Screen::stdout();
    let mut text = String::new();
    let top = Line::new(tone(report), report.conclusion.clone());
    top.write(0, screen, &mut text);
    for warning in &report.warnings {
        let line = Line::new(Tone::Warning, format!("but {warning}"));
        line.write(0, screen, &mut text);
    }
    for line in lines(report) {
        line.write(1, screen, &mut text);
    }
    screen::print(&text);
}

fn tone(report: &Report<'_>) -> Tone {
    match report.outcome {
        "granted" => Tone::Good,
        "exempt" | "must_change" => Tone::Warning,
        _ => Tone::Bad,
    }
}

fn lines(report: &Report<'_>) -> Vec<Line> {
    let mut lines = vec![account_here(report), exempt(report)];
    if report.exempt.is_none() {
        let (again, first): (Vec<&Bind>, Vec<&Bind>) =
            report.service_binds.iter().partition(|bind| bind.is_second);
        lines.extend(server(report));
        lines.extend(first.into_iter().map(service_bind));
        if report.bind_first {
            lines.push(bind(report));
            lines.extend(again.into_iter().map(service_bind));
            lines.extend(search(report));
        } else {
            lines.extend(search(report));
            lines.push(bind(report));
            lines.extend(again.into_iter().map(service_bind));
        }
        lines.extend(account_state(report));
        lines.extend(listed(report));
        lines.extend(gates::gates(report));
    }
    lines.push(outcome(report));
    lines.push(stack(report));
    lines
}

fn account_here(report: &Report<'_>) -> Line {
    Line::plain(match report.local_uid {
        Some(uid) => format!("account on this host: uid {uid}"),
        None if report.canonical.is_some() => "account on this host: none by this name".to_owned(),
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
        Line::new(Tone::Warning, text).took(passed.ms)
    });
    let mut lines: Vec<Line> = passed.collect();
    for connected in &report.connections {
        let connection = &connected.connection;
        let address = connection.address.as_deref();
        let address = address.map(|address| format!(" ({address})"));
        let tone = match connection.protection {
            "cleartext" => Tone::Warning,
            _ => Tone::Plain,
        };
        let protection = Line::new(tone, connection.protection());
        let (server, address) = (&connection.server, address.unwrap_or_default());
        let line = Line::plain(format!("server: {server}{address}"));
        lines.push(line.took(connected.connect_ms).with([protection]));
    }
    if lines.is_empty() {
        lines.push(Line::plain("server: none was asked"));
    }
    lines
}

fn service_bind(bind: &Bind) -> Line {
    let who = match bind.dn.as_str() {
        "" => "nobody",
        dn => dn,
    };
    let again = if bind.is_second { ", again" } else { "" };
    let text = format!(
        "bind for lookups{again} as {who} ({}): {}{}",
        bind.mechanism,
        bind.result.as_deref().unwrap_or("no answer"),
        said(&bind.diagnostic)
    );
    Line::plain(text).took(bind.ms)
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

fn search(report: &Report<'_>) -> Option<Line> {
    let search = report.search.as_ref()?;
    let (tone, text) = match (&search.error, search.entries.as_slice()) {
        (Some(error), _) => (Tone::Bad, format!("search for the entry failed: {error}")),
        (None, []) => (Tone::Bad, "search for the entry: none found".to_owned()),
        (None, [dn]) => (Tone::Good, format!("search for the entry: {dn}")),
        (None, all) => (
            Tone::Bad,
            format!("search for the entry: {} found, one is needed", all.len()),
        ),
    };
    let more = search.entries.iter().filter(|_| search.entries.len() > 1);
    let line = Line::new(tone, text)
        .took(search.ms)
        .with(search.searches.iter().map(asked))
        .with(more.map(Line::plain));
    Some(line.with(name(search, report.canonical.as_deref())))
}

fn name(search: &Search, canonical: Option<&str>) -> Option<Line> {
    let attribute = &search.name_attribute;
    let names = search.names.join(", ");
    Some(match (search.name_matches?, canonical) {
        (true, _) => Line::plain(format!("{attribute} has the login name as a value")),
        (false, Some(account)) => {
            Line::plain(format!("goes on as {account}, the value of {attribute}"))
        }
        (false, None) if search.names.is_empty() => Line::new(
            Tone::Bad,
            format!("the entry has no {attribute}, or none that may be read"),
        ),
        (false, None) => Line::new(
            Tone::Bad,
            format!("{attribute} is {names}: not the login name, byte for byte"),
        ),
    })
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
    let families = &report.account_state;
    let is_plain = |family: &&Family| family.state == "fine" && family.reason.is_empty();
    let head = "state of the account, as the entry shows it";
    if families.iter().all(|family| is_plain(&family)) {
        let names: Vec<&str> = families.iter().map(|family| family.family).collect();
        let line = Line::plain(format!("{head}: fine ({})", names.join(", ")));
        return (!names.is_empty()).then_some(line);
    }
    let families = families.iter().map(|family| {
        let tone = match family.state {
            "fine" => Tone::Plain,
            _ => Tone::Bad,
        };
        let reason = match family.reason.as_str() {
            "" => String::new(),
            reason => format!(": {reason}"),
        };
        let text = format!("{}: {}{reason}", family.family, family.state);
        Line::new(tone, text)
    });
    Some(Line::plain(head).with(families))
}

fn listed(report: &Report<'_>) -> Vec<Line> {
    let what = "access.host_attribute and service_attribute, where set";
    if report.not_listed.is_empty() {
        let line = Line::plain(format!("{what}: they let the user in"));
        return Vec::from_iter((report.listed > 0).then_some(line));
    }
    let not = report.not_listed.iter();
    let not = not.map(|why| Line::new(Tone::Bad, why.clone()));
    vec![Line::plain(what).with(not)]
}

/// What a login without a password leaves open.
fn if_right(report: &Report<'_>) -> &'static str {
    let depends = ["granted", "refused", "expired", "must_change"].contains(&report.outcome);
    if depends && !report.password_tried {
        ", if the password is right"
    } else {
        ""
    }
}

fn outcome(report: &Report<'_>) -> Line {
    let code = |phase: &str, code: &Option<String>, rest: &str| {
        let known = code.as_ref().map(|code| format!("{code}{rest}"));
        Line::plain(format!(
            "PAM {phase}: {}",
            known.as_deref().unwrap_or("not known")
        ))
    };
    let auth = match (&report.auth, report.outcome, report.password_tried) {
        (None, "granted", false) => Line::plain("PAM auth: the password decides"),
        (auth, ..) => code("auth", auth, if_right(report)),
    };
    let account = code("account", &report.account, "");
    let account = (report.outcome != "bad_password").then_some(account);
    let cause = report
        .cause
        .map(|cause| Line::plain(format!("cause: {cause}")));
    let reason = (!report.reason.is_empty()).then(|| Line::plain(report.reason.clone()));
    let granted = &report.granted;
    let list = |what: &str, names: &[String]| {
        let names = names.join(", ");
        (!names.is_empty()).then(|| Line::plain(format!("{what}: {names}")))
    };
    let attributes = granted.attributes.iter();
    let attributes = attributes.map(|(key, value)| Line::plain(format!("{key}: {value}")));
    Line::new(tone(report), format!("outcome: {}", report.outcome))
        .took(report.ms)
        .with(reason)
        .with(cause)
        .with(memory(report))
        .with(list("flags", &granted.flags))
        .with(list("local groups", &granted.local_groups))
        .with(attributes)
        .with([auth])
        .with(account)
}

/// A login is not over when no server answers.
fn memory(report: &Report<'_>) -> Option<Line> {
    if report.outcome != "unavailable" {
        return None;
    }
    Some(Line::plain(match &report.remembered {
        None => {
            "a login goes by what this host remembers, which only root can see: the last refusal, \
             or with offline.credentials the last good password"
        }
        Some(kept) if kept.refusal.is_some() => "a login goes by the last refusal",
        Some(kept) if kept.groups_fresh || kept.offline_usable => {
            "a login goes by what this host remembers, as said above"
        }
        Some(_) => "this host remembers no refusal and no password that counts now",
    }))
}

fn stack(report: &Report<'_>) -> Line {
    let next = &report.stack;
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
    let cells = [
        ("auth", Some(&row.auth), &next.auth_next, if_right(report)),
        ("account", row.account.as_ref(), &next.account_next, ""),
    ];
    let cells = cells.into_iter().filter_map(|(phase, cell, next, rest)| {
        let cell = cell?;
        let Some(module) = &cell.module else {
            return Some(Line::plain(format!("{phase}: no line calls pam_rsldap")));
        };
        let text = format!(
            "{phase}{rest}: {module}, then {}; the application gets {} if the other modules say \
             yes, {} if they say no",
            next.join(" or "),
            cell.others_yes.join(" or "),
            cell.others_no.join(" or ")
        );
        Some(Line::plain(text))
    });
    Line::plain("the stack").with(own).with(cells)
}
