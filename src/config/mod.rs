//! The configuration, as types that cannot hold nonsense.
//!
//! [`load`] reads the file safely ([`file`]), takes it apart and checks every value. What comes
//! out needs no second look: a [`Dn`] is a DN, a flag that a query names exists, no flag
//! depends on itself. The keys, their defaults and their meaning are in `pam_rsldap.toml(5)`.

#![forbid(unsafe_code)]

mod error;
mod file;
mod item;
mod parse;
mod places;
mod query;
mod reach;
mod sections;
mod source;
mod suggest;
#[cfg(test)]
mod tests;
mod uri;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::names::{AttributeName, Dn, FlagName, ServiceName};
use crate::secret::Password;
use crate::template::{DnTemplate, Filter, FilterTemplate};

pub use error::ConfigError;
pub use file::{load, read_key, read_secret};
pub use parse::parse;
pub use places::{Place, places};
pub use query::Query;
pub use suggest::nearest;
pub use uri::{BadUri, Endpoint, Scheme, ServerUri};

/// Where the module looks when the pam.d line has no `config=`.
pub const DEFAULT_PATH: &str = "/etc/pam_rsldap/config.toml";

/// Everything that the file says.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[tls]`
    pub tls: Tls,
    /// `[bind]`
    pub bind: Bind,
    /// `[user]`
    pub user: User,
    /// `[group]`
    pub group: Group,
    /// `[flags]`; `is_active` is always among them.
    pub flags: BTreeMap<FlagName, Query>,
    /// `[access]`
    pub access: Access,
    /// `[services.NAME]`: what a service asks for in addition.
    pub services: BTreeMap<ServiceName, Query>,
    /// `[session]`
    pub session: Session,
    /// `[cache]`
    pub cache: Cache,
    /// `[offline]`
    pub offline: Offline,
    /// `[password]`
    pub password: PasswordChange,
    /// `[fallback]` and `[fallback.account]`
    pub fallback: Fallback,
    /// `[log]`
    pub log: Log,
}

/// The servers and how long they may take.
#[derive(Clone, Debug)]
pub struct Server {
    /// Tried in this order. Empty only if `srv_domain` is set.
    pub uris: Vec<ServerUri>,
    /// Find the servers by DNS SRV records of this domain instead (RFC 2782).
    pub srv_domain: Option<String>,
    /// StartTLS on `ldap://` (RFC 4511 §4.14).
    pub start_tls: bool,
    /// Permit `ldap://` without StartTLS to another host.
    pub allow_cleartext: bool,
    /// One server: name lookup, connect, TLS.
    pub connect_timeout: Duration,
    /// One LDAP operation.
    pub operation_timeout: Duration,
    /// One PAM call, all servers together.
    pub deadline: Duration,
    /// How long a server that was found down is left alone.
    pub retry_after: Duration,
}

/// Whom to trust, and who we are.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Check the server's certificate.
    pub verify: bool,
    /// PEM file of trusted certificates. None: the system's bundle.
    pub ca_file: Option<PathBuf>,
    /// Directory of PEM files.
    pub ca_dir: Option<PathBuf>,
    /// PEM file of our own certificate chain and key.
    pub client: Option<ClientIdentity>,
}

/// `tls.client_certificate` and `tls.client_key`, which come together.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// PEM file: our certificate and what leads to its issuer.
    pub certificate: PathBuf,
    /// PEM file: the key.
    pub key: PathBuf,
}

/// How lookups are made.
#[derive(Clone, Debug)]
pub struct Bind {
    /// Who asks.
    pub as_who: BindIdentity,
    /// Group questions are asked as the user who has just bound.
    pub as_user: bool,
}

/// The identity of lookups.
#[derive(Clone, Debug)]
pub enum BindIdentity {
    /// No `bind.dn`.
    Anonymous,
    /// A service account with a password.
    Simple(Dn, BindSecret),
    /// SASL EXTERNAL (RFC 4513 §5.2.3): the client certificate or the ldapi peer.
    External,
}

