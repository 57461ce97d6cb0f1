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

/// The address family that is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// The addresses; none if the name exists without any of this family.
    Addresses(Vec<IpAddr>),
    /// NXDOMAIN.
    NoName,
    /// Ask again over TCP.
    Truncated,
    /// The server could not, or would not, answer.
    Failed(RCODE),
}

/// One question.
pub struct Query<'a> {
    id: u16,
    name: Name<'a>,
    family: Family,
}

impl<'a> Query<'a> {
    /// A question for an absolute name. `None` if it is too long.
    pub fn new(id: u16, name: &'a str, family: Family) -> Option<Self> {
        let name = Name::new(name).ok()?;
        Some(Query { id, name, family })
    }

    fn record_type(&self) -> TYPE {
        match self.family {
            Family::V4 => TYPE::A,
            Family::V6 => TYPE::AAAA,
        }
    }

    /// The message to send. `None` cannot happen with a name that was checked.
    pub fn message(&self) -> Option<Vec<u8>> {
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet.questions.push(Question::new(
            self.name.clone(),
            QTYPE::TYPE(self.record_type()),
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
        packet.build_bytes_vec().ok()
    }

    /// What a message says about the question. `None` if it is no answer to it.
    pub fn judge(&self, message: &[u8]) -> Option<Reply> {
        let message = only_answers(message)?;
        let packet = Packet::parse(&message).ok()?;
        if !self.is_answered_by(&packet) {
            return None;
        }
        if packet.has_flags(PacketFlag::TRUNCATION) {
            return Some(Reply::Truncated);
        }
        Some(match packet.rcode() {
            RCODE::NoError => Reply::Addresses(self.addresses(&packet)),
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
            && question.qtype == QTYPE::TYPE(self.record_type())
            && question.qclass == QCLASS::CLASS(CLASS::IN)
            && !question.unicast_response
    }

    /// The addresses of the name, or of the name it is an alias of (RFC 1034 §3.6.2).
    fn addresses(&self, packet: &Packet) -> Vec<IpAddr> {
        let mut name = &self.name;
        for _ in 0..=MAX_ALIASES {
            let mut alias = None;
            let mut found = Vec::new();
            for record in &packet.answers {
                if record.class != CLASS::IN || !same(&record.name, name) {
                    continue;
                }
                match (&record.rdata, self.family) {
                    (RData::A(a), Family::V4) => found.push(Ipv4Addr::from(a.address).into()),
                    (RData::AAAA(a), Family::V6) => found.push(Ipv6Addr::from(a.address).into()),
                    (RData::CNAME(target), _) => alias = Some(&target.0),
                    _ => {}
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
