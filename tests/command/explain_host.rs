//! `rsldapctl explain` on a host with accounts, stacks and a memory, as root.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::cache::site::{RUN, STATE, Site, after_some_logins, files, on_a_host};
use crate::common::directory::{BASE, USERS, group_dn, password_of, user_dn};
use crate::common::need;
use crate::fixture::{Answer, ask};

fn explain(site: &Site, arguments: &[&str], stdin: &str) -> Answer {
    ask(&site.config, &[&["explain"], arguments].concat(), stdin)
}

fn warnings(answer: &Answer) -> Vec<&str> {
    let all = answer.json["warnings"].as_array().expect("warnings");
    let words: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
    for word in &words {
        answer.line(&format!("but {word}"));
    }
    words
}

fn first_line(answer: &Answer) -> &str {
    let line = answer.text.lines().next().expect("a line");
    assert_eq!(answer.json["conclusion"], line);
    line
}

fn add_account(name: &str, uid: u32) {
    let accounts = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let line = format!("{name}:x:{uid}:{uid}::/home/{name}:/bin/sh\n");
    fs::write("/etc/passwd", accounts + &line).expect("/etc/passwd");
}

fn set_stack(service: &str, text: &str) {
    fs::write(format!("/etc/pam.d/{service}"), text).expect("a stack");
}

/// The user is no member of `active` any more.
fn leave_active(site: &Site, user: &str) {
    let (group, user) = (group_dn("active"), user_dn(user));
    let change = format!("dn: {group}\nchangetype: modify\ndelete: member\nmember: {user}\n");
    let file = site.slapd.file("change.ldif", 0o600, &change);
    let manager = format!("cn=manager,{BASE}");
    let output = Command::new(need("ldapmodify", "ldap-utils"))
        .args([
            "-x",
            "-H",
            &site.slapd.uri(),
            "-D",
            &manager,
            "-w",
            "manager",
            "-f",
        ])
        .arg(file)
        .output()
        .expect("ldapmodify runs");
    assert!(output.status.success(), "{output:?}");
}

/// What is in every file, and when it was written.
fn memory() -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let looked = files().into_iter().map(|path| {
        let changed = fs::metadata(&path).and_then(|file| file.modified());
        let content = fs::read(&path).expect("a file");
        (path, (content, changed.expect("a date")))
    });
    looked.collect()
}

#[test]
fn whoever_is_let_in_and_has_no_account_or_no_line_in_the_stack_is_told_so() {
    on_a_host(|site| {
        set_stack(
            "sshd",
            "auth required pam_unix.so\naccount required pam_unix.so\n",
        );
        let said = explain(site, &["alice"], "");
        assert!(first_line(&said).contains("the password was not tried"));
        let all = warnings(&said);
        assert!(all[0].contains("no account alice") && all[0].contains("getent passwd alice"));
        assert!(
            all[1].starts_with("no line of sshd calls pam_rsldap"),
            "{all:?}"
        );

        add_account("alice", 4711);
        set_stack("sshd", include_str!("../../pam.d/sshd"));
        let said = explain(site, &["alice", "--password-stdin"], &password_of("alice"));
        assert_eq!(first_line(&said), "alice through sshd: granted");
        assert_eq!(warnings(&said), Vec::<&str>::new());
        assert_eq!(said.json["local_uid"], 4711);

        set_stack(
            "sshd",
            "auth sufficient pam_rsldap.so\nauth required pam_unix.so\n",
        );
        assert!(warnings(&explain(site, &["alice"], ""))[0].starts_with("no account line of sshd"));
        let other = "auth required pam_rsldap.so config=/etc/other.toml\n\
                     account required pam_rsldap.so config=/etc/other.toml\n";
        set_stack("sshd", other);
        let said = explain(site, &["alice"], "");
        assert!(warnings(&said)[0].contains("says config=/etc/other.toml"));
    });
}

#[test]
fn what_libpam_does_next_is_read_from_the_stack() {
    on_a_host(|site| {
        let text = "auth [success=done ignore=ignore default=die] pam_rsldap.so\n\
                    auth required pam_unix.so try_first_pass\n\
                    account [success=ok ignore=ignore default=die] pam_rsldap.so\n\
                    account required pam_unix.so\n";
        set_stack("sshd", text);
        let next = |user: &str, password: &str| {
            let said = explain(site, &[user, "--password-stdin"], password);
            let stack = &said.json["stack"];
            (
                stack["auth_next"].clone(),
                stack["account_next"].clone(),
                said.text,
            )
        };
        let behind = json!(["pam_unix (/etc/pam.d/sshd:4)"]);
        let (auth, account, text) = next("alice", &password_of("alice"));
        assert_eq!((auth, account), (json!(["the end"]), behind));
        assert!(text.contains("auth: PAM_SUCCESS, then the end; the application gets PAM_SUCCESS"));
        // By the [fallback] of this configuration it is a refusal.
        let (auth, account, _) = next("carol", &password_of("carol"));
        assert_eq!((auth, account), (json!(["the end"]), json!(["the end"])));
        let ignored = site
            .slapd
            .config(&[("fallback", "bad_password = \"ignore\"")]);
        let said = ask(
            &ignored,
            &["explain", "alice", "--password-stdin"],
            "surely-not-it",
        );
        let behind = json!(["pam_unix (/etc/pam.d/sshd:2)"]);
        assert_eq!(said.json["stack"]["auth_next"], behind);
        said.line("auth: PAM_IGNORE, then pam_unix (/etc/pam.d/sshd:2)");
    });
}

