//! No password in the log, whatever the level and however a login ends; and the steps at the level debug.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::directory::{self, GROUPS, SERVICE_DN, SERVICE_PASSWORD, group_dn, user_dn};
use crate::common::pam::{Client, PAM_ESTABLISH_CRED, PAM_SUCCESS, Stack};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::private_host::PrivateHost;

/// Every password here has one of these words in it, and nothing else has.
const CANARIES: [&str; 2] = ["secret", "canary"];

const STACK: &str = "auth required pam_rsldap.so config=CONFIG\n\
                     account required pam_rsldap.so config=CONFIG\n\
                     password required pam_rsldap.so config=CONFIG\n\
                     session required pam_rsldap.so config=CONFIG\n";

/// What of the configuration is unusual, and whether the server is up.
struct Site {
    name: &'static str,
    sections: Vec<(&'static str, String)>,
    is_up: bool,
}

fn site(name: &'static str, sections: &[(&'static str, &str)]) -> Site {
    let sections = sections
        .iter()
        .map(|(key, text)| (*key, (*text).to_owned()));
    Site {
        name,
        sections: sections.collect(),
        is_up: true,
    }
}

fn sites() -> Vec<Site> {
    let bind = |password: &str| format!("dn = \"{SERVICE_DN}\"\npassword = \"{password}\"");
    let groups = "search = [{ base = \"ou=missing,dc=example,dc=com\" }]";
    vec![
        site("as usual", &[]),
        site(
            "template",
            &[(
                "user",
                "dn_template = \"uid={user},ou=users,dc=example,dc=com\"",
            )],
        ),
        site("inline", &[("bind", &bind(SERVICE_PASSWORD))]),
        site("wrong bind password", &[("bind", &bind("canary-bind"))]),
        site("as user", &[("+bind", "as_user = true")]),
        site(
            "a group that is missing",
            &[("access", "deny = \"cn=missing,dc=example,dc=com\"")],
        ),
        site(
            "an unknown key",
            &[("bind", &format!("{}\nfrobnicate = 1", bind("canary-bind")))],
        ),
        site("broken", &[("bind", "password = \"canary-bind")]),
        site(
            "a password in the URI",
            &[("server", "uris = [\"ldap://u:canary@127.0.0.1\"]")],
        ),
        site(
            "no base",
            &[(
                "user",
                "search = [{ base = \"ou=missing,dc=example,dc=com\" }]",
            )],
        ),
        site("no groups", &[("group", groups)]),
        Site {
            is_up: false,
            ..site("down", &[])
        },
    ]
}

fn server() -> Slapd {
    let mut ldif = directory::standard();
    let expired = [("objectClass", "shadowAccount"), ("shadowExpire", "1")];
    ldif.user("eve", &expired);
    ldif.group("all", &[&user_dn("eve"), &user_dn("alice")]);
    Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        ..SlapdOptions::default()
    })
}

/// Everything that a PAM application can do, with right passwords and wrong ones.
fn logins(stack: &Path) {
    for user in ["alice", "carol", "eve", "nobody-here", "root"] {
        for password in [format!("{user}-secret"), "canary-typed".to_owned()] {
            let mut client = Client::start_at(stack, "sshd", user);
            for answer in [&password, &password, &"canary-new".to_owned()] {
                client.answer(answer);
            }
            client.authenticate(0);
            client.acct_mgmt(0);
            // After a failed authentication libpam does not answer PAM_SUCCESS.
            client.setcred(PAM_ESTABLISH_CRED);
            client.open_session(0);
            client.chauthtok(0);
        }
    }
}

/// The configuration and the log file of a site.
fn configure(slapd: &Slapd, site: &Site, level: &str, log: &Path) -> PathBuf {
    let log = format!("level = \"{level}\"\nfile = \"{}\"", log.display());
    // A group that does not exist here: this process keeps its groups.
    let mut sections = vec![
        ("log", log.as_str()),
        ("session.local_groups", "ghost = \"is_active\""),
        (
            "session.mirror_groups",
            "mode = \"only\"\nnames = [\"ghost\"]",
        ),
        (
            "password",
            "prohibit_message = \"elsewhere\"\nchange = \"off\"",
        ),
    ];
    sections.extend(
        site.sections
            .iter()
            .map(|(key, text)| (*key, text.as_str())),
    );
    slapd.config(&sections)
}

