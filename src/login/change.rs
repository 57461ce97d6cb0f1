//! Changing a password, as an order of steps: the two passes of pam_sm_chauthtok(3).
//!
//! The first pass finds out whether the user is the directory's, and whether the old password is
//! right; the second has the new one and changes it. Between the two, and while the user types,
//! nothing is kept open.
//!
//! root is not asked for the old password where it sets a local one. Here it is not let at all: the
//! directory would have to trust this host with every password. But sshd and login(1) run as root too
//! when they have an expired password changed, and say so by `PAM_CHANGE_EXPIRED_AUTHTOK`: the old
//! password is asked for and verified then, as pam_unix(8) does it.

use super::{End, Identified, Request, identify, screen, state};
use crate::account_state::{Attributes, State, counts, shadow};
use crate::config::{AccountState, ChangeMethod, Config};
use crate::directory::{
    Cause, ChangeVerdict, Directory, DirectoryError, Entry, Refusal, UserBindVerdict,
};
use crate::names::{ServiceName, UserName};
use crate::notice::Notice;
use crate::outcome::{ChangeOutcome, Expired, Outcome};
use crate::secret::{NotAPassword, Password};
use crate::sys;
use crate::transaction::{HostError, PasswordDialogue};

/// How a pass ended, and what the log needs to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changing {
    /// How it ended.
    pub outcome: ChangeOutcome,
    /// Why, in words; empty where the outcome says it all.
    pub reason: String,
    /// The kind of failure, for [`ChangeOutcome::Unavailable`].
    pub cause: Option<Cause>,
    /// The server that answered, or the last one tried.
    pub server: Option<String>,
    /// The servers before it that could not be used, and why.
    pub passed_over: String,
    /// Whose password it was about, where that is not the name typed (`user.canonical_name`).
    pub account: Option<UserName>,
}

impl Changing {
    /// An end that needed no server.
    pub fn local(outcome: ChangeOutcome, reason: impl Into<String>) -> Self {
        Changing {
            outcome,
            reason: reason.into(),
            cause: None,
            server: None,
            passed_over: String::new(),
            account: None,
        }
    }
}

/// Whose password it is about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// `PAM_USER`
    pub name: &'a [u8],
    /// `PAM_SERVICE`
    pub service: &'a [u8],
    /// The user's uid on this host.
    pub local_uid: Option<u32>,
}

/// Is the user the directory's, and may the password be changed here? Asks the user nothing.
///
/// # Errors
/// The end of the pass, if it goes no further.
pub fn find(
    config: &Config,
    subject: Subject<'_>,
    by_root: bool,
    dialogue: &mut dyn PasswordDialogue,
    directory: &mut dyn Directory,
) -> Result<Entry, Changing> {
    let entry = search(config, subject, dialogue, directory)?.entry;
    let refusal = if !config.password.is_offered() {
        let text = config.password.prohibit_message.clone();
        Some((
            Notice::Prohibited(text),
            "[password] does not let it be changed on this host",
        ))
    } else if by_root {
        Some((
            Notice::NotByRoot,
            "root does not set the passwords of directory users",
        ))
    } else {
        None
    };
    match refusal {
        None => Ok(entry),
        Some((notice, why)) => {
            dialogue.tell(&notice);
            let end = Changing::local(ChangeOutcome::Prohibited, why);
            Err(at_server(end, directory))
        }
    }
}

fn search(
    config: &Config,
    subject: Subject<'_>,
    dialogue: &mut dyn PasswordDialogue,
    directory: &mut dyn Directory,
) -> Result<Identified, Changing> {
    let user = screen(subject.name, subject.local_uid, config).map_err(|(outcome, reason)| {
        let outcome = match outcome {
            Outcome::Exempt => ChangeOutcome::Exempt,
            _ => ChangeOutcome::UnknownUser,
        };
        Changing::local(outcome, reason)
    })?;
    let request = Request {
        config,
        user: &user,
        service: &ServiceName::of_transaction(subject.service),
        local_uid: subject.local_uid,
    };
    identify(request, dialogue, directory).map_err(|end| match end {
        End::Decided(_, reason) | End::Shut(_, reason) | End::TurnedAway(_, reason, _) => {
            at_server(
                Changing::local(ChangeOutcome::UnknownUser, reason),
                directory,
            )
        }
        End::Failed(error) => failed(error, NOT_NOW, dialogue, directory),
    })
}

