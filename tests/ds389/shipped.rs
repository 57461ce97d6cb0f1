//! `conf/389-ds.toml` as it is shipped, with the tree and the access rules that dscreate(8) makes.

use std::fs;

use crate::common::directory::password_of;
use crate::common::login::{IGNORED, account, auth, client, stack};
use crate::common::module;
use crate::common::pam::{
    Client, PAM_ACCT_EXPIRED, PAM_ESTABLISH_CRED, PAM_PERM_DENIED, PAM_SUCCESS,
};
use crate::fixture::{SHIPPED, Site};
use crate::private_host::PrivateHost;
use crate::rsldapctl::{ask, findings};

/// A host with the two files that the configuration names, and the configuration itself.
fn on_a_host(text: &str, body: impl FnOnce(&PrivateHost, &std::path::Path) + Send) {
    PrivateHost::run(&module(), |host| {
        let site = Site::enter();
        let authority = fs::read_to_string(site.server().ca_file()).expect("ca.pem");
        host.write(
            "/etc/hosts",
            0o644,
            "127.0.0.1 ldap1.example.com ldap2.example.com\n",
        );
        host.write("/etc/ssl/certs/ldap-ca.pem", 0o644, &authority);
        let password = password_of("linux");
        host.write("/etc/pam_rsldap/bind-password", 0o600, &password);
        let config = host.write("/etc/pam_rsldap/config.toml", 0o644, text);
        body(host, &config);
    });
}

#[test]
fn the_shipped_example_works_unchanged_with_a_fresh_instance() {
    on_a_host(SHIPPED, |host, config| {
        let stack = stack(config);
        let mut eve = client(&stack, "eve", password_of("eve"));
        assert_eq!(eve.authenticate(0), PAM_SUCCESS, "{:?}", host.log());
        assert_eq!(eve.acct_mgmt(0), PAM_SUCCESS);
        assert_eq!(eve.setcred(PAM_ESTABLISH_CRED), PAM_SUCCESS);
        assert_eq!(eve.open_session(0), PAM_SUCCESS);
        let environment = eve.getenvlist();
        for (name, value) in [
            ("RSLDAP_DN", "uid=eve,ou=people,dc=example,dc=com"),
            // By a group in the group.
            ("RSLDAP_FLAGS", "is_active,is_staff,is_superuser"),
            ("RSLDAP_NAME", "eve Tester"),
            ("RSLDAP_EMAIL", "eve@example.com"),
        ] {
            assert_eq!(environment.get(name).map(String::as_str), Some(value));
        }
        let mut sudo = Client::start(&stack, "sudo", "frank");
        sudo.answer(password_of("frank"));
        assert_eq!(sudo.authenticate(0), PAM_PERM_DENIED);
        assert_eq!(auth(config, "frank", password_of("frank")), PAM_SUCCESS);
        assert_eq!(auth(config, "frank", "wrong"), IGNORED);
        // The demo user of the sample entries, who is inactivated and in no group.
        assert_eq!(account(config, "demo_user"), PAM_ACCT_EXPIRED);
    });
}

#[test]
fn a_lock_is_seen_without_a_password_if_the_service_account_may_read_it() {
    on_a_host(SHIPPED, |_, config| {
        assert_eq!(account(config, "frank"), PAM_SUCCESS);
        assert_eq!(account(config, "lockedeve"), PAM_ACCT_EXPIRED);
        assert_eq!(auth(config, "lockedeve", "any"), PAM_ACCT_EXPIRED);
    });
    // Why the example has a rule for the service account: everybody else sees nothing of the lock.
    let start = SHIPPED.find("[bind]").expect("a service account");
    let end = SHIPPED.find("[user]").expect("users");
    let anonymous = SHIPPED.replace(&SHIPPED[start..end], "");
    on_a_host(&anonymous, |_, config| {
        assert_eq!(account(config, "lockedeve"), PAM_SUCCESS);
        assert_eq!(auth(config, "lockedeve", "any"), PAM_ACCT_EXPIRED);
    });
}

#[test]
fn the_check_has_nothing_against_the_shipped_example() {
    on_a_host(SHIPPED, |_, config| {
        let (code, said) = ask(config, &["check"], "");
        assert_eq!(code, Some(0), "{said}");
        for level in ["error", "warning"] {
            assert_eq!(findings(&said, level), [""; 0], "{said}");
        }
    });
}
