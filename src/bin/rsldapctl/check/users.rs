//! Where users are looked for: do the places exist, is anybody there, and do names fit?

use pam_rsldap::config::{GroupSchema, Scope, UserLookup, UserSearch};
use pam_rsldap::directory::DirectoryError;
use pam_rsldap::directory::inspect::{Found, Inspector, Look, Shown};
use pam_rsldap::names::{AttributeName, Dn, UserName};
use pam_rsldap::template::Filter;

use super::finding::{Finding, Severity};
use super::online::{Server, Visit};
use super::template;

/// How many users are looked at.
const SAMPLE: i32 = 20;

/// How many of them are looked for by their name.
const TRIED: usize = 5;

/// # Errors
/// The server failed on the way.
pub fn check(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    server: &mut Server,
) -> Result<(), DirectoryError> {
    let config = visit.config;
    let (searches, template): (&[UserSearch], _) = match &config.user.lookup {
        UserLookup::Search(searches) => (searches, None),
        UserLookup::Template(template) => (&config.user.unused_search, Some(template)),
    };
    let mut sample = Vec::new();
    for (number, search) in searches.iter().enumerate() {
        let key = format!("user.search[{number}].base");
        if exists(visit, inspector, &search.base, &key)? {
            sample.extend(users_below(visit, inspector, search, &key)?);
        }
    }
    let nobody = |finding: &&mut Finding| finding.id == "no_users";
    if let Some(template) = template {
        template::check(visit, inspector, template, sample)?;
    } else if visit.found.iter_mut().filter(nobody).count() == searches.len() {
        let all = visit.found.iter_mut().filter(nobody);
        all.for_each(|finding| finding.level = Severity::Error);
    }
    server.member_of = member_of(visit, inspector, searches)?;
    Ok(())
}

/// Whether a base is there; says so if it is not.
///
/// # Errors
/// The server failed.
pub fn exists(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    base: &Dn,
    key: &str,
) -> Result<bool, DirectoryError> {
    let problem = match one(inspector, base, &Filter::any())? {
        Found::Entries(entries) if !entries.is_empty() => return Ok(true),
        Found::Withheld(why) => format!("the server would not say ({why})"),
        Found::Entries(_) | Found::NoSuchEntry => {
            "there is no such entry, or it is hidden".to_owned()
        }
    };
    let (level, why) = match key {
        template::KEY => (
            Severity::Error,
            "nobody is there, so that every password is wrong",
        ),
        _ if key.starts_with("user.") => (
            Severity::Error,
            "a base that is missing ends every login as config_error",
        ),
        _ if visit.config.group.nested => (
            Severity::Error,
            "groups in groups are not found, and gates stay shut or logins end as config_error",
        ),
        _ => (
            Severity::Warning,
            "whatever needs this search finds nothing",
        ),
    };
    visit.found.push(
        Finding::new(level, "base_missing", format!("{base}: {problem}"))
            .at(visit.places.of_key(key))
            .why(why)
            .fix("correct the DN, or let the service account read it"),
    );
    Ok(false)
}

/// Some users of a search.
fn users_below(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    search: &UserSearch,
    key: &str,
) -> Result<Vec<Shown>, DirectoryError> {
    let Some(filter) = search.filter.any_user() else {
        return Ok(Vec::new());
    };
    let attribute = visit.config.user.name_attribute.as_str();
    let users = match some(
        inspector,
        (&search.base, search.scope),
        &filter,
        &[attribute],
    )? {
        Found::Entries(users) => users,
        Found::NoSuchEntry => Vec::new(),
        Found::Withheld(why) => {
            let what = format!(
                "a look for anybody below {} was cut off ({why})",
                search.base
            );
            visit.found.push(
                Finding::new(Severity::Note, "search_cut_off", what)
                    .at(visit.places.of_key(key))
                    .why("the server looks through everything, because an attribute of the filter has no index")
                    .fix("let the server index the attributes of this filter for equality and presence"),
            );
            return Ok(Vec::new());
        }
    };
    if users.is_empty() {
        nobody(visit, filter.as_str(), &search.base, key);
        return Ok(users);
    }
    visit.found.extend(without_name(visit, &users));
    if !visit.config.user.canonical_name {
        let unfit = by_another_name(visit, inspector, search, &users)?;
        let unfit = unfit.map(|finding| finding.at(visit.places.of_key(key)));
        visit.found.extend(unfit);
    }
    Ok(users)
}

/// A filter that finds users by something else than the login name. One who is found is enough.
fn by_another_name(
    visit: &Visit<'_>,
    inspector: &mut Inspector,
    search: &UserSearch,
    users: &[Shown],
) -> Result<Option<Finding>, DirectoryError> {
    let attribute = visit.config.user.name_attribute.as_str();
    let mut missed = None;
    for user in users.iter().take(TRIED) {
        let Ok(entry) = Dn::parse(&user.dn) else {
            continue;
        };
        for text in user.texts(attribute) {
            let Ok(name) = UserName::parse(text.as_bytes()) else {
                continue;
            };
            let filter = search.filter.expand(&name);
            if matches(inspector, &entry, &filter)? {
                return Ok(None);
            }
            let what = format!(
                "{} does not find {entry}, whose {attribute} is {text}",
                filter.as_str()
            );
            missed.get_or_insert(what);
        }
    }
    let finding = missed.map(|what| {
        Finding::new(Severity::Error, "name_attribute_unfit", what)
            .why("the login name has to be a value of user.name_attribute, so whoever is found by another name is unknown")
            .fix(format!("search for ({attribute}={{user}}), or name the attribute of the filter in user.name_attribute"))
    });
    Ok(finding)
}