/// The rest of the first pass: is the old password right, and is the account one that may be used?
///
/// # Errors
/// The password could not be asked for.
pub fn verify(
    config: &Config,
    entry: &Entry,
    dialogue: &mut dyn PasswordDialogue,
    directory: &mut dyn Directory,
) -> Result<Changing, HostError> {
    let old = match old_password(dialogue)? {
        Ok(old) => old,
        Err(end) => return Ok(end),
    };
    let end = match prove(config, entry, &old, dialogue, directory) {
        Err(end) => end,
        Ok(()) => match in_the_way(config, entry) {
            Some((outcome, reason, notice)) => {
                if let Some(notice) = notice {
                    dialogue.tell(&notice);
                }
                Changing::local(outcome, reason)
            }
            None => Changing::local(ChangeOutcome::Ready, ""),
        },
    };
    Ok(at_server(end, directory))
}

/// The second pass: the new password, the proof of the old one, and the change.
///
/// # Errors
/// A password could not be asked for.
pub fn update(
    config: &Config,
    subject: Subject<'_>,
    dialogue: &mut dyn PasswordDialogue,
    directory: &mut dyn Directory,
) -> Result<Changing, HostError> {
    let old = match old_password(dialogue)? {
        Ok(old) => old,
        Err(end) => return Ok(end),
    };
    let new = match dialogue.new_password()? {
        Ok(new) => new,
        Err(nothing) => {
            dialogue.tell(&Notice::NotChanged(not_a_new_password(nothing), None));
            return Ok(Changing::local(ChangeOutcome::Rejected, nothing.reason()));
        }
    };
    // The clock of the directory starts here: the user has done all the typing.
    let mut account = None;
    let result = search(config, subject, dialogue, directory).and_then(|found| {
        let Identified { entry, canonical } = found;
        account = canonical;
        prove(config, &entry, &old, dialogue, directory)?;
        replace(&entry, (&old, &new), dialogue, directory)
    });
    let end = result.unwrap_or_else(|end| match end.outcome {
        // The first pass has found the user. pam_unix has no business with this password now.
        ChangeOutcome::UnknownUser | ChangeOutcome::Exempt => Changing {
            outcome: ChangeOutcome::Unavailable,
            ..end
        },
        _ => end,
    });
    Ok(Changing {
        account,
        ..at_server(end, directory)
    })
}

/// The password as it is, or the end of the pass where nothing of use was typed.
///
/// # Errors
/// It could not be asked for.
fn old_password(
    dialogue: &mut dyn PasswordDialogue,
) -> Result<Result<Password, Changing>, HostError> {
    let typed = dialogue.old_password()?;
    Ok(typed.map_err(|nothing| Changing::local(ChangeOutcome::BadPassword, nothing.reason())))
}

/// Nothing was sent, or nothing that changes a password.
const NOT_NOW: &str =
    "The directory cannot be asked now. Your password is unchanged: try again later.";
/// Waiting does not help.
const NOT_SO: &str = "This host and the directory do not fit together. Your password is unchanged: \
     ask your administrator.";
/// The request for the change was sent.
const NO_ANSWER: &str = "The directory gave no answer. Whether your password has been changed is \
     not certain: try the new one, then the old one.";

/// Offers the old password.
fn prove(
    config: &Config,
    entry: &Entry,
    old: &Password,
    dialogue: &mut dyn PasswordDialogue,
    directory: &mut dyn Directory,
) -> Result<(), Changing> {
    if dialogue.was_refused(old) {
        return Err(Changing::local(
            ChangeOutcome::BadPassword,
            super::REFUSED_BEFORE,
        ));
    }
    let verdict = directory
        .verify(&entry.dn, old)
        .map_err(|error| failed(error, NOT_NOW, dialogue, directory))?;
    let outcome = match verdict {
        UserBindVerdict::Right(_) | UserBindVerdict::MustChange => return Ok(()),
        // Active Directory: the bind is refused because the password is right and has to be changed.
        UserBindVerdict::PasswordExpired | UserBindVerdict::PasswordReset
            if config.password.change == ChangeMethod::ActiveDirectory =>
        {
            return Ok(());
        }
        UserBindVerdict::Wrong => {
            dialogue.note_refused(old);
            ChangeOutcome::BadPassword
        }
        UserBindVerdict::PasswordExpired | UserBindVerdict::PasswordReset => {
            ChangeOutcome::Expired(Expired::Password)
        }
        UserBindVerdict::Closed(_) => ChangeOutcome::Expired(Expired::Account),
        UserBindVerdict::Barred(_) => ChangeOutcome::Refused,
        UserBindVerdict::Misconfigured => ChangeOutcome::ConfigError,
        UserBindVerdict::Unavailable(_) => ChangeOutcome::Unavailable,
    };
    if let Some(notice) = verdict.notice() {
        dialogue.tell(&notice);
    }
    Err(Changing::local(outcome, verdict.reason()))
}

