//! Membership through groups in groups: from the user upwards, a level at a time.
//!
//! A level is one search for the groups that list anything the level before has found, so its cost
//! depends on the user's groups, not on the directory, nor on how many members a group has. Member
//! lists are never read. What the groups come to is kept for all the questions of a login, and the
//! climb goes no further than these need.

use std::collections::BTreeSet;

use super::DirectoryError;
use super::groups::NO_PRIMARY_GROUP;
use super::operations::{self, FoundGroups, Time};
use super::session::Session;
use super::together::together;
use crate::config::GroupSearch;
use crate::names::{AttributeName, Dn};
use crate::policy::{Answer, Proof, Question};
use crate::template::Filter;

/// How many groups may stand between the user and a group, and that group itself.
const MAX_LEVELS: usize = 16;
/// How many groups a user may be in, directly or through others.
const MAX_GROUPS: usize = 2_000;
/// How many entries all levels together may bring: groups that list each other come again and again.
const MAX_ENTRIES: usize = 8_000;
/// How long the text of one filter may become. slapd takes requests of 256 KiB (slapd.conf(5):
/// sockbuf_max_incoming).
const MAX_FILTER: usize = 64 * 1024;

/// How groups of groups are found.
#[derive(Clone, Copy)]
pub struct Links<'a> {
    /// The attribute that lists DNs.
    pub member: &'a AttributeName,
    /// Where groups are. A group elsewhere is no link, nor is the user a member of it.
    pub search: &'a [GroupSearch],
    /// The group that the user is in without being listed.
    pub primary: Primary<'a>,
    /// Whether a reference to another server may hide groups. Active Directory adds the same ones to
    /// every search from the top of a domain.
    pub references_count: bool,
}

/// What is known of the user's primary group.
#[derive(Clone, Copy)]
pub enum Primary<'a> {
    /// There is no such thing.
    None,
    /// It matches this filter.
    Group(&'a Filter),
    /// The user's entry does not show it.
    Unknown,
}

impl Links<'_> {
    /// The filters that groups match if they list one of these, each of a length that servers take.
    fn listing<'a>(&self, members: impl IntoIterator<Item = &'a Dn>) -> Vec<Filter> {
        Filter::any_of_each(self.listed(members), MAX_FILTER)
    }

    /// The same, where the user is one of them: the primary group matches too.
    fn listing_user<'a>(&self, members: impl IntoIterator<Item = &'a Dn>) -> Vec<Filter> {
        let primary = match self.primary {
            Primary::Group(filter) => Some(filter.clone()),
            Primary::None | Primary::Unknown => None,
        };
        Filter::any_of_each(self.listed(members).chain(primary), MAX_FILTER)
    }

    fn listed<'a>(
        &self,
        members: impl IntoIterator<Item = &'a Dn>,
    ) -> impl Iterator<Item = Filter> {
        members
            .into_iter()
            .map(|dn| Filter::equality(self.member, dn.as_str().as_bytes()))
    }

    fn reach(&self, group: &Dn) -> bool {
        self.search.iter().any(|search| search.reaches(group))
    }
}

/// The groups of a user, as far as they are known.
pub struct Closure {
    user: Dn,
    groups: BTreeSet<Dn>,
    /// What the last level has found.
    edge: Vec<Dn>,
    /// How many levels have been searched.
    levels: usize,
    /// How many entries have come.
    entries: usize,
    /// Why nothing more will be found, though there may be more.
    cut: Option<String>,
    /// Parts of the tree that are on another server: what is not found here may be there.
    elsewhere: bool,
}

impl Closure {
    /// Of this user, before anything is asked.
    pub fn new(user: &Dn) -> Self {
        Closure {
            user: user.clone(),
            groups: BTreeSet::new(),
            edge: vec![user.clone()],
            levels: 0,
            entries: 0,
            cut: None,
            elsewhere: false,
        }
    }

    /// Answers the questions, and climbs as far as that needs.
    ///
    /// # Errors
    /// The server gave no answer, or a base of `group.search` does not exist. A user with more groups
    /// or levels than the bounds allow is an answer: the server would not say.
    pub async fn answer(
        &mut self,
        session: &Session,
        time: Time,
        links: Links<'_>,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        while self.is_open()
            && questions
                .iter()
                .any(|question| self.misses(question, links))
        {
            self.climb(session, time, links).await?;
        }
        let answering = questions
            .iter()
            .map(|question| self.answer_one(session, time, links, question));
        together(answering).await
    }

