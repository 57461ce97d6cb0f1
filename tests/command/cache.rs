//! `rsldapctl cache`: what logins through the real libpam have left, listed and removed, on a host whose
//! `/run` and `/var/lib` are private. So these tests need root.

pub mod site;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use pam_rsldap::names::UserName;
use pam_rsldap::store::{Place, lock_user};
use serde_json::Value;

use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::fixture::{ask, harmless};
use crate::rsldapctl::run;
use site::{
    EVERYTHING, RUN, STATE, after_some_logins, configure, files, now, on_a_host, things, users,
};

#[test]
fn everything_that_logins_leave_is_listed() {
    let began = now();
    after_some_logins(|site| {
        let said = site.list(&[]);
        assert_eq!(said.code, 0);
        let json = &said.json;
        assert_eq!(users(&json["caches"], "user"), ["alice", "bob"]);
        for cache in json["caches"].as_array().unwrap() {
            assert_eq!(cache["state"], "fresh", "{cache}");
            assert!(cache["age_s"].as_u64().unwrap() < 600, "{cache}");
        }
        assert_eq!(users(&json["refusals"], "user"), ["alice", "carol"]);
        for refusal in json["refusals"].as_array().unwrap() {
            assert_eq!(refusal["outcome"], "refused");
            let is_all = refusal["user"] == "carol";
            assert_eq!(refusal["every_service"], is_all, "{refusal}");
            let services: &[&str] = if is_all { &[] } else { &["sudo"] };
            assert_eq!(refusal["services"], serde_json::json!(services));
            assert!(refusal["reason"].as_str().unwrap().contains("is false"));
            assert!((began..=now()).contains(&refusal["date"].as_u64().unwrap()));
        }
        assert_eq!(users(&json["offline"], "user"), ["alice", "bob"]);
        for login in json["offline"].as_array().unwrap() {
            assert_eq!(login["state"], "usable");
            assert_eq!(login["failures"], 0);
            let grant = &login["grants"][0];
            assert_eq!(grant["every_service"], true);
            let date = grant["date"].as_u64().unwrap();
            assert!((began..=now()).contains(&date));
            assert_eq!(grant["expires"], date + 2 * 86_400);
        }
        let marker = &json["markers"][0];
        assert_eq!(marker["server"].as_str(), Some(site.dead.as_str()));
        assert_eq!(
            (&marker["cause"], &marker["counts"]),
            (&"refused".into(), &true.into())
        );
        assert_eq!(json["unusable"], serde_json::json!([]));

        // One line for each, and no other.
        assert_eq!(said.text.lines().count(), 7, "{}", said.text);
        assert!(said.line("refused for every service").contains("carol"));
        assert!(said.line("refused for sudo").contains("alice"));
        assert_eq!(
            said.text.matches("usable; every service until 20").count(),
            2
        );
        assert!(said.line("marker").contains(&site.dead));
    });
}

#[test]
fn one_user_is_listed_alone_and_who_is_not_known_ends_with_1() {
    after_some_logins(|site| {
        let said = site.list(&["alice"]);
        assert_eq!(said.code, 0);
        for key in ["caches", "refusals", "offline"] {
            assert_eq!(users(&said.json[key], "user"), ["alice"], "{key}");
        }
        assert_eq!(said.json["markers"], serde_json::json!([]));
        let said = site.list(&["sue"]);
        assert_eq!(
            (said.code, said.text.as_str()),
            (1, "nothing is remembered of sue\n")
        );
        let said = site.list(&["a/b"]);
        assert_eq!(said.code, 2);
        assert!(said.json["error"].is_string());
    });
}

#[test]
fn an_empty_host_remembers_nothing_and_stays_as_it_is() {
    on_a_host(|site| {
        let said = site.list(&[]);
        assert_eq!(
            (said.code, said.text.as_str()),
            (0, "nothing is remembered\n")
        );
        assert_eq!(site.flush(&["--offline", "--refusals"]).0, 0);
        assert_eq!(site.flush(&["alice"]).0, 1);
        assert!(!Path::new(RUN).exists() && !Path::new(STATE).exists());
    });
}

