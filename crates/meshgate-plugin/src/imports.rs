//! What a component imports: the contract's interfaces that it was granted, and nothing else.
//!
//! Deliberately absent: the barrier itself. A refusal here is for its message; what is not in the linker cannot be called.

use crate::bindings::meshgate::plugin::{clock, data, files, host, random, types};
use crate::capability::Grants;
use crate::state::State;
use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, Linker};

/// The contract's package and version.
pub const CONTRACT: &str = "meshgate:plugin@0.1.0";
const PACKAGE: &str = "meshgate:plugin/";
/// Versions of the contract that this host knows: `0.1.0` up to this patch.
const MINOR: &str = "0.1.";
const PATCH: u32 = 0;
const FREE: &[&str] = &["types", "host"];
const CAPABILITIES: &[&str] = &["files", "data", "clock", "random"];

/// The names of a component's imports, in its order.
pub fn names(engine: &Engine, component: &Component) -> Vec<String> {
    component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect()
}

/// The name of one of our interfaces, without package and version.
pub fn interface(import: &str) -> Option<&str> {
    let name = import.strip_prefix(PACKAGE)?;
    Some(name.split_once('@').map_or(name, |(name, _)| name))
}

/// Says why an import is refused, whatever is granted.
pub fn foreign(import: &str) -> Option<String> {
    let Some(name) = interface(import) else {
        let hint = if import.starts_with("wasi:") {
            "plugins have no WASI; build without it (`--stub-wasi` for Python and JavaScript, the target \
             wasm32-unknown-unknown for Rust)"
        } else {
            "plugins see only the interfaces of the contract (plugins/wit)"
        };
        return Some(format!("imports `{import}`, which is not offered: {hint}"));
    };
    let version = import.rsplit_once('@').map_or("", |(_, version)| version);
    let patch = version.strip_prefix(MINOR).and_then(|patch| patch.parse::<u32>().ok());
    if patch.is_none_or(|patch| patch > PATCH) {
        return Some(format!(
            "imports `{import}`, but this host knows the contract up to {MINOR}{PATCH}: build the plugin with the WIT of \
             this version (`meshgate plugin new` writes it)"
        ));
    }
    (!FREE.contains(&name) && !CAPABILITIES.contains(&name)).then(|| {
        let known: Vec<&str> = FREE.iter().chain(CAPABILITIES).copied().collect();
        format!("imports `{import}`, which is not in the contract: it has {}", known.join(", "))
    })
}

/// Looks at all imports.
///
/// # Errors
/// The first that is foreign or was not granted.
pub fn check(imports: &[String], grants: &Grants) -> Result<(), String> {
    for import in imports {
        if let Some(message) = foreign(import) {
            return Err(message);
        }
        let name = interface(import).unwrap_or_default();
        if CAPABILITIES.contains(&name) && !grants.interface(name) {
            return Err(format!(
                "imports `{import}`, which it was not granted: grant it under the plugin's `capabilities:` in \
                 meshgate.yaml ({}), or build it for a world without it",
                how(name)
            ));
        }
    }
    Ok(())
}

fn how(name: &str) -> &'static str {
    match name {
        "files" => "`files: { NAME: FOLDER }`",
        "data" => "`data: [ PATH ]`",
        "clock" => "`clock: true`",
        _ => "`random: true`",
    }
}

/// A linker that holds what is free and what was granted; with `None`, everything, for a look at what a plugin says.
pub fn linker(engine: &Engine, grants: Option<&Grants>) -> wasmtime::Result<Linker<State>> {
    let mut linker: Linker<State> = Linker::new(engine);
    let granted = |name| grants.is_none_or(|grants| grants.interface(name));
    types::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    host::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    if granted("files") {
        files::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    }
    if granted("data") {
        data::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    }
    if granted("clock") {
        clock::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    }
    if granted("random") {
        random::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    }
    Ok(linker)
}
