//! The directory over LDAP, through ldap3.
//!
//! One connection serves a whole login: service bind, search, the user's bind, service bind again,
//! group questions. Searches travel together; a bind travels alone (RFC 4511 §4.2.1). Every wait ends at `server.deadline`, counted from the first question.

use std::sync::Arc;

use tokio::time::Instant;

use super::change::{self, SHADOW_LAST_CHANGE};
use super::groups::{self, Memberships};
use super::operations::{self, Search, Time};
use super::result_code::Operation;
use super::runtime::Queue;
use super::session::{BoundAs, Session, host_trouble, unavailable};
use super::together::together;
use super::{
    Cause, Change, ChangeVerdict, Directory, DirectoryError, Entry, Unavailable, UserBindVerdict,
};
use crate::account_state::{counts, today};
use crate::config::{
    AccountState, BindIdentity, ChangeMethod, Config, GroupSchema, Scope, UserLookup,
};
use crate::names::{Dn, UserName};
use crate::policy::{Answer, Question};
use crate::secret::Password;
use crate::sys::now;
use crate::template::Filter;
use crate::transport::{Failure, NoServer, Servers, Tap, Trouble};

/// How often the user's password goes out at most: to one server, and to one more if that one dies in
/// the middle. Each may count a wrong one.
const MAX_PASSWORDS: u8 = 2;

/// How many questions are in flight at once. slapd ends an anonymous connection with more than 100
/// requests that wait (slapd.conf(5): conn_max_pending).
const MAX_TOGETHER: usize = 32;

/// The directory of a configuration. Nothing is opened before the first question.
pub struct LdapDirectory<'a> {
    queue: Queue,
    client: Client<'a>,
}

impl<'a> LdapDirectory<'a> {
    /// A directory that has not been asked anything yet.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        LdapDirectory {
            queue: Queue::default(),
            client: Client {
                config,
                servers: Servers::new(config),
                limit: None,
                session: None,
                memberships: None,
                passwords_sent: 0,
                tap: None,
            },
        }
    }

    /// The same, and `tap` sees what travels.
    #[must_use]
    pub fn tapped(config: &'a Config, tap: Arc<dyn Tap>) -> Self {
        let mut directory = Self::new(config);
        directory.client.tap = Some(tap);
        directory
    }

    /// The servers that could not be used, each with what was wrong with it.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        self.client.servers.failed()
    }
}

impl Directory for LdapDirectory<'_> {
    fn find(&mut self, user: &UserName) -> Result<Vec<Entry>, DirectoryError> {
        self.queue.run(self.client.find(user))
    }

    fn verify(&mut self, dn: &Dn, password: &Password) -> Result<UserBindVerdict, DirectoryError> {
        self.queue.run(self.client.verify(dn, password))
    }

    fn ask(
        &mut self,
        user: &UserName,
        entry: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        self.queue.run(self.client.ask(user, entry, questions))
    }

    fn groups(&mut self, user: &UserName, entry: &Entry) -> Result<Vec<String>, DirectoryError> {
        self.queue.run(self.client.groups(user, entry))
    }

    fn change_password(
        &mut self,
        entry: &Entry,
        old: &Password,
        new: &Password,
    ) -> Result<Change, DirectoryError> {
        self.queue.run(self.client.change_password(entry, old, new))
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
        if let Some(session) = self.client.session.take() {
            let _ = self.queue.run(async {
                session.close().await;
                Ok(())
            });
        }
    }
}

