//! The thread that makes what is served, and lets go of it again. What an allocator gave to one thread it can use anew, or
//! give back, when the same thread frees it; a large bundle that is made on one thread and freed on another stays with the
//! process for as long as the first one does nothing.
//!
//! Deliberately absent: what is to be done; it is told as it comes.

use crate::workers::STACK_BYTES;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::thread::Builder;

type Job = Box<dyn FnOnce() + Send>;

/// That thread.
#[derive(Debug, Clone)]
pub struct Loader(Sender<Job>);

impl Loader {
    /// Starts it; it ends with the last of its handles.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start() -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        Builder::new().name("loader".to_owned()).stack_size(STACK_BYTES).spawn(move || {
            // One that panics has no answer; the next one has.
            waiting.into_iter().for_each(|job| drop(catch_unwind(AssertUnwindSafe(job))));
        })?;
        Ok(Self(jobs))
    }

    /// Has something done, and waits for it; `None` when it panicked.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (tell, done) = mpsc::channel();
        self.0.send(Box::new(move || drop(tell.send(job())))).ok()?;
        done.recv().ok()
    }
}
