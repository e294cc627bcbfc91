//! A look at a component before anything is granted to it: what it is, what it imports, what it wants.
//!
//! Deliberately absent: settings and descriptors; nothing is judged.

use crate::cache::Key;
use crate::describe::Description;
use crate::host::Host;
use crate::plugin::{describe, world};
use crate::{compile, imports};
use meshgate_core::limits::EvaluationLimits;
use meshgate_core::rule::Rule;
use wasmtime::component::types::ComponentItem;

/// What is to be known of a component.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Bytes of the file.
    pub size: usize,
    /// The SHA-256 of the file, in hex.
    pub digest: String,
    /// What it imports, by name.
    pub imports: Vec<String>,
    /// What it exports, by name.
    pub exports: Vec<String>,
    /// Interfaces of capabilities among the imports: `files`, `data`, `clock`, `random`.
    pub interfaces: Vec<String>,
    /// What it says of itself, and its rules.
    pub described: Option<(Description, Vec<Rule>)>,
    /// Why a host would refuse it whatever is granted; empty for a plugin.
    pub refusals: Vec<String>,
}

/// Looks at a component. What makes it no plugin is in [`Inspection::refusals`].
///
/// # Errors
/// When it is no component, or cannot be compiled.
pub fn inspect(host: &Host, bytes: &[u8], limits: &EvaluationLimits) -> Result<Inspection, String> {
    let digest = compile::digest(bytes);
    let key = Key::new(host.engine(), &digest);
    let component = compile::component(host, bytes, &key)?;
    let names = imports::names(host.engine(), &component);
    let refusals: Vec<String> = names.iter().filter_map(|name| imports::foreign(name)).collect();
    let capability =
        |name: &String| imports::interface(name).filter(|name| !["types", "host"].contains(name)).map(str::to_owned);
    let exported = |(name, item): (&str, _)| match item {
        wasmtime::component::types::ComponentExtern { ty: ComponentItem::ComponentFunc(_), .. } => {
            format!("{name}: func")
        }
        _ => name.to_owned(),
    };
    let mut inspection = Inspection {
        size: bytes.len(),
        digest,
        interfaces: names.iter().filter_map(capability).collect(),
        exports: component.component_type().exports(host.engine()).map(exported).collect(),
        imports: names,
        described: None,
        refusals,
    };
    if inspection.refusals.is_empty() {
        let described = world(host, &component, None).and_then(|world| {
            let description = describe(host, &world, &key, limits)?;
            description.capabilities()?;
            let rules = description.rules("")?;
            Ok((description, rules))
        });
        match described {
            Ok(described) => inspection.described = Some(described),
            Err(message) => inspection.refusals.push(message),
        }
    }
    Ok(inspection)
}
