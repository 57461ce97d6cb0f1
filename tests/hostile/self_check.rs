//! The tools of these tests, tried without the module: a check that cannot fail proves nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use super::ber::{self, Request, tag};
use super::child::{self, Phase};
use super::devlog::field;
use super::server::{Point, SERVICE_DN, SERVICE_PASSWORD, Server, USER_DN, USERS_DN};
use super::wire::Wire;

fn bind(id: i64, dn: &str, password: &str) -> Vec<u8> {
    let parts = [
        ber::number(2, 3),
        ber::octets(dn),
        ber::tlv(0x80, password.as_bytes()),
    ];
    ber::message(id, ber::of(tag::BIND_REQUEST, &parts))
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn numbers_are_encoded_in_as_few_octets_as_possible() {
    let encoded = [0, 127, 128, -1, -128, -129, 1 << 32].map(|value| ber::number(2, value));
    assert_eq!(encoded[0], [2, 1, 0]);
    assert_eq!(encoded[1], [2, 1, 127]);
    assert_eq!(encoded[2], [2, 2, 0, 128]);
    assert_eq!(encoded[3], [2, 1, 0xff]);
    assert_eq!(encoded[4], [2, 1, 0x80]);
    assert_eq!(encoded[5], [2, 2, 0xff, 0x7f]);
    assert_eq!(encoded[6], [2, 5, 1, 0, 0, 0, 0]);
}

#[test]
fn nested_elements_fit_each_other() {
    let bytes = ber::nested(tag::SEQUENCE, 1000);
    let (mut rest, mut levels) = (&bytes[..], 0);
    while let Some((_, content, after)) = ber::take(rest) {
        assert!(after.is_empty());
        (rest, levels) = (content, levels + 1);
    }
    assert_eq!((levels, rest.len()), (1000, 0));
}

#[test]
fn a_request_is_taken_apart() {
    let request = Request::parse(&bind(300, USER_DN, "secret")).unwrap();
    assert_eq!((request.id, request.tag), (300, tag::BIND_REQUEST));
    assert_eq!(
        (request.dn.as_str(), &request.password[..]),
        (USER_DN, &b"secret"[..])
    );
}

#[test]
fn an_honest_server_answers_and_records() {
    let server = Server::honest();
    let mut stream = connect(&server);
    let right = bind(1, SERVICE_DN, SERVICE_PASSWORD);
    stream.write_all(&right).unwrap();
    assert_eq!(
        read(&mut stream, 14),
        b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
    );
    let wrong = bind(2, USER_DN, "wrong");
    stream.write_all(&wrong).unwrap();
    assert_eq!(
        read(&mut stream, 14),
        b"\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x31\x04\x00\x04\x00"
    );
    let search = ber::message(3, ber::of(tag::SEARCH_REQUEST, &[ber::octets(USERS_DN)]));
    stream.write_all(&search).unwrap();
    assert_eq!(read(&mut stream, 6)[5], tag::SEARCH_ENTRY);
    let record = server.wait_for(|record| record.requests.len() == 3);
    assert_eq!(record.bytes, [right, wrong, search].concat());
    assert_eq!(
        record.points(),
        [Point::ServiceBind, Point::UserBind, Point::Search]
    );
    assert_eq!(record.connections, 1);
}

#[test]
fn a_script_runs_at_its_point() {
    let act = |wire: &mut Wire, _: &Request| wire.reset();
    let server = Server::start(Point::UserBind, Arc::new(Box::new(act)), 0);
    let mut stream = connect(&server);
    stream
        .write_all(&bind(1, SERVICE_DN, SERVICE_PASSWORD))
        .unwrap();
    read(&mut stream, 14);
    stream.write_all(&bind(2, USER_DN, "x")).unwrap();
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_port_without_a_server_refuses() {
    let server = Server::start(Point::Connect, Arc::new(Box::new(|_, _| {})), 0);
    let error = TcpStream::connect(("127.0.0.1", server.port())).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn an_honest_login_is_granted_and_its_log_line_is_caught() {
    let server = Server::honest();
    for phase in [Phase::Auth, Phase::Account] {
        let report = child::login(server.port(), phase, None).unwrap();
        assert_eq!(report.code, 0, "{phase:?}: {report:?}");
        assert_eq!(report.log.len(), 1, "{phase:?}: {report:?}");
        assert_eq!(field(&report.log[0], "outcome"), Some("granted"));
    }
}
