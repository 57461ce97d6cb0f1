//! `rsldapctl status`: each server, the down markers, and what the machine keeps.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use pam_rsldap::config::{self, Config, ServerUri};
use pam_rsldap::directory::DirectoryError;
use pam_rsldap::directory::inspect::{self, Inspector};
use pam_rsldap::store::down::{self, Down, Markers};
use pam_rsldap::sys;
use serde::Serialize;

use crate::Answer;
use crate::connection::{Connection, days, millis};
use crate::screen::{Screen, Tone, print_failure, print_json, table};

/// What outlives a boot.
const LASTING: &str = "/var/lib/pam_rsldap";

/// All of it. The names of the fields are those of `--json`.
#[derive(Serialize)]
struct Report {
    /// At least one server is up.
    ok: bool,
    /// Why the servers are not known, where DNS has to say.
    error: Option<String>,
    servers: Vec<Server>,
    stores: Vec<Store>,
}

#[derive(Serialize)]
struct Server {
    server: String,
    up: bool,
    problem: Option<String>,
    cause: Option<&'static str>,
    connect_ms: Option<f64>,
    answer_ms: Option<f64>,
    connection: Option<Connection>,
    /// Null: none, or none that this process may read.
    marker: Option<Marker>,
}

#[derive(Serialize)]
struct Marker {
    age_s: u64,
    cause: &'static str,
    detail: String,
    /// Whether logins still go by it.
    counts: bool,
}

/// A directory of files.
#[derive(Serialize)]
struct Store {
    path: &'static str,
    /// What is kept there, for people.
    #[serde(skip)]
    holds: &'static str,
    /// Null: it is not there, or this process may not look.
    files: Option<usize>,
    bytes: Option<u64>,
    #[serde(skip)]
    forbidden: bool,
}

/// Looks, changes nothing, and prints.
pub fn run(path: &Path, json: bool) -> Answer {
    let config = match config::load(path) {
        Ok(config) => config,
        Err(error) => {
            print_failure(&error.to_string(), json);
            return Answer::Misconfigured;
        }
    };
    let report = report(&config);
    if json {
        print_json(&report);
    } else {
        print(&report);
    }
    if report.ok {
        Answer::Good
    } else {
        Answer::Unavailable
    }
}

fn report(config: &Config) -> Report {
    let markers = Markers::new(config.server.retry_after, config.server.deadline);
    let (uris, error) = match inspect::servers(config) {
        Ok(uris) => (uris, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let servers = uris.iter().map(|uri| server(config, uri, &markers));
    let servers: Vec<Server> = servers.collect();
    Report {
        ok: servers.iter().any(|server| server.up),
        error,
        servers,
        stores: vec![
            store(down::PLACE, "group cache and down markers"),
            store(LASTING, "last refusals and offline logins"),
        ],
    }
}

fn server(config: &Config, uri: &ServerUri, markers: &Markers) -> Server {
    let name = uri.to_string();
    // Before anything is asked: it says what logins go by.
    let marker = markers.seen(&name);
    let marker = marker.map(|down| Marker::new(down, config.server.retry_after));
    let mut server = Server {
        server: name,
        up: false,
        problem: None,
        cause: None,
        connect_ms: None,
        answer_ms: None,
        connection: None,
        marker,
    };
    match Inspector::connect(config, uri).and_then(|inspector| ask(config, inspector, &mut server))
    {
        Ok(()) => server.up = true,
        // Whoever refuses a bind is there.
        Err(DirectoryError::Config(problem)) => {
            server.up = server.connect_ms.is_some();
            server.problem = Some(problem);
        }
        Err(DirectoryError::Unavailable(trouble)) => {
            server.cause = Some(trouble.cause.name());
            server.problem = Some(trouble.detail);
        }
    }
    server
}

fn ask(
    config: &Config,
    mut inspector: Inspector,
    server: &mut Server,
) -> Result<(), DirectoryError> {
    server.connect_ms = Some(millis(inspector.took));
    server.connection = Some(Connection::new(&server.server, &inspector.facts, config));
    let asked = Instant::now();
    let bound = inspector.bind();
    server.answer_ms = Some(millis(asked.elapsed()));
    bound
}

impl Server {
    /// Many problems begin with the server's name.
    fn without_name<'p>(&self, problem: &'p str) -> &'p str {
        let rest = problem.strip_prefix(&self.server);
        rest.and_then(|rest| rest.strip_prefix(": "))
            .unwrap_or(problem)
    }
}