#[test]
fn what_the_host_remembers_is_told_and_neither_used_nor_changed() {
    after_some_logins(|site| {
        let before = memory();
        let said = explain(site, &["alice"], "");
        let kept = json!({ "groups_fresh": true, "refusal": null, "offline_usable": true });
        assert_eq!(said.json["remembered"], kept);
        // The service has refused her, and her cache does not count there.
        let said = explain(site, &["alice", "--service", "sudo"], "");
        assert_eq!(said.json["remembered"]["groups_fresh"], false);
        assert_eq!(said.json["remembered"]["refusal"]["outcome"], "refused");
        let said = explain(site, &["carol", "--password-stdin"], "surely-not-it");
        assert_eq!(said.json["remembered"]["refusal"]["outcome"], "refused");
        assert_eq!(explain(site, &["root"], "").json["remembered"], Value::Null);
        explain(site, &["bob", "--password-stdin"], "surely-not-it");
        // A user who has just lost a group may still get in.
        leave_active(site, "bob");
        let said = explain(site, &["bob"], "");
        assert_eq!(said.json["outcome"], "refused");
        assert!(first_line(&said).contains("refused: is_active is false: not in cn=active"));
        let told = warnings(&said);
        assert!(
            told.iter()
                .any(|word| word.contains("rsldapctl cache flush bob")),
            "{told:?}"
        );
        assert_eq!(memory(), before);
    });
}

#[test]
fn while_no_server_answers_the_last_refusal_is_the_answer() {
    after_some_logins(|site| {
        site.slapd.stop();
        let before = memory();
        let said = explain(site, &["carol"], "");
        assert_eq!(
            (said.code, &said.json["outcome"]),
            (3, &"unavailable".into())
        );
        assert_eq!(said.json["account"], "PAM_PERM_DENIED");
        assert_eq!(said.json["auth"], "PAM_PERM_DENIED");
        let told = warnings(&said);
        assert!(
            told[0].contains("the last known refusal stands"),
            "{told:?}"
        );
        assert!(told[0].contains("is_active is false"), "{told:?}");
        said.line("a login goes by the last refusal");
        // Of bob a good password is remembered, and groups.
        let said = explain(site, &["bob", "--password-stdin"], &password_of("bob"));
        assert_eq!(
            (&said.json["auth"], &said.json["account"]),
            (&Value::Null, &Value::Null)
        );
        let told = warnings(&said).join("\n");
        assert!(
            told.contains("offline.credentials") && told.contains("cache.groups"),
            "{told}"
        );
        // Of sue nothing.
        let said = explain(site, &["sue"], "");
        assert_eq!(said.json["account"], "PAM_AUTHINFO_UNAVAIL");
        said.line("this host remembers no refusal");
        // Down markers are those of logins: they are written, and name the reason.
        let known: Vec<_> = memory()
            .into_keys()
            .filter(|path| !before.contains_key(path))
            .collect();
        assert_eq!(known.len(), 1, "{known:?}");
        assert!(known[0].starts_with(RUN) && !known[0].starts_with(STATE));
        let said = explain(site, &["sue"], "");
        let passed = said.json["passed_over"].as_array().expect("servers");
        for server in passed {
            assert!(
                server["reason"]
                    .as_str()
                    .is_some_and(|why| why.contains("marked down"))
            );
        }
        assert_eq!(passed.len(), 2);
    });
}

#[test]
fn an_alias_goes_on_as_the_account_that_it_stands_for() {
    on_a_host(|site| {
        add_account("alice", 4711);
        set_stack("sshd", include_str!("../../pam.d/sshd"));
        let user = format!(
            "canonical_name = true\nsearch = [{{ base = \"{USERS}\", filter = \"(mail={{user}})\" }}]"
        );
        let config = site.slapd.config(&[("user", &user)]);
        let arguments = ["explain", "alice@example.com", "--password-stdin"];
        let said = ask(&config, &arguments, &password_of("alice"));
        assert_eq!((said.code, &said.json["canonical"]), (0, &"alice".into()));
        assert_eq!(warnings(&said), Vec::<&str>::new());
        said.line("goes on as alice, the value of uid");
        said.line("account on this host: none by this name");
    });
}

/// A user without rights sees no memory, and everything else.
#[test]
fn without_root_nothing_is_said_of_what_the_host_remembers() {
    after_some_logins(|site| {
        for directory in [
            site.slapd.path(),
            site.config.parent().expect("a directory"),
        ] {
            fs::set_permissions(directory, Permissions::from_mode(0o755)).expect("chmod");
        }
        let bind = ("bind", "");
        let config = site.slapd.config(&[bind]);
        fs::set_permissions(&config, Permissions::from_mode(0o644)).expect("chmod");
        let output = Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
            .args(["--json", "explain", "alice", "--config"])
            .arg(config)
            .uid(65534)
            .gid(65534)
            .output()
            .expect("rsldapctl");
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(said["outcome"], "granted", "{said:#}");
        assert_eq!(said["remembered"], Value::Null);
    });
}
