//! Policies compiled into the program that speak other programs' protocols (Trino, Kafka, proxies, AuthZEN) and answer by
//! access decisions. Each gives way to a bundle that has its package.
//!
//! Deliberately absent: rules about access; an adapter grants nothing.

use crate::bundle;
use crate::engine::Engine;
use meshgate_rego::{Bundle, Module, Options, value_of_json};
use serde_json::json;
use std::sync::Arc;

/// A policy, and where it is.
struct Adapter {
    name: &'static str,
    package: &'static [&'static str],
    text: &'static str,
}

const ADAPTERS: [Adapter; 4] = [
    Adapter { name: "trino", package: &["trino"], text: include_str!("../../adapters/trino/trino.rego") },
    Adapter { name: "kafka", package: &["kafka", "authz"], text: include_str!("../../adapters/kafka/kafka.rego") },
    Adapter { name: "authzen", package: &["authzen"], text: include_str!("../../adapters/authzen/authzen.rego") },
    Adapter {
        name: "ext_authz",
        package: &["ext_authz"],
        text: include_str!("../../adapters/ext_authz/ext_authz.rego"),
    },
];

impl Engine {
    /// Adds the adapters whose packages nobody else has.
    pub(crate) fn add_adapters(&mut self) {
        let settings = value_of_json(&json!({"meshgate": {"adapters": self.root.server.adapters.filled()}}));
        for Adapter { name, package, text } in ADAPTERS {
            if self.has(package) {
                continue;
            }
            let module = Module { file: format!("adapters/{name}.rego"), text: text.to_owned() };
            let mut documents = self.options.documents.to_vec();
            documents.push(settings.clone());
            let options = Options { documents: documents.into(), network: Arc::default(), ..self.options.clone() };
            // regorus prepares on this thread, which may have a small stack: the pool's threads have a large one.
            match self.pool.install(|| Bundle::load(&[module], &[], options)) {
                Ok(bundle) => {
                    self.bundles.push(Arc::new(bundle));
                    let files = bundle::Files::default();
                    self.revisions.push((format!("adapters/{name}"), files.revision()));
                }
                Err(errors) => errors.into_iter().for_each(|error| self.refuse(name, error.to_string())),
            }
        }
    }
}
