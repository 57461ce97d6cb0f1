//! `make install` and `make uninstall`, into a directory of their own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const SOURCE: &str = env!("CARGO_MANIFEST_DIR");
const PAMDIR: &str = "lib/security";

/// A target directory that looks as after `make build`, and a place to install to.
///
/// What the two programs hold is of no concern to the installation, so the test does not build them.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let release = directory.path().join("target/release");
        fs::create_dir_all(&release).unwrap();
        fs::write(release.join("libpam_rsldap.so"), "module, first build").unwrap();
        fs::write(release.join("rsldapctl"), "command").unwrap();
        Place { directory }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    fn build_again(&self) {
        let module = self
            .directory
            .path()
            .join("target/release/libpam_rsldap.so");
        fs::write(module, "module, second build").unwrap();
    }

    /// Without cargo in the environment: what is built is installed as it is.
    fn make(&self, target: &str) -> Output {
        Command::new("make")
            .args(["-C", SOURCE, target, "CARGO=false"])
            .arg(format!("DESTDIR={}", self.root().display()))
            .arg(format!("PAMDIR=/{PAMDIR}"))
            .env("CARGO_TARGET_DIR", self.directory.path().join("target"))
            .env_remove("MAKEFLAGS")
            .env_remove("MAKELEVEL")
            .env_remove("PREFIX")
            .output()
            .expect("make(1) is needed: apt-get install make")
    }

    fn make_well(&self, target: &str) -> String {
        let output = self.make(target);
        let text = text(&output);
        assert!(output.status.success(), "make {target}: {text}");
        text
    }

    /// Every file below the root with its mode, by its path from the root.
    fn files(&self) -> BTreeMap<String, u32> {
        let mut found = BTreeMap::new();
        list(&self.root(), &self.root(), &mut found);
        found
    }
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

fn list(root: &Path, directory: &Path, found: &mut BTreeMap<String, u32>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            list(root, &path, found);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            found.insert(name, metadata.permissions().mode() & 0o7777);
        }
    }
}

/// The files of a directory of the source, as they are to appear below `target`.
fn shipped(directory: &str, target: &str) -> Vec<(String, u32)> {
    let entries = fs::read_dir(Path::new(SOURCE).join(directory)).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| (format!("{target}/{name}"), 0o644))
        .collect()
}

fn expected() -> BTreeMap<String, u32> {
    let doc = "usr/share/doc/pam_rsldap";
    let mut files = BTreeMap::from([
        (format!("{PAMDIR}/pam_rsldap.so"), 0o644),
        ("usr/sbin/rsldapctl".to_owned(), 0o755),
        ("etc/pam_rsldap/config.toml".to_owned(), 0o644),
        ("usr/share/pam-configs/rsldap".to_owned(), 0o644),
        ("usr/share/man/man5/pam_rsldap.toml.5".to_owned(), 0o644),
        ("usr/share/man/man8/pam_rsldap.8".to_owned(), 0o644),
        ("usr/share/man/man8/rsldapctl.8".to_owned(), 0o644),
    ]);
    for name in [
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "LICENSE",
        "LICENSE-APACHE",
    ] {
        if Path::new(SOURCE).join(name).exists() {
            files.insert(format!("{doc}/{name}"), 0o644);
        }
    }
    files.extend(shipped("conf", &format!("{doc}/examples/conf")));
    files.extend(shipped("pam.d", &format!("{doc}/examples/pam.d")));
    files
}

#[test]
fn install_puts_exactly_the_documented_files_there() {
    let place = Place::new();
    place.make_well("install");
    assert_eq!(place.files(), expected());
    let state = fs::metadata(place.root().join("var/lib/pam_rsldap")).unwrap();
    assert_eq!(state.permissions().mode() & 0o7777, 0o700);
}

#[test]
fn uninstall_takes_every_file_and_its_own_directories_away() {
    let place = Place::new();
    place.make_well("install");
    place.make_well("uninstall");
    assert_eq!(place.files(), BTreeMap::new());
    for own in [
        "etc/pam_rsldap",
        "usr/share/doc/pam_rsldap",
        "var/lib/pam_rsldap",
    ] {
        assert!(!place.root().join(own).exists(), "{own} is still there");
    }
}

#[test]
fn an_edited_configuration_survives_both() {
    let place = Place::new();
    place.make_well("install");
    let config = place.root().join("etc/pam_rsldap/config.toml");
    fs::write(&config, "# edited\n").unwrap();
    let said = place.make_well("install");
    assert!(said.contains("stays as it is"), "{said}");
    assert_eq!(fs::read_to_string(&config).unwrap(), "# edited\n");
    place.make_well("uninstall");
    assert_eq!(
        place.files().into_keys().collect::<Vec<_>>(),
        ["etc/pam_rsldap/config.toml"]
    );
}

#[test]
fn secrets_state_and_foreign_files_survive_uninstall() {
    let place = Place::new();
    place.make_well("install");
    let foreign = [
        "etc/pam_rsldap/bind-password",
        "usr/sbin/other",
        "var/lib/pam_rsldap/refusals",
    ];
    for name in foreign {
        fs::write(place.root().join(name), "foreign").unwrap();
    }
    place.make_well("uninstall");
    assert_eq!(place.files().into_keys().collect::<Vec<_>>(), foreign);
}

/// sshd, cron and screen lockers have the old one mapped: writing into it would kill them.
#[test]
fn a_newer_module_takes_the_name_and_leaves_the_old_file_alone() {
    let place = Place::new();
    place.make_well("install");
    let module = place.root().join(PAMDIR).join("pam_rsldap.so");
    let old = fs::File::open(&module).unwrap();
    place.build_again();
    place.make_well("install");
    assert_eq!(fs::read_to_string(&module).unwrap(), "module, second build");
    assert_eq!(
        std::io::read_to_string(&old).unwrap(),
        "module, first build"
    );
    assert_ne!(
        old.metadata().unwrap().ino(),
        fs::metadata(&module).unwrap().ino()
    );
    assert_eq!(place.files(), expected());
}

#[test]
fn uninstall_refuses_while_a_stack_names_the_module() {
    let place = Place::new();
    place.make_well("install");
    let stack = place.root().join("etc/pam.d/sshd");
    fs::create_dir_all(stack.parent().unwrap()).unwrap();
    fs::write(&stack, "auth required pam_rsldap.so\n").unwrap();
    let before = place.files();
    let output = place.make("uninstall");
    let said = text(&output);
    assert!(!output.status.success());
    assert!(said.contains("etc/pam.d/sshd"), "{said}");
    assert_eq!(place.files(), before);

    fs::write(&stack, "# auth required pam_rsldap.so\n").unwrap();
    place.make_well("uninstall");
    assert_eq!(
        place.files().into_keys().collect::<Vec<_>>(),
        ["etc/pam.d/sshd"]
    );
}

#[test]
fn the_makefile_finds_the_directory_of_pam_unix() {
    let output = Command::new("make")
        .args(["-C", SOURCE, "--no-print-directory", "-pn", "help"])
        .env_remove("PAMDIR")
        .output()
        .expect("make(1) is needed: apt-get install make");
    let database = String::from_utf8_lossy(&output.stdout).into_owned();
    let unix = database
        .lines()
        .find_map(|line| line.strip_prefix("PAM_UNIX := "))
        .unwrap();
    assert!(Path::new(unix).is_file(), "no pam_unix.so at {unix:?}");
}
