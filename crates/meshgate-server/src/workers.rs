//! Threads for evaluations that may take long: a bounded number, behind bounded queues, one a client, which are served in
//! turns. Their stacks are those that policies need.
//!
//! Deliberately absent: waiting for a place. When there is none, or whoever waits has waited long, the client with the most
//! in the queue is told to come back.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The stack of each; what is not touched costs nothing.
pub const STACK_BYTES: usize = 64 << 20;

/// By how much less one waits where somebody waits all the time.
const STANDING: u32 = 4;
/// After how long without anybody who waited long there may be a long queue again.
const RECOVERY: Duration = Duration::from_secs(2);

tokio::task_local! {
    /// Whose request is answered.
    pub static CLIENT: u64;
}

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is done now.
    Now,
    /// It is not done: its place was needed.
    Never,
}

type Job = Box<dyn FnOnce(Turn) + Send>;

struct Waiting {
    since: Instant,
    job: Job,
}

#[derive(Default)]
struct Queue {
    by_client: HashMap<u64, VecDeque<Waiting>>,
    /// Who is next, in turns: each client that waits stands here once.
    turns: VecDeque<u64>,
    waiting: usize,
    /// Since when some of those who are taken have waited for longer than they should, and when one last had.
    late: Option<(Instant, Instant)>,
    /// How many jobs of each client are being done.
    running: HashMap<u64, usize>,
    /// When one was last taken, if others waited then.
    taken: Option<Instant>,
    /// About how long it is from one to the next.
    each: Duration,
    closed: bool,
}

impl Queue {
    /// The next job, and whose it is. Of several threads, no client takes the last: somebody else may need it.
    fn next(&mut self, wait_max: Duration, threads: usize) -> Option<(u64, Job)> {
        let most = threads.saturating_sub(1).max(1);
        let may = |client: &u64| self.running.get(client).is_none_or(|running| *running < most);
        let client = self.turns.iter().position(may).and_then(|at| self.turns.remove(at))?;
        let queue = self.by_client.get_mut(&client)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.by_client.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        let next = next?;
        self.waiting -= 1;
        let now = Instant::now();
        if let Some(taken) = self.taken {
            self.each = self.each.saturating_mul(7).saturating_add(now - taken) / 8;
        }
        self.taken = (self.waiting > 0).then_some(now);
        if now - next.since > wait_max / STANDING {
            let since = self.late.filter(|(_, last)| now - *last <= RECOVERY).map_or(now, |(since, _)| since);
            self.late = Some((since, now));
        }
        *self.running.entry(client).or_default() += 1;
        Some((client, next.job))
    }

    /// A job of a client is done.
    fn done(&mut self, client: u64) {
        if let Some(running) = self.running.get_mut(&client) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(&client);
            }
        }
    }

    /// How long may one wait, when those who come in a moment may wait for so long? A queue that is long for longer than that
    /// is there to stay: all that it does is to make everybody late.
    fn patience(&self, wait_max: Duration) -> Duration {
        match self.late {
            Some((since, last)) if last.elapsed() <= RECOVERY && since.elapsed() > wait_max => wait_max / STANDING,
            _ => wait_max,
        }
    }

    /// How long another one of a client would wait: as long as the one that has waited longest, or by how many are taken
    /// before it.
    fn wait(&self, mine: usize) -> Duration {
        let fronts = self.by_client.values().filter_map(VecDeque::front);
        let longest = fronts.map(|waiting| waiting.since.elapsed()).max().unwrap_or_default();
        let before = mine.saturating_mul(self.by_client.len()).min(self.waiting);
        longest.max(self.each.saturating_mul(u32::try_from(before).unwrap_or(u32::MAX)))
    }

    /// Takes the latest job of the client that has the most, if that is more than this one would have.
    fn make_room(&mut self, client: u64) -> Option<Job> {
        let mine = self.by_client.get(&client).map_or(0, VecDeque::len);
        let (most, queue) = self.by_client.iter_mut().max_by_key(|(_, queue)| queue.len())?;
        if *most == client || queue.len() <= mine + 1 {
            return None;
        }
        self.waiting -= 1;
        queue.pop_back().map(|waiting| waiting.job)
    }
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    most: usize,
    wait_max: Duration,
    /// Since when each thread does what it does, in milliseconds since the start and one more; 0: nothing.
    since: Vec<AtomicU64>,
    start: Instant,
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

