//! A server that follows a script over a bare socket, and records every byte that it receives.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::ber;

/// How long the server waits before it looks whether it is to stop.
const TICK: Duration = Duration::from_millis(20);

/// What the server does with a connection. What comes afterwards is read and recorded.
pub type Script = Box<dyn Fn(&mut Peer) + Send + Sync>;

/// The server's end of a connection.
pub struct Peer {
    stream: TcpStream,
    stop: Arc<AtomicBool>,
    /// Everything that was received.
    received: Vec<u8>,
}

impl Peer {
    /// Waits for the first LDAP message, or whatever it is. Its message id.
    pub fn request(&mut self) -> i64 {
        while ber::take(&self.received).is_none() && self.receive() {}
        ber::Request::parse(&self.received).map_or(0, |request| request.id)
    }

    /// Waits for some bytes.
    pub fn hello(&mut self) {
        let before = self.received.len();
        while self.received.len() == before && self.receive() {}
    }

    /// Sends all of it in one segment. False: the client has gone.
    pub fn send(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && !self.stop.load(Ordering::SeqCst) {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_tick(&error) => {}
                Err(_) => return false,
            }
        }
        bytes.is_empty()
    }

    /// Sends byte after byte.
    pub fn drip(&mut self, bytes: &[u8], pause: Duration) {
        for byte in bytes {
            if !self.send(&[*byte]) {
                return;
            }
            thread::sleep(pause);
        }
    }

    /// Sends the same again and again, as long as the client takes it.
    pub fn flood(&mut self, bytes: &[u8]) {
        while self.send(bytes) {}
    }

    /// Long enough for what was sent to be a segment of its own.
    pub fn pause(&self) {
        thread::sleep(Duration::from_millis(30));
    }

    /// Ends the connection.
    pub fn close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// From here on everything is passed on to another server, and back.
    pub fn relay_to(&mut self, backend: std::net::SocketAddr) {
        let Ok(mut backend) = TcpStream::connect(backend) else {
            return;
        };
        let _ = backend.set_read_timeout(Some(TICK));
        let mut passed = self.received.len();
        let mut chunk = [0; 4096];
        while !self.stop.load(Ordering::SeqCst) {
            match self.stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                Err(error) if is_tick(&error) => {}
                Err(_) => return,
            }
            if backend.write_all(&self.received[passed..]).is_err() {
                return;
            }
            passed = self.received.len();
            match backend.read(&mut chunk) {
                Ok(0) => return,
                Ok(count) => drop(self.send(&chunk[..count])),
                Err(error) if is_tick(&error) => {}
                Err(_) => return,
            }
        }
    }

    /// Takes in what comes. False: the end of the connection or of the test.
    fn receive(&mut self) -> bool {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return false,
                Ok(count) => {
                    self.received.extend_from_slice(&chunk[..count]);
                    return true;
                }
                Err(error) if is_tick(&error) && !self.stop.load(Ordering::SeqCst) => {}
                Err(_) => return false,
            }
        }
    }
}

fn is_tick(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// The server. It stops when it is dropped.
pub struct Scripted {
    port: u16,
    stop: Arc<AtomicBool>,
    // What each connection that has ended has sent.
    ended: Arc<Mutex<Vec<Vec<u8>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Scripted {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(script: Script) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (stop, ended) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let thread = {
            let (stop, ended) = (Arc::clone(&stop), Arc::clone(&ended));
            thread::spawn(move || accept_all(&listener, &Arc::new(script), &stop, &ended))
        };
        Scripted {
            port,
            stop,
            ended,
            thread: Some(thread),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the clients have sent, one after the other, once this many have gone.
    pub fn received(&self, connections: usize) -> Vec<Vec<u8>> {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let ended = self.ended.lock().unwrap().clone();
            if ended.len() >= connections || Instant::now() > end {
                assert_eq!(ended.len(), connections, "connections: {ended:x?}");
                return ended;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = TcpStream::connect(("127.0.0.1", self.port)); // wakes accept(2)
            let _ = thread.join();
        }
    }
}

fn accept_all(
    listener: &TcpListener,
    script: &Arc<Script>,
    stop: &Arc<AtomicBool>,
    ended: &Arc<Mutex<Vec<Vec<u8>>>>,
) {
    let mut connections = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        stream.set_read_timeout(Some(TICK)).expect("a time limit");
        stream.set_write_timeout(Some(TICK)).expect("a time limit");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let mut peer = Peer {
            stream,
            stop: Arc::clone(stop),
            received: Vec::new(),
        };
        let (script, ended) = (Arc::clone(script), Arc::clone(ended));
        connections.push(thread::spawn(move || {
            script(&mut peer);
            while peer.receive() {}
            ended.lock().unwrap().push(peer.received);
        }));
    }
    for connection in connections {
        let _ = connection.join();
    }
}
