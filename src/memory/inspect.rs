//! What is remembered, for people: looked at and never changed. What is damaged is no fact; nothing
//! secret and no value of an attribute leaves this file.

use std::path::Path;
use std::time::Duration;

use super::attempts::{self, Denied};
use super::basis::Bases;
use super::cache::Cache;
use super::offline::Offline;
use crate::config::Config;
use crate::login::Stage;
use crate::names::{ServiceName, UserName};
use crate::store::down::{self, Down};
use crate::store::inventory::{self, Found, Kind};
use crate::store::machine_key::MachineKey;
use crate::store::refusals::{self, Refusal};
use crate::store::{Place, RUN, STATE, Unusable, cache, offline};

/// Something in one of the directories.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its path.
    pub path: String,
    /// What kind of file it is by its name; None, none of this module's.
    pub kind: Option<Kind>,
    /// What it says.
    pub content: Content,
}

/// What a file says.
#[derive(Clone, Debug)]
pub enum Content {
    /// The group cache of a user: how old, if it is of this boot, and whether it counts.
    Cache(UserName, Option<Duration>, CacheState),
    /// The last refusals of a user, the oldest first.
    Refusals(UserName, Vec<(Refusal, Scope)>),
    /// The offline login of a user.
    Offline(UserName, OfflineFacts),
    /// The down marker of a server, and whether logins go by it.
    Marker(String, Down, bool),
    /// Of no use, and why.
    Unusable(String),
}

/// Whether remembered groups count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheState {
    /// They do.
    Fresh,
    /// Older than `cache.groups`, or of another boot.
    TooOld,
    /// Of another configuration.
    OtherConfiguration,
    /// This configuration has no cache.
    Off,
}

/// Which services an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    Every,
    /// These, whose gates are their own.
    Services(Vec<ServiceName>),
    /// None with this configuration: it counts for nothing.
    None,
}

/// What is known of an offline login.
#[derive(Clone, Debug)]
pub struct OfflineFacts {
    /// For what, when it was granted and when that ends, in seconds since 1970; the oldest first.
    pub grants: Vec<(Scope, u64, u64)>,
    /// Wrong passwords in a row.
    pub failures: u64,
    /// Whether a password may be tried in an outage.
    pub state: OfflineState,
}

/// Whether an offline login may be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfflineState {
    /// It may.
    Usable,
    /// The last grant is too old.
    Expired,
    /// The clock is behind what it has shown.
    ClockBehind,
    /// Too many wrong passwords.
    Locked,
    /// What was granted is not what this configuration asks.
    OtherConfiguration,
    /// This configuration has no offline logins.
    Off,
}

/// All that this machine remembers, as one configuration takes it. `services` are those that gates of
/// their own are looked for in, besides those of the configuration.
#[must_use]
pub fn list(config: &Config, services: &[ServiceName]) -> Vec<Item> {
    let looker = Looker::new(config, services);
    let mut items = Vec::new();
    for path in [RUN, STATE] {
        let found = match inventory::files(path) {
            Ok(found) => found,
            Err(error) => {
                items.push(Item {
                    path: path.to_owned(),
                    kind: None,
                    content: Content::Unusable(error.to_string()),
                });
                continue;
            }
        };
        let Some(place) = Place::existing(Path::new(path)) else {
            continue;
        };
        let key = MachineKey::existing(&place);
        items.extend(found.into_iter().filter_map(|found| {
            let content = looker.content(&place, &found, &key).transpose()?;
            Some(Item {
                path: format!("{path}/{}", found.name),
                kind: found.kind,
                content: content.unwrap_or_else(|unusable| Content::Unusable(unusable.why)),
            })
        }));
    }
    items
}

struct Looker<'a> {
    config: &'a Config,
    services: Vec<(ServiceName, Bases)>,
    /// Those of a service that has no gate of its own.
    other: Bases,
}

/// None: it has gone meanwhile.
type Looked = Result<Option<Content>, Unusable>;

impl<'a> Looker<'a> {
    fn new(config: &'a Config, services: &[ServiceName]) -> Self {
        let mut services: Vec<_> = config.services.keys().chain(services).collect();
        services.sort();
        services.dedup();
        let bases = |service: &ServiceName| (service.clone(), Bases::of(config, service));
        Looker {
            config,
            services: services.into_iter().map(bases).collect(),
            // No service has an empty name.
            other: Bases::of(config, &ServiceName::of_transaction(b"")),
        }
    }

