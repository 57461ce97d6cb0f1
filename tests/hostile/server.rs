//! An LDAP server that follows a script: right answers, but for one point of the login, where it
//! does what the script says. It records every byte that it receives.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::ber::{self, Request, tag};
use super::wire::Wire;

pub const SERVICE_DN: &str = "cn=svc,dc=example,dc=org";
pub const SERVICE_PASSWORD: &str = "Service-Secret-7";
pub const USER: &str = "alice";
pub const USER_DN: &str = "uid=alice,ou=users,dc=example,dc=org";
pub const USER_PASSWORD: &str = "Correct-Horse-9";
pub const USERS_DN: &str = "ou=users,dc=example,dc=org";
pub const GROUPS_DN: &str = "ou=groups,dc=example,dc=org";
pub const ACTIVE_DN: &str = "cn=active,ou=groups,dc=example,dc=org";

/// Where in a login something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Nothing listens on the port.
    Connect,
    /// The connection was accepted and nothing has been read.
    Accept,
    /// The first bind of the service account.
    ServiceBind,
    /// The search for the user.
    Search,
    /// The bind with the user's password.
    UserBind,
    /// The second bind of the service account, after the user's.
    Rebind,
    /// Each question about a group: a search whose base is the group.
    Gate,
    /// The end.
    Unbind,
    /// A request that no login makes.
    Other,
}

impl Point {
    /// The points at which a request waits for an answer, in the order of a login.
    pub const ANSWERED: [Point; 5] = [
        Point::ServiceBind,
        Point::Search,
        Point::UserBind,
        Point::Rebind,
        Point::Gate,
    ];

    /// Whether the account phase comes by here.
    pub fn is_in_account(self) -> bool {
        !matches!(self, Point::UserBind | Point::Rebind)
    }

    /// Whether a login that ends here has sent the user's password.
    pub fn is_after_password(self) -> bool {
        !matches!(
            self,
            Point::Connect | Point::Accept | Point::ServiceBind | Point::Search
        )
    }
}

/// What is done at the point. Whatever the function leaves open goes on as usual.
pub type Act = Box<dyn Fn(&mut Wire, &Request) + Send + Sync>;

/// What the server has seen.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub connections: usize,
    pub bytes: Vec<u8>,
    pub requests: Vec<(Point, Request)>,
}

impl Record {
    /// Whether these bytes came over the wire.
    pub fn contains(&self, bytes: &[u8]) -> bool {
        self.bytes
            .windows(bytes.len())
            .any(|window| window == bytes)
    }

    /// The points of the login, in order.
    pub fn points(&self) -> Vec<Point> {
        self.requests.iter().map(|(point, _)| *point).collect()
    }
}

/// The server. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    record: Arc<Mutex<Record>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port. `elsewhere` is the port that referrals point to.
    pub fn start(at: Point, act: Arc<Act>, elsewhere: u16) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let record = Arc::new(Mutex::new(Record::default()));
        let thread = (at != Point::Connect).then(|| {
            let session = Session {
                at,
                act,
                elsewhere,
                stop: stop.clone(),
                record: record.clone(),
            };
            thread::spawn(move || session.accept_all(&listener))
        });
        Server {
            address,
            stop,
            record,
            thread,
        }
    }

    /// A server without a script: it does everything right.
    pub fn honest() -> Server {
        Server::start(Point::Other, Arc::new(Box::new(|_, _| {})), 0)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// A copy of what was seen so far.
    pub fn record(&self) -> Record {
        self.record.lock().unwrap().clone()
    }

    /// Waits until the server has seen what `seen` looks for.
    pub fn wait_for(&self, seen: impl Fn(&Record) -> bool) -> Record {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let record = self.record();
            if seen(&record) || Instant::now() > end {
                return record;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = TcpStream::connect(self.address); // wakes accept(2)
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Session {
    at: Point,
    act: Arc<Act>,
    elsewhere: u16,
    stop: Arc<AtomicBool>,
    record: Arc<Mutex<Record>>,
}

impl Session {
    fn accept_all(&self, listener: &TcpListener) {
        let mut connections = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            self.record.lock().unwrap().connections += 1;
            let session = self.clone();
            connections.push(thread::spawn(move || session.serve(stream)));
        }
        for connection in connections {
            connection
                .join()
                .expect("the scripted server itself failed");
        }
    }

    fn serve(&self, stream: TcpStream) {
        let mut wire = Wire::new(stream, self.elsewhere, self.stop.clone());
        if self.at == Point::Accept {
            (self.act)(&mut wire, &Request::default());
        }
        let mut buffer = Vec::new();
        let mut user_bound = false;
        while wire.is_open() {
            let Some(request) = self.next_request(&mut wire, &mut buffer) else {
                return;
            };
            let point = point_of(&request, user_bound);
            user_bound |= point == Point::UserBind;
            self.record
                .lock()
                .unwrap()
                .requests
                .push((point, request.clone()));
            if point == self.at {
                (self.act)(&mut wire, &request);
            } else {
                wire.send(&honest_answer(&request));
            }
        }
    }

    /// The next request; none at the end of the connection or of the test.
    fn next_request(&self, wire: &mut Wire, buffer: &mut Vec<u8>) -> Option<Request> {
        loop {
            if let Some((_, _, rest)) = ber::take(buffer) {
                let size = buffer.len() - rest.len();
                let message: Vec<u8> = buffer.drain(..size).collect();
                return Request::parse(&message);
            }
            let chunk = wire.receive()?;
            buffer.extend_from_slice(&chunk);
            self.record.lock().unwrap().bytes.extend_from_slice(&chunk);
        }
    }
}

fn point_of(request: &Request, user_bound: bool) -> Point {
    match request.tag {
        tag::BIND_REQUEST if request.dn == USER_DN => Point::UserBind,
        tag::BIND_REQUEST if request.dn == SERVICE_DN && user_bound => Point::Rebind,
        tag::BIND_REQUEST if request.dn == SERVICE_DN => Point::ServiceBind,
        tag::SEARCH_REQUEST if request.dn == USERS_DN => Point::Search,
        tag::SEARCH_REQUEST if request.dn.ends_with(GROUPS_DN) => Point::Gate,
        tag::UNBIND_REQUEST => Point::Unbind,
        _ => Point::Other,
    }
}

/// Alice's entry.
pub fn alice() -> Vec<u8> {
    ber::entry(USER_DN, &[("uid", &["alice"])])
}

/// The entry that a search finds: alice for the users, and each group that she is asked about.
pub fn found(request: &Request) -> Vec<u8> {
    if request.dn == USERS_DN {
        return alice();
    }
    ber::entry(&request.dn, &[])
}

/// What a server that means well answers, whole messages.
pub fn honest_answer(request: &Request) -> Vec<u8> {
    let (id, tag) = (request.id, request.reply_tag());
    match request.tag {
        tag::BIND_REQUEST => {
            let right = match request.dn.as_str() {
                SERVICE_DN => request.password == SERVICE_PASSWORD.as_bytes(),
                USER_DN => request.password == USER_PASSWORD.as_bytes(),
                _ => false,
            };
            ber::message(id, ber::result(tag, if right { 0 } else { 49 }))
        }
        tag::SEARCH_REQUEST => [
            ber::message(id, found(request)),
            ber::message(id, ber::result(tag, 0)),
        ]
        .concat(),
        tag::UNBIND_REQUEST => Vec::new(),
        _ => ber::message(id, ber::result(tag, 2)),
    }
}
