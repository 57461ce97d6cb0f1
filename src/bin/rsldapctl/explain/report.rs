//! All that `rsldapctl explain` says, as a value. The names of the fields are those of `--json`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use pam_rsldap::account_state::{self, Attributes, State};
use pam_rsldap::config::{AccountState, Config, GroupSchema};
use pam_rsldap::directory::traced::{Event, Step};
use pam_rsldap::directory::{Entry, UserBindVerdict, result_name};
use pam_rsldap::login::{self, Identity};
use pam_rsldap::names::{ServiceName, UserName};
use pam_rsldap::policy::{self, Exemption};
use pam_rsldap::session;
use pam_rsldap::transport::Failure;
use serde::Serialize;

use super::bind::{UserBind, user_bind, warning_in_words};
use super::conclusion::Conclusion;
use super::gates::{self, Gate};
use super::remembered::{self, Remembered};
use super::wire::{Exchange, Request};
use super::{Connected, Course, Question, entry, facts};
use crate::connection::millis;
use crate::stack::{self, Next};

#[derive(Serialize)]
pub struct Report<'a> {
    pub user: &'a str,
    pub service: &'a str,
    /// The answer in a line.
    pub conclusion: String,
    /// What else may keep the user out, or let the user in.
    pub warnings: Vec<String>,
    pub password_tried: bool,
    /// Why the name never reaches the directory, or null.
    pub exempt: Option<String>,
    pub local_uid: Option<u32>,
    /// The account that the user is, where the name typed was another spelling or an alias.
    pub canonical: Option<String>,
    pub passed_over: Vec<PassedOver>,
    pub connections: Vec<Connected>,
    pub service_binds: Vec<Bind>,
    pub search: Option<Search>,
    pub bind: Option<UserBind>,
    /// It came before the search: `user.dn_template`.
    #[serde(skip)]
    pub bind_first: bool,
    pub account_state: Vec<Family>,
    /// Why the attributes of access.host_attribute and service_attribute do not let the user in.
    pub not_listed: Vec<String>,
    /// How many of these attributes let the user in.
    #[serde(skip)]
    pub listed: usize,
    pub gates: Vec<Gate>,
    pub group_questions: Vec<Asked>,
    /// With the password, groups are asked as the user.
    #[serde(skip)]
    pub as_user: bool,
    /// What the entry says of its groups, where that is asked (`group.type`).
    #[serde(skip)]
    pub member_of: Option<Vec<String>>,
    /// Null: this process may not look, or there is nothing to remember.
    pub remembered: Option<Remembered>,
    pub outcome: &'static str,
    pub reason: String,
    pub cause: Option<&'static str>,
    pub server: Option<String>,
    pub ms: f64,
    #[serde(flatten)]
    pub granted: Granted,
    pub auth: Option<String>,
    pub account: Option<String>,
    pub stack: Next,
}

/// What a session gets.
#[derive(Default, Serialize)]
pub struct Granted {
    pub dn: Option<String>,
    pub flags: Vec<String>,
    pub attributes: BTreeMap<String, String>,
    /// As far as this host has them.
    pub local_groups: Vec<String>,
}

#[derive(Serialize)]
pub struct PassedOver {
    pub server: String,
    pub reason: String,
    /// Null: it had been reached.
    pub ms: Option<f64>,
}

#[derive(Serialize)]
pub struct Bind {
    /// Behind the user's bind.
    #[serde(skip)]
    pub is_second: bool,
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
    /// Its values, if there is exactly one entry.
    pub names: Vec<String>,
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
pub struct Family {
    pub family: &'static str,
    /// `fine`, `must_change`, `password_expired`, `unreadable` or `closed`.
    pub state: &'static str,
    pub reason: String,
}

impl<'a> Report<'a> {
    pub fn new(
        path: &Path,
        question: &Question<'a>,
        config: &Config,
        course: &Course,
    ) -> Report<'a> {
        let report = Report::without_conclusion(question, config, course);
        let concluded = Conclusion {
            report: &report,
            outcome: course.decision.outcome,
            path,
        };
        let (conclusion, warnings) = (concluded.line(), concluded.warnings());
        Report {
            conclusion,
            warnings,
            ..report
        }
    }

