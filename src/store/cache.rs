//! The group cache: a user's entry, and what the directory has said about groups, one file for each.
//!
//! Only facts are kept: no password, no failure, nothing that the server would not say.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::record::{Line, MAX_SIZE, Seal, Writer};
use super::{Moment, Place, Unusable};
use crate::directory::Entry;
use crate::names::{Dn, UserName};
use crate::policy::{Answer, Facts, Proof, Question};

const TITLE: &str = "pam_rsldap cache 1";

/// What is known of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The one entry with this name.
    pub entry: Entry,
    /// What it is a member of, and what not.
    pub facts: Facts,
    /// The names of the groups that it is in, where they are mirrored.
    pub groups: Option<Vec<String>>,
    /// When the directory was asked for the entry. No fact is older.
    pub since: Moment,
}

/// What is kept of a user under this configuration, and how old it is. What was kept before the machine
/// was started is too old for anything.
///
/// # Errors
/// There is something that is none, is about somebody else, or is from the future.
pub fn read(
    place: &Place,
    user: &UserName,
    configuration: &str,
) -> Result<Option<(Kept, Duration)>, Unusable> {
    Ok(match of_any(place, user)? {
        Some((kept, of_configuration, Some(age))) if of_configuration == configuration => {
            Some((kept, age))
        }
        _ => None,
    })
}

/// What is kept of a user, the configuration that it belongs to, and how old it is: None, it is of
/// another boot.
///
/// # Errors
/// As [`read`].
pub fn of_any(
    place: &Place,
    user: &UserName,
) -> Result<Option<(Kept, String, Option<Duration>)>, Unusable> {
    let name = name(user);
    let Some(lines) = super::record_in(place, &name, TITLE, Seal::Whole)? else {
        return Ok(None);
    };
    let (kept, configuration) = parse(lines, user).ok_or_else(|| Unusable::damaged(&name))?;
    // Behind the read: what was written just before it is not from the future.
    let now = Moment::now();
    match kept.since.age(&now) {
        None if kept.since.boot == now.boot => Err(Unusable {
            why: "from the future".to_owned(),
            ..Unusable::damaged(&name)
        }),
        age => Ok(Some((kept, configuration, age))),
    }
}

/// The user whom the file with this name is about. None if it is not there.
///
/// # Errors
/// It is none of these files.
pub fn user_of(place: &Place, name: &str) -> Result<Option<UserName>, Unusable> {
    super::user_of(place, name, "cache", TITLE, Seal::Whole)
}

/// Keeps this in the place of what was kept. The caller has the lock.
///
/// # Errors
/// There is too much of it, or the file system is full or read-only: then nothing is kept.
pub fn write(place: &Place, user: &UserName, configuration: &str, kept: &Kept) -> io::Result<()> {
    let text = text(user, configuration, kept);
    let written = match text.len() <= MAX_SIZE {
        true => place.replace(&name(user), &text, false),
        false => Err(io::Error::other("too large an entry")),
    };
    if written.is_err() {
        remove(place, user);
    }
    written
}

/// Forgets the user. False if that is not possible.
pub fn remove(place: &Place, user: &UserName) -> bool {
    place.remove(&name(user))
}

fn name(user: &UserName) -> String {
    super::file_name(user.as_str(), "cache")
}

fn text(user: &UserName, configuration: &str, kept: &Kept) -> Vec<u8> {
    let mut writer = Writer::new(TITLE);
    writer.line("user", &[user.as_str().as_bytes()]);
    writer.line("configuration", &[configuration.as_bytes()]);
    let at = kept.since.at.as_nanos().to_string();
    writer.line("since", &[kept.since.boot.as_bytes(), at.as_bytes()]);
    writer.line("dn", &[kept.entry.dn.as_str().as_bytes()]);
    for (name, values) in kept.entry.attributes() {
        let values = values.iter().map(Vec::as_slice);
        let fields: Vec<&[u8]> = std::iter::once(name.as_bytes()).chain(values).collect();
        writer.line("attribute", &fields);
    }
    for (question, answer) in &kept.facts {
        if let Some(word) = word(question.proof, answer) {
            let group = question.group.as_str().as_bytes();
            writer.line("fact", &[word.as_bytes(), group]);
        }
    }
    if let Some(groups) = &kept.groups {
        let fields: Vec<&[u8]> = groups.iter().map(String::as_bytes).collect();
        writer.line("groups", &fields);
    }
    writer.sealed(Seal::Whole)
}

