//! What a login may ask of the PAM transaction it runs in.
//!
//! The module implements [`Transaction`] over a PAM handle, `rsldapctl explain` over a terminal, unit
//! tests over a script. The login is the same for all three.

use std::io;

use crate::notice::Notice;
use crate::secret::{NotAPassword, Password};
use crate::sys;

/// One run of a PAM phase, as the login sees it.
pub trait Transaction {
    /// The user's password: one that an earlier module has left, or asked for.
    ///
    /// # Errors
    /// The conversation failed, so nothing was typed at all.
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError>;

    /// The uid of an account of this host, None if there is none.
    ///
    /// # Errors
    /// The host's name service failed.
    fn local_uid(&mut self, name: &[u8]) -> io::Result<Option<u32>> {
        sys::local_uid(name)
    }

    /// Tells the user something, if the application wants to hear it. Nothing depends on it.
    fn tell(&mut self, notice: &Notice);

    /// Whether the directory has just refused this password in this transaction, for this user. It
    /// would refuse it again, and count it again.
    fn was_refused(&self, _password: &Password) -> bool {
        false
    }

    /// Remembers that the directory has refused this password.
    fn note_refused(&mut self, _password: &Password) {}
}

/// What a change of the password asks of the transaction beyond that.
pub trait PasswordDialogue: Transaction {
    /// The password as it is, once asked for in both passes.
    ///
    /// # Errors
    /// The conversation failed, so nothing was typed at all.
    fn old_password(&mut self) -> Result<Result<Password, NotAPassword>, HostError>;

    /// The new password: one that an earlier module has approved, or asked for twice.
    ///
    /// # Errors
    /// As above; or `use_authtok` is set and no module has left one.
    fn new_password(&mut self) -> Result<Result<Password, NotAPassword>, HostError>;
}

/// libpam, or the application behind it, could not do what was asked. Its own return code (PAM
/// return values, pam(3)) goes back to the application; it is never success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostError {
    /// The return code of libpam.
    pub code: i32,
    /// What was asked of it.
    pub action: &'static str,
}
