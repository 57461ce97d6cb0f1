//! `user.dn_template` against the entries that are there.

use pam_rsldap::config::Scope;
use pam_rsldap::directory::DirectoryError;
use pam_rsldap::directory::inspect::{Found, Inspector, Shown};
use pam_rsldap::names::{Dn, UserName};
use pam_rsldap::template::{DnTemplate, Filter};

use super::finding::{Finding, Severity};
use super::online::Visit;
use super::users::{exists, nobody, some};

/// Its key.
pub const KEY: &str = "user.dn_template";

/// Whether the template leads to the entries that are there.
///
/// # Errors
/// The server failed.
pub fn check(
    visit: &mut Visit<'_>,
    inspector: &mut Inspector,
    template: &DnTemplate,
    mut sample: Vec<Shown>,
) -> Result<(), DirectoryError> {
    let attribute = visit.config.user.name_attribute.clone();
    if let Some(base) = parent(template) {
        if !exists(visit, inspector, &base, KEY)? {
            return Ok(());
        }
        let filter = Filter::presence(&attribute);
        // Those that it can lead to come first, and others only where there are none.
        for scope in [Scope::OneLevel, Scope::Subtree] {
            if scope == Scope::OneLevel || sample.is_empty() {
                match some(inspector, (&base, scope), &filter, &[attribute.as_str()])? {
                    Found::Entries(users) => sample.extend(users),
                    Found::NoSuchEntry | Found::Withheld(_) => return Ok(()),
                }
            }
        }
        if sample.is_empty() {
            nobody(visit, filter.as_str(), &base, KEY);
        }
    }
    let compared = sample.iter().filter_map(|user| {
        let name = user.texts(attribute.as_str()).into_iter().next()?;
        let expected = template.expand(&UserName::parse(name.as_bytes()).ok()?)?;
        let found = Dn::parse(&user.dn).ok()?;
        let text = format!("{name} is {found}, and the template says {expected}");
        Some((found == expected, text))
    });
    let (right, wrong): (Vec<_>, Vec<_>) = compared.partition(|(right, _)| *right);
    let level = match right.is_empty() {
        true => Severity::Error,
        false => Severity::Warning,
    };
    if let Some((_, what)) = wrong.into_iter().next() {
        visit.found.push(
            Finding::new(level, "template_mismatch", what)
                .at(visit.places.of_key(KEY))
                .why("whoever is not where the template says has a wrong password, whatever is typed")
                .fix("correct dn_template, or take it out and write user.search"),
        );
    }
    Ok(())
}

/// The entry above all users, if there is one.
pub fn parent(template: &DnTemplate) -> Option<Dn> {
    let of = |name: &str| {
        let name = UserName::parse(name.as_bytes()).ok()?;
        template.expand(&name)?.parent()
    };
    of("a").filter(|one| Some(one) == of("b").as_ref())
}
