//! What an answer is an answer to: fingerprints of the parts of the configuration that decide.
//!
//! What is remembered counts while the question is the same. A corrected gate, or another way to find
//! users, is another question; a server more, a time limit or the level of the log is not.

use std::collections::BTreeMap;

use crate::config::{Config, Query};
use crate::login::Stage;
use crate::names::{FlagName, ServiceName};
use crate::store::fingerprint;

/// The fingerprints that a login through one service has, one for each stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bases {
    account: String,
    host: String,
    listed: String,
    gates: String,
    service: String,
}

impl Bases {
    /// Those of this configuration and service.
    #[must_use]
    pub fn of(config: &Config, service: &ServiceName) -> Self {
        let (user, access) = (&config.user, &config.access);
        let account = fingerprint(&format!(
            "{:?} {:?} {:?} {:?}",
            user.lookup, user.name_attribute, user.canonical_name, access.account_state
        ));
        let host = fingerprint(&format!("{account} {:?}", access.host_attribute));
        let listed = match &access.service_attribute {
            Some(attribute) => fingerprint(&format!("{host} {service:?} {attribute:?}")),
            None => host.clone(),
        };
        let query = |query: Option<&Query>| {
            let mut text = String::new();
            if let Some(query) = query {
                write(query, &config.flags, &mut text);
            }
            text
        };
        let gates = fingerprint(&format!(
            "{host} {:?} {} {} {}",
            config.group,
            query(config.flags.get(&FlagName::is_active())),
            query(access.require.as_ref()),
            query(access.deny.as_ref())
        ));
        let own = fingerprint(&format!(
            "{gates} {service:?} {:?} {}",
            access.service_attribute,
            query(config.services.get(service))
        ));
        let has_own = config.services.contains_key(service) || access.service_attribute.is_some();
        Bases {
            // Services without a gate of their own are one.
            service: if has_own { own } else { gates.clone() },
            account,
            host,
            listed,
            gates,
        }
    }

    /// That of what is asked at a stage.
    #[must_use]
    pub fn at(&self, stage: Stage) -> &str {
        match stage {
            Stage::Account => &self.account,
            Stage::Host => &self.host,
            Stage::Listed => &self.listed,
            Stage::Gates => &self.gates,
            Stage::Service => &self.service,
        }
    }

    /// Whether one of the stages has this one.
    #[must_use]
    pub fn contain(&self, basis: &str) -> bool {
        Stage::ALL.iter().any(|stage| self.at(*stage) == basis)
    }
}

/// A query with its flags written out: the name of a flag decides nothing.
fn write(query: &Query, flags: &BTreeMap<FlagName, Query>, text: &mut String) {
    let mut list = |kind: &str, queries: &[Query]| {
        text.push_str(kind);
        for query in queries {
            write(query, flags, text);
        }
        text.push(')');
    };
    match query {
        Query::Group(group) => text.push_str(&format!("{group:?} ")),
        Query::Flag(name) => {
            if let Some(query) = flags.get(name) {
                write(query, flags, text);
            }
        }
        Query::Any(queries) => list("any(", queries),
        Query::All(queries) => list("all(", queries),
        Query::Not(query) => list("not(", std::slice::from_ref(query)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn bases(service: &str, gates: &str, server: &str) -> Bases {
        let text = format!(
            "[server]\nuris = [\"ldap://127.0.0.1\"]\n{server}\n[user]\n\
             search = [{{ base = \"o=x\", scope = \"subtree\", filter = \"(uid={{user}})\" }}]\n{gates}"
        );
        let config = crate::config::parse(&text, Path::new("test.toml")).unwrap();
        Bases::of(&config, &ServiceName::parse(service).unwrap())
    }

    const ACTIVE: &str = "[flags]\nis_active = \"cn=active\"\n";

    #[test]
    fn another_gate_is_another_question_and_the_account_stays_the_same() {
        let old = bases("sshd", ACTIVE, "");
        let new = bases("sshd", "[flags]\nis_active = \"cn=activ\"", "");
        assert_eq!(old.account, new.account);
        assert_ne!(old.gates, new.gates);
        assert!(old.contain(&new.account) && !old.contain(&new.gates));
        for gate in [
            "require = \"cn=x\"",
            "deny = \"cn=x\"",
            "require = { not = \"cn=x\" }",
        ] {
            let more = bases("sshd", &format!("{ACTIVE}[access]\n{gate}"), "");
            assert_ne!(old.gates, more.gates, "{gate}");
        }
    }

    #[test]
    fn what_decides_nothing_changes_nothing() {
        let old = bases("sshd", ACTIVE, "");
        for (gates, server) in [
            (ACTIVE.to_owned(), "retry_after = \"1m\""),
            (format!("{ACTIVE}is_staff = \"cn=staff\""), ""),
            (format!("{ACTIVE}[services.sudo]\nrequire = \"cn=x\""), ""),
            (
                "[flags]\nis_active = \"on\"\non = \"cn=active\"".to_owned(),
                "",
            ),
        ] {
            assert_eq!(old, bases("sshd", &gates, server), "{gates} {server}");
        }
    }

    #[test]
    fn where_entries_list_services_every_service_has_a_question_of_its_own() {
        let gates = format!("{ACTIVE}[access]\nservice_attribute = \"authorizedService\"");
        let (sshd, su) = (bases("sshd", &gates, ""), bases("su", &gates, ""));
        assert_eq!((&sshd.host, &sshd.gates), (&su.host, &su.gates));
        assert!(!sshd.contain(&su.listed) && !sshd.contain(&su.service));
        let gates = format!("{ACTIVE}[access]\nhost_attribute = \"host\"");
        assert_eq!(bases("sshd", &gates, ""), bases("su", &gates, ""));
        assert_ne!(bases("sshd", &gates, "").host, sshd.host);
    }

    #[test]
    fn a_service_with_a_gate_has_a_question_of_its_own() {
        let gates = format!("{ACTIVE}[services.sudo]\nrequire = \"cn=x\"");
        let (sshd, su, sudo) = (
            bases("sshd", &gates, ""),
            bases("su", &gates, ""),
            bases("sudo", &gates, ""),
        );
        assert_eq!(sshd, su);
        assert_eq!(sshd.gates, sudo.gates);
        assert_eq!(sshd.listed, sudo.listed);
        assert!(!sshd.contain(&sudo.service));
        assert!(sudo.contain(&sshd.service));
    }
}
