//! A port of loopback in front of a server that counts round trips and bytes.
//!
//! What one side says is held until it has been silent for a while, and then passed on at once. So
//! requests that are sent without waiting for an answer are one turn, however the machine's scheduler
//! cuts them up.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a side is silent before it is the other's turn.
const SILENCE: Duration = Duration::from_millis(40);

/// UnbindRequest (RFC 4511 §4.3), the end of its message: nobody answers it.
const UNBIND: [u8; 2] = [0x42, 0];

/// What has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How often the client has sent something and waited for an answer.
    pub turns: usize,
    /// Bytes to the server.
    pub sent: usize,
    /// Bytes from the server.
    pub received: usize,
}

/// The relay. Dropping it ends its threads.
pub struct Turns {
    port: u16,
    traffic: Arc<Mutex<Traffic>>,
    ending: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Turns {
    /// A relay on a free port, before the server on this port.
    pub fn start(server: u16) -> Turns {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        listener.set_nonblocking(true).expect("O_NONBLOCK");
        let port = listener.local_addr().expect("an address").port();
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let ending = Arc::new(AtomicBool::new(false));
        let (shared, end) = (traffic.clone(), ending.clone());
        let acceptor = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((client, _)) => {
                        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, server));
                        let server = TcpStream::connect(server).expect("the server");
                        pass_on(client, server, &shared, &end);
                    }
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        Turns {
            port,
            traffic,
            ending,
            acceptor: Some(acceptor),
        }
    }

    pub fn uri(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// What has passed since this was last asked.
    pub fn take(&self) -> Traffic {
        std::mem::take(&mut lock(&self.traffic))
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn lock(traffic: &Mutex<Traffic>) -> std::sync::MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One direction: what has been read, and when the last of it came.
struct Direction {
    from: TcpStream,
    to: TcpStream,
    held: Vec<u8>,
    last: Instant,
    ended: bool,
}

impl Direction {
    fn new(from: &TcpStream, to: &TcpStream) -> Direction {
        from.set_nonblocking(true).expect("O_NONBLOCK");
        Direction {
            from: from.try_clone().expect("a descriptor"),
            to: to.try_clone().expect("a descriptor"),
            held: Vec::new(),
            last: Instant::now(),
            ended: false,
        }
    }

    /// Reads what is there; gives it back once the side is silent.
    fn step(&mut self) -> Option<Vec<u8>> {
        let mut buffer = [0; 65536];
        match self.from.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(size) => {
                self.held.extend_from_slice(&buffer[..size]);
                self.last = Instant::now();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.ended = true,
        }
        let silent = self.ended || self.last.elapsed() >= SILENCE;
        (silent && !self.held.is_empty()).then(|| std::mem::take(&mut self.held))
    }

    fn pass(&mut self, bytes: &[u8]) {
        // Both ends do not block; a test's answers fit the socket's buffer or are sent again.
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.to.write(rest) {
                Ok(size) => rest = &rest[size..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(_) => return,
            }
        }
    }
}

fn pass_on(client: TcpStream, server: TcpStream, traffic: &Mutex<Traffic>, end: &AtomicBool) {
    let mut up = Direction::new(&client, &server);
    let mut down = Direction::new(&server, &client);
    while !(end.load(Ordering::Relaxed) || up.ended || down.ended) {
        if let Some(bytes) = up.step() {
            // The good-bye comes when it may, before or after somebody looks at the figures.
            if !bytes.ends_with(&UNBIND) {
                let mut traffic = lock(traffic);
                traffic.turns += 1;
                traffic.sent += bytes.len();
            }
            up.pass(&bytes);
        }
        if let Some(bytes) = down.step() {
            lock(traffic).received += bytes.len();
            down.pass(&bytes);
        }
        thread::sleep(Duration::from_micros(500));
    }
}
