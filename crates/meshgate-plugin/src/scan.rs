//! A look at a component before it is compiled: compiling cannot be stopped, so what would take unbounded time or memory is
//! refused by what it is made of.
//!
//! Deliberately absent: validation; wasmtime validates what it compiles.

mod weight;

use wasmparser::{Encoding, Parser, Payload};
use weight::Module;

/// Bytes of a component.
pub const COMPONENT_BYTES_MAX: usize = 64 << 20;
/// Bytes of one function: compilers of functions take more than linear time.
const FUNCTION_BYTES_MAX: usize = 1 << 20;
/// Parameters and local variables of one function.
const LOCALS_MAX: u64 = 20_000;
/// Bytes times local variables of one function: what a compiler keeps for each place of a function.
const PLACES_MAX: u64 = 2_000_000_000;
/// Values that the instructions of one function make and take; a compiler keeps about a kilobyte for each.
const VALUES_MAX: u64 = 500_000;
/// The same, of all functions; CPython's come to three million.
const ALL_VALUES_MAX: u64 = 30_000_000;
/// Functions of all modules.
const FUNCTIONS_MAX: usize = 200_000;
/// Modules and components within.
const PARTS_MAX: usize = 200;
/// Instances that the components within make of one another, at most: a component that makes ten of another that makes ten
/// of a third makes a hundred, before any limit of the pool is looked at.
const INSTANCES_MAX: u64 = 100_000;

/// Says why a component should not be compiled.
pub fn refusal(bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(format!("has {} bytes; {COMPONENT_BYTES_MAX} is the most", bytes.len()));
    }
    let broken = |error: wasmparser::BinaryReaderError| format!("is broken: {error}");
    let mut functions: usize = 0;
    let mut parts: usize = 0;
    let mut all: u64 = 0;
    let mut instances: u64 = 1;
    // What the component that is being read makes, and those around it.
    let mut making: Vec<u64> = Vec::new();
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(broken)?;
        module.read(&payload).map_err(broken)?;
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => making.push(0),
            Payload::Version { encoding: Encoding::Module, .. } => {
                making.push(0);
                module = Module::default();
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => parts += 1,
            Payload::InstanceSection(section) => add(&mut making, section.count()),
            Payload::ComponentInstanceSection(section) => add(&mut making, section.count()),
            Payload::End(_) => {
                instances = instances.saturating_mul(making.pop().unwrap_or(0).saturating_add(1));
            }
            Payload::CodeSectionEntry(body) => {
                functions += 1;
                let size = body.range().len();
                let (locals, values) = module.function(&body, VALUES_MAX).map_err(broken)?;
                all = all.saturating_add(values);
                let places = (size as u64).saturating_mul(locals);
                if size > FUNCTION_BYTES_MAX || locals > LOCALS_MAX || places > PLACES_MAX || values > VALUES_MAX {
                    return Err(format!(
                        "cannot be compiled within bounds: it has a function of {size} bytes, {locals} local variables and \
                         {values} values"
                    ));
                }
            }
            _ => {}
        }
        if functions > FUNCTIONS_MAX || parts > PARTS_MAX || all > ALL_VALUES_MAX {
            return Err(format!(
                "cannot be compiled within bounds: it has {functions} functions of {all} values in {parts} modules so far"
            ));
        }
        if instances > INSTANCES_MAX {
            return Err(
                "cannot be compiled within bounds: its components make too many instances of one another".into()
            );
        }
    }
    Ok(())
}

fn add(making: &mut [u64], count: u32) {
    if let Some(last) = making.last_mut() {
        *last = last.saturating_add(u64::from(count));
    }
}
