//! `rsldapctl cache`: what logins have left on this machine, and how to make it forget.

mod flush;
mod list;

use std::path::Path;

use clap::Subcommand;
use pam_rsldap::names::UserName;
use pam_rsldap::sys;

use crate::Answer;
use crate::screen::print_failure;

/// What is wanted.
#[derive(Subcommand)]
pub enum Action {
    /// What is remembered? Nothing is changed
    List {
        /// Of this user alone
        user: Option<String>,
    },
    /// Forget the group cache and the down markers; of USER: the group cache
    Flush {
        /// Of this user alone
        user: Option<String>,
        /// The last known refusals, too: they stand no longer while no server answers
        #[arg(long)]
        refusals: bool,
        /// The offline logins, too: the next one needs a server
        #[arg(long)]
        offline: bool,
    },
}

/// Does it, and prints.
pub fn run(config: &Path, action: &Action, json: bool) -> Answer {
    let wrong = |why: &str| {
        print_failure(why, json);
        Answer::Misconfigured
    };
    if sys::effective_uid() != 0 {
        return wrong("only root can see or change what is remembered: run this as root");
    }
    let (Action::List { user } | Action::Flush { user, .. }) = action;
    let user = user.as_deref().map(|name| UserName::parse(name.as_bytes()));
    let user = match user.transpose() {
        Ok(user) => user,
        Err(bad) => return wrong(&format!("nobody logs in by this name: {}", bad.reason())),
    };
    match action {
        Action::List { .. } => list::run(config, user.as_ref(), json),
        Action::Flush {
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
