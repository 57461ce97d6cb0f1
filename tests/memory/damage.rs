//! Something else lies where a file is expected, or a file cannot be written.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::child::Task;
use crate::common::directory::password_of;
use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::fixture::{RUN, STATE, Site, files, on_a_host};

const CACHE: (&str, &str) = ("cache", "groups = \"1h\"");

/// What is put in the place of a good file: gets its path, what stands in it, and a directory
/// outside.
type Damage = (&'static str, fn(&Path, &[u8], &Path));

pub const DAMAGES: &[Damage] = &[
    ("empty", |path, _, _| fs::write(path, "").unwrap()),
    ("cut", |path, good, _| {
        fs::write(path, &good[..good.len() / 2]).unwrap();
    }),
    ("without its end", |path, good, _| {
        fs::write(path, &good[..good.len() - 1]).unwrap();
    }),
    ("longer", |path, good, _| {
        fs::write(path, [good, b"\n"].concat()).unwrap();
    }),
    ("with one other letter", |path, good, _| {
        let mut bad = good.to_vec();
        bad[good.len() / 2] ^= 1;
        fs::write(path, bad).unwrap();
    }),
    ("of another version", |path, good, _| {
        let text = String::from_utf8(good.to_vec()).unwrap();
        fs::write(path, text.replacen(" 1\n", " 2\n", 1)).unwrap();
    }),
    ("garbage", |path, _, _| {
        fs::write(path, [0xff, 0, b'\n', 0x80].repeat(500)).unwrap();
    }),
    ("a gibibyte of nothing", |path, _, _| {
        File::create(path).unwrap().set_len(1 << 30).unwrap();
    }),
    ("of another owner", |path, good, _| {
        fs::write(path, good).unwrap();
        chown(path, Some(61234), None).unwrap();
    }),
    ("readable for others", |path, good, _| {
        fs::write(path, good).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    }),
    ("a symbolic link to a good one", |path, good, outside| {
        symlink(good_file(outside, good), path).unwrap();
    }),
    ("a symbolic link to nothing", |path, _, outside| {
        symlink(outside.join("nothing"), path).unwrap();
    }),
    ("a hard link to a good one", |path, good, _| {
        // On the same file system.
        let beside = path.parent().unwrap().parent().unwrap();
        fs::hard_link(good_file(beside, good), path).unwrap();
    }),
    ("a FIFO", |path, _, _| {
        let status = Command::new("mkfifo")
            .args(["-m", "600"])
            .arg(path)
            .status();
        assert!(status.unwrap().success());
    }),
    ("a socket", |path, _, _| {
        std::os::unix::net::UnixListener::bind(path).unwrap();
    }),
    ("a directory", |path, _, _| fs::create_dir(path).unwrap()),
];

fn good_file(directory: &Path, good: &[u8]) -> PathBuf {
    let path = directory.join("good");
    let _ = fs::remove_file(&path);
    fs::write(&path, good).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

/// Puts each damage in the place of this good file, and calls `check` with a title and with whether
/// the module can take away what is there.
pub fn each_damage(path: &Path, mut check: impl FnMut(&str, bool)) {
    let good = fs::read(path).unwrap();
    for (title, make) in DAMAGES {
        let outside = TempDir::new().unwrap();
        let _ = fs::remove_file(path);
        make(path, &good, outside.path());
        let is_file = fs::symlink_metadata(path).unwrap().is_file();
        if is_file && !title.ends_with("others") {
            fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        }
        check(title, *title != "a directory");
        if outside.path().join("good").exists() {
            assert_eq!(
                fs::read(outside.path().join("good")).unwrap(),
                good,
                "{title}"
            );
        }
        assert!(!outside.path().join("nothing").exists(), "{title}");
        let _ = fs::remove_file(path);
        let _ = fs::remove_dir(path);
    }
    let beside = path.parent().unwrap().parent().unwrap().join("good");
    assert_eq!(fs::read(&beside).unwrap(), good);
    fs::remove_file(beside).unwrap();
    fs::write(path, good).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// One warning about a file, and none the next time, if it could be removed.
fn assert_told_once(site: &Site<'_>, title: &str, removed: bool, again: impl FnOnce()) {
    let warnings = site.warnings();
    assert_eq!(warnings.len(), 1, "{title}: {warnings:#?}");
    assert!(warnings[0].contains("counts as absent"), "{warnings:?}");
    site.skip_log();
    again();
    if removed {
        assert_eq!(site.warnings(), [""; 0], "{title}");
    }
    site.skip_log();
}

#[test]
fn what_is_no_refusal_counts_as_absent_and_is_told_once() {
    on_a_host(&[], |site| {
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        site.slapd.stop();
        let path = files(STATE, "refusals").remove(0);
        site.skip_log();
        each_damage(&path, |title, removed| {
            let code = site.account("sshd", "carol");
            assert_eq!(code, PAM_AUTHINFO_UNAVAIL, "{title}");
            // The outage itself is a warning too.
            let outage = site.next_line(&["outcome=unavailable"]);
            let told: Vec<_> = site.host.log();
            let at = told.iter().rposition(|line| *line == outage).unwrap();
            assert!(
                told[at - 1].contains("counts as absent"),
                "{title}: {told:#?}"
            );
            site.skip_log();
            site.account("sshd", "carol");
            if removed {
                assert_eq!(site.warnings().len(), 1, "{title}: {:#?}", site.warnings());
            }
            site.skip_log();
        });
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        // One user's file does not speak for another.
        site.slapd.restart();
        assert_eq!(site.account("sshd", "dave"), PAM_PERM_DENIED);
        site.slapd.stop();
        let both = files(STATE, "refusals");
        let davids = both.iter().find(|other| **other != path).unwrap();
        fs::copy(&path, davids).unwrap();
        assert_eq!(site.account("sshd", "dave"), PAM_AUTHINFO_UNAVAIL);
    });
}

#[test]
fn what_is_no_answer_counts_as_absent_and_is_told_once() {
    on_a_host(&[CACHE], |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        let path = files(RUN, "cache").remove(0);
        site.skip_log();
        each_damage(&path, |title, removed| {
            let watch = site.slapd.watch();
            assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS, "{title}");
            assert!(!watch.operations().nothing(), "{title}");
            assert_told_once(site, title, removed, || {
                let watch = site.slapd.watch();
                assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS, "{title}");
                assert_eq!(watch.operations().nothing(), removed, "{title}");
            });
        });
        // The measure works: the good one counts.
        let watch = site.slapd.watch();
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        assert!(watch.operations().nothing());
    });
}

