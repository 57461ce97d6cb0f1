//! Which names find an entry: those that the directory holds byte for byte, and no others.

use crate::common::directory::{SERVICE_DN, password_of, user_dn};
use crate::common::pam::{PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_SUCCESS, PAM_USER_UNKNOWN};
use crate::common::slapd::Slapd;
use crate::fixture::{SPECIAL_NAMES, account, auth, auth_right, client, options, server, stack};

const TEMPLATE: &str = "dn_template = \"uid={user},ou=users,dc=example,dc=com\"";

/// Names that would find alice, or everybody, if any part of them reached a filter or a DN raw.
const INJECTIONS: [&str; 17] = [
    "*",
    "a*",
    "*e",
    "al*ce",
    "alice)(uid=*",
    "*)(uid=*))(|(uid=*",
    "alice)(objectClass=*",
    "alice)(!(uid=x",
    "alice))(|(uid=alice",
    "\\61lice",
    "\\2A",
    "＊",
    "alice,ou=users",
    "alice+uid=alice",
    "alice,ou=users,dc=example,dc=com",
    "alice;x",
    "alice#",
];

#[test]
fn a_user_whom_the_directory_does_not_know_is_unknown_and_no_bind_is_tried() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    assert_eq!(auth(&config, "nobody-here", "x"), PAM_USER_UNKNOWN);
    let operations = watch.operations();
    assert_eq!(operations.searches.len(), 1, "{operations:#?}");
    assert!(
        operations.binds.iter().all(|dn| dn == SERVICE_DN),
        "{operations:#?}"
    );
}

#[test]
fn a_name_with_two_entries_is_unknown_even_with_the_right_password() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    assert_eq!(auth_right(&config, "twin"), PAM_USER_UNKNOWN);
    let operations = watch.operations();
    assert!(
        operations.binds.iter().all(|dn| dn == SERVICE_DN),
        "{operations:#?}"
    );
    assert_eq!(account(&config, "twin"), PAM_USER_UNKNOWN);
}

#[test]
fn two_entries_whose_names_differ_in_case_only_are_two_entries() {
    let server = server();
    let config = server.config(&[]);
    for name in ["case", "CASE"] {
        assert_eq!(
            auth(&config, name, "case-secret"),
            PAM_USER_UNKNOWN,
            "{name}"
        );
        assert_eq!(account(&config, name), PAM_USER_UNKNOWN, "{name}");
    }
}

#[test]
fn two_entries_stay_two_where_the_server_gives_out_only_one() {
    let mut options = options();
    options.global = "sizelimit 1\n".to_owned();
    let server = Slapd::start(&options);
    let config = server.config(&[]);
    let watch = server.watch();
    assert_ne!(auth_right(&config, "twin"), PAM_SUCCESS);
    assert_ne!(account(&config, "twin"), PAM_SUCCESS);
    let operations = watch.operations();
    assert!(
        operations.binds.iter().all(|dn| dn == SERVICE_DN),
        "{operations:#?}"
    );
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
}

#[test]
fn the_names_of_attributes_are_compared_without_regard_to_case() {
    let server = server();
    let config = server.config(&[
        ("+user", "name_attribute = \"UID\""),
        ("user.attributes", "first_name = \"GIVENNAME\""),
        ("group", "member_attribute = \"MEMBER\""),
    ]);
    let stack = stack(&config);
    let mut login = client(&stack, "alice", "alice-secret");
    assert_eq!(login.authenticate(0), PAM_SUCCESS);
    assert_eq!(login.open_session(0), PAM_SUCCESS);
    assert_eq!(login.getenvlist()["RSLDAP_FIRST_NAME"], "alice");
}

