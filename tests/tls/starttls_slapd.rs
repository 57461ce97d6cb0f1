//! StartTLS with a real slapd.

use std::time::Duration;

use crate::common::directory::user_dn;
use crate::common::pam::PAM_AUTH_ERR;
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{Host, config, server, server_section};

const START_TLS: &str = "start_tls = true\n";

fn its_own_authority(slapd: &Slapd) -> String {
    format!("ca_file = \"{}\"", slapd.ca_file().display())
}

#[test]
fn every_operation_comes_after_the_handshake() {
    // It answers 13 (confidentialityRequired) to whatever comes in clear.
    let slapd = Slapd::start(&SlapdOptions {
        global: "security tls=1\n".to_owned(),
        ..SlapdOptions::default()
    });
    let mut host = Host::enter();
    let config = config(
        &slapd,
        &server_section(&slapd.uri(), START_TLS),
        &its_own_authority(&slapd),
    );
    let watch = slapd.watch();
    host.login(&config).assert_granted("the right password");
    assert_eq!(host.login_with(&config, "wrong").code, PAM_AUTH_ERR);
    host.account(&config).assert_granted("the account phase");
    let operations = watch.operations();
    assert_eq!(operations.connections, 3, "{operations:#?}");
    assert_eq!(operations.binds_as(&user_dn("alice")), 2, "{operations:#?}");
    let mut encrypted = false;
    for line in &operations.lines {
        if line.contains(" ACCEPT ") {
            encrypted = false;
        } else if line.contains(" TLS established ") {
            encrypted = true;
        }
        let asks = [" BIND ", " SRCH ", " CMP "]
            .iter()
            .any(|op| line.contains(op));
        assert!(encrypted || !asks, "in clear: {line}: {operations:#?}");
    }
}

#[test]
fn the_same_server_without_starttls_is_asked_in_clear_and_refuses() {
    let slapd = Slapd::start(&SlapdOptions {
        global: "security tls=1\n".to_owned(),
        ..SlapdOptions::default()
    });
    let mut host = Host::enter();
    let config = config(&slapd, &server_section(&slapd.uri(), ""), "");
    let ended = host.login(&config);
    assert!(
        ended.decision().contains(" outcome=config_error "),
        "{ended:#?}"
    );
}

#[test]
fn a_slapd_without_tls_refuses() {
    let slapd = Slapd::start(&SlapdOptions {
        tls: Some(String::new()),
        ..SlapdOptions::default()
    });
    let mut host = Host::enter();
    let config = config(&slapd, &server_section(&slapd.uri(), START_TLS), "");
    let watch = slapd.watch();
    for ended in [host.login(&config), host.account(&config)] {
        ended.assert_unavailable(
            "no TLS in slapd",
            &["starttls_refused"],
            Duration::from_secs(1),
        );
    }
    let operations = watch.operations();
    assert!(operations.binds.is_empty(), "{operations:#?}");
    assert!(operations.searches.is_empty(), "{operations:#?}");
}

#[test]
fn starttls_inside_tls_is_a_configuration_error() {
    let slapd = server();
    let mut host = Host::enter();
    let config = config(
        &slapd,
        &server_section(&slapd.ldaps_uri(), START_TLS),
        &its_own_authority(&slapd),
    );
    let watch = slapd.watch();
    host.login(&config)
        .assert_config_error("ldaps with start_tls", &["start_tls"]);
    assert!(watch.operations().nothing());
}