#[test]
fn wrong_passwords_and_another_configuration_show() {
    after_some_logins(|site| {
        site.slapd.stop();
        for _ in 0..5 {
            assert_eq!(site.auth_with("sshd", "bob", "wrong"), PAM_AUTHINFO_UNAVAIL);
        }
        let said = site.list(&["bob"]);
        let login = &said.json["offline"][0];
        assert_eq!(
            (&login["failures"], &login["state"]),
            (&5.into(), &"locked".into())
        );
        assert!(said.line("offline").contains("5 wrong passwords"));

        let gate = ("access", "deny = \"is_staff\"");
        let other = configure(
            &site.slapd,
            &site.dead,
            &[&EVERYTHING[..], &[gate]].concat(),
        );
        let said = ask(&other, &["cache", "list", "alice"], "");
        assert_eq!(said.json["caches"][0]["state"], "other_configuration");
        assert_eq!(said.json["offline"][0]["state"], "other_configuration");
        let refusal = &said.json["refusals"][0];
        assert_eq!(refusal["every_service"], false);
        assert_eq!(refusal["services"], serde_json::json!([]));
        said.line("refused for another configuration");

        let none = configure(&site.slapd, &site.dead, &EVERYTHING[2..]);
        let said = ask(&none, &["cache", "list", "alice"], "");
        assert_eq!(said.json["caches"][0]["state"], "off");
        assert_eq!(said.json["offline"][0]["state"], "off");
    });
}

#[test]
fn damaged_and_foreign_files_are_listed_as_such_and_are_no_facts() {
    after_some_logins(|site| {
        let outside = tempfile::TempDir::new().unwrap();
        for path in files() {
            let good = fs::read(&path).unwrap();
            let mut flipped = good.clone();
            flipped[good.len() / 2] ^= 1;
            let elsewhere = outside.path().join("good");
            fs::write(&elsewhere, &good).unwrap();
            fs::set_permissions(&elsewhere, Permissions::from_mode(0o600)).unwrap();
            let damages: [&dyn Fn(); 6] = [
                &|| fs::write(&path, "").unwrap(),
                &|| fs::write(&path, &good[..good.len() - 1]).unwrap(),
                &|| fs::write(&path, [0xff, 0, b'\n', 0x1b].repeat(300)).unwrap(),
                &|| symlink(&elsewhere, &path).unwrap(),
                &|| fs::create_dir(&path).unwrap(),
                &|| {
                    fs::write(&path, &good).unwrap();
                    chown(&path, Some(61234), None).unwrap();
                },
            ];
            for (number, damage) in damages.iter().enumerate() {
                fs::remove_file(&path).unwrap();
                damage();
                let said = site.list(&[]);
                assert_eq!(said.code, 0, "{path} {number}");
                let file = &said.json["unusable"][0]["file"];
                assert_eq!(
                    file.as_str(),
                    Some(path.as_str()),
                    "{number}: {}",
                    said.text
                );
                said.line("unusable");
                let _ = fs::remove_dir(&path);
                fs::write(&path, &good).unwrap();
                chown(&path, Some(0), None).unwrap();
                fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            }
        }
        // A good record under the name of somebody else.
        let cache = |path: &&String| path.ends_with(".cache");
        let all = files();
        let good = all.iter().find(cache).unwrap();
        let other = format!("{RUN}/{}.cache", "0".repeat(64));
        fs::copy(good, &other).unwrap();
        fs::write(format!("{STATE}/\u{1b}[2J"), "").unwrap();
        fs::write(format!("{good}.new"), "user alice").unwrap();
        let said = site.list(&[]);
        assert_eq!(users(&said.json["caches"], "user"), ["alice", "bob"]);
        assert_eq!(
            said.json["unusable"].as_array().unwrap().len(),
            3,
            "{}",
            said.text
        );
        said.line("not of this module");
        said.line("not finished");
        // Without the key of the machine nothing is to be believed about passwords.
        fs::remove_file(format!("{STATE}/machine.key")).unwrap();
        let said = site.list(&[]);
        assert_eq!(said.json["offline"], serde_json::json!([]));
        assert_eq!(said.text.matches("there is no machine.key").count(), 2);
        // A directory that others may write to holds no facts at all.
        fs::set_permissions(RUN, Permissions::from_mode(0o777)).unwrap();
        let said = site.list(&[]);
        assert_eq!(said.json["caches"], serde_json::json!([]));
        said.line("not a directory of root's alone");
        let (code, said) = site.flush(&[]);
        assert_eq!((code, &said["ok"]), (1, &false.into()), "{said}");
    });
}

#[test]
fn flushing_one_user_leaves_the_others_and_what_was_not_named() {
    after_some_logins(|site| {
        let (code, said) = site.flush(&["alice"]);
        assert_eq!(code, 0);
        assert_eq!(
            (&said["ok"], &said["user"]),
            (&true.into(), &"alice".into())
        );
        assert_eq!(things(&said["removed"]), ["cache alice"]);
        assert_eq!(things(&said["kept"]), ["offline alice", "refusals alice"]);
        let list = site.list(&[]).json;
        assert_eq!(users(&list["caches"], "user"), ["bob"]);
        assert_eq!(users(&list["offline"], "user"), ["alice", "bob"]);
        assert_eq!(users(&list["refusals"], "user"), ["alice", "carol"]);
        assert_eq!(list["markers"].as_array().unwrap().len(), 1);
        // There is something of hers, though not in the cache.
        assert_eq!(site.flush(&["alice"]).0, 0);
        assert_eq!(site.flush(&["sue"]).0, 1);
        // What an empty variable of a script comes to is nobody, not everybody.
        assert_eq!(site.flush(&[""]).0, 2);
    });
}

