//! A stream that does not wait for ever: for a request's head, for the next request, for a client that reads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::phase::Phase;

/// The longest that a request's head may take.
const HEAD: Duration = Duration::from_secs(10);
/// The longest that a connection may be idle between two requests.
const IDLE: Duration = Duration::from_secs(75);
/// The longest that a client may read nothing of what is sent to it.
const WRITE: Duration = Duration::from_secs(30);

/// A stream that does not wait for ever.
pub(super) struct Timed<S> {
    stream: S,
    phase: std::sync::Arc<Phase>,
    /// What a read waits for, and until when.
    expected: Expected,
    until: Instant,
    read_timer: Pin<Box<Sleep>>,
    write_timer: Option<Pin<Box<Sleep>>>,
}

/// What a read waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The rest of a head.
    Head,
    /// The next request's first byte.
    Request,
    /// Nothing of which we keep the time: the request is worked on.
    Nothing,
}

impl<S> Timed<S> {
    pub(super) fn new(stream: S, phase: std::sync::Arc<Phase>) -> Self {
        let until = Instant::now() + HEAD;
        let read_timer = Box::pin(tokio::time::sleep_until(until));
        Self { stream, phase, expected: Expected::Head, until, read_timer, write_timer: None }
    }

    /// Follows the request: idle once it is answered.
    fn follow(&mut self) {
        let is_busy = self.phase.is_busy();
        if is_busy {
            self.expected = Expected::Nothing;
        } else if self.expected == Expected::Nothing {
            self.expect(Expected::Request, IDLE);
        }
    }

    fn expect(&mut self, expected: Expected, within: Duration) {
        self.expected = expected;
        self.until = Instant::now() + within;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.follow();
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(result) => {
                if buffer.filled().len() > before && this.expected == Expected::Request {
                    this.expect(Expected::Head, HEAD);
                }
                Poll::Ready(result)
            }
            Poll::Pending if this.expected == Expected::Nothing => Poll::Pending,
            Poll::Pending => {
                if this.read_timer.deadline() != this.until {
                    this.read_timer.as_mut().reset(this.until);
                }
                match this.read_timer.as_mut().poll(context) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Timed<S> {
    /// Fails a write that has been waiting for too long.
    fn timed<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write_timer = None;
            self.phase.sent();
            return result;
        }
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE)));
        match timer.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.timed(context, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, parts);
        this.timed(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_flush(context);
        this.timed(context, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// How long a read waits, on a clock that only waits move.
    fn waits(
        act: impl AsyncFnOnce(&mut Timed<tokio::io::DuplexStream>, &mut tokio::io::DuplexStream, &Phase),
    ) -> Duration {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(64);
            let phase = std::sync::Arc::new(Phase::default());
            let mut timed = Timed::new(server, phase.clone());
            act(&mut timed, &mut client, &phase).await;
            let since = Instant::now();
            let error = timed.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            since.elapsed()
        })
    }

    #[test]
    fn a_head_must_come_soon_and_the_next_request_may_take_longer() {
        let near = |took: Duration, expected: Duration| took.abs_diff(expected) < Duration::from_millis(10);
        assert!(near(waits(async |_, _, _| {}), HEAD));
        let slow = waits(async |timed, client, _| {
            for _ in 0..3 {
                client.write_u8(1).await.unwrap();
                timed.read_u8().await.unwrap();
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        });
        assert!(near(slow, HEAD - Duration::from_secs(6)), "bytes that come do not lengthen it: {slow:?}");
        let idle = waits(async |timed, client, phase| {
            client.write_u8(1).await.unwrap();
            timed.read_u8().await.unwrap();
            phase.begin();
            let busy = tokio::time::timeout(Duration::from_secs(1000), timed.read_u8());
            assert!(busy.await.is_err(), "a request that is worked on has no such limit");
            phase.end();
        });
        assert!(near(idle, IDLE), "{idle:?}");
    }
}