#[test]
fn a_directory_that_is_not_roots_alone_is_not_believed() {
    on_a_host(&[CACHE], |site| {
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        for (mode, owner) in [(0o777, 0), (0o750, 0), (0o700, 61234)] {
            for directory in [RUN, STATE] {
                chown(directory, Some(owner), None).unwrap();
                fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
            }
            let watch = site.slapd.watch();
            site.skip_log();
            assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
            assert!(!watch.operations().nothing(), "{mode:o}");
            let warnings = site.warnings();
            assert_eq!(warnings.len(), 1, "{warnings:#?}");
            assert!(warnings[0].contains("not a directory of root's alone"));
            site.slapd.stop();
            assert_eq!(site.account("sshd", "carol"), PAM_AUTHINFO_UNAVAIL);
            site.slapd.restart();
        }
    });
}

#[test]
fn a_process_that_is_not_roots_works_without_and_says_so_to_who_asks() {
    // The service account's password is not for nobody: lookups are anonymous.
    on_a_host(&[CACHE, ("bind", "")], |site| {
        let path = site.slapd.path().join("config-0.toml");
        fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        let nobody = |user, password| Task {
            uid: 65534,
            ..Task::new(user, password)
        };
        site.skip_log();
        assert_eq!(nobody("alice", "alice-secret").run(site), PAM_SUCCESS);
        assert_eq!(nobody("carol", "").run(site), PAM_PERM_DENIED);
        assert_eq!(site.warnings(), [""; 0]);
        let log = site.host.log();
        let told = log.iter().filter(|line| line.contains("not root's"));
        assert_eq!(told.count(), 2, "{log:#?}");
        assert!(!fs::exists(STATE).unwrap() && !fs::exists(RUN).unwrap());
        // Nor is root's memory his.
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
        assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
        let watch = site.slapd.watch();
        assert_eq!(nobody("alice", "").run(site), PAM_SUCCESS);
        assert!(!watch.operations().nothing());
        site.slapd.stop();
        assert_eq!(nobody("carol", "").run(site), PAM_AUTHINFO_UNAVAIL);
        assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
    });
}

pub fn mount(arguments: &[&str]) {
    let status = Command::new("mount").args(arguments).status().unwrap();
    assert!(status.success(), "mount {arguments:?}");
}

