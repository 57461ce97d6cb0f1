//! Who may log in: `access_provider` and what belongs to it.

use super::{Domain, Schema};
use crate::import::draft::{Draft, Level, Origin};
use crate::import::filter::Filter;
use crate::import::gates;
use crate::import::literal::Literal;
use crate::import::query::Query;

/// The keys that are read here.
pub fn keys(domain: &Domain) -> Vec<&'static str> {
    let mut keys = vec!["access_provider"];
    if domain.is("access_provider", "simple") {
        keys.extend([
            "simple_allow_groups",
            "simple_deny_groups",
            "simple_allow_users",
            "simple_deny_users",
        ]);
    } else if domain.is("access_provider", "ldap") {
        let order = domain.get("ldap_access_order");
        let words = order.map_or(vec!["filter"], |(pair, _)| pair.list());
        keys.push("ldap_access_order");
        keys.extend(words.into_iter().filter_map(|word| match word {
            "filter" => Some("ldap_access_filter"),
            "expire" => Some("ldap_account_expire_policy"),
            "authorized_service" => Some("ldap_user_authorized_service"),
            "host" => Some("ldap_user_authorized_host"),
            _ => None,
        }));
    }
    keys
}

/// A policy with its value, the key that names an attribute for it, and the name that is known here.
const SIGNS: [[&str; 4]; 9] = {
    const EXPIRE: &str = "ldap_account_expire_policy";
    const PASSWORD: &str = "ldap_pwd_policy";
    const LOCK: &str = "ldap_ns_account_lock";
    [
        [EXPIRE, "shadow", "ldap_user_shadow_expire", "shadowExpire"],
        [
            EXPIRE,
            "ad",
            "ldap_user_ad_account_expires",
            "accountExpires",
        ],
        [
            EXPIRE,
            "ad",
            "ldap_user_ad_user_account_control",
            "userAccountControl",
        ],
        [EXPIRE, "rhds", LOCK, "nsAccountLock"],
        [EXPIRE, "ipa", LOCK, "nsAccountLock"],
        [EXPIRE, "389ds", LOCK, "nsAccountLock"],
        [
            PASSWORD,
            "shadow",
            "ldap_user_shadow_last_change",
            "shadowLastChange",
        ],
        [PASSWORD, "shadow", "ldap_user_shadow_max", "shadowMax"],
        [
            PASSWORD,
            "shadow",
            "ldap_user_shadow_inactive",
            "shadowInactive",
        ],
    ]
};

/// Attributes that say there that an account has expired, under names that are not looked at here.
fn renamed_signs(domain: &Domain, draft: &mut Draft, policy: &str) {
    for [of, value, key, name] in SIGNS {
        let own = domain
            .text(key)
            .filter(|(own, _)| !own.eq_ignore_ascii_case(name));
        if let (Some((_, origin)), true) = (own, of == policy && domain.is(of, value)) {
            let text = format!(
                "only {name} is looked at here. Whoever has expired has to leave the group that is_active names"
            );
            draft.about("access.account_state", Level::Todo, &origin, text);
        }
    }
}

pub fn convert(domain: &Domain, draft: &mut Draft) {
    renamed_signs(domain, draft, "ldap_pwd_policy");
    let Some((provider, origin)) = domain.text("access_provider") else {
        return;
    };
    match provider.to_ascii_lowercase().as_str() {
        "simple" => {
            nested(domain, draft);
            simple(domain, draft);
        }
        "ldap" => ldap(domain, draft, &origin),
        "permit" => {}
        "deny" => nobody(draft, &origin, ""),
        _ => gates::unknown(
            draft,
            "access",
            "require",
            &origin,
            "the rules of this access provider are not in the file",
        ),
    }
}

fn simple(domain: &Domain, draft: &mut Draft) {
    if let Some((pair, origin)) = domain.get("simple_allow_groups") {
        let query = named(domain, draft, "flags.is_active", &pair.list(), &origin);
        gates::set(draft, "flags", "is_active", &query, &origin);
    }
    if let Some((pair, origin)) = domain.get("simple_deny_groups") {
        let query = named(domain, draft, "access.deny", &pair.list(), &origin);
        gates::set(draft, "access", "deny", &query, &origin);
        primary_group(draft, &origin);
    }
    if let Some((_, origin)) = domain.text("simple_allow_users") {
        let text = "no equivalent for users by name: make a group of them and name it in is_active";
        let lost = !draft.has("flags.is_active");
        // Whoever is left out is refused, so nothing is open.
        draft.about(
            "flags.is_active",
            if lost { Level::Todo } else { Level::Warning },
            &origin,
            text,
        );
    }
    if let Some((_, origin)) = domain.text("simple_deny_users") {
        let why = "there is no equivalent for users by name: make a group of them and name it here";
        if draft.has("access.deny") {
            draft.about("access.deny", Level::Todo, &origin, why);
        } else {
            gates::unknown(draft, "access", "deny", &origin, why);
        }
    }
}

/// sssd counts the primary group, too, which no list of DNs has.
fn primary_group(draft: &mut Draft, origin: &Origin) {
    let posix = Literal::text("posix_group");
    let ad = Literal::text("active_directory");
    let kind = draft.value("group.type");
    if ![Some(&posix), Some(&ad)].contains(&kind) {
        let text = "there whoever has one of these as primary group is in it, here only who is listed. See that nobody has, or list them";
        draft.about("access.deny", Level::Todo, origin, text);
    }
}

