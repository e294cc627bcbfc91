//! What the routes share: the engine of the moment, the threads that evaluate, what is known of each question's pace, and
//! the decision log.
//!
//! Deliberately absent: routes, and who may ask (`front`).

use crate::body::{self, Refused};
use crate::held::{self, Waits};
use crate::log::{self, Arrival, DecisionLog, Event, decision_id};
use crate::metrics::Metrics;
use crate::pace::{Pace, Paces};
use crate::workers::{Turn, Workers};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use meshgate_core::size::has_more_values;
use meshgate_core::work::{Room, Share, Stopped, look, under};
use meshgate_engine::{Engine, RegoValue, ServerSettings, parse_json};
use serde_json::{Map, Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long a question that is quick may hold the thread of a connection. What takes longer is handed over, and done anew.
const HELD_MAX: Duration = Duration::from_millis(5);
/// Bytes of a request that is answered there.
pub const HELD_BYTES_MAX: usize = 64 << 10;
/// How long a body may take to come, in milliseconds.
const BODY_WAIT_MS: u64 = 30_000;
/// How long requests may wait for a thread before others are told to come back, in milliseconds.
const QUEUE_WAIT_MS: u64 = 250;
/// Values of a request's body.
const VALUES_MAX: usize = 1_000_000;
/// Memory of one request, and of all of them, in MiB.
const REQUEST_MIB: u64 = 512;
const REQUESTS_MIB: u64 = 1_024;
/// Bytes of a body from which on it is looked through on a thread of our own.
const LONG: usize = 1 << 20;
/// Threads for Rego that callers send.
const GUESTS: usize = 2;
/// Requests with such Rego that wait for one of them.
const GUESTS_WAITING: usize = 64;
/// What a worker may still need to stop, when its time is up.
const GRACE: Duration = Duration::from_millis(250);

/// The engine, and what is told of it with every answer.
#[derive(Debug)]
pub struct Current {
    /// The engine.
    pub engine: Arc<Engine>,
    /// `{name: {revision}}` of its bundles, as JSON text.
    pub bundles: String,
    /// `{name: sha256}` of its plugins, as JSON text; empty when there are none.
    pub plugins: String,
    /// What is told with every answer: a digest of policies, data and descriptors.
    pub revision: HeaderValue,
    /// Does a bundle say what is taken out of events, or which are left out?
    masks: bool,
    drops: bool,
}

impl Current {
    /// Takes an engine.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        let bundles = engine.bundles().map(|bundle| (bundle.name.to_owned(), json!({"revision": bundle.revision})));
        let bundles = Value::Object(bundles.collect()).to_string();
        let plugins: Map<String, Value> =
            engine.plugin_digests().map(|(name, digest)| (name.to_owned(), Value::from(digest))).collect();
        let plugins = if plugins.is_empty() { String::new() } else { Value::Object(plugins).to_string() };
        let (masks, drops) = (engine.has(&["system", "log", "mask"]), engine.has(&["system", "log", "drop"]));
        let revision = HeaderValue::from_str(engine.access().revision());
        let revision = revision.unwrap_or_else(|_| HeaderValue::from_static("unknown"));
        Self { engine: Arc::new(engine), bundles, plugins, revision, masks, drops }
    }
}

tokio::task_local! {
    /// The engine that answers the request at hand, from its beginning to its end.
    pub static CURRENT: Arc<Current>;
}

/// What the routes share.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    current: RwLock<Arc<Current>>,
    workers: Workers,
    /// For what callers send to be evaluated: it takes nobody else's threads.
    guests: Workers,
    paces: Paces,
    log: Option<DecisionLog>,
    settings: ServerSettings,
    deadline: Duration,
    body_max: usize,
    values_max: usize,
    body_wait: Duration,
    room: Arc<Room>,
    request_max: u64,
    metrics: Metrics,
    stale: Mutex<Option<Stale>>,
}

/// Something changed and cannot be loaded.
#[derive(Debug, Clone)]
pub struct Stale {
    /// Since when.
    pub since: Instant,
    /// Why.
    pub why: String,
}

/// What is written of an event.
enum Shown {
    Line(String),
    /// Nothing.
    Dropped,
    /// That there was one.
    KeptBack,
}

/// Why there is no answer. Where a decision was asked for, all of these deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// Too many wait.
    Busy,
    /// The request's time was up.
    Late,
    /// Our own code failed.
    Died,
    /// The request needs more memory than one may have.
    Memory,
}

