//! The directory of these tests, and module configurations for it.

use std::ffi::c_int;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::common::directory::{
    GROUPS, Ldif, SERVICE_DN, SERVICE_PASSWORD, USERS, group_dn, password_of, user_dn,
};
use crate::common::login::auth;
use crate::common::{need, sections};
use crate::ds389::{Ds389, MANAGER_DN, MANAGER_PASSWORD};

/// Users, and the password policy of their own that some have.
const ACTIVE: [(&str, Option<&str>); 17] = [
    ("alice", None),
    ("bob", None),
    ("changer", None),
    ("newcomer", None),
    ("latecomer", Some("lenient")),
    ("carol", None),
    ("inactivated", None),
    ("guessed", None),
    ("lockednow", None),
    ("lockedonce", None),
    ("mustchange", None),
    ("ranout", Some("strict")),
    ("grace", Some("lenient")),
    ("warned", Some("warning")),
    ("fresh", Some("warning")),
    ("guarded", Some("forever")),
    ("spent", Some("lenient")),
];

/// Name, and what the policy says.
const POLICIES: [(&str, &[(&str, &str)]); 4] = [
    (
        "strict",
        &[("passwordExp", "on"), ("passwordMaxAge", "86400")],
    ),
    (
        "lenient",
        &[
            ("passwordExp", "on"),
            ("passwordMaxAge", "86400"),
            ("passwordGraceLimit", "2"),
        ],
    ),
    (
        "warning",
        &[
            ("passwordExp", "on"),
            ("passwordMaxAge", "8640000"),
            ("passwordWarning", "86400"),
        ],
    ),
    (
        "forever",
        &[
            ("passwordLockout", "on"),
            ("passwordMaxFailure", "3"),
            ("passwordUnlock", "off"),
        ],
    ),
];

const LOCKED: &str = "add: accountUnlockTime\naccountUnlockTime: 21000101000000Z\n-\n\
                      add: passwordRetryCount\npasswordRetryCount: 3";

/// The configuration that the project ships for this kind of server.
pub const SHIPPED: &str = include_str!("../../conf/389-ds.toml");

/// The server, for this thread; and where this test's configurations are.
pub struct Site {
    server: &'static Ds389,
    directory: TempDir,
}

impl Site {
    /// Enters the network of the server, which the first call makes.
    pub fn enter() -> Site {
        // One that does not start is not tried again by each test.
        static SERVER: OnceLock<Result<Ds389, String>> = OnceLock::new();
        let server = SERVER.get_or_init(|| Ds389::start(&seed()));
        let server = server.as_ref().unwrap_or_else(|why| panic!("{why}"));
        server.enter();
        Site {
            server,
            directory: TempDir::new().expect("a temporary directory"),
        }
    }

    /// The server itself.
    pub fn server(&self) -> &Ds389 {
        self.server
    }

