//! A transaction that is told of a refused password when it is clear that it is refused: a login that
//! began with a remembered DN is decided once more, and then the password may be right.

use std::io;

use crate::notice::Notice;
use crate::secret::{NotAPassword, Password};
use crate::transaction::{HostError, Transaction};

/// The transaction, and what it has not been told yet.
pub struct HeldBack<'a> {
    inner: &'a mut dyn Transaction,
    refused: Option<Password>,
}

impl<'a> HeldBack<'a> {
    /// With nothing held back.
    pub fn new(inner: &'a mut dyn Transaction) -> Self {
        HeldBack {
            inner,
            refused: None,
        }
    }

    /// Forgets what was held back.
    pub fn drop_it(&mut self) {
        self.refused = None;
    }

    /// Tells it.
    pub fn hand_on(self) {
        if let Some(password) = self.refused {
            self.inner.note_refused(&password);
        }
    }
}

impl Transaction for HeldBack<'_> {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        self.inner.password()
    }

    fn local_uid(&mut self, name: &[u8]) -> io::Result<Option<u32>> {
        self.inner.local_uid(name)
    }

    fn tell(&mut self, notice: &Notice) {
        self.inner.tell(notice);
    }

    fn was_refused(&self, password: &Password) -> bool {
        self.inner.was_refused(password)
    }

    fn note_refused(&mut self, password: &Password) {
        self.refused = Some(password.clone());
    }
}
