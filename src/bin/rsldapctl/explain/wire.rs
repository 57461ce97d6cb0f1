//! What travelled between a login and the servers, read from the bytes themselves (RFC 4511). The
//! password in a bind is passed over, and the bytes are wiped.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pam_rsldap::transport::ber;
use pam_rsldap::transport::{ConnectionFacts, Tap};
use zeroize::{Zeroize, Zeroizing};

use super::filter;

/// A request and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub at: Instant,
    /// None: there was no result.
    pub took: Option<Duration>,
    pub request: Request,
    /// Result code and diagnostic text.
    pub result: Option<(u32, String)>,
    pub entries: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Bind {
        dn: String,
        mechanism: String,
    },
    Search {
        base: String,
        scope: &'static str,
        filter: String,
    },
    Other,
}

/// Everything that travelled.
#[derive(Default)]
pub struct Wire(Mutex<Record>);

#[derive(Default)]
struct Record {
    connections: Vec<(String, ConnectionFacts, Duration)>,
    exchanges: Vec<Exchange>,
    /// The beginning of a request of which the end has not come.
    outbound: Zeroizing<Vec<u8>>,
    /// What was sent as passwords, to be taken out of what servers answer.
    passwords: Vec<Zeroizing<String>>,
    /// Message id → place in `exchanges`.
    open: BTreeMap<u32, usize>,
}

impl Wire {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The servers, and how long connecting took.
    pub fn connections(&self) -> Vec<(String, ConnectionFacts, Duration)> {
        self.record().connections.clone()
    }

    pub fn exchanges(&self) -> Vec<Exchange> {
        self.record().exchanges.clone()
    }
}

impl Tap for Wire {
    fn connected(&self, server: &str, facts: ConnectionFacts, took: Duration) {
        let mut record = self.record();
        record.connections.push((server.to_owned(), facts, took));
        record.outbound.zeroize();
        record.open.clear();
    }

    fn sent(&self, bytes: &[u8]) {
        let mut record = self.record();
        record.outbound.extend_from_slice(bytes);
        while let Ok(Some((_, length, start))) = ber::header(&record.outbound) {
            let end = start + length;
            if record.outbound.len() < end {
                break;
            }
            let message: Zeroizing<Vec<u8>> =
                record.outbound.drain(..end).collect::<Vec<_>>().into();
            record.passwords.extend(password(&message));
            if let Some((id, request)) = read_request(&message) {
                let place = record.exchanges.len();
                record.open.insert(id, place);
                record.exchanges.push(Exchange {
                    at: Instant::now(),
                    took: None,
                    request,
                    result: None,
                    entries: 0,
                });
            }
        }
    }

    fn received(&self, messages: &[u8]) {
        let mut record = self.record();
        let mut rest = messages;
        while let Ok((message, behind)) = ber::take(rest, tag::SEQUENCE) {
            rest = behind;
            let Some((id, kind, content)) = parts(message) else {
                continue;
            };
            let Some(&place) = record.open.get(&id) else {
                continue;
            };
            let Record {
                exchanges,
                passwords,
                open,
                ..
            } = &mut *record;
            let Some(exchange) = exchanges.get_mut(place) else {
                continue;
            };
            match kind {
                tag::SEARCH_ENTRY => exchange.entries += 1,
                tag::SEARCH_REFERENCE => {}
                _ => {
                    exchange.took = Some(exchange.at.elapsed());
                    exchange.result = read_result(content).map(|(code, said)| {
                        let strike = |said: String, password: &Zeroizing<String>| {
                            said.replace(password.as_str(), "[password]")
                        };
                        (code, passwords.iter().fold(said, strike))
                    });
                    open.remove(&id);
                }
            }
        }
    }
}

/// Identifier octets (RFC 4511 appendix B).
mod tag {
    pub const INTEGER: u8 = 0x02;
    pub const OCTET_STRING: u8 = 0x04;
    pub const BOOLEAN: u8 = 0x01;
    pub const ENUMERATED: u8 = 0x0a;
    pub const SEQUENCE: u8 = 0x30;
    pub const BIND: u8 = 0x60;
    pub const UNBIND: u8 = 0x42;
    pub const SEARCH: u8 = 0x63;
    pub const SEARCH_ENTRY: u8 = 0x64;
    pub const SEARCH_REFERENCE: u8 = 0x73;
    pub const SIMPLE: u8 = 0x80;
    pub const SASL: u8 = 0xa3;
}

/// Message id, tag and content of the operation.
fn parts(message: &[u8]) -> Option<(u32, u8, &[u8])> {
    let (id, operation) = ber::take(message, tag::INTEGER).ok()?;
    let operation = ber::element(operation).ok()??;
    Some((ber::unsigned(id).ok()?, operation.tag, operation.content))
}

