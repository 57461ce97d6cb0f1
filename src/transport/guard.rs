//! The inbound guard: what a server sends is checked here, byte by byte, before the LDAP library
//! sees it.
//!
//! ldap3 was written for servers that mean well. It recurses without limit, buffers without limit,
//! panics on malformed replies, and takes any response with result code 0 for a successful bind.
//! So a message passes only if it is framed as RFC 4511 §5.1 says, is of sane size and depth, and is
//! a well-formed answer of the right kind to a request that is still open. Anything else ends the
//! connection; nothing of the offending message is passed on.

use std::collections::BTreeMap;

use super::ber;

/// The largest message, in bytes.
const MAX_MESSAGE: usize = 256 * 1024;
/// The most that one connection may receive, in bytes.
const MAX_TOTAL: usize = 2 * 1024 * 1024;
/// The most BER elements that one connection may receive. Each costs ldap3 about 150 bytes.
const MAX_ELEMENTS: usize = 50_000;

/// The attributes that this module writes.
const WRITABLE: [&[u8]; 2] = [b"unicodePwd", b"shadowLastChange"];

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Not what RFC 4511 says.
    Protocol(&'static str),
    /// Larger than anything that a login needs.
    TooLarge(&'static str),
    /// Nested deeper than anything in LDAP.
    TooDeep,
    /// The server says good-bye (RFC 4511 §4.4.1), with this result code.
    Disconnection(u32),
}

/// The kinds of request that this project sends, by the tag of the protocol operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Bind,
    Search,
    Compare,
    Modify,
    Extended,
}

/// Identifier octets (RFC 4511 appendix B).
pub mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const OCTET_STRING: u8 = 0x04;
    pub const ENUMERATED: u8 = 0x0a;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const CONTROLS: u8 = 0xa0;

    pub const BIND_REQUEST: u8 = 0x60;
    pub const BIND_RESPONSE: u8 = 0x61;
    pub const SEARCH_REQUEST: u8 = 0x63;
    pub const SEARCH_ENTRY: u8 = 0x64;
    pub const SEARCH_DONE: u8 = 0x65;
    pub const SEARCH_REFERENCE: u8 = 0x73;
    pub const COMPARE_REQUEST: u8 = 0x6e;
    pub const COMPARE_RESPONSE: u8 = 0x6f;
    pub const MODIFY_REQUEST: u8 = 0x66;
    pub const MODIFY_RESPONSE: u8 = 0x67;
    pub const EXTENDED_REQUEST: u8 = 0x77;
    pub const EXTENDED_RESPONSE: u8 = 0x78;
    pub const UNBIND_REQUEST: u8 = 0x42;

    // Optional parts of an LDAPResult and of the responses built on it (RFC 4511 §4.1.9, §4.2.2, §4.12)
    pub const REFERRAL: u8 = 0xa3;
    pub const SERVER_SASL_CREDENTIALS: u8 = 0x87;
    pub const RESPONSE_NAME: u8 = 0x8a;
    pub const RESPONSE_VALUE: u8 = 0x8b;
}

/// Follows one connection in both directions.
#[derive(Debug, Default)]
pub struct Guard {
    outbound: Vec<u8>,
    inbound: Vec<u8>,
    open: BTreeMap<u32, Request>,
    received: usize,
    elements: usize,
    unbound: bool,
}

impl Guard {
    /// Notes the requests in what is about to be sent, so that their answers are expected.
    ///
    /// # Errors
    /// Bytes that are no LDAP message: a fault of ours, and not sent.
    pub fn request(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.outbound.extend_from_slice(bytes);
        while let Some(length) = complete(&self.outbound)? {
            let message: Vec<u8> = self.outbound.drain(..length).collect();
            let (content, _) = ber::take(&message, tag::SEQUENCE)?;
            let (id, operation) = ber::take(content, tag::INTEGER)?;
            let id = ber::unsigned(id)?;
            match operation.first() {
                Some(&tag::BIND_REQUEST) => self.open.insert(id, Request::Bind),
                Some(&tag::SEARCH_REQUEST) => self.open.insert(id, Request::Search),
                Some(&tag::COMPARE_REQUEST) => self.open.insert(id, Request::Compare),
                Some(&tag::MODIFY_REQUEST) => {
                    check_modify(operation)?;
                    self.open.insert(id, Request::Modify)
                }
                Some(&tag::EXTENDED_REQUEST) => self.open.insert(id, Request::Extended),
                Some(&tag::UNBIND_REQUEST) => {
                    self.unbound = true;
                    None
                }
                _ => {
                    return Err(Violation::Protocol(
                        "a request that this module does not make",
                    ));
                }
            };
        }
        Ok(())
    }

