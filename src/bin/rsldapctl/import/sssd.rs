//! sssd.conf(5): one domain of the LDAP provider.

mod access;
mod domain;
mod ini;
mod others;

use std::collections::HashMap;

use super::Wishes;
use super::draft::{Draft, Level, Origin};
use super::gates;
use super::keywords::other;
use super::literal::Literal;
use ini::{Pair, Section};

/// The domain that is imported, with the keys that were asked for.
pub struct Domain {
    section: Section,
    schema: Schema,
}

/// `ldap_schema`: which names attributes and classes have unless another key says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    Rfc2307,
    Rfc2307bis,
    Ipa,
    ActiveDirectory,
}

impl Domain {
    fn get(&self, key: &str) -> Option<(&Pair, Origin)> {
        let pair = self.section.get(key)?;
        Some((pair, Origin::new(pair.line, key)))
    }

    fn text(&self, key: &str) -> Option<(&str, Origin)> {
        self.get(key)
            .map(|(pair, origin)| (pair.value.as_str(), origin))
    }

    /// A key that names an attribute or class, or what it is in this schema.
    fn name_or(&self, key: &str, default: &str) -> String {
        self.text(key).map_or(default, |(name, _)| name).to_owned()
    }

    fn is(&self, key: &str, word: &str) -> bool {
        self.text(key)
            .is_some_and(|(value, _)| value.eq_ignore_ascii_case(word))
    }
}

/// Writes what the file says.
///
/// # Errors
/// No domain that can be imported.
pub fn convert(text: &str, wishes: &Wishes<'_>, draft: &mut Draft) -> Result<(), String> {
    let (sections, unreadable) = ini::read(text);
    for line in unreadable {
        let origin = Origin {
            line: Some(line),
            setting: None,
        };
        draft.remark(
            Level::Warning,
            &origin,
            "neither a section nor key = value; this line is left out",
        );
    }
    let section = choose(&sections, wishes, draft)?;
    let schema = match section
        .get("ldap_schema")
        .map(|pair| pair.value.to_ascii_lowercase())
        .as_deref()
    {
        Some("rfc2307bis") => Schema::Rfc2307bis,
        Some("ipa") => Schema::Ipa,
        Some("ad") => Schema::ActiveDirectory,
        _ => Schema::Rfc2307,
    };
    let domain = Domain { section, schema };
    domain::convert(&domain, draft);
    access::convert(&domain, draft);
    let otherwise = if domain.is("access_provider", "deny") {
        "there nobody may log in"
    } else {
        "there everybody whom the directory has may log in"
    };
    gates::is_active(draft, wishes, otherwise);
    beside(&sections, &domain, draft);
    rest(&domain, draft);
    Ok(())
}

fn is_ldap(section: &Section) -> bool {
    let provider = section
        .get("auth_provider")
        .or_else(|| section.get("id_provider"));
    provider.is_some_and(|pair| pair.value.eq_ignore_ascii_case("ldap"))
}

/// The domain that was asked for, or the first that is active and of the LDAP provider.
fn choose(sections: &[Section], wishes: &Wishes<'_>, draft: &mut Draft) -> Result<Section, String> {
    let titles: HashMap<String, &Section> = sections
        .iter()
        .map(|section| (section.name.to_ascii_lowercase(), section))
        .collect();
    let find = |name: &str| {
        let title = format!("domain/{name}").to_ascii_lowercase();
        titles.get(&title).copied()
    };
    if let Some(name) = wishes.domain {
        let section =
            find(name).ok_or_else(|| format!("there is no [domain/{name}] in the file"))?;
        return if is_ldap(section) {
            Ok(section.clone())
        } else {
            Err(format!(
                "[domain/{name}] is not of the LDAP provider; {NOT_LDAP}"
            ))
        };
    }
    let sssd = sections.iter().find(|section| section.name == "sssd");
    let active: Vec<String> = sssd
        .and_then(|section| section.get("domains"))
        .map(|pair| pair.list().into_iter().map(str::to_owned).collect())
        .unwrap_or_default();
    let all = sections
        .iter()
        .filter_map(|section| section.name.strip_prefix("domain/"))
        .map(str::to_owned);
    let mut names = if active.is_empty() {
        all.collect()
    } else {
        active
    };
    names.retain(|name| find(name).is_some_and(is_ldap));
    let Some(first) = names.first() else {
        return Err(format!(
            "no active domain of the LDAP provider in the file; {NOT_LDAP}"
        ));
    };
    if names.len() > 1 {
        let text = format!(
            "the first domain was taken; --domain takes another: {}",
            names.join(", ")
        );
        draft.remark(Level::Warning, &Origin::default(), text);
    }
    find(first).cloned().ok_or_else(|| NOT_LDAP.to_owned())
}

