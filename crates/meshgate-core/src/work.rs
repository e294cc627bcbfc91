//! What one piece of work may take: whether somebody still waits for it, and how much memory it may hold, of its own and
//! together with all others. Code that may take long looks at it now and then.
//!
//! Deliberately absent: clocks and threads. Whoever gives the work says when its time is up, and how memory is measured.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Why work was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Nobody waits for it any more.
    Cancelled,
    /// It needs more memory than one request may have.
    Memory,
    /// All requests together need more memory than there is for them.
    Room,
}

impl Stopped {
    /// In a sentence.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Cancelled => "nobody waits for this work any more",
            Self::Memory => "the request needs more memory than one request may have",
            Self::Room => "the requests at hand need more memory than there is for them",
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Stopped {}

/// Bytes of a body that are always taken, and of work that may always go on: those who ask little are not turned away for
/// those who ask much.
const BODY_FLOOR: u64 = 64 << 10;
const WORK_FLOOR: u64 = 16 << 20;

/// The memory that all requests share, in bytes.
#[derive(Debug)]
pub struct Room {
    max: u64,
    used: AtomicU64,
}

impl Room {
    /// Room for so many bytes.
    #[must_use]
    pub const fn new(max: u64) -> Self {
        Self { max, used: AtomicU64::new(0) }
    }

    /// Bytes that requests hold at the moment.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// What one request holds of the room; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    room: Arc<Room>,
    max: u64,
    /// Bytes of its body, and of what was made of it.
    body: AtomicU64,
    /// Bytes that its work has made on its thread.
    work: AtomicU64,
}

impl Share {
    /// Nothing yet, of so many bytes at most.
    #[must_use]
    pub const fn new(room: Arc<Room>, max: u64) -> Self {
        Self { room, max, body: AtomicU64::new(0), work: AtomicU64::new(0) }
    }

    /// Holds more bytes, for the request's body.
    ///
    /// # Errors
    /// [`Stopped`] when there is no room; then nothing more is held.
    pub fn add(&self, bytes: u64) -> Result<(), Stopped> {
        if self.held().saturating_add(bytes) > self.max {
            return Err(Stopped::Memory);
        }
        self.take(bytes, self.body.load(Ordering::Relaxed).saturating_add(bytes) <= BODY_FLOOR)?;
        self.body.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Says how many bytes its work holds now.
    ///
    /// # Errors
    /// [`Stopped`] when that is too much.
    pub fn set(&self, bytes: u64) -> Result<(), Stopped> {
        let before = self.work.load(Ordering::Relaxed);
        if let Some(less) = before.checked_sub(bytes) {
            self.room.used.fetch_sub(less, Ordering::Relaxed);
            self.work.store(bytes, Ordering::Relaxed);
            return Ok(());
        }
        if self.body.load(Ordering::Relaxed).saturating_add(bytes) > self.max {
            return Err(Stopped::Memory);
        }
        self.take(bytes - before, bytes <= WORK_FLOOR)?;
        self.work.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Bytes that it holds.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.body.load(Ordering::Relaxed).saturating_add(self.work.load(Ordering::Relaxed))
    }

    fn take(&self, bytes: u64, always: bool) -> Result<(), Stopped> {
        let max = if always { u64::MAX } else { self.room.max };
        let more = |used: u64| used.checked_add(bytes).filter(|used| *used <= max);
        let taken = self.room.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.map(|_| ()).map_err(|_| Stopped::Room)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.used.fetch_sub(self.held(), Ordering::Relaxed);
    }
}

/// One piece of work, on one thread.
#[derive(Debug)]
pub struct Work {
    /// Set when nobody waits any more.
    cancelled: Arc<AtomicBool>,
    memory: Option<Memory>,
}

#[derive(Debug)]
struct Memory {
    /// Bytes that this thread has and others do not.
    live: fn() -> i64,
    before: i64,
    share: Arc<Share>,
}

impl Work {
    /// Work that ends when the flag is set.
    #[must_use]
    pub const fn new(cancelled: Arc<AtomicBool>) -> Self {
        Self { cancelled, memory: None }
    }

