//! StartTLS (RFC 4511 §4.14) with a server, or somebody in the middle, that does not mean it. The
//! password waits for TLS, whatever is answered.

use std::net::SocketAddr;
use std::time::Duration;

use crate::ber::{self, tag};
use crate::common::slapd::Slapd;
use crate::fixture::{Host, address, assert_no_credential, ca_file, section, server};
use crate::recorder::Opening;
use crate::scripted::{Script, Scripted};
use crate::zoo::{Authority, HOST};

/// The object identifier of StartTLS.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// One refusal.
const LIMIT: Duration = Duration::from_secs(1);
/// `connect_timeout` where it matters.
const PATIENCE: Duration = Duration::from_millis(600);

/// What the server does, and what may be the cause in the log.
struct Case {
    what: String,
    causes: &'static [&'static str],
    script: Script,
}

fn case(what: impl Into<String>, causes: &'static [&'static str], script: Script) -> Case {
    Case {
        what: what.into(),
        causes,
        script,
    }
}

fn extended(id: i64, code: i64) -> Vec<u8> {
    ber::message(id, ber::result(tag::EXTENDED_RESPONSE, code))
}

/// A bind that went well, as somebody in the middle would like to have answered it.
fn forged_bind(id: i64) -> Vec<u8> {
    ber::message(id, ber::result(tag::BIND_RESPONSE, 0))
}

/// Tries both phases of a login at a server of each kind.
fn assert_unavailable(cases: impl FnOnce(SocketAddr) -> Vec<Case>) {
    let slapd = server();
    let trusted = Authority::new("Trusted authority");
    let mut host = Host::enter();
    for case in cases(address(&slapd)) {
        assert_case(&slapd, &mut host, &trusted.pem, case);
    }
}

fn assert_case(slapd: &Slapd, host: &mut Host, trusted: &str, case: Case) {
    let Case {
        what,
        causes,
        script,
    } = case;
    let fake = Scripted::start(script);
    let patience = PATIENCE.as_millis();
    let server = section(Opening::StartTls, HOST, fake.port());
    let server = format!("{server}connect_timeout = \"{patience}ms\"");
    let config = crate::fixture::config(slapd, &server, &ca_file(slapd, trusted));
    for ended in [host.login(&config), host.account(&config)] {
        ended.assert_unavailable(&what, causes, PATIENCE + LIMIT / 2);
        let server = format!("server=ldap://{HOST}");
        assert!(ended.decision().contains(&server), "{what}: {ended:#?}");
    }
    for bytes in fake.received(2) {
        assert_only_start_tls(&bytes, &what);
    }
}

/// One StartTLS request, and then TLS or nothing.
fn assert_only_start_tls(bytes: &[u8], what: &str) {
    assert_no_credential(bytes, what);
    let (_, message, rest) = ber::take(bytes).unwrap_or_else(|| panic!("{what}: {bytes:x?}"));
    let (_, _, operation) = ber::take(message).expect("a message id");
    let (kind, operation, controls) = ber::take(operation).expect("an operation");
    let (_, name, value) = ber::take(operation).expect("a name");
    assert_eq!(
        (kind, name, value, controls),
        (0x77, START_TLS.as_bytes(), &[][..], &[][..]),
        "{what}: the first message is a StartTLS request and no more"
    );
    // 21 is an alert and 22 a handshake, RFC 8446 §5.1.
    let is_tls = rest.is_empty() || matches!(rest[..2], [21 | 22, 3]);
    assert!(is_tls, "{what}: neither TLS nor nothing: {rest:x?}");
}

#[test]
fn a_refusal_is_starttls_refused_and_the_login_does_not_go_on_in_clear() {
    assert_unavailable(|slapd| {
        [1, 2, 12, 52, 53, 80]
            .into_iter()
            .map(|code| {
                let script = move |peer: &mut crate::scripted::Peer| {
                    let id = peer.request();
                    peer.send(&extended(id, code));
                    // A client that went on would find everything as it should be.
                    peer.relay_to(slapd);
                };
                case(
                    format!("result code {code}"),
                    &["starttls_refused"],
                    Box::new(script),
                )
            })
            .collect()
    });
}

#[test]
fn a_server_that_closes_instead_is_unavailable() {
    assert_unavailable(|_| {
        vec![
            case("closes at once", &["closed"], Box::new(|peer| peer.close())),
            case(
                "closes instead of an answer",
                &["closed"],
                Box::new(|peer| {
                    peer.request();
                    peer.close();
                }),
            ),
            case(
                "closes within the answer",
                &["closed"],
                Box::new(|peer| {
                    let id = peer.request();
                    peer.send(&extended(id, 0)[..6]);
                    peer.close();
                }),
            ),
            case(
                "closes after the answer",
                &["closed"],
                Box::new(|peer| {
                    let id = peer.request();
                    peer.send(&extended(id, 0));
                    peer.hello();
                    peer.close();
                }),
            ),
        ]
    });
}

