//! `rsldapctl check` and `status`: each server, up or down, trusted or not.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::Value;

use crate::common::directory::{BASE, SERVICE_DN};
use crate::common::slapd::{Slapd, SlapdOptions, free_port};
use crate::fixture::{Answer, ask, line_with, options, server};

fn servers(answer: &Answer) -> &[Value] {
    answer.json["servers"].as_array().expect("servers")
}

#[test]
fn a_right_configuration_is_right_and_the_server_is_described() {
    let server = server();
    let tls = format!("ca_file = \"{}\"", server.ca_file().display());
    let uris = format!(
        "uris = [\"{}\", \"{}\"]",
        server.ldaps_uri(),
        server.ldapi_uri()
    );
    let config = server.config(&[("server", &uris), ("tls", &tls)]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.json["ok"], true);
    assert_eq!(answer.findings("warning"), Vec::<&str>::new());
    let [tls, socket] = servers(&answer) else {
        panic!("{}", answer.text);
    };
    assert_eq!(tls["server"], server.ldaps_uri());
    assert_eq!(tls["up"], true);
    assert_eq!(tls["product"], "openldap");
    assert_eq!(tls["member_of"], false);
    assert_eq!(tls["connection"]["protection"], "tls");
    assert_eq!(tls["connection"]["tls"]["version"], "TLSv1_3");
    assert_eq!(tls["connection"]["tls"]["subject"], "CN=localhost");
    assert!(tls["connect_ms"].is_f64() && tls["answer_ms"].is_f64());
    assert_eq!(socket["connection"]["protection"], "socket");
    assert!(answer.line(&server.ldaps_uri()).contains("TLSv1_3"));
    answer.line("the configuration is right");
}

#[test]
fn one_dead_server_of_two_is_a_warning_and_two_are_an_outage() {
    let server = server();
    let dead = format!("ldap://127.0.0.1:{}", free_port());
    let uris = format!("uris = [\n\"{dead}\",\n\"{}\"\n]", server.uri());
    let config = server.config(&[("server", &uris)]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("warning"), ["server_down"]);
    assert_eq!(answer.line_of("server_down"), line_with(&config, &dead));
    assert_eq!(servers(&answer)[0]["cause"], "refused");
    assert_eq!(servers(&answer)[1]["up"], true);

    let other = format!("ldap://127.0.0.1:{}", free_port());
    let config = server.config(&[("server", &format!("uris = [\"{dead}\", \"{other}\"]"))]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 3, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["server_down", "server_down"]);
}

#[test]
fn every_server_is_looked_at_and_not_the_first_alone() {
    let one = server();
    let two = Slapd::start(&SlapdOptions::default());
    // The second has no cn=posix.
    let flags =
        format!("is_active = \"cn=active,ou=groups,{BASE}\"\nx = \"cn=unique,ou=groups,{BASE}\"");
    let uris = format!("uris = [\"{}\", \"{}\"]", one.uri(), two.uri());
    let group = "member_attribute = \"uniqueMember\"";
    let config = one.config(&[("server", &uris), ("flags", &flags), ("group", group)]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 1, "{}", answer.text);
    let finding = answer.finding("group_missing");
    assert_eq!(finding["servers"], Value::from(vec![two.uri()]));
    let both = answer.finding("group_wrong_schema");
    assert_eq!(both["servers"], Value::from(vec![one.uri(), two.uri()]));
}

#[test]
fn a_server_that_is_not_trusted_is_told_from_one_that_is_down() {
    let server = server();
    let stranger = Slapd::start(&SlapdOptions::default());
    let tls = format!("ca_file = \"{}\"", stranger.ca_file().display());
    let config = server.config(&[
        ("server", &format!("uris = [\"{}\"]", server.ldaps_uri())),
        ("tls", &tls),
    ]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 3, "{}", answer.text);
    answer.finding("server_untrusted");
    assert_eq!(servers(&answer)[0]["cause"], "tls_untrusted");
}

/// Lines of slapd.conf(5) for a certificate of its own that is valid until this day.
fn certificate_until(slapd: &Slapd, (year, month, day): (i32, u8, u8)) -> String {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, "short");
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(year, month, day);
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    let certificate = slapd.file("short.pem", 0o644, &certificate);
    let key = slapd.file("short.key", 0o600, &key.serialize_pem());
    format!(
        "TLSCertificateFile {}\nTLSCertificateKeyFile {}\nTLSVerifyClient never",
        certificate.display(),
        key.display()
    )
}

