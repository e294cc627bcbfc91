//! The host's side of the contract, generated from the one definition of it.
//!
//! Deliberately absent: anything written by hand.

wasmtime::component::bindgen!({ path: "../../plugins/wit", world: "everything", imports: { default: trappable } });
