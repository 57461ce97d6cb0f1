//! What a certificate says of itself (RFC 5280 §4.1): for `rsldapctl`. Whether it is to be trusted is
//! not decided here.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::ber;
use super::tls::read_pem;
use crate::account_state::generalized_time;

/// The parts that an administrator wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for, as in `CN=ldap1.example.com,O=Example`.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Since when it is valid, in seconds since 1970-01-01 00:00 UTC.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
}

mod tag {
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const INTEGER: u8 = 0x02;
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const VERSION: u8 = 0xa0;
}

impl Certificate {
    /// Reads a certificate in DER. None if it is none.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let (certificate, _) = ber::take(der, tag::SEQUENCE).ok()?;
        let (mut fields, _) = ber::take(certificate, tag::SEQUENCE).ok()?;
        if let Ok((_, rest)) = ber::take(fields, tag::VERSION) {
            fields = rest;
        }
        let (_serial_number, fields) = ber::take(fields, tag::INTEGER).ok()?;
        let (_signature, fields) = ber::take(fields, tag::SEQUENCE).ok()?;
        let (issuer, fields) = ber::take(fields, tag::SEQUENCE).ok()?;
        let (validity, fields) = ber::take(fields, tag::SEQUENCE).ok()?;
        let (subject, _) = ber::take(fields, tag::SEQUENCE).ok()?;
        let (not_before, rest) = time(validity)?;
        let (not_after, _) = time(rest)?;
        Some(Certificate {
            subject: name(subject)?,
            issuer: name(issuer)?,
            not_before,
            not_after,
        })
    }

    /// The certificates of a PEM file.
    ///
    /// # Errors
    /// In words: the file cannot be read, or holds none.
    pub fn of_file(path: &Path) -> Result<Vec<Self>, String> {
        let bytes = read_pem(path).map_err(|error| error.to_string())?;
        let read: Vec<Certificate> = CertificateDer::pem_slice_iter(&bytes)
            .filter_map(|der| Certificate::read(&der.ok()?))
            .collect();
        if read.is_empty() {
            return Err("no certificate in PEM form".to_owned());
        }
        Ok(read)
    }

    /// The whole days from `now` (in seconds since 1970) until it has expired; negative if it has.
    #[must_use]
    pub fn days_left(&self, now: i64) -> i64 {
        self.not_after.saturating_sub(now).div_euclid(86_400)
    }
}

/// UTCTime or GeneralizedTime at the start of `input`, and what follows (RFC 5280 §4.1.2.5).
fn time(input: &[u8]) -> Option<(i64, &[u8])> {
    let element = ber::element(input).ok()??;
    let text = match element.tag {
        tag::GENERALIZED_TIME => element.content.to_vec(),
        tag::UTC_TIME => {
            let (year, _) = element.content.split_at_checked(2)?;
            let century = if year < b"50".as_slice() { "20" } else { "19" };
            [century.as_bytes(), element.content].concat()
        }
        _ => return None,
    };
    Some((generalized_time::parse(&text)?, element.rest))
}

/// A Name, the most specific part first as RFC 4514 has it.
fn name(mut rdns: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    while !rdns.is_empty() {
        let (mut rdn, rest) = ber::take(rdns, tag::SET).ok()?;
        let mut values = Vec::new();
        while !rdn.is_empty() {
            let (pair, more) = ber::take(rdn, tag::SEQUENCE).ok()?;
            let (kind, value) = ber::take(pair, tag::OBJECT_IDENTIFIER).ok()?;
            let value = ber::element(value).ok()??;
            values.push(format!("{}={}", attribute(kind), text(value.content)));
            rdn = more;
        }
        parts.push(values.join("+"));
        rdns = rest;
    }
    parts.reverse();
    Some(parts.join(","))
}

/// The short name of an attribute in a Name (RFC 4514 §3), from the octets of its OID.
fn attribute(oid: &[u8]) -> String {
    let known = match oid {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x05] => "serialNumber",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x0a] => "O",
        [0x55, 0x04, 0x0b] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => "DC",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01] => "emailAddress",
        _ => "",
    };
    match known {
        "" => oid.iter().map(|byte| format!("{byte:02x}")).collect(),
        known => known.to_owned(),
    }
}

/// The value for people to read: all string types but two are ASCII or UTF-8.
fn text(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let escaped = text.chars().flat_map(|c| {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        special.then_some('\\').into_iter().chain([c])
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    fn der() -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["ldap1.example.com".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let name = &mut params.distinguished_name;
        name.push(DnType::OrganizationName, "Example, Inc.");
        name.push(DnType::CommonName, "ldap1.example.com");
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2055, 3, 1);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_says_for_whom_and_how_long() {
        let read = Certificate::read(&der()).unwrap();
        assert_eq!(read.subject, "CN=ldap1.example.com,O=Example\\, Inc.");
        assert_eq!(read.issuer, read.subject);
        // UTCTime up to 2049, GeneralizedTime from 2050.
        assert_eq!(read.not_before, 1_767_225_600);
        assert_eq!(read.not_after, 2_687_472_000);
        assert_eq!(read.days_left(read.not_after - 86_400), 1);
        assert_eq!(read.days_left(read.not_after), 0);
        assert_eq!(read.days_left(read.not_after + 1), -1);
    }

    #[test]
    fn what_is_cut_off_is_no_certificate() {
        let der = der();
        for length in 0..der.len() {
            assert_eq!(Certificate::read(&der[..length]), None, "{length}");
        }
        assert_eq!(Certificate::read(&[0x30; 400]), None);
    }
}
