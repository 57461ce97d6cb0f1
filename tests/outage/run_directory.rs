//! `/run/pam_rsldap` is not what it should be, or cannot be had: logins go on without markers.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::child::Task;
use crate::common::pam::PAM_SUCCESS;
use crate::fixture::{ALICE, Rig, ms, uris};
use crate::proxy::Fault;
use crate::site::{LIMITS, RUN, Site, listing, on_a_host, rights};

/// Puts a good marker into a directory, which counts only if the directory is as it should be.
fn put(good: &[u8], name: &Path, directory: &Path) {
    let path = directory.join(name.file_name().unwrap());
    fs::write(&path, good).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}

/// The first server is asked although there is a marker, and logins go on when it is dead.
fn assert_works_without_markers(site: &Site, case: &str) {
    let tries = site.tries(|| assert_eq!(Task::default().run(&site.rig).code, PAM_SUCCESS));
    assert_eq!(tries, 1, "{case}: a living server was not asked");
    for fault in [Fault::Refuse, Fault::Swallow] {
        site.first.set(fault);
        assert_eq!(Task::default().run(&site.rig).code, PAM_SUCCESS, "{case}");
    }
    site.first.set(Fault::None);
}

#[test]
fn a_directory_that_others_may_write_to_is_not_believed() {
    on_a_host("30s", |site| {
        let (path, good) = site.mark();
        for (case, mode, owner) in [
            ("writable by all", 0o777, 0),
            ("writable by all, sticky", 0o1777, 0),
            ("writable by a group", 0o770, 0),
            ("of another owner", 0o700, 61234),
        ] {
            let _ = fs::remove_dir_all(RUN);
            fs::create_dir(RUN).unwrap();
            put(&good, &path, Path::new(RUN));
            chown(RUN, Some(owner), None).unwrap();
            fs::set_permissions(RUN, Permissions::from_mode(mode)).unwrap();
            assert_works_without_markers(site, case);
        }
    });
}

#[test]
fn a_symbolic_link_in_place_of_the_directory_is_not_followed() {
    on_a_host("30s", |site| {
        let (path, good) = site.mark();
        let outside = TempDir::new().unwrap();
        fs::set_permissions(outside.path(), Permissions::from_mode(0o700)).unwrap();
        put(&good, &path, outside.path());
        fs::remove_dir_all(RUN).unwrap();
        symlink(outside.path(), RUN).unwrap();
        assert_works_without_markers(site, "a link");
        assert!(fs::symlink_metadata(RUN).unwrap().is_symlink());
        let names: Vec<_> = fs::read_dir(outside.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
        let there = outside.path().join(path.file_name().unwrap());
        assert_eq!(fs::read(there).unwrap(), good);
    });
}

#[test]
fn a_file_in_place_of_the_directory_is_left_alone() {
    on_a_host("30s", |site| {
        fs::write(RUN, "mine").unwrap();
        assert_works_without_markers(site, "a file");
        assert_eq!(fs::read(RUN).unwrap(), b"mine");
    });
}

#[test]
fn a_run_that_is_read_only_or_full_costs_no_login() {
    on_a_host("30s", |site| {
        for (size, directory, then) in [
            ("size=16k", false, Some("ro")),
            ("size=16k", true, Some("ro")),
            ("size=16k,nr_inodes=1", false, None),
            ("size=16k,nr_inodes=2", true, None),
            ("size=16k", true, None),
        ] {
            let case = format!("{size}, directory {directory}, {then:?}");
            mount(&[
                "-t",
                "tmpfs",
                "-o",
                &format!("mode=0755,{size}"),
                "none",
                "/run",
            ]);
            if directory {
                make_run();
            }
            match then {
                Some(option) => mount(&["-o", &format!("remount,{option}"), "/run"]),
                None => assert!(
                    fs::write("/run/ballast", [1; 1 << 18]).is_err(),
                    "{case}: not full"
                ),
            }
            assert_works_without_markers(site, &case);
            let status = Command::new("umount").arg("/run").status().unwrap();
            assert!(status.success());
        }
    });
}

fn make_run() {
    fs::create_dir(RUN).unwrap();
    fs::set_permissions(RUN, Permissions::from_mode(0o700)).unwrap();
}

fn mount(arguments: &[&str]) {
    let status = Command::new("mount").args(arguments).status().unwrap();
    assert!(status.success(), "mount {arguments:?}");
}

#[test]
fn a_process_that_is_not_root_works_without_markers() {
    on_a_host("30s", |site| {
        let nobody = Task {
            uid: Some(65534),
            ..Task::default()
        };
        // The service account's password is not for nobody: lookups are anonymous.
        let server = format!("{LIMITS}retry_after = \"30s\"");
        let uris = uris(std::slice::from_ref(&site.first));
        let both = [uris[0].clone(), site.second.uri()];
        let rig = Rig::with(&both, &server, "# anonymous\n");
        rig.use_module(Path::new("pam_rsldap.so"));
        site.first.set(Fault::Swallow);
        for round in 0..2 {
            let login = nobody.run(&rig);
            assert_eq!(login.code, PAM_SUCCESS, "round {round}");
            assert!(login.took >= ms(290), "round {round}: {login:?}");
        }
        assert!(!fs::exists(RUN).unwrap());
        // Root's marker is not for others.
        assert_eq!(rig.login(ALICE).code, PAM_SUCCESS);
        let names = listing();
        assert_eq!(names.len(), 1);
        site.first.set(Fault::None);
        let tries = site.tries(|| assert_eq!(nobody.run(&rig).code, PAM_SUCCESS));
        assert_eq!(tries, 1);
        assert_eq!(listing(), names);
        assert_eq!(rights(RUN), (0o700, 0, 0));
        // A directory that is his own helps him no more.
        fs::remove_dir_all(RUN).unwrap();
        fs::create_dir(RUN).unwrap();
        chown(RUN, Some(65534), Some(65534)).unwrap();
        fs::set_permissions(RUN, Permissions::from_mode(0o700)).unwrap();
        site.first.set(Fault::Refuse);
        assert_eq!(nobody.run(&rig).code, PAM_SUCCESS);
        assert_eq!(listing(), [""; 0]);
    });
}
