//! The WASM side: the world's exports over the judgement.
//!
//! Deliberately absent: judgement.

use crate::{Settings, judge};

wit_bindgen::generate!({ path: "../wit", world: "plugin" });

use meshgate::plugin::host::{Level, log};
use meshgate::plugin::types::{Rule, Severity};

struct Vocabulary;

fn rule(id: &str, title: &str, severity: Severity, remedy: &str) -> Rule {
    let description =
        "Names are how people find data. One vocabulary a domain, spelt one way, makes columns findable and \
        joins obvious."
            .to_owned();
    let remedy = Some(remedy.to_owned());
    Rule { id: id.to_owned(), title: title.to_owned(), description, severity, remedy, applies_to: Vec::new() }
}

impl Guest for Vocabulary {
    fn describe() -> Description {
        // A panic's message would be lost with the instance: it goes to the host's log first.
        std::panic::set_hook(Box::new(|info| log(Level::Error, &info.to_string())));
        let rename = "Rename the column, or add the word to `terms` in the plugin's settings.";
        Description {
            id: "vocabulary".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rules: vec![
                rule("naming.misspelt_term", "Column name misspells a term of the domain", Severity::Warning, rename),
                rule(
                    "naming.abbreviated_term",
                    "Column name abbreviates a term of the domain",
                    Severity::Warning,
                    "Spell the term out.",
                ),
                rule(
                    "naming.unknown_term",
                    "Column name has a word outside the domain's vocabulary",
                    Severity::Info,
                    rename,
                ),
            ],
            settings_schema: Some(include_str!("settings.schema.json").to_owned()),
            capabilities: Vec::new(),
        }
    }

    fn validate_settings(settings: String) -> Result<(), String> {
        Settings::parse(&settings).map(|_| ())
    }

    fn evaluate(input: String, settings: String) -> Result<Vec<Finding>, String> {
        std::panic::set_hook(Box::new(|info| log(Level::Error, &info.to_string())));
        let settings = Settings::parse(&settings)?;
        let input = serde_json::from_str(&input).map_err(|error| format!("the input is not JSON: {error}"))?;
        let finding = |remark: crate::Remark| Finding {
            rule: remark.rule.to_owned(),
            pointer: format!("{}/name", remark.pointer),
            message: remark.message,
            label: Some(remark.label),
            related: Vec::new(),
            fix: None,
        };
        Ok(judge(&input, &settings).into_iter().map(finding).collect())
    }
}

export!(Vocabulary);