/// Whether an entry matches a filter.
///
/// # Errors
/// The server failed.
pub fn matches(
    inspector: &mut Inspector,
    entry: &Dn,
    filter: &Filter,
) -> Result<bool, DirectoryError> {
    let found = one(inspector, entry, filter)?;
    Ok(matches!(found, Found::Entries(entries) if !entries.is_empty()))
}

/// Whether one entry is there and matches, without anything of it.
fn one(inspector: &mut Inspector, entry: &Dn, filter: &Filter) -> Result<Found, DirectoryError> {
    inspector.look(Look {
        base: entry.as_str(),
        scope: Scope::Base,
        filter,
        attributes: &["1.1"],
        names_only: true,
        limit: 1,
    })
}

/// Says that there are no users.
pub fn nobody(visit: &mut Visit<'_>, filter: &str, base: &Dn, key: &str) {
    let what = format!("{filter} finds nobody below {base}");
    visit.found.push(
        Finding::new(Severity::Warning, "no_users", what)
            .at(visit.places.of_key(key))
            .why("whoever logs in is unknown, or the service account may not see them")
            .fix("correct what is searched for and where, or the server's access rules"),
    );
}

/// Entries that show no login name.
fn without_name(visit: &Visit<'_>, users: &[Shown]) -> Option<Finding> {
    let attribute = visit.config.user.name_attribute.as_str();
    let without = users.iter().filter(|user| !user.has(attribute));
    let one = &without.clone().next()?.dn;
    let (level, what) = if without.count() == users.len() {
        let what = format!("no entry shows {attribute}, not even {one}");
        (Severity::Error, what)
    } else {
        let what = format!("{one} and perhaps others show no {attribute}");
        (Severity::Note, what)
    };
    let finding = Finding::new(level, "name_attribute_missing", what);
    let finding = finding
        .at(visit.places.of_key("user.name_attribute"))
        .why("a value of it must be the login name, so whoever has none is unknown")
        .fix("name the attribute with the login names: name_attribute = \"uid\", or \"sAMAccountName\" for Active Directory");
    Some(finding)
}

/// A sample of the entries that match.
///
/// # Errors
/// The server failed.
pub fn some(
    inspector: &mut Inspector,
    (base, scope): (&Dn, Scope),
    filter: &Filter,
    attributes: &[&str],
) -> Result<Found, DirectoryError> {
    inspector.look(Look {
        base: base.as_str(),
        scope,
        filter,
        attributes,
        names_only: false,
        limit: SAMPLE,
    })
}

/// Whether the server keeps memberOf. Says so where a filter needs it and nobody has it.
fn member_of(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    searches: &[UserSearch],
) -> Result<Option<bool>, DirectoryError> {
    let filter = Filter::presence(&AttributeName::known("memberOf"));
    let mut kept = None;
    for search in searches {
        match some(inspector, (&search.base, search.scope), &filter, &["1.1"])? {
            Found::Entries(found) => kept = Some(kept.unwrap_or(false) || !found.is_empty()),
            Found::NoSuchEntry | Found::Withheld(_) => {}
        }
    }
    if let Some(finding) = without_member_of(visit).filter(|_| kept == Some(false)) {
        // Whom a filter does not find because of that needs no finding of its own.
        let same_place = |other: &Finding| other.place == finding.place;
        visit
            .found
            .retain(|other| other.id != "no_users" || !same_place(other));
        visit.found.push(finding);
    }
    Ok(kept)
}

/// What that means, where it is needed.
fn without_member_of(visit: &Visit<'_>) -> Option<Finding> {
    let keys = visit.places.mentioning("memberof");
    let filter = keys.iter().find(|key| key.starts_with("user.search"));
    let by_type = visit.config.group.schema == GroupSchema::MemberOf;
    let (key, why, fix) = match (filter, by_type) {
        (Some(key), _) => (
            *key,
            "the filter finds nobody, so everybody is unknown",
            "take memberOf out of the filter and name the group in [flags], or set up the server's memberof overlay",
        ),
        (None, true) => (
            "group.type",
            "nobody is seen to be a member of anything, so every gate stays shut",
            "write the type that the groups have, or set up the server's memberof overlay",
        ),
        (None, false) => return None,
    };
    let what = format!("{key} asks for memberOf, and no entry shows it");
    let finding = Finding::new(Severity::Error, "member_of_missing", what);
    Some(finding.at(visit.places.of_key(key)).why(why).fix(fix))
}
