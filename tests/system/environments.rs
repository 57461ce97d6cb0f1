//! What an attacker puts into the environment of a setuid program.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

/// Where the attacker's files are: in the private `/etc`.
pub const ATTACKER: &str = "/etc/attacker";

pub type Environment = Vec<(OsString, OsString)>;

/// Variables that some library on the way to a directory is known to read, each with a value that
/// would do harm.
pub fn hostile_environments() -> Vec<(String, Environment)> {
    let at = |name: &str| format!("{ATTACKER}/{name}");
    let mut variables: Vec<(OsString, OsString)> = [
        ("SSL_CERT_FILE", at("ca.pem")),
        ("SSL_CERT_DIR", at("certs")),
        ("SSLKEYLOGFILE", at("keys/log")),
        ("LDAPRC", at("ldaprc")),
        ("LDAPCONF", at("ldap.conf")),
        ("LDAPTLS_REQCERT", "never".to_owned()),
        ("LDAPTLS_CACERT", at("ca.pem")),
        ("LDAPNOINIT", "1".to_owned()),
        ("RES_OPTIONS", "ndots:15 timeout:30 attempts:5".to_owned()),
        ("HOSTALIASES", at("aliases")),
        ("LOCALDOMAIN", "attacker.example".to_owned()),
        ("RUST_LOG", "trace".to_owned()),
        ("RUST_BACKTRACE", "full".to_owned()),
        ("RUST_MIN_STACK", "18446744073709551615".to_owned()),
        ("TOKIO_WORKER_THREADS", "0".to_owned()),
        ("TMPDIR", at("tmp")),
        ("HOME", at("home")),
        ("TZ", format!(":{}", at("zone"))),
        ("http_proxy", "http://127.0.0.1:1/".to_owned()),
        ("https_proxy", "http://127.0.0.1:1/".to_owned()),
        ("ALL_PROXY", "socks5://127.0.0.1:1/".to_owned()),
        ("LARGE", "x".repeat(100 * 1024)),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    variables.push((
        OsString::from_vec(b"NOT_UTF8_\xff".to_vec()),
        OsString::from_vec(b"\xc3\x28 \xff\xfe".to_vec()),
    ));
    let mut all: Vec<_> = variables
        .iter()
        .map(|variable| {
            let name = variable.0.to_string_lossy().into_owned();
            (name, vec![variable.clone()])
        })
        .collect();
    all.push(("all together".to_owned(), variables));
    all
}

pub fn clean() -> Environment {
    Vec::new()
}
