//! TLS with rustls. Nothing is read from the environment, because the module runs inside setuid
//! programs; nothing is resumed or written down, because each login has a connection of its own.

mod identity;
mod trust;
mod verifier;

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::connect::Trouble;
use super::quiet::Quiet;
use super::{ConnectionFacts, Stream, TlsFacts};
use crate::config::Tls;
use crate::directory::Cause;
use trust::Trust;
pub use trust::read as read_pem;
use verifier::Verifier;

/// The most that is said of a certificate, in characters.
const MAX_DETAIL: usize = 300;

/// What it takes to trust a server, and who we are to it.
pub struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    /// Loads the trusted certificates and the client's own.
    ///
    /// # Errors
    /// In words for the administrator: a file is missing, unreadable, or has nothing of use in it.
    pub fn new(settings: &Tls) -> Result<Self, String> {
        let trust = match settings.verify {
            true => Some(Trust::load(settings)?),
            false => None,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { trust, provider }));
        let mut config = match &settings.client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let (chain, key) = identity::load(client)?;
                config
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| identity::mismatch(client, &error))?
            }
        };
        config.resumption = rustls::client::Resumption::disabled();
        Ok(TlsClient(Arc::new(config)))
    }

    /// Does the handshake, and checks that the certificate is for `host`.
    ///
    /// # Errors
    /// The server is not who it should be, or the handshake failed.
    pub async fn handshake(
        &self,
        host: &str,
        socket: Quiet<TcpStream>,
    ) -> Result<TlsStream<Quiet<TcpStream>>, Trouble> {
        // A trailing dot makes a name absolute for DNS; it is no part of the name in a certificate.
        let name = host.strip_suffix('.').unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| {
            Trouble::new(
                Cause::TlsName,
                format!("{host} cannot be the name in a certificate"),
            )
        })?;
        let connector = TlsConnector::from(Arc::clone(&self.0));
        connector
            .connect(name, socket)
            .await
            .map_err(|error| match trouble(&error) {
                Some(trouble) => trouble,
                None if error.kind() == io::ErrorKind::UnexpectedEof => Trouble::new(
                    Cause::Closed,
                    "the server closed the connection during the TLS handshake",
                ),
                None => Trouble::io(&error),
            })
    }
}

/// What a TLS error inside an I/O error means; None for other errors.
pub fn trouble(error: &io::Error) -> Option<Trouble> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return Some(Trouble::new(Cause::TlsProtocol, format!("TLS: {error}")));
    };
    let (cause, problem) = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (Cause::TlsExpired, "has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            Cause::TlsExpired,
            "is not valid yet; is the clock of this host right?",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            (Cause::TlsName, "is for another name")
        }
        CertificateError::UnknownIssuer => (
            Cause::TlsUntrusted,
            "leads to no trusted authority; is it the one in tls.ca_file?",
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            (Cause::TlsUntrusted, "is not for servers")
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
            Cause::TlsUntrusted,
            "is that of an authority (CA:TRUE), not of a server; make one with basicConstraints=CA:FALSE",
        ),
        _ => (Cause::TlsUntrusted, "cannot be used"),
    };
    // What rustls says names the names and the times.
    let mut detail = format!("the server's certificate {problem} (TLS: {error})");
    if let Some((end, _)) = detail.char_indices().nth(MAX_DETAIL) {
        detail.truncate(end);
        detail.push_str("...");
    }
    Some(Trouble::new(cause, detail))
}

impl Stream for TlsStream<Quiet<TcpStream>> {
    fn facts(&self) -> ConnectionFacts {
        let (socket, connection) = self.get_ref();
        let version = connection.protocol_version();
        let suite = connection.negotiated_cipher_suite();
        let chain = connection.peer_certificates().unwrap_or_default();
        ConnectionFacts {
            tls: Some(TlsFacts {
                version: version.and_then(|v| v.as_str()).unwrap_or_default(),
                cipher: suite.and_then(|s| s.suite().as_str()).unwrap_or_default(),
                chain: chain.iter().map(|der| der.to_vec()).collect(),
            }),
            ..socket.facts()
        }
    }
}
