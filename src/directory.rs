//! What a login may ask of a directory.
//!
//! [`Directory`] is the only way from the login to LDAP; [`ldap`] implements it, and unit tests of
//! the login's order of steps script it.

mod active_directory;
mod change;
mod entry;
mod groups;
pub mod inspect;
pub mod ldap;
mod member_of;
mod nested;
mod operations;
mod password;
mod ppolicy;
pub(crate) mod result_code;
mod runtime;
mod session;
mod sid;
mod together;
pub mod traced;
mod user_bind;

use std::collections::BTreeMap;
use std::fmt;

use crate::names::{Dn, UserName};
use crate::ordered::ordered;
use crate::policy::{Answer, Question};
use crate::secret::Password;

pub use password::{ChangeVerdict, Refusal};
pub use result_code::name as result_name;
pub use user_bind::{UserBindVerdict, sub_code};

/// How many groups of a user are taken from one base. The total size has a bound of its own, see
/// [`transport`](crate::transport).
pub const MAX_GROUPS: u16 = 1000;

/// The questions of a login. Every answer is given before the deadline that the implementation
/// was made with, or is [`DirectoryError::Unavailable`].
pub trait Directory {
    /// Looks the user up as the service account: with no, one or more entries found.
    ///
    /// # Errors
    /// Nothing is an empty answer but an empty answer: a search that failed in any part is an error.
    fn find(&mut self, user: &UserName) -> Result<Vec<Entry>, DirectoryError>;

    /// Offers the password in a simple bind as `dn`.
    ///
    /// # Errors
    /// There is no verdict.
    fn verify(&mut self, dn: &Dn, password: &Password) -> Result<UserBindVerdict, DirectoryError>;

    /// The names of the groups that have the user as a member, by `group.search`: each group's first
    /// value of `group.name_attribute`, where it is text. No more than [`MAX_GROUPS`] of each base.
    ///
    /// # Errors
    /// There is no complete answer.
    fn groups(&mut self, user: &UserName, entry: &Entry) -> Result<Vec<String>, DirectoryError>;

    /// Asks all these questions about the entry at once. The answers come in the order of the
    /// questions.
    ///
    /// # Errors
    /// The server failed. A group that cannot be read is an answer, not an error.
    fn ask(
        &mut self,
        user: &UserName,
        entry: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError>;

    /// Changes the password of the entry whose password has just been verified, on the connection on which
    /// it was; and writes down the day of the change, where the entry has shadowLastChange.
    ///
    /// # Errors
    /// There is no verdict: the password may be the new one or the old one. It is never tried again.
    fn change_password(
        &mut self,
        entry: &Entry,
        old: &Password,
        new: &Password,
    ) -> Result<Change, DirectoryError>;

    /// The server that answers, as its URI, once one does.
    fn server(&self) -> Option<String>;

    /// The servers before it that could not be used, and why; empty if there were none.
    fn passed_over(&self) -> String;
}

/// What became of a change of the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Changed or not.
    pub verdict: ChangeVerdict,
    /// The server's own words, or the name of its result code.
    pub said: String,
    /// What did not work besides, for the log.
    pub trouble: Option<String>,
}

/// An entry of the directory: what this project asked for of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub dn: Dn,
    /// Attribute in lower case → values, in the server's order.
    attributes: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Entry {
    /// An entry with these attributes.
    pub fn new(dn: Dn, attributes: impl IntoIterator<Item = (String, Vec<Vec<u8>>)>) -> Self {
        let lower_case =
            |(name, values): (String, Vec<Vec<u8>>)| (name.to_ascii_lowercase(), values);
        Entry {
            dn,
            attributes: ordered(attributes.into_iter().map(lower_case)),
        }
    }

    /// The values of an attribute, none if it is absent. Case does not matter.
    #[must_use]
    pub fn values(&self, attribute: &str) -> &[Vec<u8>] {
        self.attributes
            .get(&attribute.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// All attributes, by their names in lower case.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &[Vec<u8>])> {
        let attributes = self.attributes.iter();
        attributes.map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Whether the server has sent a part of the attribute's values only: `attribute;range=0-1499`
    /// (MS-ADTS 3.1.1.3.1.3.3).
    #[must_use]
    pub fn has_range_of(&self, attribute: &str) -> bool {
        let ranged = format!("{};range=", attribute.to_ascii_lowercase());
        let from_there = self.attributes.range(ranged.clone()..);
        from_there
            .take(1)
            .any(|(name, _)| name.starts_with(&ranged))
    }

    /// The first value of an attribute, if it is text.
    #[must_use]
    pub fn first_text(&self, attribute: &str) -> Option<&str> {
        self.values(attribute)
            .first()
            .and_then(|value| std::str::from_utf8(value).ok())
    }
}

/// Why there is no answer, named for who has to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryError {
    /// The administrator: the configuration does not fit the directory. The text says how to mend it.
    Config(String),
    /// The server or the network.
    Unavailable(Unavailable),
}

/// What kept a server from answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The kind, for programs.
    pub cause: Cause,
    /// The same and more, for people.
    pub detail: String,
    /// The URI of the server.
    pub server: Option<String>,
}

