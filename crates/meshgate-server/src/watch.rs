//! Descriptors that change while they are served: the engine is made anew, on a thread of its own, and takes the place of
//! the one before. When that fails, what changed is denied until it succeeds.
//!
//! Deliberately absent: bundles; they are read when the sidecar starts, and anew when a descriptor changes.

use crate::app::{App, Current};
use meshgate_engine::{Access, Engine};
use std::sync::Arc;
use std::time::Duration;

/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long to wait after what changed could not be read.
const AFTER_FAILURE: Duration = Duration::from_secs(3);

/// Makes an engine as the first one was made, knowing the one before; says what did not load.
pub type Reload = Arc<dyn Fn(Arc<Access>) -> Result<Engine, String> + Send + Sync>;

/// Looks after the descriptors for as long as the sidecar runs.
pub async fn watch(app: App, reload: Reload, say: Arc<dyn Fn(&str) + Send + Sync>) {
    let mut wait = EVERY;
    let mut said = String::new();
    loop {
        tokio::time::sleep(wait).await;
        let (app, reload) = (app.clone(), Arc::clone(&reload));
        let looked = tokio::task::spawn_blocking(move || look(&app, &reload)).await;
        // A look that died is tried again.
        match looked.unwrap_or(Ok(None)) {
            Ok(changed) => {
                if let Some(warnings) = changed {
                    said.clear();
                    say("descriptors changed: read anew");
                    warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
                }
                wait = EVERY;
            }
            Err(why) => {
                if said != why {
                    say(&format!("descriptors changed and cannot be read, access to them is denied:\n{why}"));
                    said = why;
                }
                wait = AFTER_FAILURE;
            }
        }
    }
}

/// What is odd about the engine that there is now, if it is another one.
fn look(app: &App, reload: &Reload) -> Result<Option<Vec<String>>, String> {
    let current = app.current();
    let access = current.engine.access();
    if !access.is_stale() {
        return Ok(None);
    }
    match reload(Arc::clone(access)) {
        Ok(engine) => {
            let warnings = engine.warnings().to_vec();
            app.replace(Current::new(engine));
            Ok(Some(warnings))
        }
        Err(why) => {
            access.revoke_changed(&why);
            Err(why)
        }
    }
}
