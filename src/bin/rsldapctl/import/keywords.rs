//! Files of lines with a keyword and its values: nslcd.conf and PADL's ldap.conf.

use super::draft::{Draft, Level, Origin};

/// A line that says something.
#[derive(Clone, Debug)]
pub struct Line<'t> {
    pub number: usize,
    /// In lower case.
    pub keyword: String,
    /// The rest, without blanks around it.
    pub value: &'t str,
}

impl Line<'_> {
    pub fn origin(&self) -> Origin {
        // What is no word may be a part of something that is not to be shown.
        let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let slip = ["bindpw", "rootpwmodpw"]
            .iter()
            .any(|word| self.keyword.starts_with(word) && self.keyword != *word);
        let shown = self.keyword.len() < 60
            && self.keyword.bytes().all(is_word)
            && !self.value.is_empty()
            && !slip;
        Origin::new(self.number, if shown { &self.keyword } else { "a keyword" })
    }

    pub fn words(&self) -> Vec<&str> {
        self.value.split_whitespace().collect()
    }

    /// `yes`, `on`, `true`, `1`
    pub fn is_on(&self) -> bool {
        ["yes", "on", "true", "1"]
            .iter()
            .any(|word| self.value.eq_ignore_ascii_case(word))
    }

    /// Seconds.
    pub fn number(&self) -> Option<f64> {
        self.value
            .parse::<u32>()
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(f64::from)
    }
}

/// The lines of a file.
pub fn lines(text: &str) -> Vec<Line<'_>> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let (keyword, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            Line {
                number,
                keyword: keyword.to_ascii_lowercase(),
                value: value.trim(),
            }
        })
        .collect()
}

/// What becomes of keys that have no key here. A pattern may end in `*`.
pub type Others = [(&'static str, Level, &'static str)];

/// What nslcd.conf has of the older ldap.conf.
pub const COMMON: &Others = &[
    (
        "ldap_version",
        Level::Note,
        "of no meaning here: it is always 3",
    ),
    (
        "use_sasl",
        Level::Note,
        "no equivalent: of SASL there is EXTERNAL alone",
    ),
    (
        "sasl_*",
        Level::Note,
        "no equivalent: of SASL there is EXTERNAL alone",
    ),
    (
        "krb5_ccname",
        Level::Note,
        "no equivalent: there is no Kerberos",
    ),
    (
        "referrals",
        Level::Note,
        "referrals are never followed here",
    ),
    (
        "deref",
        Level::Warning,
        "no equivalent: aliases are not followed here",
    ),
    (
        "tls_ciphers",
        Level::Warning,
        "no equivalent: TLS 1.2 and 1.3 with its own ciphers",
    ),
    (
        "tls_reqsan",
        Level::Note,
        "the server's name has to be in its certificate's subjectAltName",
    ),
    (
        "tls_crl*",
        Level::Warning,
        "no equivalent: revocation lists are not read",
    ),
    ("tls_rand*", Level::Note, "of no meaning here"),
    ("debug", Level::Note, "see log.level"),
    (
        "nss_*",
        Level::Note,
        "of no meaning here: accounts come from NSS, by whatever means",
    ),
];

/// Says what becomes of a key that was not carried over: the first of the tables that has it says it.
pub fn other(draft: &mut Draft, tables: &[&Others], key: &str, origin: &Origin) {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => key.starts_with(start),
        None => key == pattern,
    };
    let mut rows = tables.iter().copied().flatten();
    match rows.find(|(pattern, ..)| fits(pattern)) {
        Some((_, level, text)) => draft.remark(*level, origin, *text),
        None => draft.remark(Level::Warning, origin, "not known here; it is left out"),
    }
}

/// The scope of a search, as the configuration calls it.
pub fn scope_name(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "one" | "onelevel" => "onelevel",
        "base" => "base",
        _ => "subtree",
    }
}
