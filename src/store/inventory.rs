//! What is kept, by its files: for whoever lists or removes it. A login needs none of this.

use std::io;
use std::path::Path;

use super::machine_key::MachineKey;
use super::{NoPlace, Place, RUN, STATE, Unusable, cache, down, offline, refusals};

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`cache`]
    Cache,
    /// [`refusals`]
    Refusals,
    /// [`offline`]
    Offline,
    /// [`down`]
    Marker,
}

/// A file, or whatever else lies in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// None: it is not this module's.
    pub kind: Option<Kind>,
    /// Its name; what is not UTF-8 in it is replaced.
    pub name: String,
    /// A process was killed while it wrote this file, or is about to finish it.
    pub is_unfinished: bool,
}

/// What a process is in the middle of writing.
const UNFINISHED: &str = ".new";

/// How long the name of a file is without its ending: [`super::fingerprint`].
const STEM: usize = 64;

impl Kind {
    /// Every kind once.
    pub const ALL: [Kind; 4] = [Kind::Cache, Kind::Refusals, Kind::Offline, Kind::Marker];

    /// The directory that it is in.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Kind::Cache | Kind::Marker => RUN,
            Kind::Refusals | Kind::Offline => STATE,
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Kind::Cache => ".cache",
            Kind::Refusals => ".refusals",
            Kind::Offline => ".offline",
            Kind::Marker => ".down",
        }
    }

    /// The file about a user or a server, as [`super::fingerprint`] has it.
    #[must_use]
    pub fn file(self, stem: &str) -> String {
        format!("{stem}{}", self.ending())
    }
}

/// All that lies in a directory of the module's, in the order of the names; locks and the key of the
/// machine are passed over. Nothing where the directory is not there.
///
/// # Errors
/// It is not root's alone, or cannot be read.
pub fn files(path: &'static str) -> io::Result<Vec<Found>> {
    let place = match Place::find(Path::new(path)) {
        Ok(place) => place,
        Err(NoPlace::Absent) => return Ok(Vec::new()),
        Err(NoPlace::NotRoot) => return Err(io::ErrorKind::PermissionDenied.into()),
        Err(NoPlace::NotPrivate) => {
            return Err(io::Error::other(
                "not a directory of root's alone: nothing is remembered",
            ));
        }
    };
    let names = place.names()?.into_iter();
    Ok(names.filter_map(|name| found(path, name)).collect())
}

fn found(path: &str, name: String) -> Option<Found> {
    let is_own = |stem: Option<&str>| stem.is_some_and(is_fingerprint);
    let is_lock = is_own(name.strip_suffix(".lock")) || name == "machine.lock";
    if is_lock || name == super::machine_key::NAME {
        return None;
    }
    let whole = name.strip_suffix(UNFINISHED);
    let kind = Kind::ALL.into_iter().find(|kind| {
        let stem = whole.unwrap_or(&name).strip_suffix(kind.ending());
        kind.path() == path && is_own(stem)
    });
    Some(Found {
        kind,
        is_unfinished: kind.is_some() && whole.is_some(),
        name,
    })
}

fn is_fingerprint(stem: &str) -> bool {
    let is_digit = |digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    stem.len() == STEM && stem.bytes().all(is_digit)
}

impl Found {
    /// The part of the name that says whom the file is about.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.name.get(..STEM).unwrap_or_default()
    }
}

/// The user or the server that a file is about, as it says itself and as it is named. None if it is
/// damaged, gone, or made with another key.
#[must_use]
pub fn subject(place: &Place, found: &Found, key: Option<&MachineKey>) -> Option<String> {
    let name = |user: Result<Option<crate::names::UserName>, Unusable>| {
        user.ok().flatten().map(|user| user.to_string())
    };
    match found.kind? {
        Kind::Cache => name(cache::user_of(place, &found.name)),
        Kind::Refusals => name(refusals::user_of(place, &found.name)),
        Kind::Offline => name(offline::user_of(place, &found.name, key?)),
        Kind::Marker => down::marker(place, &found.name).map(|(server, _)| server),
    }
}

/// Removes a file of the module's, and what was left when one was being written, under the lock of
/// whoever would write it.
///
/// # Errors
/// It is still there, and why.
pub fn remove(place: &Place, kind: Kind, stem: &str) -> Result<(), String> {
    let _lock = match kind {
        // Who tries the server has the lock for as long, and says what came of it then.
        Kind::Marker => None,
        Kind::Cache | Kind::Refusals | Kind::Offline => {
            Some(place.lock(stem).map_err(|error| error.to_string())?)
        }
    };
    let name = kind.file(stem);
    let unfinished = place.remove(&format!("{name}{UNFINISHED}"));
    match place.remove(&name) && unfinished {
        true => Ok(()),
        false => Err("it cannot be removed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_names() {
        let stem = super::super::fingerprint("alice");
        let kind = |path, name: &str| found(path, name.to_owned()).map(|found| found.kind);
        for kept in Kind::ALL {
            let name = kept.file(&stem);
            assert_eq!(kind(kept.path(), &name), Some(Some(kept)));
            assert!(!found(kept.path(), name.clone()).unwrap().is_unfinished);
            let new = found(kept.path(), format!("{name}.new")).unwrap();
            assert_eq!((new.kind, new.is_unfinished), (Some(kept), true));
            assert_eq!(new.stem(), stem);
        }
        for own in [&format!("{stem}.lock"), "machine.lock", "machine.key"] {
            assert_eq!(kind(STATE, own), None, "{own}");
        }
        for (path, foreign) in [
            (RUN, Kind::Offline.file(&stem)),
            (STATE, Kind::Cache.file(&stem)),
            (RUN, Kind::Cache.file("alice")),
            (RUN, Kind::Cache.file(&stem.to_uppercase())),
            (RUN, format!("{stem}.cache.old")),
            (RUN, "alice.lock".to_owned()),
            (RUN, String::new()),
            (RUN, "\u{fffd}".repeat(40)),
        ] {
            assert_eq!(kind(path, &foreign), Some(None), "{foreign}");
        }
    }
}