    fn without_conclusion(question: &Question<'a>, config: &Config, course: &Course) -> Report<'a> {
        let decision = &course.decision;
        let exempt = exemption(question, config, course);
        let remembered = remembered(question, config, course).filter(|_| exempt.is_none());
        let (auth, account) =
            remembered::codes(question, config, decision.outcome, remembered.as_ref());
        let ends = remembered::end(decision.outcome, remembered.as_ref());
        let is_root = policy::is_root(question.user.as_bytes(), course.local_uid);
        let stack = stack::next(question.service, (ends, is_root), &config.fallback);
        let all = course.steps.iter().chain(&course.more);
        let gates = match entry(&course.steps) {
            Some(_) => gates::gates(config, question.service, &facts(all)),
            None => Vec::new(),
        };
        let (listed, not_listed) = listed(question, config, course);
        Report {
            conclusion: String::new(),
            warnings: Vec::new(),
            user: question.user,
            service: question.service,
            password_tried: question.password_stdin,
            exempt,
            local_uid: course.local_uid,
            canonical: decision.canonical.as_ref().map(ToString::to_string),
            passed_over: course.failures.iter().map(PassedOver::new).collect(),
            connections: course.connections.clone(),
            service_binds: service_binds(course),
            search: search(config, course),
            bind: user_bind(course),
            bind_first: course.steps.first().is_some_and(is_verify),
            account_state: families(config, course),
            not_listed,
            listed,
            gates,
            group_questions: group_questions(course),
            as_user: config.bind.as_user,
            member_of: member_of(config, course),
            remembered,
            outcome: decision.outcome.name(),
            reason: decision.reason.clone(),
            cause: decision.cause.map(|cause| cause.name()),
            server: decision.server.clone(),
            ms: course.ms,
            granted: Granted::new(config, decision.identity.as_ref()),
            auth,
            account,
            stack,
        }
    }
}

impl Granted {
    fn new(config: &Config, identity: Option<&Identity>) -> Granted {
        let Some(identity) = identity else {
            return Granted::default();
        };
        let wanted = session::groups::wanted(&config.session, &identity.groups);
        Granted {
            dn: Some(identity.dn.to_string()),
            flags: identity.flags.iter().map(ToString::to_string).collect(),
            attributes: identity.attributes.clone(),
            local_groups: wanted.into_iter().map(|group| group.name).collect(),
        }
    }
}

impl PassedOver {
    fn new(failure: &Failure) -> PassedOver {
        PassedOver {
            server: failure.server.clone(),
            reason: failure.why.clone(),
            ms: failure.took.map(millis),
        }
    }
}

fn remembered(question: &Question<'_>, config: &Config, course: &Course) -> Option<Remembered> {
    let typed = UserName::parse(question.user.as_bytes()).ok();
    let user = course.decision.canonical.clone().or(typed)?;
    remembered::of(config, &user, question.service)
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
pub fn within<'a>(step: &'a Step, exchanges: &'a [Exchange]) -> impl Iterator<Item = &'a Exchange> {
    let end: Instant = step.started + step.took;
    exchanges
        .iter()
        .filter(move |exchange| exchange.at >= step.started && exchange.at <= end)
}

pub fn code_in_words(code: u32) -> String {
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
    let of_user = course.steps.iter().position(is_verify);
    let steps = course.steps.iter().enumerate();
    let steps = steps.filter(|(_, step)| !is_verify(step));
    let exchanges = steps.flat_map(|(at, step)| {
        let exchanges = within(step, &course.exchanges);
        exchanges.map(move |exchange| (of_user.is_some_and(|bind| at > bind), exchange))
    });
    let binds = exchanges.filter_map(|(is_second, exchange)| match &exchange.request {
        Request::Bind { dn, mechanism } => Some(Bind {
            is_second,
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

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn is_verify(step: &Step) -> bool {
    matches!(step.event, Event::Verify(..))
}

pub fn diagnostic(exchange: &Exchange) -> String {
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
            names: match found {
                [entry] => entry
                    .values(attribute)
                    .iter()
                    .map(|name| text(name))
                    .collect(),
                _ => Vec::new(),
            },
            name_matches: match found {
                [entry] => Some(policy::is_named(entry.values(attribute), user)),
                _ => None,
            },
            error: result.as_ref().err().map(ToString::to_string),
            ms: millis(step.took),
        })
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

/// How many of access.host_attribute and service_attribute let the user in, and why others do not.
fn listed(question: &Question<'_>, config: &Config, course: &Course) -> (usize, Vec<String>) {
    let service = ServiceName::of_transaction(question.service.as_bytes());
    let entry = entry(&course.steps);
    let checks = entry.map(|entry| login::listings(config, &service, entry));
    let checks = checks.unwrap_or_default();
    let all = checks.len();
    let not_listed: Vec<String> = checks.into_iter().filter_map(Result::err).collect();
    (all - not_listed.len(), not_listed)
}

fn member_of(config: &Config, course: &Course) -> Option<Vec<String>> {
    let entry = entry(&course.steps).filter(|_| config.group.schema == GroupSchema::MemberOf)?;
    let values = entry.values("memberOf");
    Some(values.iter().map(|value| text(value)).collect())
}

fn group_questions(course: &Course) -> Vec<Asked> {
    let steps = course.steps.iter().chain(&course.more);
    let steps = steps.filter(|step| matches!(step.event, Event::Ask(..)));
    steps
        .flat_map(|step| within(step, &course.exchanges))
        .filter_map(asked)
        .collect()
}
