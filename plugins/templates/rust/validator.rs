//! {{name}}: finds descriptions that somebody meant to write later.
//!
//! Change the rule, its judgement and its examples to your own.
//!
//! Deliberately absent: WebAssembly; the SDK knows it.

use meshgate_plugin_sdk::{Description, Finding, Input, Plugin, Rule, Severity};
use serde::Deserialize;

/// What the platform writes under `settings:`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Words that begin a description which is none.
    #[serde(default = "words")]
    pub words: Vec<String>,
}

fn words() -> Vec<String> {
    ["todo", "tbd"].map(str::to_owned).into()
}

/// The plugin.
#[derive(Debug)]
pub struct Validator;

impl Plugin for Validator {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("{{name}}", env!("CARGO_PKG_VERSION")){{capability_calls}}
            .settings_schema(
                r#"{"type":"object","additionalProperties":false,"properties":{"words":{"type":"array","items":{"type":"string"}}}}"#,
            )
            .rule(
                Rule::new("{{rule}}", Severity::Warning, "Description is a placeholder")
                    .description("Whoever finds the data has nothing but its description to go by.")
                    .remedy("Say what the column holds, in a sentence."),
            )
    }

    fn evaluate(input: &Input, settings: &Settings) -> Result<Vec<Finding>, String> {
        // Capabilities are modules of the SDK: `files::read_text`, `data::read`, `clock::now`, `random::bytes`.
        let mut found = Vec::new();
        for column in input.columns() {
            let text = column.description.as_deref().unwrap_or_default().trim().to_lowercase();
            if let Some(word) = settings.words.iter().find(|word| text.starts_with(word.as_str())) {
                let name = column.name.as_deref().unwrap_or("?");
                found.push(
                    Finding::new(
                        "{{rule}}",
                        &format!("{}/description", column.pointer),
                        format!("column `{name}` is described as `{word}`"),
                    )
                    .label("describe it"),
                );
            }
        }
        Ok(found)
    }
}

meshgate_plugin_sdk::export!(Validator);

#[cfg(test)]
mod tests {
    use super::*;

    fn said(description: &str) -> usize {
        let text = format!(
            r#"{{"contracts":[{{"schema":[{{"columns":[{{"name":"a","description":"{description}","pointer":"/a"}}]}}]}}]}}"#
        );
        Validator::evaluate(&Input::parse(&text).unwrap(), &Settings { words: words() }).unwrap().len()
    }

    #[test]
    fn placeholders_are_found_and_descriptions_are_not() {
        assert_eq!(said("TODO later"), 1);
        assert_eq!(said("The number of the order."), 0);
    }
}