impl From<Stopped> for Unavailable {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Memory => Self::Memory,
            Stopped::Room => Self::Busy,
            Stopped::Cancelled => Self::Late,
        }
    }
}

impl Unavailable {
    /// In a sentence.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Busy => "too many requests wait; come back in a second",
            Self::Late => "there was no answer within the request's time; treat it as a denial",
            Self::Died => "the evaluation failed; treat it as a denial",
            Self::Memory => Stopped::Memory.message(),
        }
    }

    /// 503 where it is worth asking again.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Busy | Self::Late => StatusCode::SERVICE_UNAVAILABLE,
            Self::Died => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Memory => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

/// A line in which no secret stands: policies may have SQL with keys in what they answer.
fn without<'a>(secrets: impl Iterator<Item = &'a str>, line: String) -> String {
    secrets.fold(line, |line, secret| if line.contains(secret) { line.replace(secret, "[redacted]") } else { line })
}

impl App {
    /// Makes the routes' state.
    ///
    /// # Errors
    /// When no threads can be had.
    pub fn new(engine: Engine, settings: ServerSettings, log: Option<DecisionLog>) -> std::io::Result<Self> {
        let limits = settings.limits;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = limits.threads.unwrap_or_else(|| (cores * 2).max(4)).max(1);
        let wait = Duration::from_millis(limits.wait_ms.unwrap_or(QUEUE_WAIT_MS));
        Ok(Self(Arc::new(Inner {
            current: RwLock::new(Arc::new(Current::new(engine))),
            workers: Workers::start(threads, limits.queue.unwrap_or(512), wait)?,
            guests: Workers::start(GUESTS, limits.queue.unwrap_or(512).min(GUESTS_WAITING), wait)?,
            paces: Paces::default(),
            log,
            deadline: Duration::from_millis(limits.deadline_ms.unwrap_or(2_000)),
            body_max: limits.body_mib.unwrap_or(32) << 20,
            values_max: limits.body_values.unwrap_or(VALUES_MAX),
            room: Arc::new(Room::new(limits.requests_mib.unwrap_or(REQUESTS_MIB) << 20)),
            request_max: limits.request_mib.unwrap_or(REQUEST_MIB) << 20,
            body_wait: Duration::from_millis(limits.body_ms.unwrap_or(BODY_WAIT_MS)),
            metrics: Metrics::default(),
            stale: Mutex::default(),
            settings,
        })))
    }

    /// The engine that this request began with; outside of requests, the one of the moment.
    pub fn current(&self) -> Arc<Current> {
        CURRENT.try_with(Arc::clone).unwrap_or_else(|_| self.latest())
    }

