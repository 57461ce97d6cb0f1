//! ssh under an alias, with `user.canonical_name`: sshd looks the name up before it asks PAM, and runs the
//! session as the account that it found.

use crate::common::directory::{USERS, password_of};
use crate::machine::Machine;
use crate::private_host::Local;
use crate::ssh::{Method, Sshd};

fn with_aliases(machine: &Machine) {
    let user = format!(
        "canonical_name = true\nsearch = [ {{ base = \"{USERS}\", \
         filter = \"(|(uid={{user}})(mail={{user}}))\" }} ]"
    );
    machine.configure(&[("user", &user)]);
}

#[test]
fn an_alias_without_an_account_is_no_user_of_sshd() {
    Machine::run(|machine| {
        with_aliases(machine);
        let sshd = Sshd::start("");
        for alias in ["alice@example.com", "Alice"] {
            let password = password_of("alice");
            for method in [
                Method::Password(&password),
                Method::KeyboardInteractive(&password),
            ] {
                let watch = machine.slapd.watch();
                sshd.login(alias, method, "id").assert_refused();
                // sshd hands junk to PAM for a name that it does not know.
                let operations = watch.operations();
                let binds = operations.binds.iter().filter(|dn| dn.contains("alice"));
                assert_eq!(binds.count(), 0, "{operations:#?}");
            }
        }
    });
}

/// Where the alias is an account too, it must be the same one. sshd goes on as the account that was
/// typed, or, from some later version on, refuses a user that PAM has changed.
#[test]
fn a_second_name_of_the_same_account_gets_no_other_uid() {
    Machine::run(|machine| {
        machine.host.add_user("ALICE", 61001, Local::NoPassword);
        machine.host.add_user("aLiCe", 61009, Local::NoPassword);
        with_aliases(machine);
        let sshd = Sshd::start("");
        let password = password_of("alice");
        for method in [
            Method::Password(&password),
            Method::KeyboardInteractive(&password),
        ] {
            let from = machine.host.log().len();
            let login = sshd.login("ALICE", method, "id -u");
            if login.is_in() {
                assert_eq!(login.assert_in().trim(), "61001");
            } else {
                login.assert_refused();
            }
            machine.assert_logged(from, "sshd:auth", "ALICE", "granted");
            let words = ["user=ALICE ", " canonical=alice"];
            assert!(
                machine.host.find_in_log(from, &words).is_some(),
                "{:#?}",
                machine.host.log()
            );
            let from = machine.host.log().len();
            sshd.login("aLiCe", method, "id -u").assert_refused();
            machine.assert_logged(from, "sshd:auth", "aLiCe", "unknown_user");
        }
    });
}
