//! The real, setuid su(1) and sudo(8), started by an unprivileged user who chooses the environment.
//!
//! su itself and libc may react to a variable; the module may not. It reads none, so it opens the
//! same files, connects to the same addresses and decides the same, whatever there is.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::directory::{password_of, user_dn};
use crate::common::need;
use crate::common::slapd::{Slapd, SlapdOptions, free_port};
use crate::environments::{ATTACKER, Environment, clean, hostile_environments};
use crate::machine::Machine;
use crate::private_host::LOCAL_PASSWORD;
use crate::trace;

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What somebody can see of one call of su.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    /// The module's lines, without how long it took.
    log: Vec<String>,
    calls: BTreeSet<String>,
}

impl Seen {
    fn has_logged(&self, words: &str) -> bool {
        self.log.iter().any(|line| line.contains(words))
    }

    fn has_called(&self, part: &str) -> bool {
        self.calls.iter().any(|call| call.contains(part))
    }
}

/// A machine on which `su` asks the directory, and an impostor of that directory.
struct Su<'a> {
    machine: &'a Machine<'a>,
    impostor: &'a Slapd,
    closed: u16,
}

impl Su<'_> {
    /// The directory's authority is one of the system's bundle; the impostor's is the attacker's.
    fn run<T: Send>(body: impl FnOnce(&Su) -> T + Send) -> T {
        // Outside, as the machine's own directory: see there.
        let impostor = Slapd::start(&SlapdOptions::default());
        Machine::run(|machine| {
            let su = Su {
                machine,
                impostor: &impostor,
                closed: free_port(),
            };
            su.set_up();
            body(&su)
        })
    }

    fn set_up(&self) {
        let host = self.machine.host;
        let shipped = fs::read_to_string("/etc/pam.d/sudo").unwrap();
        let (head, tail) = shipped.split_once("\nauth ").unwrap();
        // As pam.d/sudo tells to make a file for su.
        let stack = format!("{head}\nauth sufficient pam_rootok.so\nauth {tail}");
        host.write("/etc/pam.d/su", 0o644, &stack);

        let mut bundle = fs::read_to_string(BUNDLE).expect("apt-get install ca-certificates");
        bundle.push_str(&fs::read_to_string(self.machine.slapd.ca_file()).unwrap());
        host.write(BUNDLE, 0o644, &bundle);
        host.write("/etc/hosts", 0o644, "127.0.0.1 listed.test\n");
        // Nobody listens there: the answer is an error at once.
        let resolver = "nameserver 127.83.76.68\noptions attempts:1\n";
        host.write("/etc/resolv.conf", 0o644, resolver);

        let authority = fs::read_to_string(self.impostor.ca_file()).unwrap();
        let client = format!("URI {}\nTLS_REQCERT never\n", self.impostor.uri());
        for (name, text) in [
            ("ca.pem", authority.as_str()),
            ("certs/ca.pem", authority.as_str()),
            ("ldaprc", &client),
            ("ldap.conf", &client),
            ("home/.ldaprc", &client),
            ("aliases", "listed attacker.example\n"),
            ("zone", "TZif2"),
            ("tmp/empty", ""),
            ("keys/empty", ""),
        ] {
            host.write(&format!("{ATTACKER}/{name}"), 0o644, text);
        }
        self.ask_the_directory();
    }

    /// The server is the third: the first needs a name server, the second hosts(5).
    fn ask_the_directory(&self) {
        let closed = self.closed;
        let uri = self.machine.slapd.ldaps_uri();
        self.machine.configure(&[(
            "server",
            &format!(
                "uris = [\"ldaps://unlisted.test:{closed}\", \"ldaps://listed.test:{closed}\", \"{uri}\"]"
            ),
        )]);
    }

    fn ask_the_impostor(&self) {
        let uri = self.impostor.ldaps_uri();
        self.machine
            .configure(&[("server", &format!("uris = [\"{uri}\"]"))]);
    }

    /// Runs `su USER -c id` as nobody, with this environment and this password.
    fn call(&self, user: &str, password: &str, environment: &Environment) -> Seen {
        // Each call begins with the same memory: none.
        let _ = fs::remove_dir_all("/var/lib/pam_rsldap");
        let su = need("su", "util-linux");
        self.trace("nobody", &su, &[user, "-c", "id"], password, environment)
    }

    /// Runs `sudo id -u` as the user.
    fn call_sudo(&self, user: &str, password: &str, environment: &Environment) -> Seen {
        let sudo = need("sudo", "sudo");
        let arguments = ["-k", "-S", "-p", "", "--", "id", "-u"];
        self.trace(user, &sudo, &arguments, password, environment)
    }

    fn trace(
        &self,
        caller: &str,
        program: &Path,
        arguments: &[&str],
        password: &str,
        environment: &Environment,
    ) -> Seen {
        let host = self.machine.host;
        // What a call remembers for the next one: each shall be a first one.
        let _ = fs::remove_dir_all("/run/pam_rsldap");
        let from = host.log().len();
        let traces = tempfile::tempdir().unwrap();
        let prefix = traces.path().join("trace");
        let mut child = strace(caller, &prefix)
            .arg(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .spawn()
            .unwrap();
        // The program may end without having read anything.
        let _ = writeln!(child.stdin.take().unwrap(), "{password}");
        let output = child.wait_with_output().unwrap();
        let end = format!("end-of-{}", prefix.display());
        log_line(&end);
        host.find_in_log(from, &[&end]).expect("our own line");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let seen = Seen {
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            log: host.log()[from..]
                .iter()
                .filter_map(|line| module_line(line))
                .collect(),
            calls: trace::read(&prefix, program.to_str().unwrap()),
        };
        let keys = Path::new(ATTACKER).join("keys/log");
        assert!(!keys.exists(), "the keys of TLS in {}", keys.display());
        seen
    }
}

