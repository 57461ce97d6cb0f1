//! One question to a name server and what its answer says (RFC 1035 §4).

use std::net::IpAddr;

use domain::base::iana::{Class, Opcode, Rcode, Rtype};
use domain::base::rdata::ParseRecordData;
use domain::base::wire::ParseError;
use domain::base::{Message, MessageBuilder, Name, ParsedName, ParsedRecord, Record, ToName};
use domain::dep::octseq::Array;
use domain::rdata::{A as V4, Aaaa as V6, Cname, Srv as Service};

/// Longest chain of aliases that is followed.
const MAX_ALIASES: usize = 8;

/// Most records of an answer. Each name in it can be a chain of pointers (RFC 1035 §4.1.4), which
/// costs time to follow.
const MAX_RECORDS: u16 = 1000;

/// Longest message with one question: the header, a name, type and class (RFC 1035 §2.3.4, §4.1).
const LONGEST_QUERY: usize = 12 + LONGEST_NAME + 4;
const LONGEST_NAME: usize = 255;

/// Whether this is a host name that can be asked for: labels of 1 to 63 letters, digits, `-` and
/// `_`, 253 bytes in all (RFC 1035 §2.3.4).
pub fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// A record as it stands in a message.
type Raw<'m> = ParsedRecord<'m, [u8]>;

/// What a record says; None if it is of another type.
type Said<T> = Result<Option<T>, ParseError>;

/// What is asked for: a type of records, and how one is read.
pub struct Kind<R> {
    code: Rtype,
    read: fn(&Raw<'_>) -> Said<R>,
}

/// IPv4 addresses.
pub const A: Kind<IpAddr> = Kind {
    code: Rtype::A,
    read: |record| Ok(data::<V4>(record)?.map(|a| a.addr().octets().into())),
};

/// IPv6 addresses.
pub const AAAA: Kind<IpAddr> = Kind {
    code: Rtype::AAAA,
    read: |record| Ok(data::<V6>(record)?.map(|a| a.addr().octets().into())),
};

/// Where a service is (RFC 2782).
pub const SRV: Kind<Srv> = Kind {
    code: Rtype::SRV,
    read: |record| {
        let srv = data::<Service<ParsedName<&[u8]>>>(record)?;
        Ok(srv.map(|srv| Srv {
            priority: srv.priority(),
            weight: srv.weight(),
            port: srv.port(),
            target: srv.target().to_string(),
        }))
    },
};

fn data<'m, D: ParseRecordData<'m, [u8]>>(record: &Raw<'m>) -> Said<D> {
    Ok(record.to_record()?.map(Record::into_data))
}

/// One record of type SRV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    /// As the server wrote it, without the last dot: empty for the root. A dot within a label has
    /// a backslash in front, so that it is no name for [`is_name`].
    pub target: String,
}

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply<R> {
    /// The records; none if the name exists without any of this type.
    Records(Vec<R>),
    /// NXDOMAIN.
    NoName,
    /// Ask again over TCP.
    Truncated,
    /// The server could not, or would not, answer.
    Failed(Rcode),
}

/// One question.
pub struct Query<'a, R> {
    id: u16,
    name: Name<Array<LONGEST_NAME>>,
    kind: &'a Kind<R>,
}

impl<'a, R> Query<'a, R> {
    /// A question for an absolute name. `None` if it is too long.
    pub fn new(id: u16, name: &str, kind: &'a Kind<R>) -> Option<Self> {
        let name = Name::from_chars(name.chars()).ok()?;
        Some(Query { id, name, kind })
    }

    /// The message to send. `None` cannot happen with a name that was checked.
    pub fn message(&self) -> Option<Vec<u8>> {
        let buffer = Array::<LONGEST_QUERY>::new();
        let mut message = MessageBuilder::from_target(buffer).ok()?;
        message.header_mut().set_id(self.id);
        message.header_mut().set_rd(true);
        let mut message = message.question();
        message.push((&self.name, self.kind.code, Class::IN)).ok()?;
        Some(message.as_slice().to_vec())
    }

    /// What a message says about the question. `None` if it is no answer to it.
    pub fn judge(&self, message: &[u8]) -> Option<Reply<R>> {
        let message = Message::from_slice(message).ok()?;
        let header = message.header();
        let question = message.sole_question().ok()?;
        let is_answer = header.id() == self.id
            && header.qr()
            && header.opcode() == Opcode::QUERY
            && question.qname().name_eq(&self.name)
            && question.qtype() == self.kind.code
            && question.qclass() == Class::IN;
        if !is_answer {
            return None;
        }
        if header.tc() {
            return Some(Reply::Truncated);
        }
        Some(match header.rcode() {
            Rcode::NOERROR => Reply::Records(self.records(message, *question.qname())?),
            Rcode::NXDOMAIN => Reply::NoName,
            other => Reply::Failed(other),
        })
    }

    /// The records of a name, or of the name it is an alias of (RFC 1034 §3.6.2). What the other
    /// sections say is not looked at. `None`: a record that could matter cannot be read.
    fn records<'m>(
        &self,
        message: &'m Message<[u8]>,
        mut name: ParsedName<&'m [u8]>,
    ) -> Option<Vec<R>> {
        if message.header_counts().ancount() > MAX_RECORDS {
            return None;
        }
        let (mut wanted, mut aliases) = (Vec::new(), Vec::new());
        for record in message.answer().ok()? {
            let record = record.ok()?;
            if record.class() != Class::IN {
                continue;
            }
            let owner = record.owner();
            let found = (self.kind.read)(&record).ok()?;
            wanted.extend(found.map(|found| (owner, found)));
            let alias = data::<Cname<ParsedName<&[u8]>>>(&record).ok()?;
            aliases.extend(alias.map(|alias| (owner, alias.into_cname())));
        }
        for _ in 0..MAX_ALIASES {
            let alias = aliases.iter().find(|(owner, _)| owner.name_eq(&name));
            match alias {
                Some((_, target)) => name = *target,
                None => break,
            }
        }
        wanted.retain(|(owner, _)| owner.name_eq(&name));
        Some(wanted.into_iter().map(|(_, found)| found).collect())
    }
}
