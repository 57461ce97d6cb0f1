//! Which server is asked: those of the configuration in order, or those of a domain's SRV records,
//! without those that are known to be down.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Stream;
use super::connect::{Protection, Trouble, connect};
use super::patience::within;
use super::resolve;
use super::tls::TlsClient;
use crate::config::{Config, Scheme, ServerUri};
use crate::directory::Cause;
use crate::store::down::{Down, Markers, Ticket};

/// The servers that have not been tried yet, and what was wrong with those that have.
pub struct Servers<'a> {
    config: &'a Config,
    markers: Markers,
    /// None: the domain has not been asked yet.
    left: Option<VecDeque<ServerUri>>,
    tls: Option<TlsClient>,
    failures: Vec<Failure>,
}

/// A server that could not be used.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its URI, or what DNS was asked for.
    pub server: String,
    /// What was wrong with it.
    pub why: String,
    /// How long finding out took; None for one that had been reached.
    pub took: Option<Duration>,
}

/// A connection to a server.
pub struct Reached {
    /// The connection, protected as it has to be.
    pub stream: Box<dyn Stream>,
    /// The server's URI.
    pub server: String,
    /// Nobody on the way can read what is sent: TLS, or a socket of this host.
    pub is_private: bool,
    /// How long name lookup, connect and TLS took.
    pub took: Duration,
    /// Whoever hears the server's first answer, or waits for it in vain, says so here.
    pub ticket: Ticket,
}

/// Why there is none.
pub enum NoServer {
    /// The administrator has to mend something.
    Misconfigured(String),
    /// The last server that was tried, if any, and what was wrong with all of them.
    Unavailable(Trouble, Option<String>),
}