const NOT_LDAP: &str = "for ad and ipa start from the shipped example for Active Directory";

/// Keys of other sections that count here.
fn beside(sections: &[Section], domain: &Domain, draft: &mut Draft) {
    let section = |name: &str| sections.iter().find(|section| section.name == name);
    let own = domain.section.get("filter_users");
    let filtered = own.or_else(|| section("nss").and_then(|nss| nss.get("filter_users")));
    if let Some(pair) = filtered {
        let names = pair.list().into_iter().map(str::to_owned);
        draft.set(
            "user",
            "exempt",
            Literal::texts(names),
            &Origin::new(pair.line, "filter_users"),
        );
    }
    let offline = domain
        .section
        .get("cache_credentials")
        .filter(|pair| pair.is_true());
    if let Some(pair) = offline {
        let origin = Origin::new(pair.line, "cache_credentials");
        draft.set("offline", "credentials", Literal::Boolean(true), &origin);
        let days = section("pam").and_then(|pam| pam.get("offline_credentials_expiration"));
        match days.and_then(|pair| Some((pair, pair.seconds()?))) {
            Some((pair, days)) => {
                let origin = Origin::new(pair.line, "offline_credentials_expiration");
                draft.set(
                    "offline",
                    "expire",
                    Literal::Text(format!("{days}d")),
                    &origin,
                );
            }
            None => {
                let text = "there a remembered password never expires; here it does after seven days (offline.expire)";
                draft.about("offline.credentials", Level::Warning, &origin, text);
            }
        }
    }
    let chosen = format!(
        "domain/{}",
        domain.section.name.trim_start_matches("domain/")
    );
    other_sections(sections, &chosen, draft);
}

/// A note for each other section, with the keys that are left out.
fn other_sections(sections: &[Section], chosen: &str, draft: &mut Draft) {
    for section in sections.iter().filter(|section| section.name != chosen) {
        // What is above, and the names of what there is.
        let carried: &[&str] = match section.name.as_str() {
            "sssd" => &["domains", "services", "config_file_version"],
            "nss" => &["filter_users"],
            "pam" => &["offline_credentials_expiration"],
            _ => &[],
        };
        let left: Vec<&Pair> = section
            .pairs
            .iter()
            .filter(|pair| !carried.contains(&pair.key.as_str()))
            .collect();
        let Some(first) = left.first() else { continue };
        let origin = Origin::new(first.line, format!("[{}]", section.name));
        let text = if carried.is_empty() {
            "of no meaning here; this section is left out".to_owned()
        } else {
            let keys: Vec<&str> = left.iter().map(|pair| shown(&pair.key)).collect();
            format!("no equivalent: {}", keys.join(", "))
        };
        draft.remark(Level::Note, &origin, text);
    }
}

/// A key, if it is a word: what is none may be a part of something that is not to be shown.
fn shown(key: &str) -> &str {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if key.bytes().all(is_word) {
        key
    } else {
        "a key"
    }
}

fn rest(domain: &Domain, draft: &mut Draft) {
    let of_access = access::keys(domain);
    for pair in &domain.section.pairs {
        let key = pair.key.as_str();
        let carried = domain::KEYS.contains(&key) || of_access.contains(&key);
        if !carried {
            let origin = Origin::new(pair.line, shown(&pair.key));
            other(draft, &[others::OTHERS], &pair.key, &origin);
        }
    }
}
