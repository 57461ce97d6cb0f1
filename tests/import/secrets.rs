//! No secret of the source is shown, whatever it looks like.

use crate::command::{Answer, import, import_file};

const SECRET: &str = "xYq7-Zephyr!93";

fn shows(answer: &Answer, secret: &str) -> bool {
    let json = answer.json.to_string();
    [&answer.text, &answer.errors, &json]
        .iter()
        .any(|text| text.contains(secret))
}

#[test]
fn the_password_is_not_copied_from_any_source() {
    let python = "AUTH_LDAP_SERVER_URI = 'ldaps://a.example'\nAUTH_LDAP_BIND_DN = 'cn=box,o=x'\n";
    for (name, text) in [
        (
            "ldap_config.py",
            format!("{python}AUTH_LDAP_BIND_PASSWORD = '{SECRET}'\n"),
        ),
        (
            "ldap_config.py",
            format!("{python}AUTH_LDAP_BIND_PASSWORD = f'{{1}}' + '{SECRET}'\n"),
        ),
        (
            "ldap_config.py",
            format!("{python}AUTH_LDAP_BIND_PASSWORD = read('x', '{SECRET}')\n"),
        ),
        (
            "ldap_config.py",
            format!(
                "{python}import os\nAUTH_LDAP_BIND_PASSWORD = os.environ.get('P', '{SECRET}')\n"
            ),
        ),
        (
            "ldap_config.py",
            format!(
                "{python}AUTH_LDAP_BIND_PASSWORD = '{SECRET}'\nAUTH_LDAP_BIND_PASSWORD = '{SECRET}\n"
            ),
        ),
        (
            "ldap_config.py",
            format!(
                "{python}PASSWORDS = {{'ldap': '{SECRET}'}}\nAUTH_LDAP_USER_SEARCH = PASSWORDS\n"
            ),
        ),
        (
            "netbox.env",
            format!(
                "AUTH_LDAP_SERVER_URI=ldaps://a.example\nAUTH_LDAP_BIND_DN=cn=box,o=x\nAUTH_LDAP_BIND_PASSWORD={SECRET}\n{SECRET}\n"
            ),
        ),
        (
            "nslcd.conf",
            format!(
                "uri ldaps://a.example\nbase o=x\nbinddn cn=box,o=x\nbindpw {SECRET}\nrootpwmodpw {SECRET}\n{SECRET}\nuid x\n"
            ),
        ),
        (
            "ldap.conf",
            format!(
                "host a.example\nbase o=x\nbinddn cn=box,o=x\nbindpw {SECRET}\nbindpw\t{SECRET}\n"
            ),
        ),
        (
            "nslcd.conf",
            format!("uri ldaps://box:{SECRET}@a.example\nbase o=x\nthreads 1\n"),
        ),
        (
            "sssd.conf",
            format!(
                "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a.example\nldap_default_bind_dn = cn=box,o=x\n\
                 ldap_default_authtok = {SECRET}\nkrb5_password = {SECRET}\n{SECRET}\n{SECRET} = 1\n[secrets]\npassword = {SECRET}\n"
            ),
        ),
    ] {
        let answer = import(name, &text);
        assert!(!shows(&answer, SECRET), "{text}\n{}", answer.text);
    }
}

/// A password that could be a word, and what it is taken for.
#[test]
fn a_password_that_looks_like_a_word_is_not_shown_either() {
    for (name, text) in [
        ("ldap.conf", "bindpwhunter2\n"),
        ("ldap.conf", "bindpwhunter2 # ours\n"),
        ("ldap.conf", "bindpw\nhunter2\n"),
        ("nslcd.conf", "rootpwmodpwhunter2 x\n"),
        (
            "ldap.conf",
            "uri ldap://a.example/????!bindname=cn=a%2co=x,x-bindpw=hunter2\n",
        ),
        ("ldap.conf", "uri ldap://a.example/x-bindpw=hunter2\n"),
    ] {
        let answer = import(name, format!("uri ldaps://a.example\nbase o=x\n{text}"));
        assert!(!shows(&answer, "hunter2"), "{text}\n{}", answer.text);
    }
}

#[test]
fn the_reader_is_told_where_the_password_goes() {
    let answer = import(
        "ldap_config.py",
        format!(
            "AUTH_LDAP_SERVER_URI = 'ldaps://a.example'\nAUTH_LDAP_BIND_DN = 'cn=box,o=x'\nAUTH_LDAP_BIND_PASSWORD = '{SECRET}'\n"
        ),
    );
    assert_eq!(
        answer.value("bind.password_file"),
        Some("\"/etc/pam_rsldap/bind-password\"")
    );
    assert!(
        answer
            .text
            .contains("( umask 077; cat > /etc/pam_rsldap/bind-password )\n"),
        "{}",
        answer.text
    );
    assert!(
        answer
            .text
            .contains("ldap_config.py:3 AUTH_LDAP_BIND_PASSWORD: the password is not copied")
    );
}

#[test]
fn nothing_of_the_fixtures_is_shown_that_is_secret() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/files");
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let has_one = std::fs::read_to_string(&path)
            .unwrap()
            .contains("not-the-real-one-4711");
        assert!(
            !shows(&import_file(&path, &[]), "4711"),
            "{}",
            path.display()
        );
        seen += usize::from(has_one);
    }
    assert_eq!(seen, 6);
}
