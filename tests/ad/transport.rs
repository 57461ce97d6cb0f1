//! Ways to the controller: LDAP over TLS, StartTLS, the global catalog; what it sends beside entries.

use std::path::PathBuf;

use crate::common::login::{account, auth};
use crate::common::pam::{
    PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_SERVICE_ERR, PAM_SUCCESS, PAM_USER_UNKNOWN,
};
use crate::fixture::{Site, auth_right};
use crate::samba::subtree;

fn config(site: &Site, uri: &str, more: &str) -> PathBuf {
    site.config(&[("server", &format!("uris = [\"{uri}\"]\n{more}"))])
}

#[test]
fn every_way_with_tls_leads_to_the_same_verdicts() {
    let site = Site::enter();
    for (uri, more) in [
        ("ldaps://127.0.0.1", ""),
        ("ldap://127.0.0.1", "start_tls = true"),
        // The global catalog.
        ("ldaps://127.0.0.1:3269", ""),
        ("ldap://127.0.0.1:3268", "start_tls = true"),
    ] {
        let config = config(&site, uri, more);
        assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS, "{uri}: auth");
        assert_eq!(account(&config, "alice"), PAM_SUCCESS, "{uri}: account");
        assert_eq!(auth(&config, "alice", "wrong"), PAM_AUTH_ERR, "{uri}");
    }
}

#[test]
fn without_tls_the_controller_refuses_and_nobody_gets_in() {
    let site = Site::enter();
    // strongerAuthRequired, before it looks at the password. Loopback needs no allow_cleartext.
    let config = config(&site, "ldap://127.0.0.1", "");
    for password in ["wrong", "Secret.alice.1"] {
        assert_eq!(auth(&config, "alice", password), PAM_SERVICE_ERR);
    }
    assert_eq!(account(&config, "alice"), PAM_SERVICE_ERR);
}

#[test]
fn a_controller_with_a_certificate_from_somebody_else_is_not_asked() {
    let site = Site::enter();
    for uri in ["ldaps://127.0.0.1", "ldaps://localhost"] {
        // The system's bundle does not have the domain's authority; and the certificate does not
        // name the other host.
        let override_tls: &[(&str, &str)] = match uri {
            "ldaps://localhost" => &[],
            _ => &[("tls", "")],
        };
        let server = format!("uris = [\"{uri}\"]");
        let mut overrides = vec![("server", server.as_str())];
        overrides.extend(override_tls);
        let config = site.config(&overrides);
        assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL, "{uri}");
        assert_eq!(account(&config, "alice"), PAM_AUTHINFO_UNAVAIL, "{uri}");
    }
}

#[test]
fn anonymous_searches_are_refused_and_nobody_gets_in() {
    let site = Site::enter();
    let config = site.config(&[("bind", "")]);
    // operationsError: "Operation unavailable without authentication".
    assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
    assert_eq!(account(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
}

#[test]
fn search_references_are_passed_over() {
    let site = Site::enter();
    let found = subtree(site.domain(), "(sAMAccountName=alice)");
    let references = found.lines().filter(|line| line.starts_with("# ref"));
    assert_eq!(references.count(), 3, "{found}");
    // Three references and no entry are nobody.
    for (user, expected) in [("alice", PAM_SUCCESS), ("nobody-here", PAM_USER_UNKNOWN)] {
        let config = site.config(&[]);
        assert_eq!(auth_right(&config, user), expected, "{user}: auth");
        assert_eq!(account(&config, user), expected, "{user}: account");
    }
}
