//! When the user is told what.

use super::Decision;
use crate::outcome::{Outcome, Phase};
use crate::transaction::Transaction;

/// Tells the user what there is to tell, once in a login.
///
/// Warnings, and that the password has to be changed, are told in the account phase: the auth phase of a
/// login may still fail at the next module, and of some programs (sshd with a key, cron) it is the only
/// phase. Why a user is turned away is told in the phase that does it; an account phase that takes over
/// what auth has decided does not say it again.
pub fn announce(
    phase: Phase,
    taken_over: bool,
    decision: &Decision,
    transaction: &mut dyn Transaction,
) {
    let Some(notice) = &decision.notice else {
        return;
    };
    let turned_away = matches!(decision.outcome, Outcome::Expired(_));
    let now = match phase {
        Phase::Auth => turned_away,
        Phase::Account => !(turned_away && taken_over),
    };
    if now {
        transaction.tell(notice);
    }
}
