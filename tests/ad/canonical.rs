//! Logins by user principal name, or in other letters, which go on under the name of the account.

use std::path::{Path, PathBuf};

use crate::common::login::{client, stack};
use crate::common::module;
use crate::common::pam::{Client, PAM_AUTH_ERR, PAM_SUCCESS, PAM_USER_UNKNOWN};
use crate::fixture::Site;
use crate::private_host::{Local, PrivateHost};
use crate::samba::{BASE, password_of, subtree};

/// A host on which alice and bob have accounts.
fn on_a_host(body: impl FnOnce(&Site) + Send) {
    PrivateHost::run(&module(), |host| {
        host.add_user("alice", 20001, Local::NoPassword);
        host.add_user("bob", 20002, Local::NoPassword);
        body(&Site::enter());
    });
}

fn config(site: &Site) -> PathBuf {
    let user = format!(
        "name_attribute = \"sAMAccountName\"\ncanonical_name = true\n\
         search = [ {{ base = \"{BASE}\", filter = \"(&(objectCategory=person)(objectClass=user)\
         (|(sAMAccountName={{user}})(userPrincipalName={{user}})))\" }} ]"
    );
    site.config(&[("user", &user)])
}

/// Both phases, and the name behind them.
fn login(config: &Path, typed: &str, password: &str) -> (i32, i32, String) {
    let stack = stack(config);
    let mut login = client(&stack, typed, password);
    let auth = login.authenticate(0);
    let mut by_key = Client::start(&stack, "sshd", typed);
    let account = by_key.acct_mgmt(0);
    if account == PAM_SUCCESS && auth == PAM_SUCCESS {
        assert_eq!(by_key.user(), login.user(), "{typed}");
    }
    (auth, account, login.user().expect("a name"))
}

#[test]
fn a_principal_name_and_other_letters_become_the_account() {
    on_a_host(|site| {
        let config = config(site);
        for typed in [
            "alice",
            "ALICE",
            "alice@ad.example.com",
            "Alice@AD.Example.Com",
        ] {
            assert_eq!(
                login(&config, typed, &password_of("alice")),
                (PAM_SUCCESS, PAM_SUCCESS, "alice".to_owned()),
                "{typed}"
            );
            let wrong = login(&config, typed, "wrong");
            assert_eq!(wrong.0, PAM_AUTH_ERR, "{typed}");
        }
    });
}

#[test]
fn a_principal_name_of_nobody_here_is_nobody() {
    on_a_host(|site| {
        let config = config(site);
        for typed in [
            // No account on this host.
            "carol@ad.example.com",
            "CAROL",
            // No such names in the domain.
            "alice@example.com",
            "AD\\alice",
            "alice@",
        ] {
            let (auth, account, user) = login(&config, typed, &password_of("alice"));
            assert_eq!(
                (auth, account),
                (PAM_USER_UNKNOWN, PAM_USER_UNKNOWN),
                "{typed}"
            );
            assert_eq!(user, typed);
        }
    });
}

#[test]
fn somebody_whose_principal_name_is_anothers_account_does_not_get_into_it() {
    on_a_host(|site| {
        let config = config(site);
        let found = subtree(
            site.domain(),
            "(|(sAMAccountName=bob)(userPrincipalName=bob))",
        );
        assert!(
            found.contains("CN=bob,") && found.contains("CN=mallory,"),
            "{found}"
        );
        for password in [password_of("mallory"), password_of("bob")] {
            let (auth, account, _) = login(&config, "bob", &password);
            // Two entries are nobody, whichever is the right one.
            assert_eq!((auth, account), (PAM_USER_UNKNOWN, PAM_USER_UNKNOWN));
        }
    });
}
