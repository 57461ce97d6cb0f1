//! All that `rsldapctl explain` says, as a value. The names of the fields are those of `--json`.

use std::collections::BTreeMap;
use std::time::Instant;

use pam_rsldap::account_state::{self, Attributes, State, Warning};
use pam_rsldap::config::{AccountState, Config};
use pam_rsldap::directory::traced::{Event, Step};
use pam_rsldap::directory::{Entry, UserBindVerdict, result_name, sub_code};
use pam_rsldap::login::{self, Identity};
use pam_rsldap::module::code::return_code;
use pam_rsldap::names::{ServiceName, UserName};
use pam_rsldap::outcome::{Outcome, Phase};
use pam_rsldap::policy::{self, Exemption};
use pam_rsldap::session;
use serde::Serialize;

use super::gates::{self, Gate};
use super::wire::{Exchange, Request};
use super::{Course, Question, entry, facts};
use crate::connection::{Connection, millis};
use crate::stack::{self, Next};

#[derive(Serialize)]
pub struct Report<'a> {
    pub user: &'a str,
    pub service: &'a str,
    pub password_tried: bool,
    /// Why the name never reaches the directory, or null.
    pub exempt: Option<String>,
    pub local_uid: Option<u32>,
    /// The account that the user is, where the name typed was another spelling or an alias.
    pub canonical: Option<String>,
    pub passed_over: Vec<PassedOver>,
    pub connections: Vec<Connection>,
    pub service_binds: Vec<Bind>,
    pub search: Option<Search>,
    pub bind: Option<UserBind>,
    pub account_state: Vec<Family>,
    /// Why the attributes of access.host_attribute and service_attribute do not let the user in.
    pub not_listed: Vec<String>,
    pub gates: Vec<Gate>,
    pub group_questions: Vec<Asked>,
    pub outcome: &'static str,
    pub reason: String,
    pub cause: Option<&'static str>,
    pub server: Option<String>,
    pub ms: f64,
    pub dn: Option<String>,
    pub flags: Vec<String>,
    pub attributes: BTreeMap<String, String>,
    /// The local groups that a session gets, as far as this host has them.
    pub local_groups: Vec<String>,
    pub auth: Option<String>,
    pub account: Option<String>,
    pub stack: Next,
}

#[derive(Serialize)]
pub struct PassedOver {
    pub server: String,
    pub reason: String,
}

#[derive(Serialize)]
pub struct Bind {
    pub dn: String,
    pub mechanism: String,
    pub result: Option<String>,
    pub diagnostic: String,
    pub ms: Option<f64>,
}

#[derive(Serialize)]
pub struct Search {
    pub searches: Vec<Asked>,
    pub entries: Vec<String>,
    pub name_attribute: String,
    /// Whether one of its values is the login name, byte for byte; null without exactly one entry.
    pub name_matches: Option<bool>,
    pub error: Option<String>,
    pub ms: f64,
}

#[derive(Serialize)]
pub struct Asked {
    pub base: String,
    pub scope: &'static str,
    pub filter: String,
    pub entries: usize,
    pub result: Option<String>,
    pub ms: Option<f64>,
}

#[derive(Serialize)]
pub struct UserBind {
    pub dn: String,
    /// `right`, `wrong`, `locked`…; null if there is none.
    pub verdict: Option<&'static str>,
    pub words: String,
    pub result: Option<String>,
    pub diagnostic: String,
    /// Active Directory's, in hexadecimal.
    pub sub_code: Option<String>,
    pub ms: f64,
}

#[derive(Serialize)]
pub struct Family {
    pub family: &'static str,
    /// `fine`, `must_change`, `password_expired`, `unreadable` or `closed`.
    pub state: &'static str,
    pub reason: String,
}