    /// Climbs to the end. Gives back filters that match all the groups of the user, and no others.
    ///
    /// # Errors
    /// The server gave no answer, a base of `group.search` does not exist, or there are more groups or
    /// levels than the bounds allow.
    pub async fn listing_all(
        &mut self,
        session: &Session,
        time: Time,
        links: Links<'_>,
    ) -> Result<Vec<Filter>, DirectoryError> {
        while self.is_open() {
            self.climb(session, time, links).await?;
        }
        match &self.cut {
            Some(why) => Err(DirectoryError::Config(why.clone())),
            None => Ok(links.listing_user(self.groups.iter().chain([&self.user]))),
        }
    }

    fn is_open(&self) -> bool {
        !self.edge.is_empty() && self.cut.is_none()
    }

    /// Whether another level may change the answer.
    fn misses(&self, question: &Question, links: Links<'_>) -> bool {
        let may_be_found = question.proof == Proof::NonMember || links.reach(&question.group);
        may_be_found && !self.groups.contains(&question.group)
    }

    /// Searches for the next level.
    async fn climb(
        &mut self,
        session: &Session,
        time: Time,
        links: Links<'_>,
    ) -> Result<(), DirectoryError> {
        let listing = match self.levels {
            0 => links.listing_user(&self.edge),
            _ => links.listing(&self.edge),
        };
        let limit = time.limit();
        let searching = links.search.iter().flat_map(|search| {
            listing.iter().map(move |listing| {
                let filter = search.filter.and(listing);
                operations::find_groups(session, limit, search, filter, MAX_GROUPS)
            })
        });
        let found = together(searching).await?;
        self.levels += 1;
        self.edge.clear();
        for found in found {
            self.elsewhere |= links.references_count && found.elsewhere;
            self.take(found);
        }
        if self.cut.is_none() {
            self.cut = self.bound_passed();
        }
        Ok(())
    }

    fn take(&mut self, found: FoundGroups) {
        self.entries += found.groups.len();
        if let Some(why) = found.incomplete {
            self.cut = Some(format!("group nesting: {why}"));
        }
        // A group that is there already is a circle, or the end of a second way to it.
        for group in found.groups {
            if self.groups.insert(group.clone()) {
                self.edge.push(group);
            }
        }
    }

    fn bound_passed(&self) -> Option<String> {
        if self.groups.len() > MAX_GROUPS {
            Some(format!("group nesting: more than {MAX_GROUPS} groups"))
        } else if self.entries > MAX_ENTRIES {
            Some(format!("group nesting: more than {MAX_ENTRIES} entries"))
        } else if self.levels > MAX_LEVELS && !self.edge.is_empty() {
            Some(format!("group nesting: more than {MAX_LEVELS} levels"))
        } else {
            None
        }
    }

    /// That the user is no member is proven by the group, which must show that it lists neither the
    /// user nor any of the user's groups. A member list that is hidden proves nothing.
    async fn answer_one(
        &self,
        session: &Session,
        time: Time,
        links: Links<'_>,
        question: &Question,
    ) -> Result<Answer, DirectoryError> {
        let is_member = self.groups.contains(&question.group);
        match (question.proof, &self.cut) {
            (Proof::Member, _) if is_member => Ok(Answer::Proven),
            (Proof::NonMember, _) if is_member => Ok(Answer::NotProven),
            (Proof::Member, _) if !links.reach(&question.group) => Ok(Answer::NotProven),
            (_, Some(why)) => Ok(Answer::Withheld(why.clone())),
            (Proof::Member, None) => Ok(Answer::NotProven),
            (Proof::NonMember, None) if self.elsewhere => Ok(Answer::Withheld(
                "group nesting: some groups are on another server".to_owned(),
            )),
            (Proof::NonMember, None) if matches!(links.primary, Primary::Unknown) => {
                Ok(Answer::Withheld(NO_PRIMARY_GROUP.to_owned()))
            }
            (Proof::NonMember, None) => self.prove_absence(session, time, links, question).await,
        }
    }

    async fn prove_absence(
        &self,
        session: &Session,
        time: Time,
        links: Links<'_>,
        question: &Question,
    ) -> Result<Answer, DirectoryError> {
        let listing = links.listing_user(self.groups.iter().chain([&self.user]));
        let limit = time.limit();
        let asking = listing
            .iter()
            .map(|listing| operations::answer(session, limit, question, listing));
        let answers = together(asking).await?;
        let doubt = answers.into_iter().find(|answer| *answer != Answer::Proven);
        Ok(doubt.unwrap_or(Answer::Proven))
    }
}
