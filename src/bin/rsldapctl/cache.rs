//! `rsldapctl cache`: what logins have left on this machine, and how to make it forget.

mod flush;
mod list;

use std::path::Path;

use pam_rsldap::names::UserName;
use pam_rsldap::sys;

use crate::Answer;
use crate::cli::Cache;
use crate::screen::print_failure;

/// Does it, and prints.
pub fn run(config: &Path, action: &Cache, json: bool) -> Answer {
    let wrong = |why: &str| {
        print_failure(why, json);
        Answer::Misconfigured
    };
    if sys::effective_uid() != 0 {
        return wrong("only root can see or change what is remembered: run this as root");
    }
    let (Cache::List { user } | Cache::Flush { user, .. }) = action;
    let user = user.as_deref().map(|name| UserName::parse(name.as_bytes()));
    let user = match user.transpose() {
        Ok(user) => user,
        Err(bad) => return wrong(&format!("nobody logs in by this name: {}", bad.reason())),
    };
    match action {
        Cache::List { .. } => list::run(config, user.as_ref(), json),
        Cache::Flush {
            refusals, offline, ..
        } => {
            let more = flush::More {
                refusals: *refusals,
                offline: *offline,
            };
            flush::run(user.as_ref(), &more, json)
        }
    }
}
