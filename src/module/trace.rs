//! The steps of a decision, for the level debug: what was asked, what the answer was, how long it took.
//!
//! Nothing here sees a password: [`Traced`] notes none, and what is sent is not looked at.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::account_state::{Attributes, evaluate};
use crate::config::{BindIdentity, Config, UserLookup};
use crate::directory::ldap::LdapDirectory;
use crate::directory::traced::{Event, Step, Traced};
use crate::directory::{Directory, UserBindVerdict};
use crate::log::Log;
use crate::login;
use crate::ordered::sorted_by_key;
use crate::transport::{ConnectionFacts, Tap};

/// Asks the directory of a configuration. At the level debug, each step becomes a line of the log.
pub fn ask<T>(log: &Log, config: &Config, what: impl FnOnce(&mut dyn Directory) -> T) -> T {
    if !log.has_debug() {
        return what(&mut LdapDirectory::new(config));
    }
    let started = Instant::now();
    let connections = Arc::new(Connections::default());
    let mut directory = Traced::new(LdapDirectory::tapped(config, connections.clone()));
    let answer = what(&mut directory);
    let just_bound = directory
        .steps()
        .iter()
        .any(|step| matches!(step.event, Event::Verify(_, Ok(UserBindVerdict::Right(_)))));
    let mut lines = connections.lines();
    for step in directory.steps() {
        let ended = step.started + step.took;
        lines.push((ended, step.to_string()));
        lines.extend(account_state(step, config, just_bound).map(|line| (ended, line)));
    }
    if !lines.is_empty() {
        lines.push((started, lookups(config)));
    }
    for (at, line) in sorted_by_key(lines, |(at, _)| *at) {
        let after = at.saturating_duration_since(started).as_millis();
        log.debug(&format!("{line} after={after}"));
    }
    answer
}

/// How users are looked up.
fn lookups(config: &Config) -> String {
    let as_whom = match &config.bind.as_who {
        BindIdentity::Anonymous => "anonymously".to_owned(),
        BindIdentity::Simple(dn, _) => format!("as {dn}"),
        BindIdentity::External => "by SASL EXTERNAL".to_owned(),
    };
    let places: Vec<String> = match &config.user.lookup {
        UserLookup::Template(_) => vec!["user.dn_template".to_owned()],
        UserLookup::Search(searches) => searches
            .iter()
            .map(|search| {
                let (base, scope) = (&search.base, search.scope);
                format!("{base} {scope:?} {}", search.filter.as_str())
            })
            .collect(),
    };
    format!("lookups {as_whom}; users: {}", places.join("; "))
}

/// What the entry says of the account.
fn account_state(step: &Step, config: &Config, just_bound: bool) -> Option<String> {
    let Event::Find(_, Ok(entries)) = &step.event else {
        return None;
    };
    let [entry] = entries.as_slice() else {
        return None;
    };
    let values = |name: &str| entry.values(name);
    let families = config.access.account_state.as_ref();
    let at = login::circumstances(just_bound);
    let state = evaluate(&Attributes::new(&values), families, &at);
    Some(match state.reason() {
        "" => "account state: fine".to_owned(),
        reason => format!("account state: {reason}"),
    })
}

/// The connections that were made.
#[derive(Default)]
struct Connections(Mutex<Vec<(Instant, String)>>);

impl Connections {
    fn lines(&self) -> Vec<(Instant, String)> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }
}

impl Tap for Connections {
    fn connected(&self, server: &str, facts: ConnectionFacts, _: Duration) {
        let mut line = format!("connected to {server}");
        if let Some(peer) = facts.peer {
            line.push_str(&format!(" at {peer}"));
        }
        match facts.tls {
            Some(tls) => line.push_str(&format!(", {} {}", tls.version, tls.cipher)),
            None => line.push_str(", no TLS"),
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push((Instant::now(), line));
    }

    fn sent(&self, _: &[u8]) {}

    fn received(&self, _: &[u8]) {}
}
