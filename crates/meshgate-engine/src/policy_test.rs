//! `meshgate test`: policy tests of folders, or of the embedded bundle.
//!
//! Deliberately absent: pass/fail examples; those are descriptors, and `meshgate check` judges them.

use crate::engine::EngineError;
use crate::{bundle, embedded};
use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, LoadError, Module, TestResult};
use std::path::PathBuf;

/// Runs the tests below these paths; of the embedded bundle when there are none.
///
/// # Errors
/// What could not be read or loaded.
pub fn test_paths(paths: &[PathBuf]) -> Result<Vec<TestResult>, Vec<EngineError>> {
    let mut modules: Vec<Module> = Vec::new();
    let mut data = Vec::new();
    if paths.is_empty() {
        modules = embedded::modules();
    }
    for path in paths {
        let files = bundle::read(path).map_err(|error| vec![error])?;
        modules.extend(files.modules);
        data.extend(files.data);
    }
    let run = move || Bundle::test(&modules, &data, EvaluationLimits::default());
    // Policies recurse on the stack of whoever evaluates them: a thread of its own, as large as the engine's.
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(run);
    let joined = thread.map_err(|error| vec![EngineError::new("tests", error)])?.join();
    let results = joined.map_err(|_| vec![EngineError::new("tests", "the Rego engine failed")])?;
    let place = |error: LoadError| EngineError::new(error.place, error.message);
    results.map_err(|errors| errors.into_iter().map(place).collect())
}
