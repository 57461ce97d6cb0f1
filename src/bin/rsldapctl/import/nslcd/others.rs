//! Keys of nslcd.conf without a key of ours, besides those of `keywords::COMMON`.

use crate::import::draft::Level;
use crate::import::keywords::Others;

const DAEMON: &str = "of no meaning here: there is no daemon";
pub const NSS: &str = "of no meaning here: accounts come from NSS, by whatever means";

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
        "pagesize",
        Level::Note,
        "of no meaning here: nothing is listed",
    ),
    (
        "validnames",
        Level::Warning,
        "no equivalent: which names can be an account's is fixed. If this kept somebody out, a group has to",
    ),
    ("allow_capitals", Level::Note, NSS),
    (
        "pam_authc_search",
        Level::Note,
        "of no meaning here: the answer to the bind counts, and the entry is read",
    ),
    ("restart_tries", Level::Note, DAEMON),
];
