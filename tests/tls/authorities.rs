//! Where the trusted certificates come from: `tls.ca_file`, `tls.ca_dir`, the system's bundle.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustls::ALL_VERSIONS;

use crate::common::slapd::{Lease, Slapd};
use crate::fixture::{Host, address, config, server};
use crate::openssl;
use crate::recorder::{Opening, Recorder};
use crate::zoo::{self, Authority, HOST};

const LIMIT: Duration = Duration::from_secs(1);
const SYSTEM_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A server with a good certificate, and a place for files.
struct Scene {
    slapd: Lease,
    host: Host,
    trusted: Authority,
    recorder: Recorder,
}

impl Scene {
    fn new() -> Scene {
        let trusted = Authority::new("Trusted authority");
        let slapd = server();
        let settings = trusted.server(&[HOST]).server(ALL_VERSIONS);
        Scene {
            recorder: Recorder::start(Opening::Ldaps, settings, address(&slapd)),
            host: Host::enter(),
            slapd,
            trusted,
        }
    }

    /// The configuration with this `[tls]` section.
    fn config(&self, tls: &str) -> PathBuf {
        config(&self.slapd, &self.recorder.section(HOST), tls)
    }

    fn assert_granted(&mut self, what: &str, tls: &str) {
        let config = self.config(tls);
        self.host.login(&config).assert_granted(what);
    }

    fn assert_untrusted(&mut self, what: &str, tls: &str) {
        let config = self.config(tls);
        let ended = self.host.login(&config);
        ended.assert_unavailable(what, &["tls_untrusted"], LIMIT);
    }

    /// The path has to be in the message, and nothing goes over the wire.
    fn assert_config_error(&mut self, what: &str, tls: &str, words: &[&str]) {
        let config = self.config(tls);
        for ended in [self.host.login(&config), self.host.account(&config)] {
            ended.assert_config_error(what, words);
        }
    }

    fn directory(&self, name: &str) -> PathBuf {
        let path = self.slapd.path().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("mkdir");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
        path
    }
}

fn file(path: &Path) -> String {
    format!("ca_file = \"{}\"", path.display())
}

fn dir(path: &Path) -> String {
    format!("ca_dir = \"{}\"", path.display())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

#[test]
fn a_file_may_hold_comments_and_several_certificates() {
    let mut scene = Scene::new();
    let (trusted, other) = (scene.trusted.pem.clone(), Authority::new("Other").pem);
    for (what, pem) in [
        ("one", trusted.clone()),
        ("the first of two", format!("{trusted}{other}")),
        ("the last of two", format!("{other}{trusted}")),
        (
            "with comments",
            format!(
                "# Our authorities\n\nOther:\n{other}\nsubject=CN = Trusted\n# and\n{trusted}\nend"
            ),
        ),
        ("with carriage returns", trusted.replace('\n', "\r\n")),
        (
            "without a newline at the end",
            trusted.trim_end().to_owned(),
        ),
        ("twice the same", format!("{trusted}{trusted}")),
    ] {
        let path = scene.slapd.file("several.pem", 0o644, &pem);
        scene.assert_granted(what, &file(&path));
    }
    let path = scene.slapd.file("several.pem", 0o644, &other);
    scene.assert_untrusted("without it", &file(&path));
}

#[test]
fn a_file_may_be_a_link() {
    let mut scene = Scene::new();
    let directory = scene.directory("links");
    let path = scene.slapd.file("linked.pem", 0o644, &scene.trusted.pem);
    symlink(path, directory.join("link.pem")).expect("a link");
    scene.assert_granted("a link", &file(&directory.join("link.pem")));
}

#[test]
fn a_file_without_a_certificate_is_a_configuration_error_that_names_it() {
    let mut scene = Scene::new();
    let certificate = scene.trusted.pem.clone();
    let key = scene.trusted.server(&[HOST]).key;
    let half = &certificate[..certificate.len() / 2];
    let broken = certificate.replacen("MII", "AAA", 1);
    for (what, content) in [
        ("empty", String::new()),
        ("garbage", "\u{1}\u{2}garbage\n".repeat(100)),
        ("no more than a comment", "# nothing yet\n".to_owned()),
        ("a key", key),
        ("half a certificate", half.to_owned()),
        ("no certificate in the armour", broken),
        (
            "no base64 in the armour",
            "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n".to_owned(),
        ),
    ] {
        let path = scene.slapd.file("useless.pem", 0o644, &content);
        scene.assert_config_error(what, &file(&path), &[text(&path), "ca_file"]);
    }
    scene.recorder.record(0);
}

#[test]
fn a_file_that_cannot_be_read_is_a_configuration_error_that_names_it() {
    let mut scene = Scene::new();
    let missing = scene.slapd.path().join("missing.pem");
    scene.assert_config_error("missing", &file(&missing), &[text(&missing), "ca_file"]);
    let directory = scene.directory("a-directory");
    scene.assert_config_error("a directory", &file(&directory), &[text(&directory)]);
    let fifo = scene.slapd.path().join("fifo.pem");
    let made = Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
    assert!(made.success());
    // Opening it for reading would wait for a writer.
    scene.assert_config_error("a FIFO", &file(&fifo), &[text(&fifo)]);
    let device = Path::new("/dev/zero");
    scene.assert_config_error("a device", &file(device), &["/dev/zero"]);
    scene.recorder.record(0);
}

#[test]
fn two_thousand_certificates_cost_little() {
    let mut scene = Scene::new();
    let pem = format!("{}{}", zoo::crowd(2000), scene.trusted.pem);
    let path = scene.slapd.file("crowd.pem", 0o644, &pem);
    let config = scene.config(&file(&path));
    // The best of some: the machine may be busy with something else.
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let ended = scene.host.login(&config);
        ended.assert_granted("the last of 2,001");
        best = best.min(ended.time);
    }
    println!("a login with 2,001 trusted certificates: {best:?}");
    assert!(best < Duration::from_millis(200), "{best:?}");
}

