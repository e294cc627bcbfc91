//! A look at a component before it is compiled: compiling cannot be stopped, so what would take unbounded time or memory is
//! refused by what it is made of.
//!
//! Deliberately absent: validation; wasmtime validates what it compiles.

use wasmparser::{Parser, Payload};

/// Bytes of a component.
pub const COMPONENT_BYTES_MAX: usize = 64 << 20;
/// Bytes of one function: compilers of functions take more than linear time.
const FUNCTION_BYTES_MAX: usize = 1 << 20;
/// Local variables of one function.
const LOCALS_MAX: u64 = 20_000;
/// Bytes times local variables of one function: what a compiler keeps for each place of a function.
const WEIGHT_MAX: u64 = 2_000_000_000;
/// Functions of all modules.
const FUNCTIONS_MAX: usize = 200_000;
/// Modules and components within.
const PARTS_MAX: usize = 200;

/// Says why a component should not be compiled.
pub fn refusal(bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(format!("has {} bytes; {COMPONENT_BYTES_MAX} is the most", bytes.len()));
    }
    let mut functions: usize = 0;
    let mut parts: usize = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| format!("is broken: {error}"))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => parts += 1,
            Payload::CodeSectionEntry(body) => {
                functions += 1;
                let size = body.range().len();
                let mut locals: u64 = 0;
                for group in body.get_locals_reader().map_err(|error| format!("is broken: {error}"))? {
                    locals += u64::from(group.map_err(|error| format!("is broken: {error}"))?.0);
                }
                if size > FUNCTION_BYTES_MAX || locals > LOCALS_MAX || size as u64 * locals > WEIGHT_MAX {
                    return Err(format!(
                        "cannot be compiled within bounds: it has a function of {size} bytes and {locals} local variables"
                    ));
                }
            }
            _ => {}
        }
        if functions > FUNCTIONS_MAX || parts > PARTS_MAX {
            return Err(format!(
                "cannot be compiled within bounds: it has {functions} functions in {parts} modules so far"
            ));
        }
    }
    Ok(())
}
