//! Decisions that were written down: read from logs and spools, shown, explained, exported.
//!
//! Deliberately absent: anything that changes a log.

pub mod decision;
pub mod explain;
pub mod parquet;
pub mod read;
