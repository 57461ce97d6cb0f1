//! The gates that stand in the user's own entry: where, and through what, the user may log in.

use super::{End, Request};
use crate::account_state::listed;
use crate::directory::Entry;
use crate::host_names::host_names;
use crate::names::AttributeName;
use crate::outcome::Outcome;

/// Whether the entry lists this host and this service, where the configuration asks for that.
pub(super) fn is_listed(request: Request<'_>, entry: &Entry) -> Result<(), End> {
    let access = &request.config.access;
    let check = |attribute: &AttributeName, names: &[&str]| {
        let attribute = attribute.as_str();
        listed::check(attribute, entry.values(attribute), names)
            .map_err(|why| End::Decided(Outcome::Refused, why))
    };
    if let Some(attribute) = &access.host_attribute {
        let names = host_names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        check(attribute, &names)?;
    }
    match &access.service_attribute {
        Some(attribute) => check(attribute, &[request.service.as_str()]),
        None => Ok(()),
    }
}
