//! Against a small name server on a free port of 127.0.0.1, and 127.0.0.2 for the second one.

mod files;
mod hostile;
mod server;
mod services;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use server::{A, AAAA, CNAME, Server, reply, truncated};

use super::{Sources, Trouble};
use crate::directory::Cause;

const CONF: &str = "nameserver 127.0.0.1\nsearch example.com\noptions timeout:1 attempts:1\n";

/// Looks a name up with these two files.
fn resolve(hosts: &str, conf: Option<&str>, port: u16, name: &str) -> Result<Vec<IpAddr>, Trouble> {
    with_files(hosts, conf, port, async |sources| {
        sources.resolve(name).await
    })
}

fn with_files<T>(
    hosts: &str,
    conf: Option<&str>,
    port: u16,
    look_up: impl AsyncFnOnce(&Sources) -> T,
) -> T {
    let dir = tempfile::tempdir().unwrap();
    let sources = Sources {
        hosts: dir.path().join("hosts"),
        resolv_conf: dir.path().join("resolv.conf"),
        port,
    };
    std::fs::write(&sources.hosts, hosts).unwrap();
    if let Some(conf) = conf {
        std::fs::write(&sources.resolv_conf, conf).unwrap();
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(look_up(&sources))
}

fn ask(server: &Server, name: &str) -> Result<Vec<IpAddr>, Trouble> {
    resolve("", Some(CONF), server.port, name)
}

fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|ip| ip.parse().unwrap()).collect()
}

#[test]
fn the_families_take_turns_and_ipv4_begins() {
    let server = Server::udp(|q| {
        let data: Vec<Vec<u8>> = match q.kind {
            A => (1..=3).map(|last| vec![192, 0, 2, last]).collect(),
            _ => [0x20, 0x21, 0x20].map(|byte| vec![byte; 16]).to_vec(),
        };
        let records: Vec<_> = data
            .iter()
            .map(|data| (q.name.as_str(), q.kind, data.as_slice()))
            .collect();
        vec![reply(q, 0, &records)]
    });
    let expected = ips(&[
        "192.0.2.1",
        "2020:2020:2020:2020:2020:2020:2020:2020",
        "192.0.2.2",
        "2121:2121:2121:2121:2121:2121:2121:2121",
        "192.0.2.3",
    ]);
    assert_eq!(ask(&server, "dc.Example.org").unwrap(), expected);
}

#[test]
fn sixteen_addresses_are_used_of_both_families() {
    let server = Server::udp(|q| {
        let data: Vec<Vec<u8>> = (1..=60)
            .map(|last| vec![last; if q.kind == A { 4 } else { 16 }])
            .collect();
        let records: Vec<_> = data
            .iter()
            .map(|data| (q.name.as_str(), q.kind, data.as_slice()))
            .collect();
        vec![reply(q, 0, &records)]
    });
    let found = ask(&server, "dc.example.org").unwrap();
    assert_eq!(found.len(), 16);
    assert_eq!(found.iter().filter(|ip| ip.is_ipv6()).count(), 8);
}

#[test]
fn an_alias_is_followed() {
    let server = Server::udp(|q| {
        let records: &[(&str, u16, &[u8])] = &[
            (&q.name, CNAME, b"\x04real\x07example\x03org\x00"),
            ("REAL.example.org", A, &[192, 0, 2, 2]),
        ];
        vec![reply(
            q,
            0,
            if q.kind == A { records } else { &records[..1] },
        )]
    });
    assert_eq!(ask(&server, "dc.example.org").unwrap(), ips(&["192.0.2.2"]));
}

#[test]
fn an_alias_of_itself_has_no_address() {
    let server = Server::udp(|q| {
        vec![reply(
            q,
            0,
            &[("a.example.org", CNAME, b"\x01a\x07example\x03org\x00")],
        )]
    });
    let trouble = ask(&server, "a.example.org.").unwrap_err();
    assert!(trouble.detail.contains("has no address"), "{trouble:?}");
}

#[test]
fn what_is_no_answer_to_the_question_is_ignored() {
    let server = Server::udp(|q| {
        let forged: &[(&str, u16, &[u8])] = &[(&q.name, A, &[6, 6, 6, 6])];
        let mut wrong_id = reply(q, 0, forged);
        wrong_id[0] ^= 1;
        let mut a_query = reply(q, 0, forged);
        a_query[2] &= 0x7f;
        let mut wrong_question = reply(q, 0, forged);
        wrong_question[13] ^= 1;
        let mut loops = reply(q, 0, &[]);
        loops[7] = 1;
        let at = loops.len() as u8;
        loops.extend([0xc0, at, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 6, 6, 6, 6]);
        let good: &[(&str, u16, &[u8])] = &[(&q.name, A, &[192, 0, 2, 3])];
        let good = reply(q, 0, if q.kind == A { good } else { &[] });
        vec![
            wrong_id,
            a_query,
            wrong_question,
            vec![0xff; 300],
            vec![],
            loops,
            good,
        ]
    });
    assert_eq!(ask(&server, "dc.example.org").unwrap(), ips(&["192.0.2.3"]));
}

