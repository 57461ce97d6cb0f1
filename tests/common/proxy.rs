//! A port of loopback in front of a real server, which misbehaves when told to.
//!
//! [`Proxy::set`] changes what happens to connections from then on; those that exist keep their
//! fault until [`Proxy::sever`]. It reads the LDAP messages that pass, so a fault can strike at one
//! bind, and a test can say which binds arrived: [`Proxy::binds`]. TLS passes unread.

// Each program uses its own part of this.
#![allow(dead_code)]

#[path = "proxy/message.rs"]
mod message;
#[path = "proxy/pump.rs"]
mod pump;

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, RawFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use super::common::slapd::free_port;

/// How long the proxy's threads wait before they look whether something else is wanted of them.
const TICK: Duration = Duration::from_millis(5);

/// What happens to a new connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it reaches the server.
    None,
    /// It is refused: nobody listens.
    Refuse,
    /// Packets vanish: the queue of connections is full, so the kernel answers to no SYN.
    BlackHole,
    /// It is accepted, and reset at once (tcp(7), SO_LINGER of 0 s).
    Reset,
    /// It is accepted, and closed at once.
    Close,
    /// It is accepted, what arrives is read, and nothing is ever said.
    Swallow,
    /// Every message waits so long, in both directions.
    Delay(Duration),
    /// What the server says arrives in pieces of so many bytes, with a pause before each.
    Trickle(usize, Duration),
    /// It is reset behind so many bytes from this side.
    Cut(Side, usize),
    /// It works up to this moment, and then breaks like this.
    At(Moment, Break),
    /// Each request is answered with this LDAP result code, without the server.
    Answer(u8),
    /// The first request is answered with bytes that are no LDAP.
    Garbage,
}

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// A moment in the life of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The request of this number, from 1, has arrived; the server does not get it.
    Request(usize),
    /// A bind as this DN has arrived; the server does not get it.
    Bind(String),
    /// The server has answered to a bind as this DN; the client does not get the answer.
    BindAnswer(String),
    /// The client has the answer to a bind as this DN.
    BindAnswered(String),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// By RST; the server is still there for new connections.
    Reset,
    /// By FIN; the server is still there for new connections.
    Close,
    /// By RST, and from then on connections are refused: the server is dead.
    Die,
    /// Not at all: silence, on this connection and on new ones.
    Hang,
}

/// A bind that arrived, whether the server got it or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    pub dn: String,
    /// The result code that the client was sent.
    pub answer: Option<u8>,
}

/// The proxy. Dropping it ends its threads and resets its connections.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

type Choice = Box<dyn FnMut(usize) -> Fault + Send>;

struct Shared {
    address: SocketAddr,
    server: SocketAddr,
    state: Mutex<State>,
    /// Connections of an older generation are reset.
    generation: AtomicUsize,
    ending: AtomicBool,
    threads: AtomicUsize,
}

struct State {
    listener: Option<TcpListener>,
    choice: Choice,
    black_hole: bool,
    /// Connections of our own that fill the queue of a black hole, and their addresses.
    fillers: Vec<Socket>,
    own: Vec<SocketAddr>,
    connections: usize,
    binds: Vec<Bind>,
}

impl Proxy {
    /// A proxy on a free port of 127.0.0.1, before the server on this port.
    pub fn start(server: u16) -> Proxy {
        Proxy::start_at(Ipv4Addr::LOCALHOST, free_port(), server)
    }

