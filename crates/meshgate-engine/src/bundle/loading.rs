//! From the files of a bundle to a bundle, with what a layer's configuration says of its rules.
//!
//! Deliberately absent: which bundles there are.

use super::{Files, is_below};
use crate::config::Config;
use crate::engine::{Engine, reserved};
use crate::schemas;
use meshgate_core::evaluate::Evaluator;
use meshgate_rego::{Bundle, Clearance, Options, Value as RegoValue};
use serde_json::Value;
use std::sync::Arc;

impl Engine {
    /// Loads a bundle. Call it on the engine's own threads.
    pub(crate) fn load_bundle(
        &self,
        files: &Files,
        config: &Config,
        namespaces: Vec<String>,
        network: bool,
    ) -> Result<Arc<Bundle>, Vec<String>> {
        let read = |text: &String| Clearance::read(text, &files.modules, &files.data);
        let clearance = files.clearance.as_ref().and_then(read);
        // With other parameters they are other rules than those that were cleared; helpers read them for rules beside theirs.
        let sets = |record: &Clearance| {
            config.params.keys().any(|rule| record.has(&format!("data.meshgate.rules.{rule}.findings")))
        };
        let clearance = clearance.filter(|record| !sets(record)).unwrap_or_default();
        let options = Options {
            version: files.version,
            versions: Arc::new(files.versions.clone()),
            // What lies in the tree asks nothing over the root's network.
            network: if network { Arc::clone(&self.options.network) } else { Arc::default() },
            clearance,
            known_sizes: files.built_in,
            // Those of ours are checked by a test, and the model's types take longer than they.
            types: if files.built_in {
                Arc::default()
            } else {
                let warn = files.warn_of_types || self.options.types.warn;
                schemas::types(files.raw || !namespaces.is_empty(), warn)
            },
            params: Arc::new(config.params.clone()),
            namespaces,
            ..self.options.clone()
        };
        let loaded = Bundle::load(&files.modules, &files.data, options);
        let bundle = loaded.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        if let Some(roots) = &files.roots {
            let strayed = bundle.packages().find(|(_, package)| !is_below(&package.replace('.', "/"), roots));
            if let Some((file, package)) = strayed {
                return Err(vec![format!("{file}: the package `{package}` lies below none of the manifest's roots")]);
            }
        }
        let reserved: Vec<String> =
            bundle.rules().iter().filter_map(|rule| reserved(rule, bundle.is_conftest())).collect();
        if reserved.is_empty() { Ok(Arc::new(bundle.with_raw_input(files.raw))) } else { Err(reserved) }
    }
}

/// A document as plugins get it.
pub fn tree(document: &RegoValue) -> Value {
    // What was read from JSON or YAML can be written as JSON.
    serde_json::to_value(document).unwrap_or_default()
}

/// Adds a document to what there is; what is there already stays.
pub fn overlay(into: &mut Value, from: Value) {
    match (into, from) {
        (into @ Value::Null, from) => *into = from,
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                overlay(into.entry(key).or_insert(Value::Null), value);
            }
        }
        _ => {}
    }
}
