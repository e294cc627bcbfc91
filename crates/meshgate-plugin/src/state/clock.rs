//! The interface `clock`.
//!
//! Deliberately absent: a monotonic clock; a plugin judges, it does not measure.

use super::State;
use crate::bindings::meshgate::plugin::clock;
use std::time::{SystemTime, UNIX_EPOCH};

impl clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.grants()?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(u64::try_from(since.as_nanos())?)
    }
}
