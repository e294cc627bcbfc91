//! The decision log: one event an answer, in OPA's shape, one JSON object a line, written before the answer leaves.
//!
//! Deliberately absent: other places than a file and standard output, masking, and rotation.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where events are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTo {
    /// A file, appended to.
    File(PathBuf),
    /// Standard output.
    Stdout,
}

impl LogTo {
    /// Reads `stdout`, or the name of a file.
    ///
    /// # Errors
    /// For an address, to which nothing can be sent yet.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("a decision log is a file, or `stdout`".to_owned()),
            "stdout" => Ok(Self::Stdout),
            address if address.contains("://") => {
                Err(format!("decisions cannot be sent to `{address}` yet: name a file, or `stdout`"))
            }
            file => Ok(Self::File(PathBuf::from(file))),
        }
    }
}

/// A file, and whether the last line in it is a part of one.
struct Sink {
    file: File,
    broken: bool,
}

/// Where events go.
pub struct DecisionLog {
    sink: Mutex<Sink>,
    /// As JSON text.
    labels: String,
    requests: AtomicU64,
}

impl std::fmt::Debug for DecisionLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecisionLog").field("labels", &self.labels).finish_non_exhaustive()
    }
}

/// When a request came.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// By the clock on the wall.
    at: SystemTime,
    /// By the one that only goes forward.
    pub began: Instant,
    /// From where.
    from: Option<SocketAddr>,
}

impl Arrival {
    /// Now.
    pub fn now(from: Option<SocketAddr>) -> Self {
        Self { at: SystemTime::now(), began: Instant::now(), from }
    }
}

/// What one answer was about.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Its id.
    pub decision_id: &'a str,
    /// The id of the batch that it is a part of.
    pub batch: Option<&'a str>,
    /// What was asked for: `a/b`, or a name of ours.
    pub path: &'a str,
    /// The input as JSON text, if there is one.
    pub input: Option<&'a str>,
    /// The answer as JSON text, if there is one.
    pub result: Option<&'a str>,
    /// What went wrong.
    pub error: Option<&'a Value>,
    /// The bundles as JSON text.
    pub bundles: &'a str,
    /// When it came.
    pub arrival: &'a Arrival,
    /// How long evaluation took.
    pub eval_ns: u128,
}

impl<'a> Event<'a> {
    /// One that says nothing yet of what was asked and answered.
    pub const fn of(decision_id: &'a str, path: &'a str, bundles: &'a str, arrival: &'a Arrival) -> Self {
        Self { decision_id, batch: None, path, input: None, result: None, error: None, bundles, arrival, eval_ns: 0 }
    }
}

impl DecisionLog {
    /// Opens it.
    ///
    /// # Errors
    /// When the file cannot be appended to.
    pub fn open(to: &LogTo, labels: &BTreeMap<String, String>) -> io::Result<Self> {
        let file = match to {
            LogTo::Stdout => append(Path::new("/proc/self/fd/1"))?,
            LogTo::File(path) => append(path)?,
        };
        let sink = Mutex::new(Sink { file, broken: false });
        let mut all = labels.clone();
        all.entry("id".to_owned()).or_insert_with(decision_id);
        all.entry("version".to_owned()).or_insert_with(|| env!("CARGO_PKG_VERSION").to_owned());
        Ok(Self { sink, labels: json!(all).to_string(), requests: AtomicU64::new(0) })
    }

