//! Modules and data in an engine, checked: what OPA refuses, and what we refuse beside it.
//!
//! Deliberately absent: rules of ours among them; see `bundle`.

mod calls;
mod graph;
mod safety;

use crate::annotations::Annotation;
use crate::checked;
use crate::error::{self, LoadError};
use crate::index::Index;
use crate::metadata::params::{self, Params};
use crate::modules::{self, Places, Written};
use crate::options::{Module, Options};
use crate::rewrite::Variant;
use crate::{builtins, context};
use regorus::{Engine, Value};
use safety::growth;
use std::collections::BTreeSet;

/// Modules and data in an engine, checked.
#[derive(Clone)]
pub(crate) struct Compiled {
    pub engine: Engine,
    /// The package of each module, by what regorus calls the module.
    pub packages: Vec<(String, String)>,
    pub places: Places,
    pub index: Index,
    pub annotations: Vec<Annotation>,
    pub warnings: Vec<LoadError>,
    /// The bundle's own documents.
    pub own: Vec<Value>,
}

/// Parses modules and checks them. `mocked` are builtins that somebody outside of the modules mocks.
pub(crate) fn compile(
    modules: &[&Module],
    data: &[Value],
    options: &Options,
    mocked: &BTreeSet<String>,
    errors: &mut Vec<LoadError>,
) -> Compiled {
    let all: Vec<Value> = data.iter().chain(options.documents.iter()).cloned().collect();
    let modules: Vec<Written> = modules.iter().copied().map(Written::of).collect();
    let params = Some(&*options.params);
    let checked = if options.known_sizes {
        checked::Found::default()
    } else {
        checked::modules(&modules, &|file| options.version_of(file), &all, &options.types)
    };
    let mut own = Vec::new();
    let mut compiled = compile_with(Variant::Plain, &modules, &all, options, mocked, params, &mut own);
    // What was refused in OPA's words is not told again in others.
    let again = |error: &LoadError| error.message.starts_with("rego_") && !error.message.contains("METADATA");
    own.retain(|error| checked.errors.is_empty() || !again(error));
    errors.extend(checked.errors);
    errors.append(&mut own);
    compiled.warnings.extend(checked.warnings);
    Compiled { own: data.to_vec(), ..compiled }
}

/// The same, for one way of evaluating, over data that has the parameters.
pub(crate) fn compile_for(
    variant: Variant,
    modules: &[Written],
    data: &[Value],
    options: &Options,
    mocked: &BTreeSet<String>,
    errors: &mut Vec<LoadError>,
) -> Compiled {
    compile_with(variant, modules, data, options, mocked, None, errors)
}

fn compile_with(
    variant: Variant,
    modules: &[Written],
    data: &[Value],
    options: &Options,
    mocked: &BTreeSet<String>,
    params: Option<&Params>,
    errors: &mut Vec<LoadError>,
) -> Compiled {
    let modules::Loaded { mut engine, packages, places, annotations, warnings } =
        modules::load(modules, &|file| options.version_of(file), variant, mocked, errors);
    // regorus' default raises builtin errors that OPA makes undefined.
    engine.set_strict_builtin_errors(options.strict);
    if let Err(error) = builtins::install(&mut engine) {
        errors.push(LoadError::new("builtins", error.to_string()));
    }
    let params = params.and_then(|said| params::document(&annotations, said, errors));
    let documents = data.iter().map(|document| ("data", document)).chain(params.iter().map(|all| ("params", all)));
    for (place, document) in documents {
        if let Err(error) = engine.add_data(document.clone()) {
            errors.push(LoadError::of_regorus(place, &error.to_string()));
        }
    }
    let index = Index::new(engine.get_modules(), &places);
    if variant == Variant::Plain {
        errors.extend(calls::check(&index, options.world || options.network.is_on()));
        errors.extend(safety::check(engine.get_modules(), &index, &places));
        // What leads to itself has no size.
        if errors.is_empty() && !options.known_sizes {
            errors.extend(growth::check(engine.get_modules(), &index));
        }
    }
    if errors.is_empty() {
        prepare(&mut engine, &places, errors);
    }
    Compiled { engine, packages, places, index, annotations, warnings, own: Vec::new() }
}

/// What regorus only finds when it prepares (unsafe variables, and what conflicts) is found here, not at the first
/// descriptor.
fn prepare(engine: &mut Engine, places: &Places, errors: &mut Vec<LoadError>) {
    // A query of nothing makes regorus prepare; the rules themselves are not run, they might not end.
    let prepared = context::quietly(|| engine.eval_query("true".to_owned(), false));
    if let Err(error) = prepared {
        let (place, message) = error::parts(&error.to_string());
        let place = place.map_or_else(|| "bundle".to_owned(), |place| places.translate(&place));
        let code = if message.contains("unsafe") { "rego_unsafe_var_error" } else { "rego_compile_error" };
        errors.push(LoadError::new(place, format!("{code}: {message}")));
    }
}
