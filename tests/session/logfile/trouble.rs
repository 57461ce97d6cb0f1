//! Full disks, limits, and processes that are stopped or killed while they write.

use super::*;

/// Mounts a small file system of its own.
fn mount_small(path: &Path, size: &str) {
    let status = std::process::Command::new("mount")
        .args([
            "-t",
            "tmpfs",
            "-o",
            &format!("size={size},mode=0700"),
            "none",
        ])
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn on_a_full_or_read_only_disk_logins_go_on_and_no_line_is_torn() {
    in_private(|host| {
        let place = TempDir::new().unwrap();
        let small = place.path().join("small");
        fs::create_dir(&small).unwrap();
        mount_small(&small, "16k");
        let file = small.join("log");
        let stack = stack(
            place.path(),
            &format!(
                "file = \"{}\"\nlevel = \"debug\"\nmax_bytes = 100000",
                file.display()
            ),
        );
        let from = host.log().len();
        for number in 0..300 {
            login(stack.path(), &number.to_string());
        }
        let full = fs::read_to_string(&file).unwrap();
        let seen = counted(std::slice::from_ref(&full)).len();
        assert!((50..290).contains(&seen), "{seen}");
        assert!(host.find_in_log(from, &["log.file", "log: "]).is_some());
        // As soon as there is room, it goes on.
        mount_remount(&small, "size=1m");
        login(stack.path(), "room");
        let more = fs::read_to_string(&file).unwrap();
        assert_eq!(more.lines().count(), seen + 1);
        assert_eq!(name_of(more.lines().last().unwrap()), "room");

        mount_remount(&small, "ro");
        let from = host.log().len();
        login(stack.path(), "read-only");
        assert!(host.find_in_log(from, &["log.file", "Read-only"]).is_some());
        assert_eq!(fs::read_to_string(&file).unwrap(), more);
    });
}

fn mount_remount(path: &Path, option: &str) {
    let status = std::process::Command::new("mount")
        .args(["-o", &format!("remount,{option}")])
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
}

/// The limit of a process comes from whoever called su or sudo; beyond it, Linux sends SIGXFSZ.
#[test]
fn a_limit_on_the_size_of_files_neither_kills_the_process_nor_tears_a_line() {
    in_private(|_| {
        let rig = Rig::new("");
        for file_size in [0, 1, 1234, 65_536 + 300, 65_536 + 1234] {
            Logins {
                file_size,
                ..rig.logins("limited", 20)
            }
            .run();
            let files = rig.files();
            counted(&files);
            assert!(files[0].len() as u64 <= file_size);
        }
        rig.logins("free", 1).run();
        assert_eq!(counted(&rig.files())["free-0"], 1);
    });
}

#[test]
fn a_process_that_is_stopped_while_it_has_the_lock_holds_nobody_up_for_long() {
    in_private(|_| {
        let rig = Rig::new("max_bytes = 300\nbackups = 9");
        login(rig.stack.path(), "first");
        let stopped = File::open(rig.path()).unwrap();
        // SAFETY: flock(2) on an open descriptor.
        let code = unsafe { libc::flock(stopped.as_raw_fd(), libc::LOCK_EX) };
        assert_eq!(code, 0);
        let begin = Instant::now();
        for number in 0..5 {
            login(rig.stack.path(), &number.to_string());
        }
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_eq!(rig.files().len(), 1);
        drop(stopped);
        login(rig.stack.path(), "last");
        assert_eq!(rig.files().len(), 2);
        assert_eq!(counted(&rig.files()).len(), 7);
    });
}

#[test]
fn a_process_that_is_killed_at_any_time_tears_no_line_of_another() {
    in_private(|_| {
        let rig = Rig::new("max_bytes = 3000\nbackups = 1000");
        let mut killed = 0;
        let mut pause = Duration::from_millis(20);
        for round in 0..60 {
            let name = format!("k{round}");
            let mut child = rig.logins(&name, 100_000).start();
            thread::sleep(pause);
            pause = Duration::from_micros(20_000 + (round * 7919) % 40_000);
            killed += usize::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
            rig.logins(&format!("w{round}"), 1).run();
        }
        assert_eq!(killed, 60);
        let mut whole = 0;
        for file in rig.files() {
            for line in file.lines() {
                // Half a line stands by itself; only a killed process can have left it.
                let parts = line.matches("pam_rsldap(").count();
                assert!(parts <= 1, "{line:?}");
                if line.contains("user=-w") {
                    name_of(line);
                    whole += 1;
                }
            }
        }
        assert_eq!(whole, 60);
    });
}

/// The line of a process that was killed in the middle of a page is ended by the next one.
#[test]
fn half_a_line_stays_by_itself() {
    in_private(|_| {
        let rig = Rig::new("");
        fs::write(rig.path(), "2026-11-24T11:22:33.123Z ss").unwrap();
        login(rig.stack.path(), "x");
        let text = fs::read_to_string(rig.path()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(name_of(lines[1]), "x");
    });
}
