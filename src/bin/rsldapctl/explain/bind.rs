//! The user's bind: what the server said, in words.

use pam_rsldap::account_state::Warning;
use pam_rsldap::directory::traced::Event;
use pam_rsldap::directory::{UserBindVerdict, sub_code};
use serde::Serialize;

use super::Course;
use super::report::{code_in_words, diagnostic, within};
use super::wire::Request;
use crate::connection::millis;

#[derive(Serialize)]
pub struct UserBind {
    pub dn: String,
    /// `right`, `wrong`, `locked`…; null if there is none.
    pub verdict: Option<&'static str>,
    pub words: String,
    pub result: Option<String>,
    pub diagnostic: String,
    /// Active Directory's, in hexadecimal.
    pub sub_code: Option<String>,
    pub ms: f64,
}

pub fn user_bind(course: &Course) -> Option<UserBind> {
    course.steps.iter().find_map(|step| {
        let Event::Verify(dn, result) = &step.event else {
            return None;
        };
        let exchange = within(step, &course.exchanges)
            .filter(|exchange| matches!(exchange.request, Request::Bind { .. }))
            .last();
        let diagnostic = exchange.map(diagnostic).unwrap_or_default();
        let sub_code = sub_code(&diagnostic);
        Some(UserBind {
            dn: dn.to_string(),
            verdict: result.as_ref().ok().map(UserBindVerdict::name),
            words: match result {
                Ok(verdict) => bind_in_words(verdict, sub_code),
                Err(error) => error.to_string(),
            },
            result: exchange
                .and_then(|exchange| exchange.result.as_ref())
                .map(|(code, _)| code_in_words(*code)),
            diagnostic,
            sub_code: sub_code.map(|code| format!("{code:x}")),
            ms: millis(step.took),
        })
    })
}

fn bind_in_words(verdict: &UserBindVerdict, sub_code: Option<u32>) -> String {
    let words = match verdict {
        UserBindVerdict::Right(None) => "the password is right".to_owned(),
        UserBindVerdict::Right(Some(warning)) => {
            format!("the password is right; {}", warning_in_words(*warning))
        }
        UserBindVerdict::Wrong => "the password is wrong".to_owned(),
        UserBindVerdict::MustChange => format!(
            "the password is right and must be changed: {}",
            verdict.reason()
        ),
        other => other.reason().to_owned(),
    };
    match sub_code.and_then(sub_code_in_words) {
        Some(more) => format!("{words}; Active Directory says: {more}"),
        None => words,
    }
}

pub fn warning_in_words(warning: Warning) -> String {
    match warning {
        Warning::ExpiresIn(seconds) => match seconds / 86_400 {
            0 => "it runs out within a day".to_owned(),
            1 => "it runs out in 1 day".to_owned(),
            days => format!("it runs out in {days} days"),
        },
        Warning::GraceLeft(0) => "it has run out, and this was the last login with it".to_owned(),
        Warning::GraceLeft(1) => "it has run out and works once more".to_owned(),
        Warning::GraceLeft(times) => format!("it has run out and works {times} times more"),
    }
}

/// The sub-codes of a bind that Active Directory refused (MS-ERREF §2.2).
fn sub_code_in_words(code: u32) -> Option<&'static str> {
    Some(match code {
        0x525 => "no such user",
        0x52e => "wrong password",
        0x52f => "the account has restrictions",
        0x530 => "no login at this time (logonHours)",
        0x531 => "no login from this computer (userWorkstations)",
        0x532 => "the password has run out",
        0x533 => "the account is disabled",
        0x701 => "the account has expired",
        0x773 => "the password must be changed first",
        0x775 => "the account is locked out",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_rsldap::account_state::Closed;

    #[test]
    fn a_bind_is_told_in_words_with_the_sub_code_of_active_directory() {
        let words = |verdict, code| bind_in_words(&verdict, code);
        let wrong = UserBindVerdict::Wrong;
        assert_eq!(words(wrong, None), "the password is wrong");
        assert_eq!(
            words(wrong, Some(0x525)),
            "the password is wrong; Active Directory says: no such user"
        );
        assert_eq!(words(wrong, Some(0x999)), "the password is wrong");
        let locked = UserBindVerdict::Closed(Closed::Locked);
        assert_eq!(words(locked, None), "the account is locked");
        let right = |warning| UserBindVerdict::Right(Some(warning));
        assert_eq!(
            words(right(Warning::GraceLeft(2)), None),
            "the password is right; it has run out and works 2 times more"
        );
        for (warning, told) in [
            (Warning::ExpiresIn(3 * 86_400), "it runs out in 3 days"),
            (Warning::ExpiresIn(2 * 86_400 - 1), "it runs out in 1 day"),
            (Warning::ExpiresIn(86_399), "it runs out within a day"),
            (Warning::GraceLeft(1), "it has run out and works once more"),
        ] {
            let told = format!("the password is right; {told}");
            assert_eq!(words(right(warning), None), told);
        }
        for code in [0x52e, 0x530, 0x531, 0x532, 0x533, 0x701, 0x773, 0x775] {
            assert!(sub_code_in_words(code).is_some(), "{code:x}");
        }
    }
}
