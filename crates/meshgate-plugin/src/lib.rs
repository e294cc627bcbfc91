//! Sandboxed plugins: WASM components of the contract in `plugins/wit/`, run on wasmtime with a deadline, a memory cap and
//! no authority but what is granted.
//!
//! Deliberately absent: WASI, in any form. A component that imports anything but our own interfaces, or one of ours that it
//! was not granted, is refused when it is loaded, by the name of the import; what it cannot import it cannot do.

mod bindings;
mod cache;
mod call;
mod capability;
mod compile;
mod convert;
mod describe;
mod host;
mod imports;
mod inspect;
mod log;
mod plugin;
mod scan;
mod slots;
mod state;

pub use cache::{CacheError, CodeCache};
pub use capability::{Capability, Grants, NotACapability};
pub use describe::Description;
pub use host::{Host, HostSettings};
pub use inspect::{Inspection, inspect};
pub use log::{Level, LogLine};
pub use plugin::{Called, LoadError, Plugin, PluginSource};
pub use scan::COMPONENT_BYTES_MAX;
