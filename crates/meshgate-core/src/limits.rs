//! The bounds on what is read and on what evaluators may use. Each has a unit and a default.
//!
//! Deliberately absent: enforcement. Who does the work holds the bound.

use std::time::Duration;

/// Bounds on the text of one descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of one file. Default 16 MiB.
    pub file_bytes_max: usize,
    /// Nesting of objects and arrays. Default 64.
    pub depth_max: usize,
    /// Values in one file, counting every use of a YAML alias. Default 1,000,000.
    pub nodes_max: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { file_bytes_max: 16 << 20, depth_max: 64, nodes_max: 1_000_000 }
    }
}

/// Bounds on one evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationLimits {
    /// Wall clock of one rule on one descriptor. Default 200 ms.
    pub rule_deadline: Duration,
    /// Wall clock of one plugin call. Default 1 s.
    pub plugin_deadline: Duration,
    /// Linear memory of one plugin instance, in bytes. Default 64 MiB.
    pub plugin_memory_bytes_max: usize,
    /// Text that one evaluator may return, in bytes. Default 4 MiB.
    pub output_bytes_max: usize,
    /// Findings that one evaluator may return for one descriptor. Default 10,000.
    pub findings_max: usize,
    /// Instructions of one evaluation in the fast gear. Default 100,000,000.
    pub rego_instructions_max: usize,
    /// Memory that one evaluation in the fast gear may take, in bytes. Default 256 MiB.
    pub rego_memory_bytes_max: u64,
    /// Memory up to which a bundle's data documents are copied for each thread, in bytes, so that threads do not wait for
    /// one another where they count references. 0: never. Default 64 MiB.
    pub data_copy_bytes_max: usize,
}

impl Default for EvaluationLimits {
    fn default() -> Self {
        Self {
            rule_deadline: Duration::from_millis(200),
            plugin_deadline: Duration::from_secs(1),
            plugin_memory_bytes_max: 64 << 20,
            output_bytes_max: 4 << 20,
            findings_max: 10_000,
            rego_instructions_max: 100_000_000,
            rego_memory_bytes_max: 256 << 20,
            data_copy_bytes_max: 64 << 20,
        }
    }
}
