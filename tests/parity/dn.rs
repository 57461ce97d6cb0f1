//! Distinguished names in parts, so that one can be written in many ways (RFC 4514).

use crate::random::Random;

/// A name: components of one or more pairs of type and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dn(pub Vec<Vec<(String, String)>>);

impl Dn {
    /// The name of an entry below `base`, whose values need no escaping.
    pub fn new(rdn: &[(&str, &str)], base: &str) -> Dn {
        let owned = |(kind, value): &(&str, &str)| ((*kind).to_owned(), (*value).to_owned());
        let mut parts = vec![rdn.iter().map(owned).collect()];
        for component in base.split(',') {
            let pair = component.split_once('=').expect("a plain base");
            parts.push(vec![owned(&pair)]);
        }
        Dn(parts)
    }

    /// The usual spelling: no blanks, one backslash where one is needed.
    pub fn text(&self) -> String {
        self.written(",", |kind, value| format!("{kind}={}", escaped(value)))
    }

    /// The spelling of slapd: hexadecimal digits for what needs escaping, which a control character does
    /// not.
    pub fn as_sent(&self) -> String {
        self.written(",", |kind, value| {
            format!("{kind}={}", hex(value, usize::MAX, true))
        })
    }

    /// The same where a configuration takes it, which has no control characters.
    pub fn as_configured(&self) -> String {
        match self.as_sent() {
            sent if sent.contains(|c: char| c.is_ascii_control()) => self.text(),
            sent => sent,
        }
    }

    /// Another spelling of the same name.
    pub fn respelled(&self, random: &mut Random) -> String {
        let separator = *random.of(&[",", ", ", " , ", ",  "]);
        self.written(separator, |kind, value| {
            let kind = match random.below(5) {
                0 => kind.to_ascii_uppercase(),
                1 => long_name(kind).to_owned(),
                2 => kind[..1].to_ascii_uppercase() + &kind[1..],
                _ => kind.to_owned(),
            };
            let value = match random.below(4) {
                0 => escaped(&value.to_ascii_uppercase()),
                1 => hex(value, random.below(value.chars().count()), false),
                2 => hex_where_needed(value),
                _ => escaped(value),
            };
            format!("{kind}={value}")
        })
    }

    /// Whether the text is this name in any spelling.
    pub fn is_spelled_in_any_way_as(&self, text: &str) -> bool {
        let parsed = |text: &str| pam_rsldap::names::Dn::parse(text).ok();
        parsed(&self.text()) == parsed(text)
    }

    fn written(&self, separator: &str, mut pair: impl FnMut(&str, &str) -> String) -> String {
        let components: Vec<String> = self
            .0
            .iter()
            .map(|pairs| {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(kind, value)| pair(kind, value))
                    .collect();
                pairs.join("+")
            })
            .collect();
        components.join(separator)
    }
}

/// Another name of the attribute type (RFC 4519).
fn long_name(kind: &str) -> &str {
    match kind {
        "cn" => "commonName",
        "ou" => "organizationalUnitName",
        "dc" => "0.9.2342.19200300.100.1.25",
        "uid" => "UserID",
        other => other,
    }
}

const SPECIAL: &str = ",+\"\\<>;=";

/// A value as the usual spelling of a DN has it.
pub fn escaped(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars() {
        let leading = text.is_empty() && (c == '#' || c == ' ');
        if c.is_ascii_control() {
            text.push_str(&hex_of(c));
            continue;
        }
        if leading || SPECIAL.contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    match text.strip_suffix(' ') {
        Some(front) if !front.ends_with('\\') => format!("{front}\\ "),
        _ => text,
    }
}

/// With one character, and those that need escaping, as hexadecimal digits.
fn hex(value: &str, place: usize, control_as_is: bool) -> String {
    let mut text = String::new();
    for (at, c) in value.chars().enumerate() {
        let raw = control_as_is && c.is_ascii_control();
        let special = SPECIAL.contains(c) || c.is_ascii_control();
        match !raw && (at == place || special || (at == 0 && "# ".contains(c))) {
            true => text.push_str(&hex_of(c)),
            false => text.push(c),
        }
    }
    text
}

fn hex_where_needed(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    value
        .chars()
        .map(|c| if plain(c) { c.to_string() } else { hex_of(c) })
        .collect()
}

fn hex_of(c: char) -> String {
    let mut buffer = [0; 4];
    let bytes = c.encode_utf8(&mut buffer).bytes();
    bytes.map(|byte| format!("\\{byte:02x}")).collect()
}