/// Makes the same call in a clean environment and in hostile ones, which must not differ.
fn assert_same(clean: &Seen, hostile: &(String, Environment), call: impl Fn(&Environment) -> Seen) {
    let (name, variables) = hostile;
    let mut seen = call(variables);
    let mut clean_calls = clean.calls.clone();
    for (variable, call) in CALLS_OF_LIBC {
        if variables.iter().any(|(name, _)| name == variable) {
            clean_calls.remove(call);
            seen.calls.remove(call);
        }
    }
    let new: Vec<_> = seen.calls.difference(&clean_calls).collect();
    let missing: Vec<_> = clean_calls.difference(&seen.calls).collect();
    assert!(
        new.is_empty() && missing.is_empty(),
        "with {name}: {new:#?} instead of {missing:#?}"
    );
    seen.calls.clone_from(&clean.calls);
    assert_eq!(&seen, clean, "with {name}");
}

/// What depends on a variable in libc, whatever modules there are. syslog(3), which su and pam_unix log
/// with, calls tzset(3), and that opens `/etc/localtime` unless `TZ` names another file; with `TZ` set, a
/// setuid program may open it or nothing, by the version. The module does not ask for local time:
/// `su_without_the_module_…` below shows that the difference is there without it too.
const CALLS_OF_LIBC: [(&str, &str); 1] = [("TZ", "openat \"/etc/localtime\", O_RDONLY|O_CLOEXEC")];

