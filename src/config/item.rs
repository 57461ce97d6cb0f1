//! One value of the file, read as what it has to be.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::error::ConfigError;
use super::source::{Section, shown};
use super::suggest::nearest;
use crate::names::{AttributeName, Dn};

/// How long something may be waited for.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(600);

/// How long something may be kept. The end is far and cannot overflow a point in time.
const AGE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3650 * 86_400);

/// A value, the key it was written for, and its place.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    section: &'a Section<'a>,
    key: &'a Spanned<Cow<'a, str>>,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Item<'a> {
    /// A value that was found in a table.
    pub(super) fn new(
        section: &'a Section<'a>,
        key: &'a Spanned<Cow<'a, str>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Self {
        Item {
            section,
            key,
            value,
        }
    }

    /// The last part of the key.
    pub(super) fn key(&self) -> &'a str {
        self.key.get_ref()
    }

    /// The value as TOML has it.
    pub(super) fn value(&self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    /// Another value for the same key: one inside this one.
    pub(super) fn with_value(&self, value: &'a Spanned<DeValue<'a>>) -> Self {
        Item { value, ..*self }
    }

    /// A mistake in the value.
    pub(super) fn error(&self, problem: &str) -> ConfigError {
        self.error_at(self.value.span().start, problem)
    }

    /// A mistake in the key, or that it is here at all.
    pub(super) fn key_error(&self, problem: &str) -> ConfigError {
        self.error_at(self.key.span().start, problem)
    }

    /// A mistake inside a string, `offset` bytes from its start. The place is exact unless the
    /// string has escapes.
    pub(super) fn error_within(&self, offset: usize, problem: &str) -> ConfigError {
        let span = self.value.span();
        let written = self
            .section
            .source()
            .text()
            .get(span.start + 1..span.end.saturating_sub(1));
        let verbatim = self
            .value()
            .as_str()
            .is_some_and(|text| written == Some(text));
        self.error_at(
            if verbatim {
                span.start + 1 + offset
            } else {
                span.start
            },
            problem,
        )
    }

    /// A mistake at a byte offset of the file's text.
    pub(super) fn error_at(&self, at: usize, problem: &str) -> ConfigError {
        self.section
            .source()
            .error(&self.section.name_of(self.key()), Some(at), problem)
    }

    /// "expected …, found …".
    pub(super) fn wrong_type(&self, expected: &str) -> ConfigError {
        let found = match self.value() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(&format!("expected {expected}, found {found}"))
    }

    /// `[…]`, with its keys checked.
    pub(super) fn section(&self) -> Result<Section<'a>, ConfigError> {
        let name = self.section.name_of(self.key());
        match self.value() {
            DeValue::Table(table) => {
                Section::new(self.section.source(), name, self.value.span().start, table)
            }
            _ => Err(self.wrong_type(&format!("a table, [{name}]"))),
        }
    }

    /// `[…]` as a list.
    pub(super) fn list(&self) -> Result<impl Iterator<Item = Item<'a>> + use<'a>, ConfigError> {
        let DeValue::Array(values) = self.value() else {
            return Err(self.wrong_type("a list, [...]"));
        };
        let this = *self;
        Ok(values.iter().map(move |value| this.with_value(value)))
    }

    /// A list with something in it, each read in one way.
    pub(super) fn filled_list<T>(
        &self,
        read: impl FnMut(Item<'a>) -> Result<T, ConfigError>,
    ) -> Result<Vec<T>, ConfigError> {
        let values = self.list()?.map(read).collect::<Result<Vec<T>, _>>()?;
        if values.is_empty() {
            return Err(self.error("the list is empty; fill it or leave the key out"));
        }
        Ok(values)
    }

    /// A string with something in it.
    pub(super) fn text(&self) -> Result<&'a str, ConfigError> {
        match self.value() {
            DeValue::String(text) if text.is_empty() => {
                Err(self.error("the string is empty; fill it or leave the key out"))
            }
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong_type("a string")),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Result<bool, ConfigError> {
        match self.value() {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.wrong_type("true or false without quotes")),
        }
    }

    /// An integer in a range.
    pub(super) fn integer<T: TryFrom<u64>>(
        &self,
        range: RangeInclusive<u64>,
    ) -> Result<T, ConfigError> {
        let DeValue::Integer(number) = self.value() else {
            return Err(self.wrong_type("an integer without quotes"));
        };
        let parsed = u64::from_str_radix(number.as_str().trim_start_matches('+'), number.radix());
        match parsed
            .ok()
            .filter(|number| range.contains(number))
            .map(T::try_from)
        {
            Some(Ok(number)) => Ok(number),
            _ => {
                let (least, most) = range.into_inner();
                Err(self.error(&format!(
                    "out of range; write a number from {least} to {most}"
                )))
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let word = self.text()?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Ok(*value);
        }
        let known: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        Err(self.unknown_word(word, &known))
    }

    fn unknown_word(&self, word: &str, known: &[&str]) -> ConfigError {
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.error(&format!("unknown value \"{}\"; {hint}", shown(word)))
    }

    /// How long something may be waited for: more than nothing, at most ten minutes.
    pub(super) fn timeout(&self) -> Result<Duration, ConfigError> {
        let duration = self.duration()?;
        if duration.is_zero() {
            return Err(self.error("zero would never wait at all; write at least \"1ms\""));
        }
        if !TIMEOUT.contains(&duration) {
            return Err(self.error("too long to keep a login waiting; write at most \"10m\""));
        }
        Ok(duration)
    }

    /// How long something is kept: zero is "not at all".
    pub(super) fn age(&self) -> Result<Duration, ConfigError> {
        let duration = self.duration()?;
        if !AGE.contains(&duration) {
            return Err(self.error("too long; write at most \"3650d\""));
        }
        Ok(duration)
    }

    fn duration(&self) -> Result<Duration, ConfigError> {
        match self.value() {
            DeValue::String(text) => {
                duration(text).map_err(|hint| self.error(&format!("not a duration; {hint}")))
            }
            DeValue::Integer(number) if number.radix() == 10 && number.as_str().len() < 12 => {
                let hint = format!(
                    "a duration has a unit and quotes; write \"{}s\"",
                    number.as_str()
                );
                Err(self.error(&hint))
            }
            _ => Err(self.wrong_type("a duration such as \"8s\" or \"500ms\"")),
        }
    }

    /// The absolute path of a file.
    pub(super) fn path(&self) -> Result<PathBuf, ConfigError> {
        let text = self.text()?;
        if !text.starts_with('/') || text.contains(char::is_control) {
            return Err(self.error("not an absolute path; begin it with \"/\""));
        }
        Ok(PathBuf::from(text))
    }

    /// A distinguished name.
    pub(super) fn dn(&self) -> Result<Dn, ConfigError> {
        Dn::parse(self.text()?).map_err(|bad| {
            self.error_within(bad.offset, &format!("not a DN (RFC 4514): {}", bad.problem))
        })
    }

    /// The name of an attribute.
    pub(super) fn attribute(&self) -> Result<AttributeName, ConfigError> {
        AttributeName::parse(self.text()?).ok_or_else(|| {
            self.error("not an attribute; write a name such as \"givenName\", or an OID")
        })
    }
}

/// `"500ms"`, `"3s"`, `"10m"`, `"1h"`, `"7d"`.
///
/// # Errors
/// How to write it.
fn duration(text: &str) -> Result<Duration, &'static str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let milliseconds_each = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err("write a whole number and ms, s, m, h or d, such as \"90s\""),
    };
    if number.is_empty() {
        return Err("write a whole number and ms, s, m, h or d, such as \"90s\"");
    }
    let milliseconds = number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(milliseconds_each));
    milliseconds
        .map(Duration::from_millis)
        .ok_or("the number is too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("500ms", 500),
            ("3s", 3_000),
            ("10m", 600_000),
            ("1h", 3_600_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(
                duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "",
            "s",
            "3",
            "3 s",
            " 3s",
            "1.5s",
            "-1s",
            "+1s",
            "1m30s",
            "3S",
            "3sec",
            "99999999999999999999s",
            "9999999999999999d",
            "３s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
