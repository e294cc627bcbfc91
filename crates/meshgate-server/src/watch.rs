//! What changes while it is served: bundles, plugins, configuration and descriptors make the engine anew, on a thread of its
//! own; it takes the place of the one before at once and as a whole. Where that fails, what was loaded before goes on, but
//! for descriptors, whose products are denied until they can be read. Certificates and tokens are read again, too.
//!
//! Deliberately absent: being told of changes. A file system that tells nothing (a mounted volume, a container) is the usual
//! one here, so that files are looked at.

use crate::app::{App, Current};
use crate::front::Front;
use crate::loader::Loader;
use crate::tls::Tls;
use crate::voice::Voice;
use meshgate_engine::{Access, Engine, fingerprint_of, give_back};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(500);
/// How long to wait after what changed could not be read, though it stays as it is.
const AFTER_FAILURE: Duration = Duration::from_secs(3);
/// The same for bundles and the configuration, which take longer to load, and are not denied meanwhile.
const AFTER_BAD_BUNDLE: Duration = Duration::from_secs(30);

/// How long an engine that was replaced is waited for; whoever answers by it for longer lets go of it.
const RETIREMENT: Duration = Duration::from_secs(5);

/// Makes an engine as the first one was made, knowing the one before; says what did not load.
pub type Source = Arc<dyn Fn(Arc<Access>) -> Result<Engine, String> + Send + Sync>;

/// Looks after what is served for as long as the sidecar runs.
pub struct Watching {
    pub app: App,
    pub source: Source,
    pub loader: Loader,
    pub front: Arc<Front>,
    pub tls: Option<Arc<Tls>>,
    pub voice: Voice,
}

/// What is known of the files that the engine was made of.
#[derive(Debug, Default)]
struct Known {
    /// What they were when they were loaded, or failed to.
    tried: Option<u64>,
    /// What they were when they were last looked at: they are loaded when they have come to rest.
    last: Option<u64>,
    /// When what is tried again failed.
    failed: Option<Instant>,
    said: String,
}

impl Watching {
    /// Does so.
    pub async fn run(self) {
        let watching = Arc::new(self);
        let mut known = Known::default();
        loop {
            let looked = Arc::clone(&watching);
            let look = move || looked.loader.clone().run(move || looked.look(known));
            // A look that died is tried again.
            known = tokio::task::spawn_blocking(look).await.ok().flatten().unwrap_or_default();
            tokio::time::sleep(EVERY).await;
        }
    }

    fn look(&self, mut known: Known) -> Known {
        self.refresh(&mut known);
        let current = self.app.latest();
        let access = current.engine.access();
        let now = fingerprint_of(current.engine.made_of());
        let tried = *known.tried.get_or_insert(current.engine.fingerprint());
        let rests = known.last == Some(now);
        known.last = Some(now);
        let changed = now != tried;
        if (!access.is_stale() && !changed && known.failed.is_none()) || (changed && !rests) {
            return known;
        }
        // What failed is tried again, though it stays as it is: it may have been for want of memory, or of a file elsewhere.
        let pause = if access.is_stale() { AFTER_FAILURE } else { AFTER_BAD_BUNDLE };
        if !changed && known.failed.is_some_and(|failed| failed.elapsed() < pause) {
            return known;
        }
        let what = if changed { "bundles or configuration" } else { "descriptors" };
        let began = Instant::now();
        match (self.source)(Arc::clone(access)) {
            Ok(engine) => {
                let warnings = engine.warnings().to_vec();
                known.tried = Some(engine.fingerprint());
                known.failed = None;
                known.said.clear();
                self.app.replace(Current::new(engine));
                self.app.set_stale(None);
                self.app.metrics().loaded(began.elapsed());
                self.voice.info(&format!("{what} changed: read anew"));
                warnings.iter().for_each(|warning| self.voice.warn(&format!("warning: {warning}")));
                retire(current);
            }
            Err(why) => {
                known.tried = Some(now);
                known.failed = Some(Instant::now());
                self.app.metrics().failed();
                if access.is_stale() {
                    access.revoke_changed(&why);
                }
                self.app.set_stale(Some(why.clone()));
                if known.said != why {
                    let then =
                        if access.is_stale() { "access to them is denied" } else { "what was loaded before goes on" };
                    self.voice.error(&format!("{what} changed and cannot be read, {then}:\n{why}"));
                    known.said = why;
                }
            }
        }
        known
    }

    /// Certificates and tokens.
    fn refresh(&self, known: &mut Known) {
        let mut tell = |what: &str, outcome: std::io::Result<bool>| match outcome {
            Ok(true) => self.voice.info(&format!("{what} changed: read anew")),
            Ok(false) => {}
            Err(error) => {
                let why = format!("{what} changed and cannot be read, what was known before goes on: {error}");
                if known.said != why {
                    self.voice.error(&why);
                    known.said = why;
                }
            }
        };
        if let Some(tls) = &self.tls {
            tell("certificates", tls.refresh());
        }
        if let Some(credentials) = &self.front.credentials {
            tell("tokens", credentials.refresh());
        }
    }
}

/// Lets go of an engine when nobody is answered by it any more: here, where it was made.
fn retire(old: Arc<Current>) {
    let began = Instant::now();
    while Arc::strong_count(&old) > 1 && began.elapsed() < RETIREMENT {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(old);
    give_back();
}
