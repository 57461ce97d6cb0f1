//! Result codes that a real server gives now and then, made to order by slapo-retcode(5): an error
//! is never a grant and never a wrong password.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::common::directory::{BASE, user_dn};
use crate::common::pam::{
    PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_SERVICE_ERR, PAM_SUCCESS, PAM_USER_UNKNOWN,
};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{self, account, auth, auth_right};

/// A server that answers requests about `cn=NAME,ou=codes,…` with a code of our choice.
fn server() -> Slapd {
    let mut options = fixture::options();
    options.global.push_str("moduleload retcode\n");
    options.database.push_str(&format!(
        "overlay retcode\nretcode-parent \"ou=codes,{BASE}\"\n"
    ));
    for (name, settings) in [
        ("busy", "0x33"),
        ("unavailable", "0x34"),
        ("unwilling", "0x35"),
        ("opserror", "0x01"),
        ("protocol", "0x02"),
        ("timelimit", "0x03"),
        ("other", "0x50"),
        ("wrong", "0x31"),
        ("slow", "0x00 sleeptime=3"),
        ("hangup", "0x00 flags=pre-disconnect"),
    ] {
        options
            .database
            .push_str(&format!("retcode-item \"cn={name}\" {settings}\n"));
    }
    Slapd::start(&options)
}

/// The login name is the name of a code: the bind as the user gets it. Lookups are anonymous.
fn bind_config(server: &Slapd) -> PathBuf {
    let user = format!("dn_template = \"cn={{user}},ou=codes,{BASE}\"\nname_attribute = \"cn\"");
    server.config(&[
        ("bind", ""),
        ("user", &user),
        ("+server", "deadline = \"1s\""),
    ])
}

#[test]
fn an_error_in_answer_to_the_bind_is_neither_a_grant_nor_a_wrong_password() {
    let server = server();
    let config = bind_config(&server);
    assert_eq!(
        auth(&config, "wrong", "x"),
        PAM_AUTH_ERR,
        "the overlay answers binds"
    );
    for name in ["busy", "unavailable", "hangup"] {
        assert_eq!(auth(&config, name, "x"), PAM_AUTHINFO_UNAVAIL, "{name}");
    }
    for name in ["unwilling", "opserror", "protocol", "timelimit", "other"] {
        let code = auth(&config, name, "x");
        assert!(
            [PAM_AUTHINFO_UNAVAIL, PAM_SERVICE_ERR].contains(&code),
            "{name}: {code}"
        );
    }
}

#[test]
fn a_bind_that_takes_too_long_ends_at_the_deadline() {
    let server = server();
    let config = bind_config(&server);
    let begin = Instant::now();
    assert_eq!(auth(&config, "slow", "x"), PAM_AUTHINFO_UNAVAIL);
    assert!(
        begin.elapsed() < Duration::from_millis(1500),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn an_error_in_answer_to_a_group_question_keeps_the_gate_shut() {
    let server = server();
    for name in [
        "busy",
        "unavailable",
        "unwilling",
        "opserror",
        "protocol",
        "timelimit",
        "other",
        "hangup",
    ] {
        let group = format!("cn={name},ou=codes,{BASE}");
        for access in [
            format!("require = \"{group}\""),
            format!("deny = \"{group}\""),
            format!("require = {{ not = \"{group}\" }}"),
        ] {
            let config = server.config(&[("access", &access)]);
            for code in [auth_right(&config, "alice"), account(&config, "alice")] {
                assert_ne!(code, PAM_SUCCESS, "{access}");
                assert_ne!(code, PAM_AUTH_ERR, "{access}");
                assert_ne!(code, PAM_USER_UNKNOWN, "{access}");
            }
            if ["busy", "unavailable", "hangup"].contains(&name) {
                assert_eq!(
                    auth_right(&config, "alice"),
                    PAM_AUTHINFO_UNAVAIL,
                    "{access}"
                );
            }
            assert_eq!(
                auth(&config, "alice", "x"),
                PAM_AUTH_ERR,
                "{access}: a wrong password"
            );
        }
    }
}

#[test]
fn a_group_question_that_takes_too_long_keeps_the_gate_shut() {
    let server = server();
    let access = format!("require = \"cn=slow,ou=codes,{BASE}\"");
    let config = server.config(&[("access", &access), ("+server", "deadline = \"1s\"")]);
    let begin = Instant::now();
    assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
    assert!(
        begin.elapsed() < Duration::from_millis(1500),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn an_error_in_answer_to_the_search_is_not_an_unknown_user() {
    let server = server();
    for name in ["busy", "unavailable", "opserror", "other", "hangup"] {
        let search = format!(
            "search = [ {{ base = \"cn={name},ou=codes,{BASE}\", scope = \"subtree\", \
             filter = \"(uid={{user}})\" }} ]"
        );
        let config = server.config(&[("user", &search)]);
        let watch = server.watch();
        assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL, "{name}");
        let operations = watch.operations();
        assert_eq!(operations.binds_as(&user_dn("alice")), 0, "{operations:#?}");
    }
}

#[test]
fn a_reference_to_another_server_is_passed_over() {
    let mut options = fixture::options();
    options.ldif.push_str(&format!(
        "dn: ou=elsewhere,ou=users,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\n\
         ou: elsewhere\nref: ldap://192.0.2.1/ou=elsewhere,{BASE}??sub\n\n"
    ));
    let server = Slapd::start(&options);
    let config = server.config(&[]);
    let begin = Instant::now();
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    // Nobody knows whether this user is in the part of the tree that is elsewhere.
    assert_eq!(auth(&config, "nobody-here", "x"), PAM_AUTHINFO_UNAVAIL);
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn an_answer_that_is_nothing_but_a_reference_is_unavailable() {
    let mut options = fixture::options();
    options.ldif.push_str(&format!(
        "dn: ou=elsewhere,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\n\
         ou: elsewhere\nref: ldap://192.0.2.1/ou=elsewhere,{BASE}\n\n"
    ));
    let server = Slapd::start(&options);
    let search = format!(
        "search = [ {{ base = \"ou=elsewhere,{BASE}\", scope = \"subtree\", \
         filter = \"(uid={{user}})\" }} ]"
    );
    let config = server.config(&[("user", &search)]);
    assert_eq!(auth_right(&config, "alice"), PAM_AUTHINFO_UNAVAIL);
}

#[test]
fn a_server_that_refuses_anonymous_lookups_is_an_error_of_the_configuration() {
    let options = SlapdOptions {
        global: "disallow bind_anon\n".to_owned(),
        ..fixture::options()
    };
    let server = Slapd::start(&options);
    let config = server.config(&[("bind", "")]);
    assert_eq!(auth_right(&config, "alice"), PAM_SERVICE_ERR);
    assert_eq!(auth_right(&server.config(&[]), "alice"), PAM_SUCCESS);
}

#[test]
fn a_server_that_wants_encryption_for_a_password_is_an_error_of_the_configuration() {
    let options = SlapdOptions {
        global: "security simple_bind=128\n".to_owned(),
        ..fixture::options()
    };
    let server = Slapd::start(&options);
    assert_eq!(auth_right(&server.config(&[]), "alice"), PAM_SERVICE_ERR);
    let secure = format!("uris = [\"{}\"]", server.ldaps_uri());
    let tls = format!("ca_file = \"{}\"", server.ca_file().display());
    let config = server.config(&[("server", &secure), ("tls", &tls)]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
}