    /// The engine of the moment.
    pub fn latest(&self) -> Arc<Current> {
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another engine in its place.
    pub fn replace(&self, current: Current) {
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Says that something changed and cannot be loaded, or that all is loaded.
    pub fn set_stale(&self, why: Option<String>) {
        let mut stale = self.0.stale.lock().unwrap_or_else(PoisonError::into_inner);
        let since = stale.as_ref().map_or_else(Instant::now, |stale| stale.since);
        *stale = why.map(|why| Stale { since, why });
    }

    /// What changed and cannot be loaded, if there is such a thing.
    pub fn stale(&self) -> Option<Stale> {
        self.0.stale.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For how long.
    pub fn stale_for(&self) -> Option<Duration> {
        self.stale().map(|stale| stale.since.elapsed())
    }

    /// Threads that do work whose time was up long ago, and how many there are.
    pub fn held(&self) -> (usize, usize) {
        let long = self.0.deadline + GRACE * 2;
        let (workers, guests) = (&self.0.workers, &self.0.guests);
        (workers.held(long) + guests.held(long), workers.threads() + guests.threads())
    }

    /// Wakes threads that rest.
    pub fn wake(&self) {
        self.0.workers.wake();
        self.0.guests.wake();
    }

    /// What a request begins with: nothing held yet.
    pub fn share(&self) -> Arc<Share> {
        Arc::new(Share::new(Arc::clone(&self.0.room), self.0.request_max))
    }

    /// Bytes that requests hold.
    pub fn requests_hold(&self) -> u64 {
        self.0.room.used()
    }

    /// Values that a request's body may have.
    pub fn values_max(&self) -> usize {
        self.0.values_max
    }

    /// What the request at hand holds.
    fn held_by(&self) -> Arc<Share> {
        held::share(&self.0.room, self.0.request_max)
    }

    /// Why it should not be asked, if so.
    pub fn unready(&self) -> Option<String> {
        let (held, threads) = self.held();
        if self.0.workers.held(self.0.deadline + GRACE * 2) >= self.0.workers.threads() {
            return Some(format!("{held} of {threads} threads are held by requests whose time was up"));
        }
        let max = Duration::from_secs(self.0.settings.staleness_max_s?);
        let stale = self.stale().filter(|stale| stale.since.elapsed() >= max)?;
        Some(format!("what is served is older than it may be, since what changed cannot be loaded:\n{}", stale.why))
    }

    /// What the configuration says of the sidecar.
    pub fn settings(&self) -> &ServerSettings {
        &self.0.settings
    }

    /// Bytes that a request's body may have.
    pub fn body_max(&self) -> usize {
        self.0.body_max
    }

    /// Is every decision written down?
    pub fn logs(&self) -> bool {
        self.0.log.is_some()
    }

    /// How many requests wait for a thread.
    pub fn waiting(&self) -> usize {
        self.0.workers.waiting()
    }

    /// The log, if there is one.
    pub fn log(&self) -> Option<&DecisionLog> {
        self.0.log.as_ref()
    }

    /// Writes an event, if there is a log. What `data.system.log` takes out of it is never written.
    ///
    /// # Errors
    /// When it is not written: the answer must not leave either.
    pub async fn record(&self, event: &Event<'_>) -> std::io::Result<()> {
        let Some(log) = &self.0.log else { return Ok(()) };
        let line = event.line(log.labels());
        let shown = if event.current.masks || event.current.drops {
            self.shown(event.current, line).await
        } else {
            Shown::Line(line)
        };
        let counters = log.counters();
        let line = match shown {
            Shown::Line(line) => without(event.current.engine.access().secrets(), line),
            Shown::Dropped => {
                counters.dropped.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            Shown::KeptBack => {
                counters.kept_back.fetch_add(1, Ordering::Relaxed);
                Event { kept_back: true, ..*event }.line(log.labels())
            }
        };
        let left = self.0.deadline.saturating_sub(event.arrival.began.elapsed());
        log.write(&line, left).await
    }

    /// What may be shown of an event. Where the policies fail that say so, its contents are kept back.
    async fn shown(&self, current: &Arc<Current>, line: String) -> Shown {
        let line = Arc::new(line);
        let work = {
            let line = Arc::clone(&line);
            move |current: &Current| {
                let Ok(event) = parse_json(line.as_bytes()) else { return Err(()) };
                let ask = |what| current.engine.query(&["system", "log", what], Some(&event));
                if current.drops && matches!(ask("drop"), Ok(Some(RegoValue::Bool(true)))) {
                    return Ok(None);
                }
                if !current.masks {
                    return Ok(Some(None));
                }
                let masks = ask("mask").map_err(|_| ())?;
                Ok(Some(masks.map(|masks| serde_json::to_value(&masks)).transpose().map_err(|_| ())?))
            }
        };
        let said = self.answer("system/log", line.len(), current, work).await.unwrap_or(Err(()));
        match said {
            Ok(None) => Shown::Dropped,
            Ok(Some(None)) => Shown::Line(Arc::unwrap_or_clone(line)),
            Ok(Some(Some(masks))) => log::masked(&line, &masks).map_or(Shown::KeptBack, Shown::Line),
            Err(()) => Shown::KeptBack,
        }
    }

    /// Reads a body to its end. What is packed is unpacked on a thread of our own.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
        let (most, values_max) = (self.0.body_max, self.0.values_max);
        let share = self.held_by();
        let read = tokio::time::timeout(self.0.body_wait, body::read(headers, body, most, &share));
        let (bytes, packed) = read.await.unwrap_or(Err(Refused::Cut))?;
        // What YAML holds is known when it is read.
        let yaml = body::is_yaml(headers);
        if !packed && (yaml || bytes.len() < LONG) {
            return Ok(bytes);
        }
        let work = move || {
            let bytes = if packed { body::unpack(&bytes, most, &share)? } else { bytes };
            if !yaml && has_more_values(&bytes, values_max) { Err(Refused::TooMany) } else { Ok(bytes) }
        };
        self.apart(true, work).await.map_err(|_| Refused::Busy)?
    }

    /// Does work that is no evaluation: here when it is little, else on a thread of our own.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn apart<T: Send + 'static>(
        &self,
        much: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        if !much {
            return Ok(work());
        }
        let (answer, answered) = oneshot::channel();
        let waits = Waits::new();
        let share = self.held_by();
        let bounds = waits.work(Arc::clone(&share));
        let job = move |turn| {
            if turn == Turn::Now && answer.is_closed() {
                return;
            }
            let _ = answer.send(match turn {
                Turn::Now => {
                    let result = under(bounds(), || {
                        let result = work();
                        look().map(|()| result)
                    });
                    held::note(&share);
                    result.map_err(Unavailable::from)
                }
                Turn::Never => Err(Unavailable::Busy),
            });
        };
        self.0.workers.run(job).map_err(|_| Unavailable::Busy)?;
        match tokio::time::timeout(self.0.deadline + GRACE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Unavailable::Died),
            Err(_) => Err(Unavailable::Late),
        }
    }

    /// Answers a question that brings its own Rego, on threads that are for that alone.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn answer_guest<T: Send + 'static>(
        &self,
        current: &Arc<Current>,
        work: impl Fn(&Current) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.hand_over(&self.0.guests, Instant::now(), None, current, work).await
    }

