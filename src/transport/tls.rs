//! TLS with rustls: roots from a configured file or the system's bundle, by absolute path. Nothing
//! is read from the environment, because the module runs inside setuid programs.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::connect::Trouble;
use super::quiet::Quiet;
use crate::config::Tls;
use crate::directory::Cause;

/// Where distributions keep their bundle of trusted certificates: Debian and its kin, Fedora and its
/// kin, SUSE, Alpine.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The largest certificate file that is read, in bytes.
const MAX_CA_FILE: u64 = 4 * 1024 * 1024;

/// What it takes to trust a server.
pub struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    /// Loads the trusted certificates.
    ///
    /// # Errors
    /// In words for the administrator: the file is missing, unreadable, or has no certificate.
    pub fn new(settings: &Tls) -> Result<Self, String> {
        let roots = match &settings.ca_file {
            Some(path) => strict_roots(path)?,
            None => system_roots()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // One connection for each login: there is nothing to resume.
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
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
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
    let cause = match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Cause::TlsExpired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Cause::TlsName
            }
            _ => Cause::TlsUntrusted,
        },
        _ => Cause::TlsProtocol,
    };
    Some(Trouble::new(cause, format!("TLS: {error}")))
}

/// The certificates of a file that the administrator named: each has to be usable.
fn strict_roots(path: &Path) -> Result<RootCertStore, String> {
    let name = path.display();
    let bytes = read(path).map_err(|error| format!("tls.ca_file {name}: {error}"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let added = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        added.map_err(|error| {
            format!(
                "tls.ca_file {name}: certificate {}: {error}",
                roots.len() + 1
            )
        })?;
    }
    if roots.is_empty() {
        return Err(format!("tls.ca_file {name} has no certificate in PEM form"));
    }
    Ok(roots)
}

/// The certificates of the system's bundle, without those that rustls cannot use.
fn system_roots() -> Result<RootCertStore, String> {
    let found = SYSTEM_BUNDLES
        .iter()
        .map(PathBuf::from)
        .find_map(|path| read(&path).ok());
    let bytes = found.ok_or_else(|| {
        format!(
            "no bundle of trusted certificates at {}; install ca-certificates or set tls.ca_file",
            SYSTEM_BUNDLES.join(", ")
        )
    })?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bytes).flatten());
    if roots.is_empty() {
        return Err("the system's bundle of trusted certificates is empty; set tls.ca_file".into());
    }
    Ok(roots)
}

/// Reads a file of certificates. It may be a link, as the system's bundle often is, but no device and
/// no FIFO, which could block.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is no regular file",
        ));
    }
    let mut bytes = Vec::new();
    file.take(MAX_CA_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}
