//! The decision log: one event an answer, in OPA's shape, one JSON object a line, written before the answer leaves: to files,
//! to standard output, and to a spool from which it is sent on. Nothing that was acknowledged is lost.
//!
//! Deliberately absent: a second copy in memory. What is not written is not answered, unless the configuration sheds.

mod event;
mod file;
mod mask;
mod spool;
mod upload;

pub use event::{Arrival, Event, Took, decision_id};
pub use spool::files as spooled_files;

use file::LogFile;
use meshgate_engine::{DecisionLogSettings, Fsync, WhenFull};
use serde_json::{Value, json};
use spool::Spool;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use upload::Uploader;

/// Bytes of the spool, unless the configuration says otherwise.
const SPOOL_MIB: u64 = 256;
/// How long what is left in the spool is sent for when the process stops.
const LAST: Duration = Duration::from_secs(5);

/// Where events are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTo {
    /// A file, appended to.
    File(PathBuf),
    /// Standard output.
    Stdout,
    /// An address that takes what OPA sends.
    Http(String),
}

impl LogTo {
    /// Reads `stdout`, an address, or the name of a file.
    ///
    /// # Errors
    /// For what is none of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => {
                Err("a decision log is a file, `stdout`, or an address that begins with http:// or https://".to_owned())
            }
            "stdout" => Ok(Self::Stdout),
            address if address.starts_with("http://") || address.starts_with("https://") => {
                Ok(Self::Http(address.to_owned()))
            }
            address if address.contains("://") => {
                Err(format!("decisions cannot be sent to `{address}`: an address begins with http:// or https://"))
            }
            file => Ok(Self::File(PathBuf::from(file))),
        }
    }
}

impl LogTo {
    /// The same, where names of files begin at a folder.
    #[must_use]
    pub fn below(self, folder: &Path) -> Self {
        match self {
            Self::File(file) => Self::File(folder.join(file)),
            other => other,
        }
    }
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Events that were written.
    pub written: AtomicU64,
    /// Events that were not, while the answers left: `full: shed`.
    pub shed: AtomicU64,
    /// Answers that did not leave, since their events were not written.
    pub unwritten: AtomicU64,
    /// Events that `data.system.log.drop` left out.
    pub dropped: AtomicU64,
    /// Events whose mask failed: their contents were kept back.
    pub kept_back: AtomicU64,
    /// Events that the sink took.
    pub sent: AtomicU64,
    /// Requests to the sink that failed.
    pub failed: AtomicU64,
    /// Events that the sink never takes.
    pub refused: AtomicU64,
    /// Lines that a process left half-written.
    pub torn: AtomicU64,
}

/// What is written to.
struct Sinks {
    files: Vec<LogFile>,
    spool: Option<Arc<Spool>>,
}

