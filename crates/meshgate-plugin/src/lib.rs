//! Sandboxed plugins: WASM components of the world in `plugins/wit/`, run on wasmtime with a deadline, a memory cap and
//! no authority.
//!
//! Deliberately absent: WASI, in any form. A component that imports anything but our own interfaces is refused when it
//! is loaded, by the name of the import; what it cannot import it cannot do.

mod bindings;
mod call;
mod convert;
mod host;
mod plugin;

pub use host::Host;
pub use plugin::{LoadError, Plugin};
