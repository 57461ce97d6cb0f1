//! What `rsldapctl check` prints.

use std::path::Path;

use serde::Serialize;

use super::finding::{Finding, Severity};
use super::online::{Online, Server};
use crate::connection::days;
use crate::screen::{Screen, Tone, table};

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
    let screen = Screen::stdout();
    let mut text = String::new();
    if !report.servers.is_empty() {
        text.push_str(&servers(&report.servers));
    }
    for finding in &report.findings {
        text.push_str(&self::finding(finding, screen));
    }
    let count = |level| report.findings.iter().filter(|f| f.level == level).count();
    let [errors, warnings] = [Severity::Error, Severity::Warning].map(count);
    let config = &report.config;
    let (tone, summary) = match (errors, warnings) {
        (0, 0) => (Tone::Good, format!("{config}: the configuration is right")),
        (0, n) => (Tone::Warning, format!("{config}: usable, {n} to look at")),
        (n, _) => (Tone::Bad, format!("{config}: {n} to mend")),
    };
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&screen.paint(tone, &summary));
    text.push('\n');
    if report.wanted_online && !report.online {
        text.push_str("no server was asked: mend this first\n");
    }
    crate::screen::print(&text);
}

fn servers(servers: &[Server]) -> String {
    let mut rows = vec![
        [
            "server",
            "address",
            "state",
            "connect",
            "answer",
            "TLS",
            "certificate",
            "kind",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for server in servers {
        let connection = server.connection.as_ref();
        let tls = connection.and_then(|connection| connection.tls.as_ref());
        let ms = |ms: Option<f64>| ms.map_or_else(dash, |ms| format!("{ms:.1} ms"));
        let state = match (server.up, server.bound) {
            (true, true) => "up",
            (true, false) => "bind refused",
            (false, _) => server.cause.unwrap_or("down"),
        };
        rows.push(vec![
            server.server.clone(),
            connection
                .and_then(|connection| connection.address.clone())
                .unwrap_or_else(dash),
            state.to_owned(),
            ms(server.connect_ms),
            ms(server.answer_ms),
            tls.map_or_else(dash, |tls| tls.version.to_owned()),
            tls.map_or_else(dash, |tls| days(tls.days_left)),
            server.product.map_or_else(dash, str::to_owned),
        ]);
    }
    table(&rows)
}

fn dash() -> String {
    "-".to_owned()
}

fn finding(finding: &Finding, screen: Screen) -> String {
    let tone = match finding.level {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warning,
        Severity::Note => Tone::Quiet,
    };
    let level = screen.paint(tone, finding.level.name());
    let plain = |text: &str| screen.paint(Tone::Plain, text);
    let mut text = format!("\n{level}: {} [{}]\n", plain(&finding.what), finding.id);
    let mut add = |label: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {label:<6} {}\n", plain(value)));
        }
    };
    add("where:", finding.place.as_deref().unwrap_or_default());
    add("at:", &finding.servers.join(", "));
    add("why:", &finding.why);
    add("fix:", &finding.fix);
    text
}
