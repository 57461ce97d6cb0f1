//! `rsldapctl check` and `status`: each server, up or down, trusted or not.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

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
    assert!(answer.line("protection: ").contains("TLSv1_3"));
    for line in [
        format!("up: {}", server.ldaps_uri()),
        "kind:        OpenLDAP".to_owned(),
        format!("address:     127.0.0.1:{}, ", server.tls_port()),
        format!("lookups:     as {SERVICE_DN}"),
        "memberOf:    on no user's entry".to_owned(),
        "a socket of this machine".to_owned(),
    ] {
        answer.line(&line);
    }
    // It fits a terminal of 80 columns.
    for line in answer.text.lines().filter(|line| !line.contains("ldapi")) {
        assert!(line.chars().count() < 80, "{line}");
    }
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

/// A server of our own that answers what it hears with this, on each connection once.
fn answering(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        // Kept open: whoever gets no answer waits.
        let mut kept = Vec::new();
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut heard = [0; 1024];
            let length = socket.read(&mut heard).unwrap_or(0);
            let _ = socket.write_all(&answer(&heard[..length]));
            kept.push(socket);
        }
    });
    port
}

#[test]
fn what_is_wrong_with_a_server_has_its_own_fix_and_takes_no_longer_than_a_login() {
    let server = server();
    let silent = answering(|_| Vec::new());
    let http = answering(|_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    for (uri, id, cause, fix) in [
        (
            format!("ldap://127.0.0.1:{silent}"),
            "server_down",
            "timeout",
            "ldaps://",
        ),
        (
            format!("ldaps://127.0.0.1:{silent}"),
            "server_down",
            "timeout",
            "correct the port",
        ),
        (
            format!("ldap://127.0.0.1:{http}"),
            "server_down",
            "protocol",
            "no LDAP server",
        ),
        (
            format!("ldaps://127.0.0.1:{http}"),
            "server_untrusted",
            "tls_protocol",
            "correct the port",
        ),
        (
            format!("ldap://127.0.0.1:{}", server.tls_port()),
            "server_down",
            "closed",
            "write ldaps://",
        ),
        (
            format!("ldaps://127.0.0.1:{}", server.port()),
            "server_down",
            "closed",
            "if no TLS is spoken",
        ),
        (
            format!("ldap://127.0.0.1:{}", free_port()),
            "server_down",
            "refused",
            "start it",
        ),
        (
            "ldapi://%2Fno%2Fsuch%2Fsocket".to_owned(),
            "server_down",
            "refused",
            "correct the path",
        ),
    ] {
        let lines = format!(
            "uris = [\"{uri}\"]\nconnect_timeout = \"400ms\"\noperation_timeout = \"400ms\""
        );
        let config = server.config(&[("server", &lines)]);
        let began = Instant::now();
        let answer = ask(&config, &["check"], "");
        // It is asked twice: for the text, and for JSON.
        assert!(began.elapsed() < Duration::from_secs(16), "{uri}");
        assert_eq!(answer.code, 3, "{}", answer.text);
        assert_eq!(answer.findings("error"), [id], "{}", answer.text);
        assert_eq!(servers(&answer)[0]["cause"], cause, "{}", answer.text);
        let said = answer.finding(id);
        assert!(said["fix"].as_str().unwrap().contains(fix), "{said}");
        // Once is enough.
        assert_eq!(answer.line(&format!("[{id}]")).matches(&uri).count(), 1);
    }
}

#[test]
fn a_server_that_repeats_the_password_does_not_get_it_shown() {
    const CANARY: &str = "canary-Z7q-secret";
    let port = answering(|request| {
        // A BindResponse (RFC 4511 §4.2.2): invalidCredentials, and all of the request as a text.
        let text = String::from_utf8_lossy(request).replace(|c: char| !c.is_ascii_graphic(), " ");
        assert!(text.contains(CANARY));
        let length = |length: usize| u8::try_from(length).expect("a short text");
        let mut answer = vec![0x30, length(12 + text.len()), 2, 1, request[4]];
        answer.extend([
            0x61,
            length(7 + text.len()),
            0x0a,
            1,
            49,
            4,
            0,
            4,
            length(text.len()),
        ]);
        answer.extend(text.as_bytes());
        answer
    });
    let server = server();
    let uris = format!("uris = [\"ldap://127.0.0.1:{port}\"]");
    let bind = format!("dn = \"cn=svc\"\npassword = \"{CANARY}\"");
    let config = server.config(&[("server", &uris), ("bind", &bind)]);
    for command in ["check", "status"] {
        let answer = ask(&config, &[command], "");
        let said = format!("{}{}", answer.text, answer.json);
        assert!(!said.contains(CANARY), "{said}");
        assert!(command == "status" || said.contains("[password]"), "{said}");
    }
}

#[test]
fn lookups_that_are_refused_have_a_fix_for_each_way_to_bind() {
    let refusing = |global: &str| {
        Slapd::start(&SlapdOptions {
            global: global.to_owned(),
            ..options()
        })
    };
    let bind = format!("dn = \"{SERVICE_DN}\"\npassword = \"service-secret\"");
    for (slapd, bind, fix) in [
        (refusing("disallow bind_anon"), "", "give [bind] a dn"),
        (
            refusing("security simple_bind=128"),
            bind.as_str(),
            "write ldaps://",
        ),
        (
            refusing(""),
            "mechanism = \"external\"",
            "client_certificate",
        ),
    ] {
        let tls = format!("ca_file = \"{}\"", slapd.ca_file().display());
        let uri = match bind.contains("external") {
            true => slapd.ldaps_uri(),
            false => slapd.uri(),
        };
        let uris = format!("uris = [\"{uri}\"]");
        let config = slapd.config(&[("server", &uris), ("tls", &tls), ("bind", bind)]);
        let answer = ask(&config, &["check"], "");
        assert_eq!(answer.code, 1, "{}", answer.text);
        let said = answer.finding("bind_refused");
        assert!(said["fix"].as_str().unwrap().contains(fix), "{said}");
        assert_eq!(servers(&answer)[0]["up"], true);
    }
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
    // As it stands there it can be run: it asks for the password.
    let fix = answer.finding("bind_refused")["fix"].clone();
    let command = format!("ldapwhoami -x -W -H {} -D \"{SERVICE_DN}\"", server.uri());
    assert!(fix.as_str().unwrap().contains(&command), "{fix}");
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