const WORDS: [(&str, Proof, Answer); 4] = [
    ("member", Proof::Member, Answer::Proven),
    ("not_shown_as_member", Proof::Member, Answer::NotProven),
    ("no_member", Proof::NonMember, Answer::Proven),
    (
        "not_shown_as_no_member",
        Proof::NonMember,
        Answer::NotProven,
    ),
];

/// None for what is no fact about a member: it is asked again.
fn word(proof: Proof, answer: &Answer) -> Option<&'static str> {
    let mut words = WORDS.iter();
    let found = words.find(|(_, of, known)| *of == proof && known == answer);
    found.map(|(word, _, _)| *word)
}

/// What is kept, and the configuration that it belongs to.
fn parse(lines: Vec<Line>, user: &UserName) -> Option<(Kept, String)> {
    let mut lines = lines.into_iter();
    let mut next = |key: &str| lines.next().filter(|line| line.key == key);
    if next("user")?.text()? != user.as_str() {
        return None;
    }
    let configuration = next("configuration")?.text()?;
    let mut since = next("since")?;
    let since = Moment {
        boot: since.text()?,
        at: Duration::from_nanos(since.number()?),
    };
    let dn = Dn::parse(&next("dn")?.text()?).ok()?;
    let (mut attributes, mut facts) = (BTreeMap::new(), Facts::new());
    let mut groups = None;
    for mut line in lines {
        match line.key.as_str() {
            "attribute" => {
                let name = line.text()?;
                attributes.insert(name, std::iter::from_fn(|| line.bytes()).collect());
            }
            "fact" => {
                let (question, answer) = fact(line)?;
                facts.insert(question, answer);
            }
            "groups" => {
                let names = std::iter::from_fn(|| line.bytes()).map(String::from_utf8);
                groups = Some(names.collect::<Result<_, _>>().ok()?);
            }
            _ => return None,
        }
    }
    let entry = Entry::new(dn, attributes);
    Some((
        Kept {
            entry,
            facts,
            groups,
            since,
        },
        configuration,
    ))
}

fn fact(mut line: Line) -> Option<(Question, Answer)> {
    let word = line.text()?;
    let (_, proof, answer) = WORDS.iter().find(|(known, _, _)| *known == word)?;
    let group = Dn::parse(&line.text()?).ok()?;
    let question = Question {
        group,
        proof: *proof,
    };
    Some((question, answer.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record;

    fn user(name: &str) -> UserName {
        UserName::parse(name.as_bytes()).unwrap()
    }

    fn question(group: &str, proof: Proof) -> Question {
        Question {
            group: Dn::parse(group).unwrap(),
            proof,
        }
    }

    fn kept() -> Kept {
        let attributes = [
            ("uid".to_owned(), vec![b"alice".to_vec()]),
            (
                "odd".to_owned(),
                vec![b"a b\n".to_vec(), Vec::new(), vec![0xff]],
            ),
            ("none".to_owned(), Vec::new()),
        ];
        let facts = WORDS
            .into_iter()
            .map(|(word, proof, answer)| (question(&format!("cn={word},o=x y"), proof), answer));
        Kept {
            entry: Entry::new(Dn::parse("uid=alice,o=x y").unwrap(), attributes),
            facts: facts.collect(),
            groups: Some(vec!["web team".to_owned(), "ops".to_owned()]),
            since: Moment {
                boot: "9d1b".to_owned(),
                at: Duration::from_nanos(12_345),
            },
        }
    }

    fn reread(text: &[u8], user: &UserName) -> Option<(Kept, String)> {
        parse(record::read(text, TITLE, Seal::Whole)?, user)
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let text = text(&user("alice"), "c0", &kept());
        assert_eq!(
            reread(&text, &user("alice")),
            Some((kept(), "c0".to_owned()))
        );
        assert_eq!(reread(&text, &user("bob")), None);
    }

    #[test]
    fn what_is_no_fact_is_not_kept() {
        let mut more = kept();
        for (group, answer) in [
            (
                "cn=w",
                Answer::Withheld("insufficientAccessRights".to_owned()),
            ),
            ("cn=n", Answer::NoSuchGroup),
        ] {
            more.facts.insert(question(group, Proof::Member), answer);
        }
        let text = text(&user("alice"), "c0", &more);
        assert_eq!(reread(&text, &user("alice")).unwrap().0, kept());
    }
}