/// There is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Workers {
    /// Starts threads behind a queue of so many places. When somebody has waited for so long, or for a quarter of it where
    /// that has gone on for a while, nobody who waits already may put more in it.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start(threads: usize, most: usize, wait_max: Duration) -> std::io::Result<Self> {
        let since = (0..threads).map(|_| AtomicU64::new(0)).collect();
        let start = Instant::now();
        let shared = Arc::new(Shared { queue: Mutex::default(), wake: Condvar::new(), most, wait_max, since, start });
        for index in 0..threads {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name(format!("decide-{index}")).stack_size(STACK_BYTES);
            thread.spawn(move || {
                // What is quick is answered elsewhere; a copy of all data for each of these would be for nothing.
                meshgate_engine::occasional();
                work(&shared, index);
            })?;
        }
        Ok(Self { shared })
    }

    /// Hands over a job of the client whose request is answered.
    ///
    /// # Errors
    /// [`Full`] when too many wait, or too long.
    pub fn run(&self, job: impl FnOnce(Turn) + Send + 'static) -> Result<(), Full> {
        let client = CLIENT.try_with(|client| *client).unwrap_or_default();
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = queue.by_client.get(&client).map(VecDeque::len)
            && queue.wait(mine) > queue.patience(self.shared.wait_max)
        {
            return Err(Full);
        }
        let given_up = if queue.waiting < self.shared.most { None } else { Some(queue.make_room(client).ok_or(Full)?) };
        let mine = queue.by_client.entry(client).or_default();
        mine.push_back(Waiting { since: Instant::now(), job: Box::new(job) });
        if mine.len() == 1 {
            queue.turns.push_back(client);
        }
        queue.waiting += 1;
        drop(queue);
        self.shared.wake.notify_one();
        if let Some(given_up) = given_up {
            given_up(Turn::Never);
        }
        Ok(())
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.shared.since.len()
    }

    /// How many of them have done the same for so long.
    pub fn held(&self, long: Duration) -> usize {
        let now = self.shared.start.elapsed();
        let is_held = |since: &&AtomicU64| match since.load(Ordering::Relaxed).checked_sub(1) {
            Some(since) => now.saturating_sub(Duration::from_millis(since)) > long,
            None => false,
        };
        self.shared.since.iter().filter(is_held).count()
    }

    /// Wakes those that rest; they look whether there is memory to give back.
    pub fn wake(&self) {
        self.shared.wake.notify_all();
    }

    /// How many jobs wait.
    pub fn waiting(&self) -> usize {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).waiting
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.shared.wake.notify_all();
    }
}

