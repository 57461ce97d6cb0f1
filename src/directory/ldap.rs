//! The directory over LDAP, through ldap3.
//!
//! One connection serves a whole login: service bind, search, the user's bind, service bind again,
//! group questions. Searches travel together; a bind travels alone (RFC 4511 §4.2.1). Every wait ends at `server.deadline`, counted from the first question.

use futures_util::future::try_join_all;
use ldap3::SearchOptions;
use ldap3::controls::RawControl;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::entry::read_entry;
use super::groups;
use super::ppolicy::{PASSWORD_POLICY, PolicyControls};
use super::result_code::{self, Operation, Reading};
use super::session::{BoundAs, Session, host_trouble, unavailable};
use super::{Cause, Directory, DirectoryError, Entry, Unavailable, UserBindVerdict};
use crate::account_state::counts;
use crate::config::{
    AccountState, BindIdentity, BindSecret, Config, GroupSchema, Scope, UserLookup, read_secret,
};
use crate::names::{Dn, UserName};
use crate::policy::{Answer, Proof, Question};
use crate::secret::Password;
use crate::template::Filter;
use crate::transport::{NoServer, Servers, Trouble};

/// How often the user's password goes out at most: to one server, and to one more if that one dies in
/// the middle. Each may count a wrong one.
const MAX_PASSWORDS: u8 = 2;

/// The attribute selector for "none" (RFC 4511 §4.5.1.8).
const NO_ATTRIBUTES: &[&str] = &["1.1"];

/// The directory of a configuration. Nothing is opened before the first question.
pub struct LdapDirectory<'a> {
    runtime: Option<Runtime>,
    client: Client<'a>,
}

impl<'a> LdapDirectory<'a> {
    /// A directory that has not been asked anything yet.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        LdapDirectory {
            runtime: None,
            client: Client {
                config,
                servers: Servers::new(config),
                limit: None,
                session: None,
                passwords_sent: 0,
            },
        }
    }
}

/// The runtime of this call, made when it is first needed. It has one thread: the caller's.
fn started(runtime: &mut Option<Runtime>) -> Result<&Runtime, DirectoryError> {
    match runtime {
        Some(runtime) => Ok(runtime),
        None => {
            let mut builder = Builder::new_current_thread();
            let made = builder.enable_io().enable_time().build();
            let made = made.map_err(|error| host_trouble("an event queue", &error))?;
            Ok(runtime.insert(made))
        }
    }
}

impl Directory for LdapDirectory<'_> {
    fn find(&mut self, user: &UserName) -> Result<Vec<Entry>, DirectoryError> {
        started(&mut self.runtime)?.block_on(self.client.find(user))
    }

    fn verify(&mut self, dn: &Dn, password: &Password) -> Result<UserBindVerdict, DirectoryError> {
        started(&mut self.runtime)?.block_on(self.client.verify(dn, password))
    }

    fn ask(
        &mut self,
        user: &UserName,
        entry: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        started(&mut self.runtime)?.block_on(self.client.ask(user, entry, questions))
    }

    fn server(&self) -> Option<String> {
        self.client
            .session
            .as_ref()
            .map(|session| session.server.clone())
    }

    fn passed_over(&self) -> String {
        self.client.servers.failures()
    }
}

impl Drop for LdapDirectory<'_> {
    /// Says good-bye (RFC 4511 §4.3), so that the server need not find out by itself.
    fn drop(&mut self) {
        if let (Some(runtime), Some(session)) = (&self.runtime, self.client.session.take()) {
            runtime.block_on(session.close());
        }
    }
}

struct Client<'a> {
    config: &'a Config,
    servers: Servers<'a>,
    /// `server.deadline`, once the clock runs.
    limit: Option<Instant>,
    session: Option<Session>,
    /// How often the user's password has gone out.
    passwords_sent: u8,
}