    /// The same, with what it holds counted from now on, on this thread.
    #[must_use]
    pub fn counted(self, share: Arc<Share>, live: fn() -> i64) -> Self {
        Self { memory: Some(Memory { live, before: live(), share }), ..self }
    }

    fn look(&self) -> Result<(), Stopped> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Stopped::Cancelled);
        }
        match &self.memory {
            Some(Memory { live, before, share }) => {
                share.set(u64::try_from(live().saturating_sub(*before)).unwrap_or_default())
            }
            None => Ok(()),
        }
    }
}

thread_local! {
    static WORK: RefCell<Option<Arc<Work>>> = const { RefCell::new(None) };
}

/// Puts back what was there before, however the work ends.
struct Restore(Option<Arc<Work>>);

impl Drop for Restore {
    fn drop(&mut self) {
        WORK.replace(self.0.take());
    }
}

/// Does a piece of work on this thread; all that it does may look at its bounds.
pub fn under<T>(work: Work, run: impl FnOnce() -> T) -> T {
    let _restore = Restore(WORK.replace(Some(Arc::new(work))));
    run()
}

/// Takes this thread's work along to another thread, which then does it while this one waits.
pub fn carried<T>(run: impl FnOnce() -> T + Send) -> impl FnOnce() -> T + Send {
    let work = WORK.with_borrow(Option::clone);
    move || match work {
        None => run(),
        Some(work) => {
            let own = Work::new(Arc::clone(&work.cancelled));
            let own = match &work.memory {
                Some(memory) => own.counted(Arc::clone(&memory.share), memory.live),
                None => own,
            };
            under(own, run)
        }
    }
}

/// Looks whether this thread's work may go on. Without bounds it may.
///
/// # Errors
/// [`Stopped`].
pub fn look() -> Result<(), Stopped> {
    WORK.with_borrow(|work| work.as_ref().map_or(Ok(()), |work| work.look()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static LIVE: Cell<i64> = const { Cell::new(0) };
    }

    #[test]
    fn what_is_held_is_given_back() {
        let mib = |count: u64| count << 20;
        let room = Arc::new(Room::new(mib(100)));
        let (a, b) = (Share::new(Arc::clone(&room), mib(60)), Share::new(Arc::clone(&room), mib(60)));
        assert_eq!(a.add(mib(50)), Ok(()));
        assert_eq!(a.add(mib(11)), Err(Stopped::Memory));
        assert_eq!(b.add(mib(51)), Err(Stopped::Room));
        assert_eq!((b.add(mib(20)), b.set(mib(30)), room.used()), (Ok(()), Ok(()), mib(100)));
        // Who asks little is taken all the same.
        let c = Share::new(Arc::clone(&room), mib(60));
        assert_eq!((c.add(1_000), c.set(mib(1)), c.add(mib(1))), (Ok(()), Ok(()), Err(Stopped::Room)));
        drop(c);
        assert_eq!((b.set(mib(5)), room.used()), (Ok(()), mib(75)));
        assert_eq!(b.set(mib(41)), Err(Stopped::Memory));
        drop(a);
        drop(b);
        assert_eq!(room.used(), 0);
    }

    #[test]
    fn work_ends_when_it_is_too_much_or_nobody_waits() {
        assert_eq!(look(), Ok(()));
        let (room, flag) = (Arc::new(Room::new(1_000)), Arc::new(AtomicBool::new(false)));
        let share = Arc::new(Share::new(Arc::clone(&room), 100));
        LIVE.set(500);
        let work = Work::new(Arc::clone(&flag)).counted(Arc::clone(&share), || LIVE.get());
        under(work, || {
            assert_eq!((look(), room.used()), (Ok(()), 0));
            LIVE.set(580);
            assert_eq!((look(), room.used()), (Ok(()), 80));
            LIVE.set(601);
            assert_eq!(look(), Err(Stopped::Memory));
            flag.store(true, Ordering::Relaxed);
            assert_eq!(look(), Err(Stopped::Cancelled));
        });
        assert_eq!(look(), Ok(()));
        drop(share);
        assert_eq!(room.used(), 0);
    }
}