fn work(shared: &Shared, index: usize) {
    let since = |millis: u64| {
        if let Some(since) = shared.since.get(index) {
            since.store(millis, Ordering::Relaxed);
        }
    };
    loop {
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (client, job) = loop {
            if let Some(next) = queue.next(shared.wait_max, shared.since.len()) {
                break next;
            }
            if queue.closed {
                return;
            }
            if crate::held::is_behind() {
                drop(queue);
                crate::held::give_back();
                queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue = shared.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        };
        drop(queue);
        // A job that dies drops its way to answer, which its caller sees; the thread goes on.
        since(u64::try_from(shared.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1);
        let _ = catch_unwind(AssertUnwindSafe(|| job(Turn::Now)));
        since(0);
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.done(client);
        // What waits may have waited for that.
        if queue.waiting > 0 {
            shared.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// One thread, held until the gate is opened.
    fn held(most: usize, wait_max: Duration) -> (Workers, mpsc::Sender<()>) {
        let workers = Workers::start(1, most, wait_max).unwrap();
        let (open, gate) = mpsc::channel();
        let (begun, running) = mpsc::channel();
        workers
            .run(move |_| {
                let _ = begun.send(());
                let _ = gate.recv();
            })
            .unwrap();
        running.recv().unwrap();
        (workers, open)
    }

    fn put(workers: &Workers, client: u64, told: &mpsc::Sender<(u64, Turn)>) -> Result<(), Full> {
        let told = told.clone();
        CLIENT.sync_scope(client, || {
            workers.run(move |turn| {
                let _ = told.send((client, turn));
            })
        })
    }

    #[test]
    fn clients_take_turns() {
        let (workers, open) = held(100, Duration::from_secs(60));
        let (told, heard) = mpsc::channel();
        for client in [1, 1, 1, 1, 2, 3] {
            put(&workers, client, &told).unwrap();
        }
        drop(open);
        let order: Vec<u64> = (0..6).map(|_| heard.recv().unwrap().0).collect();
        assert_eq!(order, [1, 2, 3, 1, 1, 1]);
    }

    #[test]
    fn nobody_takes_the_last_thread_and_what_is_held_is_known() {
        let workers = Workers::start(3, 100, Duration::from_secs(60)).unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let (told, heard) = mpsc::channel();
        for client in [1, 1, 1, 1, 2] {
            let (told, gate) = (told.clone(), Arc::clone(&gate));
            CLIENT.sync_scope(client, || {
                let job = move |_| {
                    let _ = told.send(client);
                    let _ = gate.lock().unwrap().recv();
                };
                workers.run(job).unwrap();
            });
        }
        let mut begun: Vec<u64> = (0..3).map(|_| heard.recv_timeout(Duration::from_secs(10)).unwrap()).collect();
        begun.sort_unstable();
        assert_eq!(begun, [1, 1, 2]);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!((workers.held(Duration::from_millis(5)), workers.held(Duration::from_secs(60))), (3, 0));
        drop(open);
        assert_eq!((0..2).map(|_| heard.recv_timeout(Duration::from_secs(10)).unwrap()).sum::<u64>(), 2);
    }

    #[test]
    fn who_has_the_most_gives_way_when_it_is_full() {
        let (workers, _open) = held(4, Duration::from_secs(60));
        let (told, heard) = mpsc::channel();
        for _ in 0..4 {
            put(&workers, 1, &told).unwrap();
        }
        assert_eq!(put(&workers, 1, &told), Err(Full));
        put(&workers, 2, &told).unwrap();
        assert_eq!(heard.recv().unwrap(), (1, Turn::Never));
        assert_eq!(workers.waiting(), 4);
    }

    #[test]
    fn a_queue_that_stays_long_is_kept_short() {
        let wait = Duration::from_millis(400);
        let (workers, _open) = held(100, wait);
        let (told, _heard) = mpsc::channel();
        put(&workers, 1, &told).unwrap();
        let ago = |time| Instant::now().checked_sub(time).unwrap();
        let waited = |time, late| {
            let mut queue = workers.shared.queue.lock().unwrap();
            queue.late = late;
            let queue: &mut VecDeque<_> = queue.by_client.get_mut(&1).unwrap();
            queue.iter_mut().for_each(|waiting| waiting.since = ago(time));
        };
        // Longer than a quarter of the time is nothing at first, …
        waited(wait / 2, None);
        put(&workers, 1, &told).unwrap();
        waited(wait / 2, Some((ago(wait / 2), Instant::now())));
        put(&workers, 1, &told).unwrap();
        // … but where others have waited as long for the whole of it, …
        waited(wait / 2, Some((ago(wait * 2), Instant::now())));
        assert_eq!(put(&workers, 1, &told), Err(Full));
        put(&workers, 2, &told).unwrap();
        // … until none has for a while.
        waited(wait / 2, Some((ago(RECOVERY * 2), ago(RECOVERY * 2))));
        put(&workers, 1, &told).unwrap();
    }

    #[test]
    fn who_is_taken_late_is_remembered() {
        let mut queue = Queue::default();
        let wait = Duration::from_millis(40);
        for _ in 0..2 {
            queue.by_client.entry(1).or_default().push_back(Waiting { since: Instant::now(), job: Box::new(drop) });
            queue.turns.push_back(1);
            queue.waiting += 1;
        }
        assert!(queue.next(wait, 2).is_some() && queue.late.is_none());
        queue.done(1);
        std::thread::sleep(wait);
        assert!(queue.next(wait, 2).is_some() && queue.late.is_some() && queue.waiting == 0);
    }

    #[test]
    fn who_waits_already_puts_no_more_in_when_it_takes_long() {
        let (workers, _open) = held(100, Duration::from_millis(10));
        let (told, _heard) = mpsc::channel();
        put(&workers, 1, &told).unwrap();
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(put(&workers, 1, &told), Err(Full));
        put(&workers, 2, &told).unwrap();
    }
}
