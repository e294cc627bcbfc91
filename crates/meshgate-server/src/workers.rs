//! Threads for evaluations that may take long: a bounded number, behind a bounded queue. Their stacks are those that
//! policies need.
//!
//! Deliberately absent: waiting for a place. When the queue is full, whoever asks is told to come back.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The stack of each; what is not touched costs nothing.
pub const STACK_BYTES: usize = 64 << 20;

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    most: usize,
}

/// The threads.
pub struct Workers {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("most", &self.shared.most).finish_non_exhaustive()
    }
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Workers {
    /// Starts threads behind a queue of so many places.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start(threads: usize, most: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), wake: Condvar::new(), most });
        for index in 0..threads {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name(format!("decide-{index}")).stack_size(STACK_BYTES);
            thread.spawn(move || {
                // What is quick is answered elsewhere; a copy of all data for each of these would be for nothing.
                meshgate_engine::occasional();
                work(&shared);
            })?;
        }
        Ok(Self { shared })
    }

    /// Hands over a job.
    ///
    /// # Errors
    /// [`Full`] when too many wait.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.jobs.len() >= self.shared.most {
            return Err(Full);
        }
        queue.jobs.push_back(Box::new(job));
        drop(queue);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// How many jobs wait.
    pub fn waiting(&self) -> usize {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).jobs.len()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.shared.wake.notify_all();
    }
}

fn work(shared: &Shared) {
    loop {
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let job = loop {
            if let Some(job) = queue.jobs.pop_front() {
                break job;
            }
            if queue.closed {
                return;
            }
            queue = shared.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        };
        drop(queue);
        // A job that dies drops its way to answer, which its caller sees; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}