#[test]
fn a_silent_server_costs_no_more_than_connect_timeout() {
    assert_unavailable(|_| {
        vec![
            case(
                "silent from the beginning",
                &["timeout", "connect_timeout"],
                Box::new(|_| ()),
            ),
            case(
                "silent within the answer",
                &["timeout", "connect_timeout"],
                Box::new(|peer| {
                    let id = peer.request();
                    peer.send(&extended(id, 0)[..6]);
                }),
            ),
            case(
                "one byte now and then",
                &["timeout", "connect_timeout"],
                Box::new(|peer| {
                    let id = peer.request();
                    peer.drip(&extended(id, 0), Duration::from_millis(100));
                }),
            ),
            case(
                "silent after the answer",
                &["timeout", "connect_timeout"],
                Box::new(|peer| {
                    let id = peer.request();
                    peer.send(&extended(id, 0));
                }),
            ),
        ]
    });
}

#[test]
fn an_answer_that_is_none_is_unavailable() {
    let answer = |bytes: fn(i64) -> Vec<u8>| -> Script {
        Box::new(move |peer| {
            let id = peer.request();
            peer.send(&bytes(id));
        })
    };
    assert_unavailable(|_| {
        vec![
            case("text", &["protocol"], answer(|_| b"220 ready\r\n".to_vec())),
            case(
                "HTTP",
                &["protocol"],
                answer(|_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            ),
            case("zeros", &["protocol"], answer(|_| vec![0; 64])),
            case(
                "TLS already",
                &["protocol"],
                answer(|_| vec![22, 3, 3, 0, 4, 2, 0, 0, 0]),
            ),
            case(
                "a message without end",
                &["protocol", "too_large"],
                answer(|_| [&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff][..], &[0; 64]].concat()),
            ),
            case(
                "an indefinite length",
                &["protocol"],
                answer(|_| [&[0x30, 0x80][..], &[0; 64]].concat()),
            ),
            case(
                "nested without end",
                &["protocol", "too_deep"],
                answer(|id| ber::message(id, ber::nested(0x30, 1000))),
            ),
            case("a bind response", &["protocol"], answer(forged_bind)),
            case(
                "the end of a search",
                &["protocol"],
                answer(|id| ber::message(id, ber::result(tag::SEARCH_DONE, 0))),
            ),
            case(
                "an intermediate response",
                &["protocol"],
                answer(|id| ber::message(id, ber::of(tag::INTERMEDIATE_RESPONSE, &[]))),
            ),
            case(
                "another message id",
                &["protocol"],
                answer(|id| extended(id + 1, 0)),
            ),
            case(
                "a notice of disconnection",
                &["protocol", "closed", "busy", "starttls_refused"],
                answer(|_| extended(0, 52)),
            ),
            case(
                "a good answer with message id 0",
                &["protocol", "closed"],
                answer(|_| extended(0, 0)),
            ),
            case(
                "an answer without a result code",
                &["protocol"],
                answer(|id| ber::message(id, ber::of(tag::EXTENDED_RESPONSE, &[]))),
            ),
        ]
    });
}

#[test]
fn bytes_behind_the_answer_are_fatal() {
    // What is in the same segment was sent before TLS, by anybody.
    const INJECTED: &[&str] = &["protocol", "starttls_refused"];
    let with = |more: fn(i64) -> Vec<u8>| -> Script {
        Box::new(move |peer| {
            let id = peer.request();
            peer.send(&[extended(id, 0), more(id)].concat());
        })
    };
    assert_unavailable(|_| {
        vec![
            case("a forged bind", INJECTED, with(|id| forged_bind(id + 1))),
            case("a second answer", INJECTED, with(|id| extended(id, 0))),
            case("one byte", INJECTED, with(|_| vec![0x30])),
            case(
                "TLS before its time",
                INJECTED,
                with(|_| vec![22, 3, 3, 0, 4, 2, 0, 0, 0]),
            ),
        ]
    });
}

#[test]
fn a_forged_answer_in_the_place_of_tls_is_fatal() {
    assert_unavailable(|slapd| {
        vec![
            case(
                "a forged bind, later",
                &["tls_protocol", "protocol"],
                Box::new(|peer| {
                    let id = peer.request();
                    peer.send(&extended(id, 0));
                    peer.pause();
                    peer.send(&forged_bind(id + 1));
                }),
            ),
            case(
                "a forged bind instead of the server's hello",
                &["tls_protocol"],
                Box::new(|peer| {
                    let id = peer.request();
                    peer.send(&extended(id, 0));
                    peer.hello();
                    peer.send(&forged_bind(id + 1));
                }),
            ),
            case(
                "a server that goes on in clear",
                &["tls_protocol", "closed"],
                Box::new(move |peer| {
                    let id = peer.request();
                    peer.send(&extended(id, 0));
                    peer.relay_to(slapd);
                    peer.close();
                }),
            ),
        ]
    });
}
