//! Which rules look at a file, what is done about their findings, and why the others do not look.
//!
//! Deliberately absent: evaluation.

use crate::check::{CheckOptions, context};
use crate::discover::Found;
use crate::engine::{Engine, today};
use crate::governance::Subject;
use crate::layers::Layers;
use crate::sources::Tree;
use meshgate_core::evaluate::applies;
use meshgate_core::layer::Layer;
use meshgate_core::model::Format;
use meshgate_core::rule::Rule;
use meshgate_core::severity::Enforcement;
use meshgate_descriptor::{Recognised, recognise};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A rule and a descriptor.
#[derive(Debug, Clone)]
pub struct Applying {
    /// The rule.
    pub rule: Rule,
    /// Whose it is.
    pub layer: Layer,
    /// What is done about its findings.
    pub enforcement: Enforcement,
    /// Why it does not look at the descriptor; `None` when it does.
    pub why_not: Option<String>,
}

/// The rules of one descriptor.
#[derive(Debug, Clone)]
pub struct ApplyingTo {
    /// What reports call it.
    pub id: Option<String>,
    /// The domain that it belongs to.
    pub domain: Option<String>,
    /// Every rule of every layer that there is for it, by id.
    pub rules: Vec<Applying>,
}

impl Engine {
    /// Returns, for each descriptor of a file, which rules look at it.
    ///
    /// # Errors
    /// When the file cannot be read, or a layer for it cannot be loaded.
    pub fn applying(&self, path: &Path, options: &CheckOptions) -> Result<Vec<ApplyingTo>, String> {
        let name = path.display().to_string();
        let found = Found { path: path.to_owned(), name: name.clone(), named: true };
        let sources = self.sources(&[PathBuf::from(path)], options);
        let bytes = sources.bytes(&found, self.read_limits.file_bytes_max);
        let bytes = bytes.map_err(|error| format!("{name}: cannot be opened: {error}"))?;
        let parsed = meshgate_descriptor::read(&name, &bytes, &self.read_limits);
        if let Some(diagnostic) = parsed.diagnostics.first() {
            return Err(format!("{name}: {}", diagnostic.message));
        }
        let day = options.at.unwrap_or_else(today);
        let stage = options.stage.as_deref();
        let layers = self.pool.install(|| Layers::of(self, &[PathBuf::from(path)], stage, day));
        let chain = layers.chain(path).unwrap_or(&self.chain);
        if let Some(fault) = chain.layers.iter().flat_map(|layer| &layer.faults).next() {
            return Err(format!("{}: {}", fault.rule, fault.message));
        }
        let mut all = Vec::new();
        for document in parsed.documents {
            let format = match recognise(&document) {
                Recognised::Known(format) => format,
                Recognised::Unknown => Format::Generic,
                Recognised::Unclear(diagnostic) => return Err(format!("{name}: {}", diagnostic.message)),
            };
            let extract = Arc::clone(&self.extract);
            let (descriptor, _) =
                meshgate_descriptor::join(&name, document, format, sources.files(), &self.read_limits, extract);
            let mut model = meshgate_descriptor::model(&descriptor, context(options, day));
            if chain.domain.is_some() {
                model.context.domain.clone_from(&chain.domain);
            }
            let subject = Subject::of(&model);
            let mut rules = Vec::new();
            for (number, layer) in chain.layers.iter().enumerate() {
                for rule in layer.rules() {
                    let Some(plan) = chain.plan(number, &rule.id) else { continue };
                    let enforcement = plan.enforcement(stage, day);
                    let why_not = if !layer.counts_for(subject.domain) {
                        Some(format!("it is of {}", layer.layer))
                    } else if !applies(rule, subject.kind) {
                        Some(format!("it looks at {}, and this is a {}", rule.applies_to.join(", "), subject.kind))
                    } else if let Some(why) = plan.deselected(&subject) {
                        Some(why)
                    } else {
                        (enforcement == Enforcement::Off).then(|| "it is switched off (`enforcement`)".to_owned())
                    };
                    rules.push(Applying { rule: rule.clone(), layer: layer.layer.clone(), enforcement, why_not });
                }
            }
            rules.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
            all.push(ApplyingTo { id: model.id().map(str::to_owned), domain: model.context.domain.clone(), rules });
        }
        Ok(all)
    }
}
