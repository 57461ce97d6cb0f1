//! Filters for any user at all, to see whether there are some: for `rsldapctl check`.

use super::{Filter, FilterTemplate, PLACEHOLDER};

impl FilterTemplate {
    /// The filter that finds every user, to see whether there are any. None if `{user}` is compared in
    /// a way that has no "any".
    #[must_use]
    pub fn any_user(&self) -> Option<Filter> {
        let special = [":=", ">=", "<=", "~="].map(|compare| format!("{compare}{PLACEHOLDER}"));
        if special.iter().any(|special| self.0.contains(special)) {
            return None;
        }
        let mut text = self.0.replace(PLACEHOLDER, "*");
        while text.contains("**") {
            text = text.replace("**", "*");
        }
        Some(Filter(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_user_is_found_by_the_same_filter() {
        for (text, any) in [
            ("(uid={user})", Some("(uid=*)")),
            (
                "(&(objectClass=person)(|(cn=*{user}*)(mail={user}@x)))",
                Some("(&(objectClass=person)(|(cn=*)(mail=*@x)))"),
            ),
            ("(cn:caseExactMatch:={user})", None),
            ("(uid~={user})", None),
        ] {
            let filter = FilterTemplate::parse(text).unwrap().any_user();
            assert_eq!(filter.as_ref().map(Filter::as_str), any, "{text}");
        }
    }
}
