//! What all sources have in common about who may log in.

use super::Wishes;
use super::draft::{Draft, Level, Origin};
use super::filter::Filter;
use super::literal::Literal;
use super::query::Query;

/// Stands where a question about groups has to be: no flag has this name, so that nothing is open
/// before somebody has filled it in.
pub const PLACEHOLDER: &str = "FILL_IN";

/// Writes a gate.
pub fn set(draft: &mut Draft, table: &'static str, key: &str, query: &Query, origin: &Origin) {
    draft.set(table, key, query.literal(), origin);
    if query.negates() {
        let text = "a group below \"not\" that does not exist is an error here; elsewhere it lets everybody in";
        draft.about(&format!("{table}.{key}"), Level::Note, origin, text);
    }
}

/// What follows for groups from a filter of `memberOf`.
pub fn members_of(draft: &mut Draft, filter: &Filter, origin: &Origin) {
    if filter.is_nested() {
        draft.set("group", "nested", Literal::Boolean(true), origin);
    }
    if filter.is_nested() && filter.is_flat() {
        let text = "there this counts for some groups, here for all: members of member groups of the others get in too. Decide on one, and look at who is in those groups";
        draft.about("group.nested", Level::Todo, origin, text);
    }
    if draft.value("group.type") == Some(&Literal::text("active_directory")) {
        primary_group(draft, origin);
    }
}

/// Active Directory lists nobody in the group that is primary for them.
pub fn primary_group(draft: &mut Draft, origin: &Origin) {
    let text = "a user's primary group (\"Domain Users\", as a rule) counts here, unlike there";
    draft.about("group.type", Level::Warning, origin, text);
}

/// A gate that cannot be told, and why. It stays shut.
pub fn unknown(draft: &mut Draft, table: &'static str, key: &str, origin: &Origin, why: &str) {
    draft.set(table, key, Literal::text(PLACEHOLDER), origin);
    let text = format!("{why}. Write the DN of a group in place of {PLACEHOLDER}");
    draft.about(&format!("{table}.{key}"), Level::Todo, origin, text);
}

/// Shuts what would be open although something is left to be done that the module cannot see.
pub fn shut(draft: &mut Draft) {
    // The module itself refuses a configuration without one of these.
    const REQUIRED: [&str; 4] = [
        "server.uris",
        "server.srv_domain",
        "user.search",
        "flags.is_active",
    ];
    let missing = |key: &str| REQUIRED.contains(&key) && !draft.has(key);
    let placeholder = Literal::text(PLACEHOLDER);
    let notes = draft.notes();
    let mut left = notes.iter().filter(|note| note.level == Level::Todo);
    let is_open = left.any(|note| {
        let key = note.key.as_deref().unwrap_or_default();
        !missing(key) && draft.value(key) != Some(&placeholder)
    });
    if !is_open || draft.value("access.require") == Some(&placeholder) {
        return;
    }
    let value = match draft.value("access.require") {
        Some(query) => Literal::Table(vec![(
            "all",
            Literal::List(vec![query.clone(), placeholder]),
        )]),
        None => placeholder,
    };
    let key = "access.require";
    draft.set("access", "require", value, &Origin::default());
    let text = format!("nobody may log in before each TODO is done. Then take {PLACEHOLDER} out");
    draft.about(key, Level::Todo, &Origin::default(), text);
}

/// The last word about `flags.is_active`, which has to be there.
pub fn is_active(draft: &mut Draft, wishes: &Wishes<'_>, otherwise: &str) {
    if let Some(dn) = wishes.is_active {
        if draft.has("flags.is_active") {
            let text = "--is-active is left out: the file says who may log in";
            draft.about("flags.is_active", Level::Warning, &Origin::default(), text);
        } else {
            draft.set("flags", "is_active", Literal::text(dn), &Origin::default());
            let text = format!("as --is-active says; {otherwise}");
            draft.about("flags.is_active", Level::Note, &Origin::default(), text);
        }
    } else if !draft.has("flags.is_active") {
        let example = Literal::text("cn=active,ou=groups,dc=example,dc=com");
        draft.propose("flags", "is_active", example, &Origin::default());
        let text = format!(
            "{otherwise}. Here one group has to say who may log in at all: write its DN, or run this again with --is-active DN"
        );
        draft.about("flags.is_active", Level::Todo, &Origin::default(), text);
    }
}