    /// The same at another loopback address.
    pub fn start_at(address: Ipv4Addr, port: u16, server: u16) -> Proxy {
        let address = SocketAddr::from((address, port));
        let shared = Arc::new(Shared {
            address,
            server: SocketAddr::from((Ipv4Addr::LOCALHOST, server)),
            state: Mutex::new(State {
                listener: None,
                choice: Box::new(|_| Fault::None),
                black_hole: false,
                fillers: Vec::new(),
                own: Vec::new(),
                connections: 0,
                binds: Vec::new(),
            }),
            generation: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
            threads: AtomicUsize::new(0),
        });
        shared.listen(&mut shared.state());
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.accept_all()
        });
        Proxy {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn uri(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// From now on, this happens to new connections.
    pub fn set(&self, fault: Fault) {
        self.shared.set(fault);
    }

    /// From now on, this decides about each new connection, by its number from 1.
    /// [`Fault::Refuse`] and [`Fault::BlackHole`] are not for one connection.
    pub fn choose(&self, choice: impl FnMut(usize) -> Fault + Send + 'static) {
        self.set(Fault::None);
        self.shared.state().choice = Box::new(choice);
    }

    /// Resets all connections that there are.
    pub fn sever(&self) {
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// All binds so far.
    pub fn binds(&self) -> Vec<Bind> {
        self.shared.state().binds.clone()
    }

    /// How many binds named this DN.
    pub fn binds_as(&self, dn: &str) -> usize {
        self.binds().iter().filter(|bind| bind.dn == dn).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        self.sever();
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        while self.shared.threads.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, fault: Fault) {
        let mut state = self.state();
        state.black_hole = false;
        match fault {
            Fault::Refuse => {
                // The acceptor's poll(2) keeps the socket open for a moment: refuse from now on.
                if let Some(listener) = state.listener.take() {
                    let _ = SockRef::from(&listener).shutdown(Shutdown::Both);
                }
            }
            Fault::BlackHole => {
                self.listen(&mut state);
                state.black_hole = true;
                self.fill(&mut state);
            }
            _ => self.listen(&mut state),
        }
        if !state.black_hole {
            state.fillers.clear();
        }
        state.choice = Box::new(move |_| fault.clone());
    }

    /// Listens, if it does not already.
    fn listen(&self, state: &mut State) {
        let listener = state.listener.take().unwrap_or_else(|| self.bind());
        SockRef::from(&listener).listen(128).expect("listen");
        listener.set_nonblocking(true).expect("O_NONBLOCK");
        state.listener = Some(listener);
    }

    fn bind(&self) -> TcpListener {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_reuse_address(true).expect("SO_REUSEADDR");
        let end = Instant::now() + Duration::from_secs(5);
        while let Err(error) = socket.bind(&self.address.into()) {
            // The socket before this one may still be closing.
            let patient = Instant::now() < end;
            assert!(patient, "bind to {}: {error}", self.address);
            thread::sleep(Duration::from_millis(1));
        }
        socket.into()
    }

    /// Fills the queue of the listener with connections of our own, so that a SYN is dropped
    /// (listen(2): backlog; Linux keeps one connection more than that).
    fn fill(&self, state: &mut State) {
        let listener = state.listener.as_ref().expect("a listener");
        SockRef::from(listener).listen(0).expect("listen");
        for _ in 0..256 {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            socket.set_nonblocking(true).expect("O_NONBLOCK");
            let _ = socket.connect(&self.address.into());
            let own = socket.local_addr().expect("an address");
            let connected = ready(socket.as_raw_fd(), libc::POLLOUT, Duration::from_millis(20));
            state.own.extend(own.as_socket());
            state.fillers.push(socket);
            if !connected {
                return;
            }
        }
        panic!("the queue of the listener does not get full");
    }

    fn accept_all(self: &Arc<Self>) {
        while !self.ending.load(Ordering::SeqCst) {
            let descriptor = {
                let state = self.state();
                let listener = state.listener.as_ref().filter(|_| !state.black_hole);
                listener.map(|listener| listener.as_raw_fd())
            };
            match descriptor {
                Some(descriptor) => {
                    if ready(descriptor, libc::POLLIN, TICK) {
                        self.accept();
                    }
                }
                None => thread::sleep(TICK),
            }
        }
    }

    fn accept(self: &Arc<Self>) {
        let mut state = self.state();
        let Some(listener) = state.listener.as_ref().filter(|_| !state.black_hole) else {
            return;
        };
        let Ok((client, address)) = listener.accept() else {
            return;
        };
        if let Some(place) = state.own.iter().position(|own| *own == address) {
            state.own.swap_remove(place);
            return;
        }
        state.connections += 1;
        let number = state.connections;
        let fault = (state.choice)(number);
        drop(state);
        let generation = self.generation.load(Ordering::SeqCst);
        self.threads.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(self);
        thread::spawn(move || {
            pump::serve(&shared, generation, client, fault);
            shared.threads.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Waits until a descriptor is ready for this, poll(2).
fn ready(descriptor: RawFd, events: libc::c_short, limit: Duration) -> bool {
    let mut poll = libc::pollfd {
        fd: descriptor,
        events,
        revents: 0,
    };
    let limit = i32::try_from(limit.as_millis()).expect("a short time");
    // SAFETY: poll(2) gets one structure, which lives until it returns.
    unsafe { libc::poll(&raw mut poll, 1, limit) == 1 }
}

/// Ends a connection by RST.
fn reset(stream: TcpStream) {
    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
}
