//! A loaded plugin: compiled, its imports checked, its description and settings accepted.
//!
//! Deliberately absent: where the bytes came from; the engine reads files.

use crate::bindings::EverythingPre;
use crate::cache::Key;
use crate::call::{self, Done, Failure};
use crate::capability::{Capability, Grants};
use crate::describe::Description;
use crate::host::Host;
use crate::log::{Log, LogLine};
use crate::state::State;
use crate::{compile, convert, imports};
use meshgate_core::evaluate::{Evaluation, EvaluationInput, Evaluator, Wanted};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::finding::Remark;
use meshgate_core::limits::EvaluationLimits;
use meshgate_core::rule::Rule;
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;
use wasmtime::component::Component;

/// Why a plugin was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{origin}: {message}")]
pub struct LoadError {
    /// The plugin as it was named.
    pub origin: String,
    /// Why, and what to do.
    pub message: String,
}

/// What a plugin is loaded from.
#[derive(Debug, Clone, Copy)]
pub struct PluginSource<'a> {
    /// Its name for messages: the path of the file.
    pub origin: &'a str,
    /// The component.
    pub bytes: &'a [u8],
    /// The SHA-256 that it must have, in hex. It is looked at before anything of the component is run.
    pub sha256: Option<&'a str>,
    /// Its settings, JSON text.
    pub settings: &'a str,
}

/// A plugin that is ready to judge.
pub struct Plugin {
    host: Host,
    world: EverythingPre<State>,
    description: Description,
    digest: String,
    rules: Vec<Rule>,
    settings: String,
    grants: Arc<Grants>,
    limits: EvaluationLimits,
}

