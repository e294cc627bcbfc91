//! What a plugin is: a type with three answers, and the macro that exports it.
//!
//! Deliberately absent: state. A plugin is made anew for every call, so it is a type and not a value.

use crate::{Description, Finding, Input};
use serde::de::DeserializeOwned;

/// A plugin.
pub trait Plugin {
    /// What the platform writes under `settings:`, an empty object when it writes nothing. Give it
    /// `#[serde(deny_unknown_fields)]`, so that a misspelt setting is an error and not a silent default.
    type Settings: DeserializeOwned;

    /// Says who the plugin is. Always the same: the host asks once.
    fn describe() -> Description;

    /// Says what is wrong with settings that have the right shape.
    ///
    /// # Errors
    /// What is wrong, and what to write.
    fn validate(settings: &Self::Settings) -> Result<(), String> {
        let _ = settings;
        Ok(())
    }

    /// Judges one descriptor.
    ///
    /// # Errors
    /// Why it could not be judged. That is a fault, and a fault denies.
    fn evaluate(input: &Input, settings: &Self::Settings) -> Result<Vec<Finding>, String>;
}

/// Makes a type the plugin of this crate, a `cdylib`. Natively it does nothing.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::guest::Exports<$plugin>;
    $crate::guest::export!(Exported with_types_in $crate::guest);
        };
    };
}
