//! Groups in groups: is each group that the configuration names found by `group.search`?

use pam_rsldap::config::GroupSchema;
use pam_rsldap::directory::DirectoryError;
use pam_rsldap::directory::inspect::Inspector;
use pam_rsldap::names::Dn;
use pam_rsldap::template::Filter;

use super::finding::{Finding, Severity};
use super::groups::found;
use super::mentions::Mention;
use super::online::Visit;
use super::product::Product;
use super::users::matches;

/// Security groups, but for those of `CN=Builtin`, which alone have the last bit (MS-ADTS 2.2.12). The token
/// of a user has these, so that they need not be searched for.
const OF_THE_DOMAIN: &str = "(&(objectSid=*)(groupType:1.2.840.113556.1.4.803:=2147483648)\
                             (!(groupType:1.2.840.113556.1.4.803:=1)))";

/// Whether a domain controller computes who is in this group.
///
/// # Errors
/// The server failed.
pub fn is_computed(
    visit: &Visit<'_>,
    inspector: &mut Inspector,
    group: &Dn,
) -> Result<bool, DirectoryError> {
    let by_token = visit.config.group.nested
        && visit.config.group.schema == GroupSchema::ActiveDirectory
        && matches!(visit.product, Product::ActiveDirectory | Product::Unknown);
    match Filter::parse(OF_THE_DOMAIN) {
        Ok(filter) if by_token => matches(inspector, group, &filter),
        _ => Ok(false),
    }
}

/// Groups that no search reaches, by their names alone.
pub fn outside(visit: &mut Visit<'_>, mentions: &[Mention]) {
    let outside = visit.config.groups_outside_search();
    for mention in mentions.iter().filter(|one| outside.contains(&one.group)) {
        found_outside(visit, mention);
    }
}

fn found_outside(visit: &mut Visit<'_>, mention: &Mention) {
    let what = format!("{} is outside group.search", mention.group);
    let fix = "add a search to group.search whose base is above the group";
    found(visit, not_found(what, fix), mention);
}

/// Nesting finds the groups that a search of group.search does, with its filter.
///
/// # Errors
/// The server failed.
pub fn check(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    mention: &Mention,
) -> Result<(), DirectoryError> {
    let (settings, group) = (&visit.config.group, &mention.group);
    let in_active_directory = match settings.schema {
        GroupSchema::MemberDn(_) => false,
        GroupSchema::ActiveDirectory => true,
        GroupSchema::MemberOf | GroupSchema::Posix => return Ok(()),
    };
    if !settings.nested {
        return Ok(());
    }
    let searches = settings.search.iter().filter(|one| one.reaches(group));
    let searches: Vec<_> = searches.collect();
    if searches.is_empty() {
        match in_active_directory {
            true if settings.search.is_empty() => found(visit, no_search(visit, group), mention),
            true => found_outside(visit, mention),
            // That has been said.
            false => {}
        }
        return Ok(());
    }
    for search in searches {
        if matches(inspector, group, &search.filter)? {
            return Ok(());
        }
    }
    let what = format!("{group} is where group.search looks, and its filter does not find it");
    let fix =
        "write a filter into group.search that the group matches, as filter = \"(objectClass=*)\"";
    found(visit, not_found(what, fix), mention);
    Ok(())
}

fn not_found(what: String, fix: &str) -> Finding {
    Finding::new(Severity::Error, "group_outside_search", what)
        .why("with nested = true nobody is seen to be a member of it")
        .fix(fix)
}

/// The base is the domain, so that the groups in between are found, too.
fn no_search(visit: &Visit<'_>, group: &Dn) -> Finding {
    let mut above = std::iter::successors(group.parent(), Dn::parent);
    let domain = above.find(|dn| dn.as_str().to_ascii_lowercase().starts_with("dc="));
    let base = domain.unwrap_or(group.clone());
    let kind = match visit.product {
        Product::OpenLdap | Product::Ds389 => "type = \"group_of_names\" and ",
        Product::ActiveDirectory | Product::Unknown => "",
    };
    let what = format!("{group} is no security group of the domain, and there is no group.search");
    let fix = format!("write {kind}search = [{{ base = \"{base}\" }}] below [group]");
    Finding::new(Severity::Error, "group_outside_search", what)
        .why("with nested = true such a group has to be searched for, and a gate that names it is shut")
        .fix(fix)
}
