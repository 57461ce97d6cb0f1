//! A look at one server: for `rsldapctl`, which asks each of them, and more than a login does.
//!
//! No down marker is read or written: whoever asks how a server is wants to know how it is now.

use std::time::Duration;

use ldap3::SearchOptions;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::entry::read_parts;
use super::operations::bind_service;
use super::result_code::{self, Operation, Reading};
use super::session::{BoundAs, Session, host_trouble, unavailable};
use super::{Cause, DirectoryError};
use crate::config::{Config, Scope, ServerUri};
use crate::template::Filter;
use crate::transport::{ConnectionFacts, NoServer, Servers, Trouble};

/// A connection to one server.
pub struct Inspector {
    runtime: Runtime,
    /// With this one server.
    config: Config,
    session: Session,
    /// What is known of the connection.
    pub facts: ConnectionFacts,
    /// How long name lookup, connect and TLS took.
    pub took: Duration,
}

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Where; the empty name is the root of the server.
    pub base: &'a str,
    /// How deep.
    pub scope: Scope,
    /// What.
    pub filter: &'a Filter,
    /// Which attributes.
    pub attributes: &'a [&'a str],
    /// The names of attributes without values: a large group has more members than fit.
    pub names_only: bool,
    /// How many entries at most.
    pub limit: i32,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// These, or some of them.
    Entries(Vec<Shown>),
    /// The base does not exist, or is hidden.
    NoSuchEntry,
    /// The server would not say, or would not go on looking; the name of the result code.
    Withheld(String),
}

/// An entry, as the server shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub dn: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Shown {
    /// Whether the attribute is there, with values or without. One that is sent in parts
    /// (`member;range=0-1499`) is.
    #[must_use]
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|(name, _)| {
            let name = name.split(';').next().unwrap_or_default();
            name.eq_ignore_ascii_case(attribute)
        })
    }

    /// The values of an attribute that are text.
    #[must_use]
    pub fn texts(&self, attribute: &str) -> Vec<&str> {
        let same = |name: &str| name.eq_ignore_ascii_case(attribute);
        let values = self.attributes.iter().filter(|(name, _)| same(name));
        values
            .flat_map(|(_, values)| values)
            .filter_map(|value| std::str::from_utf8(value).ok())
            .collect()
    }
}

/// The servers of a configuration, in the order in which a login tries them.
///
/// # Errors
/// DNS does not say.
pub fn servers(config: &Config) -> Result<Vec<ServerUri>, DirectoryError> {
    let mut config = config.clone();
    config.server.retry_after = Duration::ZERO;
    let runtime = started()?;
    let mut servers = Servers::new(&config);
    let asked = async {
        let deadline = Instant::now() + config.server.deadline;
        servers.all(deadline).await
    };
    runtime
        .block_on(asked)
        .map_err(|(asked, trouble)| unavailable(trouble, Some(asked)))
}

fn started() -> Result<Runtime, DirectoryError> {
    let mut builder = Builder::new_current_thread();
    let made = builder.enable_io().enable_time().build();
    made.map_err(|error| host_trouble("an event queue", &error))
}

impl Inspector {
    /// Connects to this server of the configuration.
    ///
    /// # Errors
    /// It is not there, or does not prove who it is.
    pub fn connect(config: &Config, uri: &ServerUri) -> Result<Self, DirectoryError> {
        let runtime = started()?;
        let mut config = config.clone();
        config.server.uris = vec![uri.clone()];
        config.server.srv_domain = None;
        config.server.retry_after = Duration::ZERO;
        let begin = std::time::Instant::now();
        let (session, facts, took) = runtime.block_on(async {
            let deadline = Instant::now() + config.server.deadline;
            let reached = Servers::new(&config).reach(deadline).await;
            let reached = reached.map_err(|no_server| match no_server {
                NoServer::Misconfigured(problem) => DirectoryError::Config(problem),
                NoServer::Unavailable(trouble, server) => unavailable(trouble, server),
            })?;
            let took = begin.elapsed();
            let facts = reached.stream.facts();
            let session = Session::start(reached, None).await;
            let session = session.map_err(|error| host_trouble("a socket pair", &error))?;
            Ok::<_, DirectoryError>((session, facts, took))
        })?;
        Ok(Inspector {
            runtime,
            config,
            session,
            facts,
            took,
        })
    }

    /// Binds as lookups do.
    ///
    /// # Errors
    /// It was not accepted.
    pub fn bind(&mut self) -> Result<(), DirectoryError> {
        let limit = self.config.server.operation_timeout;
        let as_who = &self.config.bind.as_who;
        let session = &self.session;
        self.runtime
            .block_on(async { bind_service(session, Instant::now() + limit, as_who).await })?;
        self.session.bound_as = BoundAs::Service;
        Ok(())
    }

    /// Searches.
    ///
    /// # Errors
    /// The server failed.
    pub fn look(&mut self, look: Look<'_>) -> Result<Found, DirectoryError> {
        let limit = self.config.server.operation_timeout;
        let session = &self.session;
        self.runtime
            .block_on(async { search(session, Instant::now() + limit, look).await })
    }
}

async fn search(
    session: &Session,
    limit: Instant,
    look: Look<'_>,
) -> Result<Found, DirectoryError> {
    let scope = match look.scope {
        Scope::Base => ldap3::Scope::Base,
        Scope::OneLevel => ldap3::Scope::OneLevel,
        Scope::Subtree => ldap3::Scope::Subtree,
    };
    let mut ldap = session.ldap.clone();
    // A server that has to look through everything says so before our own time is over.
    let left = limit.saturating_duration_since(Instant::now()).as_secs();
    let seconds = i32::try_from(left).unwrap_or(i32::MAX).saturating_sub(1);
    let options = SearchOptions::new().sizelimit(look.limit);
    let options = options.timelimit(seconds.max(1));
    ldap.with_search_options(options.typesonly(look.names_only));
    let searching = ldap.search(look.base, scope, look.filter.as_str(), look.attributes);
    let what = format!("search below \"{}\"", look.base);
    let ldap3::SearchResult(found, result) = session.wait(limit, &what, searching).await?;
    let found: Option<Vec<_>> = found.into_iter().map(read_parts).collect();
    let found = found.ok_or_else(|| {
        let trouble = Trouble::new(Cause::Protocol, "an entry that makes no sense");
        session.unavailable(trouble)
    })?;
    let entries: Vec<Shown> = found
        .into_iter()
        .map(|(dn, attributes)| Shown { dn, attributes })
        .collect();
    if result_code::read(Operation::UserSearch, result.rc) == Reading::TooMany {
        return Ok(Found::Entries(entries));
    }
    let withheld = || Found::Withheld(result_code::name(result.rc).to_owned());
    match result_code::read(Operation::GroupRead, result.rc) {
        Reading::Done => Ok(Found::Entries(entries)),
        Reading::NoSuchEntry => Ok(Found::NoSuchEntry),
        Reading::Withheld => Ok(withheld()),
        // Its limits of time and work: what it has found by then is there.
        Reading::Unavailable(Cause::Busy) if !entries.is_empty() => Ok(Found::Entries(entries)),
        Reading::Unavailable(Cause::Busy) => Ok(withheld()),
        reading => Err(session.failure(&what, &result, reading)),
    }
}
