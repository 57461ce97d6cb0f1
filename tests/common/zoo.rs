//! A zoo of certificates, made on the fly: good ones, and one for each way to be wrong.

// Each test binary uses its own part of this.
#![allow(dead_code)]

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, SupportedProtocolVersion};

/// The host that most certificates are for.
pub const HOST: &str = "ldap.example.com";

/// What a server shows, and proves that it owns: a certificate, the chain above it, a key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// PEM, the server's own certificate first.
    pub certificates: String,
    /// PEM, PKCS #8.
    pub key: String,
}

impl Identity {
    /// The same with another certificate behind the others.
    pub fn with(mut self, certificate: &str) -> Identity {
        self.certificates.push_str(certificate);
        self
    }

    /// The same certificate, with a key that is not its own.
    pub fn with_key_of(mut self, other: &Identity) -> Identity {
        self.key.clone_from(&other.key);
        self
    }

    /// Settings of a TLS server that shows this. Nothing is checked: that is the client's part.
    pub fn server(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
        let chain = CertificateDer::pem_slice_iter(self.certificates.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .expect("certificates in PEM");
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key in PEM");
        let key = ring::sign::any_supported_type(&key).expect("a key for signing");
        let resolver = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("protocol versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        Arc::new(config)
    }
}

/// Who signs certificates.
pub struct Authority {
    /// Its own certificate.
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A root.
    pub fn new(name: &str) -> Authority {
        Authority::with(name, |_| ())
    }

    /// A root that differs in something.
    pub fn with(name: &str, adjust: impl FnOnce(&mut CertificateParams)) -> Authority {
        let (mut params, key) = (authority(name), generate());
        adjust(&mut params);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let issuer = Issuer::new(params, key);
        Authority { pem, issuer }
    }

    /// An authority signed by this one.
    pub fn intermediate(
        &self,
        name: &str,
        adjust: impl FnOnce(&mut CertificateParams),
    ) -> Authority {
        let (mut params, key) = (authority(name), generate());
        adjust(&mut params);
        let pem = self.sign(&params, &key);
        let issuer = Issuer::new(params, key);
        Authority { pem, issuer }
    }

    /// Its private key in PEM.
    pub fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A certificate for these names, each a DNS name or an IP address.
    pub fn server(&self, names: &[&str]) -> Identity {
        self.server_with(names, |_| ())
    }

    /// The same where something is different.
    pub fn server_with(
        &self,
        names: &[&str],
        adjust: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let (mut params, key) = (server(names), generate());
        adjust(&mut params);
        Identity {
            certificates: self.sign(&params, &key),
            key: key.serialize_pem(),
        }
    }

    /// A certificate with which a client proves that it is `cn=NAME`.
    pub fn client(&self, name: &str) -> Identity {
        self.server_with(&[], |params| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> String {
        params
            .signed_by(key, &self.issuer)
            .expect("a certificate")
            .pem()
    }
}

/// A certificate for the names, signed by nobody else.
pub fn self_signed(names: &[&str], is_ca: IsCa) -> Identity {
    self_signed_with(names, is_ca, |_| ())
}

/// The same where something is different.
pub fn self_signed_with(
    names: &[&str],
    is_ca: IsCa,
    adjust: impl FnOnce(&mut CertificateParams),
) -> Identity {
    let (mut params, key) = (server(names), generate());
    params.is_ca = is_ca;
    adjust(&mut params);
    Identity {
        certificates: params.self_signed(&key).expect("a certificate").pem(),
        key: key.serialize_pem(),
    }
}

/// `CA:TRUE`, as `openssl req -x509` writes it.
pub fn ca_true() -> IsCa {
    IsCa::Ca(BasicConstraints::Unconstrained)
}

/// Many roots that have nothing to do with anything, in PEM: a bundle as long as it gets.
pub fn crowd(count: u64) -> String {
    let key = generate();
    let one = |number: u64| {
        let mut params = authority(&format!("Authority {number} of a crowd"));
        params.serial_number = Some(SerialNumber::from(number));
        params.self_signed(&key).expect("a certificate").pem()
    };
    (1..=count).map(one).collect()
}

/// Certificates of authorities that all have this name, each signed by the next and each with a key
/// of its own: a path builder that tries all ways through them never ends (RUSTSEC-2023-0053).
pub fn bomb(root: &Authority, count: usize) -> Identity {
    let mut authorities = vec![root.intermediate("Bomb", |_| ())];
    for _ in 1..count {
        let above = authorities.last().expect("at least one");
        authorities.push(above.intermediate("Bomb", |_| ()));
    }
    let stranger = Authority::new("Bomb");
    authorities
        .iter()
        .rev()
        .fold(stranger.server(&[HOST]), |identity, authority| {
            identity.with(&authority.pem)
        })
}

pub fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
}

pub fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2090, 1, 1);
    params.not_after = date_time_ymd(2091, 1, 1);
}

pub fn client_only(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

/// A critical extension that nobody knows (1.3.6.1.4.1.32473 is for documentation, RFC 5612).
pub fn unknown_critical_extension(params: &mut CertificateParams) {
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 32473, 7], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
}

/// An authority for names below `domain` only.
pub fn only_for(domain: &str) -> impl FnOnce(&mut CertificateParams) {
    let domain = GeneralSubtree::DnsName(domain.to_owned());
    |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![domain],
            excluded_subtrees: Vec::new(),
        });
    }
}

/// An address written as a DNS name, as some tools do.
pub fn dns_name_of(text: &str) -> impl FnOnce(&mut CertificateParams) {
    let name = Ia5String::try_from(text).expect("ASCII");
    |params| params.subject_alt_names = vec![SanType::DnsName(name)]
}

/// An authority that is no authority.
pub fn no_authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::ExplicitNoCa;
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = ca_true();
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server(names: &[&str]) -> CertificateParams {
    let alternative = |name: &&str| match name.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(Ia5String::try_from(*name).expect("ASCII")),
    };
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, HOST);
    params.subject_alt_names = names.iter().map(alternative).collect();
    params
}

fn generate() -> KeyPair {
    KeyPair::generate().expect("a key")
}
