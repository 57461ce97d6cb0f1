//! Every group that the configuration names, and whether `not` or `deny` is above it.

use std::collections::BTreeMap;

use pam_rsldap::config::{Config, Query};
use pam_rsldap::names::{Dn, FlagName};

/// A group that decides something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub group: Dn,
    /// Where it stands, as people say it: `flags.is_staff`.
    pub key: String,
    /// Where it stands below `not` or `deny`, if it does: if it is missing, logins end as config_error.
    pub negated: Option<String>,
    /// It opens something: if it is empty or missing, that stays shut.
    pub opens: bool,
    /// That is every login.
    pub needed: bool,
}

/// Each group once, in the order of its key.
pub fn of(config: &Config) -> Vec<Mention> {
    let mut walk = Walk {
        config,
        found: Vec::new(),
    };
    for (name, query) in &config.flags {
        walk.query(query, false, &format!("flags.{name}"));
    }
    if let Some(query) = &config.access.require {
        walk.query(query, false, "access.require");
    }
    if let Some(query) = &config.access.deny {
        walk.query(query, true, "access.deny");
    }
    for (service, query) in &config.services {
        walk.query(
            query,
            false,
            &format!("services.{}.require", service.as_str()),
        );
    }
    for (group, query) in &config.session.local_groups {
        walk.query(query, false, &format!("session.local_groups.{group}"));
    }
    walk.found
}

/// Whether nobody passes this query who is not in this group.
fn needs(query: &Query, group: &Dn, flags: &BTreeMap<FlagName, Query>) -> bool {
    match query {
        Query::Group(one) => one == group,
        Query::Flag(name) => flags
            .get(name)
            .is_some_and(|query| needs(query, group, flags)),
        Query::Any(queries) => queries.iter().all(|query| needs(query, group, flags)),
        Query::All(queries) => queries.iter().any(|query| needs(query, group, flags)),
        Query::Not(_) => false,
    }
}

struct Walk<'a> {
    config: &'a Config,
    found: Vec<Mention>,
}

impl Walk<'_> {
    fn query(&mut self, query: &Query, negated: bool, key: &str) {
        match query {
            Query::Group(group) => self.mention(group, negated, key),
            // Its own key names the flag; here only what is above it counts.
            Query::Flag(name) => {
                if let Some(query) = self.config.flags.get(name) {
                    self.query(query, negated, &format!("flags.{name}"));
                }
            }
            Query::Any(queries) | Query::All(queries) => {
                queries
                    .iter()
                    .for_each(|query| self.query(query, negated, key));
            }
            Query::Not(query) => self.query(query, !negated, key),
        }
    }

    fn mention(&mut self, group: &Dn, negated: bool, key: &str) {
        match self.found.iter_mut().find(|known| known.group == *group) {
            Some(known) => {
                if negated && known.negated.is_none() {
                    known.negated = Some(key.to_owned());
                }
                known.opens |= !negated;
            }
            None => self.found.push(Mention {
                group: group.clone(),
                key: key.to_owned(),
                negated: negated.then(|| key.to_owned()),
                opens: !negated,
                needed: self.needed(group),
            }),
        }
    }

    fn needed(&self, group: &Dn) -> bool {
        let flags = &self.config.flags;
        let is_active = flags.iter().find(|(name, _)| name.as_str() == "is_active");
        let gates = is_active.map(|(_, query)| query).into_iter();
        let mut gates = gates.chain(&self.config.access.require);
        gates.any(|query| needs(query, group, flags))
    }
}
