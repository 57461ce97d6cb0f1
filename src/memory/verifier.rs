//! Verifiers of passwords: Argon2id (RFC 9106).

use std::io;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use crate::secret::Password;
use crate::store::machine_key::random;
use crate::store::offline::Verifier;

/// What a new verifier costs: 19 MiB, two passes, one lane, which is the first choice of OWASP's
/// password storage cheat sheet. RFC 9106's own for little memory, 64 MiB, would be taken from sshd and
/// sudo for each login, and its lanes would be threads.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The most memory that an older verifier may ask for, in KiB.
const MOST_MEMORY: u32 = 256 * 1024;

/// Bytes of the salt and of the tag (RFC 9106 §3.1 and §4).
const SALT: usize = 16;
const TAG: usize = 32;

/// A verifier of this password, with a salt of its own.
///
/// # Errors
/// There is not enough memory, or no random number.
pub fn new(password: &Password, pepper: &[u8]) -> io::Result<Verifier> {
    let mut salt = vec![0; SALT];
    random(&mut salt)?;
    let mut verifier = Verifier {
        memory: MEMORY,
        passes: PASSES,
        lanes: LANES,
        salt,
        tag: Vec::new(),
    };
    verifier.tag = tag(&verifier, password, pepper)?.to_vec();
    Ok(verifier)
}

/// What this password comes to with the salt and cost of a verifier.
///
/// # Errors
/// There is not enough memory, or the verifier is none that this module makes.
pub fn tag(
    verifier: &Verifier,
    password: &Password,
    pepper: &[u8],
) -> io::Result<Zeroizing<[u8; TAG]>> {
    let odd = |error: argon2::Error| io::Error::other(error.to_string());
    if verifier.memory > MOST_MEMORY {
        return Err(io::Error::other("the verifier asks for too much memory"));
    }
    let params = Params::new(verifier.memory, verifier.passes, verifier.lanes, Some(TAG));
    let params = params.map_err(odd)?;
    // In a host program, running out of memory has to be an error and not its end.
    let mut blocks: Vec<Block> = Vec::new();
    let count = params.block_count();
    let no_memory = |_| io::Error::from(io::ErrorKind::OutOfMemory);
    blocks.try_reserve_exact(count).map_err(no_memory)?;
    blocks.resize(count, Block::default());
    let version = Version::V0x13;
    let argon2 = Argon2::new_with_secret(pepper, Algorithm::Argon2id, version, params);
    let mut tag = Zeroizing::new([0; TAG]);
    let text = password.expose().as_bytes();
    argon2
        .map_err(odd)?
        .hash_password_into_with_memory(text, &verifier.salt, tag.as_mut(), &mut blocks)
        .map_err(odd)?;
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_verifier_knows_its_password_its_salt_and_its_machine() {
        let verifier = new(&password("alice-secret"), b"pepper").unwrap();
        let tag_of = |verifier: &Verifier, text: &str, pepper: &[u8]| {
            tag(verifier, &password(text), pepper).unwrap().to_vec()
        };
        assert_eq!(tag_of(&verifier, "alice-secret", b"pepper"), verifier.tag);
        assert_ne!(tag_of(&verifier, "alice-secres", b"pepper"), verifier.tag);
        assert_ne!(tag_of(&verifier, "alice-secret", b"peppes"), verifier.tag);
        let other = new(&password("alice-secret"), b"pepper").unwrap();
        assert_ne!(other.salt, verifier.salt);
        assert_ne!(other.tag, verifier.tag);
    }

    /// What the reference implementation says: echo -n password | argon2 somesalt01234567 -id -k 64 -t 2 -r
    #[test]
    fn a_tag_is_that_of_rfc_9106() {
        let verifier = Verifier {
            memory: 64,
            passes: 2,
            lanes: 1,
            salt: b"somesalt01234567".to_vec(),
            tag: Vec::new(),
        };
        let tag = tag(&verifier, &password("password"), b"").unwrap();
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "1d7d253d9a6407becf3ac997df21010da26867f76992bc24bbb7b714c13ad0b5"
        );
    }

    #[test]
    fn a_verifier_that_asks_for_the_world_is_refused() {
        for (memory, passes, lanes) in [(u32::MAX, 1, 1), (0, 1, 1), (64, 0, 1), (64, 1, 0)] {
            let verifier = Verifier {
                memory,
                passes,
                lanes,
                salt: vec![0; SALT],
                tag: Vec::new(),
            };
            assert!(tag(&verifier, &password("x"), b"").is_err(), "{memory}");
        }
    }
}
