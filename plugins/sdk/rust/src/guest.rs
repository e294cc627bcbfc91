//! The WASM side: the contract's exports over a [`Plugin`], its imports as plain functions.
//!
//! Deliberately absent: anything a plugin's author has to know.

use crate::host::Level;
use crate::host::files::{Entry, Error};
use crate::{Input, Plugin, Severity};
use meshgate::plugin::{clock, data, files, host, random, types};
use std::marker::PhantomData;

wit_bindgen::generate!({
    path: "wit",
    world: "everything",
    pub_export_macro: true,
    default_bindings_module: "meshgate_plugin_sdk::guest",
});

/// The exports of a plugin.
pub struct Exports<P>(PhantomData<P>);

/// A panic's message would be lost with the instance: it goes to the host's log first.
fn report_panics() {
    std::panic::set_hook(Box::new(|info| host::log(host::Level::Error, &info.to_string())));
}

fn settings<P: Plugin>(text: &str) -> Result<P::Settings, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl<P: Plugin> Guest for Exports<P> {
    fn describe() -> Description {
        report_panics();
        let said = P::describe();
        let rule = |rule: crate::Rule| types::Rule {
            id: rule.id,
            title: rule.title,
            description: rule.description,
            severity: match rule.severity {
                Severity::Error => types::Severity::Error,
                Severity::Warning => types::Severity::Warning,
                Severity::Info => types::Severity::Info,
            },
            remedy: rule.remedy,
            related: rule.related,
            applies_to: rule.applies_to,
        };
        Description {
            id: said.id,
            version: said.version,
            rules: said.rules.into_iter().map(rule).collect(),
            settings_schema: said.settings_schema,
            capabilities: said.capabilities,
        }
    }

    fn validate_settings(text: String) -> Result<(), String> {
        report_panics();
        P::validate(&settings::<P>(&text)?)
    }

    fn evaluate(input: String, text: String) -> Result<Vec<Finding>, String> {
        report_panics();
        let settings = settings::<P>(&text)?;
        let found = P::evaluate(&Input::parse(&input)?, &settings)?;
        let related = |related: crate::Related| types::Related { pointer: related.pointer, message: related.message };
        let finding = |finding: crate::Finding| Finding {
            rule: finding.rule,
            pointer: finding.pointer,
            message: finding.message,
            label: finding.label,
            related: finding.related.into_iter().map(related).collect(),
            fix: finding.fix.map(|fix| fix.to_string()),
        };
        Ok(found.into_iter().map(finding).collect())
    }
}

pub fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => host::Level::Debug,
        Level::Info => host::Level::Info,
        Level::Warning => host::Level::Warning,
        Level::Error => host::Level::Error,
    };
    host::log(level, message);
}

fn error(error: files::Error) -> Error {
    match error {
        files::Error::NotFound => Error::NotFound,
        files::Error::WrongKind => Error::WrongKind,
        files::Error::TooLarge => Error::TooLarge,
        files::Error::Failed(text) => Error::Failed(text),
    }
}

pub fn read_file(folder: &str, path: &str) -> Result<Vec<u8>, Error> {
    files::read(folder, path).map_err(error)
}

pub fn list_folder(folder: &str, path: &str) -> Result<Vec<Entry>, Error> {
    let entry = |entry: files::Entry| Entry { name: entry.name, is_folder: entry.is_folder, size: entry.size };
    Ok(files::list(folder, path).map_err(error)?.into_iter().map(entry).collect())
}

pub fn read_data(path: &str) -> Option<String> {
    data::read(path)
}

pub fn now() -> u64 {
    clock::now()
}

pub fn random_bytes(length: u32) -> Vec<u8> {
    random::bytes(length)
}