#[test]
fn no_password_is_in_syslog_or_the_log_file_whatever_happens() {
    let slapd = server();
    let log = TempDir::new().unwrap();
    PrivateHost::run(&crate::common::module(), |host| {
        for level in ["error", "warning", "info", "debug"] {
            for site in sites() {
                let name = format!("{level}-{}", site.name.replace(' ', "-"));
                let file = log.path().join(&name);
                let stack = Stack::with_config(configure(&slapd, &site, level, &file));
                stack.service("sshd", STACK);
                if !site.is_up {
                    slapd.stop();
                }
                let from = host.log().len();
                logins(stack.path());
                if !site.is_up {
                    slapd.restart();
                }
                // What was sent before has been read when this one has.
                let mark = format!("mark {name}");
                let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
                socket.send_to(mark.as_bytes(), "/dev/log").unwrap();
                assert!(host.find_in_log(from, &[&mark]).is_some());
                let lines = host.log()[from..].to_vec();
                let text = fs::read_to_string(&file).unwrap_or_default();
                for line in lines.iter().map(String::as_str).chain(text.lines()) {
                    let line = line.replace(&mark, "");
                    let hit = CANARIES.iter().any(|canary| line.contains(canary));
                    assert!(!hit, "{name}: {line}");
                    assert!(line.len() < 3000, "{name}: {line}");
                }
                let readable =
                    !["an unknown key", "broken", "a password in the URI"].contains(&site.name);
                if level == "debug" && readable {
                    assert!(
                        lines.iter().any(|line| line.contains("lookups as cn=svc")),
                        "{name}: {lines:#?}"
                    );
                    // root's lines are written before there is a configuration that names a file.
                    assert!(text.lines().count() * 10 > lines.len() * 8, "{name}");
                }
            }
        }
    });
}

#[test]
fn each_step_of_a_login_is_a_line_at_the_level_debug_alone() {
    let slapd = server();
    let log = TempDir::new().unwrap();
    PrivateHost::run(&crate::common::module(), |_| {
        let read = |level: &str| {
            let file = log.path().join(level);
            let group = format!("search = [{{ base = \"{GROUPS}\" }}]");
            let site = site("as usual", &[("group", &group)]);
            let stack = Stack::with_config(configure(&slapd, &site, level, &file));
            stack.service("sshd", STACK);
            let mut client = Client::start(&stack, "sshd", "alice");
            client.answer("alice-secret");
            assert_eq!(client.authenticate(0), PAM_SUCCESS);
            fs::read_to_string(&file).unwrap()
        };
        let text = read("debug");
        let expected = [
            format!(
                "lookups as {SERVICE_DN}; users: ou=users,dc=example,dc=com Subtree (uid={{user}}) "
            ),
            format!(
                "connected to {} at 127.0.0.1:{}, no TLS after=",
                slapd.uri(),
                slapd.port()
            ),
            format!(
                "search for alice: {} server={} ms=",
                user_dn("alice"),
                slapd.uri()
            ),
            "account state: fine after=".to_owned(),
            format!("bind as {}: ", user_dn("alice")),
            format!("groups of {}: in {}", user_dn("alice"), group_dn("active")),
            format!("names of the groups of {}: ", user_dn("alice")),
            "user=alice rhost=- outcome=granted ".to_owned(),
        ];
        let mut rest = text.as_str();
        for words in expected {
            let words = words.trim_end();
            let at = rest
                .find(words)
                .unwrap_or_else(|| panic!("{words:?} is not in: {text}"));
            rest = &rest[at + words.len()..];
        }
        assert_eq!(read("info").lines().count(), 1);
    });
}
