//! Time limits against servers that say nothing, and names with a dead address.

use std::net::Ipv4Addr;

use crate::common::module;
use crate::common::pam::{PAM_AUTHINFO_UNAVAIL, PAM_SUCCESS};
use crate::common::slapd::free_port;
use crate::fixture::{ALICE, Rig, ms, proxies, servers, uris};
use crate::private_host::PrivateHost;
use crate::proxy::{Fault, Proxy};

fn five(fault: Fault) -> Vec<Proxy> {
    let server = servers()[0].port();
    let proxies: Vec<_> = (0..5).map(|_| Proxy::start(server)).collect();
    proxies.iter().for_each(|proxy| proxy.set(fault.clone()));
    proxies
}

#[test]
fn five_silent_servers_cost_one_deadline() {
    let slow = ms(40);
    for (fault, connect_timeout) in [
        (Fault::BlackHole, "3s"),
        (Fault::BlackHole, "300ms"),
        (Fault::Swallow, "3s"),
        (Fault::Trickle(1, slow), "3s"),
    ] {
        let proxies = five(fault.clone());
        let server = format!(
            "connect_timeout = \"{connect_timeout}\"\noperation_timeout = \"300ms\"\n\
             deadline = \"1s\"\nretry_after = \"0s\""
        );
        let rig = Rig::new(&uris(&proxies), &server);
        for login in [rig.login(ALICE), rig.account("alice")] {
            let case = format!("{fault:?} {connect_timeout} {login:?}");
            assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL, "{case}");
            assert!(login.took > ms(800), "{case}: was the time used?");
            assert!(login.took < ms(1250), "{case}");
        }
    }
}

#[test]
fn a_black_hole_costs_connect_timeout_and_then_the_next_server_is_asked() {
    let proxies = proxies();
    proxies[0].set(Fault::BlackHole);
    let server = "connect_timeout = \"400ms\"\ndeadline = \"5s\"\nretry_after = \"0s\"";
    let rig = Rig::new(&uris(&proxies), server);
    let login = rig.login(ALICE);
    assert_eq!(login.code, PAM_SUCCESS);
    assert!(login.took >= ms(390) && login.took < ms(800), "{login:?}");
    assert_eq!(proxies[0].connections(), 0);
}

#[test]
fn connect_timeout_bounds_the_tls_handshake_too() {
    let proxies = proxies();
    proxies[0].set(Fault::Swallow);
    let silent = format!("ldaps://127.0.0.1:{}", proxies[0].port());
    let server = "connect_timeout = \"400ms\"\ndeadline = \"5s\"\nretry_after = \"0s\"";
    let ca_file = format!(
        "[tls]\nca_file = \"{}\"\n",
        servers()[0].ca_file().display()
    );
    let rig = Rig::with(&[silent, proxies[1].uri()], server, &ca_file);
    let login = rig.login(ALICE);
    assert_eq!(login.code, PAM_SUCCESS);
    assert!(login.took >= ms(390) && login.took < ms(900), "{login:?}");
}

#[test]
fn a_name_with_a_dead_address_costs_little() {
    let [server, _] = servers();
    PrivateHost::run(&module(), |host| {
        let hosts = "127.0.0.1 localhost\n127.0.0.2 two.example.test\n127.0.0.1 two.example.test\n\
                     127.0.0.2 many.example.test\n127.0.0.3 many.example.test\n\
                     127.0.0.4 many.example.test\n127.0.0.1 many.example.test\n";
        host.write("/etc/hosts", 0o644, hosts);
        for fault in [Fault::Refuse, Fault::BlackHole] {
            let port = free_port();
            let good = Proxy::start_at(Ipv4Addr::LOCALHOST, port, server.port());
            let dead: Vec<_> = (2..=4)
                .map(|last| Proxy::start_at(Ipv4Addr::new(127, 0, 0, last), port, server.port()))
                .collect();
            dead.iter().for_each(|dead| dead.set(fault.clone()));
            for (name, most) in [("two", 500), ("many", 1200)] {
                let uri = format!("ldap://{name}.example.test:{port}");
                let rig = Rig::new(
                    &[uri],
                    "connect_timeout = \"3s\"\nallow_cleartext = true\nretry_after = \"0s\"",
                );
                rig.login(ALICE);
                let login = rig.login(ALICE);
                assert_eq!(login.code, PAM_SUCCESS, "{name} {fault:?}");
                println!("{name}, {fault:?}: {:?}", login.took);
                let most = if fault == Fault::Refuse { 150 } else { most };
                assert!(login.took < ms(most), "{name} {fault:?}: {login:?}");
            }
            assert_eq!(good.connections(), 4);
        }
    });
}

#[test]
fn a_server_with_no_living_address_costs_connect_timeout_not_more() {
    let [server, _] = servers();
    PrivateHost::run(&module(), |host| {
        let addresses: String = (2..=60)
            .map(|last| format!("127.0.0.{last} dead.example.test\n"))
            .collect();
        host.write("/etc/hosts", 0o644, &addresses);
        let port = free_port();
        let dead: Vec<_> = (2..=4)
            .map(|last| Proxy::start_at(Ipv4Addr::new(127, 0, 0, last), port, server.port()))
            .collect();
        dead.iter().for_each(|dead| dead.set(Fault::BlackHole));
        let good = Proxy::start(server.port());
        let uri = format!("ldap://dead.example.test:{port}");
        let rig = Rig::new(
            &[uri, good.uri()],
            "connect_timeout = \"500ms\"\nallow_cleartext = true\nretry_after = \"0s\"",
        );
        let login = rig.login(ALICE);
        assert_eq!(login.code, PAM_SUCCESS);
        assert!(login.took < ms(900), "{login:?}");
    });
}
