//! From bytes to code: what was compiled before comes from the cache, what was not is looked at, compiled within a time, kept.
//!
//! Deliberately absent: stopping the compiler. Beyond its time it goes on by itself, on what `scan.rs` has bounded, and
//! nobody waits for it.

use crate::cache::Key;
use crate::host::Host;
use crate::scan;
use sha2::{Digest, Sha256};
use std::sync::mpsc;
use wasmtime::component::Component;

/// The SHA-256 of a component, in hex.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Says what is no component at all, and what to do about it.
pub fn recognise(bytes: &[u8]) -> Result<(), String> {
    // Bytes 4 to 8: version and layer; layer 0 is a core module.
    match (bytes.get(..4), bytes.get(4..8)) {
        (Some(b"\0asm"), Some([1, 0, 0, 0])) => Err(
            "is a core module, not a component: link it with wasm-component-ld, or run `wasm-tools component new` on it \
             (modules of `opa build -t wasm` and waPC guests are not plugins, see plugins/README.md)"
                .into(),
        ),
        (Some(b"\0asm"), Some([_, _, 1, 0])) => Ok(()),
        (Some(b"\0asm"), _) => Err("is WebAssembly of a kind that is not known here".into()),
        (Some(b"\x7fELF"), _) => Err("is a native program, not WebAssembly: name the `.wasm` file".into()),
        _ if bytes.starts_with(b"(component") || bytes.starts_with(b"(module") => {
            Err("is WebAssembly as text: run `wasm-tools parse` on it first".into())
        }
        _ => Err("is not WebAssembly: a plugin is a component, built as plugins/README.md says".into()),
    }
}

/// Compiles a component, or finds it compiled.
pub fn component(host: &Host, bytes: &[u8], key: &Key) -> Result<Component, String> {
    recognise(bytes)?;
    if let Some(found) = host.cache().and_then(|cache| cache.code(host.engine(), key)) {
        return Ok(found);
    }
    scan::refusal(bytes)?;
    let (send, receive) = mpsc::channel();
    let (engine, owned) = (host.engine().clone(), bytes.to_vec());
    let compile = move || drop(send.send(Component::new(&engine, owned)));
    std::thread::Builder::new()
        .name("plugin-compiler".into())
        // A deeply nested function makes a deep compiler.
        .stack_size(16 << 20)
        .spawn(compile)
        .map_err(|error| format!("cannot be compiled: {error}"))?;
    let deadline = host.compile_deadline();
    let compiled = match receive.recv_timeout(deadline) {
        Ok(compiled) => compiled.map_err(|error| told(&format!("{error:#}"), host.memory_bytes_max()))?,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            return Err(format!("was not compiled within {} ms", deadline.as_millis()));
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => return Err("the compiler failed on it".into()),
    };
    if let Some(cache) = host.cache() {
        cache.keep_code(key, &compiled);
    }
    Ok(compiled)
}

/// The compiler's error; memory that a component wants from the beginning is told as what it is.
fn told(error: &str, may_have: usize) -> String {
    let wants = error.split_once("minimum byte size of ").and_then(|(_, rest)| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    });
    match wants {
        Some(wants) => format!(
            "needs at least {} MiB of memory to begin with, and may have {} (`limits.memory_mib`)",
            wants.div_ceil(1 << 20),
            may_have >> 20
        ),
        None => format!("cannot be compiled: {error}"),
    }
}
