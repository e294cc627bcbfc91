//! Connections: taken up to a number, of one address up to another, over TLS where it is configured, and ended when they are
//! too slow, or have nothing to ask for long.
//!
//! Deliberately absent: HTTP/2, and what requests say (`front`).

use crate::front::{Connection, Front};
use crate::tls::Tls;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use meshgate_engine::{ServerLimits, certificates};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How long a connection may have nothing to ask. Longer than clients keep theirs: that they end them is no error.
const IDLE: Duration = Duration::from_secs(120);
/// How often it is looked at who is too slow.
const LOOK: Duration = Duration::from_millis(500);
/// Headers of a request.
const HEADERS_MAX: usize = 128;
/// The smallest that the HTTP library takes.
const HEADER_BYTES_MIN: usize = 8 << 10;
/// What a connection is told that is not taken.
const NO_PLACE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What a connection is doing, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Nothing was asked yet, or since the last answer.
    Idle = 0,
    /// A request's head is on its way.
    Reading = 1,
    /// A request is answered; that has its own bounds.
    Answering = 2,
}

/// One connection.
#[derive(Debug)]
struct Seat {
    /// Milliseconds since the start, times four, and what it is doing.
    state: AtomicU64,
    start: Instant,
}

impl Seat {
    fn new(start: Instant, doing: Doing) -> Self {
        let seat = Self { state: AtomicU64::new(0), start };
        seat.now(doing);
        seat
    }

    fn now(&self, doing: Doing) {
        let since = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        self.state.store((since << 2) | doing as u64, Ordering::Relaxed);
    }

    fn is_idle(&self) -> bool {
        self.state.load(Ordering::Relaxed) & 3 == Doing::Idle as u64
    }

    /// Has it done the same for too long?
    fn is_slow(&self, reading_max: Duration) -> bool {
        let state = self.state.load(Ordering::Relaxed);
        let since = self.start.elapsed().saturating_sub(Duration::from_millis(state >> 2));
        match state & 3 {
            0 => since > IDLE,
            1 => since > reading_max,
            _ => false,
        }
    }
}

#[derive(Debug, Default)]
struct Seats {
    by_number: HashMap<u64, (Arc<Seat>, AbortHandle)>,
    by_address: HashMap<IpAddr, usize>,
    taken: usize,
}

/// Takes connections.
pub struct Listening {
    pub front: Arc<Front>,
    pub tls: Option<Arc<Tls>>,
    limits: Limits,
    seats: Arc<Mutex<Seats>>,
    start: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    connections: usize,
    per_client: usize,
    header_bytes: usize,
    reading: Duration,
}

/// A place that is given back.
struct Place {
    seats: Arc<Mutex<Seats>>,
    address: IpAddr,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.taken -= 1;
        seats.by_number.remove(&self.number);
        if let Some(count) = seats.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                seats.by_address.remove(&self.address);
            }
        }
    }
}

impl Listening {
    /// Prepares to take connections.
    pub fn new(front: Arc<Front>, tls: Option<Arc<Tls>>, limits: &ServerLimits) -> Self {
        let connections = limits.connections.unwrap_or(4_096);
        let limits = Limits {
            connections,
            per_client: limits.connections_per_client.unwrap_or((connections / 2).max(1)),
            header_bytes: (limits.header_kib.unwrap_or(64) << 10).max(HEADER_BYTES_MIN),
            reading: Duration::from_millis(limits.header_ms.unwrap_or(10_000)),
        };
        Self { front, tls, limits, seats: Arc::default(), start: Instant::now() }
    }

    /// Takes connections until it is told to stop, and returns when all of them have ended.
    pub async fn run(self, listener: TcpListener, stopped: watch::Receiver<bool>) {
        let listening = Arc::new(self);
        let watching = tokio::spawn(Arc::clone(&listening).look_after());
        let mut stop = stopped.clone();
        let mut number = 0;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stop.wait_for(|stopped| *stopped) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    number += 1;
                    listening.take(stream, peer, number, stopped.clone());
                }
                Err(error) => {
                    // Out of files, as a rule: some will be given back.
                    let transient = matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
                    );
                    if !transient {
                        listening.front.voice.error(&format!("no connection can be taken: {error}"));
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        drop(listener);
        while listening.taken() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        watching.abort();
    }

