//! The passwords that the directory has refused in this transaction: it would refuse them again, and
//! count them again. Another pam_rsldap line, or a program that tries once more with what it has, would
//! lock a user out in half the time.
//!
//! What is kept is a keyed hash with a key of its own, never a password.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ring::hmac;
use ring::rand::SystemRandom;

use super::args::Args;
use crate::secret::Password;

/// For how long a refusal stands. The password may be set to just this one meanwhile.
const FRESH: Duration = Duration::from_secs(60);
/// How many are remembered.
const MAX: usize = 16;

/// Whose password, and by which configuration: another one may ask another directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `PAM_USER`
    pub user: Vec<u8>,
    /// The configuration of the pam.d line.
    pub config: PathBuf,
}

impl Scope {
    /// This user, in a line with these arguments.
    pub fn new(user: &[u8], args: &Args) -> Self {
        Scope {
            user: user.to_vec(),
            config: args.config.clone(),
        }
    }
}

/// What is left in the handle.
#[derive(Clone)]
pub struct RefusedPasswords {
    key: hmac::Key,
    seen: Vec<(Scope, Instant, hmac::Tag)>,
}

impl RefusedPasswords {
    /// None yet. None at all where the system has no random numbers: then every password is offered.
    pub fn new() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        Some(RefusedPasswords {
            key,
            seen: Vec::new(),
        })
    }

    /// Remembers one more.
    pub fn add(&mut self, scope: Scope, password: &Password) {
        let tag = hmac::sign(&self.key, password.expose().as_bytes());
        self.seen.retain(|(_, at, _)| at.elapsed() < FRESH);
        if self.seen.len() >= MAX {
            self.seen.remove(0);
        }
        self.seen.push((scope, Instant::now(), tag));
    }

    /// Whether it is among them.
    pub fn has(&self, scope: &Scope, password: &Password) -> bool {
        self.seen.iter().any(|(of, at, tag)| {
            of == scope
                && at.elapsed() < FRESH
                && hmac::verify(&self.key, password.expose().as_bytes(), tag.as_ref()).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_password_is_known_for_its_user_and_directory_only() {
        let scope = |user: &[u8], config: &str| Scope {
            user: user.to_vec(),
            config: config.into(),
        };
        let password = |text: &str| Password::new(text.as_bytes()).unwrap();
        let mut refused = RefusedPasswords::new().unwrap();
        let alice = scope(b"alice", "/a");
        assert!(!refused.has(&alice, &password("x")));
        refused.add(alice.clone(), &password("x"));
        assert!(refused.has(&alice, &password("x")));
        assert!(!refused.has(&alice, &password("y")));
        assert!(!refused.has(&scope(b"bob", "/a"), &password("x")));
        assert!(!refused.has(&scope(b"alice", "/b"), &password("x")));
    }

    #[test]
    fn no_more_than_a_few_are_kept() {
        let alice = Scope {
            user: b"alice".to_vec(),
            config: "/a".into(),
        };
        let mut refused = RefusedPasswords::new().unwrap();
        for number in 0..100 {
            let password = Password::new(format!("p{number}").as_bytes()).unwrap();
            refused.add(alice.clone(), &password);
            assert!(refused.has(&alice, &password));
        }
        assert!(refused.seen.len() <= MAX);
    }
}
