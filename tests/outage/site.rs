//! A host whose `/run` is private, with two servers.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::common::module;
use crate::common::pam::PAM_SUCCESS;
use crate::fixture::{ALICE, Login, Rig, proxies, uris};
use crate::private_host::PrivateHost;
use crate::proxy::{Fault, Proxy};

/// Where what is known about servers lies.
pub const RUN: &str = "/run/pam_rsldap";

/// The time limits of most of these tests.
pub const LIMITS: &str = "connect_timeout = \"300ms\"\noperation_timeout = \"300ms\"\n\
                          deadline = \"1s\"\n";

/// A login that needs no server, in the build that cargo has just made.
pub const AT_ONCE: Duration = if cfg!(debug_assertions) {
    Duration::from_millis(50)
} else {
    Duration::from_millis(5)
};

/// The host, the servers' proxies, and the module with both of them.
pub struct Site<'a> {
    pub host: &'a PrivateHost,
    pub first: Proxy,
    pub second: Proxy,
    pub rig: Rig,
}

/// Calls `body` on such a host. `retry_after` is for a module that knows both servers.
pub fn on_a_host<T: Send>(retry_after: &str, body: impl FnOnce(&Site) -> T + Send) -> T {
    // Outside: servers and proxies are other machines, as it were.
    let proxies = proxies();
    let server = format!("{LIMITS}retry_after = \"{retry_after}\"");
    let rig = Rig::new(&uris(&proxies), &server);
    let [first, second] = proxies;
    PrivateHost::run(&module(), |host| {
        body(&Site {
            host,
            first,
            second,
            rig,
        })
    })
}

impl Site<'_> {
    /// Alice logs in.
    pub fn login(&self) -> Login {
        self.rig.login(ALICE)
    }

    /// Alice logs in, and it works.
    pub fn good_login(&self, case: &str) -> Login {
        let login = self.login();
        assert_eq!(login.code, PAM_SUCCESS, "{case}");
        login
    }

    /// How many connections the first server gets meanwhile.
    pub fn tries(&self, body: impl FnOnce()) -> usize {
        let before = self.first.connections();
        body();
        self.first.connections() - before
    }

    /// Lets a login find the first server dead, then makes the server well again. Answers what was
    /// written down, and where.
    pub fn mark(&self) -> (PathBuf, Vec<u8>) {
        self.first.set(Fault::Refuse);
        self.good_login("the second server is well");
        self.first.set(Fault::None);
        let path = marker(&self.first.uri());
        let text = fs::read(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; there is {:?}", path.display(), listing())
        });
        (path, text)
    }

    /// The line of the last decision behind `from`.
    pub fn decision(&self, from: usize) -> String {
        self.host
            .find_in_log(from, &["pam_rsldap(", " outcome="])
            .unwrap_or_else(|| panic!("no decision in the log: {:#?}", self.host.log()))
    }

    /// Alice logs in: the code, and the line of the decision.
    pub fn logged_login(&self, rig: &Rig) -> (Login, String) {
        let from = self.host.log().len();
        let login = rig.login(ALICE);
        (login, self.decision(from))
    }
}

/// Where the marker of a server is: SHA-256 of its URI, in hexadecimal.
pub fn marker(uri: &str) -> PathBuf {
    let output = Command::new("sh")
        .args(["-c", "printf %s \"$1\" | sha256sum", "sh", uri])
        .output()
        .expect("sha256sum(1)");
    let text = String::from_utf8(output.stdout).expect("hexadecimal digits");
    let hash = text.split(' ').next().expect("a word");
    assert_eq!(hash.len(), 64, "{text}");
    Path::new(RUN).join(format!("{hash}.down"))
}

/// Names in the directory of markers.
pub fn listing() -> Vec<String> {
    let Ok(entries) = fs::read_dir(RUN) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Permissions and owner.
pub fn rights(path: impl AsRef<Path>) -> (u32, u32, u32) {
    let metadata = fs::symlink_metadata(path.as_ref()).expect("it is there");
    (metadata.mode() & 0o7777, metadata.uid(), metadata.gid())
}