impl<'a> Report<'a> {
    pub fn new(question: &Question<'a>, config: &Config, course: &Course) -> Report<'a> {
        let decision = &course.decision;
        let identity = decision.identity.as_ref();
        let code = |phase| {
            let code = return_code(phase, decision.outcome, &config.fallback);
            format!("{code:?}")
        };
        let auth = question.password_stdin || decision.outcome != Outcome::Granted;
        let passed_over = course.failures.iter().map(|(server, reason)| PassedOver {
            server: server.clone(),
            reason: reason.clone(),
        });
        let all = course.steps.iter().chain(&course.more);
        Report {
            user: question.user,
            service: question.service,
            password_tried: question.password_stdin,
            exempt: exemption(question, config, course),
            local_uid: course.local_uid,
            canonical: decision.canonical.as_ref().map(ToString::to_string),
            passed_over: passed_over.collect(),
            connections: course.connections.clone(),
            service_binds: service_binds(course),
            search: search(config, course),
            bind: user_bind(course),
            account_state: families(config, course),
            not_listed: not_listed(question, config, course),
            gates: match entry(&course.steps) {
                Some(_) => gates::gates(config, question.service, &facts(all.clone())),
                None => Vec::new(),
            },
            group_questions: group_questions(course),
            outcome: decision.outcome.name(),
            reason: decision.reason.clone(),
            cause: decision.cause.map(|cause| cause.name()),
            server: decision.server.clone(),
            ms: course.ms,
            dn: identity.map(|identity| identity.dn.to_string()),
            flags: identity
                .map(|identity| identity.flags.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            attributes: identity
                .map(|identity| identity.attributes.clone())
                .unwrap_or_default(),
            local_groups: identity
                .map(|identity| local_groups(config, identity))
                .unwrap_or_default(),
            auth: auth.then(|| code(Phase::Auth)),
            account: (decision.outcome != Outcome::BadPassword).then(|| code(Phase::Account)),
            stack: stack::next(question.service, decision.outcome, &config.fallback),
        }
    }
}

fn local_groups(config: &Config, identity: &Identity) -> Vec<String> {
    let wanted = session::groups::wanted(&config.session, &identity.groups);
    wanted.into_iter().map(|group| group.name).collect()
}

fn exemption(question: &Question<'_>, config: &Config, course: &Course) -> Option<String> {
    let name = question.user.as_bytes();
    if policy::is_root(name, course.local_uid) {
        return Some("root never reaches LDAP, whatever the configuration says".to_owned());
    }
    let user = UserName::parse(name).ok()?;
    let why = policy::why_exempt(&user, course.local_uid, &config.user)?;
    Some(match why {
        Exemption::Listed => "user.exempt lists the name".to_owned(),
        Exemption::LowUid => format!(
            "the local account has uid {}, below user.min_uid ({})",
            course.local_uid.unwrap_or_default(),
            config.user.min_uid
        ),
    })
}

/// The exchanges that belong to a step, by their time.
fn within<'a>(step: &'a Step, exchanges: &'a [Exchange]) -> impl Iterator<Item = &'a Exchange> {
    let end: Instant = step.started + step.took;
    exchanges
        .iter()
        .filter(move |exchange| exchange.at >= step.started && exchange.at <= end)
}

fn code_in_words(code: u32) -> String {
    format!("{} ({code})", result_name(code))
}

fn asked(exchange: &Exchange) -> Option<Asked> {
    let Request::Search {
        base,
        scope,
        filter,
    } = &exchange.request
    else {
        return None;
    };
    Some(Asked {
        base: base.clone(),
        scope,
        filter: filter.clone(),
        entries: exchange.entries,
        result: exchange
            .result
            .as_ref()
            .map(|(code, _)| code_in_words(*code)),
        ms: exchange.took.map(millis),
    })
}

fn service_binds(course: &Course) -> Vec<Bind> {
    let steps = course.steps.iter().filter(|step| !is_verify(step));
    let exchanges = steps.flat_map(|step| within(step, &course.exchanges));
    let binds = exchanges.filter_map(|exchange| match &exchange.request {
        Request::Bind { dn, mechanism } => Some(Bind {
            dn: dn.clone(),
            mechanism: mechanism.clone(),
            result: exchange
                .result
                .as_ref()
                .map(|(code, _)| code_in_words(*code)),
            diagnostic: diagnostic(exchange),
            ms: exchange.took.map(millis),
        }),
        _ => None,
    });
    binds.collect()
}

fn is_verify(step: &Step) -> bool {
    matches!(step.event, Event::Verify(..))
}

fn diagnostic(exchange: &Exchange) -> String {
    let result = exchange.result.as_ref();
    result.map(|(_, text)| text.clone()).unwrap_or_default()
}

fn search(config: &Config, course: &Course) -> Option<Search> {
    course.steps.iter().find_map(|step| {
        let Event::Find(user, result) = &step.event else {
            return None;
        };
        let attribute = config.user.name_attribute.as_str();
        let found: &[Entry] = result.as_deref().unwrap_or_default();
        Some(Search {
            searches: within(step, &course.exchanges).filter_map(asked).collect(),
            entries: found.iter().map(|entry| entry.dn.to_string()).collect(),
            name_attribute: attribute.to_owned(),
            name_matches: match found {
                [entry] => Some(policy::is_named(entry.values(attribute), user)),
                _ => None,
            },
            error: result.as_ref().err().map(ToString::to_string),
            ms: millis(step.took),
        })
    })
}

fn user_bind(course: &Course) -> Option<UserBind> {
    course.steps.iter().find_map(|step| {
        let Event::Verify(dn, result) = &step.event else {
            return None;
        };
        let exchange = within(step, &course.exchanges)
            .filter(|exchange| matches!(exchange.request, Request::Bind { .. }))
            .last();
        let diagnostic = exchange.map(diagnostic).unwrap_or_default();
        let sub_code = sub_code(&diagnostic);
        Some(UserBind {
            dn: dn.to_string(),
            verdict: result.as_ref().ok().map(UserBindVerdict::name),
            words: match result {
                Ok(verdict) => bind_in_words(verdict, sub_code),
                Err(error) => error.to_string(),
            },
            result: exchange
                .and_then(|exchange| exchange.result.as_ref())
                .map(|(code, _)| code_in_words(*code)),
            diagnostic,
            sub_code: sub_code.map(|code| format!("{code:x}")),
            ms: millis(step.took),
        })
    })
}

fn bind_in_words(verdict: &UserBindVerdict, sub_code: Option<u32>) -> String {
    let words = match verdict {
        UserBindVerdict::Right(None) => "the password is right".to_owned(),
        UserBindVerdict::Right(Some(warning)) => {
            format!("the password is right; {}", warning_in_words(*warning))
        }
        UserBindVerdict::Wrong => "the password is wrong".to_owned(),
        UserBindVerdict::MustChange => format!(
            "the password is right and must be changed: {}",
            verdict.reason()
        ),
        other => other.reason().to_owned(),
    };
    match sub_code.and_then(sub_code_in_words) {
        Some(more) => format!("{words}; Active Directory says: {more}"),
        None => words,
    }
}

fn warning_in_words(warning: Warning) -> String {
    match warning {
        Warning::ExpiresIn(seconds) => format!("it runs out in {} days", seconds / 86_400),
        Warning::GraceLeft(times) => format!("it has run out and works {times} times more"),
    }
}

/// The sub-codes of a bind that Active Directory refused (MS-ERREF §2.2).
fn sub_code_in_words(code: u32) -> Option<&'static str> {
    Some(match code {
        0x525 => "no such user",
        0x52e => "wrong password",
        0x52f => "the account has restrictions",
        0x530 => "no login at this time (logonHours)",
        0x531 => "no login from this computer (userWorkstations)",
        0x532 => "the password has run out",
        0x533 => "the account is disabled",
        0x701 => "the account has expired",
        0x773 => "the password must be changed first",
        0x775 => "the account is locked out",
        _ => return None,
    })
}

fn families(config: &Config, course: &Course) -> Vec<Family> {
    let Some(entry) = entry(&course.steps) else {
        return Vec::new();
    };
    let just_bound = course.steps.iter().any(|step| {
        matches!(&step.event, Event::Verify(_, Ok(verdict))
            if matches!(verdict, UserBindVerdict::Right(_) | UserBindVerdict::MustChange))
    });
    let values = |name: &str| entry.values(name);
    let states = account_state::by_family(
        &Attributes::new(&values),
        config.access.account_state.as_ref(),
        &login::circumstances(just_bound),
    );
    let family = |(family, state): (AccountState, State)| Family {
        family: match family {
            AccountState::Ppolicy => "ppolicy",
            AccountState::Shadow => "shadow",
            AccountState::ActiveDirectory => "active_directory",
            AccountState::Ds389 => "389ds",
        },
        state: match state {
            State::Fine(_) => "fine",
            State::MustChange(_) => "must_change",
            State::PasswordExpired(_) => "password_expired",
            State::Unreadable(_) => "unreadable",
            State::Closed(..) => "closed",
        },
        reason: match state {
            State::Fine(Some(warning)) => warning_in_words(warning),
            ref state => state.reason().to_owned(),
        },
    };
    states.into_iter().map(family).collect()
}

fn not_listed(question: &Question<'_>, config: &Config, course: &Course) -> Vec<String> {
    let service = ServiceName::of_transaction(question.service.as_bytes());
    let entry = entry(&course.steps);
    let checks = entry.map(|entry| login::listings(config, &service, entry));
    let checks = checks.into_iter().flatten();
    checks.filter_map(Result::err).collect()
}

fn group_questions(course: &Course) -> Vec<Asked> {
    let steps = course.steps.iter().chain(&course.more);
    let steps = steps.filter(|step| matches!(step.event, Event::Ask(..)));
    steps
        .flat_map(|step| within(step, &course.exchanges))
        .filter_map(asked)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_is_told_in_words_with_the_sub_code_of_active_directory() {
        let words = |verdict, code| bind_in_words(&verdict, code);
        let wrong = UserBindVerdict::Wrong;
        assert_eq!(words(wrong, None), "the password is wrong");
        assert_eq!(
            words(wrong, Some(0x525)),
            "the password is wrong; Active Directory says: no such user"
        );
        assert_eq!(words(wrong, Some(0x999)), "the password is wrong");
        let locked = UserBindVerdict::Closed(account_state::Closed::Locked);
        assert_eq!(words(locked, None), "the account is locked");
        let right = |warning| UserBindVerdict::Right(Some(warning));
        assert_eq!(
            words(right(Warning::GraceLeft(2)), None),
            "the password is right; it has run out and works 2 times more"
        );
        assert_eq!(
            words(right(Warning::ExpiresIn(3 * 86_400)), None),
            "the password is right; it runs out in 3 days"
        );
        for code in [0x52e, 0x530, 0x531, 0x532, 0x533, 0x701, 0x773, 0x775] {
            assert!(sub_code_in_words(code).is_some(), "{code:x}");
        }
    }
}