fn read_request(message: &[u8]) -> Option<(u32, Request)> {
    let (content, _) = ber::take(message, tag::SEQUENCE).ok()?;
    let (id, kind, content) = parts(content)?;
    let request = match kind {
        tag::BIND => read_bind(content)?,
        tag::SEARCH => read_search(content)?,
        tag::UNBIND => return None,
        _ => Request::Other,
    };
    Some((id, request))
}

fn read_bind(content: &[u8]) -> Option<Request> {
    let (_version, rest) = ber::take(content, tag::INTEGER).ok()?;
    let (dn, rest) = ber::take(rest, tag::OCTET_STRING).ok()?;
    let credentials = ber::element(rest).ok()??;
    let mechanism = match credentials.tag {
        tag::SASL => {
            let (mechanism, _) = ber::take(credentials.content, tag::OCTET_STRING).ok()?;
            text(mechanism)
        }
        _ if credentials.content.is_empty() => "anonymous".to_owned(),
        _ => "simple".to_owned(),
    };
    let dn = text(dn);
    Some(Request::Bind { dn, mechanism })
}

/// What a simple bind sends.
fn password(message: &[u8]) -> Option<Zeroizing<String>> {
    let (content, _) = ber::take(message, tag::SEQUENCE).ok()?;
    let (_, kind, content) = parts(content)?;
    let (_version, rest) = ber::take(content, tag::INTEGER).ok()?;
    let (_dn, rest) = ber::take(rest, tag::OCTET_STRING).ok()?;
    let (password, _) = ber::take(rest, tag::SIMPLE).ok()?;
    (kind == tag::BIND && !password.is_empty()).then(|| text(password).into())
}

fn read_search(content: &[u8]) -> Option<Request> {
    let (base, rest) = ber::take(content, tag::OCTET_STRING).ok()?;
    let (scope, rest) = ber::take(rest, tag::ENUMERATED).ok()?;
    let (_aliases, rest) = ber::take(rest, tag::ENUMERATED).ok()?;
    let (_size, rest) = ber::take(rest, tag::INTEGER).ok()?;
    let (_time, rest) = ber::take(rest, tag::INTEGER).ok()?;
    let (_types, rest) = ber::take(rest, tag::BOOLEAN).ok()?;
    let scope = match ber::unsigned(scope).ok()? {
        0 => "base",
        1 => "onelevel",
        _ => "subtree",
    };
    Some(Request::Search {
        base: text(base),
        scope,
        filter: filter::text(rest)?,
    })
}

/// LDAPResult (RFC 4511 §4.1.9).
fn read_result(content: &[u8]) -> Option<(u32, String)> {
    let (code, rest) = ber::take(content, tag::ENUMERATED).ok()?;
    let (_matched, rest) = ber::take(rest, tag::OCTET_STRING).ok()?;
    let (diagnostic, _) = ber::take(rest, tag::OCTET_STRING).ok()?;
    Some((ber::unsigned(code).ok()?, text(diagnostic)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BindRequest with the password "hunter2", RFC 4511 §4.2.
    const BIND: &[u8] = b"\x30\x17\x02\x01\x01\x60\x12\x02\x01\x03\x04\x04cn=a\x80\x07hunter2";

    #[test]
    fn a_bind_is_noted_without_its_password() {
        let wire = Wire::default();
        wire.connected("ldap://a", ConnectionFacts::default(), Duration::ZERO);
        let (one, two) = BIND.split_at(9);
        wire.sent(one);
        assert!(wire.exchanges().is_empty());
        wire.sent(two);
        // A server that repeats what it was sent.
        wire.received(b"\x30\x16\x02\x01\x01\x61\x11\x0a\x01\x31\x04\x00\x04\x0ano hunter2");
        let exchanges = wire.exchanges();
        assert_eq!(exchanges.len(), 1);
        let bind = Request::Bind {
            dn: "cn=a".to_owned(),
            mechanism: "simple".to_owned(),
        };
        assert_eq!(exchanges[0].request, bind);
        assert_eq!(exchanges[0].result, Some((49, "no [password]".to_owned())));
        assert!(exchanges[0].took.is_some());
        assert!(!format!("{exchanges:?}").contains("hunter2"));
        assert!(wire.record().outbound.is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_passed_over() {
        let wire = Wire::default();
        wire.sent(b"\x30\x05\x02\x01\x01\x60\x00");
        wire.received(b"\x30\x03\x02\x01\x07");
        wire.received(b"\xff\xff\xff");
        assert!(wire.exchanges().is_empty());
    }
}
