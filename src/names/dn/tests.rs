//! Names that are the same, that are not, and texts that are no names.

use super::*;

fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_entry_above_has_a_name_too() {
    let dn = |text| Dn::parse(text).unwrap();
    let name = dn("cn=a\\,b,OU=x,dc=y");
    assert_eq!(name.parent(), Some(dn("ou=x,dc=y")));
    assert_eq!(dn("cn=\"a,b\";dc=y").parent(), Some(dn("dc=y")));
    assert_eq!(dn("dc=y").parent(), None);
}

#[test]
fn a_server_may_send_control_characters_and_they_are_escaped() {
    let received = Dn::received("cn=a\tb\u{7f},o=x").unwrap();
    assert_eq!(received.as_str(), "cn=a\\09b\\7f,o=x");
    assert_eq!(received, dn("cn=a\\09b\\7f,o=x"));
    assert!(Dn::received("cn=a\\\t,o=x").is_err());
    assert_eq!(Dn::received("cn=a,o=x").unwrap(), dn("cn=a,o=x"));
}

#[test]
fn equal_names_may_be_written_differently() {
    let plain = dn("cn=Staff Team,ou=groups,o=test");
    for same in [
        "CN=staff team, OU=Groups, O=TEST",
        "cn = Staff  Team ,ou=groups;o=test",
        "cn=\"Staff Team\",ou=groups,o=test",
        "cn=St\\61ff\\20Team,ou=groups,o=test",
    ] {
        assert_eq!(dn(same), plain, "{same}");
    }
    assert_eq!(dn("cn=a\\2cb,o=x"), dn("cn=a\\,b,o=x"));
    assert_eq!(dn("cn=a+sn=b,o=x"), dn("SN=B + CN=A,o=x"));
    assert_eq!(dn("cn=ZOË,o=x"), dn("cn=zo\\c3\\ab,o=x"));
    assert_eq!(dn("cn=ΣΑΣ,o=x"), dn("cn=σασ,o=x"));
    assert_eq!(
        dn("commonName=a,0.9.2342.19200300.100.1.25=x"),
        dn("CN=a,dc=x")
    );
}

#[test]
fn a_server_decides_what_letters_beyond_ascii_are_the_same() {
    let group = dn("cn=\u{e9}quipe,o=x");
    assert_ne!(group, dn("cn=e\u{301}quipe,o=x"));
    assert!(group.may_be(&dn("cn=e\u{301}quipe,O=X")));
    for other in ["cn=\u{e9}quipe,o=y", "cn=\u{e9}quipe", "ou=\u{e9}quipe,o=x"] {
        assert!(!group.may_be(&dn(other)), "{other}");
    }
    assert!(!dn("cn=a,o=x").may_be(&dn("cn=b,o=x")));
}

#[test]
fn different_names_are_different() {
    let active = dn("cn=active,ou=groups,o=x");
    for other in [
        "cn=active_old,ou=groups,o=x",
        "cn=active,o=x",
        "cn=active,ou=groups,o=x,o=x",
        "ou=active,ou=groups,o=x",
        "cn=active\\,ou=groups,o=x",
        "cn=active\\ ,ou=groups\\20\\20y,o=x",
    ] {
        assert_ne!(dn(other), active, "{other}");
    }
}

#[test]
fn a_name_is_below_its_parents_only() {
    let group = dn("cn=a\\,ou=b,OU=Groups, o=x");
    for (base, levels) in [
        ("cn=a\\,ou\\=b,ou=groups,o=x", Some(0)),
        ("ou=groups,o=x", Some(1)),
        ("o=X", Some(2)),
        ("ou=b,ou=groups,o=x", None),
        ("ou=groups", None),
        ("cn=c,cn=a\\,ou=b,ou=groups,o=x", None),
    ] {
        assert_eq!(group.levels_below(&dn(base)), levels, "{base}");
    }
}

#[test]
fn a_bad_name_says_where() {
    for (text, offset) in [
        ("", 0),
        ("active", 0),
        ("cn=", 3),
        ("cn=,o=x", 3),
        ("cn=a,", 5),
        ("cn=a,,o=x", 5),
        ("cn=a\\", 4),
        ("cn=a\\zz", 4),
        ("cn=\"a", 5),
        ("cn=#zz", 4),
        ("cn=a<b", 4),
        ("cn=a\nb", 4),
        ("c_n=a", 0),
    ] {
        assert_eq!(Dn::parse(text).unwrap_err().offset, offset, "{text:?}");
    }
}
