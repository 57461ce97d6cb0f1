//! Attribute types as they stand in filters and distinguished names.

/// A keystring or a numeric object identifier (RFC 4512 §1.4).
pub fn is_attribute_type(name: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match name.as_bytes() {
        [first, ..] if first.is_ascii_digit() => {
            name.contains('.') && name.split('.').all(is_number)
        }
        [first, rest @ ..] if first.is_ascii_alphabetic() => {
            rest.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        }
        _ => false,
    }
}

/// The types of RFC 4514 §3, which every reader of a DN knows by either name: the short name first,
/// then what else they are called (RFC 4519 §2).
const NAMES: [[&str; 3]; 9] = [
    ["cn", "commonname", "2.5.4.3"],
    ["l", "localityname", "2.5.4.7"],
    ["st", "stateorprovincename", "2.5.4.8"],
    ["o", "organizationname", "2.5.4.10"],
    ["ou", "organizationalunitname", "2.5.4.11"],
    ["c", "countryname", "2.5.4.6"],
    ["street", "streetaddress", "2.5.4.9"],
    ["dc", "domaincomponent", "0.9.2342.19200300.100.1.25"],
    ["uid", "userid", "0.9.2342.19200300.100.1.1"],
];

/// One name for each type: lower case, and the short one of those that have several.
pub fn short_name(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    let known = NAMES.iter().find(|names| names.contains(&kind.as_str()));
    match known {
        Some([short, ..]) => (*short).to_owned(),
        None => kind,
    }
}
