//! The rules of the house that a compiler does not check: which layer may name which crate, where
//! verdicts become codes, what never happens in a host program.

#[path = "tidy/environment.rs"]
mod environment;

use std::fs;
use std::path::{Path, PathBuf};

/// The longest file and the longest function that a reader is asked to hold in mind, in lines.
const LONGEST_FILE: usize = 450;
const LONGEST_FUNCTION: usize = 60;

struct Source {
    /// Relative to `src/`.
    path: String,
    /// Without comments; everything behind `#[cfg(test)]` is cut off.
    code: String,
    lines: usize,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The library and the command, without their tests.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    assert!(found.len() > 30, "where are the sources?");
    found
}

fn collect(directory: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("tests") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).expect("a source file");
            let relative = path.strip_prefix(root().join("src")).expect("below src");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code
                .lines()
                .map(|line| line.split("//").next().unwrap_or_default());
            found.push(Source {
                path: relative.display().to_string(),
                code: code.collect::<Vec<_>>().join("\n"),
                lines: text.lines().count(),
            });
        }
    }
}

/// Fails if a word stands in a file where it has no business.
fn only_in(word: &str, places: &[&str]) {
    let mut seen = false;
    for source in sources() {
        let mentions = source.code.lines().filter(|line| has_word(line, word));
        for line in mentions {
            seen = true;
            let allowed = places.iter().any(|place| source.path.starts_with(place));
            assert!(allowed, "{word} in src/{}: {}", source.path, line.trim());
        }
    }
    assert!(
        seen || places.is_empty(),
        "{word} is nowhere: the rule guards nothing"
    );
}

fn has_word(line: &str, word: &str) -> bool {
    let part_of_a_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        !part_of_a_name(line[..at].chars().next_back())
            && !part_of_a_name(line[at + word.len()..].chars().next())
    })
}

#[test]
fn each_crate_is_named_in_its_layer_only() {
    only_in("ldap3", &["directory/"]);
    only_in("rustls", &["transport/"]);
    only_in("tokio_rustls", &["transport/"]);
    only_in("pam::constants", &["module/"]);
    only_in("pam::module", &["module/"]);
    only_in("syslog", &["log.rs"]);
    only_in("toml", &["config/"]);
    only_in("clap", &["bin/rsldapctl/"]);
    only_in("clap_complete", &["bin/rsldapctl/"]);
    only_in("serde", &["bin/rsldapctl/"]);
    only_in("serde_json", &["bin/rsldapctl/"]);
    only_in("tree_sitter", &["bin/rsldapctl/import/python"]);
    only_in("tree_sitter_python", &["bin/rsldapctl/import/python"]);
}

#[test]
fn verdicts_become_pam_codes_in_one_file() {
    for code in [
        "PAM_SUCCESS",
        "PAM_IGNORE",
        "PAM_AUTH_ERR",
        "PAM_PERM_DENIED",
        "PAM_USER_UNKNOWN",
        "PAM_SERVICE_ERR",
    ] {
        // ffi.rs compares what libpam returns to it; it decides nothing.
        only_in(code, &["module/code.rs", "module/ffi.rs"]);
    }
}

#[test]
fn ldap_result_codes_are_read_in_one_file() {
    for source in sources() {
        if source.path == "directory/result_code.rs" {
            continue;
        }
        for wrong in [".rc ==", ".rc !=", "match result.rc"] {
            assert!(
                !source.code.contains(wrong),
                "{wrong} in src/{}",
                source.path
            );
        }
    }
}

#[test]
fn unsafe_code_is_in_four_files() {
    let places = ["module/ffi.rs", "sys.rs", "wipe.rs", "backtrace.rs"];
    only_in("unsafe", &places);
}

#[test]
fn the_host_is_left_alone() {
    for word in [
        "env::set_var",
        "temp_dir",
        "println!",
        "eprintln!",
        "print!",
        "process::exit",
        "process::abort",
        "set_current_dir",
        "umask",
        "thread::spawn",
        "spawn_blocking",
        "Command::new",
        "unwrap()",
        "expect(",
        "panic!",
        "unreachable!",
        "todo!",
        "unimplemented!",
    ] {
        for source in sources()
            .iter()
            .filter(|source| !source.path.starts_with("bin/"))
        {
            assert!(!source.code.contains(word), "{word} in src/{}", source.path);
        }
    }
}

#[test]
fn the_policy_is_pure() {
    let pure = ["policy.rs", "account_state.rs", "account_state/"];
    let mut policy = sources();
    policy.retain(|source| pure.iter().any(|path| source.path.starts_with(path)));
    assert!(policy.len() > 5, "where is the policy?");
    for word in [
        "std::fs",
        "std::net",
        "Instant",
        "SystemTime",
        "log::",
        "crate::directory",
        "crate::transport",
        "async",
    ] {
        for source in &policy {
            assert!(!source.code.contains(word), "{word} in src/{}", source.path);
        }
    }
}

#[test]
fn imports_run_one_way() {
    const ORDER: [&str; 9] = [
        "config",
        "policy",
        "login",
        "directory",
        "transport",
        "memory",
        "module",
        "log",
        "session",
    ];
    // A file may import neither from this layer nor from those behind it.
    let bottom = [
        "names.rs",
        "secret.rs",
        "sys.rs",
        "template.rs",
        "outcome.rs",
    ];
    let layers: [(&[&str], &str); 4] = [
        (&bottom, "config"),
        (&["config/"], "policy"),
        (&["policy.rs", "account_state"], "login"),
        // It asks the trait in directory.rs.
        (&["login.rs"], "transport"),
    ];
    for source in sources() {
        for (files, first) in &layers {
            if !files.iter().any(|file| source.path.starts_with(file)) {
                continue;
            }
            for layer in ORDER.iter().skip_while(|layer| *layer != first) {
                let import = format!("crate::{layer}::");
                assert!(
                    !source.code.contains(&import),
                    "src/{} imports from {layer}",
                    source.path
                );
            }
        }
    }
}

#[test]
fn files_and_functions_fit_a_reader() {
    let mut longest = (0, String::new());
    for source in sources() {
        assert!(
            source.lines <= LONGEST_FILE,
            "src/{} has {} lines",
            source.path,
            source.lines
        );
        for (name, length) in functions(&source.code) {
            assert!(
                length <= LONGEST_FUNCTION,
                "{name} in src/{} has {length} lines",
                source.path
            );
            longest = longest.max((length, format!("{name} in src/{}", source.path)));
        }
    }
    println!("the longest function: {} lines, {}", longest.0, longest.1);
}

/// Functions by their indentation: from the line with `fn` to the closing brace below it.
fn functions(code: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        if !has_word(line, "fn") || !line.contains('(') || line.trim_end().ends_with(';') {
            continue;
        }
        let depth = indentation(line);
        let end = lines[start..].iter().position(|line| {
            indentation(line) == depth && line.trim_end() == format!("{}}}", " ".repeat(depth))
        });
        let name = line
            .split("fn ")
            .nth(1)
            .and_then(|rest| rest.split(['(', '<']).next());
        if let (Some(end), Some(name)) = (end, name) {
            found.push((name.to_owned(), end + 1));
        }
    }
    found
}
