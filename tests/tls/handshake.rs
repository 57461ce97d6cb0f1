//! Servers that do not do the handshake as they should: it ends in time, and nothing was sent.

use std::time::Duration;

use rustls::ALL_VERSIONS;

use crate::fixture::{Host, address, assert_no_credential, ca_file, config, section, server};
use crate::recorder::{BOTH, Opening, Recorder};
use crate::scripted::{Script, Scripted};
use crate::zoo::{Authority, HOST};

/// `connect_timeout` in these tests.
const PATIENCE: Duration = Duration::from_millis(600);
const TLS_PROTOCOL: &[&str] = &["tls_protocol"];
const TIMEOUT: &[&str] = &["timeout", "connect_timeout"];
const CLOSED: &[&str] = &["closed"];

type Case = (&'static str, &'static [&'static str], Script);

/// Both phases of a login at a server that is spoken to in TLS.
fn assert_unavailable(cases: Vec<Case>) {
    let slapd = server();
    let trusted = Authority::new("Trusted authority").pem;
    let mut host = Host::enter();
    for (what, causes, script) in cases {
        let fake = Scripted::start(script);
        let server = section(Opening::Ldaps, HOST, fake.port());
        let patience = PATIENCE.as_millis();
        let server = format!("{server}connect_timeout = \"{patience}ms\"");
        let config = config(&slapd, &server, &ca_file(&slapd, &trusted));
        for ended in [host.login(&config), host.account(&config)] {
            ended.assert_unavailable(what, causes, PATIENCE + Duration::from_millis(500));
        }
        for bytes in fake.received(2) {
            assert_no_credential(&bytes, what);
            let is_tls = bytes.is_empty() || matches!(bytes[..2], [22, 3]);
            assert!(is_tls, "{what}: neither TLS nor nothing: {bytes:x?}");
        }
    }
}

/// A record of TLS 1.2, RFC 5246 §6.2.1.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len())
        .expect("a record")
        .to_be_bytes();
    [&[kind, 3, 3][..], &length, content].concat()
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// Sends this once the client has said hello.
fn answer(bytes: Vec<u8>) -> Script {
    Box::new(move |peer| {
        peer.hello();
        peer.send(&bytes);
    })
}

/// Sends this without end.
fn flood(bytes: Vec<u8>) -> Script {
    Box::new(move |peer| {
        peer.hello();
        peer.flood(&bytes);
    })
}

#[test]
fn an_alert_or_an_end_in_the_middle_is_unavailable_at_once() {
    assert_unavailable(vec![
        (
            "a fatal alert",
            TLS_PROTOCOL,
            answer(record(ALERT, &[2, 40])),
        ),
        (
            "an internal error",
            TLS_PROTOCOL,
            answer(record(ALERT, &[2, 80])),
        ),
        (
            "close_notify",
            &["closed", "tls_protocol"],
            Box::new(|peer| {
                peer.hello();
                peer.send(&record(ALERT, &[1, 0]));
                peer.close();
            }),
        ),
        (
            "close_notify and silence",
            &["closed", "tls_protocol", "timeout"],
            answer(record(ALERT, &[1, 0])),
        ),
        (
            "the end, without a word",
            CLOSED,
            Box::new(|peer| {
                peer.hello();
                peer.close();
            }),
        ),
        ("the end at once", CLOSED, Box::new(|peer| peer.close())),
        (
            "the end within a record",
            CLOSED,
            Box::new(|peer| {
                peer.hello();
                peer.send(&record(HANDSHAKE, &[2, 0, 0, 70, 3, 3])[..8]);
                peer.close();
            }),
        ),
    ]);
}

#[test]
fn what_is_no_tls_is_tls_protocol() {
    assert_unavailable(vec![
        (
            "text",
            TLS_PROTOCOL,
            answer(b"220 mail.example.com ESMTP\r\n".to_vec()),
        ),
        (
            "HTTP",
            TLS_PROTOCOL,
            answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec()),
        ),
        ("zeros", TLS_PROTOCOL, answer(vec![0; 1000])),
        (
            "application data",
            TLS_PROTOCOL,
            answer(record(23, &[7; 100])),
        ),
        (
            "a client's hello",
            TLS_PROTOCOL,
            answer(record(HANDSHAKE, &[1, 0, 0, 4, 3, 3, 0, 0])),
        ),
        (
            "an unknown record",
            TLS_PROTOCOL,
            answer(record(99, &[7; 100])),
        ),
        (
            "an unknown message",
            TLS_PROTOCOL,
            answer(record(HANDSHAKE, &[99, 0, 0, 4, 1, 2, 3, 4])),
        ),
        (
            "a record that is too long",
            TLS_PROTOCOL,
            answer(record(HANDSHAKE, &[2; 20_000])),
        ),
    ]);
}

#[test]
fn a_stream_without_end_ends_in_time() {
    // All of them are what a server may send, only not so often.
    const EITHER: &[&str] = &["tls_protocol", "timeout", "connect_timeout", "too_large"];
    let warning = record(ALERT, &[1, 90]);
    // The first of 16 MiB of a ServerHello, and more and more of it.
    let mut endless = vec![7; 16_000];
    endless[..4].copy_from_slice(&[2, 0xff, 0xff, 0xff]);
    let (head, body) = (record(HANDSHAKE, &endless), record(HANDSHAKE, &[7; 16_000]));
    assert_unavailable(vec![
        ("warnings", EITHER, flood(warning.repeat(100))),
        (
            "empty records",
            EITHER,
            flood(record(HANDSHAKE, &[]).repeat(100)),
        ),
        (
            "requests for a new hello",
            EITHER,
            flood(record(HANDSHAKE, &[0; 4]).repeat(100)),
        ),
        (
            "changes of the cipher",
            EITHER,
            flood(record(20, &[1]).repeat(100)),
        ),
        (
            "a message of 16 MiB",
            EITHER,
            Box::new(move |peer| {
                peer.hello();
                peer.send(&head);
                peer.flood(&body);
            }),
        ),
        ("junk", TLS_PROTOCOL, flood(vec![0xa5; 65_536])),
    ]);
}

#[test]
fn a_slow_or_silent_server_costs_no_more_than_connect_timeout() {
    assert_unavailable(vec![
        ("silence", TIMEOUT, Box::new(|_| ())),
        (
            "one byte now and then",
            TIMEOUT,
            Box::new(|peer| {
                peer.hello();
                let hello = record(HANDSHAKE, &[2, 0, 0, 70]);
                peer.drip(&hello, Duration::from_millis(120));
            }),
        ),
    ]);
    // A good handshake, only far too slow.
    let trusted = Authority::new("Trusted authority");
    let slapd = server();
    let mut host = Host::enter();
    for opening in BOTH {
        let recorder = Recorder::start_at(
            "127.0.0.1".parse().expect("an address"),
            opening,
            trusted.server(&[HOST]).server(ALL_VERSIONS),
            address(&slapd),
            Some(Duration::from_millis(10)),
        );
        let patience = PATIENCE.as_millis();
        let section = format!(
            "{}connect_timeout = \"{patience}ms\"",
            recorder.section(HOST)
        );
        let config = config(&slapd, &section, &ca_file(&slapd, &trusted.pem));
        host.login(&config).assert_unavailable(
            "a good handshake in drops",
            TIMEOUT,
            PATIENCE + Duration::from_millis(500),
        );
        assert!(recorder.record(1).decrypted.is_empty());
    }
}

#[test]
fn a_good_handshake_in_single_bytes_works() {
    let trusted = Authority::new("Trusted authority");
    let slapd = server();
    let mut host = Host::enter();
    for opening in BOTH {
        let recorder = Recorder::start_at(
            "127.0.0.1".parse().expect("an address"),
            opening,
            trusted.server(&[HOST]).server(ALL_VERSIONS),
            address(&slapd),
            Some(Duration::ZERO),
        );
        let config = config(
            &slapd,
            &recorder.section(HOST),
            &ca_file(&slapd, &trusted.pem),
        );
        host.login(&config).assert_granted("byte after byte");
        assert_eq!(recorder.record(1).handshakes, 1);
    }
}
