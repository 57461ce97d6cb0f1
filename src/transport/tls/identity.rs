//! Our own certificate, for servers that ask for one (`tls.client_certificate`, `tls.client_key`).

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::trust::read;
use crate::config::{ClientIdentity, read_key};

/// Reads the chain and the key.
///
/// # Errors
/// In words for the administrator: a file is missing, unreadable, too open, or has no certificate or
/// no key that can be used.
pub fn load(
    client: &ClientIdentity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let name = client.certificate.display();
    let in_certificate = |problem: String| format!("tls.client_certificate {name}: {problem}");
    let bytes = read(&client.certificate).map_err(|error| in_certificate(error.to_string()))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = chain.map_err(|error| in_certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(in_certificate("no certificate in PEM form".to_owned()));
    }
    // The error names the file itself.
    let bytes = read_key(&client.key).map_err(|error| format!("tls.client_key: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        let name = client.key.display();
        let encrypted = bytes.windows(9).any(|word| word == b"ENCRYPTED");
        let problem = if encrypted {
            "the key is encrypted, and nobody is there to type its passphrase; \
             \"openssl pkey -in KEY -out FILE\" writes it without one"
        } else {
            "no private key in PEM form (PKCS #8, PKCS #1 or SEC 1)"
        };
        format!("tls.client_key {name}: {problem}")
    })?;
    Ok((chain, key))
}

/// The error for a key that cannot be used with the certificate.
pub fn mismatch(client: &ClientIdentity, error: &rustls::Error) -> String {
    let (certificate, key) = (client.certificate.display(), client.key.display());
    match error {
        rustls::Error::InconsistentKeys(_) => {
            format!("tls.client_key {key} is not the key of the certificate in {certificate}")
        }
        other => format!("tls.client_key {key} with {certificate}: {other}"),
    }
}