#[test]
fn a_directory_may_hold_what_it_likes_beside_certificates() {
    let mut scene = Scene::new();
    let directory = scene.directory("authorities");
    let other = Authority::new("Other authority").pem;
    fs::write(directory.join("other.pem"), &other).expect("a file");
    fs::write(directory.join("README"), "What is in here is trusted.\n").expect("a file");
    fs::write(directory.join("empty.pem"), "").expect("a file");
    fs::create_dir(directory.join("subdirectory")).expect("mkdir");
    symlink("nowhere.pem", directory.join("dangling.pem")).expect("a link");
    scene.assert_untrusted("not there yet", &dir(&directory));

    let several = format!("{other}# ours:\n{}", scene.trusted.pem);
    fs::write(directory.join("several.crt"), several).expect("a file");
    scene.assert_granted("in a file of two", &dir(&directory));
    fs::remove_file(directory.join("several.crt")).expect("rm");

    let elsewhere = scene.slapd.file("elsewhere.pem", 0o644, &scene.trusted.pem);
    symlink(elsewhere, directory.join("link.pem")).expect("a link");
    scene.assert_granted("behind a link", &dir(&directory));
}

#[test]
fn a_directory_of_hashes_works_as_openssl_rehash_leaves_it() {
    let mut scene = Scene::new();
    let directory = scene.directory("hashed");
    fs::write(directory.join("ours.pem"), &scene.trusted.pem).expect("a file");
    let other = Authority::new("Other authority").pem;
    fs::write(directory.join("other.pem"), other).expect("a file");
    rehash(&directory);
    scene.assert_granted("rehashed", &dir(&directory));
    // The links alone, as some tools copy them.
    fs::rename(directory.join("ours.pem"), scene.slapd.path().join("moved")).expect("mv");
    scene.assert_untrusted("without it", &dir(&directory));
    let hash = hash_of(&scene.slapd.path().join("moved"));
    fs::remove_file(directory.join(&hash)).expect("the link");
    fs::copy(scene.slapd.path().join("moved"), directory.join(&hash)).expect("a copy");
    scene.assert_granted("under its hash alone", &dir(&directory));
}

fn rehash(directory: &Path) {
    openssl::run(directory, &["rehash", "."]);
}

/// The name under which `openssl rehash` has a certificate.
fn hash_of(certificate: &Path) -> String {
    let arguments = ["x509", "-noout", "-subject_hash", "-in", text(certificate)];
    format!("{}.0", openssl::run(Path::new("/"), &arguments).trim())
}

