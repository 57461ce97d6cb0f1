//! Servers by the SRV records of a domain, from a name server on this machine.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Ttl};
use domain::dep::octseq::Array;
use domain::rdata::Srv;
use rustls::ALL_VERSIONS;

use crate::common::slapd::{Lease, Slapd, free_port};
use crate::fixture::{Host, address, ca_file, config, server};
use crate::recorder::{Opening, Recorder};
use crate::rsldapctl::ask;
use crate::zoo::{Authority, HOST, Identity};

const LIMIT: Duration = Duration::from_secs(1);

/// Priority, port and target.
type Record = (u16, u16, &'static str);

/// Answers for `_ldaps._tcp.example.com` and `_ldap._tcp.example.com`; None is SERVFAIL.
struct NameServer {
    address: &'static str,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    fn start(address: &'static str, ldaps: Option<Vec<Record>>, ldap: Vec<Record>) -> NameServer {
        let socket = UdpSocket::bind((address, 53)).expect("root may bind port 53 of loopback");
        let wait = Some(Duration::from_millis(20));
        socket.set_read_timeout(wait).expect("a time limit");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut buffer = [0; 512];
            while !stopped.load(Ordering::Relaxed) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    let answer = answer(&buffer[..length], ldaps.as_deref(), &ldap);
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        NameServer {
            address,
            stop,
            thread: Some(thread),
        }
    }

    fn resolv_conf(&self) -> String {
        format!("nameserver {}\n", self.address)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the name server");
        }
    }
}

fn answer(query: &[u8], ldaps: Option<&[Record]>, ldap: &[Record]) -> Vec<u8> {
    let query = Message::from_slice(query).expect("a query");
    let name = query.sole_question().expect("a question").into_qname();
    let records = match name.to_string().as_str() {
        "_ldaps._tcp.example.com" => ldaps,
        "_ldap._tcp.example.com" => Some(ldap),
        other => panic!("asked for {other}"),
    };
    let code = match records {
        None => Rcode::SERVFAIL,
        Some([]) => Rcode::NXDOMAIN,
        Some(_) => Rcode::NOERROR,
    };
    let reply = MessageBuilder::from_target(Array::<512>::new()).expect("room");
    let mut reply = reply.start_answer(query, code).expect("room");
    for (priority, port, target) in records.into_iter().flatten() {
        let target: Name<Array<255>> = target.parse().expect("a name");
        let data = Srv::new(*priority, 1, *port, target);
        reply.push((name, Ttl::from_mins(1), data)).expect("room");
    }
    reply.as_slice().to_vec()
}

fn by_domain(slapd: &Slapd, trusted: &Authority, more: &str) -> std::path::PathBuf {
    let section = format!("srv_domain = \"example.com\"\nretry_after = \"0s\"\n{more}");
    config(slapd, &section, &ca_file(slapd, &trusted.pem))
}

/// A directory, the authority that is trusted, and a machine to log in to.
fn scene() -> (Lease, Authority, Host) {
    (server(), Authority::new("Trusted authority"), Host::enter())
}

fn recorder(slapd: &Slapd, opening: Opening, identity: &Identity) -> Recorder {
    Recorder::start(opening, identity.server(ALL_VERSIONS), address(slapd))
}

#[test]
fn the_records_of_a_domain_lead_to_its_servers_in_order() {
    let (slapd, trusted, mut host) = scene();
    let identity = trusted.server(&[HOST]);
    let first = recorder(&slapd, Opening::Ldaps, &identity);
    let second = recorder(&slapd, Opening::Ldaps, &identity);
    // Nobody listens at the first; the one behind the second that answers is not needed.
    let records = vec![
        (30, second.port(), HOST),
        (20, first.port(), HOST),
        (10, free_port(), HOST),
    ];
    let names = NameServer::start("127.83.76.70", Some(records), Vec::new());
    host.lay_over("/etc/resolv.conf", &names.resolv_conf());
    let config = by_domain(&slapd, &trusted, "");
    let ended = host.login(&config);
    ended.assert_granted("by SRV records");
    let server = format!("server=ldaps://{HOST}:{}", first.port());
    let line = ended.decision();
    assert!(
        line.contains(&server) && line.contains("passed_over="),
        "{line}"
    );
    host.account(&config).assert_granted("account");
    assert_eq!(first.record(2).handshakes, 2);
    assert_eq!(second.record(0).handshakes, 0);
}

