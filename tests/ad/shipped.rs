//! `conf/active-directory.toml` as it is shipped, in a fresh domain that has the names in it, on a host
//! whose name server is the domain's.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::login::{IGNORED, auth, change_password, client, stack};
use crate::common::module;
use crate::common::pam::{Client, PAM_ESTABLISH_CRED, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::private_host::{Local, PrivateHost};
use crate::rsldapctl::{ask, findings};
use crate::samba::{Domain, password_of, person_dn};

const SHIPPED: &str = include_str!("../../conf/active-directory.toml");

/// A host of the domain: its name server, and the two files that the configuration names.
fn on_a_host(body: impl FnOnce(&PrivateHost) + Send) {
    PrivateHost::run(&module(), |host| {
        let domain = Domain::enter();
        let authority = fs::read_to_string(domain.ca_file()).expect("ca.pem");
        host.write("/etc/resolv.conf", 0o644, "nameserver 127.0.0.1\n");
        host.write("/etc/ssl/certs/ad-ca.pem", 0o644, &authority);
        host.write("/etc/hosts", 0o644, "127.0.0.1 dc2.ad.example.com\n");
        let password = password_of("svc-linux");
        host.write("/etc/pam_rsldap/bind-password", 0o600, &password);
        body(host);
    });
}

fn install(host: &PrivateHost, text: &str) -> PathBuf {
    host.write("/etc/pam_rsldap/config.toml", 0o644, text)
}

fn begin(config: &Path, service: &str, user: &str, password: &str) -> i32 {
    let stack = stack(config);
    let mut client = Client::start(&stack, service, user);
    client.answer(password);
    client.authenticate(0)
}

#[test]
fn the_shipped_example_works_unchanged_in_a_fresh_domain() {
    on_a_host(|host| {
        let config = install(host, SHIPPED);
        let stack = stack(&config);
        let mut alice = client(&stack, "alice", password_of("alice"));
        assert_eq!(alice.authenticate(0), PAM_SUCCESS, "{:?}", host.log());
        assert_eq!(alice.acct_mgmt(0), PAM_SUCCESS);
        assert_eq!(alice.setcred(PAM_ESTABLISH_CRED), PAM_SUCCESS);
        assert_eq!(alice.open_session(0), PAM_SUCCESS);
        let environment = alice.getenvlist();
        for (name, value) in [
            ("RSLDAP_DN", person_dn("alice").as_str()),
            ("RSLDAP_FLAGS", "is_active,is_staff,is_superuser"),
            ("RSLDAP_FIRST_NAME", "Alice"),
            ("RSLDAP_LAST_NAME", "Tester"),
            ("RSLDAP_EMAIL", "alice@example.com"),
        ] {
            assert_eq!(environment.get(name).map(String::as_str), Some(value));
        }
        let line = host.find_in_log(0, &["login:auth", "user=alice", "outcome=granted"]);
        let line = line.expect("a line in the log");
        assert!(line.contains("server=ldaps://dc1.ad.example.com"), "{line}");
    });
}

#[test]
fn the_shipped_example_keeps_out_who_should_be_out() {
    on_a_host(|host| {
        let config = install(host, SHIPPED);
        let code = |service, user: &str| begin(&config, service, user, &password_of(user));
        assert_eq!(code("sudo", "alice"), PAM_SUCCESS);
        assert_eq!(code("login", "bob"), PAM_SUCCESS);
        // Refusals are final; a wrong password and an unknown name go on to the local accounts.
        assert_eq!(code("sudo", "bob"), PAM_PERM_DENIED);
        assert_eq!(code("login", "outsider"), PAM_PERM_DENIED);
        assert_eq!(code("login", "nobody-here"), IGNORED);
        assert_eq!(begin(&config, "login", "alice", "wrong"), IGNORED);
    });
}

#[test]
fn the_domains_own_srv_records_lead_to_its_controllers() {
    on_a_host(|host| {
        let uris = SHIPPED
            .lines()
            .find(|line| line.starts_with("uris = "))
            .expect("the servers");
        // The domain has _ldap._tcp and no _ldaps._tcp, as Windows has it.
        let by_domain = "srv_domain = \"ad.example.com\"\nstart_tls = true";
        let config = install(host, &SHIPPED.replace(uris, by_domain));
        assert_eq!(
            begin(&config, "login", "alice", &password_of("alice")),
            PAM_SUCCESS,
            "{:?}",
            host.log()
        );
        let line = host.find_in_log(0, &["user=alice", "outcome=granted"]);
        let line = line.expect("a line in the log");
        assert!(line.contains("server=ldap://dc1.ad.example.com"), "{line}");
    });
}

#[test]
fn the_shipped_example_tells_how_to_log_in_by_principal_name() {
    on_a_host(|host| {
        host.add_user("alice", 20001, Local::NoPassword);
        let plain =
            "filter = \"(&(objectCategory=person)(objectClass=user)(sAMAccountName={user}))\"\n";
        assert!(SHIPPED.contains(plain));
        let by_principal = SHIPPED
            .replace(plain, "")
            .replace("# filter = ", "filter = ")
            .replace("# canonical_name = true", "canonical_name = true");
        let stack = stack(&install(host, &by_principal));
        let mut login = client(&stack, "Alice@ad.example.com", password_of("alice"));
        assert_eq!(login.authenticate(0), PAM_SUCCESS, "{:?}", host.log());
        assert_eq!(login.acct_mgmt(0), PAM_SUCCESS);
        assert_eq!(login.user().as_deref(), Some("alice"));
    });
}

#[test]
fn the_shipped_example_changes_passwords() {
    on_a_host(|host| {
        let config = install(host, SHIPPED);
        let (old, new) = (password_of("joiner"), "Another.Secret.2");
        let changed = change_password(&config, "joiner", &[&old, new, new]);
        assert_eq!(changed, (PAM_SUCCESS, vec![]), "{:?}", host.log());
        assert_eq!(auth(&config, "joiner", new), PAM_SUCCESS);
    });
}

#[test]
fn the_check_has_nothing_against_the_shipped_example() {
    on_a_host(|host| {
        let config = install(host, SHIPPED);
        let (code, said) = ask(&config, &["check"], "");
        assert_eq!(code, Some(0), "{said}");
        for level in ["error", "warning"] {
            assert_eq!(findings(&said, level), [""; 0], "{said}");
        }
    });
}
