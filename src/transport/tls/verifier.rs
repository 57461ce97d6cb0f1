//! Whether a server is who it should be (RFC 5280, RFC 9525), as rustls judges it.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use webpki::EndEntityCert;

use super::trust::{Look, Trust};

/// The most certificates between the server's and a trusted one. Real chains have one or two.
const MAX_INTERMEDIATES: usize = 10;

/// Judges a server's certificate.
#[derive(Debug)]
pub struct Verifier {
    /// Whose signature counts. None: anybody's (`tls.verify = false`), for any name and at any time;
    /// the server still has to own the key of its certificate.
    pub trust: Option<Trust>,
    /// The cryptography.
    pub provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// rustls's own verifier, with those trusted certificates that these issuers can be.
    fn with_roots(
        &self,
        trust: &Trust,
        issuers: &[&[u8]],
        look: Look,
    ) -> Result<Arc<WebPkiServerVerifier>, Error> {
        let roots = trust.roots(issuers, look);
        if roots.is_empty() {
            return Err(CertificateError::UnknownIssuer.into());
        }
        WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trust) = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        // Every one that has the right name is tried, which nothing can interrupt.
        if intermediates.len() > MAX_INTERMEDIATES {
            return Err(CertificateError::UnknownIssuer.into());
        }
        // What is no certificate has no issuer; rustls says what is wrong with it.
        let parsed: Vec<_> = std::iter::once(end_entity)
            .chain(intermediates)
            .filter_map(|certificate| EndEntityCert::try_from(certificate).ok())
            .collect();
        let issuers: Vec<&[u8]> = parsed
            .iter()
            .map(|certificate| certificate.issuer())
            .collect();
        let verify = |look| {
            self.with_roots(trust, &issuers, look)?.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            )
        };
        match verify(Look::Quick) {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                verify(Look::Thorough)
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
