//! What all sources have in common about users.

use super::draft::{Draft, Level, Origin};
use super::literal::Literal;

/// The attribute of a DN template's name: `uid` of `uid={user},ou=users`.
pub fn template_attribute(template: &str) -> Option<String> {
    let (attribute, _) = template.split_once("={user}")?;
    let attribute = attribute.rsplit([',', '+']).next().unwrap_or(attribute);
    Some(attribute.trim().to_owned())
}

/// Writes `user.name_attribute`, from the attributes that the login name is compared with.
pub fn name_attribute(
    draft: &mut Draft,
    mut names: Vec<String>,
    canonical: Option<(String, Origin)>,
) {
    names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    if let Some((attribute, origin)) = canonical {
        draft.set("user", "name_attribute", Literal::text(attribute), &origin);
        draft.set("user", "canonical_name", Literal::Boolean(true), &origin);
        return;
    }
    let preferred = |wanted: &str| names.iter().find(|name| name.eq_ignore_ascii_case(wanted));
    let chosen = preferred("sAMAccountName")
        .or_else(|| preferred("uid"))
        .or_else(|| names.first());
    let Some(chosen) = chosen.cloned() else {
        let text = "set name_attribute to the attribute that has the login name, if it is not uid";
        if draft.has("user.search") || draft.has("user.dn_template") {
            draft.about(
                "user.name_attribute",
                Level::Warning,
                &Origin::default(),
                text,
            );
        }
        return;
    };
    if names.len() > 1 {
        let text = format!(
            "the name that is typed has to be that of {chosen}. canonical_name = true takes the others too, and lets PAM go on with this one: {}",
            names.join(", ")
        );
        draft.about(
            "user.name_attribute",
            Level::Warning,
            &Origin::default(),
            text,
        );
    }
    if chosen != "uid" {
        draft.set(
            "user",
            "name_attribute",
            Literal::Text(chosen),
            &Origin::default(),
        );
    }
}

/// An example in place of a search that is missing.
pub fn propose_search(draft: &mut Draft, why: &str) {
    let table = vec![
        ("base", Literal::text("ou=users,dc=example,dc=com")),
        ("scope", Literal::text("subtree")),
        ("filter", Literal::text("(uid={user})")),
    ];
    let example = Literal::List(vec![Literal::Table(table)]);
    draft.propose("user", "search", example, &Origin::default());
    let text = format!("{why}; say where users are");
    draft.about("user.search", Level::Todo, &Origin::default(), text);
}

/// One of `[user.attributes]`, if it can be one.
pub fn attribute(draft: &mut Draft, field: &str, attribute: &str, origin: &Origin) {
    let fits = field.starts_with(|c: char| c.is_ascii_alphabetic())
        && field
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let reserved = ["dn", "flags"]
        .iter()
        .any(|word| field.eq_ignore_ascii_case(word));
    if !fits || reserved {
        draft.remark(
            Level::Note,
            origin,
            "this field cannot be the name of a variable here; it is left out",
        );
    } else {
        draft.set("user.attributes", field, Literal::text(attribute), origin);
    }
}
