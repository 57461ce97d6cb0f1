//! The gates that stand in the user's own entry: where, and through what, the user may log in.

use super::{End, Request, Stage};
use crate::account_state::listed;
use crate::config::Config;
use crate::directory::Entry;
use crate::host_names::host_names;
use crate::names::{AttributeName, ServiceName};

/// Whether the entry lists this host and this service, where the configuration asks for that.
pub(super) fn is_listed(request: Request<'_>, entry: &Entry) -> Result<(), End> {
    let access = &request.config.access;
    let host = access.host_attribute.as_ref().map(|_| Stage::Host);
    let service = access.service_attribute.as_ref().map(|_| Stage::Listed);
    let checks = listings(request.config, request.service, entry);
    let stages = host.into_iter().chain(service);
    checks
        .into_iter()
        .zip(stages)
        .try_for_each(|(check, stage)| check.map_err(|why| End::Shut(stage, why)))
}

/// The same for each attribute that counts: the reason where it does not let the user in.
#[must_use]
pub fn listings(config: &Config, service: &ServiceName, entry: &Entry) -> Vec<Result<(), String>> {
    let check = |attribute: &AttributeName, names: &[&str]| {
        let attribute = attribute.as_str();
        listed::check(attribute, entry.values(attribute), names)
    };
    let host = config.access.host_attribute.as_ref().map(|attribute| {
        let names = host_names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        check(attribute, &names)
    });
    let service_attribute = config.access.service_attribute.as_ref();
    let service = service_attribute.map(|attribute| check(attribute, &[service.as_str()]));
    host.into_iter().chain(service).collect()
}