/// The kinds of [`Unavailable`], each a word in the log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The server's host refuses connections on this port.
    Refused,
    /// No route to the host or network.
    Unreachable,
    /// The name does not resolve.
    Dns,
    /// The resolver is silent.
    DnsTimeout,
    /// No connection within `connect_timeout`.
    ConnectTimeout,
    /// The certificate is outside its time of validity.
    TlsExpired,
    /// The certificate is for another name.
    TlsName,
    /// The certificate leads to no trusted root.
    TlsUntrusted,
    /// Any other failure of the TLS handshake.
    TlsProtocol,
    /// The server does not do StartTLS.
    StarttlsRefused,
    /// No answer within `operation_timeout` or `deadline`.
    Timeout,
    /// The connection ended early.
    Closed,
    /// The server does not speak LDAP as RFC 4511 says.
    Protocol,
    /// A message or an answer is larger than is sane.
    TooLarge,
    /// A message nests deeper than is sane.
    TooDeep,
    /// The server is busy, shutting down or out of resources.
    Busy,
    /// The server points to another one, and referrals are never followed.
    Referral,
    /// This process: it may not open what it needs (descriptors, sockets), or was stopped.
    Host,
}

impl Cause {
    /// Every cause once.
    pub const ALL: [Cause; 18] = [
        Cause::Refused,
        Cause::Unreachable,
        Cause::Dns,
        Cause::DnsTimeout,
        Cause::ConnectTimeout,
        Cause::TlsExpired,
        Cause::TlsName,
        Cause::TlsUntrusted,
        Cause::TlsProtocol,
        Cause::StarttlsRefused,
        Cause::Timeout,
        Cause::Closed,
        Cause::Protocol,
        Cause::TooLarge,
        Cause::TooDeep,
        Cause::Busy,
        Cause::Referral,
        Cause::Host,
    ];

    /// The cause with this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// Whether a server that fails in this way before its first answer is down: there is nobody to talk
    /// to, and finding that out costs time. A server that is there and is not trusted, or is busy, is
    /// not; nor does trouble of this process say anything about a server.
    #[must_use]
    pub fn is_down(self) -> bool {
        match self {
            Cause::Refused
            | Cause::Unreachable
            | Cause::Dns
            | Cause::DnsTimeout
            | Cause::ConnectTimeout
            | Cause::Timeout
            | Cause::Closed => true,
            Cause::TlsExpired
            | Cause::TlsName
            | Cause::TlsUntrusted
            | Cause::TlsProtocol
            | Cause::StarttlsRefused
            | Cause::Protocol
            | Cause::TooLarge
            | Cause::TooDeep
            | Cause::Busy
            | Cause::Referral
            | Cause::Host => false,
        }
    }

    /// The word in the log line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Cause::Refused => "refused",
            Cause::Unreachable => "unreachable",
            Cause::Dns => "dns",
            Cause::DnsTimeout => "dns_timeout",
            Cause::ConnectTimeout => "connect_timeout",
            Cause::TlsExpired => "tls_expired",
            Cause::TlsName => "tls_name",
            Cause::TlsUntrusted => "tls_untrusted",
            Cause::TlsProtocol => "tls_protocol",
            Cause::StarttlsRefused => "starttls_refused",
            Cause::Timeout => "timeout",
            Cause::Closed => "closed",
            Cause::Protocol => "protocol",
            Cause::TooLarge => "too_large",
            Cause::TooDeep => "too_deep",
            Cause::Busy => "busy",
            Cause::Referral => "referral",
            Cause::Host => "host",
        }
    }
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DirectoryError::Config(problem) => f.write_str(problem),
            DirectoryError::Unavailable(unavailable) => f.write_str(&unavailable.detail),
        }
    }
}

impl std::error::Error for DirectoryError {}
