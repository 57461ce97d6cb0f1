//! The operations that change a password: the Password Modify of RFC 3062, and the modify of
//! `unicodePwd` that Active Directory has in its place.

use std::collections::HashSet;

use ldap3::controls::{Control, RawControl};
use ldap3::exop::PasswordModify;
use ldap3::{LdapResult, Mod};
use tokio::time::Instant;

use super::DirectoryError;
use super::operations::ask_for_policy;
use super::password::{ChangeVerdict, unicode_pwd};
use super::ppolicy::{Malformed, PolicyControls};
use super::result_code::{self, Reading};
use super::session::Session;
use crate::config::ChangeMethod;
use crate::names::Dn;
use crate::secret::Password;

/// Active Directory's attribute, which can be written and never read.
pub const UNICODE_PWD: &str = "unicodePwd";
/// When the password was changed, in days: shadow(5). No server keeps it by itself.
pub const SHADOW_LAST_CHANGE: &str = "shadowLastChange";

/// The change itself, and what the server says to it in its own words.
///
/// # Errors
/// There is no verdict; whether the password is the new one is not known then.
pub async fn change(
    session: &Session,
    limit: Instant,
    method: ChangeMethod,
    dn: &Dn,
    (old, new): (&Password, &Password),
) -> Result<(ChangeVerdict, String), DirectoryError> {
    let what = "change of the password";
    let mut ldap = session.ldap.clone();
    ldap.with_controls(ask_for_policy());
    let mut result = match method {
        ChangeMethod::ActiveDirectory => {
            // Both in one modify: that is a change by the user, and the server checks the old one.
            let modifications = vec![
                Mod::Delete(
                    UNICODE_PWD.into(),
                    HashSet::from([unicode_pwd(old).to_vec()]),
                ),
                Mod::Add(
                    UNICODE_PWD.into(),
                    HashSet::from([unicode_pwd(new).to_vec()]),
                ),
            ];
            session
                .wait(limit, what, ldap.modify(dn.as_str(), modifications))
                .await?
        }
        ChangeMethod::Exop | ChangeMethod::Off => {
            let request = PasswordModify {
                user_id: Some(dn.as_str()),
                old_pass: Some(old.expose()),
                new_pass: Some(new.expose()),
            };
            let ldap3::result::ExopResult(_, result) =
                session.wait(limit, what, ldap.extended(request)).await?;
            result
        }
    };
    let verdict = result_code::change_verdict(result.rc, &result.text, policy(&result));
    for password in [old, new] {
        password.strike_from(&mut result.text);
    }
    match verdict {
        ChangeVerdict::Misconfigured => Err(session.failure(what, &result, Reading::Misconfigured)),
        ChangeVerdict::Unavailable(cause) => {
            Err(session.failure(what, &result, Reading::Unavailable(cause)))
        }
        verdict => {
            let said = match result.text.as_str() {
                "" => result_code::name(result.rc).to_owned(),
                text => text.to_owned(),
            };
            Ok((verdict, said))
        }
    }
}

fn policy(result: &LdapResult) -> Result<PolicyControls, Malformed> {
    let controls = result.ctrls.iter().map(|Control(_, raw)| {
        let RawControl { ctype, val, .. } = raw;
        (ctype.as_str(), val.as_deref())
    });
    // Which families count is a matter of logins; here a control only explains a refusal.
    PolicyControls::read(controls, None)
}

/// Writes down today as the day of the change.
///
/// # Errors
/// It is not written, with the reason.
pub async fn note_day(
    session: &Session,
    limit: Instant,
    dn: &Dn,
    day: i64,
) -> Result<(), DirectoryError> {
    let what = "modify of shadowLastChange";
    let day = HashSet::from([day.to_string().into_bytes()]);
    let modifications = vec![Mod::Replace(SHADOW_LAST_CHANGE.into(), day)];
    let mut ldap = session.ldap.clone();
    let result = session
        .wait(limit, what, ldap.modify(dn.as_str(), modifications))
        .await?;
    match result_code::change_verdict(result.rc, &result.text, policy(&result)) {
        ChangeVerdict::Changed => Ok(()),
        _ => Err(session.failure(what, &result, Reading::Misconfigured)),
    }
}