    fn taken(&self) -> usize {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).taken
    }

    /// A place for a connection of that address.
    fn place(&self, address: IpAddr, number: u64) -> Option<Place> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = seats.by_address.get(&address).copied().unwrap_or_default();
        if seats.taken >= self.limits.connections || mine >= self.limits.per_client {
            return None;
        }
        seats.taken += 1;
        seats.by_address.insert(address, mine + 1);
        Some(Place { seats: Arc::clone(&self.seats), address, number })
    }

    fn take(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, number: u64, stopped: watch::Receiver<bool>) {
        let metrics = self.front.app.metrics();
        // Answers are small, and whoever asks waits for them.
        let _ = stream.set_nodelay(true);
        let Some(place) = self.place(peer.ip(), number) else {
            metrics.refused.fetch_add(1, Ordering::Relaxed);
            // It is told at once and not waited for: whatever does not fit what the system holds is not said.
            if self.tls.is_none() {
                let _ = stream.try_write(NO_PLACE);
            }
            return;
        };
        let seat = Arc::new(Seat::new(self.start, if self.tls.is_some() { Doing::Reading } else { Doing::Idle }));
        let (listening, mine) = (Arc::clone(self), Arc::clone(&seat));
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tokio::spawn(async move {
            let _place = place;
            let metrics = listening.front.app.metrics();
            metrics.connections.fetch_add(1, Ordering::Relaxed);
            let _open = Open(&metrics.connections);
            listening.connection(stream, peer, &mine, stopped).await;
        });
        seats.by_number.insert(number, (seat, task.abort_handle()));
        // One that has ended already is not looked after.
        if task.is_finished() {
            seats.by_number.remove(&number);
        }
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr, seat: &Arc<Seat>, stopped: watch::Receiver<bool>) {
        let Some(tls) = &self.tls else {
            return self.serve(stream, Connection { peer, certificates: None }, seat, stopped).await;
        };
        match tls.acceptor().accept(stream).await {
            Ok(stream) => {
                let shown = stream.get_ref().1.peer_certificates();
                let certificates = shown.and_then(|all| certificates(all.iter().map(AsRef::as_ref)));
                seat.now(Doing::Idle);
                let connection = Connection { peer, certificates: certificates.map(Arc::new) };
                self.serve(stream, connection, seat, stopped).await;
            }
            Err(_) => {
                self.front.app.metrics().handshakes.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(
        &self,
        stream: S,
        connection: Connection,
        seat: &Arc<Seat>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let service = service_fn(|request| {
            seat.now(Doing::Answering);
            let connection = &connection;
            async move {
                let answer = self.front.answer(request, connection).await;
                seat.now(Doing::Idle);
                answer
            }
        });
        let stream = TokioIo::new(Heard { stream, seat: Arc::clone(seat) });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // Who is too slow is ended by `look_after`, which costs no timer a request.
            .header_read_timeout(None)
            .max_buf_size(self.limits.header_bytes.max(64 << 10))
            .max_header_size(self.limits.header_bytes)
            .max_headers(HEADERS_MAX)
            .half_close(false)
            .serve_connection(stream, service);
        let mut connection = pin!(connection);
        // A client that breaks off is no news.
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    /// Ends connections that are too slow.
    async fn look_after(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK.min(self.limits.reading)).await;
            let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
            for (seat, task) in seats.by_number.values() {
                if seat.is_slow(self.limits.reading) {
                    task.abort();
                    self.front.app.metrics().ended.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Counts a connection down.
struct Open<'a>(&'a std::sync::atomic::AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that notes when a request begins to come.
struct Heard<S> {
    stream: S,
    seat: Arc<Seat>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before && self.seat.is_idle() {
            self.seat.now(Doing::Reading);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
