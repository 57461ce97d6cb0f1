//! Every group that the configuration names: is it there, is it a group as `group.type` has it, is
//! anybody in it?

use pam_rsldap::config::{GroupSchema, Scope};
use pam_rsldap::directory::DirectoryError;
use pam_rsldap::directory::inspect::{Found, Inspector, Look, Shown};
use pam_rsldap::names::{AttributeName, Dn};
use pam_rsldap::template::Filter;

use super::finding::{Finding, Severity};
use super::mentions::{self, Mention, Use};
use super::online::Visit;
use super::product::Product;
use super::users::{exists, matches};
use super::{member_of, nesting};

/// Attributes that list members, and the type of group that has them.
pub const KINDS: [(&str, &str); 4] = [
    ("member", "group_of_names"),
    ("uniqueMember", "group_of_unique_names"),
    ("roleOccupant", "organizational_role"),
    ("memberUid", "posix_group"),
];

/// Object classes of groups, and their type: for a group without a member.
const CLASSES: [(&str, &str); 6] = [
    ("groupOfNames", "group_of_names"),
    ("groupOfUniqueNames", "group_of_unique_names"),
    ("organizationalRole", "organizational_role"),
    ("posixGroup", "posix_group"),
    ("group", "active_directory"),
    ("groupOfURLs", "member_of"),
];

/// # Errors
/// The server failed on the way.
pub fn check(visit: &mut Visit<'_>, inspector: &mut Inspector) -> Result<(), DirectoryError> {
    for (number, search) in visit.config.group.search.iter().enumerate() {
        let key = format!("group.search[{number}].base");
        exists(visit, inspector, &search.base, &key)?;
    }
    let mentions = mentions::of(visit.config);
    for mention in &mentions {
        group(visit, inspector, mention)?;
    }
    nesting::outside(visit, &mentions);
    Ok(())
}

fn group(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    mention: &Mention,
) -> Result<(), DirectoryError> {
    let group = &mention.group;
    let member = member_attribute(&visit.config.group.schema);
    let attribute = member.as_str();
    let mut wanted: Vec<&str> = KINDS.iter().map(|(attribute, _)| *attribute).collect();
    wanted.push(attribute);
    let shown = match read(inspector, group, &wanted, true)? {
        Found::Entries(mut entries) if !entries.is_empty() => entries.remove(0),
        Found::Withheld(why) => {
            found(visit, unreadable(group, &why), mention);
            return Ok(());
        }
        Found::Entries(_) | Found::NoSuchEntry => {
            missing(visit, mention);
            return Ok(());
        }
    };
    if visit.config.group.schema == GroupSchema::MemberOf {
        return member_of::check(visit, inspector, mention, &shown);
    }
    // A list that may be searched counts, be it read or not.
    let listed = shown.has(attribute) || matches(inspector, group, &Filter::presence(&member))?;
    if !listed {
        if let Some(finding) = of_another_kind(visit, inspector, group, attribute, &shown)? {
            found(visit, finding, mention);
            return Ok(());
        }
    }
    let computed = nesting::is_computed(visit, inspector, group)?;
    let is_one = Filter::equality(&member, group.as_str().as_bytes());
    if !computed && is_hidden(inspector, group, &is_one)? {
        hidden(visit, mention, attribute);
        return Ok(());
    }
    if !listed || lists_all(visit) && lists_nobody(visit, inspector, group, &member) {
        let what = format!("{group} shows no member");
        let fix = "add members, or let the service account read them, if they are hidden";
        found(visit, empty(visit, mention, &what, fix), mention);
    }
    match listed && !computed {
        true => nesting::check(visit, inspector, mention),
        false => Ok(()),
    }
}

/// Whether neither a question about an attribute is true nor its opposite, as where the attribute may not
/// be searched. That is how a hidden list is told from an empty one.
pub fn is_hidden(
    inspector: &mut Inspector,
    group: &Dn,
    question: &Filter,
) -> Result<bool, DirectoryError> {
    let found = inspector.look(Look {
        base: group.as_str(),
        scope: Scope::Base,
        filter: &question.or(&question.negated()),
        attributes: &["1.1"],
        names_only: true,
        limit: 1,
    })?;
    Ok(found == Found::Entries(Vec::new()))
}

