//! PAM return codes, as pam.conf(5) names them.

use std::fmt;

/// The words of pam.conf(5), in the order of the numbers in `security/_pam_types.h`.
const KEYWORDS: [&str; Code::COUNT] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

/// A return code of a module, or of libpam to the application.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u8);

impl Code {
    pub const COUNT: usize = 32;
    pub const SUCCESS: Code = Code(0);
    pub const SYSTEM_ERR: Code = Code(4);
    pub const PERM_DENIED: Code = Code(6);
    pub const AUTH_ERR: Code = Code(7);
    pub const AUTHINFO_UNAVAIL: Code = Code(9);
    pub const USER_UNKNOWN: Code = Code(10);
    pub const MAXTRIES: Code = Code(11);
    pub const NEW_AUTHTOK_REQD: Code = Code(12);
    pub const ACCT_EXPIRED: Code = Code(13);
    pub const CRED_ERR: Code = Code(17);
    pub const IGNORE: Code = Code(25);
    pub const MODULE_UNKNOWN: Code = Code(28);
    pub const SERVICE_ERR: Code = Code(3);
    pub const AUTHTOK_ERR: Code = Code(20);
    pub const INCOMPLETE: Code = Code(31);

    /// The code with this number, if it is one of Linux-PAM's.
    pub fn from_number(number: usize) -> Option<Code> {
        let number = u8::try_from(number).ok()?;
        (usize::from(number) < Code::COUNT).then_some(Code(number))
    }

    /// The code with this word of pam.conf(5).
    pub fn from_keyword(word: &[u8]) -> Option<Code> {
        let number = KEYWORDS.iter().position(|k| k.as_bytes() == word)?;
        Code::from_number(number)
    }

    /// Every code.
    pub fn all() -> impl Iterator<Item = Code> {
        (0..Code::COUNT).filter_map(Code::from_number)
    }

    pub fn number(self) -> usize {
        usize::from(self.0)
    }

    /// The word of pam.conf(5).
    pub fn keyword(self) -> &'static str {
        KEYWORDS[self.number()]
    }
}

/// The name in the header, `PAM_` and the keyword in upper case.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("PAM_{}", self.keyword().to_uppercase()))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}
