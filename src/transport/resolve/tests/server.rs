//! A name server that says what a test wants it to say.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub const A: u16 = 1;
pub const CNAME: u16 = 5;
pub const AAAA: u16 = 28;
pub const SRV: u16 = 33;

/// A question that came in.
pub struct Asked {
    /// The message up to the end of the question.
    pub head: Vec<u8>,
    pub name: String,
    pub kind: u16,
}

impl Asked {
    pub fn parse(message: &[u8]) -> Asked {
        let mut at = 12;
        let mut labels = Vec::new();
        while message[at] != 0 {
            let end = at + 1 + usize::from(message[at]);
            labels.push(String::from_utf8(message[at + 1..end].to_vec()).unwrap());
            at = end;
        }
        Asked {
            head: message[..at + 5].to_vec(),
            name: labels.join("."),
            kind: u16::from_be_bytes([message[at + 1], message[at + 2]]),
        }
    }
}

/// An answer with this code and these records.
pub fn reply(asked: &Asked, rcode: u8, records: &[(&str, u16, &[u8])]) -> Vec<u8> {
    let mut message = asked.head.clone();
    message[2..4].copy_from_slice(&[0x81, 0x80 | rcode]);
    message[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
    for (name, kind, data) in records {
        message.extend(wire_name(name));
        message.extend(kind.to_be_bytes());
        message.extend([0, 1, 0, 0, 0, 60]);
        message.extend((data.len() as u16).to_be_bytes());
        message.extend(*data);
    }
    message
}

/// The data of an SRV record (RFC 2782).
pub fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Vec<u8> {
    let numbers = [priority, weight, port].map(u16::to_be_bytes);
    [numbers.as_flattened(), &wire_name(target)].concat()
}

/// A name as a message holds it; `.` is the root.
fn wire_name(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels
        .flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat())
        .collect();
    bytes.push(0);
    bytes
}

/// An answer that did not fit.
pub fn truncated(asked: &Asked) -> Vec<u8> {
    let mut message = reply(asked, 0, &[]);
    message[2] |= 0x02;
    message
}

/// Runs until it is dropped.
pub struct Server {
    pub port: u16,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// A socket on a port that is free for TCP as well, which a long answer needs.
fn free_socket() -> UdpSocket {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        if TcpListener::bind(socket.local_addr().unwrap()).is_ok() {
            return socket;
        }
    }
}

impl Server {
    pub fn udp(say: impl Fn(&Asked) -> Vec<Vec<u8>> + Send + 'static) -> Server {
        Server::start(free_socket(), None, say)
    }

    pub fn udp_on(
        ip: &str,
        port: u16,
        say: impl Fn(&Asked) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Server {
        Server::start(UdpSocket::bind((ip, port)).unwrap(), None, say)
    }

    /// Its answers come from a port that was not asked.
    pub fn udp_from_elsewhere(say: impl Fn(&Asked) -> Vec<Vec<u8>> + Send + 'static) -> Server {
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        Server::start(free_socket(), Some(other), say)
    }

    fn start(
        socket: UdpSocket,
        other: Option<UdpSocket>,
        say: impl Fn(&Asked) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Server {
        let port = socket.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let work = move || {
            let mut buffer = [0; 4096];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                for message in say(&Asked::parse(&buffer[..length])) {
                    // The one who asked may be gone already.
                    let _ = other.as_ref().unwrap_or(&socket).send_to(&message, from);
                }
            }
        };
        let threads = vec![thread::spawn(work)];
        Server {
            port,
            stop,
            threads,
        }
    }

    /// Answers over TCP on the same port too.
    pub fn and_tcp(mut self, say: impl Fn(&Asked) -> Vec<Vec<u8>> + Send + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let stopped = self.stop.clone();
        self.threads.push(thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let Ok((mut socket, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(5));
                    continue;
                };
                socket.set_nonblocking(false).unwrap();
                let mut length = [0; 2];
                socket.read_exact(&mut length).unwrap();
                let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
                socket.read_exact(&mut message).unwrap();
                for answer in say(&Asked::parse(&message)) {
                    let length = u16::try_from(answer.len()).unwrap();
                    socket.write_all(&length.to_be_bytes()).unwrap();
                    socket.write_all(&answer).unwrap();
                }
            }
        }));
        self
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