pub fn unmount(directory: &str) {
    let status = Command::new("umount").arg(directory).status().unwrap();
    assert!(status.success(), "umount {directory}");
}

/// Mounts a new file system in the place of a directory.
pub fn small(directory: &str, options: &str) {
    let _ = fs::create_dir(directory);
    let options = format!("mode=0700,{options}");
    mount(&["-t", "tmpfs", "-o", &options, "none", directory]);
}

/// Makes a file system read-only, or fills it.
pub fn exhaust(directory: &str, how: &str) {
    match how {
        "full" => {
            let ballast = Path::new(directory).join("ballast");
            assert!(fs::write(ballast, [1; 1 << 18]).is_err(), "not full");
        }
        _ => mount(&["-o", "remount,ro", directory]),
    }
}

#[test]
fn a_disk_that_is_full_or_read_only_costs_no_login_and_keeps_what_it_has() {
    for how in ["full", "read-only"] {
        on_a_host(&[CACHE], |site| {
            for directory in [RUN, STATE] {
                small(directory, "size=32k");
            }
            assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS);
            assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED);
            for directory in [RUN, STATE] {
                exhaust(directory, how);
            }
            site.skip_log();
            // What is there counts …
            let watch = site.slapd.watch();
            assert_eq!(site.account("sshd", "alice"), PAM_SUCCESS, "{how}");
            assert!(watch.operations().nothing(), "{how}");
            assert_eq!(site.warnings(), [""; 0], "{how}");
            // … what would have to be written is not, and whoever may in gets in.
            assert_eq!(site.auth("sshd", "bob", "bob-secret"), PAM_SUCCESS);
            assert_eq!(site.account("sshd", "dave"), PAM_PERM_DENIED);
            let warnings = site.warnings();
            assert!(
                warnings
                    .iter()
                    .any(|line| line.contains("is not remembered"))
            );
            site.slapd.stop();
            assert_eq!(site.account("sshd", "carol"), PAM_PERM_DENIED, "{how}");
            assert_eq!(site.account("sshd", "dave"), PAM_AUTHINFO_UNAVAIL);
            for directory in [RUN, STATE] {
                unmount(directory);
            }
        });
    }
}

#[test]
fn an_attempt_that_cannot_be_counted_is_no_offline_login() {
    const OFFLINE: (&str, &str) = ("offline", "credentials = true");
    for (how, why) in [
        ("full", "No space left on device"),
        ("read-only", "Read-only file system"),
    ] {
        on_a_host(&[OFFLINE], |site| {
            let auth = |user: &str| site.auth("sshd", user, &password_of(user));
            small(STATE, "size=32k");
            assert_eq!(auth("alice"), PAM_SUCCESS);
            exhaust(STATE, how);
            // While the directory answers, whoever may in gets in: known here or not.
            for user in ["alice", "bob"] {
                site.skip_log();
                assert_eq!(auth(user), PAM_SUCCESS, "{how}");
                let warning = site.next_line(&["the offline login is not kept up"]);
                assert!(warning.contains(why), "{warning}");
            }
            site.slapd.stop();
            site.skip_log();
            for password in ["alice-secret", "wrong", "alice-secret"] {
                let code = site.auth("sshd", "alice", password);
                assert_eq!(code, PAM_AUTHINFO_UNAVAIL, "{how}");
                let line = site.decision();
                let told = ["no offline login: the attempt cannot be counted", why];
                assert!(told.iter().all(|word| line.contains(word)), "{line}");
            }
            assert_eq!(auth("bob"), PAM_AUTHINFO_UNAVAIL, "{how}");
            // What was kept is whole, and counts again when it can be written.
            match how {
                "full" => fs::remove_file(format!("{STATE}/ballast")).unwrap(),
                _ => mount(&["-o", "remount,rw", STATE]),
            }
            assert_eq!(auth("alice"), PAM_SUCCESS, "{how}");
            unmount(STATE);
        });
    }
}

#[test]
fn a_directory_that_cannot_be_made_costs_no_login() {
    on_a_host(&[CACHE], |site| {
        for directory in [RUN, STATE] {
            fs::write(directory, "a file").unwrap();
        }
        assert_eq!(site.auth("sshd", "alice", "alice-secret"), PAM_SUCCESS);
        assert_eq!(site.auth("sshd", "carol", "carol-secret"), PAM_PERM_DENIED);
        for directory in [RUN, STATE] {
            assert_eq!(fs::read(directory).unwrap(), b"a file");
        }
    });
}
