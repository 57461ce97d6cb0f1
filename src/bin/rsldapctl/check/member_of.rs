//! A group where `memberOf` of the users tells who is in it: does any user's entry name it?

use pam_rsldap::config::{Scope, UserLookup};
use pam_rsldap::directory::DirectoryError;
use pam_rsldap::directory::inspect::{Found, Inspector, Shown};
use pam_rsldap::names::{AttributeName, Dn};
use pam_rsldap::template::Filter;

use super::groups::{KINDS, empty, found, hidden, is_hidden, lists_nobody, of_another_kind};
use super::mentions::Mention;
use super::online::Visit;
use super::template;
use super::users::some;

/// # Errors
/// The server failed on the way.
pub fn check(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    mention: &Mention,
    shown: &Shown,
) -> Result<(), DirectoryError> {
    let group = &mention.group;
    let unnamed = is_unnamed(visit, inspector, group)?;
    let is_listed =
        |(attribute, kind): &&(&str, &str)| shown.has(attribute) && *kind != "posix_group";
    let listed = KINDS.iter().find(is_listed);
    if unnamed && listed.is_none() {
        if let Some(finding) = of_another_kind(visit, inspector, group, "memberOf", shown)? {
            found(visit, finding, mention);
            return Ok(());
        }
    }
    // That somebody is no member the group has to show, too.
    let [member, unique_member] = ["member", "uniqueMember"]
        .map(|name| Filter::equality(&AttributeName::known(name), group.as_str().as_bytes()));
    let is_one = member.or(&unique_member);
    if mention.first(|one| one.shuts).is_some() && is_hidden(inspector, group, &is_one)? {
        hidden(visit, mention, "member or uniqueMember");
        return Ok(());
    }
    if !unnamed {
        return Ok(());
    }
    let what = format!("no user's memberOf names {group}");
    let filled = listed.filter(|(attribute, _)| {
        !lists_nobody(visit, inspector, group, &AttributeName::known(attribute))
    });
    let (what, fix) = match filled {
        // Whom it lists it shuts out all the same.
        Some(_) if !mention.opens() => return Ok(()),
        Some((attribute, kind)) => (
            format!("{what}, which has {attribute}"),
            format!(
                "add users to it; if they are in it, let the server's memberof overlay keep {attribute} \
                 and enter them again, or write type = \"{kind}\" below [group]"
            ),
        ),
        None => (what, "add users to it".to_owned()),
    };
    found(visit, empty(visit, mention, &what, &fix), mention);
    Ok(())
}

/// Whether no user's memberOf is this group. Where nobody's is anything, that has been said; and what
/// the server would not look through to the end is not decided.
fn is_unnamed(
    visit: &Visit<'_>,
    inspector: &mut Inspector,
    group: &Dn,
) -> Result<bool, DirectoryError> {
    let searches = match &visit.config.user.lookup {
        UserLookup::Search(searches) => searches,
        UserLookup::Template(_) => &visit.config.user.unused_search,
    };
    let mut places: Vec<(Dn, Scope)> = searches
        .iter()
        .map(|search| (search.base.clone(), search.scope))
        .collect();
    if let UserLookup::Template(template) = &visit.config.user.lookup {
        places.extend(template::parent(template).map(|base| (base, Scope::Subtree)));
    }
    let said = |id: &str| visit.found.iter().any(|finding| finding.id == id);
    if places.is_empty() || said("member_of_missing") {
        return Ok(false);
    }
    let names_it = Filter::equality(&AttributeName::known("memberOf"), group.as_str().as_bytes());
    for (base, scope) in places {
        match some(inspector, (&base, scope), &names_it, &["1.1"])? {
            Found::Entries(users) if users.is_empty() => {}
            Found::Entries(_) | Found::Withheld(_) => return Ok(false),
            Found::NoSuchEntry => {}
        }
    }
    Ok(true)
}
