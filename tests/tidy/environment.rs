//! No environment variable is read: not by the library, and not by what is linked into the module.
//!
//! In a setuid program the environment is chosen by the attacker. The standard library still reads
//! RUST_BACKTRACE where a panic is reported, RUST_MIN_STACK where a thread is started and TMPDIR
//! where a temporary file is made; `the_host_is_left_alone` keeps the library from the last two.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{has_word, root, sources};

const WAYS: [&str; 10] = [
    "env::var",
    "env::vars",
    "env::var_os",
    "env::vars_os",
    "var_os",
    "vars_os",
    "getenv",
    "secure_getenv",
    "environ",
    // Of rustls: SSLKEYLOGFILE.
    "KeyLogFile",
];

/// Crate, start of the file's path, and why the line there is never reached.
const HARMLESS: [(&str, &str, &str); 5] = [
    (
        "libc",
        "src/",
        "declarations; a call has the same name and is found",
    ),
    (
        "rustls",
        "src/key_log",
        "for those who make a KeyLogFile: that name is found",
    ),
    ("rustls", "src/lib.rs", "exports KeyLogFile"),
    (
        "tokio",
        "src/loom/std/mod.rs",
        "only in rt-multi-thread, which is off: the test below looks",
    ),
    (
        "winnow",
        "src/combinator/debug/internals.rs",
        "only with the feature debug, which is off: the test below looks",
    ),
];

/// Here these are names of Python, in the files that are imported.
const PYTHON: (&str, [&str; 2]) = ("bin/rsldapctl/import/python/", ["getenv", "environ"]);

/// What cargo knows about the packages that the module is built of, for this machine.
fn metadata() -> Value {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(root())
            .output()
            .unwrap_or_else(|error| panic!("{program} does not run: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let version = run("rustc", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let arguments = [
        "metadata",
        "--offline",
        "--locked",
        "--no-default-features",
        "--format-version=1",
        "--filter-platform",
        host.expect("the host in rustc -vV"),
    ];
    serde_json::from_str(&run(env!("CARGO"), &arguments)).expect("JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().expect(key)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect(key)
}

/// The packages that are linked into the module, and their features.
fn linked(metadata: &Value) -> BTreeMap<&str, (&Value, Vec<&str>)> {
    let packages: BTreeMap<_, _> = list(metadata, "packages")
        .iter()
        .map(|package| (text(package, "id"), package))
        .collect();
    let nodes: BTreeMap<_, _> = list(&metadata["resolve"], "nodes")
        .iter()
        .map(|node| (text(node, "id"), node))
        .collect();
    let own = text(&metadata["resolve"], "root");
    let mut found = BTreeMap::new();
    let mut left = vec![own];
    while let Some(id) = left.pop() {
        for dependency in list(nodes[id], "deps") {
            let to = text(dependency, "pkg");
            let package = packages[to];
            let normal = list(dependency, "dep_kinds")
                .iter()
                .any(|kind| kind["kind"].is_null());
            // A macro runs in the compiler.
            let is_macro = list(package, "targets")
                .iter()
                .any(|target| list(target, "kind").contains(&"proc-macro".into()));
            if !normal || is_macro || found.contains_key(to) {
                continue;
            }
            let features = list(nodes[to], "features");
            let features = features.iter().filter_map(Value::as_str).collect();
            found.insert(to, (package, features));
            left.push(to);
        }
    }
    found
}

/// The files in Rust and C of a package, without those that only its own tests and its build use.
fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        if path.is_dir() {
            if !["tests", "benches", "examples", "fuzz"].contains(&name) {
                files(&path, found);
            }
        } else if [".rs", ".c", ".h"].iter().any(|end| name.ends_with(end)) && name != "build.rs" {
            found.push(path);
        }
    }
}

fn reads_the_environment(code: &str) -> Option<&str> {
    reads_by(code, &WAYS)
}

