//! What a request holds of the memory that all requests share, from the first byte of its body to the last of its answer,
//! and who is told when nobody waits for its work any more.
//!
//! Deliberately absent: the work itself, and how memory is measured; see `meshgate_core::work`.

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as _, Frame, SizeHint};
use meshgate_core::work::{Room, Share, Work};
use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

tokio::task_local! {
    /// What the request at hand holds.
    pub static SHARE: Arc<Share>;
}

/// Bytes from which on memory is given back to the system when a request has ended.
const LARGE: u64 = 1 << 20;

/// What the request at hand holds; outside of requests, something of its own.
pub fn share(room: &Arc<Room>, max: u64) -> Arc<Share> {
    SHARE.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Share::new(Arc::clone(room), max)))
}

/// Set when it is dropped: whoever waits for work has gone, or was told that it is late.
pub struct Waits(Arc<AtomicBool>);

impl Waits {
    /// Somebody waits.
    pub fn new() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    /// Work that ends when nobody waits any more, and is counted for a request from when it is begun.
    pub fn work(&self, share: Arc<Share>) -> impl FnOnce() -> Work + Send + use<> {
        let flag = Arc::clone(&self.0);
        move || Work::new(flag).counted(share, meshgate_engine::live_bytes)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How much work has ended that took much memory, and what each thread has seen of that. The memory was taken on one thread and
/// perhaps let go of on another: what is free again is found by the thread that took it, so that each looks for itself.
static ENDED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static SEEN: Cell<u64> = const { Cell::new(0) };
}

/// Notes that work has ended, or an answer was sent, that took much memory.
pub fn note(share: &Share) {
    if share.held() >= LARGE {
        ENDED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Was much let go of since this thread gave back what it had?
pub fn is_behind() -> bool {
    SEEN.get() != ENDED.load(Ordering::Relaxed)
}

/// Gives memory back to the system, if much was let go of since this thread did so. Threads do it before they rest.
pub fn give_back() {
    let ended = ENDED.load(Ordering::Relaxed);
    if SEEN.replace(ended) != ended {
        meshgate_engine::give_back();
    }
}

/// How often it is looked whether threads that rest have memory to give back.
const LOOK: Duration = Duration::from_secs(1);
/// Tasks of no work for each thread of the runtime: none can tell which thread it wakes.
const NUDGES: usize = 8;

/// Wakes threads that rest when much memory was let go of, so that each gives back what it has of it. It never ends.
pub async fn wake_when_much_was_freed(wake: impl Fn()) {
    let mut seen = 0;
    loop {
        tokio::time::sleep(LOOK).await;
        let ended = ENDED.load(Ordering::Relaxed);
        if std::mem::replace(&mut seen, ended) == ended {
            continue;
        }
        wake();
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        for _ in 0..threads * NUDGES {
            drop(tokio::spawn(async {
                give_back();
                tokio::task::yield_now().await;
            }));
        }
    }
}

/// An answer that holds its share until its last byte is taken.
struct Held {
    body: Body,
    share: Arc<Share>,
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(std::mem::take(&mut self.body));
        note(&self.share);
    }
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes of an answer that need not be counted while it is sent.
const SMALL: u64 = 64 << 10;

/// Lets a large answer hold its share while it is sent.
pub fn sent(response: Response, share: Arc<Share>) -> Response {
    if response.body().size_hint().lower() <= SMALL {
        return response;
    }
    response.map(|body| Body::new(Held { body, share }))
}
