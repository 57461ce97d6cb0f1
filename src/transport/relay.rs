//! The relay between ldap3 and the server.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::connect::Trouble;
use super::guard::{Guard, Violation};
use super::quiet::Quiet;
use super::{Stream, Tap};
use crate::directory::Cause;

/// Why the relay ended the connection, for whoever waits for an answer. Empty while all is well.
#[derive(Clone, Debug, Default)]
pub struct Fault(Arc<Mutex<Option<Trouble>>>);

impl Fault {
    /// The first thing that went wrong.
    #[must_use]
    pub fn get(&self) -> Option<Trouble> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, trouble: Trouble) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(trouble);
    }
}

/// Passes bytes in both directions until ldap3 has unbound or let go of its end, or until something
/// is wrong; that is noted in `fault` before ldap3 sees the end of the stream.
pub async fn relay(
    ldap: UnixStream,
    mut server: Box<dyn Stream>,
    fault: Fault,
    tap: Option<Arc<dyn Tap>>,
) {
    let mut ldap = Quiet(ldap);
    let mut guard = Guard::default();
    if let Err(trouble) = pass(&mut ldap, server.as_mut(), &mut guard, tap.as_deref()).await {
        fault.set(trouble);
        drop(server);
        // ldap3 sees the end of the stream. Our end stays open for reading until ldap3 has closed
        // its own, so that it never writes into a closed socket: it would raise SIGPIPE.
        let _ = ldap.shutdown().await;
        let mut ignored = [0; 512];
        while ldap.read(&mut ignored).await.is_ok_and(|length| length > 0) {}
    }
}

async fn pass(
    ldap: &mut Quiet<UnixStream>,
    server: &mut dyn Stream,
    guard: &mut Guard,
    tap: Option<&dyn Tap>,
) -> Result<(), Trouble> {
    let mut request = vec![0; 4096];
    let mut response = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            // In this order, an answer that is there already counts before the next request.
            biased;
            length = server.read(&mut response) => {
                let length = length.map_err(|error| Trouble::io(&error))?;
                let bytes = response.get(..length).filter(|bytes| !bytes.is_empty());
                let bytes = bytes.ok_or_else(|| {
                    Trouble::new(Cause::Closed, "the server closed the connection")
                })?;
                let passed = guard.response(bytes).map_err(Trouble::from)?;
                if let Some(tap) = tap {
                    tap.received(&passed);
                }
                // ldap3 gone is no fault of the server; the read below ends the relay.
                let _ = ldap.write_all(&passed).await;
            }
            length = ldap.read(&mut request) => {
                let Some(bytes) = request.get(..length.unwrap_or(0)).filter(|b| !b.is_empty()) else {
                    return Ok(());
                };
                guard.request(bytes).map_err(Trouble::from)?;
                if let Some(tap) = tap {
                    tap.sent(bytes);
                }
                server.write_all(bytes).await.map_err(|error| Trouble::io(&error))?;
                server.flush().await.map_err(|error| Trouble::io(&error))?;
                if guard.unbound() {
                    let _ = server.shutdown().await;
                    return Ok(());
                }
            }
        }
    }
}

impl From<Violation> for Trouble {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::Protocol(what) => {
                Trouble::new(Cause::Protocol, format!("malformed answer: {what}"))
            }
            Violation::TooLarge(what) => Trouble::new(Cause::TooLarge, what),
            Violation::TooDeep => Trouble::new(Cause::TooDeep, "an answer nests too deeply"),
            Violation::Disconnection(code) => Trouble::new(
                Cause::Closed,
                format!("the server sent a notice of disconnection, result code {code}"),
            ),
        }
    }
}
