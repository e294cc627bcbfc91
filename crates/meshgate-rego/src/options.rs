//! What a bundle is made of, and how it is to be read.
//!
//! Deliberately absent: reading it.

use crate::access::Decider;
use crate::clearance::Clearance;
use crate::gears::GearSettings;
use crate::http::Network;
use crate::metadata::params::Params;
use meshgate_core::limits::EvaluationLimits;
use meshgate_regolang::compile::Document;
use regorus::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One Rego file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its file as messages name it.
    pub file: String,
    /// Its text.
    pub text: String,
}

impl Module {
    /// Says whether the module holds tests, by its name (`…_test.rego`).
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.file.ends_with("_test.rego")
    }
}

/// How a bundle is to be read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Bounds on each evaluation.
    pub limits: EvaluationLimits,
    /// Which Rego its modules are in.
    pub version: Version,
    /// That of single files, where it is another.
    pub versions: Arc<BTreeMap<String, Version>>,
    /// What policies may ask over the network.
    pub network: Arc<Network>,
    /// Raise errors of builtins; without, they are undefined.
    pub strict: bool,
    /// May the fast gear be used though they are raised?
    pub fast_though_strict: bool,
    /// Are errors of builtins undefined in rules of ours too, whatever their METADATA says?
    pub errors_undefined: bool,
    /// What `opa.runtime` says; `{}` when absent.
    pub runtime: Option<Value>,
    /// How the gears are chosen.
    pub gears: GearSettings,
    /// What is cleared for the fast gear.
    pub clearance: Clearance,
    /// The packages whose `deny`, `violation` and `warn` are the rules, as conftest has them. Without any, rules are ours.
    pub namespaces: Vec<String>,
    /// Documents that are data of every bundle, such as the models of descriptors that are served.
    pub documents: Arc<[Value]>,
    /// Who answers `meshgate.decide`.
    pub decider: Decider,
    /// What parameters of rules are set to.
    pub params: Arc<Params>,
    /// The profiles that are chosen: rules of other ones are not in force. `None` is every rule.
    pub profiles: Option<Arc<[String]>>,
    /// Let policies call what does something in the world, for tests that mock it: called for real, it is a failure.
    pub world: bool,
    /// Were these very modules loaded before, so that no value of theirs grows beyond bounds? The program's own were, when it
    /// was tested.
    pub known_sizes: bool,
    /// What is known of documents.
    pub types: Arc<Types>,
}

impl Options {
    /// Which Rego a file is in.
    #[must_use]
    pub fn version_of(&self, file: &str) -> Version {
        self.versions.get(file).copied().unwrap_or(self.version)
    }

    /// The same with errors of builtins raised.
    #[must_use]
    pub(crate) fn raising(&self) -> Self {
        Self { strict: true, fast_though_strict: true, ..self.clone() }
    }
}

impl From<EvaluationLimits> for Options {
    fn from(limits: EvaluationLimits) -> Self {
        Self { limits, ..Self::default() }
    }
}

/// Which Rego a module is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// v1; v0 with a warning where only that parses.
    #[default]
    Either,
    /// v0, as the manifest says.
    V0,
    /// v1, as the manifest says.
    V1,
}

/// What is known of documents, and whether types are only advice.
#[derive(Debug, Clone, Default)]
pub struct Types {
    /// The documents that are known; others are anything.
    pub(crate) documents: Vec<Document>,
    /// Errors of types are warnings.
    pub warn: bool,
}

impl Types {
    /// Nothing is known of documents; errors of types are warnings, or not.
    #[must_use]
    pub fn advice(warn: bool) -> Self {
        Self { warn, ..Self::default() }
    }

    /// Says what a document is, `input` or `data.a.b`, for the rules of some packages and of those below them: what its JSON
    /// Schema allows. An object may have others than its properties only where the schema says so by a schema.
    ///
    /// # Errors
    /// A schema that refers to what is not in it.
    pub fn know(&mut self, packages: &[&str], path: &str, schema: &serde_json::Value) -> Result<(), String> {
        let packages = packages.iter().map(|&package| package.to_owned()).collect();
        let path = path.split('.').map(str::to_owned).collect();
        self.documents.push(Document { packages, path, of: meshgate_regolang::types::schema::of(schema, true)? });
        Ok(())
    }
}
