//! Texts that were made to hurt: each is refused or taken, and nothing worse.

use super::{EXAMPLE, completed, message, parsed};

/// xorshift64: the same texts in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

#[test]
fn no_mutation_of_a_good_text_panics_or_shows_the_password() {
    let original = EXAMPLE.replace(
        "password_file = \"/etc/pam_rsldap/bind-password\"",
        "password = \"hunter2\"",
    );
    let alphabet: Vec<char> = "[]{}=\"'\\,.#\n\r\t 0-9azü\u{0}\u{feff}".chars().collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut refused = 0;
    for _ in 0..2_000 {
        let mut text: Vec<char> = original.chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            let other = alphabet[random.below(alphabet.len())];
            match random.below(4) {
                0 => text[at] = other,
                1 => text.insert(at, other),
                2 => drop(text.remove(at)),
                _ => {
                    let end = text.len().min(at + random.below(40));
                    text.drain(at..end);
                }
            }
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = parsed(&text) {
            refused += 1;
            assert!(!error.to_string().contains("hunter2"), "{error}\n{text}");
        }
    }
    assert!((500..2_000).contains(&refused), "{refused}");
}

#[test]
fn deep_toml_is_refused() {
    for text in [
        format!("a = {}{}", "[".repeat(30_000), "]".repeat(30_000)),
        format!("a = {}", "{a = ".repeat(12_000)),
        format!("a = {}", "[{a = ".repeat(9_000)),
        format!("{}a = 1", "a.".repeat(30_000)),
        format!("[{}a]", "a.".repeat(30_000)),
        format!("[[{}a]]", "a.".repeat(30_000)),
        "[".repeat(65_000),
        "[[flags.a]]\n".repeat(5_000),
    ] {
        assert!(parsed(&text).is_err());
    }
}

#[test]
fn a_query_nests_32_levels_and_no_more() {
    let query = |levels: usize| {
        let query = format!(
            "{}\"cn=a\"{}",
            "{ not = ".repeat(levels - 1),
            " }".repeat(levels - 1)
        );
        completed(&format!("[access]\nrequire = {query}\n"))
    };
    assert!(parsed(&query(32)).is_ok());
    assert_eq!(
        message(&query(33)),
        "2:267: access.require: the query nests deeper than 32 levels; make it flatter"
    );
}

#[test]
fn a_query_nests_no_deeper_through_flags() {
    let chain = |flags: usize| {
        let mut text = "[flags]\nis_active = \"f1\"\n".to_owned();
        for flag in 1..flags {
            text.push_str(&format!("f{flag} = \"f{}\"\n", flag + 1));
        }
        completed(&format!("{text}f{flags} = \"cn=a\"\n"))
    };
    assert!(parsed(&chain(31)).is_ok());
    for flags in [32, 33, 2_000] {
        let message = message(&chain(flags));
        assert!(
            message.ends_with("the query nests deeper than 32 levels; make it flatter"),
            "{message}"
        );
    }
    let through_access = chain(31) + "[access]\nrequire = { not = \"is_active\" }\n";
    assert!(message(&through_access).contains("access.require: the query nests deeper"));
}

#[test]
fn flags_that_multiply_each_other_are_refused_at_once() {
    let doubling = |flags: usize| {
        let lines = (0..flags).map(|flag| format!("f{flag} = [\"f{0}\", \"f{0}\"]\n", flag + 1));
        let text: String = lines.collect();
        completed(&format!(
            "[flags]\nis_active = \"cn=active\"\n{text}f{flags} = \"cn=a\"\n"
        ))
    };
    assert!(parsed(&doubling(9)).is_ok(), "512 groups");
    let message = message(&doubling(10));
    assert!(
        message.ends_with("more than 1000 groups, flags written out; make it smaller"),
        "{message}"
    );
}

#[test]
fn a_long_key_is_cut_in_the_message() {
    let text = format!("{} = 1", "k".repeat(60_000));
    assert!(message(&text).len() < 300);
}
