//! Entries as ldap3 has them, into [`Entry`], without the panics of its own reader.

use ldap3::ResultEntry;
use ldap3::asn1::{PL, StructureTag};

use super::Entry;
use crate::names::Dn;

/// Reads a SearchResultEntry (RFC 4511 §4.5.2). None if it has another shape, or a name that is no DN.
pub fn read_entry(found: ResultEntry) -> Option<Entry> {
    let mut parts = sequence(found.0)?.into_iter();
    let dn = Dn::received(&text(parts.next()?)?).ok()?;
    let attributes: Option<Vec<_>> = sequence(parts.next()?)?
        .into_iter()
        .map(attribute)
        .collect();
    Some(Entry::new(dn, attributes?))
}

fn attribute(tag: StructureTag) -> Option<(String, Vec<Vec<u8>>)> {
    let mut parts = sequence(tag)?.into_iter();
    let name = text(parts.next()?)?;
    let values: Option<Vec<_>> = sequence(parts.next()?)?.into_iter().map(octets).collect();
    Some((name, values?))
}

fn sequence(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn octets(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(octets) => Some(octets),
        PL::C(_) => None,
    }
}

fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(octets(tag)?).ok()
}