impl Client<'_> {
    async fn find(&mut self, user: &UserName) -> Result<Vec<Entry>, DirectoryError> {
        loop {
            match self.find_at_one_server(user).await {
                Err(error) => self.go_on_after(error, self.lookups_may_move())?,
                found => return found,
            }
        }
    }

    /// The password goes to one server. Only if that one dies before it has said anything does it go
    /// to one more.
    async fn verify(
        &mut self,
        dn: &Dn,
        password: &Password,
    ) -> Result<UserBindVerdict, DirectoryError> {
        loop {
            match self.verify_at_one_server(dn, password).await {
                Err(error) => {
                    let died = matches!(&error,
                        DirectoryError::Unavailable(trouble) if trouble.cause.is_down());
                    self.go_on_after(error, died && self.passwords_sent < MAX_PASSWORDS)?;
                }
                verdict => return verdict,
            }
        }
    }

    async fn ask(
        &mut self,
        user: &UserName,
        entry: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        loop {
            match self.ask_one_server(user, entry, questions).await {
                Err(error) => self.go_on_after(error, self.lookups_may_move())?,
                answers => return answers,
            }
        }
    }

    /// Lookups as the user who has bound stay where that bind was.
    fn lookups_may_move(&self) -> bool {
        !(self.config.bind.as_user && self.passwords_sent > 0)
    }

    /// Leaves a server that has failed, so that the same can be asked of the next one.
    ///
    /// # Errors
    /// The same error, if there is no next server, no time, or it may not be asked.
    fn go_on_after(&mut self, error: DirectoryError, may_move: bool) -> Result<(), DirectoryError> {
        let DirectoryError::Unavailable(trouble) = error else {
            return Err(error);
        };
        // Without a connection all servers have been tried already.
        let Some(session) = self.session.take() else {
            return Err(DirectoryError::Unavailable(trouble));
        };
        self.servers.note(&session.server, &trouble.detail);
        let in_time = self.limit.is_none_or(|limit| Instant::now() < limit);
        if may_move && in_time && self.servers.has_more() {
            return Ok(());
        }
        Err(DirectoryError::Unavailable(Unavailable {
            detail: self.servers.failures(),
            ..trouble
        }))
    }

    async fn find_at_one_server(&mut self, user: &UserName) -> Result<Vec<Entry>, DirectoryError> {
        let wanted = groups::wanted_attributes(self.config);
        let limit = self.operation_limit();
        // Active Directory adds the same references to every search from the top of a domain.
        let references_count = self.config.group.schema != GroupSchema::ActiveDirectory;
        let searches = match &self.config.user.lookup {
            UserLookup::Template(template) => match template.expand(user) {
                None => return Ok(Vec::new()),
                Some(dn) => vec![Search {
                    base: dn,
                    scope: Scope::Base,
                    filter: Filter::any(),
                    operation: Operation::UserRead,
                }],
            },
            UserLookup::Search(searches) => searches
                .iter()
                .map(|search| Search {
                    base: search.base.clone(),
                    scope: search.scope,
                    filter: search.filter.expand(user),
                    operation: Operation::UserSearch,
                })
                .collect(),
        };
        let session = self.as_service().await?;
        let searching = searches
            .iter()
            .map(|search| search.run(session, limit, &wanted, references_count));
        let mut found: Vec<Entry> = Vec::new();
        for entry in try_join_all(searching).await?.into_iter().flatten() {
            if !found.iter().any(|known| known.dn == entry.dn) {
                found.push(entry);
            }
        }
        Ok(found)
    }

    async fn verify_at_one_server(
        &mut self,
        dn: &Dn,
        password: &Password,
    ) -> Result<UserBindVerdict, DirectoryError> {
        self.connected().await?;
        self.passwords_sent += 1;
        let limit = self.operation_limit();
        let families = self.config.access.account_state.as_ref();
        let session = self.connected().await?;
        session.bound_as = BoundAs::Unknown;
        let mut ldap = session.ldap.clone();
        if counts(families, AccountState::Ppolicy) {
            ldap.with_controls(ask_for_policy());
        }
        let binding = ldap.simple_bind(dn.as_str(), password.expose());
        let result = session.wait(limit, "user's bind", binding).await?;
        let controls = result.ctrls.iter().map(|ldap3::controls::Control(_, raw)| {
            let RawControl { ctype, val, .. } = raw;
            (ctype.as_str(), val.as_deref())
        });
        let controls = PolicyControls::read(controls, families);
        match result_code::bind_verdict(result.rc, &result.text, controls) {
            UserBindVerdict::Misconfigured => {
                Err(session.failure("user's bind", &result, Reading::Misconfigured))
            }
            UserBindVerdict::Unavailable(cause) => {
                Err(session.failure("user's bind", &result, Reading::Unavailable(cause)))
            }
            verdict @ (UserBindVerdict::Right(_) | UserBindVerdict::MustChange) => {
                session.bound_as = BoundAs::User;
                Ok(verdict)
            }
            verdict => Ok(verdict),
        }
    }

    async fn ask_one_server(
        &mut self,
        user: &UserName,
        entry: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        let membership = groups::membership(self.config, user, entry);
        let limit = self.operation_limit();
        let session = self.as_service().await?;
        let asking = questions
            .iter()
            .map(|question| answer(session, limit, question, &membership));
        try_join_all(asking).await
    }

    /// The time by which everything has to end. The clock starts with the first question, not while
    /// the user types.
    fn deadline(&mut self) -> Instant {
        let deadline = self.config.server.deadline;
        *self.limit.get_or_insert_with(|| Instant::now() + deadline)
    }

    /// The time by which the next operation has to end.
    fn operation_limit(&mut self) -> Instant {
        self.deadline()
            .min(Instant::now() + self.config.server.operation_timeout)
    }

    /// A session that is bound for lookups.
    async fn as_service(&mut self) -> Result<&Session, DirectoryError> {
        let config = self.config;
        let limit = self.operation_limit();
        let session = self.connected().await?;
        let ready = match session.bound_as {
            BoundAs::Service => true,
            BoundAs::User => config.bind.as_user,
            BoundAs::Nobody => matches!(config.bind.as_who, BindIdentity::Anonymous),
            BoundAs::Unknown => false,
        };
        if !ready {
            session.bound_as = BoundAs::Unknown;
            bind_service(session, limit, &config.bind.as_who).await?;
            session.bound_as = BoundAs::Service;
        }
        Ok(session)
    }

    async fn connected(&mut self) -> Result<&mut Session, DirectoryError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.open().await?,
        };
        Ok(self.session.insert(session))
    }

    async fn open(&mut self) -> Result<Session, DirectoryError> {
        let deadline = self.deadline();
        let reached = self
            .servers
            .reach(deadline)
            .await
            .map_err(|no_server| match no_server {
                NoServer::Misconfigured(problem) => DirectoryError::Config(problem),
                NoServer::Unavailable(trouble, server) => unavailable(trouble, server),
            })?;
        Session::start(reached)
            .await
            .map_err(|error| host_trouble("a socket pair", &error))
    }
}

