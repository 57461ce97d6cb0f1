//! Sockets that never raise SIGPIPE.
//!
//! The host's handling of signals is its own, and its default for SIGPIPE is to die. So every
//! write is a sendmsg(2) with MSG_NOSIGNAL, and never a writev(2), which has no such flag.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::{ConnectionFacts, Stream};

/// A socket whose writes go out by sendmsg(2) with MSG_NOSIGNAL.
pub struct Quiet<S>(pub S);

/// What [`Quiet`] needs of a socket.
pub trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// Waits until the socket may take more.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Sends without SIGPIPE, or says that it would block. What is in several parts goes out in one
    /// sendmsg(2): a TLS alert on its way to a socket that is about to be closed has no second one.
    fn send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl Socket for TcpStream {
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(context)
    }

    fn send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let send = || SockRef::from(self).send_vectored_with_flags(parts, libc::MSG_NOSIGNAL);
        self.try_io(Interest::WRITABLE, send)
    }
}

impl Socket for UnixStream {
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(context)
    }

    fn send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let send = || SockRef::from(self).send_vectored_with_flags(parts, libc::MSG_NOSIGNAL);
        self.try_io(Interest::WRITABLE, send)
    }
}

impl<S: Socket> AsyncWrite for Quiet<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_writable(context))?;
            match self.0.send(parts) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl<S: Socket> AsyncRead for Quiet<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Stream for Quiet<TcpStream> {
    fn facts(&self) -> ConnectionFacts {
        ConnectionFacts {
            peer: self.0.peer_addr().ok(),
            tls: None,
        }
    }
}

impl Stream for Quiet<UnixStream> {
    fn facts(&self) -> ConnectionFacts {
        ConnectionFacts::default()
    }
}
