//! Every group that the configuration names, and whether `not` or `deny` is above it.

use std::collections::BTreeMap;

use pam_rsldap::config::{Config, Query};
use pam_rsldap::names::{Dn, FlagName};

/// A group that decides something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub group: Dn,
    /// Where it stands: one at least.
    pub uses: Vec<Use>,
    /// It opens every login.
    pub needed: bool,
}

/// A place where a group stands. It may be both: a flag opens something, and is below `deny`, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// As people say it: `flags.is_staff`.
    pub key: String,
    /// Its members get something: if it is empty or missing, that stays shut.
    pub opens: bool,
    /// Its members are shut out: if nobody is proven to be none, everybody is.
    pub shuts: bool,
    /// `not` or `deny` is above it, be it twice: if it is missing, logins end as config_error.
    pub negated: bool,
}

impl Mention {
    /// The first place of this kind.
    pub fn first(&self, is_it: impl Fn(&Use) -> bool) -> Option<&str> {
        let found = self.uses.iter().find(|one| is_it(one));
        found.map(|one| one.key.as_str())
    }

    /// The first place.
    pub fn key(&self) -> &str {
        self.first(|_| true).unwrap_or_default()
    }

    pub fn opens(&self) -> bool {
        self.uses.iter().any(|one| one.opens)
    }
}

/// Each group once, in the order of its key.
pub fn of(config: &Config) -> Vec<Mention> {
    let mut walk = Walk {
        config,
        found: Vec::new(),
    };
    for (name, query) in &config.flags {
        walk.query(query, OPENS, &format!("flags.{name}"));
    }
    if let Some(query) = &config.access.require {
        walk.query(query, OPENS, "access.require");
    }
    if let Some(query) = &config.access.deny {
        walk.query(query, SHUTS, "access.deny");
    }
    for (service, query) in &config.services {
        walk.query(
            query,
            OPENS,
            &format!("services.{}.require", service.as_str()),
        );
    }
    for (group, query) in &config.session.local_groups {
        walk.query(query, OPENS, &format!("session.local_groups.{group}"));
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

/// What is above a query.
#[derive(Clone, Copy)]
struct Above {
    opens: bool,
    negated: bool,
}

const OPENS: Above = Above {
    opens: true,
    negated: false,
};

const SHUTS: Above = Above {
    opens: false,
    negated: true,
};

impl Walk<'_> {
    fn query(&mut self, query: &Query, above: Above, key: &str) {
        match query {
            Query::Group(group) => self.mention(group, above, key),
            // Its own key names the flag; here only what is above it counts.
            Query::Flag(name) => {
                if let Some(query) = self.config.flags.get(name) {
                    self.query(query, above, &format!("flags.{name}"));
                }
            }
            Query::Any(queries) | Query::All(queries) => {
                queries
                    .iter()
                    .for_each(|query| self.query(query, above, key));
            }
            Query::Not(query) => {
                let opens = !above.opens;
                let negated = true;
                self.query(query, Above { opens, negated }, key);
            }
        }
    }

    fn mention(&mut self, group: &Dn, above: Above, key: &str) {
        let known = self.found.iter().position(|known| known.group == *group);
        let known = known.unwrap_or_else(|| {
            self.found.push(Mention {
                group: group.clone(),
                uses: Vec::new(),
                needed: self.needed(group),
            });
            self.found.len() - 1
        });
        let Some(Mention { uses, .. }) = self.found.get_mut(known) else {
            return;
        };
        match uses.iter_mut().find(|one| one.key == key) {
            Some(one) => {
                one.opens |= above.opens;
                one.shuts |= !above.opens;
                one.negated |= above.negated;
            }
            None => uses.push(Use {
                key: key.to_owned(),
                opens: above.opens,
                shuts: !above.opens,
                negated: above.negated,
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