    /// Writes one event.
    ///
    /// # Errors
    /// When it is not written: the answer must not leave either.
    pub fn write(&self, event: &Event<'_>) -> io::Result<()> {
        let Event { arrival, .. } = event;
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let handler = arrival.began.elapsed().as_nanos();
        let sizes = [event.input, event.result].iter().flatten().map(|text| text.len()).sum::<usize>();
        let mut line = String::with_capacity(sizes + self.labels.len() + event.bundles.len() + 512);
        // A place for what separates it from a line that was broken off.
        line.push_str("\n{\"labels\":");
        line.push_str(&self.labels);
        line.push_str(",\"decision_id\":");
        quote(&mut line, event.decision_id);
        if let Some(batch) = event.batch {
            line.push_str(",\"batch_decision_id\":");
            quote(&mut line, batch);
        }
        line.push_str(",\"bundles\":");
        line.push_str(event.bundles);
        line.push_str(",\"path\":");
        quote(&mut line, event.path);
        if let Some(input) = event.input {
            line.push_str(",\"input\":");
            // Between its values JSON may have line ends; within its texts it has none.
            if input.bytes().any(|byte| byte == b'\n' || byte == b'\r') {
                line.push_str(&input.replace(['\n', '\r'], " "));
            } else {
                line.push_str(input);
            }
        }
        if let Some(result) = event.result {
            line.push_str(",\"result\":");
            line.push_str(result);
        }
        // Writing to a string cannot fail.
        if let Some(error) = event.error {
            let _ = write!(line, ",\"error\":{error}");
        }
        if let Some(from) = arrival.from {
            let _ = write!(line, ",\"requested_by\":\"{from}\"");
        }
        line.push_str(",\"timestamp\":\"");
        timestamp(&mut line, arrival.at);
        let _ = write!(
            line,
            "\",\"metrics\":{{\"timer_rego_query_eval_ns\":{},\"timer_server_handler_ns\":{handler}}},\"req_id\":{number}}}",
            event.eval_ns
        );
        line.push('\n');
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        // What was written in part is no event, and must not spoil the one behind it.
        let start = usize::from(!sink.broken);
        let written = sink.file.write_all(line.as_bytes().get(start..).unwrap_or_default());
        sink.broken = written.is_err();
        written
    }
}

/// Writes a text as JSON has it.
fn quote(line: &mut String, text: &str) {
    let plain = text.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\'));
    if plain {
        line.push('"');
        line.push_str(text);
        line.push('"');
    } else {
        line.push_str(&Value::from(text).to_string());
    }
}

/// Writes a moment as RFC 3339 has it, to the nanosecond.
fn timestamp(line: &mut String, at: SystemTime) {
    thread_local! {
        /// The last second, written: most events are of the same as the one before.
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != since.as_secs() {
            let whole: DateTime<Utc> = (UNIX_EPOCH + Duration::from_secs(since.as_secs())).into();
            *text = whole.format("%Y-%m-%dT%H:%M:%S").to_string();
            *second = since.as_secs();
        }
        line.push_str(text);
    });
    let _ = write!(line, ".{:09}Z", since.subsec_nanos());
}

/// Opens what is appended to. A pipe whose reader does not read is an error, and no wait: the thread that writes has
/// connections to look after.
fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        options.custom_flags(flags);
    }
    options.open(path)
}

/// A new decision's id: a random UUID.
pub fn decision_id() -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = rand::random::<[u8; 16]>();
    bytes[6] = (bytes[6] & 0x0F) | 0x40;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 0x0F] {
            text.push(DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_uuids() {
        let id = decision_id();
        let shape: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(shape, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes().get(14), Some(&b'4'));
        assert!(matches!(id.as_bytes().get(19), Some(b'8' | b'9' | b'a' | b'b')), "{id}");
        assert_ne!(id, decision_id());
    }

    #[test]
    fn a_moment_is_written_to_the_nanosecond() {
        let at = UNIX_EPOCH + Duration::new(1_700_000_000, 5);
        for _ in 0..2 {
            let mut line = String::new();
            timestamp(&mut line, at);
            assert_eq!(line, "2023-11-14T22:13:20.000000005Z");
        }
    }

    #[test]
    fn a_text_is_written_as_json_has_it() {
        for text in ["a/b", "", "x\"y", "a\\b", "line\nend", "ü"] {
            let mut line = String::new();
            quote(&mut line, text);
            assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
        }
    }

    #[test]
    fn an_address_is_no_file() {
        assert!(LogTo::parse("https://logs").is_err() && LogTo::parse("").is_err());
        assert_eq!(LogTo::parse("stdout"), Ok(LogTo::Stdout));
    }
}
