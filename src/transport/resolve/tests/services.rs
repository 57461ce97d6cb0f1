//! SRV records.

use super::server::{A, Asked, CNAME, SRV, Server, reply, srv, truncated};
use super::{CONF, with_files};
use crate::directory::Cause;
use crate::transport::connect::Trouble;
use crate::transport::resolve::Target;

fn targets(server: &Server, domain: &str) -> Result<Vec<Target>, Trouble> {
    with_files("", Some(CONF), server.port, async |sources| {
        sources.targets(domain).await
    })
}

fn hosts(server: &Server) -> Vec<String> {
    let found = targets(server, "example.com").unwrap();
    found.into_iter().map(|target| target.host).collect()
}

/// Answers with these data, to a question for SRV records of this name only.
fn answer(asked: &Asked, name: &str, data: &[Vec<u8>]) -> Vec<u8> {
    if asked.kind != SRV || asked.name != name {
        return reply(asked, 3, &[]);
    }
    let records: Vec<_> = data
        .iter()
        .map(|data| (name, SRV, data.as_slice()))
        .collect();
    reply(asked, 0, &records)
}

fn ldaps(data: &[Vec<u8>]) -> Server {
    let data = data.to_vec();
    Server::udp(move |q| vec![answer(q, "_ldaps._tcp.example.com", &data)])
}

fn target(secure: bool, host: &str, port: u16) -> Target {
    Target {
        secure,
        host: host.to_owned(),
        port,
    }
}

#[test]
fn the_lowest_priority_comes_first() {
    let server = ldaps(&[
        srv(20, 65535, 636, "late.example.com"),
        srv(0, 0, 1636, "First.EXAMPLE.com"),
        srv(10, 1, 636, "example.com"),
    ]);
    let expected = [
        target(true, "first.example.com", 1636),
        target(true, "example.com", 636),
        target(true, "late.example.com", 636),
    ];
    assert_eq!(targets(&server, "example.com").unwrap(), expected);
    // The domain is absolute, with or without a dot, in upper case or not.
    assert_eq!(targets(&server, "example.com.").unwrap(), expected);
}

#[test]
fn the_order_of_equals_changes_from_call_to_call() {
    let server = ldaps(&[
        srv(0, 1, 636, "a.example.com"),
        srv(0, 1, 636, "b.example.com"),
    ]);
    let first: Vec<_> = (0..64).map(|_| hosts(&server).remove(0)).collect();
    let a = first.iter().filter(|host| *host == "a.example.com").count();
    assert!((1..64).contains(&a), "{first:?}");
}

#[test]
fn ldap_is_asked_for_only_where_there_is_no_ldaps() {
    for empty in [0, 3] {
        let server = Server::udp(move |q| {
            let data = [srv(0, 0, 389, "dc.example.com")];
            vec![match q.name.as_str() {
                "_ldaps._tcp.example.com" => reply(q, empty, &[]),
                _ => answer(q, "_ldap._tcp.example.com", &data),
            }]
        });
        let expected = [target(false, "dc.example.com", 389)];
        assert_eq!(targets(&server, "example.com").unwrap(), expected);
    }
}

#[test]
fn a_failed_lookup_of_ldaps_does_not_lead_to_ldap() {
    for rcode in [2, 5] {
        let server = Server::udp(move |q| {
            let data = [srv(0, 0, 389, "dc.example.com")];
            vec![match q.name.as_str() {
                "_ldaps._tcp.example.com" => reply(q, rcode, &[]),
                _ => answer(q, "_ldap._tcp.example.com", &data),
            }]
        });
        let trouble = targets(&server, "example.com").unwrap_err();
        assert_eq!(trouble.cause, Cause::Dns, "{trouble:?}");
        assert!(trouble.detail.contains("127.0.0.1 answers"), "{trouble:?}");
    }
}

#[test]
fn a_silent_server_does_not_lead_to_ldap() {
    let server = Server::udp(|q| {
        let data = [srv(0, 0, 389, "dc.example.com")];
        match q.name.as_str() {
            "_ldaps._tcp.example.com" => vec![],
            _ => vec![answer(q, "_ldap._tcp.example.com", &data)],
        }
    });
    let trouble = targets(&server, "example.com").unwrap_err();
    assert_eq!(trouble.cause, Cause::DnsTimeout, "{trouble:?}");
}

#[test]
fn the_root_as_target_says_that_there_is_no_service() {
    let server = Server::udp(|q| {
        vec![match q.name.as_str() {
            "_ldaps._tcp.example.com" => answer(q, "_ldaps._tcp.example.com", &[srv(0, 0, 0, ".")]),
            _ => answer(
                q,
                "_ldap._tcp.example.com",
                &[srv(0, 0, 389, "dc.example.com")],
            ),
        }]
    });
    let expected = [target(false, "dc.example.com", 389)];
    assert_eq!(targets(&server, "example.com").unwrap(), expected);
    let neither = ldaps(&[srv(0, 0, 0, ".")]);
    let trouble = targets(&neither, "example.com").unwrap_err();
    assert_eq!(trouble.cause, Cause::Dns, "{trouble:?}");
    assert!(trouble.detail.contains("no SRV record"), "{trouble:?}");
}