struct Client<'a> {
    config: &'a Config,
    servers: Servers<'a>,
    /// `server.deadline`, once the clock runs.
    limit: Option<Instant>,
    session: Option<Session>,
    /// What this server has said about the user's groups.
    memberships: Option<Memberships>,
    /// How often the user's password has gone out.
    passwords_sent: u8,
    tap: Option<Arc<dyn Tap>>,
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

    async fn groups(
        &mut self,
        user: &UserName,
        entry: &Entry,
    ) -> Result<Vec<String>, DirectoryError> {
        loop {
            match self.groups_at_one_server(user, entry).await {
                Err(error) => self.go_on_after(error, self.lookups_may_move())?,
                names => return names,
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
        for entry in together(searching).await?.into_iter().flatten() {
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
        operations::bind_user(session, limit, (dn, password), families).await
    }

    async fn ask_one_server(
        &mut self,
        user: &UserName,
        entry: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        // It goes when the server fails: the next one may say something else.
        let known = self.memberships.take();
        let known = known.filter(|known| known.are_of(&entry.dn));
        let mut memberships = known.unwrap_or_else(|| Memberships::new(&entry.dn));
        let (config, time) = (self.config, self.time());
        let at = (self.as_service().await?, time);
        let who = (user, entry);
        let mut answers = Vec::new();
        for together in questions.chunks(MAX_TOGETHER) {
            answers.extend(memberships.answer(config, at, who, together).await?);
        }
        self.memberships = Some(memberships);
        Ok(answers)
    }

    /// Never on another connection than that of the bind, and never twice: what became of a change
    /// without an answer is not known.
    async fn change_password(
        &mut self,
        entry: &Entry,
        old: &Password,
        new: &Password,
    ) -> Result<Change, DirectoryError> {
        let config = self.config;
        let method = config.password.change;
        let limit = self.operation_limit();
        let Some(bound_as) = self.session.as_ref().map(|session| session.bound_as) else {
            return Err(unavailable(
                Trouble::new(Cause::Closed, "the connection of the user's bind is gone"),
                None,
            ));
        };
        let is_the_user = matches!(bound_as, BoundAs::User | BoundAs::UserToChange);
        let session = match (is_the_user, method) {
            // Active Directory lets nobody bind whose password has expired. Whoever knows the old one may
            // set the new one all the same, in the name of another.
            (false, ChangeMethod::ActiveDirectory) => self.as_service().await?,
            _ => &*self.connected().await?,
        };
        if method == ChangeMethod::ActiveDirectory && !session.is_private {
            return Err(DirectoryError::Config(
                "password.change = \"ad\" needs TLS: write ldaps:// or start_tls = true".to_owned(),
            ));
        }
        let (verdict, said) = change::change(session, limit, method, &entry.dn, (old, new)).await?;
        let keeps_days = counts(config.access.account_state.as_ref(), AccountState::Shadow)
            && !entry.values(SHADOW_LAST_CHANGE).is_empty();
        let mut trouble = None;
        if verdict == ChangeVerdict::Changed && keeps_days {
            let noted = change::note_day(session, limit, &entry.dn, today(now())).await;
            trouble = noted.err().map(|error| error.to_string());
        }
        Ok(Change {
            verdict,
            said,
            trouble,
        })
    }

    async fn groups_at_one_server(
        &mut self,
        user: &UserName,
        entry: &Entry,
    ) -> Result<Vec<String>, DirectoryError> {
        let known = self.memberships.take();
        let known = known.filter(|known| known.are_of(&entry.dn));
        let mut memberships = known.unwrap_or_else(|| Memberships::new(&entry.dn));
        let (config, time) = (self.config, self.time());
        let at = (self.as_service().await?, time);
        memberships.names(config, at, (user, entry)).await
    }

    /// The time by which everything has to end. The clock starts with the first question, not while
    /// the user types.
    fn deadline(&mut self) -> Instant {
        let deadline = self.config.server.deadline;
        *self.limit.get_or_insert_with(|| Instant::now() + deadline)
    }

    /// The time by which the next operation has to end.
    fn operation_limit(&mut self) -> Instant {
        self.time().limit()
    }

    fn time(&mut self) -> Time {
        Time {
            deadline: self.deadline(),
            operation: self.config.server.operation_timeout,
        }
    }

    /// A session that is bound for lookups.
    async fn as_service(&mut self) -> Result<&Session, DirectoryError> {
        let config = self.config;
        let limit = self.operation_limit();
        let session = self.connected().await?;
        let ready = match session.bound_as {
            BoundAs::Service => true,
            BoundAs::User => config.bind.as_user,
            // Would be refused every search: the service account asks in this user's place.
            BoundAs::UserToChange => false,
            BoundAs::Nobody => matches!(config.bind.as_who, BindIdentity::Anonymous),
            BoundAs::Unknown => false,
        };
        if !ready {
            session.bound_as = BoundAs::Unknown;
            operations::bind_service(session, limit, &config.bind.as_who).await?;
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
        Session::start(reached, self.tap.clone())
            .await
            .map_err(|error| host_trouble("a socket pair", &error))
    }
}