fn reads_by<'c>(code: &'c str, ways: &[&str]) -> Option<&'c str> {
    code.lines().find(|line| {
        let code = line.split("//").next().unwrap_or_default();
        ways.iter().any(|way| has_word(code, way))
    })
}

/// The command is run by people, from a shell, and asks whether they want colours. It is in no setuid
/// program, and nothing of it is linked into the module.
const MAY_ASK: &str = "bin/rsldapctl/screen.rs";

#[test]
fn the_library_reads_no_environment_variable() {
    for source in sources() {
        if source.path == MAY_ASK {
            continue;
        }
        let mut ways = WAYS.to_vec();
        if source.path.starts_with(PYTHON.0) {
            ways.retain(|way| !PYTHON.1.contains(way));
        }
        if let Some(line) = reads_by(&source.code, &ways) {
            panic!("src/{}: {}", source.path, line.trim());
        }
    }
}

#[test]
fn what_is_linked_into_the_module_reads_no_environment_variable() {
    let metadata = metadata();
    let linked = linked(&metadata);
    assert!(linked.len() > 40, "where are the dependencies?");
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (package, _) in linked.values() {
        let name = text(package, "name");
        let manifest = Path::new(text(package, "manifest_path"));
        let directory = manifest.parent().expect("a directory");
        let mut all = Vec::new();
        files(directory, &mut all);
        assert!(!all.is_empty(), "no sources of {name}");
        for path in all {
            let code = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
            let Some(line) = reads_the_environment(&code) else {
                continue;
            };
            let file = path.strip_prefix(directory).expect("below").display();
            let file = file.to_string();
            let known = HARMLESS
                .iter()
                .position(|(of, start, _)| *of == name && file.starts_with(start));
            match known {
                Some(place) => _ = used.insert(place),
                None => wrong.push(format!("{name}: {file}: {}", line.trim())),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let stale: Vec<_> = (0..HARMLESS.len())
        .filter(|place| !used.contains(place))
        .map(|place| HARMLESS[place])
        .collect();
    assert!(stale.is_empty(), "not needed any more: {stale:?}");
}

#[test]
fn what_excuses_a_dependency_that_could_read_the_environment_is_true() {
    let metadata = metadata();
    for (package, features) in linked(&metadata).values() {
        let off: &[&str] = match text(package, "name") {
            "tokio" => &["rt-multi-thread"],
            "winnow" => &["debug"],
            _ => continue,
        };
        let on: Vec<_> = features.iter().filter(|on| off.contains(on)).collect();
        assert!(on.is_empty(), "{}: {on:?}", text(package, "name"));
    }
}

/// What is linked into programs that are setuid. A name more is a decision, not an accident.
const MODULE: &str = "argon2 base64ct blake2 block-buffer cpufeatures crypto-common digest domain generic-array \
    typenum base64 bytes cfg-if deranged equivalent form_urlencoded futures futures-channel \
    futures-core futures-executor futures-io futures-sink futures-task futures-util getrandom \
    hashbrown hostname idna idna_adapter indexmap itoa lber ldap3 libc log memchr \
    minimal-lexical mio nom num-conv num_threads octseq once_cell pam-bindings percent-encoding \
    pin-project-lite powerfmt resolv-conf ring rustls rustls-pki-types rustls-webpki serde \
    serde_core serde_spanned slab smallvec socket2 subtle syslog thiserror time \
    time-core tokio tokio-rustls tokio-stream tokio-util toml toml_datetime toml_parser \
    toml_writer untrusted url utf8_iter utf_types winnow zeroize";

#[test]
fn the_module_has_these_dependencies_and_no_others() {
    let metadata = metadata();
    let linked = linked(&metadata);
    let names: BTreeSet<&str> = linked
        .values()
        .map(|(package, _)| text(package, "name"))
        .collect();
    let known: BTreeSet<&str> = MODULE.split_whitespace().collect();
    let new: Vec<_> = names.difference(&known).collect();
    let gone: Vec<_> = known.difference(&names).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new: {new:?}, gone: {gone:?}"
    );
}
