//! A loaded plugin: compiled, its imports checked, its description and settings accepted.
//!
//! Deliberately absent: where the bytes came from; the engine reads files.

use crate::bindings::{Plugin as World, PluginPre};
use crate::call::{self, State};
use crate::convert;
use crate::host::Host;
use meshgate_core::evaluate::{Evaluation, EvaluationInput, Evaluator, applies};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::limits::EvaluationLimits;
use meshgate_core::rule::Rule;
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasmtime::component::{Component, HasSelf, Linker};

/// Why a plugin was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{origin}: {message}")]
pub struct LoadError {
    /// The plugin as it was named.
    pub origin: String,
    /// Why, and what to do.
    pub message: String,
}

/// A plugin that is ready to judge.
pub struct Plugin {
    host: Host,
    world: PluginPre<State>,
    id: String,
    version: String,
    digest: String,
    rules: Vec<Rule>,
    settings: String,
    limits: EvaluationLimits,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

/// The interfaces that the world offers. Anything else is refused by name.
const OFFERED: &[&str] = &["meshgate:plugin/host@0.1.0", "meshgate:plugin/types@0.1.0"];

impl Plugin {
    /// Compiles a component, checks what it imports, asks who it is and gives it its settings (JSON text).
    ///
    /// # Errors
    /// [`LoadError`]: no component, a foreign import, a missing export, a failure in `describe`, refused settings.
    pub fn load(
        host: &Host,
        origin: &str,
        bytes: &[u8],
        settings: &str,
        limits: EvaluationLimits,
    ) -> Result<Self, LoadError> {
        let refuse = |message: String| LoadError { origin: origin.to_owned(), message };
        let component = compile(host, bytes).map_err(refuse)?;
        let imports: Vec<String> =
            component.component_type().imports(&host.engine).map(|(name, _)| name.to_owned()).collect();
        if let Some(foreign) = imports.iter().find(|name| !OFFERED.contains(&name.as_str())) {
            let hint = if foreign.starts_with("wasi:") {
                "plugins have no WASI; build without it (`--stub-wasi`, or wasm32-unknown-unknown for Rust)"
            } else {
                "plugins see only the interfaces of plugins/wit/"
            };
            return Err(refuse(format!("imports `{foreign}`, which is not offered: {hint}")));
        }
        let mut linker: Linker<State> = Linker::new(&host.engine);
        World::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)
            .map_err(|error| refuse(format!("{error:#}")))?;
        let instance = linker.instantiate_pre(&component).map_err(|error| refuse(format!("{error:#}")))?;
        let world = PluginPre::new(instance).map_err(|error| {
            let said = error.to_string();
            refuse(format!("is not of the world `meshgate:plugin@0.1.0`: {said}"))
        })?;
        let run_failed = |what: &str, failure: call::Failure| refuse(format!("`{what}` failed: {}", failure.message));
        let description = call::run(&host.engine, &world, &limits, |world, store| world.call_describe(store))
            .map_err(|failure| run_failed("describe", failure))?;
        if let Some(capability) = description.capabilities.first() {
            return Err(refuse(format!("wants the capability `{capability}`, which this host does not offer")));
        }
        let rules = convert::rules(&description, origin).map_err(refuse)?;
        call::run(&host.engine, &world, &limits, |world, store| world.call_validate_settings(store, settings))
            .map_err(|failure| run_failed("validate-settings", failure))?
            .map_err(|message| refuse(format!("refuses its settings: {message}")))?;
        let digest = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            host: host.clone(),
            world,
            id: description.id,
            version: description.version,
            digest,
            rules,
            settings: settings.to_owned(),
            limits,
        })
    }

    /// Returns the id that the plugin gives itself.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the version that the plugin gives itself.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the SHA-256 of the component, in hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

fn compile(host: &Host, bytes: &[u8]) -> Result<Component, String> {
    if !bytes.starts_with(b"\0asm") {
        return Err("is not WebAssembly: a plugin is a component, built as plugins/README.md says".into());
    }
    // Bytes 4 to 8: version and layer; layer 0 is a core module.
    if bytes.get(4..8) == Some(&[1, 0, 0, 0]) {
        return Err(
            "is a core module, not a component: link it with wasm-component-ld, or run `wasm-tools component new`"
                .into(),
        );
    }
    Component::new(&host.engine, bytes).map_err(|error| format!("cannot be compiled: {error:#}"))
}

impl Evaluator for Plugin {
    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn evaluate(&self, input: &EvaluationInput) -> Evaluation {
        let mut evaluation = Evaluation::default();
        if !self.rules.iter().any(|rule| applies(rule, input.kind)) {
            return evaluation;
        }
        let text = input.json();
        let outcome = call::run(&self.host.engine, &self.world, &self.limits, |world, store| {
            world.call_evaluate(store, &text, &self.settings)
        });
        let failed = |kind, message| Fault { file: Some(input.file.clone()), rule: self.id.clone(), kind, message };
        match outcome {
            Ok(Ok(found)) => match convert::remarks(found, &self.rules, &self.limits) {
                Ok(remarks) => evaluation.remarks = remarks,
                Err(message) => evaluation.faults.push(failed(FaultKind::BadOutput, message)),
            },
            Ok(Err(message)) => evaluation.faults.push(failed(FaultKind::Evaluation, message)),
            Err(failure) => evaluation.faults.push(failed(failure.kind, failure.message)),
        }
        evaluation
    }
}
