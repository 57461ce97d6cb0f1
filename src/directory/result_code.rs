//! What LDAP result codes (RFC 4511 §4.1.9, appendix A) mean for each operation of a login. No
//! other place reads a result code.

use super::Cause;

/// The operations whose results are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The service account's bind.
    ServiceBind,
    /// The user's bind.
    UserBind,
    /// The search for the user.
    UserSearch,
    /// Reading the entry at a DN that came from a template.
    UserRead,
    /// Reading a group if it has, or has not, a member.
    GroupRead,
}

/// What a result code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It was done: bound, or all entries sent.
    Done,
    /// The entry does not exist.
    NoSuchEntry,
    /// There are more entries than were asked for.
    TooMany,
    /// The user's password is wrong.
    WrongPassword,
    /// The server will not answer this one question.
    Withheld,
    /// The administrator has to mend something.
    Misconfigured,
    /// The server is of no use now.
    Unavailable(Cause),
}

/// Reads a result code. Every code that is not listed makes the server unavailable: neither a grant
/// nor a wrong password comes from a code that nobody thought of.
#[must_use]
pub fn read(operation: Operation, code: u32) -> Reading {
    use Operation::{GroupRead, ServiceBind, UserBind, UserRead, UserSearch};
    match (code, operation) {
        (0, _) => Reading::Done,
        // noSuchObject
        (32, UserSearch) => Reading::Misconfigured,
        (32, UserRead | GroupRead) => Reading::NoSuchEntry,
        // sizeLimitExceeded: the search asks for two entries, so there were more
        (4, UserSearch) => Reading::TooMany,
        // invalidDNSyntax
        (34, UserSearch) => Reading::Misconfigured,
        // inappropriateMatching, invalidDNSyntax, insufficientAccessRights
        (18 | 34 | 50, GroupRead) => Reading::Withheld,
        (49, UserBind) => Reading::WrongPassword,
        // authMethodNotSupported, strongerAuthRequired, confidentialityRequired, constraintViolation,
        // noSuchObject, invalidDNSyntax, inappropriateAuthentication, invalidCredentials,
        // insufficientAccessRights, unwillingToPerform: the service account is refused
        (7 | 8 | 13 | 19 | 32 | 34 | 48 | 49 | 50 | 53, ServiceBind) => Reading::Misconfigured,
        // strongerAuthRequired, confidentialityRequired: the server asks for TLS
        (8 | 13, UserBind | UserSearch | UserRead | GroupRead) => Reading::Misconfigured,
        (10, _) => Reading::Unavailable(Cause::Referral),
        // timeLimitExceeded, sizeLimitExceeded, adminLimitExceeded, busy, unavailable, unwillingToPerform
        (3 | 4 | 11 | 51 | 52 | 53, _) => Reading::Unavailable(Cause::Busy),
        _ => Reading::Unavailable(Cause::Protocol),
    }
}

/// The name of a result code, for people.
#[must_use]
pub fn name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        5 => "compareFalse",
        6 => "compareTrue",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        14 => "saslBindInProgress",
        16 => "noSuchAttribute",
        17 => "undefinedAttributeType",
        18 => "inappropriateMatching",
        19 => "constraintViolation",
        20 => "attributeOrValueExists",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        33 => "aliasProblem",
        34 => "invalidDNSyntax",
        36 => "aliasDereferencingProblem",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        54 => "loopDetect",
        80 => "other",
        _ => "unknown result code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operation::{GroupRead, ServiceBind, UserBind, UserRead, UserSearch};

    const OPERATIONS: [Operation; 5] = [ServiceBind, UserBind, UserSearch, UserRead, GroupRead];

    /// Every code × operation that is not "the server is unavailable", written out once more.
    #[test]
    fn the_table_says_what_it_should_for_every_code_and_operation() {
        let expected = |code, operation| match (operation, code) {
            (_, 0) => Some(Reading::Done),
            (ServiceBind, 7 | 8 | 13 | 19 | 32 | 34 | 48 | 49 | 50 | 53) => {
                Some(Reading::Misconfigured)
            }
            (UserBind, 49) => Some(Reading::WrongPassword),
            (UserBind | UserRead, 8 | 13) => Some(Reading::Misconfigured),
            (UserSearch, 8 | 13 | 32 | 34) => Some(Reading::Misconfigured),
            (UserSearch, 4) => Some(Reading::TooMany),
            (UserRead | GroupRead, 32) => Some(Reading::NoSuchEntry),
            (GroupRead, 18 | 34 | 50) => Some(Reading::Withheld),
            (GroupRead, 8 | 13) => Some(Reading::Misconfigured),
            _ => None,
        };
        for operation in OPERATIONS {
            for code in (0..200).chain([4096, 16384, 0x0100_0000, u32::MAX]) {
                match (read(operation, code), expected(code, operation)) {
                    (Reading::Unavailable(_), None) => {}
                    (reading, expected) => {
                        assert_eq!(Some(reading), expected, "{operation:?} {code}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_the_users_own_bind_and_only_code_49_is_a_wrong_password() {
        for operation in OPERATIONS {
            for code in 0..=u32::from(u16::MAX) {
                let wrong = read(operation, code) == Reading::WrongPassword;
                assert_eq!(
                    wrong,
                    operation == UserBind && code == 49,
                    "{operation:?} {code}"
                );
            }
        }
    }

    #[test]
    fn only_code_0_is_success() {
        for operation in OPERATIONS {
            for code in 0..=u32::from(u16::MAX) {
                assert_eq!(
                    read(operation, code) == Reading::Done,
                    code == 0,
                    "{operation:?} {code}"
                );
            }
        }
    }
}
