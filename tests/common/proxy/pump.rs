//! One connection through the proxy.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::Ordering;
use std::thread;

use super::message::{self, Messages, Operation};
use super::{Bind, Break, Fault, Moment, Shared, Side, TICK, reset};

/// Carries one connection to its end.
pub fn serve(shared: &Shared, generation: usize, client: TcpStream, fault: Fault) {
    match fault {
        Fault::Reset => return reset(client),
        Fault::Close => return,
        _ => {}
    }
    let Ok(server) = TcpStream::connect(shared.server) else {
        return reset(client);
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("TCP_NODELAY");
        // A message that the other side does not take must not hold the proxy's end.
        stream
            .set_write_timeout(Some(std::time::Duration::from_secs(10)))
            .expect("SO_SNDTIMEO");
    }
    let mut pump = Pump {
        shared,
        generation,
        client,
        server,
        fault,
        requests: 0,
        passed: [0, 0],
        asked: Vec::new(),
    };
    match pump.run() {
        Ok(()) | Err(End::Close) => {}
        Err(End::Reset) => {
            reset(pump.client);
            reset(pump.server);
        }
    }
}

/// How the connection ends.
enum End {
    Close,
    Reset,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> End {
        End::Reset
    }
}

struct Pump<'a> {
    shared: &'a Shared,
    generation: usize,
    client: TcpStream,
    server: TcpStream,
    fault: Fault,
    requests: usize,
    /// Bytes from the client and from the server.
    passed: [usize; 2],
    /// The binds without an answer: message id, and place in the list of all binds.
    asked: Vec<(Vec<u8>, usize)>,
}

impl Pump<'_> {
    fn run(&mut self) -> Result<(), End> {
        let (mut from_client, mut from_server) = (Messages::default(), Messages::default());
        loop {
            let [client, server] = self.wait()?;
            if client {
                let bytes = receive(&mut self.client)?;
                from_client.push(&bytes);
                while let Some(message) = from_client.next() {
                    self.request(&message)?;
                }
            }
            if server {
                let bytes = receive(&mut self.server)?;
                from_server.push(&bytes);
                while let Some(message) = from_server.next() {
                    self.response(&message)?;
                }
            }
        }
    }

    /// Waits until one of the two has something to say.
    fn wait(&self) -> Result<[bool; 2], End> {
        let mut polls = [&self.client, &self.server].map(|stream| libc::pollfd {
            fd: stream.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        });
        let tick = i32::try_from(TICK.as_millis()).expect("a short time");
        // SAFETY: poll(2) gets two structures, which live until it returns.
        unsafe { libc::poll(polls.as_mut_ptr(), 2, tick) };
        if self.shared.generation.load(Ordering::SeqCst) != self.generation {
            return Err(End::Reset);
        }
        Ok(polls.map(|poll| poll.revents != 0))
    }

    fn request(&mut self, message: &[u8]) -> Result<(), End> {
        self.requests += 1;
        let mut dn = None;
        if let Some((id, Operation::BindRequest { dn: name })) = message::read(message) {
            let mut state = self.shared.state();
            self.asked.push((id, state.binds.len()));
            state.binds.push(Bind {
                dn: name.clone(),
                answer: None,
            });
            dn = Some(name);
        }
        match &self.fault {
            Fault::Swallow => return self.swallow(),
            Fault::Answer(code) => {
                let answer = message::answer(message, *code);
                if let Some((_, place)) = self.asked.pop() {
                    self.shared.state().binds[place].answer = Some(*code);
                }
                return Ok(self.client.write_all(&answer.unwrap_or_default())?);
            }
            Fault::Garbage => {
                let garbage = [0xa5, 0x84, 0xff, 0x00].repeat(64);
                let _ = self.client.write_all(&garbage);
                return Err(End::Close);
            }
            Fault::At(Moment::Request(number), how) if *number == self.requests => {
                return self.end(*how);
            }
            Fault::At(Moment::Bind(name), how) if dn.as_ref() == Some(name) => {
                return self.end(*how);
            }
            Fault::Delay(time) => thread::sleep(*time),
            _ => {}
        }
        let whole = self.uncut(Side::Client, message.len());
        self.server.write_all(&message[..whole])?;
        self.cut_if(whole < message.len())
    }

    fn response(&mut self, message: &[u8]) -> Result<(), End> {
        let mut answered = None;
        if let Some((id, Operation::BindResponse { code })) = message::read(message) {
            let known = self.asked.iter().position(|(asked, _)| *asked == id);
            answered = known.map(|known| (self.asked.swap_remove(known).1, code));
        }
        let name = answered.map(|(place, _)| self.shared.state().binds[place].dn.clone());
        match &self.fault {
            Fault::At(Moment::BindAnswer(dn), how) if name.as_ref() == Some(dn) => {
                return self.end(*how);
            }
            Fault::Delay(time) => thread::sleep(*time),
            _ => {}
        }
        let whole = self.uncut(Side::Server, message.len());
        if let Fault::Trickle(bytes, pause) = self.fault {
            for piece in message.chunks(bytes) {
                thread::sleep(pause);
                self.client.write_all(piece)?;
            }
        } else {
            self.client.write_all(&message[..whole])?;
        }
        self.cut_if(whole < message.len())?;
        if let Some((place, code)) = answered {
            self.shared.state().binds[place].answer = Some(code);
        }
        match &self.fault {
            Fault::At(Moment::BindAnswered(dn), how) if name.as_ref() == Some(dn) => self.end(*how),
            _ => Ok(()),
        }
    }

    /// How much of a message from this side comes before the cut.
    fn uncut(&mut self, from: Side, length: usize) -> usize {
        let passed = &mut self.passed[from as usize];
        let before = *passed;
        *passed += length;
        match self.fault {
            Fault::Cut(side, limit) if side == from => length.min(limit.saturating_sub(before)),
            _ => length,
        }
    }

    fn cut_if(&self, cut: bool) -> Result<(), End> {
        if cut {
            // What was sent before shall arrive: a reset throws it away.
            thread::sleep(TICK);
            return Err(End::Reset);
        }
        Ok(())
    }

    fn end(&mut self, how: Break) -> Result<(), End> {
        match how {
            Break::Reset => Err(End::Reset),
            Break::Close => Err(End::Close),
            Break::Die => {
                self.shared.set(Fault::Refuse);
                Err(End::Reset)
            }
            Break::Hang => {
                self.shared.set(Fault::Swallow);
                self.fault = Fault::Swallow;
                self.swallow()
            }
        }
    }

    /// Says nothing more until the client goes.
    fn swallow(&mut self) -> Result<(), End> {
        loop {
            if self.wait()?[0] {
                receive(&mut self.client)?;
            } else {
                thread::sleep(TICK);
            }
        }
    }
}

/// Some bytes; the end of the stream ends the connection.
fn receive(stream: &mut TcpStream) -> Result<Vec<u8>, End> {
    let mut buffer = vec![0; 65536];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Err(End::Close),
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(End::Reset),
        }
    }
}
