//! The vocabulary of Meshgate and its pure functions: descriptor model, pointer, span, rule, finding, fault, decision.
//!
//! Deliberately absent: files, network, clock, threads, async, parsers and wire formats. Nothing here can fail
//! because of the outside world, so everything here can be tested with values alone.

pub mod access;
pub mod date;
pub mod pointer;
pub mod span;
pub mod sql;

pub mod layer;
pub mod model;
pub mod rule;
pub mod severity;

pub mod evaluate;
pub mod fault;
pub mod finding;
pub mod waiver;

pub mod decide;
pub mod limits;
pub mod report;
pub mod shown;
pub mod size;
pub mod work;
