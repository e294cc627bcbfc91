//! Sending the spool to a sink over HTTP as OPA does: arrays of events, packed with gzip, again and again until they are
//! taken. A thread of its own.
//!
//! Deliberately absent: giving up. What is not taken waits in the spool, which is bounded.

use super::Counters;
use super::spool::{Batch, Spool};
use flate2::Compression;
use flate2::write::GzEncoder;
use meshgate_engine::Upload;
use rand::RngExt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

/// Events in one request.
const LINES_MAX: usize = 4_096;
/// The first wait after a failure; each one after it is twice as long, up to a minute.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long events wait for others, so that requests are not one each.
const GATHER: Duration = Duration::from_millis(100);

/// Whoever sends.
pub struct Uploader {
    address: String,
    token_file: Option<PathBuf>,
    bytes_max: u64,
    agent: Agent,
    pub spool: Arc<Spool>,
    pub counters: Arc<Counters>,
    pub stop: Arc<AtomicBool>,
}

/// Why a batch was not taken.
enum Refused {
    /// It may be later.
    Later(String),
    /// It is too large.
    TooLarge,
}

impl Uploader {
    /// Prepares to send to an address.
    ///
    /// # Errors
    /// When a file that is named cannot be read.
    pub fn new(
        address: &str,
        settings: &Upload,
        folder: &Path,
        spool: Arc<Spool>,
        counters: Arc<Counters>,
        stop: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let mut config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("meshgate/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = &settings.ca_file {
            config = config.tls_config(TlsConfig::builder().root_certs(roots(&folder.join(file))?).build());
        }
        let token_file = settings.token_file.as_ref().map(|file| folder.join(file));
        if let Some(file) = &token_file {
            token(file)?;
        }
        Ok(Self {
            address: address.to_owned(),
            token_file,
            bytes_max: settings.batch_kib.unwrap_or(512).max(1) << 10,
            agent: config.build().into(),
            spool,
            counters,
            stop,
        })
    }

    /// Sends until it is told to stop, and then what is left for as long as `last`.
    pub fn run(&self, last: Duration, say: &dyn Fn(&str)) {
        let mut wait = FIRST_WAIT;
        let mut bytes_max = self.bytes_max;
        let mut until: Option<Instant> = None;
        let mut failing = false;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                let until = *until.get_or_insert_with(|| Instant::now() + last);
                if self.spool.is_drained() || Instant::now() >= until {
                    return;
                }
            } else {
                self.spool.wait(Duration::from_millis(500));
                self.pause(GATHER);
            }
            let batch = match self.spool.next(bytes_max, LINES_MAX) {
                Ok(Some(batch)) => batch,
                Ok(None) => continue,
                Err(error) => {
                    say(&format!("the spool cannot be read: {error}"));
                    self.pause(LONGEST_WAIT);
                    continue;
                }
            };
            match self.send(&batch) {
                Ok(()) => {
                    if std::mem::take(&mut failing) {
                        say("decisions are sent again");
                    }
                    (wait, bytes_max) = (FIRST_WAIT, self.bytes_max);
                    self.counters.sent.fetch_add(batch.lines.len() as u64, Ordering::Relaxed);
                    self.counters.torn.fetch_add(batch.torn, Ordering::Relaxed);
                    self.finish(&batch, say);
                }
                Err(Refused::TooLarge) => match batch.lines.as_slice() {
                    [line] => {
                        say("the sink takes no event of this length; it is put apart in `refused.jsonl` of the spool");
                        self.counters.refused.fetch_add(1, Ordering::Relaxed);
                        match self.spool.put_apart(line) {
                            Ok(()) => self.finish(&batch, say),
                            Err(_) => self.pause(LONGEST_WAIT),
                        }
                    }
                    lines => {
                        let bytes: usize = lines.iter().map(String::len).sum();
                        bytes_max = (bytes as u64 / 2).max(1);
                    }
                },
                Err(Refused::Later(why)) => {
                    self.counters.failed.fetch_add(1, Ordering::Relaxed);
                    if !std::mem::replace(&mut failing, true) {
                        say(&format!("decisions cannot be sent, and wait in the spool: {why}"));
                    }
                    let jitter = rand::rng().random_range(0.5..1.0);
                    self.pause(wait.mul_f64(jitter));
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    fn finish(&self, batch: &Batch, say: &dyn Fn(&str)) {
        if let Err(error) = self.spool.done(batch) {
            say(&format!("where sending stands cannot be written down, so that events may be sent twice: {error}"));
        }
    }

    /// Sleeps, but not when it is told to stop.
    fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while !self.stop.load(Ordering::Relaxed) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20).min(wait));
        }
        if self.stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn send(&self, batch: &Batch) -> Result<(), Refused> {
        if batch.lines.is_empty() {
            return Ok(());
        }
        let later = |error: &dyn std::fmt::Display| Refused::Later(error.to_string());
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        let mut mark = "[";
        for line in &batch.lines {
            packed
                .write_all(mark.as_bytes())
                .and_then(|()| packed.write_all(line.as_bytes()))
                .map_err(|e| later(&e))?;
            mark = ",";
        }
        let body = packed.write_all(b"]").and_then(|()| packed.finish()).map_err(|error| later(&error))?;
        let mut request = self
            .agent
            .post(&self.address)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip");
        if let Some(file) = &self.token_file {
            // It is read each time: tokens are renewed.
            let token = token(file).map_err(|error| later(&error))?;
            request = request.header("authorization", &format!("Bearer {token}"));
        }
        let response = request.send(&body).map_err(|error| later(&error))?;
        match response.status().as_u16() {
            200..300 => Ok(()),
            413 => Err(Refused::TooLarge),
            status => Err(Refused::Later(format!("{} answers {status}", self.address))),
        }
    }
}

fn token(file: &Path) -> io::Result<String> {
    Ok(crate::credentials::read_named(file)?.trim().to_owned())
}

fn roots(file: &Path) -> io::Result<RootCerts> {
    let named = |error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", file.display()));
    let pem = crate::credentials::read_named(file)?;
    let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(pem.as_bytes())
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(named(&"holds no certificate"));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}
