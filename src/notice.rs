//! What users are told, in words. Nothing here is said before the password was right, so that a
//! stranger does not learn whether an account exists.

use crate::account_state::{Closed, Warning};

/// How much of a text from a server is shown, in bytes.
const MAX_FOREIGN: usize = 128;

/// Seconds in a day, an hour and a minute.
const DAY: u32 = 86_400;
const HOUR: u32 = 3_600;
const MINUTE: u32 = 60;

/// Something to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The password runs out.
    Warning(Warning),
    /// The password has to be changed now, which can be done.
    MustChange,
    /// The password has run out, or has to be changed, and this login cannot do it.
    PasswordExpired,
    /// Nobody gets into the account.
    AccountClosed(Closed),
    /// The administrator's `password.prohibit_message`, or what stands for it.
    Prohibited(Option<String>),
    /// root wants to set the password of a directory user.
    NotByRoot,
    /// The password was not changed; why, and the server's own words if ours do not say it.
    NotChanged(&'static str, Option<String>),
}

/// How serious a notice is (pam_conv(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// `PAM_TEXT_INFO`
    Info,
    /// `PAM_ERROR_MSG`
    Error,
}

impl Notice {
    /// How serious it is.
    #[must_use]
    pub fn tone(&self) -> Tone {
        match self {
            Notice::Warning(_) | Notice::MustChange => Tone::Info,
            Notice::PasswordExpired
            | Notice::AccountClosed(_)
            | Notice::Prohibited(_)
            | Notice::NotByRoot
            | Notice::NotChanged(..) => Tone::Error,
        }
    }

    /// The text: one line, printable.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Notice::Warning(Warning::ExpiresIn(seconds)) => {
                format!("Your password will expire {}.", within(*seconds))
            }
            Notice::Warning(Warning::GraceLeft(left)) => grace(*left),
            Notice::MustChange => "You have to change your password now.".to_owned(),
            Notice::PasswordExpired => {
                "Your password has expired. Ask your administrator for a new one.".to_owned()
            }
            Notice::AccountClosed(Closed::Locked) => "Your account is locked.".to_owned(),
            Notice::AccountClosed(Closed::Disabled) => "Your account is disabled.".to_owned(),
            Notice::AccountClosed(Closed::Expired) => "Your account has expired.".to_owned(),
            Notice::Prohibited(Some(text)) => text.clone(),
            Notice::Prohibited(None) => {
                "Passwords of the directory are not changed on this host.".to_owned()
            }
            Notice::NotByRoot => "root does not set the passwords of directory users here: \
                 let the user change it, or set it in the directory."
                .to_owned(),
            Notice::NotChanged(why, None) => (*why).to_owned(),
            Notice::NotChanged(why, Some(foreign)) => match printable(foreign).as_str() {
                "" => (*why).to_owned(),
                foreign => format!("{why} The directory says: {foreign}"),
            },
        }
    }
}

/// A time from now, in the largest unit of which there are two, and rounded down: a day too early
/// does no harm.
fn within(seconds: u32) -> String {
    let (count, unit) = match seconds {
        0 => return "now".to_owned(),
        seconds if seconds >= 2 * DAY => (seconds / DAY, "days"),
        seconds if seconds >= 2 * HOUR => (seconds / HOUR, "hours"),
        seconds if seconds >= 2 * MINUTE => (seconds / MINUTE, "minutes"),
        _ => return "in a moment".to_owned(),
    };
    format!("in {count} {unit}")
}

fn grace(left: u32) -> String {
    let left = match left {
        0 => "This was the last login with it".to_owned(),
        1 => "One more login with it is left".to_owned(),
        left => format!("{left} more logins with it are left"),
    };
    format!("Your password has expired. {left}: change it now.")
}

/// What may be shown of a text from a server: printable ASCII, and not too much of it. Terminals do
/// what they are told.
#[must_use]
pub fn printable(foreign: &str) -> String {
    let mut text: String = foreign
        .chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .take(MAX_FOREIGN)
        .collect();
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_count_in_units_that_people_use() {
        let cases = [
            (0, "Your password will expire now."),
            (1, "Your password will expire in a moment."),
            (119, "Your password will expire in a moment."),
            (120, "Your password will expire in 2 minutes."),
            (7199, "Your password will expire in 119 minutes."),
            (7200, "Your password will expire in 2 hours."),
            (2 * DAY - 1, "Your password will expire in 47 hours."),
            (3 * DAY, "Your password will expire in 3 days."),
            (4 * DAY - 1, "Your password will expire in 3 days."),
            (u32::MAX, "Your password will expire in 49710 days."),
        ];
        for (seconds, text) in cases {
            assert_eq!(Notice::Warning(Warning::ExpiresIn(seconds)).text(), text);
        }
        let left = [
            (0, "This was the last login with it"),
            (1, "One more login with it is left"),
            (3, "3 more logins with it are left"),
        ];
        for (count, words) in left {
            let text = Notice::Warning(Warning::GraceLeft(count)).text();
            assert_eq!(
                text,
                format!("Your password has expired. {words}: change it now.")
            );
        }
    }

    #[test]
    fn of_a_servers_words_only_128_printable_characters_are_shown() {
        let told = |words: &str| Notice::NotChanged("No.", Some(words.to_owned())).text();
        assert_eq!(told("too weak"), "No. The directory says: too weak");
        assert_eq!(
            told("\u{1b}[2Jcle\nan\u{9b}\u{202e}é\u{7f}"),
            "No. The directory says: [2Jclean"
        );
        assert_eq!(told("\n \u{1b}"), "No.");
        assert_eq!(told(""), "No.");
        let long = told(&"x".repeat(9000));
        assert_eq!(long.len(), "No. The directory says: ".len() + MAX_FOREIGN);
    }

    #[test]
    fn every_text_is_one_line() {
        let notices = [
            Notice::Warning(Warning::GraceLeft(2)),
            Notice::MustChange,
            Notice::PasswordExpired,
            Notice::AccountClosed(Closed::Locked),
            Notice::AccountClosed(Closed::Disabled),
            Notice::AccountClosed(Closed::Expired),
            Notice::Prohibited(None),
            Notice::NotByRoot,
            Notice::NotChanged("No.", Some("a\nb".to_owned())),
        ];
        for notice in notices {
            let text = notice.text();
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.ends_with(['.', 'b']), "{text:?}");
        }
    }
}