/// One of them.
enum Place<'a> {
    Spool(&'a Spool),
    File(&'a mut LogFile),
}

/// Has files written to the disk, for all who wait at once.
struct Syncing {
    wanted: Mutex<u64>,
    more: Condvar,
    done: watch::Sender<Synced>,
}

/// How far the disk is.
#[derive(Debug, Clone, Copy, Default)]
struct Synced {
    /// Up to here it was asked.
    done: u64,
    /// Up to here it may have failed: a failure is told once, and says nothing of what is written later.
    failed: u64,
}

/// Where events go.
pub struct DecisionLog {
    sinks: Arc<Mutex<Sinks>>,
    /// As JSON text.
    labels: String,
    when_full: WhenFull,
    syncing: Option<Arc<Syncing>>,
    counters: Arc<Counters>,
    stop: Arc<AtomicBool>,
    sender: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for DecisionLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecisionLog").field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl DecisionLog {
    /// Opens it. Names of files begin at `folder`.
    ///
    /// # Errors
    /// When a file or the spool cannot be written to.
    pub fn open(
        to: &[LogTo],
        settings: &DecisionLogSettings,
        labels: &BTreeMap<String, String>,
        folder: &Path,
        say: Arc<dyn Fn(&str) + Send + Sync>,
    ) -> io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let stop = Arc::new(AtomicBool::new(false));
        let named =
            |name: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", name.display()));
        let durable = settings.fsync == Fsync::Always;
        let mut files = Vec::new();
        let mut spool = None;
        let mut sender = None;
        for to in to {
            match to {
                LogTo::Stdout => files.push(LogFile::stdout(durable)?),
                LogTo::File(path) => {
                    files.push(LogFile::open(path, settings.rotate, durable).map_err(|error| named(path, error))?);
                }
                LogTo::Http(address) => {
                    if sender.is_some() {
                        return Err(io::Error::other("decisions are sent to one address only"));
                    }
                    let path = folder.join(settings.spool.folder.as_deref().unwrap_or(Path::new(".meshgate/spool")));
                    let bytes_max = settings.spool.max_mib.unwrap_or(SPOOL_MIB).max(1) << 20;
                    let opened = Arc::new(Spool::open(&path, bytes_max, durable).map_err(|error| named(&path, error))?);
                    spool = Some(Arc::clone(&opened));
                    let (counters, stop) = (Arc::clone(&counters), Arc::clone(&stop));
                    let uploader = Uploader::new(address, &settings.upload, folder, opened, counters, stop)?;
                    let say = Arc::clone(&say);
                    let thread = std::thread::Builder::new().name("decisions".to_owned());
                    sender = Some(thread.spawn(move || uploader.run(LAST, &*say))?);
                }
            }
        }
        let sinks = Arc::new(Mutex::new(Sinks { files, spool }));
        let syncing = match settings.fsync {
            Fsync::Never => None,
            Fsync::Always => Some(sync_with(&sinks, &stop)?),
        };
        let mut all = labels.clone();
        all.entry("id".to_owned()).or_insert_with(decision_id);
        all.entry("version".to_owned()).or_insert_with(|| env!("CARGO_PKG_VERSION").to_owned());
        Ok(Self {
            sinks,
            labels: json!(all).to_string(),
            when_full: settings.full,
            syncing,
            counters,
            stop,
            sender: Mutex::new(sender),
        })
    }

    /// What the labels are, as JSON text.
    pub fn labels(&self) -> &str {
        &self.labels
    }

    /// Counts since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Bytes that wait to be sent, if anything is sent.
    pub fn spooled(&self) -> Option<u64> {
        let sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        sinks.spool.as_ref().map(|spool| spool.size())
    }

    /// Writes one event. Where there is no room, the configuration decides: it waits for as long as `patience`, is an
    /// error, or is counted and let go.
    ///
    /// # Errors
    /// When it is not written: the answer must not leave either.
    pub async fn write(&self, line: &str, patience: Duration) -> io::Result<()> {
        let mut waited = Duration::ZERO;
        let mut done = 0;
        let outcome = loop {
            match self.put(line, &mut done) {
                Err(error) if self.when_full == WhenFull::Block && waited < patience && is_full(&error) => {
                    let pause = Duration::from_millis(5);
                    tokio::time::sleep(pause).await;
                    waited += pause;
                }
                outcome => break outcome,
            }
        };
        let outcome = match (outcome, &self.syncing) {
            (Ok(()), Some(syncing)) => syncing.wait().await,
            (outcome, _) => outcome,
        };
        match outcome {
            Ok(()) => {
                self.counters.written.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(_) if self.when_full == WhenFull::Shed => {
                self.counters.shed.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                self.counters.unwritten.fetch_add(1, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    /// Writes to each sink that does not have the event yet, and counts those that do.
    fn put(&self, line: &str, done: &mut usize) -> io::Result<()> {
        let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        let Sinks { files, spool } = &mut *sinks;
        // The spool first: it is what may have no room.
        let spool = spool.iter().map(|spool| Place::Spool(spool));
        for place in spool.chain(files.iter_mut().map(Place::File)).skip(*done) {
            match place {
                Place::Spool(spool) => spool.append(line)?,
                Place::File(file) => file.write(line)?,
            }
            *done += 1;
        }
        Ok(())
    }

    /// Sends what is left, for a while. Call it when no more events come.
    pub fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(syncing) = &self.syncing {
            syncing.more.notify_all();
        }
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            let _ = sender.join();
        }
    }
}

/// Applies what `data.system.log.mask` says to an event's line; `None` when it is not understood: then nothing of it may be
/// shown.
pub fn masked(line: &str, masks: &Value) -> Option<String> {
    let mut event = serde_json::from_str::<Value>(line).ok()?;
    mask::apply(&mut event, masks).ok()?;
    Some(format!("{event}\n"))
}

/// No room: of the spool, of the disk, or of a pipe that nobody reads.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::WouldBlock | io::ErrorKind::QuotaExceeded)
}

fn sync_with(sinks: &Arc<Mutex<Sinks>>, stop: &Arc<AtomicBool>) -> io::Result<Arc<Syncing>> {
    let syncing =
        Arc::new(Syncing { wanted: Mutex::new(0), more: Condvar::new(), done: watch::channel(Synced::default()).0 });
    let (sinks, stop, for_thread) = (Arc::clone(sinks), Arc::clone(stop), Arc::clone(&syncing));
    std::thread::Builder::new().name("sync".to_owned()).spawn(move || for_thread.run(&sinks, &stop))?;
    Ok(syncing)
}

impl Syncing {
    fn run(&self, sinks: &Mutex<Sinks>, stop: &AtomicBool) {
        let mut done = 0;
        loop {
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            while *wanted == done {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let waited = self.more.wait_timeout(wanted, Duration::from_millis(200));
                wanted = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            let now = *wanted;
            drop(wanted);
            let files: Vec<Arc<File>> = {
                let sinks = sinks.lock().unwrap_or_else(PoisonError::into_inner);
                let spool = sinks.spool.iter().map(|spool| spool.file());
                sinks.files.iter().map(LogFile::file).chain(spool).collect()
            };
            // What is no file has no disk.
            let whole = files
                .iter()
                .all(|file| file.sync_data().is_ok() || file.metadata().is_ok_and(|metadata| !metadata.is_file()));
            done = now;
            self.done.send_modify(|synced| {
                synced.done = now;
                if !whole {
                    synced.failed = now;
                }
            });
        }
    }

    /// Waits until what was written before is on the disk.
    async fn wait(&self) -> io::Result<()> {
        let mut done = self.done.subscribe();
        let mine = {
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            *wanted += 1;
            *wanted
        };
        self.more.notify_one();
        let reached = done.wait_for(|synced| synced.done >= mine).await;
        match reached.map(|synced| synced.failed) {
            Ok(failed) if failed < mine => Ok(()),
            _ => Err(io::Error::other("the disk did not take the event")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_files_are_told_apart() {
        assert_eq!(LogTo::parse("https://logs/x"), Ok(LogTo::Http("https://logs/x".to_owned())));
        assert_eq!(LogTo::parse("stdout"), Ok(LogTo::Stdout));
        assert!(LogTo::parse("s3://logs").is_err() && LogTo::parse("").is_err());
    }
}
