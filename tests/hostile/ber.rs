//! As much BER (X.690) as a scripted LDAP server needs: it encodes replies, right and wrong ones,
//! and takes requests apart. Nothing here checks what it encodes: that is the point.

/// The tags of RFC 4511's operations.
pub mod tag {
    pub const BIND_REQUEST: u8 = 0x60;
    pub const BIND_RESPONSE: u8 = 0x61;
    pub const UNBIND_REQUEST: u8 = 0x42;
    pub const SEARCH_REQUEST: u8 = 0x63;
    pub const SEARCH_ENTRY: u8 = 0x64;
    pub const SEARCH_DONE: u8 = 0x65;
    pub const SEARCH_REFERENCE: u8 = 0x73;
    pub const COMPARE_RESPONSE: u8 = 0x6f;
    pub const EXTENDED_RESPONSE: u8 = 0x78;
    pub const INTERMEDIATE_RESPONSE: u8 = 0x79;
    pub const INTEGER: u8 = 0x02;
    pub const OCTETS: u8 = 0x04;
    pub const ENUMERATED: u8 = 0x0a;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const CONTROLS: u8 = 0xa0;
    pub const REFERRAL: u8 = 0xa3;
}

/// The length octets of a definite length, in as few octets as possible.
pub fn length(length: usize) -> Vec<u8> {
    if length < 0x80 {
        return vec![length as u8];
    }
    let octets = length.to_be_bytes();
    let used = &octets[octets.iter().position(|octet| *octet != 0).unwrap()..];
    [&[0x80 | used.len() as u8], used].concat()
}

/// An element.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag][..], &length(content.len()), content].concat()
}

/// An element whose length octets are written as given, right or not.
pub fn tlv_of_length(tag: u8, length: &[u8], content: &[u8]) -> Vec<u8> {
    [&[tag][..], length, content].concat()
}

/// A constructed element.
pub fn of(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

/// An INTEGER or ENUMERATED in as few octets as possible.
pub fn number(tag: u8, value: i64) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let redundant =
        |first: u8, second: u8| (first == 0 && second < 0x80) || (first == 0xff && second >= 0x80);
    let start = (0..7)
        .find(|i| !redundant(octets[*i], octets[i + 1]))
        .unwrap_or(7);
    tlv(tag, &octets[start..])
}

/// An OCTET STRING.
pub fn octets(content: impl AsRef<[u8]>) -> Vec<u8> {
    tlv(tag::OCTETS, content.as_ref())
}

/// An LDAPMessage.
pub fn message(id: i64, operation: Vec<u8>) -> Vec<u8> {
    of(tag::SEQUENCE, &[number(tag::INTEGER, id), operation])
}

/// An LDAPMessage with controls.
pub fn message_with(id: i64, operation: Vec<u8>, controls: Vec<u8>) -> Vec<u8> {
    of(
        tag::SEQUENCE,
        &[number(tag::INTEGER, id), operation, controls],
    )
}

/// An LDAPResult under this tag, with empty matchedDN and diagnosticMessage.
pub fn result(tag: u8, code: i64) -> Vec<u8> {
    result_of(tag, number(tag::ENUMERATED, code), octets(""), octets(""))
}

/// An LDAPResult of these parts.
pub fn result_of(tag: u8, code: Vec<u8>, matched: Vec<u8>, diagnostic: Vec<u8>) -> Vec<u8> {
    of(tag, &[code, matched, diagnostic])
}

/// An LDAPResult with a referral.
pub fn referral(tag: u8, uri: &str) -> Vec<u8> {
    let uris = of(tag::REFERRAL, &[octets(uri)]);
    of(
        tag,
        &[number(tag::ENUMERATED, 10), octets(""), octets(""), uris],
    )
}

/// A SearchResultEntry.
pub fn entry(dn: impl AsRef<[u8]>, attributes: &[(&str, &[&str])]) -> Vec<u8> {
    let one = |(name, values): &(&str, &[&str])| {
        let values: Vec<_> = values.iter().map(octets).collect();
        of(tag::SEQUENCE, &[octets(name), of(tag::SET, &values)])
    };
    let attributes: Vec<_> = attributes.iter().map(one).collect();
    of(
        tag::SEARCH_ENTRY,
        &[octets(dn), of(tag::SEQUENCE, &attributes)],
    )
}

/// `levels` elements of this tag, each inside the one before; the innermost is empty.
pub fn nested(tag: u8, levels: usize) -> Vec<u8> {
    let mut size = 0;
    let mut headers = Vec::with_capacity(levels);
    for _ in 0..levels {
        let header = [&[tag][..], &length(size)].concat();
        size += header.len();
        headers.push(header);
    }
    headers.reverse();
    headers.concat()
}

/// One element from the front of `bytes`: its tag, its content, and what follows it.
pub fn take(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (
            octets
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet)),
            rest,
        )
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// What a client asked, as far as the script cares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The message id.
    pub id: i64,
    /// The tag of the operation.
    pub tag: u8,
    /// The DN that it is about: bind name or base DN.
    pub dn: String,
    /// The password of a simple bind.
    pub password: Vec<u8>,
}

impl Request {
    /// Takes one whole LDAPMessage apart.
    pub fn parse(bytes: &[u8]) -> Option<Request> {
        let (_, content, _) = take(bytes)?;
        let (_, id, rest) = take(content)?;
        let (tag, operation, _) = take(rest)?;
        let id = id.iter().fold(0, |id, octet| id << 8 | i64::from(*octet));
        let mut request = Request {
            id,
            tag,
            ..Request::default()
        };
        let mut rest = operation;
        if tag == tag::BIND_REQUEST {
            rest = take(rest)?.2; // the version
        }
        if let Some((_, dn, after)) = take(rest) {
            request.dn = String::from_utf8_lossy(dn).into_owned();
            rest = after;
        }
        if tag == tag::BIND_REQUEST {
            request.password = take(rest)?.1.to_vec();
        }
        Some(request)
    }

    /// The tag that ends the answer to this request.
    pub fn reply_tag(&self) -> u8 {
        match self.tag {
            tag::BIND_REQUEST => tag::BIND_RESPONSE,
            tag::SEARCH_REQUEST => tag::SEARCH_DONE,
            _ => tag::EXTENDED_RESPONSE,
        }
    }
}
