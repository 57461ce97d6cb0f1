//! Groups of the domain as gates.

use std::ffi::c_int;
use std::path::Path;

use crate::common::login::{account, auth, stack};
use crate::common::pam::{Client, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SUCCESS, PAM_USER_UNKNOWN};
use crate::fixture::{Site, auth_right};
use crate::samba::{BASE, group_dn, password_of};

/// Auth and account of one service, in one transaction.
fn login(config: &Path, service: &str, user: &str) -> (c_int, c_int) {
    let stack = stack(config);
    let mut client = Client::start(&stack, service, user);
    client.answer(password_of(user));
    let auth = client.authenticate(0);
    (auth, client.acct_mgmt(0))
}

const IN: (c_int, c_int) = (PAM_SUCCESS, PAM_SUCCESS);
const OUT: (c_int, c_int) = (PAM_PERM_DENIED, PAM_PERM_DENIED);

#[test]
fn only_members_of_is_active_get_in() {
    let site = Site::enter();
    let config = site.config(&[]);
    assert_eq!(login(&config, "login", "alice"), IN);
    assert_eq!(login(&config, "login", "outsider"), OUT);
    // Who does not know the password learns nothing of groups.
    assert_eq!(auth(&config, "outsider", "wrong"), PAM_AUTH_ERR);
}

#[test]
fn a_service_of_its_own_gate_is_for_its_group() {
    let site = Site::enter();
    let config = site.config(&[("services.sudo", "require = \"is_staff\"")]);
    assert_eq!(login(&config, "sudo", "alice"), IN);
    assert_eq!(login(&config, "sudo", "bob"), OUT);
    assert_eq!(login(&config, "login", "bob"), IN);
}

#[test]
fn deny_wins_and_not_excludes() {
    let site = Site::enter();
    let staff = group_dn("linux-staff");
    let deny = format!("deny = \"{staff}\"");
    let not = format!("require = {{ not = \"{staff}\" }}");
    for access in [deny, not] {
        let config = site.config(&[("access", &access)]);
        assert_eq!(login(&config, "login", "alice"), OUT, "{access}");
        assert_eq!(login(&config, "login", "bob"), IN, "{access}");
    }
}

#[test]
fn the_name_of_a_group_is_compared_as_a_dn() {
    let site = Site::enter();
    for name in [
        format!("cn=LINUX-users, ou=groups,{}", BASE.to_lowercase()),
        "CN=linux\\2Dusers,OU=Groups,DC=AD,DC=EXAMPLE,DC=COM".to_owned(),
    ] {
        let config = site.config(&[("flags", &format!("is_active = '{name}'"))]);
        assert_eq!(login(&config, "login", "alice"), IN, "{name}");
        assert_eq!(login(&config, "login", "outsider"), OUT, "{name}");
    }
}

#[test]
fn a_group_that_does_not_exist_lets_nobody_in() {
    let site = Site::enter();
    let missing = group_dn("no-such-group");
    let config = site.config(&[("flags", &format!("is_active = \"{missing}\""))]);
    assert_eq!(login(&config, "login", "alice"), OUT);
    // Nor does something that is no group.
    let other = format!("OU=People,{BASE}");
    let config = site.config(&[("flags", &format!("is_active = \"{other}\""))]);
    assert_eq!(login(&config, "login", "alice"), OUT);
}

#[test]
fn a_name_beyond_ascii_is_one_and_the_same_in_every_phase() {
    let site = Site::enter();
    let config = site.config(&[]);
    assert_eq!(auth_right(&config, "zoë"), PAM_SUCCESS);
    assert_eq!(account(&config, "zoë"), PAM_SUCCESS);
    assert_eq!(
        login(&config, "login", "zo(e)*"),
        (PAM_USER_UNKNOWN, PAM_USER_UNKNOWN)
    );
    // Special characters in a DN, not in the name.
    assert_eq!(login(&config, "login", "comma"), IN);
}
