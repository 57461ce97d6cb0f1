//! Keys of PADL's ldap.conf without a key of ours, besides those of `keywords::COMMON`.

use crate::import::draft::Level;
use crate::import::keywords::Others;

const CONNECTION: &str = "of no meaning here: a connection lasts for one login";

pub const OTHERS: &Others = &[
    ("idle_timelimit", Level::Note, CONNECTION),
    (
        "bind_policy",
        Level::Note,
        "of no meaning here: see server.deadline",
    ),
    (
        "sizelimit",
        Level::Note,
        "of no meaning here: two entries are one too many",
    ),
    ("nss_reconnect_*", Level::Note, CONNECTION),
    ("nss_connect_policy", Level::Note, CONNECTION),
    (
        "nss_map_attribute",
        Level::Note,
        "of no meaning here: for the login, pam_login_attribute counts",
    ),
    (
        "pam_lookup_policy",
        Level::Note,
        "the state of the account is always looked at; see access.account_state",
    ),
    (
        "pam_max_uid",
        Level::Todo,
        "no equivalent: there is min_uid alone. List the accounts above it in user.exempt, or gate them by a group",
    ),
    (
        "pam_template_login",
        Level::Warning,
        "no equivalent: each account needs a line in passwd of its own",
    ),
    (
        "pam_template_login_attribute",
        Level::Warning,
        "no equivalent: each account needs a line in passwd of its own",
    ),
    (
        "pam_crypt",
        Level::Note,
        "of no meaning here: passwords are not hashed",
    ),
    ("pam_nds_*", Level::Note, "no equivalent"),
    ("pam_*", Level::Warning, "no equivalent"),
    (
        "rootuse_sasl",
        Level::Note,
        "no equivalent: of SASL there is EXTERNAL alone",
    ),
    (
        "rootsasl_*",
        Level::Note,
        "no equivalent: of SASL there is EXTERNAL alone",
    ),
    (
        "gssapi_*",
        Level::Note,
        "no equivalent: there is no Kerberos",
    ),
    ("restart", Level::Note, "of no meaning here"),
    (
        "sslpath",
        Level::Warning,
        "no equivalent: name the authorities in tls.ca_file or tls.ca_dir",
    ),
    (
        "tls_cipher_suite",
        Level::Warning,
        "no equivalent: TLS 1.2 and 1.3 with its own ciphers",
    ),
    (
        "tls_protocol_min",
        Level::Note,
        "of no meaning here: TLS 1.2 is the oldest",
    ),
    (
        "logdir",
        Level::Note,
        "the module logs to the system log; see log.level",
    ),
];
