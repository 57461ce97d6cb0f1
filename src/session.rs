//! What a session gets from the directory: its environment and local groups.

pub mod groups;

use crate::login::Identity;

/// The longest value that is put into the environment, in bytes.
const MAX_VALUE: usize = 4096;

/// The variables of a session as `(NAME, value)`: `RSLDAP_DN`, `RSLDAP_FLAGS` (comma separated,
/// sorted) and `RSLDAP_<KEY>` for each mapped attribute that the entry has.
///
/// The values come from the directory, where users may edit some of them: control characters are
/// removed and each value is cut at 4 KiB.
#[must_use]
pub fn environment(identity: &Identity) -> Vec<(String, String)> {
    let flags: Vec<&str> = identity.flags.iter().map(|flag| flag.as_str()).collect();
    let fixed = [
        ("DN", identity.dn.as_str().to_owned()),
        ("FLAGS", flags.join(",")),
    ];
    let fixed = fixed
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    let mapped = identity
        .attributes
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()));
    fixed
        .chain(mapped)
        .map(|(key, value)| (format!("RSLDAP_{key}"), presentable(&value)))
        .collect()
}

fn presentable(value: &str) -> String {
    let mut text: String = value.chars().filter(|c| !c.is_control()).collect();
    let mut end = text.len().min(MAX_VALUE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{Dn, FlagName};

    #[test]
    fn the_environment_is_sorted_clean_and_bounded() {
        let flags = ["is_staff", "is_active"].map(|name| FlagName::parse(name).unwrap());
        let identity = Identity {
            dn: Dn::parse("uid=alice,o=x").unwrap(),
            flags: flags.into_iter().collect(),
            attributes: [
                (
                    "EMAIL".to_owned(),
                    "a@x\nLD_PRELOAD=/tmp/x\u{1b}[2J".to_owned(),
                ),
                ("NOTE".to_owned(), "ü".repeat(4000)),
            ]
            .into_iter()
            .collect(),
            groups: Default::default(),
        };
        let environment = environment(&identity);
        assert_eq!(
            environment[0],
            ("RSLDAP_DN".to_owned(), "uid=alice,o=x".to_owned())
        );
        assert_eq!(
            environment[1],
            ("RSLDAP_FLAGS".to_owned(), "is_active,is_staff".to_owned())
        );
        assert_eq!(environment[2].1, "a@xLD_PRELOAD=/tmp/x[2J");
        assert_eq!(environment[3].1, "ü".repeat(2048));
        assert_eq!(environment.len(), 4);
    }
}
