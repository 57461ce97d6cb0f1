//! A TLS server that records what it decrypts and passes it on to a real LDAP server, so that a
//! client that trusts it gets honest answers, and one that sends anything is found out.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection};

use crate::ber;

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// TLS from the first byte.
    Ldaps,
    /// TLS behind the exchange of RFC 4511 §4.14.
    StartTls,
}

pub const BOTH: [Opening; 2] = [Opening::Ldaps, Opening::StartTls];

/// What the server has seen.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub connections: usize,
    ended: usize,
    /// How many handshakes the client has finished.
    pub handshakes: usize,
    /// What came before TLS.
    pub plain: Vec<u8>,
    /// What came through TLS.
    pub decrypted: Vec<u8>,
    /// Why handshakes failed, in rustls' words: the client's alert.
    pub failures: Vec<String>,
}

#[derive(Clone)]
struct Session {
    opening: Opening,
    config: Arc<ServerConfig>,
    backend: SocketAddr,
    pace: Option<Duration>,
    stop: Arc<AtomicBool>,
    record: Arc<Mutex<Record>>,
}

/// The server. It stops when it is dropped.
pub struct Recorder {
    address: SocketAddr,
    session: Session,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Listens on a free port of 127.0.0.1; answers come from the LDAP server at `backend`.
    pub fn start(opening: Opening, config: Arc<ServerConfig>, backend: SocketAddr) -> Recorder {
        let here = IpAddr::from([127, 0, 0, 1]);
        Recorder::start_at(here, opening, config, backend, None)
    }

    /// The same on another address, and sending byte after byte where a pace is given.
    pub fn start_at(
        here: IpAddr,
        opening: Opening,
        config: Arc<ServerConfig>,
        backend: SocketAddr,
        pace: Option<Duration>,
    ) -> Recorder {
        let listener = TcpListener::bind((here, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let session = Session {
            opening,
            config,
            backend,
            pace,
            stop: Arc::default(),
            record: Arc::default(),
        };
        let thread = {
            let session = session.clone();
            thread::spawn(move || session.accept_all(&listener))
        };
        Recorder {
            address,
            session,
            thread: Some(thread),
        }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The `[server]` section for this server under a name.
    pub fn section(&self, host: &str) -> String {
        crate::fixture::section(self.session.opening, host, self.address.port())
    }

    /// What was seen by the time that this many connections, all there were, had ended.
    pub fn record(&self, connections: usize) -> Record {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let record = self.session.record.lock().unwrap().clone();
            if record.ended == connections || Instant::now() > end {
                assert_eq!(
                    (record.connections, record.ended),
                    (connections, connections),
                    "connections, and ended ones: {record:?}"
                );
                return record;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.session.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = TcpStream::connect(self.address); // wakes accept(2)
            let _ = thread.join();
        }
    }
}

impl Session {
    fn accept_all(&self, listener: &TcpListener) {
        let mut connections = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            self.see(|record| record.connections += 1);
            let session = self.clone();
            connections.push(thread::spawn(move || {
                if let Err(error) = session.serve(stream) {
                    session.see(|record| record.failures.push(error.to_string()));
                }
                session.see(|record| record.ended += 1);
            }));
        }
        for connection in connections {
            let _ = connection.join();
        }
    }

    fn see(&self, what: impl FnOnce(&mut Record)) {
        what(&mut self.record.lock().unwrap());
    }

    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        if self.opening == Opening::StartTls && !self.start_tls(&mut client)? {
            return Ok(());
        }
        let mut tls = ServerConnection::new(self.config.clone()).map_err(io::Error::other)?;
        let mut backend: Option<TcpStream> = None;
        loop {
            self.send(&mut tls, &mut client)?;
            let (from_client, from_backend) = self.wait(&client, backend.as_ref())?;
            if from_client {
                if tls.read_tls(&mut client)? == 0 {
                    return Ok(());
                }
                if let Err(error) = tls.process_new_packets() {
                    let _ = self.send(&mut tls, &mut client);
                    return Err(io::Error::other(error));
                }
            }
            if !tls.is_handshaking() && backend.is_none() {
                self.see(|record| record.handshakes += 1);
                backend = Some(TcpStream::connect(self.backend)?);
            }
            let Some(backend) = &mut backend else {
                continue;
            };
            let mut requests = Vec::new();
            match tls.reader().read_to_end(&mut requests) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            self.see(|record| record.decrypted.extend_from_slice(&requests));
            backend.write_all(&requests)?;
            if from_backend {
                let mut replies = [0; 4096];
                let count = backend.read(&mut replies)?;
                if count == 0 {
                    return Ok(());
                }
                tls.writer().write_all(&replies[..count])?;
            }
        }
    }

    /// Takes a StartTLS request and agrees. False: the client went away instead.
    fn start_tls(&self, client: &mut TcpStream) -> io::Result<bool> {
        let mut seen = Vec::new();
        let mut chunk = [0; 1024];
        while ber::take(&seen).is_none() {
            let count = client.read(&mut chunk)?;
            if count == 0 {
                return Ok(false);
            }
            seen.extend_from_slice(&chunk[..count]);
            self.see(|record| record.plain.extend_from_slice(&chunk[..count]));
        }
        let id = ber::Request::parse(&seen).map_or(0, |request| request.id);
        let agreed = ber::result(ber::tag::EXTENDED_RESPONSE, 0);
        client.write_all(&ber::message(id, agreed))?;
        Ok(true)
    }

    fn send(&self, tls: &mut ServerConnection, client: &mut TcpStream) -> io::Result<()> {
        let mut bytes = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut bytes)?;
        }
        let Some(pace) = self.pace else {
            return client.write_all(&bytes);
        };
        for byte in bytes {
            client.write_all(&[byte])?;
            thread::sleep(pace);
        }
        Ok(())
    }

    /// Waits until one of the two can be read, or is at its end.
    fn wait(&self, client: &TcpStream, backend: Option<&TcpStream>) -> io::Result<(bool, bool)> {
        let of = |fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        };
        let mut polled = [
            of(client.as_raw_fd()),
            // poll(2) passes over a negative descriptor.
            of(backend.map_or(-1, |backend| backend.as_raw_fd())),
        ];
        loop {
            // SAFETY: poll(2): the array is live and has two elements.
            let count = unsafe { libc::poll(polled.as_mut_ptr(), 2, 20) };
            if count > 0 {
                return Ok((polled[0].revents != 0, polled[1].revents != 0));
            }
            if self.stop.load(Ordering::SeqCst) {
                return Err(io::Error::other("the test is over"));
            }
        }
    }
}
