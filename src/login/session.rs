//! What is asked for the session of a user who is in.

use std::collections::{BTreeMap, BTreeSet};

use super::Request;
use super::gates::ask;
use crate::config::{Config, MirrorMode};
use crate::directory::{Directory, DirectoryError, Entry};
use crate::names::FlagName;
use crate::ordered::ordered;
use crate::policy::{self, Facts, Question};

/// What the local groups of a session are chosen from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The groups of `[session.local_groups]` whose query is true.
    pub local: BTreeSet<String>,
    /// The names of the user's groups in the directory; asked for only where they are mirrored.
    pub directory: Vec<String>,
    /// Why there are none of these, where the directory did not say.
    pub problem: Option<String>,
}

/// The flags that are true, where the session's environment tells them, and what the session's local
/// groups are chosen from.
///
/// # Errors
/// The server failed at a question about a group.
pub(super) fn facts(
    request: Request<'_>,
    directory: &mut dyn Directory,
    entry: &Entry,
    facts: Facts,
) -> Result<(BTreeSet<FlagName>, Groups), DirectoryError> {
    let (flags, local) = flags_and_groups(request, directory, entry, facts)?;
    let (directory, problem) = directory_groups(request, directory, entry);
    let groups = Groups {
        local,
        directory,
        problem,
    };
    Ok((flags, groups))
}

/// The flags that are true, where the session's environment tells them, and the local groups that the
/// session gets. Their questions travel together.
fn flags_and_groups(
    request: Request<'_>,
    directory: &mut dyn Directory,
    entry: &Entry,
    mut facts: Facts,
) -> Result<(BTreeSet<FlagName>, BTreeSet<String>), DirectoryError> {
    let Config { flags, session, .. } = request.config;
    let untold = BTreeMap::new();
    let told = if session.environment { flags } else { &untold };
    loop {
        let told = policy::names_that_hold(told, flags, &facts);
        let groups = policy::names_that_hold(&session.local_groups, flags, &facts);
        let open: BTreeSet<Question> = match (told, groups) {
            (Ok(told), Ok(groups)) => return Ok((told, groups)),
            (Err(open), Ok(_)) | (Ok(_), Err(open)) => ordered(open),
            (Err(some), Err(more)) => ordered(some.into_iter().chain(more)),
        };
        let open = open.into_iter().collect();
        ask(request, directory, entry, open, &mut facts)?;
    }
}

/// The names of the user's groups, where they are mirrored, or why there are none. A login does not
/// fail for them: it has passed its gates.
fn directory_groups(
    request: Request<'_>,
    directory: &mut dyn Directory,
    entry: &Entry,
) -> (Vec<String>, Option<String>) {
    if request.config.session.mirror_groups.mode == MirrorMode::Off {
        return (Vec::new(), None);
    }
    match directory.groups(request.user, entry) {
        Ok(names) => (names, None),
        Err(DirectoryError::Config(problem)) => (Vec::new(), Some(problem)),
        Err(DirectoryError::Unavailable(trouble)) => (Vec::new(), Some(trouble.detail)),
    }
}