#[test]
fn a_directory_without_a_certificate_is_a_configuration_error_that_names_it() {
    let mut scene = Scene::new();
    let empty = scene.directory("empty");
    scene.assert_config_error("empty", &dir(&empty), &[text(&empty), "ca_dir"]);
    fs::write(empty.join("README"), "nothing yet\n").expect("a file");
    scene.assert_config_error("a README", &dir(&empty), &[text(&empty), "ca_dir"]);
    let fifo = empty.join("fifo.pem");
    let made = Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
    assert!(made.success());
    scene.assert_config_error("a FIFO", &dir(&empty), &[text(&empty), "ca_dir"]);
    let missing = scene.slapd.path().join("missing");
    scene.assert_config_error("missing", &dir(&missing), &[text(&missing), "ca_dir"]);
    let plain = scene.slapd.file("plain.pem", 0o644, &scene.trusted.pem);
    scene.assert_config_error("a file", &dir(&plain), &[text(&plain), "ca_dir"]);
    scene.recorder.record(0);
}

#[test]
fn file_and_directory_add_up() {
    let mut scene = Scene::new();
    let other = Authority::new("Other authority").pem;
    let directory = scene.directory("both");
    let in_directory = directory.join("one.pem");
    for (what, in_file, beside) in [
        ("in the file", &scene.trusted.pem.clone(), &other),
        ("in the directory", &other, &scene.trusted.pem.clone()),
    ] {
        let path = scene.slapd.file("both.pem", 0o644, in_file);
        fs::write(&in_directory, beside).expect("a file");
        let tls = format!("{}\n{}", file(&path), dir(&directory));
        scene.assert_granted(what, &tls);
    }
}

#[test]
fn without_either_the_systems_bundle_counts_and_with_one_it_does_not() {
    let mut scene = Scene::new();
    scene.assert_untrusted("a bundle without it", "");
    let bundle = fs::read_to_string(SYSTEM_BUNDLE)
        .unwrap_or_else(|_| panic!("{SYSTEM_BUNDLE}: apt-get install ca-certificates"));
    let with_ours = format!("{bundle}{}", scene.trusted.pem);
    scene.host.lay_over(SYSTEM_BUNDLE, &with_ours);
    scene.assert_granted("in the bundle", "");
    let other = other_file(&scene.slapd);
    scene.assert_untrusted("another file", &file(&other));
}

#[test]
fn an_authority_is_found_whatever_its_name_and_its_neighbours() {
    let slapd = server();
    let mut host = Host::enter();
    let very_long = "an authority with a name that goes on and on ".repeat(20);
    for name in ["Trusted authority", "Ü", very_long.trim()] {
        // An authority that changes its key keeps its name for a while.
        let (old, new) = (Authority::new(name), Authority::new(name));
        let lookalike = Authority::new(&format!("{name} 2"));
        let several = format!("{}{}{}", lookalike.pem, old.pem, new.pem);
        let directory = slapd.path().join("names");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).expect("mkdir");
        fs::write(directory.join("several.pem"), &several).expect("a file");
        let path = slapd.file("several.pem", 0o644, &several);
        for authority in [&old, &new, &lookalike] {
            let settings = authority.server(&[HOST]).server(ALL_VERSIONS);
            let recorder = Recorder::start(Opening::Ldaps, settings, address(&slapd));
            for tls in [dir(&directory), file(&path)] {
                let config = config(&slapd, &recorder.section(HOST), &tls);
                host.login(&config)
                    .assert_granted(&format!("{name}: {tls}"));
            }
        }
        let stranger = Authority::new(name).server(&[HOST]).server(ALL_VERSIONS);
        let recorder = Recorder::start(Opening::Ldaps, stranger, address(&slapd));
        let config = config(&slapd, &recorder.section(HOST), &dir(&directory));
        host.login(&config)
            .assert_unavailable(name, &["tls_untrusted"], LIMIT);
    }
}

fn other_file(slapd: &Slapd) -> PathBuf {
    slapd.file("other.pem", 0o644, &Authority::new("Other authority").pem)
}
