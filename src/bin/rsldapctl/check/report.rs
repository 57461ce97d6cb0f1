//! What `rsldapctl check` prints.

use std::io;
use std::path::Path;

use pam_rsldap::sys;
use serde::Serialize;

use super::finding::{Finding, Severity};
use super::online::{Online, Server};
use super::product::Product;
use super::wrap::wrap;
use crate::connection::{Connection, days};
use crate::screen::{Screen, Tone};

/// All of it. The names of the fields are those of `--json`.
#[derive(Serialize)]
pub struct Report {
    pub config: String,
    /// True if there is no error.
    pub ok: bool,
    /// Whether servers were asked.
    pub online: bool,
    pub servers: Vec<Server>,
    pub findings: Vec<Finding>,
    #[serde(skip)]
    wanted_online: bool,
}

impl Report {
    pub fn new(
        path: &Path,
        offline: bool,
        mut findings: Vec<Finding>,
        online: Option<Online>,
    ) -> Report {
        let asked = online.is_some();
        let mut servers = Vec::new();
        if let Some(online) = online {
            servers = online.servers;
            findings.extend(online.findings);
        }
        findings.sort_by_key(|finding| finding.level);
        Report {
            config: path.display().to_string(),
            ok: findings.iter().all(|f| f.level != Severity::Error),
            online: asked,
            servers,
            findings,
            wanted_online: !offline,
        }
    }
}

/// For people.
pub fn print(report: &Report) {
    let paper = Paper {
        screen: Screen::stdout(),
        columns: sys::columns(io::stdout()),
    };
    let servers = report.servers.iter().map(|one| server(one, paper));
    let findings = report
        .findings
        .iter()
        .map(|one| finding(one, report, paper));
    let mut text: String = servers.chain(findings).collect();
    text.push_str(&summary(report, paper.screen));
    crate::screen::print(&text);
}

/// What is written on.
#[derive(Clone, Copy)]
struct Paper {
    screen: Screen,
    /// How wide it is, where it is a terminal.
    columns: Option<usize>,
}

impl Paper {
    /// A word with a tone and what it is about, and below it lines with a label each: those that say
    /// something.
    fn paragraph(self, (tone, word): (Tone, &str), about: &str, lines: &[(&str, &str)]) -> String {
        let lines = lines.iter().filter(|(_, value)| !value.is_empty());
        let label = lines.clone().map(|(label, _)| label.len()).max();
        let label = label.unwrap_or_default();
        let mut text = self.screen.paint(tone, word);
        text.push_str(": ");
        text.push_str(&self.line(about, word.chars().count() + 2, 2));
        for (name, value) in lines {
            let name = format!("{name}:");
            let indent = 2 + label + 2;
            text.push_str(&format!("  {name:<width$} ", width = label + 1));
            text.push_str(&self.line(value, indent, indent));
        }
        text.push('\n');
        text
    }

    fn line(self, text: &str, used: usize, indent: usize) -> String {
        let text = self.screen.paint(Tone::Plain, text);
        let mut line = wrap(&text, used, indent, self.columns);
        line.push('\n');
        line
    }
}

fn summary(report: &Report, screen: Screen) -> String {
    let count = |level| report.findings.iter().filter(|f| f.level == level).count();
    let [errors, warnings] = [Severity::Error, Severity::Warning].map(count);
    let several = |count, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let (tone, verdict) = match (errors, warnings) {
        (0, 0) => (Tone::Good, "the configuration is right".to_owned()),
        (0, n) => (
            Tone::Warning,
            format!("usable, with {}", several(n, "warning")),
        ),
        (n, 0) => (Tone::Bad, several(n, "error")),
        (n, m) => (
            Tone::Bad,
            format!("{}, {}", several(n, "error"), several(m, "warning")),
        ),
    };
    let asked = match (report.online, report.wanted_online) {
        (true, _) => "",
        (false, true) => "; no server was asked: mend this first",
        (false, false) => "; no server was asked",
    };
    let summary = format!("{}: {verdict}{asked}", report.config);
    format!("{}\n", screen.paint(tone, &summary))
}

fn server(server: &Server, paper: Paper) -> String {
    let (tone, state) = match (server.up, server.bound) {
        (true, true) => (Tone::Good, "up".to_owned()),
        (true, false) => (Tone::Bad, "bind refused".to_owned()),
        (false, _) => {
            let cause = server.cause.unwrap_or("configuration");
            (Tone::Bad, format!("cannot be used ({cause})"))
        }
    };
    let product = server.product.map(Product::name);
    let kind = product.into_iter().chain(server.vendor.as_deref());
    let kind = kind.collect::<Vec<_>>().join(", ");
    let mut reached = Vec::new();
    let address = server
        .connection
        .as_ref()
        .and_then(|one| one.address.clone());
    reached.extend(address);
    reached.extend(server.connect_ms.map(|ms| format!("{ms:.1} ms to connect")));
    reached.extend(server.answer_ms.map(|ms| format!("{ms:.1} ms to answer")));
    let reached = reached.join(", ");
    let mut lines = vec![("kind", kind.as_str()), ("address", &reached)];
    let (protection, certificates) = server
        .connection
        .as_ref()
        .map(protection)
        .unwrap_or_default();
    lines.push(("protection", &protection));
    let labels = ["certificate"]
        .into_iter()
        .chain(std::iter::repeat("signed by"));
    lines.extend(labels.zip(certificates.iter().map(String::as_str)));
    if server.bound {
        lines.push(("lookups", &server.lookups));
    }
    let member_of = server.member_of.map(|kept| match kept {
        true => "on users' entries",
        false => "on no user's entry",
    });
    lines.push(("memberOf", member_of.unwrap_or_default()));
    paper.paragraph((tone, &state), &server.server, &lines)
}

/// How what is sent is protected, the server's certificate, and what leads from there to the authority.
fn protection(connection: &Connection) -> (String, Vec<String>) {
    let Some(tls) = &connection.tls else {
        return (connection.protection(), Vec::new());
    };
    let start = match connection.protection {
        "starttls" => ", by StartTLS",
        _ => "",
    };
    let verified = match tls.verified {
        true => "",
        false => ", NOT VERIFIED",
    };
    let protection = format!("{}, {}{start}{verified}", tls.version, tls.cipher);
    let mut chain = vec![format!("{}, {}", tls.subject, days(tls.days_left))];
    let links = tls.chain.iter();
    chain.extend(links.map(|link| format!("{}, {}", link.subject, days(link.days_left))));
    let end = tls.chain.last();
    let (last, issuer) = end.map_or((&tls.subject, &tls.issuer), |end| {
        (&end.subject, &end.issuer)
    });
    if last != issuer {
        chain.push(issuer.clone());
    }
    (protection, chain)
}

fn finding(finding: &Finding, report: &Report, paper: Paper) -> String {
    let tone = match finding.level {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warning,
        Severity::Note => Tone::Quiet,
    };
    let what = format!("{} [{}]", finding.what, finding.id);
    // Where there is one server, it is that one.
    let servers = match report.servers.len() {
        ..=1 => String::new(),
        _ => finding.servers.join(", "),
    };
    let lines = [
        ("where", finding.place.as_deref().unwrap_or_default()),
        ("at", &servers),
        ("why", &finding.why),
        ("fix", &finding.fix),
    ];
    paper.paragraph((tone, finding.level.name()), &what, &lines)
}