/// strace as root with -u runs a program with its setuid bit, which it would lack otherwise.
fn strace(user: &str, output: &Path) -> Command {
    let mut command = Command::new(need("strace", "strace"));
    command
        .args(["-ff", "-qq", "-u", user, "-e", "trace=%file,%network"])
        .args(["-s", "0", "-o"])
        .arg(output)
        .current_dir("/")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The part of a line in the log that the module has written, without the time that it took.
fn module_line(line: &str) -> Option<String> {
    let line = &line[line.find("pam_rsldap(")?..];
    let words = line.split(' ').map(|word| match word.strip_prefix("ms=") {
        Some(_) => "ms=N",
        None => word,
    });
    Some(words.collect::<Vec<_>>().join(" "))
}

fn log_line(text: &str) {
    let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
    socket.send_to(text.as_bytes(), "/dev/log").unwrap();
}

fn port(uri: &str) -> &str {
    uri.rsplit(':').next().unwrap()
}

#[test]
fn su_does_the_same_in_every_environment() {
    Su::run(|su| {
        let password = password_of("alice");
        let right = su.call("alice", &password, &clean());
        assert_eq!(right.status, Some(0), "{right:#?}");
        assert!(right.stdout.starts_with("uid=61001(alice)"), "{right:#?}");
        assert!(right.has_logged("(su:auth): user=alice rhost=- outcome=granted"));
        assert!(right.has_logged("(su:account): user=alice rhost=- outcome=granted"));
        // What is compared below is there: files, a name lookup, all three servers.
        for part in [
            "/etc/pam_rsldap/config.toml",
            BUNDLE,
            "/etc/hosts",
            "/etc/resolv.conf",
            "htons(53), sin_addr=inet_addr(\"127.83.76.68\")",
            &format!("htons({})", su.closed),
            &format!("htons({})", port(&su.machine.slapd.ldaps_uri())),
        ] {
            assert!(right.has_called(part), "no {part}: {right:#?}");
        }
        for hostile in hostile_environments() {
            assert_same(&right, &hostile, |variables| {
                su.call("alice", &password, variables)
            });
        }
    });
}

#[test]
fn su_refuses_the_same_in_every_environment() {
    Su::run(|su| {
        let all = hostile_environments().pop().unwrap();
        let cases = [
            ("alice", "wrong".to_owned(), "bad_password"),
            // carol's password is right, but she is not active.
            ("carol", password_of("carol"), "refused"),
        ];
        for (user, password, outcome) in cases {
            let refused = su.call(user, &password, &clean());
            assert_eq!(refused.status, Some(1), "{refused:#?}");
            assert_eq!(refused.stdout, "");
            let line = format!("(su:auth): user={user} rhost=- outcome={outcome} ");
            assert!(refused.has_logged(&line), "{refused:#?}");
            assert_same(&refused, &all, |variables| {
                su.call(user, &password, variables)
            });
        }
    });
}

#[test]
fn sudo_does_the_same_in_every_environment() {
    Su::run(|su| {
        let password = password_of("sue");
        let right = su.call_sudo("sue", &password, &clean());
        assert_eq!(right.stdout, "0\n", "{right:#?}");
        assert!(right.has_logged("(sudo:auth): user=sue rhost=- outcome=granted"));
        for hostile in hostile_environments() {
            assert_same(&right, &hostile, |variables| {
                su.call_sudo("sue", &password, variables)
            });
        }
    });
}

#[test]
fn a_certificate_of_the_attackers_authority_is_trusted_in_no_environment() {
    Su::run(|su| {
        su.ask_the_impostor();
        let watch = su.impostor.watch();
        let password = password_of("alice");
        let untrusted = su.call("alice", &password, &clean());
        assert_eq!(untrusted.status, Some(1), "{untrusted:#?}");
        let unavailable = "(su:auth): user=alice rhost=- outcome=unavailable ";
        assert!(untrusted.has_logged(unavailable), "{untrusted:#?}");
        assert!(
            untrusted.has_logged(" cause=tls_untrusted "),
            "{untrusted:#?}"
        );
        let about_tls = ["SSL_CERT_FILE", "SSL_CERT_DIR", "LDAP", "all together"];
        for hostile in hostile_environments() {
            if about_tls.iter().any(|name| hostile.0.starts_with(name)) {
                assert_same(&untrusted, &hostile, |variables| {
                    su.call("alice", &password, variables)
                });
            }
        }
        let operations = watch.operations();
        assert!(
            operations.connections > 0 && operations.binds.is_empty(),
            "{operations:#?}"
        );

        // The counterpart: the impostor would be believed if its authority were in the bundle.
        let mut bundle = fs::read_to_string(BUNDLE).unwrap();
        bundle.push_str(&fs::read_to_string(su.impostor.ca_file()).unwrap());
        su.machine.host.write(BUNDLE, 0o644, &bundle);
        let trusted = su.call("alice", &password, &clean());
        assert_eq!(trusted.status, Some(0), "{trusted:#?}");
        assert!(watch.operations().binds_as(&user_dn("alice")) > 0);
    });
}

#[test]
fn su_without_the_module_reacts_to_the_time_zone_in_the_same_way() {
    Su::run(|su| {
        let stack = fs::read_to_string("/etc/pam.d/su").unwrap();
        let others = stack.lines().filter(|line| !line.contains("pam_rsldap.so"));
        // The jump over the module's line in the account phase has nothing to jump over.
        let others: Vec<_> = others
            .filter(|line| !line.contains("pam_succeed_if.so"))
            .collect();
        let host = su.machine.host;
        host.write("/etc/pam.d/su", 0o644, &(others.join("\n") + "\n"));
        for (variable, libc) in CALLS_OF_LIBC {
            let before = su.call("bob", LOCAL_PASSWORD, &clean());
            assert_eq!(before.status, Some(0), "{before:#?}");
            assert!(
                before.calls.contains(libc) && before.log.is_empty(),
                "{before:#?}"
            );
            let hostile = hostile_environments();
            let (_, variables) = hostile.iter().find(|(name, _)| name == variable).unwrap();
            let after = su.call("bob", LOCAL_PASSWORD, variables);
            let gone: Vec<_> = before.calls.difference(&after.calls).collect();
            assert_eq!(gone, [libc], "{after:#?}");
            assert!(after.calls.is_subset(&before.calls), "{after:#?}");
        }
    });
}