/// Where the service account's password is.
#[derive(Clone, Debug)]
pub enum BindSecret {
    /// `bind.password_file`, read with [`read_secret`] when a bind needs it.
    File(PathBuf),
    /// `bind.password`.
    Inline(Password),
}

/// How a login name becomes an entry.
#[derive(Clone, Debug)]
pub struct User {
    /// Template or search.
    pub lookup: UserLookup,
    /// The searches over which a template wins: only `rsldapctl check` compares the two.
    pub unused_search: Vec<UserSearch>,
    /// The attribute that must hold `PAM_USER`, byte for byte.
    pub name_attribute: AttributeName,
    /// Accept another spelling and set `PAM_USER` to the attribute's value.
    pub canonical_name: bool,
    /// A local account with a smaller uid never reaches LDAP.
    pub min_uid: u32,
    /// Nor do these.
    pub exempt: BTreeSet<String>,
    /// Name of the environment variable without `RSLDAP_`, in upper case → attribute.
    pub attributes: BTreeMap<String, AttributeName>,
}

/// `user.dn_template` or `user.search`; the template wins.
#[derive(Clone, Debug)]
pub enum UserLookup {
    /// Bind without a search.
    Template(DnTemplate),
    /// Search these, one after the other; never empty.
    Search(Vec<UserSearch>),
}

/// One place to look for users.
#[derive(Clone, Debug)]
pub struct UserSearch {
    /// Where.
    pub base: Dn,
    /// How deep.
    pub scope: Scope,
    /// What.
    pub filter: FilterTemplate,
}

/// One place to look for groups.
#[derive(Clone, Debug)]
pub struct GroupSearch {
    /// Where.
    pub base: Dn,
    /// How deep.
    pub scope: Scope,
    /// What.
    pub filter: Filter,
}

/// The scope of a search (RFC 4511 §4.5.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The base entry itself.
    Base,
    /// Its immediate children.
    OneLevel,
    /// The base entry and everything below it.
    Subtree,
}

/// How groups list their members.
#[derive(Clone, Debug)]
pub struct Group {
    /// The schema of the groups.
    pub schema: GroupSchema,
    /// The attribute with a group's name.
    pub name_attribute: AttributeName,
    /// Members of member groups count.
    pub nested: bool,
    /// Where groups are looked for when they have to be found by member; may be empty.
    pub search: Vec<GroupSearch>,
}

/// `group.type` and `group.member_attribute`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupSchema {
    /// The attribute lists the members' DNs.
    MemberDn(AttributeName),
    /// `member` lists DNs, and a user's entry tells its primary group.
    ActiveDirectory,
    /// The server lists a user's groups in `memberOf` of the user's entry.
    MemberOf,
    /// `memberUid` lists names, and the primary group of a user is in its `gidNumber` (RFC 2307).
    Posix,
}

/// Gates in addition to `is_active`.
#[derive(Clone, Debug)]
pub struct Access {
    /// Must be true.
    pub require: Option<Query>,
    /// Must be false.
    pub deny: Option<Query>,
    /// Which kinds of account state count; None: all that the entry shows.
    pub account_state: Option<BTreeSet<AccountState>>,
    /// Attribute that lists the hosts a user may log in to.
    pub host_attribute: Option<AttributeName>,
    /// Attribute that lists the services a user may use.
    pub service_attribute: Option<AttributeName>,
}

/// A family of attributes and controls that tell an account's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountState {
    /// draft-behera-ldap-password-policy.
    Ppolicy,
    /// shadow(5).
    Shadow,
    /// userAccountControl and its kin.
    ActiveDirectory,
    /// nsAccountLock and its kin.
    Ds389,
}