#[test]
fn a_name_that_the_directory_matches_but_does_not_hold_is_unknown() {
    let server = server();
    let config = server.config(&[]);
    // The server's caseIgnoreMatch (RFC 4517 §4.2.11) folds all of these into alice.
    for name in ["ALICE", "Alice", "alicE", "ａｌｉｃｅ"] {
        assert_eq!(
            auth(&config, name, "alice-secret"),
            PAM_USER_UNKNOWN,
            "{name:?}"
        );
        assert_eq!(account(&config, name), PAM_USER_UNKNOWN, "{name:?}");
    }
}

#[test]
fn a_dn_template_does_not_let_another_spelling_of_the_name_in() {
    let server = server();
    let config = server.config(&[("+user", TEMPLATE)]);
    for name in ["ALICE", "Alice", "ａｌｉｃｅ"] {
        assert_eq!(
            auth(&config, name, "alice-secret"),
            PAM_USER_UNKNOWN,
            "{name:?}"
        );
    }
    assert_eq!(auth(&config, "alice", "alice-secret"), PAM_SUCCESS);
}

#[test]
fn a_name_that_no_account_can_have_is_unknown_without_traffic() {
    let server = server();
    let config = server.config(&[]);
    let long = "a".repeat(257);
    let names: [&[u8]; 22] = [
        b"",
        b" alice",
        b"alice ",
        b"\talice",
        b"alice\n",
        b"al\nice",
        b"al\x01ice",
        b"alice\x7f",
        b"al\x1bice",
        b"\xc2\x85alice",
        b"al\xc2\x9bice",
        b"\xc2\xa0alice",
        b"a/b",
        b"/",
        b"a:b",
        b"-x",
        b"-",
        b"+x",
        b"al\xffice",
        b"\xc0\xaa",
        b"\xed\xa0\x80",
        long.as_bytes(),
    ];
    let watch = server.watch();
    for name in names {
        let shown = String::from_utf8_lossy(name);
        assert_eq!(
            auth(&config, name, "alice-secret"),
            PAM_USER_UNKNOWN,
            "{shown:?}"
        );
        if !name.is_empty() {
            assert_eq!(account(&config, name), PAM_USER_UNKNOWN, "{shown:?}");
        }
    }
    let operations = watch.operations();
    assert!(operations.nothing(), "{operations:#?}");
}

#[test]
fn a_name_of_256_bytes_is_asked_for() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    assert_eq!(auth(&config, "a".repeat(256), "x"), PAM_USER_UNKNOWN);
    let operations = watch.operations();
    assert_eq!(operations.searches.len(), 1, "{operations:#?}");
}

#[test]
fn nothing_in_a_name_is_read_as_a_filter() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    for name in INJECTIONS {
        assert_eq!(
            auth(&config, name, "alice-secret"),
            PAM_USER_UNKNOWN,
            "{name:?}"
        );
        assert_eq!(account(&config, name), PAM_USER_UNKNOWN, "{name:?}");
    }
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 0, "{operations:#?}");
    let expected = 2 * INJECTIONS.len();
    assert_eq!(
        operations.searches.len(),
        expected,
        "each name is asked for: {operations:#?}"
    );
}

#[test]
fn nothing_in_a_name_is_read_as_a_dn() {
    let server = server();
    let config = server.config(&[("+user", TEMPLATE)]);
    let watch = server.watch();
    for name in INJECTIONS {
        let code = auth(&config, name, "alice-secret");
        // slapd does not tell a missing entry from a wrong password.
        let refused = [PAM_AUTH_ERR, PAM_USER_UNKNOWN].contains(&code);
        assert!(refused, "{name:?} is answered with {code}");
    }
    let operations = watch.operations();
    assert_eq!(operations.binds_as(&user_dn("alice")), 0, "{operations:#?}");
}

#[test]
fn every_character_that_a_name_may_have_works_with_a_search() {
    let server = server();
    let config = server.config(&[]);
    for name in SPECIAL_NAMES {
        assert_eq!(auth(&config, name, "wrong"), PAM_AUTH_ERR, "{name:?}");
        assert_eq!(auth_right(&config, name), PAM_SUCCESS, "{name:?}");
        assert_eq!(account(&config, name), PAM_SUCCESS, "{name:?}");
    }
}

