//! Rebuilds the crate when a rule is added to `policies/`: the macro that embeds them sees changes, not new files.
//!
//! Deliberately absent: anything else.

fn main() {
    println!("cargo::rerun-if-changed=../../policies");
}
