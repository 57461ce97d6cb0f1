//! What the directory last refused a user, one file for each: it stands while no server answers.
//!
//! A refusal does not age, so the wall clock may jump: its date is for people.

use super::record::{Line, Seal, Writer};
use super::{Moment, Place, Unusable};
use crate::names::UserName;
use crate::outcome::{Expired, Outcome};

const TITLE: &str = "pam_rsldap refusals 1";

/// The longest reason that is kept, in bytes.
const MAX_REASON: usize = 512;

/// How many are kept of a user; the oldest go first. One for each service with a gate of its own, and two
/// more, for each way in which this host's configurations look users up.
const MOST: usize = 64;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The fingerprint of what was asked. Who changes the question has no answer to it.
    pub basis: String,
    /// `refused` or `expired`.
    pub outcome: Outcome,
    /// Why, as the log said it.
    pub reason: String,
    /// When, in seconds since 1970.
    pub date: u64,
    /// The same, to tell which of two answers came first.
    pub moment: Moment,
}

/// The refusals of a user, the oldest first; none if there is no file.
///
/// # Errors
/// There is something that is none, or none about this user.
pub fn read(place: &Place, user: &UserName) -> Result<Vec<Refusal>, Unusable> {
    let name = name(user);
    match super::record_in(place, &name, TITLE, Seal::Whole)? {
        Some(lines) => parse(lines, user).ok_or_else(|| Unusable::damaged(&name)),
        None => Ok(Vec::new()),
    }
}

/// The user whom the file with this name is about. None if it is not there.
///
/// # Errors
/// It is none of these files.
pub fn user_of(place: &Place, name: &str) -> Result<Option<UserName>, Unusable> {
    super::user_of(place, name, "refusals", TITLE, Seal::Whole)
}

/// Puts these in the place of those that are kept; none: removes the file. The caller has the lock.
///
/// # Errors
/// The disk is full or read-only.
pub fn write(place: &Place, user: &UserName, refusals: &[Refusal]) -> std::io::Result<()> {
    if refusals.is_empty() {
        return match place.remove(&name(user)) {
            true => Ok(()),
            false => Err(std::io::Error::other("the file cannot be removed")),
        };
    }
    place.replace(&name(user), &text(user, refusals), true)
}

fn name(user: &UserName) -> String {
    super::file_name(user.as_str(), "refusals")
}

fn text(user: &UserName, refusals: &[Refusal]) -> Vec<u8> {
    let mut writer = Writer::new(TITLE);
    writer.line("user", &[user.as_str().as_bytes()]);
    for refusal in refusals.iter().skip(refusals.len().saturating_sub(MOST)) {
        let (date, at) = (refusal.date.to_string(), refusal.moment.at.as_millis());
        writer.line(
            "refusal",
            &[
                refusal.basis.as_bytes(),
                word(refusal.outcome).as_bytes(),
                short(&refusal.reason).as_bytes(),
                date.as_bytes(),
                refusal.moment.boot.as_bytes(),
                at.to_string().as_bytes(),
            ],
        );
    }
    writer.sealed(Seal::Whole)
}

fn short(reason: &str) -> &str {
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}

fn parse(lines: Vec<Line>, user: &UserName) -> Option<Vec<Refusal>> {
    let mut lines = lines.into_iter();
    let mut first = lines.next()?;
    if first.key != "user" || first.text()? != user.as_str() {
        return None;
    }
    lines.map(refusal).collect()
}

fn refusal(mut line: Line) -> Option<Refusal> {
    if line.key != "refusal" {
        return None;
    }
    Some(Refusal {
        basis: line.text()?,
        outcome: outcome(&line.text()?)?,
        reason: line.text()?,
        date: line.number()?,
        moment: Moment {
            boot: line.text()?,
            at: std::time::Duration::from_millis(line.number()?),
        },
    })
}

const REFUSED: &str = "refused";
const ACCOUNT: &str = "expired_account";
const PASSWORD: &str = "expired_password";

/// Anything else than these three is no refusal, and reads back as none.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refused => REFUSED,
        Outcome::Expired(Expired::Account) => ACCOUNT,
        Outcome::Expired(Expired::Password) => PASSWORD,
        Outcome::Granted
        | Outcome::Exempt
        | Outcome::UnknownUser
        | Outcome::BadPassword
        | Outcome::MustChange
        | Outcome::Unavailable
        | Outcome::ConfigError => "",
    }
}

fn outcome(word: &str) -> Option<Outcome> {
    [
        Outcome::Refused,
        Outcome::Expired(Expired::Account),
        Outcome::Expired(Expired::Password),
    ]
    .into_iter()
    .find(|outcome| self::word(*outcome) == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record;

    fn parse(text: &[u8], user: &UserName) -> Option<Vec<Refusal>> {
        super::parse(record::read(text, TITLE, Seal::Whole)?, user)
    }

    fn user(name: &str) -> UserName {
        UserName::parse(name.as_bytes()).unwrap()
    }

    fn refused(basis: &str, outcome: Outcome) -> Refusal {
        Refusal {
            basis: basis.to_owned(),
            outcome,
            reason: "services.sudo.require is false; group cn=z\u{f6},o=x does not exist\n"
                .to_owned(),
            date: 1_795_518_835,
            moment: Moment {
                boot: "9d1b".to_owned(),
                at: std::time::Duration::from_millis(1234),
            },
        }
    }

    #[test]
    fn refusals_are_read_as_they_were_written() {
        let all = [
            refused("b1", Outcome::Refused),
            refused("b2", Outcome::Expired(Expired::Account)),
            refused("b3", Outcome::Expired(Expired::Password)),
        ];
        let zoe = user("zo\u{eb} x");
        let text = text(&zoe, &all);
        assert_eq!(parse(&text, &zoe).unwrap(), all);
        assert_eq!(parse(&text, &user("zoe")), None);
    }

    #[test]
    fn what_is_no_refusal_does_not_read_back_as_one() {
        for outcome in [Outcome::Granted, Outcome::BadPassword, Outcome::Unavailable] {
            let text = text(&user("alice"), &[refused("b", outcome)]);
            assert_eq!(parse(&text, &user("alice")), None, "{outcome}");
        }
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let many: Vec<_> = (0..MOST + 3)
            .map(|number| refused(&number.to_string(), Outcome::Refused))
            .collect();
        let kept = parse(&text(&user("alice"), &many), &user("alice")).unwrap();
        assert_eq!(kept.len(), MOST);
        assert_eq!(kept[0].basis, "3");
    }
}