#[test]
fn a_domain_without_records_or_without_sense_has_no_server() {
    let server = Server::udp(|q| vec![reply(q, 3, &[])]);
    // CONF has a search list: it must not be used.
    for domain in ["example", "example.org", "a b", "", &"a.".repeat(121)] {
        let trouble = targets(&server, domain).unwrap_err();
        assert_eq!(trouble.cause, Cause::Dns, "{trouble:?}");
        assert!(
            trouble.detail.starts_with("no LDAP server of"),
            "{trouble:?}"
        );
    }
}

#[test]
fn a_host_outside_of_the_domain_is_no_server_of_it() {
    let foreign = [
        "evil.org",
        "badexample.com",
        "example.com.evil.org",
        "com",
        "a*b.example.com",
    ];
    for name in foreign {
        let server = ldaps(&[srv(0, 0, 636, name)]);
        let trouble = targets(&server, "example.com").unwrap_err();
        assert_eq!(trouble.cause, Cause::Dns);
        let told = trouble.detail.contains(name) && trouble.detail.contains("server.uris");
        assert!(told, "{trouble:?}");
    }
    let server = ldaps(&[
        srv(0, 0, 636, "evil.org"),
        srv(1, 0, 636, "dc.example.com"),
        srv(2, 0, 0, "."),
    ]);
    assert_eq!(hosts(&server), ["dc.example.com"]);
}

#[test]
fn a_label_with_a_dot_in_it_is_no_host() {
    let label = b"\0\0\0\0\x02\x7c\x0edc.example.com\0";
    for tail in [label.to_vec(), {
        let mut within = label[..label.len() - 1].to_vec();
        within.extend(b"\x07example\x03com\0");
        within
    }] {
        let server = ldaps(&[tail]);
        let trouble = targets(&server, "example.com").unwrap_err();
        assert!(trouble.detail.contains("no host within"), "{trouble:?}");
    }
}

#[test]
fn compressed_targets_and_aliases_are_understood() {
    let server = Server::udp(|q| {
        // 12 is where the question's name starts: _ldaps._tcp.example.com; example.com is at 24.
        let data = b"\0\0\0\0\x02\x7c\x02dc\xc0\x18";
        vec![reply(
            q,
            0,
            &[
                (&q.name, CNAME, b"\x05alias\xc0\x18"),
                ("ALIAS.example.com", SRV, data),
                ("other.example.com", SRV, &srv(0, 0, 1, "x.example.com")),
                ("alias.example.com", A, &[192, 0, 2, 1]),
            ],
        )]
    });
    assert_eq!(hosts(&server), ["dc.example.com"]);
}

#[test]
fn a_pointer_loop_in_a_target_is_no_answer() {
    let server = Server::udp(|q| {
        let mut to_itself = reply(q, 0, &[(&q.name, SRV, b"\0\0\0\0\x02\x7c\x02dc\xc0\0")]);
        let end = to_itself.len();
        to_itself[end - 1] = (end - 2) as u8;
        let mut to_its_start = to_itself.clone();
        to_its_start[end - 1] = (end - 5) as u8;
        let good = srv(0, 0, 636, "dc.example.com");
        let good = answer(q, "_ldaps._tcp.example.com", &[good]);
        vec![to_itself, to_its_start, good]
    });
    assert_eq!(hosts(&server), ["dc.example.com"]);
}

#[test]
fn a_long_answer_comes_over_tcp_and_sixteen_are_kept() {
    let all = |q: &Asked, count: u16| {
        let data: Vec<_> = (0..count)
            .map(|number| srv(number / 10, number, 636, &format!("h{number}.example.com")))
            .collect();
        vec![answer(q, "_ldaps._tcp.example.com", &data)]
    };
    let server = Server::udp(|q| vec![truncated(q)]).and_tcp(move |q| all(q, 1000));
    let hosts = hosts(&server);
    assert_eq!(hosts.len(), 16);
    let number = |host: &String| host[1..host.len() - 12].parse::<u16>().unwrap();
    assert!(hosts[..10].iter().all(|host| number(host) < 10));
    assert!(
        hosts[10..]
            .iter()
            .all(|host| (10..20).contains(&number(host)))
    );

    let server = Server::udp(|q| vec![truncated(q)]).and_tcp(move |q| all(q, 1001));
    let trouble = targets(&server, "example.com").unwrap_err();
    assert_eq!(trouble.cause, Cause::Dns, "{trouble:?}");
}

#[test]
fn a_lookup_that_is_dropped_ends() {
    let server = Server::udp(|_| vec![]);
    let start = std::time::Instant::now();
    let outcome = with_files("", Some(CONF), server.port, async |sources| {
        let limit = std::time::Duration::from_millis(50);
        tokio::time::timeout(limit, sources.targets("example.com")).await
    });
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(start.elapsed() < std::time::Duration::from_millis(500));
}
