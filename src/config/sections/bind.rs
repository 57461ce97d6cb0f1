//! `[bind]`. No message from here shows the password.

use crate::config::error::ConfigError;
use crate::config::item::Item;
use crate::config::source::Section;
use crate::config::{Bind, BindIdentity, BindSecret};
use crate::secret::{NotAPassword, Password};

/// `[bind]`
pub(in crate::config) fn bind(section: &Section<'_>) -> Result<Bind, ConfigError> {
    let external = section
        .read("mechanism", |item| {
            item.choice(&[("simple", false), ("external", true)])
        })?
        .unwrap_or(false);
    Ok(Bind {
        as_who: identity(section, external)?,
        as_user: section.read("as_user", Item::boolean)?.unwrap_or(false),
    })
}

fn identity(section: &Section<'_>, external: bool) -> Result<BindIdentity, ConfigError> {
    let dn = section.read("dn", Item::dn)?;
    let file = section.read("password_file", Item::path)?;
    let inline = section.read("password", password)?;
    let named = ["dn", "password_file", "password"]
        .iter()
        .find_map(|key| section.get(key));
    match (external, named) {
        (true, Some(item)) => Err(item.key_error(
            "mechanism = \"external\" takes the name from the certificate or the socket; leave this out",
        )),
        (true, None) => Ok(BindIdentity::External),
        (false, None) => Ok(BindIdentity::Anonymous),
        (false, Some(item)) => match (dn, file, inline) {
            (_, Some(_), Some(_)) => Err(section
                .get("password")
                .unwrap_or(item)
                .key_error("password_file is there as well; keep one of the two")),
            (Some(dn), Some(file), None) => Ok(BindIdentity::Simple(dn, BindSecret::File(file))),
            (Some(dn), None, Some(inline)) => {
                Ok(BindIdentity::Simple(dn, BindSecret::Inline(inline)))
            }
            (Some(_), None, None) => Err(item.key_error(
                "a bind with a DN needs a password; add password_file = \"/etc/pam_rsldap/bind-password\"",
            )),
            (None, ..) => Err(item.key_error("a password needs the DN that it belongs to; add dn")),
        },
    }
}

fn password(item: &Item<'_>) -> Result<Password, ConfigError> {
    let Some(text) = item.value().as_str() else {
        return Err(item.wrong_type("a string"));
    };
    Password::new(text.as_bytes()).map_err(|reason| item.error(no_password(reason)))
}

/// Why a configured text is no password of a service account.
pub(in crate::config) fn no_password(reason: NotAPassword) -> &'static str {
    match reason {
        NotAPassword::Empty => {
            "the password is empty, it would be an anonymous bind; fill it or leave bind.dn out"
        }
        NotAPassword::TooLong => "the password is longer than 512 bytes; shorten it",
        NotAPassword::NotText => "the password is not UTF-8 text without NUL; change it",
        NotAPassword::SshdJunk => {
            "sshd sends this very text for users whom it has refused; choose another password"
        }
    }
}