/// A group that lists its members in another way, or an entry that is no group.
pub fn of_another_kind(
    visit: &Visit<'_>,
    inspector: &mut Inspector,
    group: &Dn,
    attribute: &str,
    shown: &Shown,
) -> Result<Option<Finding>, DirectoryError> {
    if let Some((other, kind)) = KINDS.iter().find(|(other, _)| shown.has(other)) {
        let kind = match (visit.product, *other) {
            (Product::ActiveDirectory, "member") => "active_directory",
            _ => kind,
        };
        let has = format!("has {other}");
        return Ok(Some(wrong_schema(
            visit,
            group,
            attribute,
            &has,
            Some(kind),
        )));
    }
    Ok(match read(inspector, group, &["objectClass"], false)? {
        Found::Entries(entries) => of_another_class(visit, group, attribute, entries.first()),
        // It has gone since.
        Found::NoSuchEntry | Found::Withheld(_) => None,
    })
}

/// A group that has to have a member, and has none, lists the empty name.
pub fn lists_nobody(
    visit: &Visit<'_>,
    inspector: &mut Inspector,
    group: &Dn,
    attribute: &AttributeName,
) -> bool {
    let empty = Filter::equality(attribute, b"");
    if !matches!(matches(inspector, group, &empty), Ok(true)) {
        return false;
    }
    // On a connection of its own: more members than fit would end it.
    let members = Inspector::connect(visit.config, visit.uri).and_then(|mut other| {
        other.bind()?;
        read(&mut other, group, &[attribute.as_str()], false)
    });
    let Ok(Found::Entries(entries)) = members else {
        return false;
    };
    let members = entries.iter().flat_map(|one| one.texts(attribute.as_str()));
    let mut members = members.peekable();
    // None is shown where they may be searched and not read.
    members.peek().is_some() && members.all(str::is_empty)
}

pub fn found(visit: &mut Visit<'_>, finding: Finding, mention: &Mention) {
    found_at(visit, finding, mention, mention.key());
}

/// What is wrong with a group has this place, and is to be mended at the others, too.
fn found_at(visit: &mut Visit<'_>, mut finding: Finding, mention: &Mention, key: &str) {
    let place = |key: &str| visit.places.of_dn(key, &mention.group);
    let others = mention.uses.iter().filter(|one| one.key != key);
    let others = others.map(|Use { key, .. }| {
        let place = place(key);
        let line = place.rsplit(':').next().unwrap_or_default();
        format!("{key} (line {line})")
    });
    let others: Vec<String> = others.collect();
    if !others.is_empty() {
        let also = format!("; it is named in {}, too", others.join(", "));
        finding.what.push_str(&also);
    }
    let finding = finding.at(place(key));
    visit.found.push(finding);
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

fn member_attribute(schema: &GroupSchema) -> AttributeName {
    match schema {
        GroupSchema::MemberDn(attribute) => attribute.clone(),
        GroupSchema::ActiveDirectory | GroupSchema::MemberOf => AttributeName::known("member"),
        GroupSchema::Posix => AttributeName::known("memberUid"),
    }
}

/// Where it is worse that a group is missing is where that has to be mended.
fn missing(visit: &mut Visit<'_>, mention: &Mention) {
    let (id, key, why) = match mention.first(|one| one.negated) {
        Some(key) => (
            "group_missing_negated",
            key,
            "\"not\" or \"deny\" is above it: every login that asks for it ends as config_error",
        ),
        None => (
            "group_missing",
            mention.key(),
            "nobody is a member of it, so what it opens stays shut",
        ),
    };
    let what = format!(
        "{key}: there is no group {}, or it is hidden",
        mention.group
    );
    let finding = Finding::new(Severity::Error, id, what)
        .why(why)
        .fix("correct the DN, create the group, or let the service account read it");
    found_at(visit, finding, mention, key);
}

fn unreadable(group: &Dn, why: &str) -> Finding {
    let what = format!("{group}: the server would not say anything about it ({why})");
    let fix = match why {
        "invalidDNSyntax" => {
            "correct the DN: the server knows no such attribute, or no such value of it"
        }
        _ => "let the service account read the group and its members",
    };
    Finding::new(Severity::Error, "group_unreadable", what)
        .why("a gate that cannot be evaluated is shut")
        .fix(fix)
}

/// The type is the one that fits; none fits an entry that is no group.
fn wrong_schema(
    visit: &Visit<'_>,
    group: &Dn,
    attribute: &str,
    has: &str,
    kind: Option<&str>,
) -> Finding {
    let own = visit.places.has("group.member_attribute");
    let key = if own {
        "member_attribute"
    } else {
        "group.type"
    };
    let fix = match kind {
        None => "name a group in its place, with its whole DN".to_owned(),
        Some(kind) => {
            let out = "take member_attribute out and ";
            let out = if own { out } else { "" };
            format!("{out}write type = \"{kind}\" below [group], or name a group of the right kind")
        }
    };
    let what = match visit.config.group.schema {
        GroupSchema::MemberOf => format!("{group} {has}, and no user's memberOf names it"),
        _ => format!("{group} {has}, and {key} looks for {attribute}"),
    };
    Finding::new(Severity::Error, "group_wrong_schema", what)
        .why("nobody counts as a member of it")
        .fix(fix)
}

/// What the object classes of an entry say that shows no attribute with members.
fn of_another_class(
    visit: &Visit<'_>,
    group: &Dn,
    attribute: &str,
    entry: Option<&Shown>,
) -> Option<Finding> {
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
        // Any but those that list names.
        GroupSchema::MemberOf => kinds
            .iter()
            .find(|kind| **kind != "posix_group")
            .unwrap_or(&"member_of"),
        GroupSchema::Posix => "posix_group",
        GroupSchema::MemberDn(_) => KINDS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(attribute))
            .map_or("", |(_, kind)| kind),
    };
    match kinds.first() {
        Some(kind) if !ours.is_empty() && !kinds.contains(&ours) => {
            let has = format!("is of the type {kind}");
            Some(wrong_schema(visit, group, attribute, &has, Some(kind)))
        }
        None if !ours.is_empty() && !classes.is_empty() => {
            let has = format!("is no group ({})", classes.join(", "));
            Some(wrong_schema(visit, group, attribute, &has, None))
        }
        _ => None,
    }
}

