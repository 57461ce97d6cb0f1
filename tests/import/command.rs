//! The command, run on a file of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pam_rsldap::config::{self, Config};
use serde_json::Value;
use tempfile::TempDir;

/// What the command said about a file.
pub struct Answer {
    pub code: i32,
    /// Standard output without `--json`.
    pub text: String,
    pub errors: String,
    pub json: Value,
}

/// A file of this name with this content, imported.
pub fn import(name: &str, content: impl AsRef<[u8]>) -> Answer {
    import_with(name, content, &[])
}

/// [`import`] with more arguments.
pub fn import_with(name: &str, content: impl AsRef<[u8]>, arguments: &[&str]) -> Answer {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join(name);
    fs::write(&file, content).expect("a file");
    import_file(&file, arguments)
}

/// [`import`] without the JSON, for what takes its time.
pub fn import_once(name: &str, content: impl AsRef<[u8]>) -> Answer {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join(name);
    fs::write(&file, content).expect("a file");
    let output = run(&file, &[]);
    Answer {
        code: output.status.code().expect("an exit status, not a signal"),
        text: String::from_utf8(output.stdout).expect("UTF-8"),
        errors: String::from_utf8(output.stderr).expect("UTF-8"),
        json: Value::Null,
    }
}

/// Imports a file that is there, twice: as text and as JSON, which have to agree.
pub fn import_file(file: &Path, arguments: &[&str]) -> Answer {
    let plain = run(file, arguments);
    let mut all = vec!["--json"];
    all.extend(arguments);
    let json = run(file, &all);
    let code = plain.status.code().expect("an exit status, not a signal");
    assert_eq!(Some(code), json.status.code());
    let answer = Answer {
        code,
        text: String::from_utf8(plain.stdout).expect("UTF-8"),
        errors: String::from_utf8(plain.stderr).expect("UTF-8"),
        json: serde_json::from_slice(&json.stdout).expect("JSON"),
    };
    answer.check();
    answer
}

fn run(file: &Path, arguments: &[&str]) -> Output {
    Command::new(program())
        .arg("import")
        .args(arguments)
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .expect("rsldapctl")
}

/// The command that cargo has built.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_rsldapctl"))
}

impl Answer {
    /// What is true of every answer.
    fn check(&self) {
        let harmless = |c: char| c == '\n' || !c.is_control();
        assert!(self.text.chars().all(harmless), "{:?}", self.text);
        assert!(self.errors.chars().all(harmless), "{:?}", self.errors);
        match self.code {
            0 => {
                self.config();
                assert_eq!(self.errors, "", "nothing is left to be done");
            }
            // Whoever installs it before everything is done lets nobody in.
            1 => {
                assert!(self.text.contains("# TODO: "), "{}", self.text);
                let parsed = config::parse(&self.text, Path::new("imported.toml"));
                assert!(parsed.is_err(), "{}", self.text);
            }
            2 => {
                assert_eq!(self.text, "", "standard output is a configuration or empty");
                assert!(!self.errors.is_empty());
                assert!(self.json["error"].is_string());
                return;
            }
            other => panic!("exit status {other}: {}", self.errors),
        }
        assert_eq!(self.json["config"], self.text);
        assert_eq!(self.json["complete"], self.code == 0);
        assert_eq!(self.todo().is_empty(), self.code == 0);
        for line in self.text.lines() {
            let known = line.is_empty() || line.starts_with(['#', '[']) || line.contains(" = ");
            assert!(known, "{line}");
        }
    }

    /// What comes out, as the module's own parser reads it.
    pub fn config(&self) -> Config {
        config::parse(&self.text, Path::new("imported.toml"))
            .unwrap_or_else(|error| panic!("{error}\n{}", self.text))
    }

    /// The line that sets a key, without the comment behind it.
    pub fn line(&self, key: &str) -> Option<&str> {
        let (table, key) = key.rsplit_once('.').expect("table.key");
        let title = format!("[{table}]");
        let mut lines = self.text.lines().skip_while(|line| **line != title).skip(1);
        let inside = lines.by_ref().take_while(|line| !line.starts_with('['));
        let start = format!("{key} = ");
        let line = inside.into_iter().find(|line| line.starts_with(&start))?;
        Some(line.split("  # ").next().expect("a first part"))
    }

    /// The value that a key has, as it is written.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.line(key)
            .and_then(|line| line.split_once(" = "))
            .map(|(_, value)| value)
    }

    pub fn notes(&self, level: &str) -> Vec<&Value> {
        let notes = self.json["notes"].as_array().expect("notes");
        notes.iter().filter(|note| note["level"] == level).collect()
    }

    pub fn todo(&self) -> Vec<&Value> {
        self.notes("todo")
    }

    /// The text of the first note about a setting of the source, whatever its level.
    pub fn about(&self, setting: &str) -> &str {
        let notes = self.json["notes"].as_array().expect("notes");
        notes
            .iter()
            .find(|note| note["setting"] == setting)
            .and_then(|note| note["text"].as_str())
            .unwrap_or_else(|| panic!("nothing about {setting}: {notes:#?}"))
    }
}
