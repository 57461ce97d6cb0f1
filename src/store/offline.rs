//! What is kept of a user for an outage (`offline.credentials`), one sealed file for each: a verifier of
//! the last good password, what was decided then, and how often somebody was wrong since.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use super::machine_key::MachineKey;
use super::record::{Line, MAX_SIZE, Seal, Writer};
use super::{Moment, Place, Unusable};
use crate::login::{Groups, Identity};
use crate::names::{Dn, FlagName, UserName};

const TITLE: &str = "pam_rsldap offline 1";

/// How many grants are kept of a user; the oldest go first.
const MOST: usize = 32;

/// A user who may log in while no server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Who the user is in the directory.
    pub identity: Identity,
    /// The fingerprint of the configuration that the flags and attributes come from.
    pub session: String,
    /// What a right password comes to.
    pub verifier: Verifier,
    /// What the directory has granted, the oldest first.
    pub grants: Vec<Grant>,
    /// The latest time that the clock has shown.
    pub seen: u64,
    /// How many wrong passwords in a row.
    pub failures: u64,
    /// When the last of them was.
    pub failed: u64,
}

/// An Argon2id tag (RFC 9106), and what it was made with besides the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// Memory in KiB, m.
    pub memory: u32,
    /// Passes, t.
    pub passes: u32,
    /// Lanes, p.
    pub lanes: u32,
    /// Random bytes.
    pub salt: Vec<u8>,
    /// The tag.
    pub tag: Vec<u8>,
}

/// An answer of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The fingerprint of what was asked.
    pub basis: String,
    /// When, in seconds since 1970.
    pub date: u64,
    /// The same, on the clock that nobody can set.
    pub moment: Moment,
}

/// What is kept of a user.
///
/// # Errors
/// There is something that is none, is about somebody else, or was not made with this key.
pub fn read(place: &Place, user: &UserName, key: &MachineKey) -> Result<Option<Kept>, Unusable> {
    let name = name(user);
    match super::record_in(place, &name, TITLE, Seal::Keyed(&key.seal))? {
        Some(lines) => parse(lines, user)
            .map(Some)
            .ok_or_else(|| Unusable::damaged(&name)),
        None => Ok(None),
    }
}

/// The user whom the file with this name is about. None if it is not there.
///
/// # Errors
/// It is none of these files, or was not made with this key.
pub fn user_of(place: &Place, name: &str, key: &MachineKey) -> Result<Option<UserName>, Unusable> {
    super::user_of(place, name, "offline", TITLE, Seal::Keyed(&key.seal))
}

/// Keeps this in the place of what was kept. The caller has the lock.
///
/// # Errors
/// There is too much of it, or the file system is full or read-only: what was kept stays.
pub fn write(place: &Place, user: &UserName, key: &MachineKey, kept: &Kept) -> io::Result<()> {
    let text = text(user, kept, Seal::Keyed(&key.seal));
    if text.len() > MAX_SIZE {
        return Err(io::Error::other("too large an entry"));
    }
    place.replace(&name(user), &text, false)
}

/// Forgets the user. False if that is not possible.
pub fn remove(place: &Place, user: &UserName) -> bool {
    place.remove(&name(user))
}

fn name(user: &UserName) -> String {
    super::file_name(user.as_str(), "offline")
}

fn text(user: &UserName, kept: &Kept, seal: Seal<'_>) -> Vec<u8> {
    let mut writer = Writer::new(TITLE);
    let mut line = |key: &str, fields: &[String]| {
        let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
        writer.line(key, &fields);
    };
    line("user", &[user.as_str().to_owned()]);
    line("dn", &[kept.identity.dn.to_string()]);
    line("session", std::slice::from_ref(&kept.session));
    let Verifier {
        memory,
        passes,
        lanes,
        salt,
        tag,
    } = &kept.verifier;
    let cost = [memory, passes, lanes].map(ToString::to_string);
    let secrets = [super::hex(salt), super::hex(tag)];
    line("argon2id", &[cost.as_slice(), secrets.as_slice()].concat());
    let counts = [kept.seen, kept.failures, kept.failed];
    line("seen", &counts.map(|count| count.to_string()));
    for grant in kept
        .grants
        .iter()
        .skip(kept.grants.len().saturating_sub(MOST))
    {
        let at = grant.moment.at.as_nanos().to_string();
        let (basis, boot) = (grant.basis.clone(), grant.moment.boot.clone());
        line("grant", &[basis, grant.date.to_string(), boot, at]);
    }
    for flag in &kept.identity.flags {
        line("flag", &[flag.to_string()]);
    }
    for (key, value) in &kept.identity.attributes {
        line("attribute", &[key.clone(), value.clone()]);
    }
    for group in &kept.identity.groups.local {
        line("local_group", std::slice::from_ref(group));
    }
    for group in &kept.identity.groups.directory {
        line("group", std::slice::from_ref(group));
    }
    writer.sealed(seal)
}

