//! Entries as ldap3 has them, into [`Entry`], without the panics of its own reader.

use ldap3::ResultEntry;
use ldap3::asn1::{PL, StructureTag};

use super::Entry;
use crate::names::Dn;

/// Reads a SearchResultEntry (RFC 4511 §4.5.2). None if it has another shape, or a name that is no DN.
pub fn read_entry(found: ResultEntry) -> Option<Entry> {
    let (name, attributes) = read_parts(found)?;
    Some(Entry::new(Dn::received(&name).ok()?, attributes))
}

/// The name as it came, and the attributes: the root of a directory has an empty name, which is no [`Dn`].
pub fn read_parts(found: ResultEntry) -> Option<(String, Vec<Attribute>)> {
    let mut parts = sequence(found.0)?.into_iter();
    let name = text(parts.next()?)?;
    let attributes: Option<Vec<_>> = sequence(parts.next()?)?
        .into_iter()
        .map(attribute)
        .collect();
    Some((name, attributes?))
}

/// A name and values.
pub type Attribute = (String, Vec<Vec<u8>>);

fn attribute(tag: StructureTag) -> Option<Attribute> {
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