/// What became of one call, for tools.
#[derive(Debug)]
pub struct Called {
    /// The remarks, or how it failed.
    pub outcome: Result<Vec<Remark>, Fault>,
    /// The lines that it wrote to its log, as many as are kept.
    pub log: Vec<LogLine>,
    /// Lines that were not kept.
    pub log_dropped: usize,
    /// Linear memory at its end, in bytes.
    pub memory_bytes: usize,
    /// Wall clock, instance and conversion included.
    pub took: Duration,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.description.id)
            .field("version", &self.description.version)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// Compiles a component, checks what it imports and wants against what is granted, asks who it is and gives it its
    /// settings.
    ///
    /// # Errors
    /// [`LoadError`]: another digest, no component, a foreign import, one that was not granted, a missing export, a
    /// capability that it wants and has not, a failure in `describe`, refused settings.
    pub fn load(
        host: &Host,
        source: PluginSource<'_>,
        grants: Grants,
        limits: EvaluationLimits,
    ) -> Result<Self, LoadError> {
        let PluginSource { origin, bytes, sha256, settings } = source;
        let refuse = |message: String| LoadError { origin: origin.to_owned(), message };
        let digest = compile::digest(bytes);
        let digits = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if let Some(other) = sha256.filter(|text| !digits(text)) {
            return Err(refuse(format!(
                "should have the SHA-256 `{other}`, which is none: it is 64 hex digits; this file's is {digest}"
            )));
        }
        if let Some(expected) = sha256.filter(|expected| !expected.eq_ignore_ascii_case(&digest)) {
            return Err(refuse(format!("has the SHA-256 {digest}, and should have {expected}")));
        }
        let key = Key::new(host.engine(), &digest);
        let component = compile::component(host, bytes, &key).map_err(refuse)?;
        imports::check(&imports::names(host.engine(), &component), &grants).map_err(refuse)?;
        let world = world(host, &component, Some(&grants)).map_err(refuse)?;
        let description = describe(host, &world, &key, &limits).map_err(refuse)?;
        for wanted in description.capabilities().map_err(refuse)? {
            if !grants.cover(&wanted) {
                return Err(refuse(format!(
                    "wants the capability `{wanted}`, which it was not granted: grant it under the plugin's \
                     `capabilities:` in meshgate.yaml (`{}`)",
                    wanted.grant()
                )));
            }
        }
        let rules = description.rules(origin).map_err(refuse)?;
        let grants = Arc::new(grants);
        let Done { outcome, .. } = call::run(host, &world, &limits, Some(&grants), |world, store| {
            world.call_validate_settings(store, settings)
        });
        outcome
            .map_err(|failure| refuse(format!("`validate-settings` failed: {}", failure.message)))?
            .map_err(|message| refuse(format!("refuses its settings: {message}")))?;
        Ok(Self {
            host: host.clone(),
            world,
            description,
            digest,
            rules,
            settings: settings.to_owned(),
            grants,
            limits,
        })
    }

    /// Returns the id that the plugin gives itself.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.description.id
    }

    /// Returns the version that the plugin gives itself.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.description.version
    }

    /// Returns the SHA-256 of the component, in hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What it was granted and neither wants nor imports: an authority for nothing.
    #[must_use]
    pub fn unused_grants(&self) -> Vec<Capability> {
        let wanted = self.description.capabilities().unwrap_or_default();
        self.grants.all().into_iter().filter(|granted| !wanted.iter().any(|wanted| granted.covers(wanted))).collect()
    }

    /// Calls the plugin on one input, whatever its rules apply to, and tells all about it.
    #[must_use]
    pub fn call(&self, input: &EvaluationInput) -> Called {
        let begun = Instant::now();
        let text = input.json();
        let done = call::run(&self.host, &self.world, &self.limits, Some(&self.grants), |world, store| {
            world.call_evaluate(store, &text, &self.settings)
        });
        let Done { outcome, log: Log { lines, dropped }, memory_bytes } = done;
        let remarks = match outcome {
            Ok(Ok(found)) => convert::remarks(found, &self.rules, &self.limits)
                .map_err(|message| Failure { kind: FaultKind::BadOutput, message }),
            Ok(Err(message)) => Err(Failure { kind: FaultKind::Evaluation, message }),
            Err(failure) => Err(failure),
        };
        let fault = |Failure { kind, message }| {
            // An error without a word is still one.
            let said = !message.trim().is_empty();
            let message = if said { convert::shortened(message) } else { "failed and did not say why".to_owned() };
            Fault { file: Some(input.file.clone()), rule: self.description.id.clone(), kind, message }
        };
        Called {
            outcome: remarks.map_err(fault),
            log: lines,
            log_dropped: dropped,
            memory_bytes,
            took: begun.elapsed(),
        }
    }

    /// Evaluates an input, and lets somebody hear what became of the call.
    pub fn evaluate_heard(
        &self,
        input: &EvaluationInput,
        wanted: &Wanted<'_>,
        hear: impl FnOnce(&Called),
    ) -> Evaluation {
        let mut evaluation = Evaluation::default();
        if !self.rules.iter().any(wanted) {
            return evaluation;
        }
        let called = self.call(input);
        hear(&called);
        match called.outcome {
            Ok(remarks) => evaluation.remarks = remarks,
            Err(fault) => evaluation.faults.push(fault),
        }
        evaluation
    }
}

/// Links a component and looks for the exports of the contract.
pub fn world(host: &Host, component: &Component, grants: Option<&Grants>) -> Result<EverythingPre<State>, String> {
    let linker = imports::linker(host.engine(), grants).map_err(|error| format!("{error:#}"))?;
    let instance = linker.instantiate_pre(component).map_err(|error| {
        let said = format!("{error:#}");
        format!("does not fit this host's contract `{}`: {said}", imports::CONTRACT)
    })?;
    EverythingPre::new(instance).map_err(|error| {
        let said = format!("{error:#}");
        format!(
            "is not of the contract `{}`: {said}; export `describe`, `validate-settings` and `evaluate`",
            imports::CONTRACT
        )
    })
}

/// What a plugin says of itself: the kept answer, or a call.
pub fn describe(
    host: &Host,
    world: &EverythingPre<State>,
    key: &Key,
    limits: &EvaluationLimits,
) -> Result<Description, String> {
    if let Some(kept) = host.cache().and_then(|cache| cache.description(key)) {
        return Ok(kept);
    }
    let Done { outcome, .. } = call::run(host, world, limits, None, |world, store| world.call_describe(store));
    let said = outcome.map_err(|failure| format!("`describe` failed: {}", failure.message))?;
    let description = Description::from(said);
    if let Some(cache) = host.cache() {
        cache.keep_description(key, &description);
    }
    Ok(description)
}

impl Evaluator for Plugin {
    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn evaluate_some(&self, input: &EvaluationInput, wanted: &Wanted<'_>) -> Evaluation {
        self.evaluate_heard(input, wanted, |_| {})
    }
}