/// The request control of a password policy (draft-behera-ldap-password-policy-11 §6.1). A server that
/// does not know it passes over it.
fn ask_for_policy() -> RawControl {
    RawControl {
        ctype: PASSWORD_POLICY.to_owned(),
        crit: false,
        val: None,
    }
}

/// One search for the user.
struct Search {
    base: Dn,
    scope: Scope,
    filter: Filter,
    operation: Operation,
}

impl Search {
    async fn run(
        &self,
        session: &Session,
        limit: Instant,
        wanted: &[&str],
        references_count: bool,
    ) -> Result<Vec<Entry>, DirectoryError> {
        let scope = match self.scope {
            Scope::Base => ldap3::Scope::Base,
            Scope::OneLevel => ldap3::Scope::OneLevel,
            Scope::Subtree => ldap3::Scope::Subtree,
        };
        let mut ldap = session.ldap.clone();
        // Two are enough to know that there is more than one.
        ldap.with_search_options(SearchOptions::new().sizelimit(2));
        let searching = ldap.search(self.base.as_str(), scope, self.filter.as_str(), wanted);
        let ldap3::SearchResult(found, result) = session
            .wait(limit, "search for the user", searching)
            .await?;
        let entries: Option<Vec<Entry>> = found.into_iter().map(read_entry).collect();
        let entries = entries.ok_or_else(|| {
            session.unavailable(Trouble::new(
                Cause::Protocol,
                "an entry that makes no sense",
            ))
        })?;
        if references_count && entries.is_empty() && !result.refs.is_empty() {
            return Err(session.only_referred(&self.base));
        }
        match result_code::read(self.operation, result.rc) {
            Reading::Done => Ok(entries),
            Reading::NoSuchEntry => Ok(Vec::new()),
            Reading::TooMany if entries.len() > 1 => Ok(entries),
            reading => {
                Err(session.failure(&format!("search below {}", self.base), &result, reading))
            }
        }
    }
}

