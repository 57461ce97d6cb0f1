//! One connection of the scripted server, and what can be done to it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::server::USER_DN;

/// How long the server reads or writes before it looks whether it is to stop.
const TICK: Duration = Duration::from_millis(20);

fn is_tick(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// The server's end of a connection.
pub struct Wire {
    stream: TcpStream,
    elsewhere: u16,
    stop: Arc<AtomicBool>,
    open: bool,
}

impl Wire {
    /// The server's end of a connection that was accepted.
    pub fn new(stream: TcpStream, elsewhere: u16, stop: Arc<AtomicBool>) -> Wire {
        stream.set_read_timeout(Some(TICK)).unwrap();
        stream.set_write_timeout(Some(TICK)).unwrap();
        stream.set_nodelay(true).unwrap();
        Wire {
            stream,
            elsewhere,
            stop,
            open: true,
        }
    }

    /// Whether neither side has ended it yet.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// What comes next; none at the end of the connection or of the test.
    pub fn receive(&mut self) -> Option<Vec<u8>> {
        let mut chunk = vec![0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(count) => {
                    chunk.truncate(count);
                    return Some(chunk);
                }
                Err(error) if is_tick(&error) && !self.stop.load(Ordering::SeqCst) => {}
                Err(_) => return None,
            }
        }
    }

    /// Sends all of it, unless the client or the test has gone. Says whether it did.
    pub fn send(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && self.open {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_tick(&error) && !self.stop.load(Ordering::SeqCst) => {}
                Err(_) => self.open = false,
            }
        }
        self.open
    }

    /// Sends byte after byte.
    pub fn drip(&mut self, bytes: &[u8], pause: Duration) {
        for byte in bytes {
            if !self.send(&[*byte]) || !self.wait(pause) {
                return;
            }
        }
    }

    /// Sends the same bytes again and again, for as long as the client takes them.
    pub fn flood(&mut self, bytes: &[u8]) {
        while self.send(bytes) {}
    }

    /// Waits. Says whether the test still goes on.
    pub fn wait(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while self.open && Instant::now() < end {
            if self.stop.load(Ordering::SeqCst) {
                self.open = false;
            }
            thread::sleep(TICK.min(end.saturating_duration_since(Instant::now())));
        }
        self.open
    }

    /// Neither reads nor writes any more.
    pub fn be_silent(&mut self) {
        while self.wait(TICK) {}
    }

    /// As [`Wire::be_silent`], after making the receive buffer as small as the kernel permits.
    pub fn shut_the_window(&mut self) {
        self.set(libc::SO_RCVBUF, &1_i32);
        self.be_silent();
    }

    /// Ends the connection in order (FIN).
    pub fn close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        self.open = false;
    }

    /// Ends the connection with an RST: lingering for no time turns close(2) into one (socket(7)).
    pub fn reset(&mut self) {
        self.set(
            libc::SO_LINGER,
            &libc::linger {
                l_onoff: 1,
                l_linger: 0,
            },
        );
        self.open = false;
    }

    /// A URI of the other recording server.
    pub fn other_uri(&self) -> String {
        format!("ldap://127.0.0.1:{}/{USER_DN}", self.elsewhere)
    }

    fn set<T>(&self, option: libc::c_int, value: &T) {
        // SAFETY: setsockopt(2) reads as many bytes of a live value as its type has.
        let result = unsafe {
            libc::setsockopt(
                self.stream.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                std::ptr::from_ref(value).cast(),
                size_of::<T>() as libc::socklen_t,
            )
        };
        assert_eq!(result, 0, "setsockopt: {}", std::io::Error::last_os_error());
    }
}
