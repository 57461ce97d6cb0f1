//! `user.canonical_name`: a login under another spelling or an alias, which goes on under the name of
//! the account.

use std::io;

use super::{End, Request};
use crate::directory::{Cause, DirectoryError, Entry, Unavailable};
use crate::names::UserName;
use crate::outcome::Outcome;
use crate::policy;
use crate::transaction::Transaction;

/// The account of this host that the entry names, where that is not the name typed.
///
/// # Errors
/// [`Outcome::UnknownUser`]: the entry names no account, or not one that may be logged in to by
/// another name. Or the host cannot tell.
pub(super) fn account_of(
    request: Request<'_>,
    entry: &Entry,
    transaction: &mut (impl Transaction + ?Sized),
) -> Result<UserName, End> {
    let unknown = |why: String| End::Decided(Outcome::UnknownUser, why);
    let attribute = request.config.user.name_attribute.as_str();
    let name = policy::the_only_name(entry.values(attribute))
        .map_err(|why| unknown(format!("{attribute} of the entry: {why}")))?;
    let uid = transaction
        .local_uid(name.as_str().as_bytes())
        .map_err(|error| host_trouble(&error))?;
    policy::may_become((&name, uid), request.local_uid, &request.config.user)
        .map_err(|why| unknown(format!("the entry is {}: {why}", name.as_str())))?;
    Ok(name)
}

fn host_trouble(error: &io::Error) -> End {
    End::Failed(DirectoryError::Unavailable(Unavailable {
        cause: Cause::Host,
        detail: format!("the host's own user database: {error}"),
        server: None,
    }))
}