async fn bind_service(
    session: &Session,
    limit: Instant,
    as_who: &BindIdentity,
) -> Result<(), DirectoryError> {
    let mut ldap = session.ldap.clone();
    let (what, result) = match as_who {
        BindIdentity::Anonymous => {
            let what = "anonymous bind";
            (
                what,
                session.wait(limit, what, ldap.simple_bind("", "")).await?,
            )
        }
        BindIdentity::Simple(dn, secret) => {
            let what = "service account's bind";
            let password = match secret {
                BindSecret::Inline(password) => password.clone(),
                BindSecret::File(path) => {
                    read_secret(path).map_err(|error| DirectoryError::Config(error.to_string()))?
                }
            };
            let binding = ldap.simple_bind(dn.as_str(), password.expose());
            (what, session.wait(limit, what, binding).await?)
        }
        // RFC 4513 §5.2.3: who we are, TLS or the socket has told already.
        BindIdentity::External => {
            let what = "SASL EXTERNAL bind";
            let binding = ldap.sasl_external_bind();
            (what, session.wait(limit, what, binding).await?)
        }
    };
    match result_code::read(Operation::ServiceBind, result.rc) {
        Reading::Done => Ok(()),
        reading => Err(session.failure(what, &result, reading)),
    }
}

/// Reads the group itself, if it has the user as a member (or has not, where that is to be proven):
/// the server applies its matching rules, and the answer is one bare entry or none.
async fn answer(
    session: &Session,
    limit: Instant,
    question: &Question,
    membership: &Filter,
) -> Result<Answer, DirectoryError> {
    let filter = match question.proof {
        Proof::Member => membership.clone(),
        Proof::NonMember => membership.negated(),
    };
    let mut ldap = session.ldap.clone();
    let base = question.group.as_str();
    let searching = ldap.search(base, ldap3::Scope::Base, filter.as_str(), NO_ATTRIBUTES);
    let ldap3::SearchResult(found, result) =
        session.wait(limit, "group question", searching).await?;
    let found: Vec<Option<Entry>> = found.into_iter().map(read_entry).collect();
    let reading = result_code::read(Operation::GroupRead, result.rc);
    match (reading, found.as_slice()) {
        (Reading::Done, [Some(entry)]) if entry.dn == question.group => Ok(Answer::Proven),
        (Reading::Done, []) if result.refs.is_empty() => Ok(Answer::NotProven),
        (Reading::Done, []) => Err(session.only_referred(&question.group)),
        (Reading::Done, _) => Err(session.unavailable(Trouble::new(
            Cause::Protocol,
            format!("asked for the group {base}, the server sent another entry"),
        ))),
        (Reading::NoSuchEntry, _) => Ok(Answer::NoSuchGroup),
        (Reading::Withheld, _) => Ok(Answer::Withheld(result_code::name(result.rc).to_owned())),
        (reading, _) => Err(session.failure(&format!("group {base}"), &result, reading)),
    }
}