/// sssd finds the groups of a user through member groups as well, where they list DNs.
fn nested(domain: &Domain, draft: &mut Draft) {
    let level = domain.text("ldap_group_nesting_level");
    let off = level.as_ref().is_some_and(|(value, _)| *value == "0");
    if domain.schema == Schema::Rfc2307 || off {
        return;
    }
    let origin = level.map(|(_, origin)| origin).unwrap_or_default();
    draft.set("group", "nested", Literal::Boolean(true), &origin);
    let text = "members of member groups count, as there, but without an end: there is no ldap_group_nesting_level";
    draft.about("group.nested", Level::Warning, &origin, text);
}

/// Groups by their names. Their DNs are a guess, and a wrong one leaves the gate shut.
fn named(domain: &Domain, draft: &mut Draft, key: &str, names: &[&str], origin: &Origin) -> Query {
    let base = domain
        .text("ldap_group_search_base")
        .or_else(|| domain.text("ldap_search_base"));
    let base = base.map_or("", |(base, _)| {
        base.split('?').next().unwrap_or(base).trim()
    });
    let attribute = domain.name_or("ldap_group_name", "cn");
    let wrong = match key {
        "access.deny" => "with a wrong one every login ends as config_error",
        _ => "a wrong one lets nobody in",
    };
    let text = format!(
        "there groups have names, here DNs. These are a guess: directly below {base}. Correct them: {wrong}"
    );
    draft.about(key, Level::Warning, origin, text);
    let group = |name: &&str| Query::Group(format!("{attribute}={},{base}", escaped(name)));
    Query::any(names.iter().map(group).collect())
}

/// RFC 4514 §2.4
fn escaped(name: &str) -> String {
    let special = |c: char| matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '#' | '=');
    name.chars()
        .map(|c| {
            if special(c) {
                format!("\\{c}")
            } else {
                c.to_string()
            }
        })
        .collect()
}

fn ldap(domain: &Domain, draft: &mut Draft, provider: &Origin) {
    let order = domain.get("ldap_access_order");
    let (words, origin) = match &order {
        Some((pair, origin)) => (pair.list(), origin.clone()),
        None => (vec!["filter"], provider.clone()),
    };
    for word in words {
        match word {
            "filter" => filter(domain, draft, &origin),
            "expire" => expire(domain, draft, &origin),
            "authorized_service" => {
                let name = domain.name_or("ldap_user_authorized_service", "authorizedService");
                draft.set("access", "service_attribute", Literal::Text(name), &origin);
            }
            "host" => {
                let name = domain.name_or("ldap_user_authorized_host", "host");
                draft.set("access", "host_attribute", Literal::Text(name), &origin);
            }
            "ppolicy" | "lockout" => {
                let text = "the state of the account is always looked at; see access.account_state";
                draft.remark(Level::Note, &origin, text);
            }
            "rhost" => gates::unknown(
                draft,
                "access",
                "require",
                &origin,
                "rules for remote hosts have no equivalent",
            ),
            word if word.starts_with("pwd_expire_policy") => {
                let text = "an expired password is refused with a key as well";
                draft.remark(Level::Note, &origin, text);
            }
            _ => gates::unknown(
                draft,
                "access",
                "require",
                &origin,
                "there is a rule that is not known here",
            ),
        }
    }
}

/// A rule that lets nobody in.
fn nobody(draft: &mut Draft, origin: &Origin, why: &str) {
    let text = format!("there nobody may log in{why}");
    gates::unknown(draft, "access", "require", origin, &text);
}

fn filter(domain: &Domain, draft: &mut Draft, order: &Origin) {
    let Some((text, origin)) = domain.text("ldap_access_filter") else {
        nobody(draft, order, " without ldap_access_filter");
        return;
    };
    let filter = Filter::read(text);
    match filter.as_ref().and_then(Filter::groups) {
        Some(query) => {
            gates::set(draft, "flags", "is_active", &query, &origin);
            if draft.value("group.type") == Some(&Literal::text("posix_group")) {
                // Groups of names would look empty, and let everybody in below a "not".
                draft.set("group", "type", Literal::text("member_of"), &origin);
            } else {
                let text = "there memberOf of the user is asked, here the group itself";
                draft.about("flags.is_active", Level::Note, &origin, text);
            }
            if let Some(filter) = &filter {
                gates::members_of(draft, filter, &origin);
            }
        }
        None => {
            let why = "a filter that asks for more than memberOf has no equivalent";
            gates::unknown(draft, "access", "require", &origin, why);
        }
    }
}

fn expire(domain: &Domain, draft: &mut Draft, order: &Origin) {
    renamed_signs(domain, draft, "ldap_account_expire_policy");
    let Some((policy, origin)) = domain.text("ldap_account_expire_policy") else {
        nobody(
            draft,
            order,
            " by expire without ldap_account_expire_policy",
        );
        return;
    };
    let known =
        ["shadow", "ad", "rhds", "ipa", "389ds"].contains(&policy.to_ascii_lowercase().as_str());
    if known {
        draft.remark(
            Level::Note,
            &origin,
            "the state of the account is always looked at; see access.account_state",
        );
    } else {
        let text = "no equivalent: this directory's signs of an expired account are not known here. Whoever has expired has to leave the group that is_active names";
        draft.about("access.account_state", Level::Todo, &origin, text);
    }
}