/// What the entry has against a change. Only this side enforces the shadow attributes.
fn in_the_way(config: &Config, entry: &Entry) -> Option<(ChangeOutcome, String, Option<Notice>)> {
    let state = state(config, entry, true);
    let reason = state.reason().to_owned();
    let outcome = match &state {
        State::Fine(_) | State::MustChange(_) => return too_soon(config, entry),
        State::PasswordExpired(_) => ChangeOutcome::Expired(Expired::Password),
        State::Unreadable(_) => ChangeOutcome::Refused,
        State::Closed(..) => ChangeOutcome::Expired(Expired::Account),
    };
    Some((outcome, reason, state.notice()))
}

fn too_soon(config: &Config, entry: &Entry) -> Option<(ChangeOutcome, String, Option<Notice>)> {
    if !counts(config.access.account_state.as_ref(), AccountState::Shadow) {
        return None;
    }
    let values = |name: &str| entry.values(name);
    // What cannot be read, the state has refused already.
    let days = shadow::days_until_change(&Attributes::new(&values), sys::now()).ok()??;
    let notice = Notice::NotChanged(Refusal::TooYoung.words(), None);
    let reason = format!("shadowMin: {days} more days");
    Some((ChangeOutcome::Rejected, reason, Some(notice)))
}

/// Puts the new password in place of the old one.
fn replace(
    entry: &Entry,
    (old, new): (&Password, &Password),
    dialogue: &mut dyn PasswordDialogue,
    directory: &mut dyn Directory,
) -> Result<Changing, Changing> {
    let change = directory
        .change_password(entry, old, new)
        .map_err(|error| failed(error, NO_ANSWER, dialogue, directory))?;
    let refusal = match change.verdict {
        ChangeVerdict::Changed => {
            let trouble = change.trouble.unwrap_or_default();
            return Ok(Changing::local(ChangeOutcome::Changed, trouble));
        }
        ChangeVerdict::Refused(refusal) => refusal,
        ChangeVerdict::Misconfigured => {
            return Err(Changing::local(ChangeOutcome::ConfigError, change.said));
        }
        ChangeVerdict::Unavailable(_) => {
            return Err(Changing::local(ChangeOutcome::Unavailable, change.said));
        }
    };
    let words = refusal.wants_servers_words().then(|| change.said.clone());
    dialogue.tell(&Notice::NotChanged(refusal.words(), words));
    let outcome = if refusal.is_about_the_new_password() {
        ChangeOutcome::Rejected
    } else {
        ChangeOutcome::Refused
    };
    Err(Changing::local(
        outcome,
        format!("{} ({})", refusal.words(), change.said),
    ))
}

fn not_a_new_password(nothing: NotAPassword) -> &'static str {
    match nothing {
        NotAPassword::Empty => "No new password was given.",
        NotAPassword::TooLong => "The new password is too long.",
        NotAPassword::NotText | NotAPassword::SshdJunk => {
            "The new password holds bytes that are no text."
        }
    }
}

fn failed(
    error: DirectoryError,
    no_answer: &'static str,
    dialogue: &mut dyn PasswordDialogue,
    directory: &dyn Directory,
) -> Changing {
    let words = match &error {
        // An answer, and not that it was done.
        DirectoryError::Config(_) => NOT_SO,
        DirectoryError::Unavailable(_) => no_answer,
    };
    dialogue.tell(&Notice::NotChanged(words, None));
    match error {
        DirectoryError::Config(problem) => at_server(
            Changing::local(ChangeOutcome::ConfigError, problem),
            directory,
        ),
        DirectoryError::Unavailable(unavailable) => Changing {
            cause: Some(unavailable.cause),
            server: unavailable.server.or_else(|| directory.server()),
            ..Changing::local(ChangeOutcome::Unavailable, unavailable.detail)
        },
    }
}

/// The same end, with the server that it came from.
fn at_server(end: Changing, directory: &dyn Directory) -> Changing {
    let passed_over = match end.outcome {
        ChangeOutcome::Unavailable => String::new(),
        _ => directory.passed_over(),
    };
    Changing {
        server: end.server.or_else(|| directory.server()),
        passed_over,
        ..end
    }
}
