//! `rsldapctl check`: what servers show of themselves by TLS, and how long it is good.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::Value;

use crate::common::slapd::{Slapd, SlapdOptions};
use crate::fixture::{Answer, ask, line_with, options, server};

/// What a certificate says: its name, and how many days it is good.
struct Wish {
    name: &'static str,
    host: Option<&'static str>,
    days: i64,
}

/// For an authority, and for the server on loopback.
const AUTHORITY: Wish = Wish {
    name: "Authority",
    host: None,
    days: 1000,
};
const SERVER: Wish = Wish {
    name: "Server",
    host: Some("127.0.0.1"),
    days: 100,
};

/// A certificate in PEM form, and what signs with it.
struct Made {
    pem: String,
    key: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Makes one that is signed by another, or by itself.
fn make(wish: &Wish, signed_by: Option<&Made>) -> Made {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    // Half a day more: the days that are left are whole ones.
    let end = i64::try_from(now.as_secs()).expect("seconds") + wish.days * 86_400 + 43_200;
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> = wish.host.map(str::to_owned).into_iter().collect();
    let mut params = CertificateParams::new(names).expect("parameters");
    params
        .distinguished_name
        .push(DnType::CommonName, wish.name);
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(end.unsigned_abs());
    if wish.host.is_none() {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let made = match signed_by {
        Some(made) => params.signed_by(&key, &made.issuer),
        None => params.self_signed(&key),
    };
    Made {
        pem: made.expect("a certificate").pem(),
        key: key.serialize_pem(),
        issuer: Issuer::new(params, key),
    }
}

/// A slapd that shows `own` and what is behind it.
fn showing(slapd: &Slapd, own: &Made, behind: &[&Made]) {
    let chain: String = behind.iter().map(|one| one.pem.as_str()).collect();
    let chain = slapd.file("chain.pem", 0o644, &format!("{}{chain}", own.pem));
    let key = slapd.file("chain.key", 0o600, &own.key);
    slapd.restart_with_tls(&format!(
        "TLSCertificateFile {}\nTLSCertificateKeyFile {}\nTLSVerifyClient never",
        chain.display(),
        key.display()
    ));
}

/// The answer for that server with these lines of `[tls]`.
fn check(slapd: &Slapd, tls: &str) -> Answer {
    let uris = format!("uris = [\"{}\"]", slapd.ldaps_uri());
    let config = slapd.config(&[("server", &uris), ("tls", tls)]);
    let answer = ask(&config, &["check"], "");
    if !answer.findings("error").is_empty() {
        let place = answer.line_of("server_untrusted");
        assert_eq!(place, line_with(&config, "uris"));
    }
    answer
}

/// The same, with this authority trusted.
fn check_trusting(slapd: &Slapd, authority: &Made) -> Answer {
    let file = slapd.file("trusted.pem", 0o644, &authority.pem);
    check(slapd, &format!("ca_file = \"{}\"", file.display()))
}

fn of_server(answer: &Answer) -> &Value {
    &answer.json["servers"][0]
}

#[test]
fn the_way_from_the_server_to_the_authority_is_shown_with_the_days_that_are_left() {
    let slapd = Slapd::start(&options());
    let authority = make(&AUTHORITY, None);
    let between = Wish {
        name: "Between",
        days: 200,
        ..AUTHORITY
    };
    let between = make(&between, Some(&authority));
    showing(&slapd, &make(&SERVER, Some(&between)), &[&between]);
    let answer = check_trusting(&slapd, &authority);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert!(answer.findings("warning").is_empty(), "{}", answer.text);
    let tls = &of_server(&answer)["connection"]["tls"];
    assert_eq!(tls["days_left"], 100);
    assert_eq!(tls["chain"][0]["subject"], "CN=Between");
    assert_eq!(tls["chain"][0]["days_left"], 200);
    answer.line("certificate: CN=Server, 100 days left");
    answer.line("signed by:   CN=Between, 200 days left");
    answer.line("signed by:   CN=Authority");
}

#[test]
fn a_server_that_is_not_trusted_is_told_from_one_that_is_down_and_what_it_shows_is_seen() {
    let slapd = Slapd::start(&options());
    let authority = make(&AUTHORITY, None);
    let between = Wish {
        name: "Between",
        ..AUTHORITY
    };
    let between = make(&between, Some(&authority));
    let ended = Wish { days: -3, ..SERVER };
    let other = Wish {
        host: Some("ldap.example.com"),
        ..SERVER
    };
    for (own, cause, what, fix) in [
        (
            make(&ended, Some(&authority)),
            "tls_expired",
            "has expired",
            "renew it",
        ),
        (
            make(&other, Some(&authority)),
            "tls_name",
            "ldap.example.com",
            "subjectAltName",
        ),
        (
            make(&SERVER, None),
            "tls_untrusted",
            "no trusted authority",
            "CN=Server",
        ),
        // The one between is missing.
        (
            make(&SERVER, Some(&between)),
            "tls_untrusted",
            "no trusted authority",
            "CN=Between",
        ),
    ] {
        let days = if cause == "tls_expired" {
            "expired 3 days ago"
        } else {
            "100 days left"
        };
        showing(&slapd, &own, &[]);
        let watch = slapd.watch();
        let answer = check_trusting(&slapd, &authority);
        assert_eq!(answer.code, 3, "{}", answer.text);
        assert_eq!(answer.findings("error"), ["server_untrusted"]);
        let said = answer.finding("server_untrusted");
        assert!(said["what"].as_str().unwrap().contains(what), "{said}");
        assert!(said["fix"].as_str().unwrap().contains(fix), "{said}");
        assert_eq!(of_server(&answer)["cause"], cause);
        assert_eq!(of_server(&answer)["up"], false);
        assert_eq!(of_server(&answer)["connection"]["tls"]["verified"], false);
        answer.line(&format!("certificate: CN=Server, {days}"));
        // A look at the certificate is no reason to send anything.
        let operations = watch.operations();
        assert!(operations.binds.is_empty() && operations.searches.is_empty());
    }
}

#[test]
fn a_certificate_that_ends_is_a_warning() {
    let slapd = Slapd::start(&options());
    let of_authority = make(&AUTHORITY, None);
    for (days, id) in [(-3, "certificate_expired"), (20, "certificate_expires")] {
        let own = make(&Wish { days, ..SERVER }, Some(&of_authority));
        showing(&slapd, &own, &[]);
        let answer = check(&slapd, "verify = false");
        assert_eq!(answer.code, 0, "{}", answer.text);
        assert_eq!(answer.findings("warning"), ["not_verified", id]);
        answer.finding(id);
        answer.line("NOT VERIFIED");
        let left = &of_server(&answer)["connection"]["tls"]["days_left"];
        assert_eq!(*left, days);
    }
}

#[test]
fn a_certificate_behind_the_servers_own_counts_too() {
    let slapd = Slapd::start(&options());
    let ending = Wish {
        name: "Ending authority",
        days: 20,
        ..AUTHORITY
    };
    let ending = make(&ending, None);
    showing(&slapd, &make(&SERVER, Some(&ending)), &[&ending]);
    let answer = check(&slapd, "verify = false");
    assert_eq!(answer.code, 0, "{}", answer.text);
    let warnings = answer.findings("warning");
    assert_eq!(warnings, ["not_verified", "certificate_expires"]);
    let line = answer.line("[certificate_expires]");
    assert!(line.contains("CN=Ending authority"), "{line}");
}

#[test]
fn a_trusted_authority_that_has_expired_is_a_warning_and_the_server_is_up() {
    let slapd = Slapd::start(&options());
    let old = make(
        &Wish {
            days: -3,
            ..AUTHORITY
        },
        None,
    );
    showing(&slapd, &make(&SERVER, Some(&old)), &[]);
    let answer = check_trusting(&slapd, &old);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.findings("warning"), ["ca_expired"]);
    assert_eq!(of_server(&answer)["up"], true);
}

#[test]
fn start_tls_is_named_and_verified() {
    let server = server();
    let settings = format!("uris = [\"{}\"]\nstart_tls = true", server.uri());
    let tls = format!("ca_file = \"{}\"", server.ca_file().display());
    let config = server.config(&[("server", &settings), ("tls", &tls)]);
    let answer = ask(&config, &["check"], "");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(of_server(&answer)["connection"]["protection"], "starttls");
    answer.line(", by StartTLS");
    let without = Slapd::start(&SlapdOptions {
        tls: Some(String::new()),
        ..options()
    });
    let settings = format!("uris = [\"{}\"]\nstart_tls = true", without.uri());
    let answer = ask(
        &without.config(&[("server", &settings), ("tls", &tls)]),
        &["check"],
        "",
    );
    assert_eq!(answer.code, 3, "{}", answer.text);
    assert_eq!(of_server(&answer)["cause"], "starttls_refused");
    let said = answer.finding("server_untrusted");
    assert!(said["fix"].as_str().unwrap().contains("ldaps://"), "{said}");
}
