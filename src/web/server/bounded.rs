//! Connections that are bounded in number and in patience.

use std::future::{Future, Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready as try_ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::{Clock, Stopwatch};

/// Connections at a time; more are closed at once.
const MOST: usize = 256;
/// Nothing sent or taken for so long: the connection is cut. Longer than any request may take.
const IDLE: Duration = Duration::from_secs(45);
/// No connection lives longer: whoever takes an answer byte by byte is cut as well.
const LIFETIME: Duration = Duration::from_mins(10);
/// The deadline is not moved more often than this.
const MOVED: Duration = Duration::from_secs(1);

/// Lets connections in.
#[derive(Clone)]
pub struct Bounded {
    seats: Arc<Semaphore>,
    clock: Clock,
}

impl Bounded {
    /// Nobody is connected.
    pub fn new(clock: Clock) -> Self {
        Self { seats: Arc::new(Semaphore::new(MOST)), clock }
    }
}

impl<I, S> Accept<I, S> for Bounded {
    type Stream = Patient<I>;
    type Service = S;
    type Future = Ready<io::Result<(Patient<I>, S)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let seat = self.seats.clone().try_acquire_owned().map_err(io::Error::other);
        ready(seat.map(|seat| (Patient::new(stream, seat, self.clock.clone()), service)))
    }
}

type Deadline = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection that is cut when nothing moves.
pub struct Patient<I> {
    stream: I,
    clock: Clock,
    born: Stopwatch,
    moved: Stopwatch,
    deadline: Deadline,
    _seat: OwnedSemaphorePermit,
}

fn in_a_while(clock: &Clock) -> Deadline {
    let clock = clock.clone();
    Box::pin(async move { clock.sleep(IDLE).await })
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client is too slow")
}

impl<I> Patient<I> {
    fn new(stream: I, seat: OwnedSemaphorePermit, clock: Clock) -> Self {
        let (born, moved, deadline) = (clock.stopwatch(), clock.stopwatch(), in_a_while(&clock));
        Self { stream, clock, born, moved, deadline, _seat: seat }
    }

    /// Waits no longer than patience lasts.
    fn pending<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.born.elapsed() >= LIFETIME {
            return Poll::Ready(Err(cut()));
        }
        try_ready!(self.deadline.as_mut().poll(cx));
        Poll::Ready(Err(cut()))
    }

    fn progress(&mut self) {
        if self.moved.elapsed() >= MOVED {
            (self.moved, self.deadline) = (self.clock.stopwatch(), in_a_while(&self.clock));
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Patient<I> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Pending => this.pending(cx),
            done @ Poll::Ready(_) => {
                this.progress();
                done
            }
        }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Patient<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write(cx, data) {
            Poll::Pending => this.pending(cx),
            done @ Poll::Ready(_) => {
                this.progress();
                done
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_flush(cx) {
            Poll::Pending => this.pending(cx),
            done @ Poll::Ready(_) => done,
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_shutdown(cx) {
            Poll::Pending => this.pending(cx),
            done @ Poll::Ready(_) => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn clock() -> Clock {
        Clock::simulated("2026-03-03T12:00:00Z".parse().unwrap(), 1)
    }

    async fn accepted<I>(bounds: &Bounded, stream: I) -> io::Result<Patient<I>> {
        bounds.accept(stream, ()).await.map(|(stream, ())| stream)
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_cut() {
        let (_client, server) = tokio::io::duplex(16);
        let mut stream = accepted(&Bounded::new(clock()), server).await.unwrap();
        let clock = clock();
        let watch = clock.stopwatch();
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!((IDLE..IDLE * 2).contains(&watch.elapsed()), "{:?}", watch.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_cut() {
        let (_client, server) = tokio::io::duplex(16);
        let mut stream = accepted(&Bounded::new(clock()), server).await.unwrap();
        let error = stream.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_trickles_for_ever() {
        let (mut client, server) = tokio::io::duplex(16);
        let clock = clock();
        let mut stream = accepted(&Bounded::new(clock.clone()), server).await.unwrap();
        let watch = clock.stopwatch();
        let trickle = async {
            while client.write_all(b"x").await.is_ok() {
                clock.sleep(IDLE / 2).await;
            }
        };
        let read = async {
            loop {
                if let Err(error) = stream.read_u8().await {
                    return error;
                }
            }
        };
        let error = tokio::select! { error = read => error, () = trickle => panic!("never cut") };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(watch.elapsed() >= LIFETIME);
    }

    #[tokio::test(start_paused = true)]
    async fn more_connections_than_seats_are_closed_at_once() {
        let bounds = Bounded::new(clock());
        let mut open = Vec::new();
        for _ in 0..MOST {
            open.push(accepted(&bounds, tokio::io::empty()).await.unwrap());
        }
        assert!(accepted(&bounds, tokio::io::empty()).await.is_err());
        open.pop();
        assert!(accepted(&bounds, tokio::io::empty()).await.is_ok(), "a seat is free again");
    }
}
