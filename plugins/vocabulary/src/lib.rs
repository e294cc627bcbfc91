//! The vocabulary plugin: every word of a column's name belongs to the domain's vocabulary, and a word that does not is
//! met with the term that was probably meant.
//!
//! Deliberately absent: WebAssembly; the SDK knows it.

mod judge;
mod settings;
mod words;

pub use judge::judge;
pub use settings::Settings;

use meshgate_plugin_sdk::{Description, Finding, Input, Plugin, Rule, Severity};

/// The plugin.
#[derive(Debug)]
pub struct Vocabulary;

fn rule(id: &str, severity: Severity, title: &str, remedy: &str) -> Rule {
    Rule::new(id, severity, title)
        .description(
            "Names are how people find data. One vocabulary a domain, spelt one way, makes columns findable and \
             joins obvious.",
        )
        .remedy(remedy)
}

impl Plugin for Vocabulary {
    type Settings = Settings;

    fn describe() -> Description {
        let rename = "Rename the column, or add the word to `terms` in the plugin's settings.";
        Description::new("vocabulary", env!("CARGO_PKG_VERSION"))
            .settings_schema(include_str!("settings.schema.json"))
            .rule(rule("naming.misspelt_term", Severity::Warning, "Column name misspells a term of the domain", rename))
            .rule(rule(
                "naming.abbreviated_term",
                Severity::Warning,
                "Column name abbreviates a term of the domain",
                "Spell the term out.",
            ))
            .rule(rule(
                "naming.unknown_term",
                Severity::Info,
                "Column name has a word outside the domain's vocabulary",
                rename,
            ))
    }

    fn validate(settings: &Settings) -> Result<(), String> {
        settings.check()
    }

    fn evaluate(input: &Input, settings: &Settings) -> Result<Vec<Finding>, String> {
        Ok(judge(input, settings))
    }
}

meshgate_plugin_sdk::export!(Vocabulary);