    fn content(
        &self,
        place: &Place,
        found: &Found,
        key: &Result<Option<MachineKey>, Unusable>,
    ) -> Looked {
        let odd = |why: &str| Ok(Some(Content::Unusable(why.to_owned())));
        let name = &found.name;
        match (found.kind, key) {
            (None, _) => odd("not of this module"),
            (Some(_), _) if found.is_unfinished => odd("not finished"),
            (Some(Kind::Cache), _) => self.cache(place, name),
            (Some(Kind::Refusals), _) => self.refusals(place, name),
            (Some(Kind::Offline), Ok(Some(key))) => self.offline(place, name, key),
            (Some(Kind::Offline), Ok(None)) => odd("there is no machine.key"),
            (Some(Kind::Offline), Err(unusable)) => odd(&format!("machine.key: {}", unusable.why)),
            (Some(Kind::Marker), _) => Ok(self.marker(place, name)),
        }
    }

    fn cache(&self, place: &Place, name: &str) -> Looked {
        let Some(user) = cache::user_of(place, name)? else {
            return Ok(None);
        };
        let Some((_, configuration, age)) = cache::of_any(place, &user)? else {
            return Ok(None);
        };
        let wanted = Cache::of(&user, self.config);
        let state = if !wanted.is_on() {
            CacheState::Off
        } else if configuration != wanted.configuration {
            CacheState::OtherConfiguration
        } else if age.is_some_and(|age| age < wanted.limit) {
            CacheState::Fresh
        } else {
            CacheState::TooOld
        };
        Ok(Some(Content::Cache(user, age, state)))
    }

    fn refusals(&self, place: &Place, name: &str) -> Looked {
        let Some(user) = refusals::user_of(place, name)? else {
            return Ok(None);
        };
        let refusals = refusals::read(place, &user)?.into_iter();
        let all = refusals.map(|refusal| {
            let scope = self.scope(&refusal.basis);
            (refusal, scope)
        });
        let all = all.collect();
        Ok(Some(Content::Refusals(user, all)))
    }

    fn offline(&self, place: &Place, name: &str, key: &MachineKey) -> Looked {
        let Some(user) = offline::user_of(place, name, key)? else {
            return Ok(None);
        };
        let Some(kept) = offline::read(place, &user, key)? else {
            return Ok(None);
        };
        let expire = self.config.offline.expire.as_secs();
        let grants = kept.grants.iter().map(|grant| {
            let end = grant.date.saturating_add(expire);
            (self.scope(&grant.basis), grant.date, end)
        });
        let facts = OfflineFacts {
            grants: grants.collect(),
            failures: kept.failures,
            state: self.offline_state(&user, &kept),
        };
        Ok(Some(Content::Offline(user, facts)))
    }

    /// By the gates of every service; that of one service may want more.
    fn offline_state(&self, user: &UserName, kept: &offline::Kept) -> OfflineState {
        let offline = Offline {
            user,
            bases: &&self.other,
            config: self.config,
        };
        if !self.config.offline.credentials {
            return OfflineState::Off;
        }
        if kept.session != offline.session() {
            return OfflineState::OtherConfiguration;
        }
        let gates = offline.grant_of(kept, Stage::Gates);
        match attempts::judge(kept, &[gates], &offline.times()) {
            Ok(()) => OfflineState::Usable,
            Err(Denied::NeverGranted) => OfflineState::OtherConfiguration,
            Err(Denied::Expired(_)) => OfflineState::Expired,
            Err(Denied::ClockBehind(_)) => OfflineState::ClockBehind,
            Err(Denied::TooMany(_)) => OfflineState::Locked,
        }
    }

    fn marker(&self, place: &Place, name: &str) -> Option<Content> {
        if let Some((server, down)) = down::marker(place, name) {
            let counts = down.age < self.config.server.retry_after;
            return Some(Content::Marker(server, down, counts));
        }
        // The server that it was about has just answered.
        let is_gone = matches!(place.read(name, 0), Ok(None));
        let why = "no marker, damaged, or from the future";
        (!is_gone).then(|| Content::Unusable(why.to_owned()))
    }

    fn scope(&self, basis: &str) -> Scope {
        let of_every = [Stage::Account, Stage::Host, Stage::Gates];
        if of_every.iter().any(|stage| self.other.at(*stage) == basis) {
            return Scope::Every;
        }
        let own = self
            .services
            .iter()
            .filter(|(_, bases)| bases.contain(basis));
        let own: Vec<_> = own.map(|(service, _)| service.clone()).collect();
        match own.is_empty() {
            true => Scope::None,
            false => Scope::Services(own),
        }
    }
}
