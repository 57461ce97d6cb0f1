//! Whose configuration a file is.

use crate::command::{import, import_with};

fn recognised(name: &str, text: &str) -> Option<String> {
    let answer = import(name, text);
    answer.json["format"].as_str().map(str::to_owned)
}

const PYTHON: &str = "import ldap\nAUTH_LDAP_SERVER_URI = \"ldaps://a.example\"\n";
const ENVIRONMENT: &str = "DB_HOST=x\nAUTH_LDAP_SERVER_URI=ldaps://a.example\n";
const NSLCD: &str = "uid nslcd\ngid nslcd\nuri ldaps://a.example\nbase o=x\n";
const PADL: &str = "host a.example\nbase o=x\npam_groupdn cn=a,o=x\nssl on\n";
const SSSD: &str =
    "[sssd]\ndomains = a\n[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a.example\n";
const EITHER: &str = "uri ldaps://a.example\nbase o=x\n";

#[test]
fn content_tells_the_format_whatever_the_name_is() {
    for (text, format) in [
        (PYTHON, "netbox"),
        (ENVIRONMENT, "netbox-docker"),
        (NSLCD, "nslcd"),
        (PADL, "padl"),
        (SSSD, "sssd"),
    ] {
        assert_eq!(
            recognised("saved.txt", text).as_deref(),
            Some(format),
            "{text}"
        );
    }
}

#[test]
fn the_name_tells_where_the_content_does_not() {
    assert_eq!(recognised("nslcd.conf", EITHER).as_deref(), Some("nslcd"));
    assert_eq!(recognised("pam_ldap.conf", EITHER).as_deref(), Some("padl"));
    assert_eq!(recognised("ldap.conf", EITHER).as_deref(), Some("padl"));
    assert_eq!(
        recognised("ldap_config.py", "AUTH_LDAP_SERVER_URI='ldaps://a'\n").as_deref(),
        Some("netbox")
    );
    let unknown = import("x.conf", EITHER);
    assert_eq!(unknown.code, 2);
    assert!(unknown.errors.contains("--from"), "{}", unknown.errors);
}

#[test]
fn the_option_decides() {
    let answer = import_with("x.conf", EITHER, &["--from", "nslcd"]);
    assert_eq!(answer.json["format"], "nslcd");
    let answer = import_with("nslcd.conf", EITHER, &["--from", "padl"]);
    assert_eq!(answer.json["format"], "padl");
}

#[test]
fn a_domain_is_for_sssd_alone() {
    let answer = import_with("nslcd.conf", NSLCD, &["--domain", "a"]);
    assert_eq!(answer.code, 2);
    assert!(answer.errors.contains("sssd.conf alone"));
}
