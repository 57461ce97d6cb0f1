//! What a traced program asked the system for: files and addresses, strace(1).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The system calls with files and addresses, without what changes from run to run: descriptors,
/// process ids, addresses in memory, the contents of buffers.
///
/// `prefix` is what `strace -ff -o` was given: one file for each process and thread. What comes
/// behind an execve(2) of another program than `program` is that other program's business.
pub fn read(prefix: &Path, program: &str) -> BTreeSet<String> {
    let name = prefix.file_name().unwrap().to_str().unwrap();
    let mut calls = BTreeSet::new();
    for entry in fs::read_dir(prefix.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let file = entry.file_name().into_string().unwrap();
        if !file.starts_with(&format!("{name}.")) {
            continue;
        }
        let text = fs::read(entry.path()).unwrap();
        for line in String::from_utf8_lossy(&text).lines() {
            let Some(call) = call(line) else { continue };
            let other = call.starts_with("execve ") && !call.contains(&format!("\"{program}\""));
            calls.insert(call);
            if other {
                break;
            }
        }
    }
    calls
}

/// `openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3` as `openat "/etc/passwd" O_RDONLY`. `None` if
/// the line is no system call with a file or an address.
fn call(line: &str) -> Option<String> {
    let (name, rest) = line.split_once('(')?;
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return None;
    }
    let result = rest.rsplit_once(" = ").map_or("", |(_, result)| result);
    let error = match result.strip_prefix("-1 ") {
        Some(error) => error.split(' ').next().unwrap_or_default(),
        None => "",
    };
    // Whether a connection is there at once or soon is a matter of time.
    let error = error.replace("EINPROGRESS", "");
    let what = match name {
        "socket" => rest.split(')').next()?.to_owned(),
        "connect" | "bind" | "sendto" | "sendmsg" => {
            let from = rest.find("{sa_family=")?;
            rest[from..].split('}').next()?.to_owned()
        }
        _ => {
            let mut parts = rest.split('"');
            let path = without_process_ids(parts.nth(1).filter(|path| !path.is_empty())?);
            let flags = match name {
                "openat" | "open" => parts.next()?.split(')').next()?,
                _ => "",
            };
            format!("\"{path}\"{flags}")
        }
    };
    Some(format!("{name} {what} {error}").trim_end().to_owned())
}

/// `/proc/4711/status` as `/proc/PID/status`.
fn without_process_ids(path: &str) -> String {
    let number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
    match path.strip_prefix("/proc/") {
        Some(rest) => {
            let parts = rest.split('/');
            let parts: Vec<_> = parts
                .map(|part| if number(&part) { "PID" } else { part })
                .collect();
            format!("/proc/{}", parts.join("/"))
        }
        None => path.to_owned(),
    }
}

#[test]
fn a_line_of_strace_becomes_a_call() {
    for (line, expected) in [
        (
            "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3",
            Some("openat \"/etc/passwd\", O_RDONLY|O_CLOEXEC"),
        ),
        (
            "newfstatat(AT_FDCWD, \"/proc/12/a\", {st_mode=S_IFREG|0644, st_size=3}, 0) = -1 ENOENT (No such file or directory)",
            Some("newfstatat \"/proc/PID/a\" ENOENT"),
        ),
        (
            "connect(5, {sa_family=AF_INET, sin_port=htons(636), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = -1 EINPROGRESS (Operation now in progress)",
            Some(
                "connect {sa_family=AF_INET, sin_port=htons(636), sin_addr=inet_addr(\"127.0.0.1\")",
            ),
        ),
        (
            "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5",
            Some("socket AF_INET, SOCK_STREAM, IPPROTO_TCP"),
        ),
        ("sendto(5, \"{x\", 2, MSG_NOSIGNAL, NULL, 0) = 2", None),
        ("+++ exited with 0 +++", None),
    ] {
        assert_eq!(call(line).as_deref(), expected, "{line}");
    }
}
