//! The server's certificate and the authority behind it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// The names of a server on loopback.
pub const LOOPBACK: [&str; 3] = ["127.0.0.1", "::1", "localhost"];

/// An authority in `ca.pem`, and a certificate from it for these names in `server.pem`; its key is in
/// `server.key`, which nobody else may read.
pub fn make_certificates(directory: &Path, names: &[&str]) {
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
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let common_name = names.last().expect("a name").clone();
    let mut server = CertificateParams::new(names).expect("parameters");
    server
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let server_pem = server
        .signed_by(&key, &issuer)
        .expect("a certificate")
        .pem();
    fs::write(directory.join("ca.pem"), authority_pem).expect("ca.pem");
    fs::write(directory.join("server.pem"), server_pem).expect("server.pem");
    let key_file = directory.join("server.key");
    fs::write(&key_file, key.serialize_pem()).expect("server.key");
    fs::set_permissions(key_file, Permissions::from_mode(0o600)).expect("chmod");
}
