//! The key of this machine: what is kept for an outage can be made and read here alone.
//!
//! 32 random bytes in a file of root's, made when they are first needed. What is used of them depends on
//! machine-id(5) too, so a copy of the files is of no use on another machine; whoever takes the whole
//! disk has both.

use std::fs;
use std::io;

use ring::hmac::{self, HMAC_SHA256, Key};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::{Place, Unusable};

pub(super) const NAME: &str = "machine.key";
const LENGTH: usize = 32;

/// Identifies the installation (machine-id(5)).
const MACHINE_ID: &str = "/etc/machine-id";

/// The keys that come of it.
pub struct MachineKey {
    /// Seals records.
    pub seal: Key,
    /// Goes into each verifier (RFC 9106 §3.1, the secret value).
    pub pepper: Zeroizing<Vec<u8>>,
}

impl MachineKey {
    /// The key, if this machine has one.
    ///
    /// # Errors
    /// There is something else in its place, or it cannot be read.
    pub fn existing(place: &Place) -> Result<Option<Self>, Unusable> {
        let found = place.read(NAME, LENGTH);
        match found.map_err(|error| Unusable::of(NAME, &error))? {
            None => Ok(None),
            Some(bytes) if bytes.len() == LENGTH => Ok(Some(Self::of(&Zeroizing::new(bytes)))),
            Some(_) => Err(Unusable::damaged(NAME)),
        }
    }

    /// The key, made if there is none. A new one makes all that was kept with another one void.
    ///
    /// # Errors
    /// It cannot be written or read.
    pub fn made(place: &Place) -> io::Result<Self> {
        let _lock = place.lock("machine")?;
        match Self::existing(place) {
            Ok(Some(key)) => return Ok(key),
            Err(unusable) if !unusable.is_damaged => return Err(io::Error::other(unusable.why)),
            Ok(None) | Err(_) => {}
        }
        let mut bytes = Zeroizing::new(vec![0; LENGTH]);
        random(&mut bytes)?;
        place.replace(NAME, &bytes, true)?;
        Ok(Self::of(&bytes))
    }

    fn of(bytes: &[u8]) -> Self {
        let machine = fs::read(MACHINE_ID).unwrap_or_default();
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&Key::new(HMAC_SHA256, key), text);
        let here = sign(bytes, &machine);
        MachineKey {
            seal: Key::new(HMAC_SHA256, sign(here.as_ref(), b"seal").as_ref()),
            pepper: Zeroizing::new(sign(here.as_ref(), b"pepper").as_ref().to_vec()),
        }
    }

    /// Whether two secrets are the same, in a time that tells nothing about them.
    #[must_use]
    pub fn same(&self, one: &[u8], other: &[u8]) -> bool {
        let tag = hmac::sign(&self.seal, one);
        hmac::verify(&self.seal, other, tag.as_ref()).is_ok()
    }
}

/// Fills a buffer with random bytes (getrandom(2)).
///
/// # Errors
/// The kernel has none.
pub fn random(buffer: &mut [u8]) -> io::Result<()> {
    let none = |_| io::Error::other("no random numbers");
    SystemRandom::new().fill(buffer).map_err(none)
}
