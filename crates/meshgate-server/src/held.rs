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
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

tokio::task_local! {
    /// What the request at hand holds.
    pub static SHARE: Arc<Share>;
}

/// Bytes from which on memory is given back to the system when a request has ended.
const LARGE: u64 = 8 << 20;

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

thread_local! {
    static WAS_LARGE: Cell<bool> = const { Cell::new(false) };
}

/// Notes that this thread did work that took much memory.
pub fn note(share: &Share) {
    if share.held() >= LARGE {
        WAS_LARGE.set(true);
    }
}

/// Gives memory back to the system, if this thread did work that took much.
pub fn give_back() {
    if WAS_LARGE.take() {
        meshgate_engine::give_back();
    }
}

/// An answer that holds its share until its last byte is taken.
struct Held {
    body: Body,
    _share: Arc<Share>,
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
    response.map(|body| Body::new(Held { body, _share: share }))
}