    /// Writes down that there was no answer, if there is a log. It denied, where a decision was asked for.
    pub async fn record_none(
        &self,
        path: &str,
        input: Option<&str>,
        current: &Arc<Current>,
        arrival: &Arrival,
        why: Unavailable,
    ) {
        let error = json!({"code": "internal_error", "message": why.message()});
        let id = decision_id();
        // That there is no answer is told in any case.
        let event = Event { input, error: Some(&error), ..Event::of(&id, path, current, arrival) };
        let _ = self.record(&event).await;
    }

    /// Lays a text of JSON out and packs it, as it is wanted: on a thread of our own when it is long.
    pub async fn told(&self, gzip: bool, pretty: bool, text: String) -> Response {
        let much = text.len() > HELD_BYTES_MAX && (gzip || pretty);
        let work = move || body::json(gzip, body::laid_out(text, pretty));
        self.apart(much, work).await.unwrap_or_else(|_| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            response
        })
    }

    /// Answers a question: here when it is known to be quick, else on a thread of our own. The work may be done twice, and
    /// must leave nothing behind.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn answer<T: Send + 'static>(
        &self,
        question: &str,
        bytes: usize,
        current: &Arc<Current>,
        work: impl Fn(&Current) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let began = Instant::now();
        let pace = self.0.paces.of(question);
        if pace.is_quick() && bytes <= HELD_BYTES_MAX {
            let _ = meshgate_engine::gears();
            let held = || meshgate_engine::within(HELD_MAX, || work(current));
            let result = catch_unwind(AssertUnwindSafe(held));
            let took = began.elapsed();
            // What was asked of others must not be asked twice: if there was no time for it, that is the answer.
            let asked = meshgate_engine::asked_others();
            pace.learn(if asked { Duration::MAX } else { took });
            // One that was stopped for its time gets more of it elsewhere.
            if took < HELD_MAX || asked {
                return result.map_err(|_| Unavailable::Died);
            }
        }
        self.hand_over(&self.0.workers, began, Some(pace), current, work).await
    }

    /// Has a question answered on other threads.
    async fn hand_over<T: Send + 'static>(
        &self,
        workers: &Workers,
        began: Instant,
        pace: Option<Arc<Pace>>,
        current: &Arc<Current>,
        work: impl Fn(&Current) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let until = began + self.0.deadline;
        let (answer, answered) = oneshot::channel();
        let waits = Waits::new();
        let share = self.held_by();
        let bounds = waits.work(Arc::clone(&share));
        let engine = Arc::clone(current);
        let job = move |turn| {
            if turn == Turn::Never {
                let _ = answer.send(Err(Unavailable::Busy));
                return;
            }
            let started = Instant::now();
            let left = until.saturating_duration_since(started);
            // The client may have gone, or was told that it is late: its answer has nowhere to go.
            if left.is_zero() || answer.is_closed() {
                return;
            }
            let _ = meshgate_engine::gears();
            let result = under(bounds(), || meshgate_engine::within(left, || work(&engine)));
            held::note(&share);
            // What asks others over a network may not be asked twice, however quick they are.
            let took = if meshgate_engine::asked_others() { Duration::MAX } else { started.elapsed() };
            if let Some(pace) = pace {
                pace.learn(took);
            }
            let _ = answer.send(Ok(result));
        };
        workers.run(job).map_err(|_| Unavailable::Busy)?;
        match tokio::time::timeout(self.0.deadline + GRACE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) if began.elapsed() >= self.0.deadline => Err(Unavailable::Late),
            Ok(Err(_)) => Err(Unavailable::Died),
            Err(_) => Err(Unavailable::Late),
        }
    }
}
