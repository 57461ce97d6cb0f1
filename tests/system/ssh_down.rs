//! ssh while the directory is down.

use crate::common::directory::password_of;
use crate::machine::Machine;
use crate::private_host::LOCAL_PASSWORD;
use crate::ssh::{Method, Sshd};

#[test]
fn without_the_directory_local_passwords_and_keys_still_work() {
    Machine::run(|machine| {
        let sshd = Sshd::start("");
        machine.slapd.stop();
        // bob is in the directory too, dave is not.
        for user in ["bob", "dave"] {
            for method in [
                Method::Password(LOCAL_PASSWORD),
                Method::KeyboardInteractive(LOCAL_PASSWORD),
                Method::PublicKey,
            ] {
                let from = machine.host.log().len();
                let printed = sshd.login(user, method, "id -un").assert_in();
                assert_eq!(printed.trim(), user);
                machine.assert_logged(from, "sshd:account", user, "unavailable");
            }
        }
    });
}

#[test]
fn without_the_directory_its_passwords_do_not_work() {
    Machine::run(|machine| {
        let sshd = Sshd::start("");
        machine.slapd.stop();
        for user in ["alice", "bob"] {
            let from = machine.host.log().len();
            sshd.login(user, Method::Password(&password_of(user)), "id")
                .assert_refused();
            machine.assert_logged(from, "sshd:auth", user, "unavailable");
        }
    });
}

#[test]
fn unavailable_deny_in_the_account_phase_shuts_keys_out_too() {
    Machine::run(|machine| {
        machine.configure(&[("fallback.account", "unavailable = \"deny\"")]);
        let sshd = Sshd::start("");
        sshd.login("bob", Method::PublicKey, "id").assert_in();
        machine.slapd.stop();
        let from = machine.host.log().len();
        sshd.login("bob", Method::PublicKey, "id").assert_refused();
        sshd.login("bob", Method::Password(LOCAL_PASSWORD), "id")
            .assert_refused();
        machine.assert_logged(from, "sshd:account", "bob", "unavailable");
    });
}
