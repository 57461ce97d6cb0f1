//! The command, run on a directory that stands for `/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A directory with service files in `etc/pam.d`.
pub struct Host {
    root: TempDir,
}

impl Host {
    pub fn new() -> Host {
        let root = TempDir::new().expect("a temporary directory");
        fs::create_dir_all(root.path().join("etc/pam.d")).expect("a directory");
        Host { root }
    }

    /// With one service file, `s`.
    pub fn with(text: &str) -> Host {
        let host = Host::new();
        host.file("s", text);
        host
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> &Host {
        fs::write(self.path("etc/pam.d").join(name), text).expect("a service file");
        self
    }

    pub fn ask(&self, service: &str) -> Answer {
        Answer::of(self.root.path(), service)
    }

    /// The findings on `s` that have to be mended, by their ids.
    pub fn warnings(&self) -> Vec<String> {
        self.ask("s").findings("warning")
    }
}

/// What the command said.
pub struct Answer {
    pub code: i32,
    pub text: String,
    pub json: serde_json::Value,
}

impl Answer {
    fn of(root: &Path, service: &str) -> Answer {
        let plain = run(root, service, &[]);
        let json = run(root, service, &["--json"]);
        let code = |output: &Output| output.status.code().expect("an exit status");
        assert_eq!(code(&plain), code(&json));
        let text = String::from_utf8(plain.stdout.clone()).expect("UTF-8");
        let harmless = |c: char| "\n\t".contains(c) || !c.is_control();
        assert!(text.chars().all(harmless), "{text:?}");
        assert_eq!(String::from_utf8_lossy(&plain.stderr), "");
        Answer {
            code: code(&plain),
            text,
            json: serde_json::from_slice(&json.stdout).expect("JSON"),
        }
    }

    /// The ids of the findings of a level.
    pub fn findings(&self, level: &str) -> Vec<String> {
        let text =
            |finding: &serde_json::Value, key: &str| finding[key].as_str().map(str::to_owned);
        let findings = self.json["findings"].as_array().expect("findings");
        findings
            .iter()
            .filter(|finding| text(finding, "level").as_deref() == Some(level))
            .filter_map(|finding| text(finding, "id"))
            .collect()
    }

    /// One finding.
    pub fn finding(&self, id: &str) -> &serde_json::Value {
        let findings = self.json["findings"].as_array().expect("findings");
        findings
            .iter()
            .find(|finding| finding["id"] == id)
            .unwrap_or_else(|| panic!("{id} is not among {findings:#?}"))
    }
}

fn run(root: &Path, service: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .args(more)
        .args(["stack", "--root"])
        .arg(root)
        .arg(service)
        .output()
        .expect("rsldapctl")
}
