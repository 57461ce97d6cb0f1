//! One connection: the relay to the server, ldap3 on top of it, and what its failures mean.

use std::cell::Cell;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, StdStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::result_code::{self, Reading};
use super::{Cause, DirectoryError, Unavailable};
use crate::names::Dn;
use crate::store::down::Ticket;
use crate::transport::{Fault, NoResult, Reached, Tap, Trouble, relay, tell, within};

/// How long the good-bye may take.
const FAREWELL: Duration = Duration::from_millis(50);

/// Who the connection is bound as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundAs {
    /// Nobody has bound yet: anonymous (RFC 4513 §4).
    Nobody,
    /// The identity of `[bind]`.
    Service,
    /// The user whose password was right.
    User,
    /// The same, but all that the server lets this user do is change the password.
    UserToChange,
    /// A bind is under way or has failed.
    Unknown,
}

/// A connection to a server, and ldap3 on top of it.
pub struct Session {
    /// ldap3's end; a clone for each operation.
    pub ldap: Ldap,
    fault: Fault,
    relay: JoinHandle<()>,
    /// The server's URI.
    pub server: String,
    /// Nobody on the way can read what is sent: TLS, or a socket of this host.
    pub is_private: bool,
    /// Who asks.
    pub bound_as: BoundAs,
    /// Until the server has given its first answer, or failed to.
    ticket: Cell<Option<Ticket>>,
}

impl Session {
    /// Puts ldap3 and the relay between the login and a connected stream.
    pub async fn start(reached: Reached, tap: Option<Arc<dyn Tap>>) -> std::io::Result<Self> {
        let Reached {
            stream,
            server,
            is_private,
            took,
            ticket,
        } = reached;
        if let Some(tap) = &tap {
            tap.connected(&server, stream.facts(), took);
        }
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let ours = tokio::net::UnixStream::from_std(ours)?;
        let fault = Fault::default();
        let relay = tokio::spawn(relay(ours, stream, fault.clone(), tap));
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(theirs));
        let (connection, ldap) = LdapConnAsync::with_settings(settings, "ldapi://relay")
            .await
            .map_err(std::io::Error::other)?;
        tokio::spawn(async move {
            // The relay's fault says more than ldap3's error, which is dropped here.
            let _ = connection.drive().await;
        });
        Ok(Session {
            ldap,
            fault,
            relay,
            server,
            is_private,
            bound_as: BoundAs::Nobody,
            ticket: Cell::new(Some(ticket)),
        })
    }

    /// Says good-bye (RFC 4511 §4.3), if that can be done quickly.
    pub async fn close(mut self) {
        let farewell = async {
            let _ = self.ldap.unbind().await;
            let _ = self.relay.await;
        };
        let _ = timeout(FAREWELL, farewell).await;
    }

    /// Waits for an operation until `limit`.
    pub async fn wait<T>(
        &self,
        limit: Instant,
        what: &str,
        operation: impl Future<Output = ldap3::result::Result<T>>,
    ) -> Result<T, DirectoryError> {
        match within(limit, operation).await {
            Ok(Ok(result)) => {
                if let Some(ticket) = self.ticket.take() {
                    ticket.answered();
                }
                Ok(result)
            }
            Ok(Err(error)) => Err(self.unanswered(what, Ok(error))),
            Err(no_result) => Err(self.unanswered(what, Err(no_result))),
        }
    }

    /// The error for an operation that failed, or that had no result in time.
    fn unanswered(&self, what: &str, why: Result<LdapError, NoResult>) -> DirectoryError {
        let trouble = match why {
            Ok(error) => self
                .fault
                .get()
                .unwrap_or_else(|| Trouble::new(Cause::Protocol, format!("{what}: {error}"))),
            Err(no_result) => {
                let silent = format!("no answer to the {what} in time");
                Trouble::of_wait(no_result, Cause::Timeout, silent)
            }
        };
        if let Some(ticket) = self.ticket.take() {
            tell(&ticket, &trouble);
        }
        self.unavailable(trouble)
    }

    /// The error for a trouble with this server.
    pub fn unavailable(&self, trouble: Trouble) -> DirectoryError {
        unavailable(trouble, Some(self.server.clone()))
    }

    /// The error for an answer that is elsewhere. References are never followed: they would take the
    /// password to a server that nobody configured.
    pub fn only_referred(&self, base: &Dn) -> DirectoryError {
        let detail = format!("{base}: the server only refers to other servers");
        self.unavailable(Trouble::new(Cause::Referral, detail))
    }

    /// The error for a result code that is no answer.
    pub fn failure(&self, what: &str, result: &LdapResult, reading: Reading) -> DirectoryError {
        let LdapResult { rc, text, .. } = result;
        let mut detail = format!("{what}: {} ({rc})", result_code::name(*rc));
        if !text.is_empty() {
            detail.push_str(", ");
            detail.push_str(text);
        }
        match reading {
            Reading::Misconfigured => DirectoryError::Config(detail),
            Reading::Unavailable(cause) => self.unavailable(Trouble::new(cause, detail)),
            _ => self.unavailable(Trouble::new(Cause::Protocol, detail)),
        }
    }
}

/// The error for what this process cannot have.
pub fn host_trouble(what: &str, error: &std::io::Error) -> DirectoryError {
    unavailable(
        Trouble::new(Cause::Host, format!("{what} cannot be opened: {error}")),
        None,
    )
}

/// The error for a trouble on the way to a server.
pub fn unavailable(trouble: Trouble, server: Option<String>) -> DirectoryError {
    let Trouble { cause, detail } = trouble;
    DirectoryError::Unavailable(Unavailable {
        cause,
        detail,
        server,
    })
}
