//! Groups by the user's own `memberOf`, where the server keeps it: slapo-memberof(5) of OpenLDAP, the
//! MemberOf plug-in of 389-ds, Active Directory. Whether nested groups count is the server's choice.
//!
//! It is read with the user's entry, so that somebody is a member costs nothing more. That somebody is
//! none is another matter: `memberOf` may be hidden from us, or not kept at all, or not kept for groups
//! that were there before the overlay was. So the user's entry has to match the negation, which a
//! server that hides the attribute, or does not know it, leaves Undefined (RFC 4511 §4.5.1.7); and the
//! group has to show that it does not list the user.

use super::operations::{self, Found, Time};
use super::result_code::Operation;
use super::session::Session;
use super::together::together;
use super::{DirectoryError, Entry};
use crate::config::GroupSearch;
use crate::names::{AttributeName, Dn};
use crate::policy::{Answer, Proof, Question};
use crate::template::Filter;

/// The attribute.
pub const MEMBER_OF: &str = "memberOf";
/// How many values are looked at. Over that, groups that are not among them are not decided.
const MAX_VALUES: usize = 2_000;

/// How many groups are read for their names.
const MAX_NAMES: usize = 200;

/// Answers the questions about `user`, whose entry has been read with `memberOf`.
///
/// # Errors
/// The server gave no answer. A group that cannot be read is an answer.
pub async fn answer(
    (session, time): (&Session, Time),
    user: &Entry,
    questions: &[Question],
) -> Result<Vec<Answer>, DirectoryError> {
    let groups: Vec<Dn> = listed(user).take(MAX_VALUES).collect();
    let answering = questions
        .iter()
        .map(|question| answer_one((session, time), user, &groups, question));
    together(answering).await
}

async fn answer_one(
    at: (&Session, Time),
    user: &Entry,
    groups: &[Dn],
    question: &Question,
) -> Result<Answer, DirectoryError> {
    let is_member = groups.contains(&question.group);
    match question.proof {
        Proof::Member if is_member => Ok(Answer::Proven),
        Proof::NonMember if is_member => Ok(Answer::NotProven),
        _ if is_cut(user) => Ok(Answer::Withheld(format!(
            "memberOf has more than {MAX_VALUES} values, or the server sends only some"
        ))),
        Proof::Member => Ok(Answer::NotProven),
        Proof::NonMember => prove_absence(at, user, question).await,
    }
}

/// The names of the groups that `memberOf` lists and a search of `group.search` reaches.
///
/// # Errors
/// The server gave no answer, or there are too many groups.
pub async fn names(
    (session, time): (&Session, Time),
    user: &Entry,
    search: &[GroupSearch],
    name: &AttributeName,
) -> Result<Vec<String>, DirectoryError> {
    let reached = |group: &Dn| search.iter().any(|search| search.reaches(group));
    let groups: Vec<Dn> = listed(user).filter(reached).collect();
    if groups.len() > MAX_NAMES || user.has_range_of(MEMBER_OF) {
        let problem = format!("memberOf has more than {MAX_NAMES} groups of group.search");
        return Err(DirectoryError::Config(problem));
    }
    let (limit, wanted) = (time.limit(), [name.as_str()]);
    let reading = groups
        .iter()
        .map(|group| operations::read_at(session, limit, group, &wanted, Operation::GroupRead));
    let found = together(reading).await?.into_iter();
    Ok(found
        .filter_map(|found| match found {
            Found::Entry(group) => group.first_text(name.as_str()).map(str::to_owned),
            Found::Nothing | Found::NoSuchEntry | Found::Withheld(_) => None,
        })
        .collect())
}

/// The groups that `memberOf` lists.
fn listed(user: &Entry) -> impl Iterator<Item = Dn> {
    let values = user.values(MEMBER_OF).iter();
    values.filter_map(|value| Dn::received(std::str::from_utf8(value).ok()?).ok())
}

/// Whether there are more values than were looked at. Active Directory sends the first 1,500 of a
/// longer list under another name (MS-ADTS 3.1.1.3.1.3.3).
fn is_cut(user: &Entry) -> bool {
    user.values(MEMBER_OF).len() > MAX_VALUES || user.has_range_of(MEMBER_OF)
}

async fn prove_absence(
    (session, time): (&Session, Time),
    user: &Entry,
    question: &Question,
) -> Result<Answer, DirectoryError> {
    let group = question.group.as_str().as_bytes();
    let member_of = Filter::equality(&AttributeName::known(MEMBER_OF), group);
    let dn = user.dn.as_str().as_bytes();
    let [member, unique_member] = ["member", "uniqueMember"]
        .map(|attribute| Filter::equality(&AttributeName::known(attribute), dn));
    let about_user = Question {
        group: user.dn.clone(),
        proof: Proof::NonMember,
    };
    let asked = [
        (question, member.or(&unique_member)),
        (&about_user, member_of),
    ];
    let limit = time.limit();
    let asking = asked
        .iter()
        .map(|(question, filter)| operations::answer(session, limit, question, filter));
    let answers = together(asking).await?;
    let doubt = answers.into_iter().find(|answer| *answer != Answer::Proven);
    Ok(doubt.unwrap_or(Answer::Proven))
}