impl<'a> Servers<'a> {
    /// The servers of a configuration. Nothing is asked yet.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        let server = &config.server;
        Servers {
            config,
            markers: Markers::new(server.retry_after, server.deadline),
            left: match server.srv_domain {
                Some(_) => None,
                None => Some(server.uris.iter().cloned().collect()),
            },
            tls: None,
            failures: Vec::new(),
        }
    }

    /// Whether there is one that has not been tried.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.left.as_ref().is_none_or(|left| !left.is_empty())
    }

    /// What was wrong with the servers that could not be used, one after the other.
    #[must_use]
    pub fn failures(&self) -> String {
        let lines = self.failures.iter();
        let lines: Vec<String> = lines
            .map(|one| format!("{}: {}", one.server, one.why))
            .collect();
        lines.join("; ")
    }

    /// The same, each with its server.
    #[must_use]
    pub fn failed(&self) -> &[Failure] {
        &self.failures
    }

    /// Notes what was wrong with a server that had been reached.
    pub fn note(&mut self, server: &str, detail: &str) {
        self.add(server, detail, None);
    }

    fn add(&mut self, server: &str, why: &str, took: Option<Duration>) {
        self.failures.push(Failure {
            server: server.to_owned(),
            why: why.to_owned(),
            took,
        });
    }

    /// Every server that would be tried, in order: what DNS says, where it is asked.
    ///
    /// # Errors
    /// DNS does not say; what it was asked for, and why.
    pub async fn all(&mut self, deadline: Instant) -> Result<Vec<ServerUri>, (String, Trouble)> {
        match self.ask_domain(deadline).await {
            Ok(()) => Ok(self.left.iter().flatten().cloned().collect()),
            Err((cause, asked)) => Err((asked, Trouble::new(cause, self.failures()))),
        }
    }

    /// Connects to the first server, of those not tried yet, that is there.
    ///
    /// # Errors
    /// None of them is, by `deadline`; or a file with certificates is wrong.
    pub async fn reach(&mut self, deadline: Instant) -> Result<Reached, NoServer> {
        let mut last = (Cause::Timeout, None);
        if let Err((cause, asked)) = self.ask_domain(deadline).await {
            last = (cause, Some(asked));
        }
        while let Some(uri) = self.left.as_mut().and_then(VecDeque::pop_front) {
            let server = uri.to_string();
            let began = Instant::now();
            match self.try_one(&uri, &server, deadline).await? {
                Ok(reached) => return Ok(reached),
                Err(trouble) => {
                    self.add(&server, &trouble.detail, Some(began.elapsed()));
                    last = (trouble.cause, Some(server));
                }
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        let (cause, server) = last;
        Err(NoServer::Unavailable(
            Trouble::new(cause, self.failures()),
            server,
        ))
    }

    async fn try_one(
        &mut self,
        uri: &ServerUri,
        server: &str,
        deadline: Instant,
    ) -> Result<Result<Reached, Trouble>, NoServer> {
        let ticket = match self.markers.ticket(server) {
            Ok(ticket) => ticket,
            Err(down) => return Ok(Err(marked_down(&down))),
        };
        let began = Instant::now();
        let limit = deadline.min(began + self.config.server.connect_timeout);
        let protection = self.protection(uri)?;
        let is_private = uri.scheme() == Scheme::Ldapi
            || matches!(protection, Protection::Tls(_) | Protection::StartTls(_));
        Ok(match connect(uri.endpoint(), protection, limit).await {
            Ok(stream) => Ok(Reached {
                stream,
                server: server.to_owned(),
                is_private,
                took: began.elapsed(),
                ticket,
            }),
            Err(trouble) => {
                tell(&ticket, &trouble);
                Err(trouble)
            }
        })
    }

    /// How a connection to this server has to be protected. The certificates are loaded when they are
    /// first needed.
    fn protection(&mut self, uri: &ServerUri) -> Result<Protection<'_>, NoServer> {
        let server = &self.config.server;
        let start_tls = match (uri.scheme(), server.start_tls) {
            (Scheme::Ldapi, _) => return Ok(Protection::Nothing),
            (Scheme::Ldaps, _) => false,
            (Scheme::Ldap, true) => true,
            (Scheme::Ldap, false) if uri.is_local() || server.allow_cleartext => {
                return Ok(Protection::Nothing);
            }
            // The configuration has no such URI; DNS may name one.
            (Scheme::Ldap, false) => {
                return Err(NoServer::Misconfigured(format!(
                    "DNS offers {uri} for server.srv_domain, and passwords would cross the network in \
                     clear; write start_tls = true below [server]"
                )));
            }
        };
        let tls = match self.tls.take() {
            Some(tls) => tls,
            None => TlsClient::new(&self.config.tls).map_err(NoServer::Misconfigured)?,
        };
        let tls = self.tls.insert(tls);
        Ok(match start_tls {
            true => Protection::StartTls(tls),
            false => Protection::Tls(tls),
        })
    }

    /// Finds out which servers `server.srv_domain` has, unless that is known.
    ///
    /// # Errors
    /// The trouble with the name servers, and what they were asked for.
    async fn ask_domain(&mut self, deadline: Instant) -> Result<(), (Cause, String)> {
        let (Some(domain), None) = (&self.config.server.srv_domain, &self.left) else {
            return Ok(());
        };
        // As RFC 4501 writes what is looked up in DNS.
        let asked = format!("dns:_ldaps._tcp.{domain}");
        let began = Instant::now();
        let limit = deadline.min(began + self.config.server.connect_timeout);
        self.left = Some(VecDeque::new());
        let ticket = match self.markers.ticket(&asked) {
            Ok(ticket) => ticket,
            Err(down) => {
                self.note(&asked, &marked_down(&down).detail);
                return Err((down.cause, asked));
            }
        };
        let targets = match within(limit, resolve::targets(domain)).await {
            Ok(targets) => targets,
            Err(no_result) => Err(Trouble::of_wait(
                no_result,
                Cause::DnsTimeout,
                format!("no answer to the lookup of the servers of {domain}"),
            )),
        };
        match targets {
            Ok(targets) => {
                ticket.answered();
                self.left = Some(targets.iter().filter_map(uri_of).collect());
                Ok(())
            }
            Err(trouble) => {
                tell(&ticket, &trouble);
                self.add(&asked, &trouble.detail, Some(began.elapsed()));
                Err((trouble.cause, asked))
            }
        }
    }
}

/// None if no connection is possible to what DNS says.
fn uri_of(target: &resolve::Target) -> Option<ServerUri> {
    let scheme = if target.secure { "ldaps" } else { "ldap" };
    ServerUri::parse(&format!("{scheme}://{}:{}", target.host, target.port)).ok()
}

/// Tells the other processes of this machine, if they have to know.
pub fn tell(ticket: &Ticket, trouble: &Trouble) {
    if trouble.cause.is_down() {
        ticket.failed(trouble.cause, &trouble.detail);
    }
}

fn marked_down(down: &Down) -> Trouble {
    let Down { cause, detail, age } = down;
    let seconds = age.as_secs();
    Trouble::new(*cause, format!("marked down {seconds} s ago: {detail}"))
}
