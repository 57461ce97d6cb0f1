//! The server's certificate and the authority behind it.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// An authority in `ca.pem`, and a certificate from it for loopback in `server.pem`.
pub fn make_certificates(directory: &Path) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority
        .distinguished_name
        .push(DnType::CommonName, "Test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_pem = authority
        .self_signed(&authority_key)
        .expect("a certificate")
        .pem();
    let issuer = Issuer::new(authority, authority_key);

    let key = KeyPair::generate().expect("a key");
    let names = ["127.0.0.1", "::1", "localhost"].map(str::to_owned);
    let mut server = CertificateParams::new(names).expect("parameters");
    server
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    let server_pem = server
        .signed_by(&key, &issuer)
        .expect("a certificate")
        .pem();
    fs::write(directory.join("ca.pem"), authority_pem).expect("ca.pem");
    fs::write(directory.join("server.pem"), server_pem).expect("server.pem");
    fs::write(directory.join("server.key"), key.serialize_pem()).expect("server.key");
}