fn parse(lines: Vec<Line>, user: &UserName) -> Option<Kept> {
    let mut lines = lines.into_iter();
    let mut next = |key: &str| lines.next().filter(|line| line.key == key);
    if next("user")?.text()? != user.as_str() {
        return None;
    }
    let dn = Dn::parse(&next("dn")?.text()?).ok()?;
    let session = next("session")?.text()?;
    let verifier = verifier(next("argon2id")?)?;
    let mut counts = next("seen")?;
    let (seen, failures, failed) = (counts.number()?, counts.number()?, counts.number()?);
    let (mut grants, mut flags, mut attributes) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
    let mut groups = Groups::default();
    for mut line in lines {
        match line.key.as_str() {
            "grant" => grants.push(grant(line)?),
            "flag" => {
                flags.insert(FlagName::parse(&line.text()?)?);
            }
            "attribute" => {
                attributes.insert(line.text()?, line.text()?);
            }
            "local_group" => {
                groups.local.insert(line.text()?);
            }
            "group" => groups.directory.push(line.text()?),
            _ => return None,
        }
    }
    Some(Kept {
        identity: Identity {
            dn,
            flags,
            attributes,
            groups,
        },
        session,
        verifier,
        grants,
        seen,
        failures,
        failed,
    })
}

fn verifier(mut line: Line) -> Option<Verifier> {
    let mut number = || u32::try_from(line.number()?).ok();
    let (memory, passes, lanes) = (number()?, number()?, number()?);
    let mut secret = || super::record::unhex(&line.text()?);
    Some(Verifier {
        memory,
        passes,
        lanes,
        salt: secret()?,
        tag: secret()?,
    })
}

fn grant(mut line: Line) -> Option<Grant> {
    Some(Grant {
        basis: line.text()?,
        date: line.number()?,
        moment: Moment {
            boot: line.text()?,
            at: Duration::from_nanos(line.number()?),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record;

    fn kept() -> Kept {
        let flags = ["is_active", "is_staff"].map(|name| FlagName::parse(name).unwrap());
        Kept {
            identity: Identity {
                dn: Dn::parse("uid=alice,o=x y").unwrap(),
                flags: flags.into_iter().collect(),
                attributes: [("NOTE".to_owned(), "a b\n\u{e9}".to_owned())].into(),
                groups: Groups {
                    local: ["adm".to_owned()].into(),
                    directory: vec!["web team".to_owned(), "ops".to_owned()],
                    problem: None,
                },
            },
            session: "5e55".to_owned(),
            verifier: Verifier {
                memory: 19_456,
                passes: 2,
                lanes: 1,
                salt: vec![0; 16],
                tag: (0..32).collect(),
            },
            grants: vec![Grant {
                basis: "ba51".to_owned(),
                date: 1_795_518_835,
                moment: Moment {
                    boot: "9d1b".to_owned(),
                    at: Duration::from_nanos(12),
                },
            }],
            seen: 1_795_518_836,
            failures: 3,
            failed: 1_795_518_830,
        }
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let alice = UserName::parse(b"alice").unwrap();
        let text = text(&alice, &kept(), Seal::Whole);
        let lines = || record::read(&text, TITLE, Seal::Whole).unwrap();
        assert_eq!(parse(lines(), &alice), Some(kept()));
        assert_eq!(parse(lines(), &UserName::parse(b"bob").unwrap()), None);
    }
}