    /// Whether we have said good-bye.
    pub fn unbound(&self) -> bool {
        self.unbound
    }

    /// Whether all that came was whole messages.
    pub fn is_between_messages(&self) -> bool {
        self.inbound.is_empty()
    }

    /// Takes bytes from the server and gives back the complete messages that passed.
    ///
    /// # Errors
    /// The first message that does not pass. The connection must end then.
    pub fn response(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Violation> {
        self.received += bytes.len();
        if self.received > MAX_TOTAL {
            return Err(Violation::TooLarge("more than 2 MiB in one login"));
        }
        self.inbound.extend_from_slice(bytes);
        let mut end = 0;
        while let Some(length) = complete(self.inbound.get(end..).unwrap_or_default())? {
            let message = self.inbound.get(end..end + length).unwrap_or_default();
            self.elements += ber::count(message, MAX_ELEMENTS - self.elements)?;
            check_message(message, &mut self.open)?;
            end += length;
        }
        Ok(self.inbound.drain(..end).collect())
    }
}

/// The length of the message at the start of `input` if all of it is there. Too long a message is
/// refused by its header, before its content is waited for.
fn complete(input: &[u8]) -> Result<Option<usize>, Violation> {
    match input.first() {
        None => return Ok(None),
        Some(&tag::SEQUENCE) => {}
        Some(_) => return Err(Violation::Protocol("this is not LDAP")),
    }
    let Some((_, length, start)) = ber::header(input)? else {
        return Ok(None);
    };
    if length > MAX_MESSAGE {
        return Err(Violation::TooLarge("a message of more than 256 KiB"));
    }
    Ok((input.len() >= start + length).then_some(start + length))
}

/// ModifyRequest (RFC 4511 §4.6). This module writes passwords and the day of their change; a request
/// to write anything else is a fault of ours.
fn check_modify(request: &[u8]) -> Result<(), Violation> {
    let (content, _) = ber::take(request, tag::MODIFY_REQUEST)?;
    let (_, changes) = ber::take(content, tag::OCTET_STRING)?;
    let (mut changes, _) = ber::take(changes, tag::SEQUENCE)?;
    while !changes.is_empty() {
        let (change, more) = ber::take(changes, tag::SEQUENCE)?;
        let (_, modification) = ber::take(change, tag::ENUMERATED)?;
        let (modification, _) = ber::take(modification, tag::SEQUENCE)?;
        let (attribute, _) = ber::take(modification, tag::OCTET_STRING)?;
        if !WRITABLE.contains(&attribute) {
            return Err(Violation::Protocol(
                "a request to write what this module does not write",
            ));
        }
        changes = more;
    }
    Ok(())
}

/// LDAPMessage (RFC 4511 §4.1.1): id, operation, controls, and nothing else.
fn check_message(message: &[u8], open: &mut BTreeMap<u32, Request>) -> Result<(), Violation> {
    let (content, _) = ber::take(message, tag::SEQUENCE)?;
    let (id, operation) = ber::take(content, tag::INTEGER)?;
    let id = ber::unsigned(id)?;
    let operation =
        ber::element(operation)?.ok_or(Violation::Protocol("a message without an operation"))?;
    check_controls(operation.rest)?;
    if id == 0 {
        return Err(unsolicited(operation.tag, operation.content));
    }
    let request = *open
        .get(&id)
        .ok_or(Violation::Protocol("an answer to no open request"))?;
    match (request, operation.tag) {
        (Request::Search, tag::SEARCH_ENTRY) => return check_entry(operation.content),
        (Request::Search, tag::SEARCH_REFERENCE) => return check_uris(operation.content),
        (Request::Bind, tag::BIND_RESPONSE)
        | (Request::Search, tag::SEARCH_DONE)
        | (Request::Compare, tag::COMPARE_RESPONSE)
        | (Request::Modify, tag::MODIFY_RESPONSE)
        | (Request::Extended, tag::EXTENDED_RESPONSE) => {}
        _ => return Err(Violation::Protocol("an answer of the wrong kind")),
    }
    check_result(operation.tag, operation.content)?;
    open.remove(&id);
    Ok(())
}

/// The only unsolicited notification is the Notice of Disconnection (RFC 4511 §4.4).
fn unsolicited(kind: u8, content: &[u8]) -> Violation {
    let code = ber::take(content, tag::ENUMERATED).and_then(|(code, _)| ber::unsigned(code));
    match (kind, code) {
        (tag::EXTENDED_RESPONSE, Ok(code)) => Violation::Disconnection(code),
        _ => Violation::Protocol("an answer to no request"),
    }
}

/// LDAPResult (RFC 4511 §4.1.9) and what bind and extended responses add to it.
fn check_result(kind: u8, content: &[u8]) -> Result<(), Violation> {
    let (code, rest) = ber::take(content, tag::ENUMERATED)?;
    ber::unsigned(code)?;
    let rest = ber::take_text(rest, tag::OCTET_STRING)?; // matchedDN
    let mut rest = ber::take_text(rest, tag::OCTET_STRING)?; // diagnosticMessage
    while let Some(part) = ber::element(rest)? {
        match (kind, part.tag) {
            (_, tag::REFERRAL) => check_uris(part.content)?,
            (tag::BIND_RESPONSE, tag::SERVER_SASL_CREDENTIALS)
            | (tag::EXTENDED_RESPONSE, tag::RESPONSE_VALUE) => {}
            (tag::EXTENDED_RESPONSE, tag::RESPONSE_NAME) => {
                ber::take_text(rest, tag::RESPONSE_NAME)?;
            }
            _ => return Err(Violation::Protocol("an unknown part in a result")),
        }
        rest = part.rest;
    }
    Ok(())
}

/// SearchResultEntry (RFC 4511 §4.5.2): a name, and attributes with sets of values.
fn check_entry(content: &[u8]) -> Result<(), Violation> {
    let rest = ber::take_text(content, tag::OCTET_STRING)?;
    let (mut attributes, rest) = ber::take(rest, tag::SEQUENCE)?;
    nothing(rest)?;
    while !attributes.is_empty() {
        let (attribute, more) = ber::take(attributes, tag::SEQUENCE)?;
        let values = ber::take_text(attribute, tag::OCTET_STRING)?;
        let (mut values, rest) = ber::take(values, tag::SET)?;
        nothing(rest)?;
        while !values.is_empty() {
            (_, values) = ber::take(values, tag::OCTET_STRING)?;
        }
        attributes = more;
    }
    Ok(())
}

/// One or more URIs: a referral or a search continuation.
fn check_uris(mut content: &[u8]) -> Result<(), Violation> {
    while !content.is_empty() {
        content = ber::take_text(content, tag::OCTET_STRING)?;
    }
    Ok(())
}

/// Controls (RFC 4511 §4.1.11): OID, criticality, value.
fn check_controls(content: &[u8]) -> Result<(), Violation> {
    if content.is_empty() {
        return Ok(());
    }
    let (mut controls, rest) = ber::take(content, tag::CONTROLS)?;
    nothing(rest)?;
    while !controls.is_empty() {
        let (control, more) = ber::take(controls, tag::SEQUENCE)?;
        let mut rest = ber::take_text(control, tag::OCTET_STRING)?;
        if rest.first() == Some(&tag::BOOLEAN) {
            let (criticality, more) = ber::take(rest, tag::BOOLEAN)?;
            if criticality.len() != 1 {
                return Err(Violation::Protocol("a BOOLEAN that is not one octet long"));
            }
            rest = more;
        }
        if !rest.is_empty() {
            (_, rest) = ber::take(rest, tag::OCTET_STRING)?;
        }
        nothing(rest)?;
        controls = more;
    }
    Ok(())
}

fn nothing(rest: &[u8]) -> Result<(), Violation> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(Violation::Protocol("more elements than there may be"))
    }
}

#[cfg(test)]
mod tests;
