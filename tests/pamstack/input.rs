//! Wrong input: what cannot be read, what goes round in circles, what is no text.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use crate::command::Host;
use crate::mended::plain;
use crate::shipped::stack;

/// The command ends with 2 and says why, and where.
fn refused(host: &Host, service: &str, why: &[&str]) {
    let answer = host.ask(service);
    assert_eq!(answer.code, 2, "{}", answer.text);
    let error = answer.json["error"].as_str().expect("an error");
    for word in why {
        assert!(error.contains(word), "{error}");
        assert!(answer.text.contains(word), "{}", answer.text);
    }
}

#[test]
fn a_service_without_a_file_gets_the_lines_of_other() {
    let host = Host::new();
    refused(&host, "sshd", &["no service file for sshd"]);
    host.file(
        "other",
        "auth required pam_deny.so\naccount required pam_deny.so\n",
    );
    let answer = host.ask("SSHD");
    assert_eq!(answer.code, 1);
    assert_eq!(answer.findings("warning"), ["not_in_stack"]);
    assert!(
        answer
            .findings("note")
            .contains(&"no_service_file".to_owned())
    );
    assert_eq!(
        answer.json["from_other"],
        serde_json::json!(["auth", "account"])
    );
}

#[test]
fn a_name_that_is_no_service_is_refused() {
    let host = Host::with(&stack("sshd"));
    for name in ["", ".", "..", "../pam.d/s", "/etc/pam.d/s", "s\u{1b}[2J"] {
        refused(&host, name, &["no name of a service"]);
    }
}