#[test]
fn everything_goes_only_where_it_is_named() {
    after_some_logins(|site| {
        let (code, said) = site.flush(&[]);
        assert_eq!((code, &said["user"]), (0, &Value::Null));
        let marker = format!("marker {}", site.dead);
        assert_eq!(
            things(&said["removed"]),
            ["cache alice", "cache bob", &marker]
        );
        assert_eq!(said["kept"].as_array().unwrap().len(), 4, "{said}");
        // A refusal stands, and an offline login is possible.
        site.slapd.stop();
        assert_eq!(site.auth("sshd", "carol"), PAM_PERM_DENIED);
        assert_eq!(site.auth("sshd", "bob"), PAM_SUCCESS);

        let (code, said) = site.flush(&["carol", "--refusals"]);
        assert_eq!(
            (code, things(&said["removed"])),
            (0, vec!["refusals carol".to_owned()])
        );
        assert_eq!(site.auth("sshd", "carol"), PAM_AUTHINFO_UNAVAIL);
        let (code, said) = site.flush(&["--offline"]);
        assert_eq!(code, 0);
        let removed = things(&said["removed"]);
        assert!(removed.contains(&"offline alice".to_owned()), "{removed:?}");
        assert!(removed.contains(&"offline bob".to_owned()), "{removed:?}");
        assert_eq!(things(&said["kept"]), ["refusals alice"]);
        assert_eq!(site.auth("sshd", "bob"), PAM_AUTHINFO_UNAVAIL);
        assert_eq!(site.auth("sudo", "alice"), PAM_PERM_DENIED);
    });
}

#[test]
fn damaged_and_unfinished_files_are_flushed_with_their_kind_and_no_others() {
    after_some_logins(|site| {
        let offline = files().into_iter().find(|path| path.ends_with(".offline"));
        let offline = offline.unwrap();
        fs::rename(&offline, format!("{offline}.new")).unwrap();
        let foreign = format!("{STATE}/notes");
        fs::write(&foreign, "").unwrap();
        let cache = files().into_iter().find(|path| path.ends_with(".cache"));
        let cache = cache.unwrap();
        fs::write(&cache, "damaged").unwrap();
        // Without a configuration, too: it is what one does when nothing works.
        let all = ["--json", "cache", "flush", "--offline"];
        let output = run(Path::new("/no/such/file"), &all, "");
        let said: Value = serde_json::from_str(&harmless(&output, "")).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        let left = files();
        assert!(left.contains(&foreign));
        assert_eq!(left.len(), 3, "two refusals and a foreign file: {left:?}");
        // What cannot be removed is said.
        fs::create_dir(&cache).unwrap();
        let (code, said) = site.flush(&[]);
        assert_eq!(code, 1);
        assert_eq!(said["failed"][0]["file"].as_str(), Some(cache.as_str()));
    });
}

#[test]
fn what_another_process_is_writing_is_not_taken_away() {
    after_some_logins(|site| {
        let place = Place::existing(Path::new(STATE)).unwrap();
        let alice = UserName::parse(b"alice").unwrap();
        let lock = lock_user(&place, &alice).unwrap();
        let (code, said) = site.flush(&["--offline"]);
        assert_eq!(code, 1);
        assert!(things(&said["removed"]).contains(&"offline bob".to_owned()));
        assert_eq!(said["failed"].as_array().unwrap().len(), 1, "{said}");
        drop(lock);
        let (code, said) = site.flush(&["--offline"]);
        assert_eq!(
            (code, things(&said["removed"])),
            (0, vec!["offline alice".to_owned()])
        );
    });
}

#[test]
fn only_root_is_told_anything() {
    after_some_logins(|site| {
        // The test's own directory is not for everybody.
        let program = "/run/rsldapctl";
        fs::copy(env!("CARGO_BIN_EXE_rsldapctl"), program).unwrap();
        fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
        for arguments in [["cache", "list"], ["cache", "flush"]] {
            let mut command = Command::new(program);
            command.arg("--config").arg(&site.config).args(arguments);
            let output = command.uid(61234).gid(61234).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.starts_with("only root"), "{text}");
            assert_eq!(text.lines().count(), 1);
        }
        assert_eq!(files().len(), 7);
    });
}