#[test]
fn an_answer_from_another_port_is_ignored() {
    let server = Server::udp_from_elsewhere(|q| vec![reply(q, 0, &[(&q.name, A, &[6, 6, 6, 6])])]);
    let trouble = ask(&server, "dc.example.org").unwrap_err();
    assert_eq!(trouble.cause, Cause::DnsTimeout);
    assert!(trouble.detail.contains("does not answer"), "{trouble:?}");
}

#[test]
fn a_truncated_answer_is_asked_for_again_over_tcp() {
    let server = Server::udp(|q| vec![truncated(q)]).and_tcp(|q| {
        let good: &[(&str, u16, &[u8])] = &[(&q.name, A, &[192, 0, 2, 4])];
        vec![reply(q, 0, if q.kind == A { good } else { &[] })]
    });
    assert_eq!(ask(&server, "dc.example.org").unwrap(), ips(&["192.0.2.4"]));
}

#[test]
fn a_silent_server_costs_a_second_and_the_next_one_is_asked() {
    let silent = Server::udp(|_| vec![]);
    let _second = Server::udp_on("127.0.0.2", silent.port, |q| {
        let good: &[(&str, u16, &[u8])] = &[(&q.name, A, &[192, 0, 2, 5])];
        vec![reply(q, 0, if q.kind == A { good } else { &[] })]
    });
    let start = Instant::now();
    let conf = "nameserver 127.0.0.1\nnameserver 127.0.0.2\n";
    let found = resolve("", Some(conf), silent.port, "dc.example.org");
    assert_eq!(found.unwrap(), ips(&["192.0.2.5"]));
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn one_silent_family_does_not_hold_up_the_other() {
    let server = Server::udp(|q| match q.kind {
        AAAA => vec![],
        _ => vec![reply(q, 0, &[(&q.name, A, &[192, 0, 2, 6])])],
    });
    let start = Instant::now();
    let conf = "nameserver 127.0.0.1\n";
    let found = resolve("", Some(conf), server.port, "dc.example.org");
    assert_eq!(found.unwrap(), ips(&["192.0.2.6"]));
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_name_that_does_not_exist_is_tried_in_the_search_list() {
    let server = Server::udp(|q| match q.name.as_str() {
        "dc.example.com" if q.kind == A => vec![reply(q, 0, &[(&q.name, A, &[192, 0, 2, 7])])],
        "dc.example.com" => vec![reply(q, 0, &[])],
        _ => vec![reply(q, 3, &[])],
    });
    assert_eq!(ask(&server, "dc").unwrap(), ips(&["192.0.2.7"]));
    let absolute = ask(&server, "dc.").unwrap_err();
    assert!(absolute.detail.contains("NXDOMAIN"), "{absolute:?}");
    let relative = ask(&server, "dc.lab").unwrap_err();
    assert!(relative.detail.contains("NXDOMAIN"), "{relative:?}");
}

#[test]
fn a_server_that_fails_is_named() {
    for (rcode, text) in [(2, "SERVFAIL"), (5, "REFUSED"), (4, "NOTIMP")] {
        let server = Server::udp(move |q| vec![reply(q, rcode, &[])]);
        let trouble = ask(&server, "dc.example.org.").unwrap_err();
        assert_eq!(trouble.cause, Cause::Dns);
        assert!(
            trouble.detail.contains("127.0.0.1 answers") && trouble.detail.contains(text),
            "{trouble:?}"
        );
    }
}

#[test]
fn only_silence_is_a_timeout() {
    let port = {
        let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        nobody.local_addr().unwrap().port()
    };
    let closed = resolve("", Some(CONF), port, "dc.example.org.").unwrap_err();
    assert_eq!(closed.cause, Cause::Dns, "{closed:?}");
    assert!(closed.detail.contains("cannot be asked"), "{closed:?}");
    let silent = Server::udp(|_| vec![]);
    let trouble = ask(&silent, "dc.example.org.").unwrap_err();
    assert_eq!(trouble.cause, Cause::DnsTimeout, "{trouble:?}");
    // A second server that says that it cannot say is not silent.
    let _second = Server::udp_on("127.0.0.2", silent.port, |q| vec![reply(q, 2, &[])]);
    let conf = "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1 attempts:1\n";
    let trouble = resolve("", Some(conf), silent.port, "dc.example.org.").unwrap_err();
    assert_eq!(trouble.cause, Cause::Dns, "{trouble:?}");
}
