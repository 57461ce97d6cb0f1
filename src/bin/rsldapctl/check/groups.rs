//! Every group that the configuration names: is it there, is it a group as `group.type` has it, is
//! anybody in it?

use pam_rsldap::config::{GroupSchema, Scope};
use pam_rsldap::directory::DirectoryError;
use pam_rsldap::directory::inspect::{Found, Inspector, Look, Shown};
use pam_rsldap::names::Dn;
use pam_rsldap::template::Filter;

use super::finding::{Finding, Severity};
use super::mentions::{self, Mention, TABLES};
use super::online::Visit;
use super::users::exists;

/// Attributes that list members, and the type of group that has them.
const KINDS: [(&str, &str); 4] = [
    ("member", "group_of_names"),
    ("uniqueMember", "group_of_unique_names"),
    ("roleOccupant", "organizational_role"),
    ("memberUid", "posix_group"),
];

/// Object classes of groups, and their type: for a group without a member.
const CLASSES: [(&str, &str); 5] = [
    ("groupOfNames", "group_of_names"),
    ("groupOfUniqueNames", "group_of_unique_names"),
    ("organizationalRole", "organizational_role"),
    ("posixGroup", "posix_group"),
    ("group", "active_directory"),
];

/// # Errors
/// The server failed on the way.
pub fn check(visit: &mut Visit<'_>, inspector: &mut Inspector) -> Result<(), DirectoryError> {
    for (number, search) in visit.config.group.search.iter().enumerate() {
        let key = format!("group.search[{number}].base");
        exists(visit, inspector, &search.base, &key)?;
    }
    for mention in mentions::of(visit.config) {
        group(visit, inspector, &mention)?;
    }
    outside(visit);
    Ok(())
}

fn group(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    mention: &Mention,
) -> Result<(), DirectoryError> {
    let group = &mention.group;
    let attribute = member_attribute(&visit.config.group.schema).to_owned();
    let mut wanted: Vec<&str> = KINDS.iter().map(|(attribute, _)| *attribute).collect();
    wanted.push(&attribute);
    let shown = match read(inspector, group, &wanted, true)? {
        Found::Entries(mut entries) if !entries.is_empty() => entries.remove(0),
        Found::Withheld(why) => {
            let what = format!("the server would not say anything about {group} ({why})");
            return found(visit, unreadable(what), mention);
        }
        Found::Entries(_) | Found::NoSuchEntry => {
            return found(visit, missing(mention), mention);
        }
    };
    let counts_here = visit.config.group.schema != GroupSchema::MemberOf;
    if shown.has(&attribute) || !counts_here {
        return Ok(());
    }
    let other = KINDS.iter().find(|(other, _)| shown.has(other));
    let finding = match other {
        Some((other, kind)) => wrong_schema(group, &attribute, &format!("has {other}"), kind),
        None => match read(inspector, group, &["objectClass"], false)? {
            Found::Entries(entries) => without_members(visit, mention, &attribute, entries.first()),
            Found::NoSuchEntry | Found::Withheld(_) => missing(mention),
        },
    };
    found(visit, finding, mention)
}

fn found(visit: &mut Visit<'_>, finding: Finding, mention: &Mention) -> Result<(), DirectoryError> {
    let place = visit.places.of_dn(&TABLES, &mention.group);
    visit.found.push(finding.at(place));
    Ok(())
}

fn read(
    inspector: &mut Inspector,
    group: &Dn,
    attributes: &[&str],
    names_only: bool,
) -> Result<Found, DirectoryError> {
    inspector.look(Look {
        base: group.as_str(),
        scope: Scope::Base,
        filter: &Filter::any(),
        attributes,
        names_only,
        limit: 1,
    })
}

fn member_attribute(schema: &GroupSchema) -> &str {
    match schema {
        GroupSchema::MemberDn(attribute) => attribute.as_str(),
        GroupSchema::ActiveDirectory | GroupSchema::MemberOf => "member",
        GroupSchema::Posix => "memberUid",
    }
}

fn missing(mention: &Mention) -> Finding {
    let Mention { group, key, .. } = mention;
    let what = format!("{key}: there is no group {group}, or it is hidden");
    let (id, why) = match mention.negated {
        true => (
            "group_missing_negated",
            "\"not\" or \"deny\" is above it: every login that asks for it ends as config_error",
        ),
        false => (
            "group_missing",
            "nobody is a member of it, so what it opens stays shut",
        ),
    };
    Finding::new(Severity::Error, id, what)
        .why(why)
        .fix("correct the DN, create the group, or let the service account read it")
}

fn unreadable(what: String) -> Finding {
    Finding::new(Severity::Error, "group_unreadable", what)
        .why("a gate that cannot be evaluated is shut")
        .fix("let the service account read the group and its members")
}

fn wrong_schema(group: &Dn, attribute: &str, has: &str, kind: &str) -> Finding {
    let what = format!("{group} {has}, and group.type looks for {attribute}");
    Finding::new(Severity::Error, "group_wrong_schema", what)
        .why("nobody counts as a member of it")
        .fix(format!(
            "write type = \"{kind}\" below [group], or name a group of the right kind"
        ))
}

/// A group in which no attribute with members shows.
fn without_members(
    visit: &Visit<'_>,
    mention: &Mention,
    attribute: &str,
    entry: Option<&Shown>,
) -> Finding {
    let group = &mention.group;
    let classes = entry
        .map(|entry| entry.texts("objectClass"))
        .unwrap_or_default();
    let kinds = CLASSES.iter().filter(|(class, _)| {
        classes
            .iter()
            .any(|shown| shown.eq_ignore_ascii_case(class))
    });
    let kinds: Vec<&str> = kinds.map(|(_, kind)| *kind).collect();
    let ours = match &visit.config.group.schema {
        GroupSchema::ActiveDirectory => "active_directory",
        GroupSchema::MemberOf => "",
        GroupSchema::Posix => "posix_group",
        GroupSchema::MemberDn(_) => KINDS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(attribute))
            .map_or("", |(_, kind)| kind),
    };
    match kinds.first() {
        Some(kind) if !ours.is_empty() && !kinds.contains(&ours) => {
            let has = format!("is of the type {kind}");
            return wrong_schema(group, attribute, &has, kind);
        }
        None if !ours.is_empty() && !classes.is_empty() => {
            let has = format!("is no group ({})", classes.join(", "));
            return wrong_schema(group, attribute, &has, ours);
        }
        _ => {}
    }
    let level = match &visit.config.group.schema {
        // The primary group of a user does not list its members.
        GroupSchema::Posix | GroupSchema::ActiveDirectory | GroupSchema::MemberOf => Severity::Note,
        GroupSchema::MemberDn(_) if mention.opens => Severity::Warning,
        GroupSchema::MemberDn(_) => Severity::Note,
    };
    let what = format!("{}: {group} shows no member", mention.key);
    Finding::new(level, "group_empty", what)
        .why("nobody passes a gate that it opens; its members may also be hidden from the service account")
        .fix("add members, or let the service account read them")
}

/// Groups that nesting does not see.
fn outside(visit: &mut Visit<'_>) {
    for group in visit.config.groups_outside_search() {
        let what = format!("{group} is outside group.search");
        let finding = Finding::new(Severity::Error, "group_outside_search", what)
            .at(visit.places.of_dn(&TABLES, group))
            .why("with nested = true nobody is seen to be a member of it")
            .fix("add a search to group.search whose base is above the group");
        visit.found.push(finding);
    }
}