/// What a session gets.
#[derive(Clone, Debug)]
pub struct Session {
    /// Set `RSLDAP_…` in the session's environment.
    pub environment: bool,
    /// Local group → who gets it as a supplementary group.
    pub local_groups: BTreeMap<String, Query>,
    /// Groups of the user that exist here by the same name.
    pub mirror_groups: MirrorGroups,
}

/// `[session.mirror_groups]`
#[derive(Clone, Debug)]
pub struct MirrorGroups {
    /// Which groups.
    pub mode: MirrorMode,
    /// The names that `only` and `except` mean.
    pub names: BTreeSet<String>,
    /// Groups with a smaller gid never.
    pub min_gid: u32,
}

/// `session.mirror_groups.mode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MirrorMode {
    /// None.
    Off,
    /// All.
    All,
    /// Those in `names`.
    Only,
    /// All but those in `names`.
    Except,
}

/// `[cache]`
#[derive(Clone, Debug)]
pub struct Cache {
    /// How long answers about groups are reused; zero: not at all.
    pub groups: Duration,
}

/// `[offline]`
#[derive(Clone, Debug)]
pub struct Offline {
    /// Keep a verifier of the last good password.
    pub credentials: bool,
    /// For how long.
    pub expire: Duration,
}

/// `[password]`
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// How passwords are changed.
    pub change: ChangeMethod,
    /// Shown instead of changing.
    pub prohibit_message: Option<String>,
}

impl PasswordChange {
    /// Whether users may change their password on this host at all.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.change != ChangeMethod::Off && self.prohibit_message.is_none()
    }
}

/// `password.change`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeMethod {
    /// LDAP Password Modify (RFC 3062).
    Exop,
    /// Active Directory's unicodePwd.
    ActiveDirectory,
    /// Not at all.
    Off,
}

/// Whether an outcome lets the stack go on or ends it, for each phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// `[fallback]`
    pub auth: FallbackRules,
    /// `[fallback.account]`; what it leaves out is as in `[fallback]`.
    pub account: FallbackRules,
}

/// One table of `[fallback]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FallbackRules {
    /// No server in time.
    pub unavailable: OnFailure,
    /// No such user.
    pub unknown_user: OnFailure,
    /// Wrong password.
    pub bad_password: OnFailure,
    /// Broken configuration, once it could be read.
    pub config_error: OnFailure,
    /// A gate is shut.
    pub refused: OnFailure,
    /// Account or password expired.
    pub expired: OnFailure,
}

/// What the stack gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// `PAM_IGNORE`: the rest of the stack decides.
    Ignore,
    /// The outcome's own code.
    Deny,
}

impl Default for FallbackRules {
    fn default() -> Self {
        FallbackRules {
            unavailable: OnFailure::Ignore,
            unknown_user: OnFailure::Ignore,
            bad_password: OnFailure::Ignore,
            config_error: OnFailure::Ignore,
            refused: OnFailure::Deny,
            expired: OnFailure::Deny,
        }
    }
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// The least serious messages that are written.
    pub level: LogLevel,
    /// The syslog facility.
    pub facility: LogFacility,
    /// A file besides syslog.
    pub file: Option<PathBuf>,
    /// Rotate the file at this size, in bytes.
    pub max_bytes: u64,
    /// How many rotated files are kept.
    pub backups: u32,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            level: LogLevel::Info,
            facility: LogFacility::Authpriv,
            file: None,
            max_bytes: 512_000,
            backups: 5,
        }
    }
}

/// How serious a message is, most serious first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// The administrator has to do something.
    Error,
    /// Something is weaker than it should be.
    Warning,
    /// One line for each decision.
    Info,
    /// Each step.
    Debug,
}

/// A syslog facility (syslog(3)) that makes sense for logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFacility {
    /// Security messages that not everybody may read.
    Authpriv,
    /// Security messages.
    Auth,
    /// System daemons.
    Daemon,
    /// User programs.
    User,
    /// `local0` to `local7`.
    Local(u8),
}