#[test]
fn files_that_are_none_are_refused() {
    let host = Host::new();
    fs::create_dir(host.path("etc/pam.d/folder")).unwrap();
    refused(
        &host,
        "folder",
        &["/etc/pam.d/folder", "not a regular file"],
    );
    let pipe = host.path("etc/pam.d/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    refused(&host, "pipe", &["/etc/pam.d/pipe", "not a regular file"]);
    symlink("loop", host.path("etc/pam.d/loop")).unwrap();
    refused(&host, "loop", &["/etc/pam.d/loop", "symbolic links"]);
    host.file("s", "auth include pipe\n");
    refused(&host, "s", &["/etc/pam.d/pipe"]);
}

#[test]
fn links_stay_below_the_root() {
    let host = Host::new();
    fs::create_dir(host.path("etc/authselect")).unwrap();
    fs::write(host.path("etc/authselect/real"), stack("sudo")).unwrap();
    symlink("/etc/authselect/real", host.path("etc/pam.d/absolute")).unwrap();
    symlink(
        "../../../../../etc/authselect/real",
        host.path("etc/pam.d/upward"),
    )
    .unwrap();
    host.file("included", "@include /etc/authselect/real\n");
    for service in ["absolute", "upward", "included"] {
        assert_eq!(host.ask(service).code, 0, "{service}");
    }
}

#[test]
fn what_libpam_refuses_as_a_whole_is_refused() {
    for (text, place) in [
        ("auth required pam_permit.so\n@include missing\n", "s:2"),
        ("auth required pam_permit.so \\\n", "s:1"),
        ("@include\n", "s:1"),
        ("auth include\n", "s:1"),
        ("auth required ?\n", "s:1"),
        ("\n\nauth required /lib/\n", "s:3"),
    ] {
        refused(
            &Host::with(text),
            "s",
            &[place, "libpam refuses the whole service"],
        );
    }
}

#[test]
fn what_depends_on_the_version_of_libpam_is_said() {
    let filled = |length: usize| {
        let line = "auth required pam_permit.so ";
        format!("{line}{}", "a".repeat(length - line.len()))
    };
    let own = stack("sudo");
    for (more, warning) in [
        (
            "account optional pam_permit.so \\\n\n".to_owned(),
            "loose_backslash",
        ),
        (
            "account optional pam_permit.so \\\n # x\n".to_owned(),
            "loose_backslash",
        ),
        (format!("{}\n", filled(1100)), "line_too_long"),
        (
            format!("{}\\\n{}\n", filled(600), "a".repeat(600)),
            "line_too_long",
        ),
    ] {
        let host = Host::with(&format!("{own}{more}account optional pam_permit.so\n"));
        let warnings = host.warnings();
        assert!(
            warnings.contains(&warning.to_owned()),
            "{more:?}: {warnings:?}"
        );
    }
    // A backslash as the last byte of the buffer.
    let host = Host::with(&format!("{own}{}\\\n x\n", filled(1022)));
    let number = 1 + own.lines().count();
    refused(
        &host,
        "s",
        &[&format!("s:{number}: "), "whoever logs in hangs", "shorten"],
    );
}

#[test]
fn circles_and_deep_includes_end() {
    let host = Host::with("auth include a\nauth substack a\naccount include s\n");
    host.file("a", "auth include b\n")
        .file("b", "auth include s\n");
    let answer = host.ask("s");
    assert_eq!(answer.code, 1);
    assert!(
        answer
            .findings("warning")
            .contains(&"include_circle".to_owned())
    );
    assert!(answer.text.contains("/etc/pam.d/b:1"), "{}", answer.text);

    let host = Host::with("auth include d1\naccount required pam_permit.so\n");
    for depth in 1..40 {
        host.file(
            &format!("d{depth}"),
            format!("auth include d{}\n", depth + 1),
        );
    }
    assert!(host.warnings().contains(&"include_too_deep".to_owned()));

    // Two for each level: a million lines, if nobody stopped.
    let host = Host::with("auth include d1\n");
    for depth in 1..20 {
        let line = format!("auth include d{}\n", depth + 1);
        host.file(&format!("d{depth}"), line.repeat(8));
    }
    host.file("d15", "auth required pam_permit.so\n".repeat(8));
    refused(&host, "s", &["more than", "lines"]);
}

#[test]
fn a_line_of_a_megabyte_is_found_out_in_time() {
    let begin = Instant::now();
    for filler in ["x", "# ", "\\\n", "[", "auth required pam_permit.so\n"] {
        let text = format!(
            "{}auth required {}\n",
            stack("sudo"),
            filler.repeat(1 << 20)
        );
        let answer = Host::with(&text).ask("s");
        assert_ne!(answer.code, 0, "{filler:?}");
        if answer.code == 1 && filler != "\\\n" {
            assert!(
                answer
                    .findings("warning")
                    .contains(&"line_too_long".to_owned()),
                "{filler:?}"
            );
        }
    }
    assert!(
        begin.elapsed() < Duration::from_secs(60),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn binary_junk_is_neither_printed_nor_a_reason_to_panic() {
    let mut random = crate::random::Random::new(7);
    for case in 0..40 {
        let mut bytes = stack("sudo").into_bytes();
        let length = 1 + random.below(3000);
        bytes.extend((0..length).map(|_| u8::try_from(random.below(256)).unwrap()));
        bytes.extend_from_slice(
            b"\nauth required pam_\x1b[2J\x9b\xff.so \x1b]0;x\x07\n\x1b[31m required x\n",
        );
        let host = Host::new();
        host.file("s", bytes);
        // Host::ask looks for control characters in what is printed.
        let answer = host.ask("s");
        assert!([1, 2].contains(&answer.code), "{case}");
    }
}

#[test]
fn bad_lines_are_named() {
    let host = Host::with(
        "auth requird pam_rsldap.so\nath required pam_unix.so\n\naccount [success=0] pam_unix.so\naccount required\n",
    );
    let answer = host.ask("s");
    for (line, word) in [(1, "requird"), (2, "ath"), (4, "0 lines"), (5, "no module")] {
        let findings = answer.json["findings"].as_array().unwrap();
        let place = format!("/etc/pam.d/s:{line}");
        let found = findings.iter().any(|finding| {
            finding["id"] == "bad_line"
                && finding["where"] == place.as_str()
                && finding["what"].as_str().unwrap().contains(word)
        });
        assert!(found, "{place} {word}: {findings:#?}");
    }
}

#[test]
fn a_module_that_libpam_cannot_find_is_not_taken_for_ours() {
    let sound = plain("sshd");
    for (from, to, word) in [
        ("\n", "\r\n", "line ends of Windows"),
        ("pam_rsldap.so", "pam_rsldap", "does not end in .so"),
        (
            "default=die] pam_rsldap.so",
            "default=die pam_rsldap.so",
            "nothing closes the bracket",
        ),
    ] {
        let answer = Host::with(&sound.replace(from, to)).ask("s");
        assert_eq!(answer.code, 1, "{word}");
        let found = answer.findings("warning");
        assert!(found.contains(&"not_in_stack".to_owned()), "{word}");
        let line = answer.finding("bad_line");
        assert!(line["what"].as_str().unwrap().contains(word), "{line}");
    }
    for (from, to) in [
        ("pam_rsldap.so", "/lib/security/pam_rsldap.so"),
        ("required", "ReQuired"),
        ("\nauth", "\nAUTH"),
        (" pam_rsldap.so", " \\\n\tpam_rsldap.so # a comment"),
    ] {
        let answer = Host::with(&sound.replace(from, to)).ask("s");
        assert_eq!(answer.code, 0, "{to}: {}", answer.text);
    }
}

#[test]
fn a_host_with_one_file_for_all_services_is_told_so() {
    let host = Host::new();
    fs::remove_dir(host.path("etc/pam.d")).unwrap();
    refused(&host, "sshd", &["neither /etc/pam.d nor", "--root"]);
    fs::write(host.path("etc/pam.conf"), "sshd auth required pam_unix.so").unwrap();
    refused(&host, "sshd", &["/etc/pam.conf", "a file of its own"]);
    // Any of the directories is enough for libpam to leave that file alone.
    fs::create_dir_all(host.path("usr/lib/pam.d")).unwrap();
    refused(&host, "sshd", &["no service file for sshd"]);
}

#[test]
fn a_root_may_end_in_a_slash() {
    let host = Host::with(&stack("sshd"));
    let root = format!("{}/", host.path("").display());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .args(["stack", "s", "--root", &root])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_thousand_lines_are_judged() {
    let begin = Instant::now();
    for (line, code) in [
        ("auth required pam_permit.so\n", 0),
        // More of one kind than anybody reads.
        ("auth optional pam_unix.so use_first_pass\n", 1),
        ("password optional pam_unix.so use_authtok\n", 1),
        ("auth [success=900 auth_err=7 default=reset] pam_x.so\n", 1),
    ] {
        let many = line.repeat(1000);
        let text = match code {
            0 => stack("sshd") + &many,
            _ => many + &stack("sshd"),
        };
        let answer = Host::with(&text).ask("s");
        assert_eq!(answer.code, code, "{line}");
        let count = answer.findings("warning").len();
        assert!(count < 50, "{line}: {count}");
    }
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_missing_root_is_refused() {
    let host = Host::new();
    let nowhere = host.path("nowhere");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .args(["stack", "sshd", "--root"])
        .arg(&nowhere)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
