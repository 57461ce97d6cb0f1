//! Attributes that list where a user may log in (`host`) or through what (`authorizedService`), with
//! the meaning that pam_ldap(5) gave them in `pam_check_host_attr` and `pam_check_service_attr`.
//!
//! A value is a name; `*` is every name; `!name` excludes it. Names are compared without regard to
//! case. An exclusion wins over everything else. An entry that has no such attribute is not let in.

/// Whether an attribute's values let this host or service in, which goes by any of these names.
///
/// # Errors
/// It does not; the reason in words for the log. Without a name nothing is let in: an exclusion could
/// not be seen.
pub fn check(attribute: &str, values: &[Vec<u8>], names: &[&str]) -> Result<(), String> {
    if values.is_empty() {
        return Err(format!("{attribute}: the entry has none"));
    }
    let Some(first) = names.first() else {
        return Err(format!("{attribute}: there is no name to look for"));
    };
    let is_ours = |value: &[u8]| {
        names
            .iter()
            .any(|name| value.eq_ignore_ascii_case(name.as_bytes()))
    };
    let excluded = |value: &Vec<u8>| value.strip_prefix(b"!").is_some_and(is_ours);
    if values.iter().any(excluded) {
        return Err(format!("{attribute}: excludes {first}"));
    }
    if values.iter().any(|value| value == b"*" || is_ours(value)) {
        Ok(())
    } else {
        Err(format!("{attribute}: does not list {first}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(values: &[&str], names: &[&str]) -> bool {
        let values: Vec<Vec<u8>> = values
            .iter()
            .map(|value| value.as_bytes().to_vec())
            .collect();
        check("host", &values, names).is_ok()
    }

    #[test]
    fn hosts_are_listed_as_pam_ldap_has_them() {
        let names = ["web1.example.com", "web1"];
        let cases: [(&[&str], bool); 20] = [
            (&[], false),
            (&[""], false),
            (&["web1"], true),
            (&["web1.example.com"], true),
            (&["WEB1.Example.COM"], true),
            (&["*"], true),
            (&["web2", "web1"], true),
            (&["web2"], false),
            (&["web"], false),
            (&["web11"], false),
            (&["web1.example.org"], false),
            (&["web1 "], false),
            (&["web*"], false),
            (&["!web1"], false),
            (&["*", "!web1"], false),
            (&["!WEB1.example.com", "*"], false),
            // An exclusion wins over the other name too
            (&["web1.example.com", "!web1"], false),
            (&["*", "!web2"], true),
            (&["!web2"], false),
            (&["!"], false),
        ];
        for (values, expected) in cases {
            assert_eq!(admits(values, &names), expected, "{values:?}");
        }
    }

    #[test]
    fn a_service_goes_by_one_name() {
        let cases: [(&[&str], bool); 6] = [
            (&["sshd"], true),
            (&["SSHD"], true),
            (&["sudo", "login"], false),
            (&["*"], true),
            (&["*", "!sshd"], false),
            (&["ssh"], false),
        ];
        for (values, expected) in cases {
            assert_eq!(admits(values, &["sshd"]), expected, "{values:?}");
        }
    }

    #[test]
    fn without_a_name_nothing_is_let_in() {
        assert!(!admits(&["*"], &[]));
        assert!(!admits(&[""], &[]));
    }

    #[test]
    fn a_refusal_says_why() {
        let values = |values: &[&str]| -> Vec<Vec<u8>> {
            values.iter().map(|v| v.as_bytes().to_vec()).collect()
        };
        let cases: [(&[&str], &str); 3] = [
            (&[], "host: the entry has none"),
            (&["!web1", "*"], "host: excludes web1"),
            (&["web2"], "host: does not list web1"),
        ];
        for (list, reason) in cases {
            assert_eq!(
                check("host", &values(list), &["web1"]),
                Err(reason.to_owned())
            );
        }
    }
}
