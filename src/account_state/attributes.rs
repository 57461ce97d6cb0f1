//! Attribute values, read into what the families calculate with.

use super::generalized_time;

/// An attribute is there but makes no sense. The text names it; it does not hold the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub(super) String);

/// The attributes of an entry, as a function from a name to values: `&|name| entry.values(name)`.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(&'a dyn Fn(&str) -> &'a [Vec<u8>]);

impl<'a> Attributes<'a> {
    /// The attributes that this function knows. Names are to be found in any case.
    #[must_use]
    pub fn new(values: &'a dyn Fn(&str) -> &'a [Vec<u8>]) -> Self {
        Attributes(values)
    }

    /// The value of an attribute that has at most one.
    ///
    /// # Errors
    /// It has more: which of them would count?
    pub(super) fn single(&self, name: &str) -> Result<Option<&'a [u8]>, Unreadable> {
        match (self.0)(name) {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Unreadable(format!("{name} has more than one value"))),
        }
    }

    /// A whole number (RFC 4517 §3.3.16; MS-ADTS 3.1.1.2.2.2.10 for LargeInteger).
    ///
    /// # Errors
    /// Anything but an optional minus and digits, or more than 64 bits.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Unreadable> {
        let Some(value) = self.single(name)? else {
            return Ok(None);
        };
        let digits = value.strip_prefix(b"-").unwrap_or(value);
        let number = std::str::from_utf8(value)
            .ok()
            .filter(|_| digits.iter().all(u8::is_ascii_digit));
        match number.and_then(|number| number.parse().ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(Unreadable(format!("{name} is no number"))),
        }
    }

    /// Whether an attribute is TRUE (RFC 4517 §3.3.3, in any case of letters: 389-ds writes `true`).
    /// Of several values one that is true is enough.
    ///
    /// # Errors
    /// A value that is neither TRUE nor FALSE.
    pub(super) fn is_true(&self, name: &str) -> Result<bool, Unreadable> {
        let mut result = false;
        for value in (self.0)(name) {
            if value.eq_ignore_ascii_case(b"TRUE") {
                result = true;
            } else if !value.eq_ignore_ascii_case(b"FALSE") {
                return Err(Unreadable(format!("{name} is neither TRUE nor FALSE")));
            }
        }
        Ok(result)
    }

    /// A time, in seconds since 1970, a fraction of a second cut off.
    ///
    /// # Errors
    /// See [`generalized_time::parse`].
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, Unreadable> {
        let Some(value) = self.single(name)? else {
            return Ok(None);
        };
        match generalized_time::parse(value) {
            Some(time) => Ok(Some(time)),
            None => Err(Unreadable(format!("{name} is no generalized time"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(values: &[&str], read: impl Fn(&Attributes<'_>) -> T) -> T {
        let values: Vec<Vec<u8>> = values
            .iter()
            .map(|value| value.as_bytes().to_vec())
            .collect();
        read(&Attributes::new(&|_| &values))
    }

    #[test]
    fn a_number_is_an_optional_minus_and_digits() {
        let readable = [
            ("0", 0),
            ("-1", -1),
            ("007", 7),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ];
        for (value, expected) in readable {
            let number = with(&[value], |attributes| attributes.number("x"));
            assert_eq!(number, Ok(Some(expected)), "{value}");
        }
        let nonsense = [
            "",
            "-",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "0x1",
            "1e3",
            "--1",
            "١",
            "twelve",
            "9223372036854775808",
        ];
        for value in nonsense {
            let number = with(&[value], |attributes| attributes.number("x"));
            assert!(number.is_err(), "{value:?}");
        }
        assert_eq!(with(&[], |attributes| attributes.number("x")), Ok(None));
        assert!(with(&["1", "1"], |attributes| attributes.number("x")).is_err());
    }

    #[test]
    fn one_true_value_is_enough_and_nonsense_is_neither() {
        let cases: [(&[&str], Result<bool, ()>); 8] = [
            (&[], Ok(false)),
            (&["TRUE"], Ok(true)),
            (&["true"], Ok(true)),
            (&["FALSE"], Ok(false)),
            (&["false", "True"], Ok(true)),
            (&["yes"], Err(())),
            (&[""], Err(())),
            (&["TRUE", "1"], Err(())),
        ];
        for (values, expected) in cases {
            let is_true = with(values, |attributes| attributes.is_true("x"));
            assert_eq!(is_true.map_err(|_| ()), expected, "{values:?}");
        }
    }

    #[test]
    fn a_reason_does_not_repeat_the_value() {
        let error = with(&["\n\u{1b}[31mforged"], |attributes| attributes.time("x"));
        assert_eq!(
            error,
            Err(Unreadable("x is no generalized time".to_owned()))
        );
    }
}
