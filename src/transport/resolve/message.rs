//! One question to a name server and what its answer says (RFC 1035 §4).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

/// Longest chain of aliases that is followed.
const MAX_ALIASES: usize = 8;

/// Most records of an answer. Each name in it can be a chain of thousands of pointers (RFC 1035
/// §4.1.4), which costs time to follow.
const MAX_RECORDS: usize = 1000;

/// The header (RFC 1035 §4.1.1), and the shortest resource record (§4.1.3).
const HEADER: usize = 12;
const SHORTEST_RECORD: usize = 11;

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

/// What is asked for: a type of records, and how one is read.
pub struct Kind<R> {
    code: TYPE,
    read: fn(&RData) -> Option<R>,
}

/// IPv4 addresses.
pub const A: Kind<IpAddr> = Kind {
    code: TYPE::A,
    read: |data| match data {
        RData::A(a) => Some(Ipv4Addr::from(a.address).into()),
        _ => None,
    },
};

/// IPv6 addresses.
pub const AAAA: Kind<IpAddr> = Kind {
    code: TYPE::AAAA,
    read: |data| match data {
        RData::AAAA(a) => Some(Ipv6Addr::from(a.address).into()),
        _ => None,
    },
};

/// Where a service is (RFC 2782).
pub const SRV: Kind<Srv> = Kind {
    code: TYPE::SRV,
    read: |data| match data {
        RData::SRV(srv) => Some(Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: srv.target.to_string(),
        }),
        _ => None,
    },
};

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
    Failed(RCODE),
}

/// One question.
pub struct Query<'a, R> {
    id: u16,
    name: Name<'a>,
    kind: &'a Kind<R>,
}

impl<'a, R> Query<'a, R> {
    /// A question for an absolute name. `None` if it is too long.
    pub fn new(id: u16, name: &'a str, kind: &'a Kind<R>) -> Option<Self> {
        let name = Name::new(name).ok()?;
        Some(Query { id, name, kind })
    }

    /// The message to send. `None` cannot happen with a name that was checked.
    pub fn message(&self) -> Option<Vec<u8>> {
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet.questions.push(Question::new(
            self.name.clone(),
            QTYPE::TYPE(self.kind.code),
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
        packet.build_bytes_vec().ok()
    }

    /// What a message says about the question. `None` if it is no answer to it.
    pub fn judge(&self, message: &[u8]) -> Option<Reply<R>> {
        let message = only_answers(message)?;
        let packet = Packet::parse(&message).ok()?;
        if !self.is_answered_by(&packet) {
            return None;
        }
        if packet.has_flags(PacketFlag::TRUNCATION) {
            return Some(Reply::Truncated);
        }
        Some(match packet.rcode() {
            RCODE::NoError => Reply::Records(self.records(&packet)),
            RCODE::NameError => Reply::NoName,
            other => Reply::Failed(other),
        })
    }

    fn is_answered_by(&self, packet: &Packet) -> bool {
        let [question] = packet.questions.as_slice() else {
            return false;
        };
        packet.id() == self.id
            && packet.has_flags(PacketFlag::RESPONSE)
            && packet.opcode() == OPCODE::StandardQuery
            && same(&question.qname, &self.name)
            && question.qtype == QTYPE::TYPE(self.kind.code)
            && question.qclass == QCLASS::CLASS(CLASS::IN)
            && !question.unicast_response
    }

    /// The records of the name, or of the name it is an alias of (RFC 1034 §3.6.2).
    fn records(&self, packet: &Packet) -> Vec<R> {
        let mut name = &self.name;
        for _ in 0..=MAX_ALIASES {
            let mut alias = None;
            let mut found = Vec::new();
            for record in &packet.answers {
                if record.class != CLASS::IN || !same(&record.name, name) {
                    continue;
                }
                match &record.rdata {
                    RData::CNAME(target) => alias = Some(&target.0),
                    data => found.extend((self.kind.read)(data)),
                }
            }
            match alias {
                Some(target) if found.is_empty() => name = target,
                _ => return found,
            }
        }
        Vec::new()
    }
}

/// Names are compared without case (RFC 1035 §2.3.3, RFC 4343).
fn same(one: &Name, other: &Name) -> bool {
    let (one, other) = (one.get_labels(), other.get_labels());
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| a.as_ref().eq_ignore_ascii_case(b.as_ref()))
}

/// The message as if it had no authority and additional sections: nothing in them is used, and
/// an odd record there must not spoil the answer. `None` if the counts cannot be true: the parser
/// sets memory aside for as many records as they promise.
fn only_answers(message: &[u8]) -> Option<Vec<u8>> {
    let count = |at: usize| {
        Some(u16::from_be_bytes([
            *message.get(at)?,
            *message.get(at + 1)?,
        ]))
    };
    let answers = usize::from(count(6)?);
    let possible = HEADER + answers * SHORTEST_RECORD <= message.len();
    if count(4)? != 1 || answers > MAX_RECORDS || !possible {
        return None;
    }
    let mut message = message.to_vec();
    message.get_mut(8..HEADER)?.fill(0);
    Some(message)
}
