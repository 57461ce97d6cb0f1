//! `rsldapctl cache list`.

use std::fs;
use std::io;
use std::path::Path;

use pam_rsldap::config;
use pam_rsldap::memory::date::date;
use pam_rsldap::memory::inspect::{
    self, CacheState, Content, Item, OfflineFacts, OfflineState, Scope,
};
use pam_rsldap::names::{ServiceName, UserName};
use pam_rsldap::store::down::Down;
use pam_rsldap::store::fingerprint;
use pam_rsldap::store::refusals::Refusal;
use serde::Serialize;

use crate::Answer;
use crate::screen::{print_failure, print_json, table};

/// All of it. The names of the fields are those of `--json`.
#[derive(Default, Serialize)]
struct Report {
    caches: Vec<Cache>,
    refusals: Vec<LastRefusal>,
    offline: Vec<Offline>,
    markers: Vec<Marker>,
    unusable: Vec<Unusable>,
}

#[derive(Serialize)]
struct Cache {
    user: String,
    file: String,
    /// Null: of another boot.
    age_s: Option<u64>,
    state: &'static str,
}

#[derive(Serialize)]
struct LastRefusal {
    user: String,
    file: String,
    outcome: &'static str,
    reason: String,
    /// In seconds since 1970, as are those below.
    date: u64,
    #[serde(flatten)]
    services: Services,
}

#[derive(Serialize)]
struct Offline {
    user: String,
    file: String,
    grants: Vec<Grant>,
    failures: u64,
    state: &'static str,
}

#[derive(Serialize)]
struct Grant {
    date: u64,
    expires: u64,
    #[serde(flatten)]
    services: Services,
}

/// What an answer is for. Neither: another configuration asked for it.
#[derive(Serialize)]
struct Services {
    every_service: bool,
    services: Vec<String>,
}

#[derive(Serialize)]
struct Marker {
    server: String,
    file: String,
    age_s: u64,
    cause: &'static str,
    detail: String,
    counts: bool,
}

#[derive(Serialize)]
struct Unusable {
    file: String,
    problem: String,
}

/// Looks, changes nothing, and prints.
pub fn run(path: &Path, user: Option<&UserName>, json: bool) -> Answer {
    let config = match config::load(path) {
        Ok(config) => config,
        Err(error) => {
            print_failure(&error.to_string(), json);
            return Answer::Misconfigured;
        }
    };
    let mut report = Report::default();
    for item in inspect::list(&config, &services()) {
        if user.is_none_or(|user| is_about(&item, user)) {
            report.add(item);
        }
    }
    let rows = report.rows();
    if json {
        print_json(&report);
    } else {
        let nothing = match user {
            Some(user) => format!("nothing is remembered of {user}"),
            None => "nothing is remembered".to_owned(),
        };
        let text = match rows.is_empty() {
            true => table(&[vec![nothing]]),
            false => table(&rows),
        };
        crate::screen::print(&text);
    }
    match (user, rows.is_empty()) {
        (Some(_), true) => Answer::Negative,
        _ => Answer::Good,
    }
}

/// Those of this host.
fn services() -> Vec<ServiceName> {
    let Ok(files) = fs::read_dir("/etc/pam.d") else {
        return Vec::new();
    };
    let name = |file: io::Result<fs::DirEntry>| {
        let name = file.ok()?.file_name();
        ServiceName::parse(name.to_str()?)
    };
    files.filter_map(name).collect()
}

/// A damaged file is about whom it is named after.
fn is_about(item: &Item, user: &UserName) -> bool {
    match &item.content {
        Content::Cache(owner, ..) | Content::Refusals(owner, _) | Content::Offline(owner, _) => {
            owner == user
        }
        Content::Marker(..) => false,
        Content::Unusable(_) => {
            item.kind.is_some() && item.path.contains(&fingerprint(user.as_str()))
        }
    }
}

impl Report {
    fn add(&mut self, item: Item) {
        let file = item.path;
        match item.content {
            Content::Cache(user, age, state) => self.caches.push(Cache {
                user: user.to_string(),
                file,
                age_s: age.map(|age| age.as_secs()),
                state: cache_word(state),
            }),
            Content::Refusals(user, refusals) => {
                for (refusal, scope) in refusals {
                    self.refusals
                        .push(LastRefusal::new(&user, &file, refusal, scope));
                }
            }
            Content::Offline(user, facts) => self.offline.push(Offline::new(&user, file, facts)),
            Content::Marker(server, down, counts) => {
                let Down { cause, detail, age } = down;
                self.markers.push(Marker {
                    server,
                    file,
                    age_s: age.as_secs(),
                    cause: cause.name(),
                    detail,
                    counts,
                });
            }
            Content::Unusable(problem) => self.unusable.push(Unusable { file, problem }),
        }
    }