impl Marker {
    fn new(down: Down, retry_after: Duration) -> Marker {
        Marker {
            age_s: down.age.as_secs(),
            cause: down.cause.name(),
            detail: down.detail,
            counts: down.age < retry_after,
        }
    }
}

fn store(path: &'static str, holds: &'static str) -> Store {
    let mut store = Store {
        path,
        holds,
        files: None,
        bytes: None,
        forbidden: false,
    };
    match fs::read_dir(path) {
        Ok(entries) => {
            let sizes = entries.filter_map(|entry| {
                let facts = fs::symlink_metadata(entry.ok()?.path()).ok()?;
                facts.is_file().then_some(facts.len())
            });
            let sizes: Vec<u64> = sizes.collect();
            store.files = Some(sizes.len());
            store.bytes = Some(sizes.iter().sum());
        }
        Err(error) => store.forbidden = error.kind() == std::io::ErrorKind::PermissionDenied,
    }
    store
}

impl Store {
    fn words(&self) -> String {
        match (self.files, self.bytes) {
            (Some(0), _) | (None, _) if !self.forbidden => "nothing".to_owned(),
            (Some(1), Some(bytes)) => format!("1 file, {bytes} bytes"),
            (Some(files), Some(bytes)) => format!("{files} files, {bytes} bytes"),
            _ => "only root may look".to_owned(),
        }
    }
}

fn print(report: &Report) {
    let screen = Screen::stdout();
    let mut rows = vec![
        [
            "server",
            "state",
            "connect",
            "answer",
            "TLS",
            "certificate",
            "marker",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(report.servers.iter().map(row));
    let mut text = table(&rows);
    if let Some(error) = &report.error {
        text = screen.paint(Tone::Bad, error);
        text.push('\n');
    }
    for server in &report.servers {
        if let Some(problem) = &server.problem {
            let line = format!("{}: {}", server.server, server.without_name(problem));
            text.push_str(&format!("{}\n", screen.paint(Tone::Bad, &line)));
        }
        if let Some(marker) = &server.marker {
            let until = if marker.counts {
                ""
            } else {
                "; logins try it again"
            };
            let line = format!(
                "{}: marked down {} s ago: {}{until}",
                server.server,
                marker.age_s,
                server.without_name(&marker.detail)
            );
            text.push_str(&format!("{}\n", screen.paint(Tone::Warning, &line)));
        }
    }
    for store in &report.stores {
        let (path, holds, words) = (store.path, store.holds, store.words());
        text.push_str(&format!("{path} ({holds}): {words}\n"));
    }
    if sys::effective_uid() != 0 {
        text.push_str("only root can read down markers\n");
    }
    crate::screen::print(&text);
}

fn row(server: &Server) -> Vec<String> {
    let dash = || "-".to_owned();
    let ms = |ms: Option<f64>| ms.map_or_else(dash, |ms| format!("{ms:.1} ms"));
    let connection = server.connection.as_ref();
    let tls = connection.and_then(|connection| connection.tls.as_ref());
    let state = match server.up {
        true => "up",
        false => server.cause.unwrap_or("down"),
    };
    let marker = server.marker.as_ref();
    vec![
        server.server.clone(),
        state.to_owned(),
        ms(server.connect_ms),
        ms(server.answer_ms),
        tls.map_or_else(dash, |tls| tls.version.to_owned()),
        tls.map_or_else(dash, |tls| days(tls.days_left)),
        marker.map_or_else(dash, |marker| {
            format!("{} s, {}", marker.age_s, marker.cause)
        }),
    ]
}
