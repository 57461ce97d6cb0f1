//! The module through the real libpam, against a real slapd.

mod common;

use common::slapd::{Pool, SlapdOptions};

static STANDARD: Pool = Pool::new(SlapdOptions::default);

#[test]
fn a_fresh_server_sees_nothing_but_what_a_test_does() {
    let slapd = STANDARD.lease();
    let watch = slapd.watch();
    assert!(watch.operations().nothing());
    let out = std::process::Command::new("ldapsearch")
        .args([
            "-x",
            "-LLL",
            "-H",
            &slapd.ldaps_uri(),
            "-D",
            &common::directory::user_dn("alice"),
        ])
        .args([
            "-w",
            "alice-secret",
            "-b",
            common::directory::BASE,
            "(uid=alice)",
        ])
        .env("LDAPTLS_CACERT", slapd.ca_file())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    let operations = watch.operations();
    assert_eq!(operations.connections, 1, "{operations:?}");
    assert_eq!(
        operations.binds_as("uid=alice,ou=users,dc=example,dc=com"),
        1,
        "{operations:?}"
    );
    assert_eq!(operations.searches.len(), 1, "{operations:?}");
}
