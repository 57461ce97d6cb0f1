//! What is said of password lines, with the real pam_unix and a directory that is down. In a private
//! view of the machine: passwords are set.

use std::ffi::c_int;
use std::fs;

use crate::change::{LOGIN, password};
use crate::command::Host;
use crate::common::pam::{Client, PAM_AUTHTOK_ERR, PAM_SUCCESS, PAM_TRY_AGAIN, Stack};
use crate::private_host::{Local, PrivateHost};

/// Nobody listens on port 1.
const DOWN: &str = "[server]\n\
    uris = [\"ldap://127.0.0.1:1\"]\n\
    retry_after = \"0s\"\n\
    [user]\n\
    dn_template = \"uid={user},dc=example,dc=com\"\n\
    [flags]\n\
    is_active = \"cn=active,dc=example,dc=com\"\n";

/// Password lines and a user; what the application gets, whether a local password was set, and what
/// the command says of the lines.
type Case = (
    &'static str,
    &'static str,
    c_int,
    bool,
    Option<&'static str>,
);

const GOOD: &str = "[success=done ignore=ignore module_unknown=ignore default=die] R";

fn shadow(user: &str) -> String {
    let text = fs::read_to_string("/etc/shadow").expect("the private /etc/shadow");
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{user}:")));
    line.expect("an account").to_owned()
}

#[test]
fn pam_unix_sets_a_local_password_where_the_command_says_so() {
    let good = format!("{GOOD}; required U");
    let takes = format!("{GOOD}; required U use_authtok");
    let nothing = format!("{GOOD} use_authtok; required U use_authtok");
    let good = good.leak();
    let cases: [Case; 7] = [
        (good, "alice", PAM_TRY_AGAIN, false, None),
        (good, "root", PAM_SUCCESS, true, None),
        (takes.leak(), "root", PAM_SUCCESS, true, None),
        (
            "sufficient R; required U",
            "alice",
            PAM_SUCCESS,
            true,
            Some("change_failure_ignored"),
        ),
        (
            "optional R; required pam_permit.so",
            "alice",
            PAM_SUCCESS,
            false,
            Some("change_failure_ignored"),
        ),
        (
            nothing.leak(),
            "root",
            PAM_AUTHTOK_ERR,
            false,
            Some("use_authtok_before_prompt"),
        ),
        (
            "required U",
            "alice",
            PAM_SUCCESS,
            true,
            Some("no_password_line"),
        ),
    ];
    PrivateHost::run(&crate::common::module(), |host| {
        host.add_user("alice", 3001, Local::Password);
        host.write("/etc/pam_rsldap/config.toml", 0o644, DOWN);
        for (lines, user, code, set, id) in cases {
            let text = password(lines);
            let stack = Stack::new();
            stack.service("s", &text);
            let before = shadow(user);
            let mut client = Client::start(&stack, "s", user);
            client.answer("quite-new-7").answer("quite-new-7");
            assert_eq!(client.chauthtok(0), code, "{lines} {user}");
            assert_eq!(shadow(user) != before, set, "{lines} {user}");
            let found = Host::with(&format!("{LOGIN}{text}")).warnings();
            assert_eq!(found.first().map(String::as_str), id, "{lines}");
        }
    });
}