#[test]
fn every_character_that_a_name_may_have_works_with_a_dn_template() {
    let server = server();
    let config = server.config(&[("user", TEMPLATE)]);
    for name in SPECIAL_NAMES {
        assert_eq!(auth(&config, name, "wrong"), PAM_AUTH_ERR, "{name:?}");
        assert_eq!(auth_right(&config, name), PAM_SUCCESS, "{name:?}");
        assert_eq!(account(&config, name), PAM_SUCCESS, "{name:?}");
    }
}

#[test]
fn a_dn_template_wins_over_a_search() {
    let server = server();
    let config = server.config(&[("+user", TEMPLATE)]);
    // The template knows one of the twins only.
    assert_eq!(auth_right(&config, "twin"), PAM_SUCCESS);
    assert_eq!(
        auth(&config, "dan", "dan-secret"),
        PAM_AUTH_ERR,
        "not below ou=users"
    );
}

#[test]
fn any_value_of_the_name_attribute_is_a_name() {
    let server = server();
    let config = server.config(&[]);
    for name in ["multi", "many", "Several"] {
        assert_eq!(auth(&config, name, "multi-secret"), PAM_SUCCESS, "{name}");
    }
    for name in ["several", "MULTI"] {
        assert_eq!(
            auth(&config, name, "multi-secret"),
            PAM_USER_UNKNOWN,
            "{name}"
        );
    }
}

#[test]
fn the_name_attribute_is_the_one_that_the_configuration_names() {
    let server = server();
    let user = "search = [ { base = \"ou=users,dc=example,dc=com\", scope = \"subtree\", \
                filter = \"(mail={user})\" } ]\nname_attribute = \"mail\"";
    let config = server.config(&[("user", user)]);
    assert_eq!(
        auth(&config, "alice@example.com", "alice-secret"),
        PAM_SUCCESS
    );
    assert_eq!(
        auth(&config, "ALICE@example.com", "alice-secret"),
        PAM_USER_UNKNOWN
    );
    assert_eq!(auth(&config, "alice", "alice-secret"), PAM_USER_UNKNOWN);
}

#[test]
fn a_placeholder_is_filled_in_at_every_place_of_the_filter() {
    let server = server();
    let user = "search = [ { base = \"ou=users,dc=example,dc=com\", scope = \"subtree\", \
                filter = \"(|(&(uid={user})(sn=Tester))(mail={user}@nowhere.example))\" } ]";
    let config = server.config(&[("user", user)]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth_right(&config, "smith, john"), PAM_SUCCESS);
}

#[test]
fn a_scope_of_one_level_does_not_look_deeper() {
    let server = server();
    let user = "search = [ { base = \"ou=users,dc=example,dc=com\", scope = \"onelevel\", \
                filter = \"(uid={user})\" } ]";
    let config = server.config(&[("user", user)]);
    assert_eq!(
        auth_right(&config, "twin"),
        PAM_SUCCESS,
        "the other twin is one level deeper"
    );
}

#[test]
fn a_name_from_the_directory_is_not_read_as_a_filter_in_questions_about_groups() {
    let server = server();
    // The entry of "s*e" exists and its password is right, but the group lists "sue" only.
    let config = server.config(&[
        (
            "group",
            "type = \"posix_group\"\nsearch = [ { base = \"ou=groups,dc=example,dc=com\", \
                   scope = \"subtree\", filter = \"(objectClass=posixGroup)\" } ]",
        ),
        (
            "flags",
            "is_active = \"cn=posixsue,ou=groups,dc=example,dc=com\"",
        ),
    ]);
    assert_eq!(auth(&config, "s*e", password_of("s*e")), PAM_PERM_DENIED);
    assert_eq!(auth_right(&config, "sue"), PAM_SUCCESS);
}