#[test]
fn without_ldaps_records_the_others_need_start_tls() {
    let (slapd, trusted, mut host) = scene();
    let identity = trusted.server(&[HOST]);
    let recorder = recorder(&slapd, Opening::StartTls, &identity);
    let records = vec![(0, recorder.port(), HOST)];
    let names = NameServer::start("127.83.76.71", Some(Vec::new()), records);
    host.lay_over("/etc/resolv.conf", &names.resolv_conf());
    let clear = by_domain(&slapd, &trusted, "");
    let ended = host.login(&clear);
    ended.assert_config_error("in clear", &["start_tls = true"]);
    let with_tls = by_domain(&slapd, &trusted, "start_tls = true");
    host.login(&with_tls).assert_granted("by StartTLS");
    // Only the second login came here.
    assert_eq!(recorder.record(1).handshakes, 1);
}

#[test]
fn a_name_server_that_fails_leads_to_no_weaker_server() {
    let (slapd, trusted, mut host) = scene();
    let identity = trusted.server(&[HOST]);
    let recorder = recorder(&slapd, Opening::StartTls, &identity);
    let records = vec![(0, recorder.port(), HOST)];
    let names = NameServer::start("127.83.76.72", None, records);
    host.lay_over("/etc/resolv.conf", &names.resolv_conf());
    let config = by_domain(&slapd, &trusted, "start_tls = true");
    let ended = host.login(&config);
    ended.assert_unavailable("SERVFAIL", &["dns"], LIMIT);
    let line = ended.decision();
    assert!(
        line.contains("server=dns:_ldaps._tcp.example.com"),
        "{line}"
    );
    assert_eq!(recorder.record(0).handshakes, 0);
}

#[test]
fn a_server_outside_the_domain_is_not_asked() {
    let (slapd, trusted, mut host) = scene();
    let records = vec![
        (0, free_port(), "ldap.example.org"),
        (1, 636, "evilexample.com"),
    ];
    let names = NameServer::start("127.83.76.73", Some(records), Vec::new());
    host.lay_over("/etc/resolv.conf", &names.resolv_conf());
    let ended = host.login(&by_domain(&slapd, &trusted, ""));
    ended.assert_unavailable("elsewhere", &["dns"], LIMIT);
    let line = ended.decision();
    assert!(
        line.contains("ldap.example.org") && line.contains("uris"),
        "{line}"
    );
}

#[test]
fn a_domain_without_records_is_no_place_to_log_in() {
    let (slapd, trusted, mut host) = scene();
    let names = NameServer::start("127.83.76.74", Some(Vec::new()), Vec::new());
    host.lay_over("/etc/resolv.conf", &names.resolv_conf());
    let ended = host.login(&by_domain(&slapd, &trusted, ""));
    ended.assert_unavailable("no records", &["dns"], LIMIT);
}

#[test]
fn rsldapctl_looks_at_every_server_of_the_records() {
    let (slapd, trusted, mut host) = scene();
    let identity = trusted.server(&[HOST]);
    let live = recorder(&slapd, Opening::Ldaps, &identity);
    let dead = free_port();
    let records = vec![(20, live.port(), HOST), (10, dead, HOST)];
    let names = NameServer::start("127.83.76.75", Some(records), Vec::new());
    host.lay_over("/etc/resolv.conf", &names.resolv_conf());
    let config = by_domain(&slapd, &trusted, "");
    for command in ["check", "status"] {
        let (code, said) = ask(&config, &[command], "");
        assert_eq!(code, Some(0), "{said:#}");
        let servers: Vec<_> = [0, 1].map(|at| &said["servers"][at]).into();
        assert_eq!(servers[0]["server"], format!("ldaps://{HOST}:{dead}"));
        assert_eq!(
            (&servers[0]["up"], &servers[1]["up"]),
            (&false.into(), &true.into())
        );
    }
    drop(names);
    for command in ["check", "status"] {
        let (code, said) = ask(&config, &[command], "");
        assert_eq!(code, Some(3), "{said:#}");
    }
    let clear = vec![(0, live.port(), HOST)];
    let names = NameServer::start("127.83.76.76", Some(Vec::new()), clear);
    host.lay_over("/etc/resolv.conf", &names.resolv_conf());
    let (code, said) = ask(&config, &["check"], "");
    assert_eq!(code, Some(2), "{said:#}");
    assert_eq!(said["findings"][0]["id"], "configuration");
    let config = by_domain(&slapd, &trusted, "allow_cleartext = true");
    let (_, said) = ask(&config, &["check"], "");
    let found = said["findings"].as_array().expect("findings");
    let ids: Vec<_> = found.iter().map(|one| &one["id"]).collect();
    assert!(ids.contains(&&"cleartext".into()), "{said:#}");
}