    /// These attributes of a user, as LDIF has them.
    pub fn attributes(&self, user: &str, names: &[&str]) -> String {
        let output = Command::new(need("ldapsearch", "ldap-utils"))
            .args(["-x", "-LLL", "-H", "ldap://127.0.0.1", "-s", "base", "-b"])
            .args([&user_dn(user), "-D", MANAGER_DN, "-w", MANAGER_PASSWORD])
            .arg("(objectClass=*)")
            .args(names)
            .output()
            .expect("ldapsearch runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A patient module configuration for the server. [`sections::with`] says what an override is.
    pub fn config(&self, overrides: &[(&str, &str)]) -> PathBuf {
        let text = sections::with(self.default_sections(), overrides);
        self.file("config.toml", &sections::patient(&text))
    }

    /// A new file that nobody else may read.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let number = fs::read_dir(self.directory.path())
            .expect("a directory")
            .count();
        let path = self.directory.path().join(format!("{number}-{name}"));
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("chmod");
        path
    }

    fn default_sections(&self) -> Vec<(String, String)> {
        let password = self.file("bind-password", SERVICE_PASSWORD);
        [
            ("server", "uris = [\"ldaps://127.0.0.1\"]".to_owned()),
            (
                "tls",
                format!("ca_file = \"{}\"", self.server.ca_file().display()),
            ),
            ("bind", sections::bind(SERVICE_DN, &password)),
            ("user", sections::user()),
            ("group", sections::group()),
            (
                "flags",
                format!(
                    "is_active = \"{}\"\nis_staff = \"{}\"",
                    group_dn("active"),
                    group_dn("staff")
                ),
            ),
            ("fallback", sections::ALL_DENY.to_owned()),
        ]
        .map(|(name, text)| (name.to_owned(), text))
        .into()
    }
}

/// What the server says to this bind, in the words of ldapwhoami(1): result code and policy controls.
/// Empty where it has nothing to say but the name.
pub fn bind(user: &str, password: &str) -> String {
    let output = Command::new(need("ldapwhoami", "ldap-utils"))
        .args(["-x", "-H", "ldap://127.0.0.1", "-e", "ppolicy", "-D"])
        .args([&user_dn(user), "-w", password])
        .output()
        .expect("ldapwhoami runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let done = String::from_utf8_lossy(&output.stdout);
    format!("{said}{done}").replace(&format!("dn: {}\n", user_dn(user)), "")
}

/// The code of pam_authenticate(3) for this user with the right password.
pub fn auth_right(config: &Path, user: &str) -> c_int {
    auth(config, user, password_of(user))
}

fn seed() -> String {
    let container = format!("cn=nsPwPolicyContainer,{USERS}");
    let mut ldif = tree(&container);
    shipped(&mut ldif);
    for (name, lines) in POLICIES {
        let mut attributes = vec![
            ("objectClass", "ldapsubentry"),
            ("objectClass", "passwordpolicy"),
        ];
        attributes.extend(lines);
        ldif.entry(&format!("cn={name},{container}"), &attributes);
    }
    for (name, lines) in [
        ("inactivated", "add: nsAccountLock\nnsAccountLock: true"),
        ("lockednow", LOCKED),
        (
            "lockedonce",
            "add: accountUnlockTime\naccountUnlockTime: 20200101000000Z\n-\n\
             add: passwordRetryCount\npasswordRetryCount: 3",
        ),
        (
            "ranout",
            "replace: passwordExpirationTime\npasswordExpirationTime: 20200101000000Z",
        ),
        (
            "grace",
            "replace: passwordExpirationTime\npasswordExpirationTime: 20200101000000Z",
        ),
        (
            "latecomer",
            "replace: passwordExpirationTime\npasswordExpirationTime: 20200101000000Z",
        ),
        (
            "spent",
            "replace: passwordExpirationTime\npasswordExpirationTime: 20200101000000Z",
        ),
        (
            "warned",
            &format!(
                "replace: passwordExpirationTime\npasswordExpirationTime: {}",
                time("+10 hours")
            ),
        ),
    ] {
        ldif.change(&user_dn(name), lines);
    }
    ldif.change(
        "cn=config",
        "replace: nsslapd-pwpolicy-local\nnsslapd-pwpolicy-local: on\n-\n\
         replace: passwordLockout\npasswordLockout: on\n-\n\
         replace: passwordMaxFailure\npasswordMaxFailure: 3\n-\n\
         replace: passwordLockoutDuration\npasswordLockoutDuration: 3600\n-\n\
         replace: passwordCheckSyntax\npasswordCheckSyntax: on\n-\n\
         replace: passwordMinLength\npasswordMinLength: 8\n-\n\
         replace: passwordHistory\npasswordHistory: on\n-\n\
         replace: passwordInHistory\npasswordInHistory: 3\n-\n\
         replace: passwordMustChange\npasswordMustChange: on",
    );
    // Only from here on has a password that the manager sets to be changed.
    for name in ["mustchange", "newcomer"] {
        let password = password_of(name);
        let lines = format!("replace: userPassword\nuserPassword: {password}");
        ldif.change(&user_dn(name), &lines);
    }
    ldif.text().to_owned()
}

fn tree(policies: &str) -> Ldif {
    let mut ldif = Ldif::default();
    ldif.entry(USERS, &[("objectClass", "organizationalUnit")]);
    ldif.entry(
        SERVICE_DN,
        &[
            ("objectClass", "netscapeServer"),
            ("userPassword", SERVICE_PASSWORD),
        ],
    );
    ldif.entry(policies, &[("objectClass", "nsContainer")]);
    let member_of = ("objectClass", "nsMemberOf");
    for (name, policy) in ACTIVE {
        let policy = policy.map(|policy| format!("cn={policy},{policies}"));
        let mut attributes = vec![member_of];
        attributes.extend(policy.as_deref().map(|dn| ("pwdpolicysubentry", dn)));
        ldif.user(name, &attributes);
    }
    ldif.user("outsider", &[member_of]);
    let active: Vec<String> = ACTIVE.iter().map(|(name, _)| user_dn(name)).collect();
    let active: Vec<&str> = active.iter().map(String::as_str).collect();
    ldif.group("active", &active);
    ldif.group("staff", &[&user_dn("alice")]);
    ldif.entry(
        &group_dn("unique"),
        &[
            ("objectClass", "groupOfUniqueNames"),
            ("uniqueMember", &user_dn("alice")),
        ],
    );
    ldif.entry(
        &group_dn("role"),
        &[
            ("objectClass", "organizationalRole"),
            ("roleOccupant", &user_dn("alice")),
        ],
    );
    ldif.entry(
        &group_dn("posix"),
        &[
            ("objectClass", "posixGroup"),
            ("gidNumber", "20001"),
            ("memberUid", "alice"),
        ],
    );
    // Each is a member of the next, and the last of itself.
    ldif.group("inner", &[&user_dn("carol")]);
    ldif.group("middle", &[&group_dn("inner")]);
    ldif.group("outer", &[&group_dn("middle")]);
    ldif.group("circle", &[&group_dn("outer"), &group_dn("circle")]);
    // The server's own rules show groupOfNames, and what else is needed of ou=people.
    let anyone = "allow (read, search, compare) userdn = \"ldap:///anyone\";)";
    ldif.change(
        USERS,
        &format!(
            "add: aci\n\
             aci: (targetattr != \"userPassword\")(version 3.0; acl \"read\"; {anyone}\n\
             aci: (targetattr = \"userPassword\")(version 3.0; acl \"own password\"; \
             allow (write) userdn = \"ldap:///self\";)"
        ),
    );
    ldif.change(
        GROUPS,
        &format!(
            "add: aci\naci: (targetattr = \"*\")(targetfilter = \"(!(objectClass=groupOfNames))\")\
             (version 3.0; acl \"other kinds of groups\"; {anyone}"
        ),
    );
    ldif
}

/// What [`SHIPPED`] expects, beside the sample entries.
fn shipped(ldif: &mut Ldif) {
    let dn = |name: &str| format!("uid={name},ou=people,dc=example,dc=com");
    for (number, name) in ["eve", "frank", "lockedeve"].into_iter().enumerate() {
        ldif.entry(
            &dn(name),
            &[
                ("objectClass", "nsPerson"),
                ("objectClass", "nsAccount"),
                ("objectClass", "nsOrgPerson"),
                ("objectClass", "posixAccount"),
                ("cn", name),
                ("displayName", &format!("{name} Tester")),
                ("mail", &format!("{name}@example.com")),
                ("uidNumber", &format!("2000{number}")),
                ("gidNumber", "20000"),
                ("homeDirectory", "/"),
                ("userPassword", &password_of(name)),
            ],
        );
    }
    ldif.change(&dn("lockedeve"), LOCKED);
    ldif.group(
        "linux-users",
        &[&dn("frank"), &dn("lockedeve"), &group_dn("linux-staff")],
    );
    ldif.group("linux-staff", &[&dn("eve")]);
    ldif.group("linux-admins", &[&dn("eve")]);
    ldif.entry(
        "cn=linux,ou=services,dc=example,dc=com",
        &[
            ("objectClass", "netscapeServer"),
            ("userPassword", &password_of("linux")),
        ],
    );
    // The rule that the file tells to add.
    let lines = SHIPPED.lines().filter_map(|line| line.strip_prefix("#   "));
    let lines: Vec<&str> = lines
        .skip_while(|line| !line.starts_with("dn: "))
        .take(4)
        .collect();
    ldif.change(lines[0].trim_start_matches("dn: "), &lines[2..].join("\n"));
}

/// A time as date(1) understands it, in generalized time.
fn time(when: &str) -> String {
    let output = Command::new(need("date", "coreutils"))
        .args(["-u", "-d", when, "+%Y%m%d%H%M%SZ"])
        .output()
        .expect("date(1)");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