#[test]
fn a_certificate_that_ends_is_a_warning() {
    let slapd = Slapd::start(&options());
    let uris = format!("uris = [\"{}\"]", slapd.ldaps_uri());
    let config = slapd.config(&[("server", &uris), ("tls", "verify = false")]);
    let soon = soon();
    for (until, id) in [
        ((2002, 1, 1), "certificate_expired"),
        (soon, "certificate_expires"),
    ] {
        slapd.restart_with_tls(&certificate_until(&slapd, until));
        let answer = ask(&config, &["check"], "");
        assert_eq!(answer.code, 0, "{}", answer.text);
        assert_eq!(answer.findings("warning"), ["not_verified", id]);
        answer.finding(id);
        let status = ask(&config, &["status"], "");
        let left = &servers(&status)[0]["connection"]["tls"]["days_left"];
        assert!(left.as_i64().is_some_and(|left| left < 30), "{left}");
    }
}

#[test]
fn a_certificate_behind_the_servers_own_counts_too() {
    let slapd = Slapd::start(&options());
    let (year, month, day) = soon();
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority
        .distinguished_name
        .push(DnType::CommonName, "Ending authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.not_after = date_time_ymd(year, month, day);
    let behind = authority
        .self_signed(&authority_key)
        .expect("a certificate")
        .pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let own = own.signed_by(&key, &issuer).expect("a certificate").pem();
    let chain = slapd.file("chain.pem", 0o644, &format!("{own}{behind}"));
    let key = slapd.file("chain.key", 0o600, &key.serialize_pem());
    slapd.restart_with_tls(&format!(
        "TLSCertificateFile {}\nTLSCertificateKeyFile {}\nTLSVerifyClient never",
        chain.display(),
        key.display()
    ));
    let uris = format!("uris = [\"{}\"]", slapd.ldaps_uri());
    let config = slapd.config(&[("server", &uris), ("tls", "verify = false")]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(
        answer.findings("warning"),
        ["not_verified", "certificate_expires"]
    );
    assert!(
        answer
            .line("[certificate_expires]")
            .contains("CN=Ending authority")
    );
    let chain = &servers(&answer)[0]["connection"]["tls"]["chain"];
    assert_eq!(chain[0]["subject"], "CN=Ending authority");
}

/// The day 20 days from now.
fn soon() -> (i32, u8, u8) {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let days = i64::try_from(now / 86_400).expect("a day") + 20;
    civil(days)
}

/// The date of a day since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i32, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let small = |number: i64| u8::try_from(number).expect("a small number");
    (
        i32::try_from(year).expect("a year"),
        small(month),
        small(day),
    )
}

#[test]
fn a_service_account_that_is_refused_is_an_error_and_the_server_is_up() {
    let server = server();
    let bind = format!("dn = \"{SERVICE_DN}\"\npassword = \"wrong\"");
    let config = server.config(&[("bind", &bind)]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert_eq!(answer.findings("error"), ["bind_refused"]);
    assert_eq!(
        answer.line_of("bind_refused"),
        line_with(&config, SERVICE_DN)
    );
    assert_eq!(servers(&answer)[0]["up"], true);
    assert_eq!(servers(&answer)[0]["bound"], false);
    answer.line("bind refused");
}

#[test]
fn the_kind_of_server_is_recognised_and_compared_with_the_type_of_group() {
    let schema = "attributetype ( 1.3.6.1.4.1.32473.1.9 NAME 'supportedCapabilities' \
                  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n";
    let root = tempfile::TempDir::new().expect("a directory");
    for (name, text, product, unfit) in [
        (
            "ad",
            "dn:\nsupportedCapabilities: 1.2.840.113556.1.4.800\n",
            "active_directory",
            true,
        ),
        ("389", "dn:\nvendorName: 389 Project\n", "389ds", false),
    ] {
        let file = root.path().join(name);
        std::fs::write(&file, text).expect("a file");
        let slapd = Slapd::start(&SlapdOptions {
            global: format!("{schema}rootDSE {}\n", file.display()),
            ..options()
        });
        let answer = ask(&slapd.config(&[]), &["check"], "");
        assert_eq!(answer.code, 0, "{}", answer.text);
        assert_eq!(servers(&answer)[0]["product"], product);
        let warned = answer.findings("warning").contains(&"group_type_unfit");
        assert_eq!(warned, unfit, "{}", answer.text);
    }
    let server = server();
    let config = server.config(&[("group", "type = \"active_directory\"")]);
    let answer = ask(&config, &["check"], "");
    answer.finding("group_type_unfit");
    assert_eq!(
        answer.line_of("group_type_unfit"),
        line_with(&config, "active_directory")
    );
}

#[test]
fn a_server_that_does_not_look_through_everything_is_no_dead_server() {
    let slapd = Slapd::start(&SlapdOptions {
        database: "limits * size.unchecked=1".to_owned(),
        ..options()
    });
    let config = slapd.config(&[]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("note"), ["search_cut_off"]);
    assert_eq!(
        answer.line_of("search_cut_off"),
        line_with(&config, "search = ")
    );
    assert!(
        answer
            .line("[search_cut_off]")
            .contains("adminLimitExceeded")
    );
    // Without its schema, slapd knows without a look that nobody has memberOf.
    assert_eq!(servers(&answer)[0]["member_of"], false);
    assert_eq!(servers(&answer)[0]["up"], true);
}
