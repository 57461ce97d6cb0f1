//! A directory with a memory: the user's entry and the answers about groups are used
//! again while they are fresh.
//!
//! A fresh answer may let somebody in and nothing else: where a login that used one ends in any other
//! way, the caller drops what is remembered and decides once more, live. So a user who has just joined a
//! group need not wait, a password that is wrong under the remembered DN is tried under the DN that
//! counts now, and a refusal is always the directory's own. The password goes to a DN once, however
//! often it is asked for.

use crate::directory::{Change, Directory, DirectoryError, Entry, UserBindVerdict};
use crate::names::{Dn, UserName};
use crate::outcome::Outcome;
use crate::policy::{Answer, Question};
use crate::secret::Password;
use crate::store::Moment;
use crate::store::cache::Kept;

/// A directory, and what is remembered of one user.
pub struct Cached<'a> {
    inner: &'a mut dyn Directory,
    /// Whether answers are noted, for the next login.
    learns: bool,
    /// What is known of the user: remembered, or learnt.
    kept: Option<Kept>,
    /// It has not been written yet.
    is_new: bool,
    /// An answer was a remembered one.
    used: bool,
    /// What the user's bind came to.
    bound: Option<(Dn, UserBindVerdict)>,
}

impl<'a> Cached<'a> {
    /// With what is remembered and fresh, if `learns`; else all is asked and nothing noted.
    pub fn new(inner: &'a mut dyn Directory, kept: Option<Kept>, learns: bool) -> Self {
        Cached {
            inner,
            learns,
            kept,
            is_new: false,
            used: false,
            bound: None,
        }
    }

    /// Whether an answer was a remembered one.
    #[must_use]
    pub fn was_used(&self) -> bool {
        self.used
    }

    /// Whether this outcome may rest on what is remembered. If not, that is forgotten, and the login has
    /// to be decided again.
    pub fn may_be(&mut self, outcome: Outcome) -> bool {
        let stands = match outcome {
            Outcome::Granted | Outcome::Exempt => true,
            // Nobody can be asked.
            Outcome::Unavailable => true,
            // The password may have been changed since.
            Outcome::MustChange
            | Outcome::UnknownUser
            | Outcome::BadPassword
            | Outcome::Refused
            | Outcome::Expired(_)
            | Outcome::ConfigError => !self.used,
        };
        if !stands {
            self.kept = None;
            self.used = false;
        }
        stands
    }

    /// What was learnt, if there is more than was remembered.
    pub fn learnt(&self) -> Option<&Kept> {
        self.kept.as_ref().filter(|_| self.is_new)
    }
}

impl Directory for Cached<'_> {
    fn find(&mut self, user: &UserName) -> Result<Vec<Entry>, DirectoryError> {
        if let Some(kept) = &self.kept {
            self.used |= !self.is_new;
            return Ok(vec![kept.entry.clone()]);
        }
        if !self.learns {
            return self.inner.find(user);
        }
        let since = Moment::now();
        let found = self.inner.find(user)?;
        if let [entry] = found.as_slice() {
            self.is_new = true;
            self.kept = Some(Kept {
                entry: entry.clone(),
                facts: Default::default(),
                groups: None,
                since,
            });
        }
        Ok(found)
    }

    fn verify(&mut self, dn: &Dn, password: &Password) -> Result<UserBindVerdict, DirectoryError> {
        match &self.bound {
            Some((known, verdict)) if known == dn => Ok(*verdict),
            _ => {
                let verdict = self.inner.verify(dn, password)?;
                self.bound = Some((dn.clone(), verdict));
                Ok(verdict)
            }
        }
    }

    fn ask(
        &mut self,
        user: &UserName,
        entry: &Entry,
        questions: &[Question],
    ) -> Result<Vec<Answer>, DirectoryError> {
        let Some(kept) = self.kept.as_mut().filter(|kept| kept.entry == *entry) else {
            return self.inner.ask(user, entry, questions);
        };
        let is_open = |question: &&Question| !kept.facts.contains_key(*question);
        let open: Vec<Question> = questions.iter().filter(is_open).cloned().collect();
        if !open.is_empty() {
            let answers = self.inner.ask(user, entry, &open)?;
            kept.facts.extend(open.into_iter().zip(answers));
            self.is_new = true;
        }
        let unanswered = || Answer::Withheld("no answer".to_owned());
        let answers = questions
            .iter()
            .map(|question| kept.facts.get(question).cloned().unwrap_or_else(unanswered));
        Ok(answers.collect())
    }

    fn groups(&mut self, user: &UserName, entry: &Entry) -> Result<Vec<String>, DirectoryError> {
        let Some(kept) = self.kept.as_mut().filter(|kept| kept.entry == *entry) else {
            return self.inner.groups(user, entry);
        };
        match &kept.groups {
            Some(names) => Ok(names.clone()),
            None => {
                let names = self.inner.groups(user, entry)?;
                kept.groups = Some(names.clone());
                self.is_new = true;
                Ok(names)
            }
        }
    }

    fn change_password(
        &mut self,
        entry: &Entry,
        old: &Password,
        new: &Password,
    ) -> Result<Change, DirectoryError> {
        self.inner.change_password(entry, old, new)
    }

    fn server(&self) -> Option<String> {
        self.inner.server()
    }

    fn passed_over(&self) -> String {
        self.inner.passed_over()
    }
}
