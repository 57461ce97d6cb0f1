//! Something else lies where a marker is expected: it counts as no marker, and is not followed.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::child::Task;
use crate::common::pam::PAM_SUCCESS;
use crate::fixture::ms;
use crate::proxy::Fault;
use crate::site::{RUN, Site, on_a_host};

/// What is put in the place of a good marker.
struct Damage {
    title: &'static str,
    /// Gets the marker's path, what stands in a good marker, and a directory outside.
    make: fn(&Path, &[u8], &Path),
}

const DAMAGES: &[Damage] = &[
    Damage {
        title: "empty",
        make: |path, _, _| fs::write(path, "").unwrap(),
    },
    Damage {
        title: "garbage",
        make: |path, _, _| fs::write(path, [0xff, 0, b'\n', 0x80].repeat(50)).unwrap(),
    },
    Damage {
        title: "text of another program",
        make: |path, _, _| fs::write(path, "12345\n").unwrap(),
    },
    Damage {
        title: "truncated",
        make: |path, good, _| fs::write(path, &good[..good.len() / 2]).unwrap(),
    },
    Damage {
        title: "another version",
        make: |path, good, _| fs::write(path, [b"9", good].concat()).unwrap(),
    },
    Damage {
        title: "future-dated",
        make: |path, good, _| fs::write(path, from_the_future(good)).unwrap(),
    },
    Damage {
        title: "good and then a gibibyte of nothing",
        make: |path, good, _| {
            fs::write(path, good).unwrap();
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(1 << 30)
                .unwrap();
        },
    },
    Damage {
        title: "a gibibyte of nothing",
        make: |path, _, _| File::create(path).unwrap().set_len(1 << 30).unwrap(),
    },
    Damage {
        title: "of another owner",
        make: |path, good, _| {
            fs::write(path, good).unwrap();
            chown(path, Some(61234), None).unwrap();
        },
    },
    Damage {
        title: "writable by others",
        make: |path, good, _| {
            fs::write(path, good).unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
        },
    },
    Damage {
        title: "readable by others",
        make: |path, good, _| {
            fs::write(path, good).unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        },
    },
    Damage {
        title: "a symbolic link to a good one",
        make: |path, good, outside| symlink(good_file(good, outside), path).unwrap(),
    },
    Damage {
        title: "a symbolic link to nothing",
        make: |path, _, outside| symlink(outside.join("not-there"), path).unwrap(),
    },
    Damage {
        title: "a hard link to a good one",
        make: |path, good, _| {
            // On the same file system.
            fs::hard_link(good_file(good, Path::new("/run")), path).unwrap();
        },
    },
    Damage {
        title: "a FIFO",
        make: |path, _, _| run("mkfifo", &["-m", "600"], path),
    },
    Damage {
        title: "a directory",
        make: |path, _, _| fs::create_dir(path).unwrap(),
    },
    Damage {
        title: "a directory that is not empty",
        make: |path, _, _| fs::create_dir_all(path.join("x")).unwrap(),
    },
    Damage {
        title: "a device",
        make: |path, _, _| run("cp", &["-a", "/dev/zero"], path),
    },
];

/// A file with what stands in a good marker, and the rights of one.
fn good_file(good: &[u8], directory: &Path) -> PathBuf {
    let path = directory.join("good");
    fs::write(&path, good).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

fn run(program: &str, arguments: &[&str], path: &Path) {
    let status = Command::new(program).args(arguments).arg(path).status();
    assert!(status.unwrap().success(), "{program} {}", path.display());
}

/// A time that is far away, in place of the longest number.
fn from_the_future(good: &[u8]) -> String {
    let text = String::from_utf8(good.to_vec()).unwrap();
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    let longest = numbers.max_by_key(|number| number.len()).unwrap();
    assert!(longest.len() > 2, "no time in {text:?}");
    text.replace(longest, &"9".repeat(longest.len()))
}

/// What of a directory would show that somebody was there.
fn look(directory: &Path) -> Vec<(PathBuf, u32, u64, i64, Vec<u8>)> {
    let mut seen = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let content = if metadata.is_file() && metadata.len() < 1 << 20 {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        let (mode, length) = (metadata.mode(), metadata.len());
        seen.push((path, mode, length, metadata.mtime_nsec(), content));
    }
    seen.sort();
    seen
}

/// One login, in a process that may hang without harm.
fn login(site: &Site, wrong: &mut Vec<String>, title: &str) -> Option<Duration> {
    let login = Task::default().run(&site.rig);
    if login.code != PAM_SUCCESS {
        wrong.push(format!("{title}: {login:?}"));
    }
    Some(login.took)
}

#[test]
fn what_is_not_a_marker_counts_as_none_and_is_not_followed() {
    on_a_host("30s", |site| {
        let mut wrong = Vec::new();
        let (path, good) = site.mark();
        // The measure works: a good one, written by somebody else, is honoured.
        let _ = fs::remove_file(&path);
        fs::write(&path, &good).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(site.tries(|| _ = site.good_login("a good marker")), 0);

        for Damage { title, make } in DAMAGES {
            let outside = TempDir::new().unwrap();
            let prepare = || {
                fs::remove_dir_all(RUN).unwrap();
                let _ = fs::remove_file("/run/good");
                fs::create_dir(RUN).unwrap();
                fs::set_permissions(RUN, Permissions::from_mode(0o700)).unwrap();
                make(&path, &good, outside.path());
                // Whatever is wrong with it, it is not this.
                let is_file = fs::symlink_metadata(&path).unwrap().is_file();
                if is_file && !title.ends_with("by others") {
                    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
                }
                look(outside.path())
            };
            // With the server well …
            let before = prepare();
            let mut took = None;
            let tries = site.tries(|| took = login(site, &mut wrong, title));
            if tries != 1 {
                wrong.push(format!("{title}: a living server was not asked"));
            }
            if took > Some(ms(250)) {
                wrong.push(format!("{title}: took {took:?}"));
            }
            // … and with the server dead, when there is something to write down.
            if prepare() != before && !title.contains("link") {
                wrong.push(format!("{title}: cannot be compared"));
            }
            let before = look(outside.path());
            site.first.set(Fault::Refuse);
            login(site, &mut wrong, title);
            login(site, &mut wrong, title);
            site.first.set(Fault::None);
            if look(outside.path()) != before {
                wrong.push(format!("{title}: something outside was changed"));
            }
            let linked = fs::read("/run/good").unwrap_or_else(|_| good.clone());
            if linked != good {
                wrong.push(format!(
                    "{title}: the other name of the file shows a change"
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}