/// The server answers no question about the members. Where users are asked as themselves, that is so
/// only for whoever logs in without a password.
pub fn hidden(visit: &mut Visit<'_>, mention: &Mention, attribute: &str) {
    let (level, whom) = match visit.config.bind.as_user {
        true => (
            Severity::Warning,
            "where no password is typed, as with ssh keys, ",
        ),
        false => (Severity::Error, ""),
    };
    let shuts = mention.first(|one| one.shuts);
    let why = match shuts {
        Some(_) => {
            "everybody is shut out: \"not\" or \"deny\" is above it, and nobody is proven to be no member"
        }
        None => nobody(visit, mention),
    };
    let why = format!("{whom}{why}");
    let (unknown, correct) = match visit.places.has("group.member_attribute") {
        true => (
            ", or the server does not know it",
            ", or correct member_attribute",
        ),
        false => ("", ""),
    };
    let key = shuts.unwrap_or(mention.key());
    let what = format!("{key}: {} hides its {attribute}{unknown}", mention.group);
    let fix = format!("let the service account search and read {attribute} of this group{correct}");
    let finding = Finding::new(level, "group_unreadable", what);
    found_at(visit, finding.why(why).fix(fix), mention, key);
}

pub fn empty(visit: &Visit<'_>, mention: &Mention, what: &str, fix: &str) -> Finding {
    let level = match lists_all(visit) {
        true if mention.needed => Severity::Error,
        true if mention.opens() => Severity::Warning,
        _ => Severity::Note,
    };
    Finding::new(level, "group_empty", format!("{}: {what}", mention.key()))
        .why(nobody(visit, mention))
        .fix(fix)
}

/// Whether members are all listed: the primary group of a user does not list it.
fn lists_all(visit: &Visit<'_>) -> bool {
    let schema = &visit.config.group.schema;
    matches!(schema, GroupSchema::MemberDn(_) | GroupSchema::MemberOf)
}

/// What it means that nobody is seen to be a member.
fn nobody(visit: &Visit<'_>, mention: &Mention) -> &'static str {
    match lists_all(visit) {
        true if mention.needed => "nobody may log in: every login needs it",
        true if mention.opens() => "nobody passes a gate that it opens",
        true => "nobody is refused because of it",
        false => "only those count whose primary group it is",
    }
}
