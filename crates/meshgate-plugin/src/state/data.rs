//! The interface `data`: what the bundles' data was when the plugin was loaded, by path.
//!
//! Deliberately absent: steps into arrays, and what lies above a grant.

use super::{State, Violation};
use crate::bindings::meshgate::plugin::data;
use crate::capability::Capability;

impl data::Host for State {
    fn read(&mut self, path: String) -> wasmtime::Result<Option<String>> {
        let grants = self.grants()?;
        let path = path.trim_matches('/');
        if !grants.cover(&Capability::Data(path.to_owned())) {
            let message = format!("asked for the data at `{}`, which it was not granted", super::shown(path));
            return Err(Violation::capability(message));
        }
        let found = path.split('/').try_fold(&*grants.snapshot, |value, step| value.get(step));
        Ok(found.map(ToString::to_string))
    }
}
