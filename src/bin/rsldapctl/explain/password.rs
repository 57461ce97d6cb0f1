//! The password of a login that is explained: the first line of standard input, and nothing behind it.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;

use pam_rsldap::notice::Notice;
use pam_rsldap::secret::{MAX_PASSWORD, NotAPassword, Password};
use pam_rsldap::sys::Hidden;
use pam_rsldap::transaction::{HostError, Transaction};
use zeroize::Zeroizing;

/// In PAM's place.
pub struct Stdin;

impl Transaction for Stdin {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        let unreadable = |error: io::Error| HostError {
            code: error.raw_os_error().unwrap_or_default(),
            action: "reading the password from standard input",
        };
        Ok(Password::new(&read().map_err(unreadable)?))
    }

    /// The report says more than a user is told.
    fn tell(&mut self, _: &Notice) {}
}

/// Asks on a terminal, as `sudo -S` does: the prompt goes to standard error, and nothing is shown.
fn read() -> io::Result<Zeroizing<Vec<u8>>> {
    // No buffer of the standard library keeps a copy.
    let stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    if !stdin.is_terminal() {
        return line(&stdin, None);
    }
    let hidden = Hidden::new(&stdin)?;
    let _ = write!(io::stderr(), "Password: ");
    let typed = line(&stdin, Some(hidden.interrupt()));
    let _ = writeln!(io::stderr());
    typed
}

/// The first line, without its end.
fn line(mut from: impl Read, interrupt: Option<u8>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD + 3));
    let mut byte = Zeroizing::new([0]);
    // One more than the longest password and a carriage return, so that a longer one is seen as such.
    while line.len() < MAX_PASSWORD + 2 && from.read(&mut *byte)? == 1 {
        match byte[0] {
            b'\n' => break,
            key if Some(key) == interrupt => {
                return Err(io::Error::from_raw_os_error(libc::EINTR));
            }
            byte => line.push(byte),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}
