//! The local groups of a session, from what is remembered. setgroups(2) is for whole processes, so each
//! session begins in a process of its own, this test binary started again.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::common::directory::{password_of, user_dn};
use crate::common::pam::{Client, PAM_AUTHINFO_UNAVAIL, PAM_ESTABLISH_CRED, PAM_SUCCESS};
use crate::fixture::{STATE, Site, files, on_a_host};

/// Tells the child where its task lies.
const TASK: &str = "MEMORY_SESSION_TASK";
/// Groups of every Debian.
const ADM: u32 = 4;
const STAFF: u32 = 50;
/// What the process has before.
const BEFORE: [u32; 2] = [0, 29];

const LOCAL: (&str, &str) = ("session.local_groups", "adm = \"is_staff\"");
/// The directory's group "staff" is one here too.
const MIRROR: (&str, &str) = ("session.mirror_groups", "mode = \"all\"\nmin_gid = 50");
const OFFLINE: (&str, &str) = ("offline", "credentials = true");

/// The groups of a process that logs a user in as su(1) does: auth, account and setcred, in one
/// transaction. Without a password setcred alone, as in sshd. Panics unless every call answered
/// PAM_SUCCESS.
fn groups(site: &Site<'_>, user: &str, password: &str) -> Vec<u32> {
    let directory = TempDir::new().expect("a temporary directory");
    let text = format!("{}\n{user}\n{password}\n", site.services().display());
    fs::write(directory.path().join("task"), text).expect("write");
    let output = Command::new(std::env::current_exe().expect("the path of this program"))
        .args(["--exact", "sessions::a_session_of_its_own"])
        .args(["--ignored", "--nocapture"])
        .env(TASK, directory.path())
        .stdin(Stdio::null())
        .output()
        .expect("a child");
    assert!(output.status.success(), "{user}: {output:?}");
    let report = fs::read_to_string(directory.path().join("report")).expect("a report");
    let numbers = report.split_whitespace();
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// The child's part.
#[test]
#[ignore = "the other tests start it, in a process of its own"]
fn a_session_of_its_own() {
    let directory = std::env::var_os(TASK).expect("only the tests of this suite start this one");
    let directory = Path::new(&directory);
    let task = fs::read_to_string(directory.join("task")).unwrap();
    let task: Vec<&str> = task.lines().collect();
    let [services, user, password] = task[..] else {
        panic!("{task:?}");
    };
    // SAFETY: setgroups(2) reads as many numbers as there are.
    let done = unsafe { libc::setgroups(BEFORE.len(), BEFORE.as_ptr()) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    let mut client = Client::start_at(Path::new(services), "su", user);
    if !password.is_empty() {
        client.answer(password);
        assert_eq!(client.authenticate(0), PAM_SUCCESS);
        assert_eq!(client.acct_mgmt(0), PAM_SUCCESS);
    }
    assert_eq!(client.setcred(PAM_ESTABLISH_CRED), PAM_SUCCESS);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let groups = status.lines().find_map(|line| line.strip_prefix("Groups:"));
    fs::write(directory.join("report"), groups.unwrap()).unwrap();
}

#[test]
fn an_offline_login_gets_the_groups_of_the_last_live_one() {
    on_a_host(&[OFFLINE, LOCAL, MIRROR], |site| {
        let login = |user: &str| groups(site, user, &password_of(user));
        assert_eq!(login("alice"), [0, ADM, 29, STAFF]);
        assert_eq!(login("bob"), BEFORE);
        // Nobody has logged in since.
        site.membership("add", "staff", "bob");
        site.slapd.stop();
        site.skip_log();
        assert_eq!(login("alice"), [0, ADM, 29, STAFF]);
        assert!(site.decision().contains("server=offline"));
        let line = site.next_line(&["pam_rsldap(su:setcred)"]);
        assert!(line.ends_with(": user=alice groups=adm,staff"), "{line}");
        assert_eq!(login("bob"), BEFORE);
        // The process that begins a session elsewhere has no password, so nothing is its to have.
        assert_eq!(groups(site, "alice", ""), BEFORE);
        site.slapd.restart();
        assert_eq!(login("bob"), [0, ADM, 29, STAFF]);
        site.slapd.stop();
        assert_eq!(login("bob"), [0, ADM, 29, STAFF]);
    });
}

#[test]
fn what_was_remembered_under_other_groups_of_the_session_is_no_offline_login() {
    on_a_host(&[OFFLINE, LOCAL], |site| {
        assert_eq!(groups(site, "alice", "alice-secret"), [0, ADM, 29]);
        site.slapd.stop();
        site.configure(&[OFFLINE, ("session.local_groups", "sudo = \"is_staff\"")]);
        let code = site.auth("su", "alice", "alice-secret");
        assert_eq!(code, PAM_AUTHINFO_UNAVAIL);
        assert_eq!(files(STATE, "offline").len(), 1);
        site.configure(&[OFFLINE, LOCAL]);
        assert_eq!(groups(site, "alice", "alice-secret"), [0, ADM, 29]);
    });
}

#[test]
fn with_a_cache_the_groups_of_a_session_cost_nothing() {
    let cache = ("cache", "groups = \"1h\"");
    on_a_host(&[cache, LOCAL, MIRROR], |site| {
        let expected = [0, ADM, 29, STAFF];
        let watch = site.slapd.watch();
        assert_eq!(groups(site, "alice", "alice-secret"), expected);
        // The measure works.
        assert!(!watch.operations().searches.is_empty());
        let watch = site.slapd.watch();
        assert_eq!(groups(site, "alice", "alice-secret"), expected);
        let operations = watch.operations();
        assert_eq!(operations.binds, [user_dn("alice")], "{operations:?}");
        assert_eq!(operations.searches, []);
        assert_eq!(operations.compares, []);
        assert_eq!(operations.connections, 1);
        // A session that begins in another process than auth, as sshd's.
        let watch = site.slapd.watch();
        assert_eq!(groups(site, "alice", ""), expected);
        assert!(watch.operations().nothing(), "{:?}", watch.operations());
    });
}
