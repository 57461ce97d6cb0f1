//! Keys of nslcd.conf without a key of ours.

use crate::import::draft::Level;
use crate::import::keywords::Others;

const DAEMON: &str = "of no meaning here: there is no daemon";
const NSS: &str = "of no meaning here: accounts come from NSS, by whatever means";

pub const OTHERS: &Others = &[
    ("threads", Level::Note, DAEMON),
    ("uid", Level::Note, DAEMON),
    ("gid", Level::Note, DAEMON),
    ("idle_timelimit", Level::Note, DAEMON),
    ("reconnect_sleeptime", Level::Note, DAEMON),
    ("reconnect_invalidate", Level::Note, DAEMON),
    ("reconnect_tries", Level::Note, DAEMON),
    ("reconnect_maxsleeptime", Level::Note, DAEMON),
    (
        "cache",
        Level::Note,
        "no DN is remembered here; answers about groups are, with cache.groups",
    ),
    (
        "log",
        Level::Note,
        "the module logs to the system log; see log.level and log.file",
    ),
    ("debug", Level::Note, "see log.level"),
    (
        "ldap_version",
        Level::Note,
        "of no meaning here: it is always 3",
    ),
    (
        "rootpwmoddn",
        Level::Note,
        "no equivalent: root cannot set a password in the directory from here",
    ),
    (
        "rootpwmodpw",
        Level::Note,
        "no equivalent; it is not copied",
    ),
    (
        "sasl_*",
        Level::Note,
        "no equivalent: of SASL there is EXTERNAL alone",
    ),
    (
        "use_sasl",
        Level::Note,
        "no equivalent: of SASL there is EXTERNAL alone",
    ),
    (
        "krb5_ccname",
        Level::Note,
        "no equivalent: there is no Kerberos",
    ),
    (
        "referrals",
        Level::Note,
        "referrals are never followed here",
    ),
    (
        "deref",
        Level::Warning,
        "no equivalent: aliases are not followed here",
    ),
    (
        "pagesize",
        Level::Note,
        "of no meaning here: nothing is listed",
    ),
    ("tls_randfile", Level::Note, "of no meaning here"),
    (
        "tls_ciphers",
        Level::Warning,
        "no equivalent: TLS 1.2 and 1.3 with its own ciphers",
    ),
    (
        "tls_reqsan",
        Level::Note,
        "the server's name has to be in its certificate's subjectAltName",
    ),
    (
        "tls_crlcheck",
        Level::Warning,
        "no equivalent: revocation lists are not read",
    ),
    (
        "tls_crlfile",
        Level::Warning,
        "no equivalent: revocation lists are not read",
    ),
    (
        "validnames",
        Level::Note,
        "no equivalent: which names can be an account's is fixed",
    ),
    ("allow_capitals", Level::Note, NSS),
    ("nss_*", Level::Note, NSS),
    (
        "pam_authc_search",
        Level::Note,
        "of no meaning here: the answer to the bind counts, and the entry is read",
    ),
    ("restart_tries", Level::Note, DAEMON),
];