    /// For people: kind, whom it is about, when, and the rest.
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |kind: &str, whom: &str, when: String, rest: String| {
            vec![kind.to_owned(), whom.to_owned(), when, rest]
        };
        let caches = self.caches.iter().map(|cache| {
            let when = cache.age_s.map_or_else(|| "another boot".to_owned(), ago);
            row("cache", &cache.user, when, cache.state.replace('_', " "))
        });
        let refusals = self.refusals.iter().map(|refusal| {
            let (outcome, services) = (refusal.outcome, refusal.services.words());
            let rest = format!("{outcome} for {services}: {}", refusal.reason);
            row("refusal", &refusal.user, date(refusal.date), rest)
        });
        let offline = self.offline.iter().map(|login| {
            let last = login.grants.iter().map(|grant| grant.date).max();
            let when = last.map_or_else(|| "-".to_owned(), date);
            row("offline", &login.user, when, login.words())
        });
        let markers = self.markers.iter().map(|marker| {
            let rest = match marker.counts {
                true => format!("down: {}", marker.detail),
                false => format!("was down: {}; logins try it again", marker.detail),
            };
            row("marker", &marker.server, ago(marker.age_s), rest)
        });
        let unusable = self
            .unusable
            .iter()
            .map(|odd| row("unusable", &odd.file, "-".to_owned(), odd.problem.clone()));
        caches
            .chain(refusals)
            .chain(offline)
            .chain(markers)
            .chain(unusable)
            .collect()
    }
}

impl LastRefusal {
    fn new(user: &UserName, file: &str, refusal: Refusal, scope: Scope) -> Self {
        LastRefusal {
            user: user.to_string(),
            file: file.to_owned(),
            outcome: refusal.outcome.name(),
            reason: refusal.reason,
            date: refusal.date,
            services: Services::new(scope),
        }
    }
}

impl Offline {
    fn new(user: &UserName, file: String, facts: OfflineFacts) -> Self {
        let grants = facts.grants.into_iter();
        let grants = grants.map(|(scope, date, expires)| Grant {
            date,
            expires,
            services: Services::new(scope),
        });
        Offline {
            user: user.to_string(),
            file,
            grants: grants.collect(),
            failures: facts.failures,
            state: offline_word(facts.state),
        }
    }

    fn words(&self) -> String {
        let mut words = vec![self.state.replace('_', " ")];
        words.extend(self.grants.iter().map(|grant| {
            let services = grant.services.words();
            format!("{services} until {}", date(grant.expires))
        }));
        words.push(match self.failures {
            1 => "1 wrong password".to_owned(),
            failures => format!("{failures} wrong passwords"),
        });
        words.join("; ")
    }
}

impl Services {
    fn new(scope: Scope) -> Self {
        let names = match &scope {
            Scope::Services(names) => names.iter().map(|name| name.as_str().to_owned()).collect(),
            Scope::Every | Scope::None => Vec::new(),
        };
        Services {
            every_service: scope == Scope::Every,
            services: names,
        }
    }

    fn words(&self) -> String {
        match (self.every_service, self.services.is_empty()) {
            (true, _) => "every service".to_owned(),
            (false, false) => self.services.join(", "),
            (false, true) => "another configuration".to_owned(),
        }
    }
}

fn ago(seconds: u64) -> String {
    format!("{seconds} s ago")
}

fn cache_word(state: CacheState) -> &'static str {
    match state {
        CacheState::Fresh => "fresh",
        CacheState::TooOld => "too_old",
        CacheState::OtherConfiguration => "other_configuration",
        CacheState::Off => "off",
    }
}

fn offline_word(state: OfflineState) -> &'static str {
    match state {
        OfflineState::Usable => "usable",
        OfflineState::Expired => "expired",
        OfflineState::ClockBehind => "clock_behind",
        OfflineState::Locked => "locked",
        OfflineState::OtherConfiguration => "other_configuration",
        OfflineState::Off => "off",
    }
}
